/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/argmax.c - where the largest is: ArgMax, ArgMin, TopK, InTopK.
 *
 * Of equal elements the first wins, everywhere. ArgMax and ArgMin never choose a NaN unless there is nothing else. TopK
 * keeps a heap of the k best of a row, the worst on top, and sorts it at the end (also when `sorted` is false: any order
 * is right then); NaN counts as larger than every number, so that the order is one.
 *
 * Tests: argmax.test, beside this file. */
#include "ops/formula.h"

/* -- ArgMax, ArgMin: [outer, n, inner] -> [outer, inner] ---------------------------------------------------------------- */

typedef struct arg_search {
    const void *in;
    int64_t    *found; /* index of each output */
    int64_t     n, inner;
} arg_search;

#define ARG_LOOP(T, tf, wide, f, better)                                                   \
    static void f##_rows_##tf(void *context, int64_t begin, int64_t end)                   \
    {                                                                                      \
        const arg_search *p = context;                                                     \
        for (int64_t i = begin; i < end; i++) {                                            \
            const T *v = (const T *)p->in + i / p->inner * p->n * p->inner + i % p->inner; \
            int64_t  at = 0;                                                               \
            for (int64_t k = 1; k < p->n; k++) {                                           \
                const T x = v[k * p->inner], y = v[at * p->inner];                         \
                if (x better y || (y != y && x == x)) at = k;                              \
            }                                                                              \
            p->found[i] = at;                                                              \
        }                                                                                  \
    }                                                                                      \
    static sm_status f##_##tf(call *c)                                                     \
    {                                                                                      \
        return arg_run(c, f##_rows_##tf);                                                  \
    }

static sm_status arg_write(call *c, const int64_t *found)
{
    void  *out = c->out[0]->data;
    size_t n = tensor_count(c->out[0]);
    for (size_t i = 0; i < n; i++) {
        switch (c->out[0]->dtype) {
        case SM_INT16: ((int16_t *)out)[i] = (int16_t)found[i]; break;
        case SM_UINT16: ((uint16_t *)out)[i] = (uint16_t)found[i]; break;
        case SM_INT32: ((int32_t *)out)[i] = (int32_t)found[i]; break;
        default: ((int64_t *)out)[i] = found[i];
        }
    }
    return SM_OK;
}

static sm_status arg_run(call *c, pool_work *work)
{
    const shape *s = &c->in[0]->shape;
    int64_t      d = tensor_int(c->in[1], 0), n = (int64_t)tensor_count(c->out[0]);
    if (d < 0) d += s->rank;
    if (d < 0 || d >= s->rank)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected dimension in the range [%d, %d), but got %lld", -s->rank,
                         s->rank, (long long)tensor_int(c->in[1], 0));
    arg_search p = { .in = c->in[0]->data, .n = s->dims[d], .inner = shape_count_range(s, (int)d + 1, s->rank) };
    if (n == 0) return SM_OK;
    p.found = call_scratch(c, (size_t)n * sizeof *p.found);
    if (!p.found) return SM_RESOURCE_EXHAUSTED;
    call_for(c, n, 16384 / (p.n + 1) + 1, work, &p);
    return arg_write(c, p.found);
}

#define ARG_TYPES(X, ...) REAL(X, __VA_ARGS__) X(map_bool, bool, false, __VA_ARGS__)
ARG_TYPES(ARG_LOOP, arg_max, >)
ARG_TYPES(ARG_LOOP, arg_min, <)
static const kernel arg_max[] = { ARG_TYPES(RUN_ROW, arg_max){ 0 } };
static const kernel arg_min[] = { ARG_TYPES(RUN_ROW, arg_min){ 0 } };

static sm_status infer_arg(infer *c)
{
    const shape *s = &c->in[0];
    int64_t      d;
    if (c->in[1].rank > 0) {
        str text;
        str_init(&text);
        shape_print(&text, &c->in[1]);
        sm_status status = INFER_FAIL(c, "dim must be a scalar, but received tensor of shape: %s", str_text(&text));
        str_clear(&text);
        return status;
    }
    if (s->rank < 0) return SM_OK;
    if (!infer_int_value(c, 1, &d)) {
        c->out[0] = shape_unknown_dims(s->rank > 0 ? s->rank - 1 : 0);
        return SM_OK;
    }
    if (d < -s->rank || d >= s->rank)
        return INFER_FAIL(c, "Expected dimension in the range [%d, %d), but got %lld", -s->rank, s->rank, (long long)d);
    if (d < 0) d += s->rank;
    c->out[0] = shape_scalar();
    for (int i = 0; i < s->rank; i++)
        if (i != d) c->out[0].dims[c->out[0].rank++] = s->dims[i];
    if (s->dims[d] == 0 && shape_count(&c->out[0]) != 0) {
        str text;
        str_init(&text);
        shape_print(&text, s);
        sm_status status = INFER_FAIL(c, "Reduction axis %lld is empty in shape %s", (long long)d, str_text(&text));
        str_clear(&text);
        return status;
    }
    return SM_OK;
}

/* -- TopK ------------------------------------------------------------------------------------------------------------------ */

typedef struct top_search {
    const void *in;
    void       *values;
    int64_t    *indices;
    int64_t     n, k;
} top_search;

/* Is element a of the row before element b? NaN first, then the larger, then the earlier. */
#define TOP_LOOP(T, tf, wide, f)                                                            \
    static bool before_##tf(const T *v, int64_t a, int64_t b)                               \
    {                                                                                       \
        const T x = v[a], y = v[b];                                                         \
        if (x != x || y != y) return y == y || (x != x && a < b);                           \
        return x > y || (x == y && a < b);                                                  \
    }                                                                                       \
    /* The heap's worst is at 0: sinks what is there. */                                    \
    static void sink_##tf(const T *v, int64_t *heap, int64_t n)                             \
    {                                                                                       \
        for (int64_t i = 0, child = 1; child < n; i = child, child = 2 * i + 1) {           \
            if (child + 1 < n && before_##tf(v, heap[child], heap[child + 1])) child++;     \
            if (!before_##tf(v, heap[i], heap[child])) return;                              \
            int64_t swap = heap[i];                                                         \
            heap[i] = heap[child];                                                          \
            heap[child] = swap;                                                             \
        }                                                                                   \
    }                                                                                       \
    static void rise_##tf(const T *v, int64_t *heap, int64_t i)                             \
    {                                                                                       \
        for (; i > 0 && before_##tf(v, heap[(i - 1) / 2], heap[i]); i = (i - 1) / 2) {      \
            int64_t swap = heap[i];                                                         \
            heap[i] = heap[(i - 1) / 2];                                                    \
            heap[(i - 1) / 2] = swap;                                                       \
        }                                                                                   \
    }                                                                                       \
    static void f##_rows_##tf(void *context, int64_t begin, int64_t end)                    \
    {                                                                                       \
        const top_search *p = context;                                                      \
        for (int64_t r = begin; r < end && p->k; r++) {                                     \
            const T *v = (const T *)p->in + r * p->n;                                       \
            int64_t *heap = p->indices + r * p->k;                                          \
            for (int64_t i = 0; i < p->n; i++) {                                            \
                if (i < p->k) {                                                             \
                    heap[i] = i;                                                            \
                    rise_##tf(v, heap, i);                                                  \
                } else if (before_##tf(v, i, heap[0])) {                                    \
                    heap[0] = i;                                                            \
                    sink_##tf(v, heap, p->k);                                               \
                }                                                                           \
            }                                                                               \
            for (int64_t left = p->k - 1; left > 0; left--) {                               \
                int64_t worst = heap[0];                                                    \
                heap[0] = heap[left];                                                       \
                heap[left] = worst;                                                         \
                sink_##tf(v, heap, left);                                                   \
            }                                                                               \
            for (int64_t i = 0; i < p->k; i++) ((T *)p->values)[r * p->k + i] = v[heap[i]]; \
        }                                                                                   \
    }                                                                                       \
    static sm_status f##_##tf(call *c)                                                      \
    {                                                                                       \
        return top_run(c, f##_rows_##tf);                                                   \
    }

static sm_status top_run(call *c, pool_work *work)
{
    const shape *s = &c->out[0]->shape, *in = &c->in[0]->shape;
    top_search p = { .in = c->in[0]->data, .values = c->out[0]->data, .n = in->dims[in->rank - 1], .k = s->dims[s->rank - 1] };
    size_t n = tensor_count(c->out[0]);
    if (n == 0) return SM_OK;
    p.indices = call_scratch(c, n * sizeof *p.indices);
    if (!p.indices) return SM_RESOURCE_EXHAUSTED;
    call_for(c, (int64_t)n / p.k, 8192 / (p.n + 1) + 1, work, &p);
    for (size_t i = 0; i < n; i++) {
        switch (c->out[1]->dtype) {
        case SM_INT16: ((int16_t *)c->out[1]->data)[i] = (int16_t)p.indices[i]; break;
        case SM_INT32: ((int32_t *)c->out[1]->data)[i] = (int32_t)p.indices[i]; break;
        default: ((int64_t *)c->out[1]->data)[i] = p.indices[i];
        }
    }
    return SM_OK;
}
REAL(TOP_LOOP, top_k)
static const kernel top_k[] = { RUN_ROWS(top_k, REAL){ 0 } };

static sm_status infer_top_of(infer *c, bool known, int64_t k)
{
    const shape *s = &c->in[0];
    if (known && k < 0) return INFER_FAIL(c, "Need k >= 0, got %lld", (long long)k);
    if (s->rank == 0) return INFER_FAIL(c, "input must be >= 1-D, got shape []");
    if (s->rank < 0) return SM_OK;
    int64_t columns = s->dims[s->rank - 1];
    if (known && columns >= 0 && columns < k)
        return INFER_FAIL(c, "input must have at least k columns. Had %lld, needed %lld", (long long)columns, (long long)k);
    c->out[0] = *s;
    c->out[0].dims[s->rank - 1] = known ? k : UNKNOWN_DIM;
    c->out[1] = c->out[0];
    return SM_OK;
}

static sm_status infer_top_k(infer *c)
{
    return infer_top_of(c, true, node_int(c->node, "k"));
}

static sm_status infer_top_k_v2(infer *c)
{
    int64_t k = 0;
    if (c->in[1].rank > 0) {
        str text;
        str_init(&text);
        shape_print(&text, &c->in[1]);
        sm_status s = INFER_FAIL(c, "k must be scalar, got shape %s", str_text(&text));
        str_clear(&text);
        return s;
    }
    bool known = infer_int_value(c, 1, &k);
    return infer_top_of(c, known, k);
}

/* -- InTopK: fewer than k classes beat the target's ----------------------------------------------------------------------- */

static bool in_top(const float *row, int64_t classes, int64_t target, int64_t k)
{
    int64_t above = 0;
    if (target < 0 || target >= classes || !isfinite(row[target])) return false;
    for (int64_t i = 0; i < classes; i++) {
        if (!isfinite(row[i])) return false;
        above += row[i] > row[target];
    }
    return above < k;
}

static sm_status in_top_rows(call *c, int64_t k)
{
    const shape *s = &c->in[0]->shape;
    for (int64_t i = 0; i < s->dims[0]; i++)
        ((map_bool *)c->out[0]->data)[i] =
            in_top((const float *)c->in[0]->data + i * s->dims[1], s->dims[1], tensor_int(c->in[1], (size_t)i), k);
    return SM_OK;
}

static sm_status in_top_k(call *c)
{
    return in_top_rows(c, node_int(c->node, "k"));
}

static sm_status in_top_k_v2(call *c)
{
    if (c->in[2]->shape.rank != 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "k must be 0-D, got %d-D", c->in[2]->shape.rank);
    return in_top_rows(c, tensor_int(c->in[2], 0));
}

static const kernel in_top_kernels[] = { { .types = "T: int32|int64", .run = in_top_k }, { 0 } };
static const kernel in_top_v2_kernels[] = { { .types = "T: int32|int64", .run = in_top_k_v2 }, { 0 } };

static sm_status infer_in_top(infer *c)
{
    const shape *x = &c->in[0], *t = &c->in[1];
    if (x->rank >= 0 && x->rank != 2) return INFER_FAIL(c, "predictions must be 2-dimensional");
    if (t->rank >= 0 && t->rank != 1) return INFER_FAIL(c, "targets must be 1-dimensional");
    if (x->rank == 2 && t->rank == 1 && x->dims[0] >= 0 && t->dims[0] >= 0 && x->dims[0] != t->dims[0])
        return INFER_FAIL(c, "First dimension of predictions %lld must match length of targets %lld",
                          (long long)x->dims[0], (long long)t->dims[0]);
    c->out[0] = shape_vector(t->rank == 1 ? t->dims[0] : UNKNOWN_DIM);
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------ */

#define ARG_T                                                                                                      \
    "T: {float, double, int32, uint8, int16, int8, int64, bfloat16, uint16, half, uint32, uint64, qint8, quint8, " \
    "qint32, qint16, quint16, bool, complex64, complex128}, Tidx: {int16, int32, int64} = int32"

const op_def argmax_ops[] = {
    { "ArgMax",
      "input:T dimension:Tidx -> output:output_type | " ARG_T ", output_type: {int16, uint16, int32, int64} = int64",
      infer_arg, arg_max, NULL, 0, "the index of the largest along a dimension" },
    { "ArgMin", "input:T dimension:Tidx -> output:output_type | " ARG_T ", output_type: {int32, int64} = int64",
      infer_arg, arg_min, NULL, 0, "the index of the smallest along a dimension" },
    { "TopK", "input:T -> values:T indices:int32 | k: int >= 0, sorted: bool = true, T: real", infer_top_k, top_k, NULL,
      0, "the k largest of each row and where they are" },
    { "TopKV2",
      "input:T k:Tk -> values:T indices:index_type | sorted: bool = true, T: real, Tk: {int16, int32, int64} = int32, "
      "index_type: {int16, int32, int64} = int32",
      infer_top_k_v2, top_k, NULL, 0, "the k largest of each row and where they are" },
    { "InTopK", "predictions:float targets:T -> precision:bool | k: int, T: index = int32", infer_in_top,
      in_top_kernels, NULL, 0, "is each row's target class among the k best?" },
    { "InTopKV2", "predictions:float targets:T k:T -> precision:bool | T: index = int32", infer_in_top,
      in_top_v2_kernels, NULL, 0, "is each row's target class among the k best?" },
    { 0 },
};
