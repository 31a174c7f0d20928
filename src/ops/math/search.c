/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/search.c - places in sorted numbers: LowerBound, UpperBound, Bucketize.
 *
 * All are one binary search; they differ in what "before" means. NaN is before nothing, as in std::lower_bound.
 *
 * Tests: search.test, beside this file. */
#include "ops/formula.h"

/* Of n sorted elements, how many come before x: those below it, and those equal to it when `after`. */
#define PLACE_OF(T, tf, wide)                                              \
    static int64_t place_##tf(const T *sorted, int64_t n, T x, bool after) \
    {                                                                      \
        int64_t low = 0;                                                   \
        for (int64_t high = n; low < high;) {                              \
            int64_t middle = low + (high - low) / 2;                       \
            if (after ? !(x < sorted[middle]) : sorted[middle] < x)        \
                low = middle + 1;                                          \
            else                                                           \
                high = middle;                                             \
        }                                                                  \
        return low;                                                        \
    }

typedef struct places {
    const void *sorted, *values;
    void       *out;
    int64_t     n, m; /* sorted ones and values of each row */
    bool        after, wide_out;
} places;

#define PLACE_ROWS(T, tf, wide, ...)                                                  \
    PLACE_OF(T, tf, wide)                                                             \
    static void places_##tf(void *context, int64_t begin, int64_t end)                \
    {                                                                                 \
        const places *p = context;                                                    \
        for (int64_t i = begin; i < end; i++) {                                       \
            const T *row = (const T *)p->sorted + i / p->m * p->n;                    \
            int64_t  at = place_##tf(row, p->n, ((const T *)p->values)[i], p->after); \
            if (p->wide_out)                                                          \
                ((int64_t *)p->out)[i] = at;                                          \
            else                                                                      \
                ((int32_t *)p->out)[i] = (int32_t)at;                                 \
        }                                                                             \
    }                                                                                 \
    static sm_status lower_##tf(call *c)                                              \
    {                                                                                 \
        return places_run(c, places_##tf, false);                                     \
    }                                                                                 \
    static sm_status upper_##tf(call *c)                                              \
    {                                                                                 \
        return places_run(c, places_##tf, true);                                      \
    }

static sm_status places_run(call *c, pool_work *work, bool after)
{
    places p = { .sorted = c->in[0]->data,
                 .values = c->in[1]->data,
                 .out = c->out[0]->data,
                 .n = c->in[0]->shape.dims[1],
                 .m = c->in[1]->shape.dims[1],
                 .after = after,
                 .wide_out = c->out[0]->dtype == SM_INT64 };
    call_for(c, (int64_t)tensor_count(c->out[0]), 1024, work, &p);
    return SM_OK;
}
REAL(PLACE_ROWS)

static sm_status infer_places(infer *c)
{
    const shape *a = &c->in[0], *b = &c->in[1];
    if (b->rank >= 0 && b->rank != 2)
        return INFER_FAIL(c, "Shape must be rank 2 but is rank %d for `values` argument", b->rank);
    if (a->rank >= 0 && a->rank != 2)
        return INFER_FAIL(c, "Shape must be rank 2 but is rank %d for `sorted_inputs` argument", a->rank);
    if (a->rank == 2 && b->rank == 2 && a->dims[0] >= 0 && b->dims[0] >= 0 && a->dims[0] != b->dims[0])
        return INFER_FAIL(c, "Leading dim_size of both tensors must match.");
    if (a->rank == 2 && a->dims[1] > INT32_MAX && node_type(c->node, "out_type") == SM_INT32)
        return INFER_FAIL(c, "values tensor size must less than INT_MAX");
    c->out[0] = b->rank == 2 ? *b : shape_unknown_dims(2);
    return SM_OK;
}

/* -- Bucketize ---------------------------------------------------------------------------------------------------------- */

typedef struct bucket_params {
    float  *bounds;
    int64_t n;
} bucket_params;

static sm_status bucketize_prepare(call *c)
{
    const attr    *a = node_attr(c->node, "boundaries");
    bucket_params *p = call_params(c, sizeof *p + a->count * sizeof(float));
    if (!p) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    p->n = (int64_t)a->count;
    p->bounds = (float *)(p + 1);
    for (int64_t i = 0; i < p->n; i++) p->bounds[i] = a->v.floats[i];
    for (int64_t i = 1; i < p->n; i++)
        if (p->bounds[i] < p->bounds[i - 1]) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected sorted boundaries");
    return SM_OK;
}

/* A value meets a bound in the type that C's rules give: float for integers, double for double. */
#define BUCKET_LOOP(T, tf, wide, ...)                                                               \
    static sm_status bucketize_##tf(call *c)                                                        \
    {                                                                                               \
        const bucket_params *p = c->params;                                                         \
        const T             *x = c->in[0]->data;                                                    \
        int32_t             *out = c->out[0]->data;                                                 \
        for (size_t i = 0, n = tensor_count(c->in[0]); i < n; i++) {                                \
            int64_t low = 0;                                                                        \
            for (int64_t high = p->n; low < high;) {                                                \
                int64_t middle = low + (high - low) / 2;                                            \
                if (_Generic(x[i], double: (double)x[i], default: (float)x[i]) < p->bounds[middle]) \
                    high = middle;                                                                  \
                else                                                                                \
                    low = middle + 1;                                                               \
            }                                                                                       \
            out[i] = (int32_t)low;                                                                  \
        }                                                                                           \
        return SM_OK;                                                                               \
    }
#define BUCKETED(X, ...) SIGNED_LONG(X, __VA_ARGS__) WIDE_FLOATING(X, __VA_ARGS__)
BUCKETED(BUCKET_LOOP)
#define BUCKET_ROW(T, tf, wide, ...) { .types = "T: " #tf, .run = bucketize_##tf, .prepare = bucketize_prepare },

/* -- The table ---------------------------------------------------------------------------------------------------------- */

static const kernel lower_bound[] = { RUN_ROWS(lower, REAL){ 0 } };
static const kernel upper_bound[] = { RUN_ROWS(upper, REAL){ 0 } };
static const kernel bucketize[] = { BUCKETED(BUCKET_ROW, ){ 0 } };

#define PLACES "sorted_inputs:T values:T -> output:out_type | T: type, out_type: index = int32"

const op_def search_ops[] = {
    { "LowerBound", PLACES, infer_places, lower_bound, NULL, 0, "how many sorted numbers are below each value" },
    { "UpperBound", PLACES, infer_places, upper_bound, NULL, 0, "how many sorted numbers are not above each value" },
    { "Bucketize", "input:T -> output:int32 | T: {int32, int64, float, double}, boundaries: list(float)", infer_same,
      bucketize, NULL, 0, "how many of the boundaries are not above each value" },
    { 0 },
};
