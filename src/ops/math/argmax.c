/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/argmax.c - ArgMax, ArgMin, TopKV2, TopK, InTopK, InTopKV2.
 *
 * ArgMax begins with (index 0, the type's lowest value) and takes an element that is larger, as TensorFlow does: ties go
 * to the first, NaN is never taken. TopK keeps a heap of k pairs whose worst is on top (value, then index), so a row of n costs
 * n log k; its results are sorted whether asked for or not. Half and bfloat16 are compared in float. Tests: argmax.test. */
#include "graph/op.h"

#include <float.h>
#include <math.h>

/* -- ArgMax, ArgMin -------------------------------------------------------------------------------------------------- */

static sm_status infer_arg(infer *c)
{
    int64_t axis;
    int     rank = c->in[0].rank;
    TRY(infer_rank(c, 1, 0));
    if (rank < 0) return SM_OK;
    if (rank == 0) return INFER_FAIL(c, "Reduction axis is out of range: the input is a scalar");
    c->out[0] = shape_unknown_dims(rank - 1);
    if (!infer_int_value(c, 1, &axis)) return SM_OK;
    if (axis < -rank || axis >= rank)
        return INFER_FAIL(c, "Dimension (%lld) must be in the range [%d, %d), where %d is the number of dimensions in the input.",
                          (long long)axis, -rank, rank, rank);
    if (axis < 0) axis += rank;
    if (c->in[0].dims[axis] == 0) return INFER_FAIL(c, "Reduction axis %lld is empty in shape", (long long)axis);
    for (int d = 0, o = 0; d < rank; d++)
        if (d != axis) c->out[0].dims[o++] = c->in[0].dims[d];
    return SM_OK;
}

typedef struct arg_work {
    const void *in;
    void       *out;
    sm_dtype    out_dtype;
    int64_t     length, inner;      /* of the axis; elements behind it */
} arg_work;

static void store_index(const arg_work *w, int64_t at, int64_t index)
{
    switch (w->out_dtype) {
    case SM_INT16: case SM_UINT16: ((uint16_t *)w->out)[at] = (uint16_t)index; break;
    case SM_INT32: ((int32_t *)w->out)[at] = (int32_t)index; break;
    default: ((int64_t *)w->out)[at] = index;
    }
}

#define ARG(name, T, FIRST, BETTER)                                                                \
    static void name(void *context, int64_t begin, int64_t end)                                    \
    {                                                                                              \
        const arg_work *w = context;                                                               \
        for (int64_t i = begin; i < end; i++) {                                                    \
            const T *x = (const T *)w->in + i / w->inner * w->length * w->inner + i % w->inner;    \
            T        best = FIRST;                                                                 \
            int64_t  at = 0;                                                                       \
            for (int64_t k = 0; k < w->length; k++)                                                \
                if (x[k * w->inner] BETTER best) {                                                 \
                    best = x[k * w->inner];                                                        \
                    at = k;                                                                        \
                }                                                                                  \
            store_index(w, i, at);                                                                 \
        }                                                                                          \
    }                                                                                              \
    static sm_status run_##name(call *c)                                                           \
    {                                                                                              \
        return run_arg(c, name);                                                                   \
    }

static sm_status run_arg(call *c, pool_work *work)
{
    const shape *in = &c->in[0]->shape;
    int64_t      axis = tensor_int(c->in[1], 0), n = (int64_t)tensor_count(c->out[0]);
    if (axis < 0) axis += in->rank;
    arg_work w = { c->in[0]->data, c->out[0]->data, c->out[0]->dtype, in->dims[axis], shape_count_range(in, (int)axis + 1, in->rank) };
    if (n) call_for(c, n, 32768 / w.length + 1, work, &w);
    return SM_OK;
}

#define ARG_BOTH(T, type, LOW, HIGH) ARG(argmax_##type, T, LOW, >) ARG(argmin_##type, T, HIGH, <)
ARG_BOTH(float, float, -FLT_MAX, FLT_MAX)
ARG_BOTH(double, double, -DBL_MAX, DBL_MAX)
ARG_BOTH(int8_t, int8, INT8_MIN, INT8_MAX)
ARG_BOTH(int16_t, int16, INT16_MIN, INT16_MAX)
ARG_BOTH(int32_t, int32, INT32_MIN, INT32_MAX)
ARG_BOTH(int64_t, int64, INT64_MIN, INT64_MAX)
ARG_BOTH(uint8_t, uint8, 0, UINT8_MAX)
ARG_BOTH(uint16_t, uint16, 0, UINT16_MAX)
ARG_BOTH(uint32_t, uint32, 0, UINT32_MAX)
ARG_BOTH(uint64_t, uint64, 0, UINT64_MAX)
ARG_BOTH(bool, bool, false, true)

/* -- TopK ----------------------------------------------------------------------------------------------------------------- */

static sm_status infer_top(infer *c, bool known, int64_t k)
{
    int rank = c->in[0].rank;
    if (rank == 0) return INFER_FAIL(c, "input must be >= 1-D, got shape []");
    if (known && k < 0) return INFER_FAIL(c, "Need k >= 0, got %lld", (long long)k);
    if (rank < 0) return SM_OK;
    int64_t n = c->in[0].dims[rank - 1];
    if (known && n >= 0 && k > n) return INFER_FAIL(c, "input must have at least k columns. Had %lld, needed %lld", (long long)n, (long long)k);
    c->out[0] = c->in[0];
    c->out[0].dims[rank - 1] = known ? k : UNKNOWN_DIM;
    c->out[1] = c->out[0];
    return SM_OK;
}

static sm_status infer_top_k(infer *c)
{
    int64_t k = 0;
    TRY(infer_rank(c, 1, 0));
    bool known = infer_int_value(c, 1, &k);
    return infer_top(c, known, k);
}

static sm_status infer_top_attr(infer *c)
{
    return infer_top(c, true, node_int(c->node, "k"));
}

typedef struct top_work {
    const void *in;
    void       *values, *indices;
    sm_dtype    index_dtype;
    int64_t     n, k;
    int64_t    *heaps;             /* k indices for each row */
} top_work;

/* `worse(a, b)`: pair a comes after pair b in the result. */
#define TOP(name, T)                                                                               \
    static bool worse_##name(const T *x, int64_t a, int64_t b)                                     \
    {                                                                                              \
        return x[a] < x[b] || (!(x[b] < x[a]) && a > b);                                           \
    }                                                                                              \
    static void sink_##name(const T *x, int64_t *heap, int64_t n, int64_t i)                       \
    {                                                                                              \
        for (int64_t child; (child = 2 * i + 1) < n; i = child) {                                  \
            if (child + 1 < n && worse_##name(x, heap[child + 1], heap[child])) child++;           \
            if (!worse_##name(x, heap[child], heap[i])) return;                                    \
            int64_t t = heap[i];                                                                   \
            heap[i] = heap[child];                                                                 \
            heap[child] = t;                                                                       \
        }                                                                                          \
    }                                                                                              \
    static void name(void *context, int64_t begin, int64_t end)                                    \
    {                                                                                              \
        const top_work *w = context;                                                               \
        for (int64_t row = begin; row < end; row++) {                                              \
            const T *x = (const T *)w->in + row * w->n;                                            \
            int64_t *heap = w->heaps + row * w->k;                                                 \
            for (int64_t i = 0; i < w->k; i++) heap[i] = i;                                        \
            for (int64_t i = w->k / 2; i-- > 0;) sink_##name(x, heap, w->k, i);                    \
            for (int64_t i = w->k; i < w->n; i++) {                                                \
                if (!worse_##name(x, heap[0], i)) continue;                                        \
                heap[0] = i;                                                                       \
                sink_##name(x, heap, w->k, 0);                                                     \
            }                                                                                      \
            for (int64_t left = w->k; left-- > 0;) {   /* the worst goes last, and so on */        \
                int64_t worst = heap[0], at = row * w->k + left;                                   \
                heap[0] = heap[left];                                                              \
                sink_##name(x, heap, left, 0);                                                     \
                ((T *)w->values)[at] = x[worst];                                                   \
                store_index(&(arg_work){ .out = w->indices, .out_dtype = w->index_dtype }, at, worst); \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static sm_status run_##name(call *c)                                                           \
    {                                                                                              \
        return run_top(c, name);                                                                   \
    }

static sm_status run_top(call *c, pool_work *work)
{
    const shape *in = &c->in[0]->shape;
    int64_t      n = in->dims[in->rank - 1], rows = shape_count_range(in, 0, in->rank - 1);
    int64_t      k = c->out[0]->shape.dims[in->rank - 1];
    if (rows <= 0 || k == 0) return SM_OK;
    top_work w = { c->in[0]->data, c->out[0]->data, c->out[1]->data, c->out[1]->dtype, n, k, NULL };
    w.heaps = call_scratch(c, (size_t)rows * (size_t)k * sizeof *w.heaps);
    if (!w.heaps) return SM_RESOURCE_EXHAUSTED;
    call_for(c, rows, 8192 / n + 1, work, &w);
    return SM_OK;
}

TOP(top_float, float)
TOP(top_double, double)
TOP(top_int8, int8_t)
TOP(top_int16, int16_t)
TOP(top_int32, int32_t)
TOP(top_int64, int64_t)
TOP(top_uint8, uint8_t)
TOP(top_uint16, uint16_t)
TOP(top_uint32, uint32_t)
TOP(top_uint64, uint64_t)

/* -- InTopK --------------------------------------------------------------------------------------------------------------- */

static sm_status infer_in_top_k(infer *c)
{
    TRY(infer_rank(c, 0, 2));
    TRY(infer_rank(c, 1, 1));
    if (c->in[0].rank == 2 && c->in[1].rank == 1 && c->in[0].dims[0] >= 0 && c->in[1].dims[0] >= 0 && c->in[0].dims[0] != c->in[1].dims[0])
        return INFER_FAIL(c, "First dimension of predictions %lld must match length of targets %lld", (long long)c->in[0].dims[0],
                          (long long)c->in[1].dims[0]);
    c->out[0] = c->in[1].rank == 1 ? c->in[1] : shape_unknown_dims(1);
    return SM_OK;
}

/* Is the target among the k largest? Ties with the k-th count; a prediction that is not finite makes it false. */
static bool in_top(const float *x, int64_t n, int64_t target, int64_t k)
{
    int64_t larger = 0;
    if (target < 0 || target >= n || !isfinite(x[target])) return false;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return false;
        larger += x[i] > x[target];
    }
    return larger < k;
}

static sm_status run_in_top_k(call *c)
{
    int64_t k = c->n_in == 3 ? tensor_int(c->in[2], 0) : node_int(c->node, "k"), n = c->in[0]->shape.dims[1];
    for (int64_t i = 0; i < c->in[0]->shape.dims[0]; i++)
        ((bool *)c->out[0]->data)[i] = in_top((const float *)c->in[0]->data + i * n, n, tensor_int(c->in[1], (size_t)i), k);
    return SM_OK;
}

/* -- Rows ------------------------------------------------------------------------------------------------------------------ */

#define ROWS(op)                                                                                              \
    { .types = "T: float", .run = run_##op##_float, .widen = true }, { .types = "T: double", .run = run_##op##_double }, \
    { .types = "T: int8", .run = run_##op##_int8 }, { .types = "T: int16", .run = run_##op##_int16 },           \
    { .types = "T: int32", .run = run_##op##_int32 }, { .types = "T: int64", .run = run_##op##_int64 },         \
    { .types = "T: uint8", .run = run_##op##_uint8 }, { .types = "T: uint16", .run = run_##op##_uint16 },       \
    { .types = "T: uint32", .run = run_##op##_uint32 }, { .types = "T: uint64", .run = run_##op##_uint64 }

static const kernel argmax[] = { ROWS(argmax), { .types = "T: bool", .run = run_argmax_bool }, { 0 } };
static const kernel argmin[] = { ROWS(argmin), { .types = "T: bool", .run = run_argmin_bool }, { 0 } };
static const kernel top[] = { ROWS(top), { 0 } };
static const kernel in_top_k[] = { { .run = run_in_top_k }, { 0 } };

/* -- The table --------------------------------------------------------------------------------------------------------------- */

/* clang-format off */
const op_def argmax_ops[] = {
    { "ArgMax", "input:T dimension:Tidx -> output:output_type | T: real+bool, Tidx: {int16, int32, int64} = int32, "
      "output_type: {int16, uint16, int32, int64} = int64", infer_arg, argmax, NULL, 0, "index of the largest element along an axis" },
    { "ArgMin", "input:T dimension:Tidx -> output:output_type | T: real+bool, Tidx: {int32, int64} = int32, "
      "output_type: {int32, int64} = int64", infer_arg, argmin, NULL, 0, "index of the smallest element along an axis" },
    { "TopKV2", "input:T k:Tk -> values:T indices:index_type | sorted: bool = true, T: real, Tk: {int16, int32, int64} = int32, "
      "index_type: {int16, int32, int64} = int32", infer_top_k, top, NULL, 0, "the k largest elements of each row, and where they are" },
    { "TopK", "input:T -> values:T indices:int32 | k: int >= 0, sorted: bool = true, T: real",
      infer_top_attr, top, NULL, 0, "the k largest elements of each row, and where they are" },
    { "InTopKV2", "predictions:float targets:T k:T -> precision:bool | T: {int32, int64} = int32",
      infer_in_top_k, in_top_k, NULL, 0, "whether each target is among the k largest predictions" },
    { "InTopK", "predictions:float targets:T -> precision:bool | k: int, T: {int32, int64} = int32",
      infer_in_top_k, in_top_k, NULL, 0, "whether each target is among the k largest predictions" },
    { 0 },
};
