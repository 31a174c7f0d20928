/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/pooling.c - MaxPool, MaxPoolV2, AvgPool in two dimensions (or across channels), NHWC and NCHW.
 *
 * MaxPool begins with the type's lowest finite value and takes what is larger, as TensorFlow does: NaN is passed over.
 * AvgPool divides by the number of elements that lie inside the input. Elements are visited row by row with the
 * innermost loop over channels (NHWC), which is contiguous. Half and bfloat16 are computed in float. Tests: pooling.test. */
#include "ops/nn/window.h"

#include <float.h>

#define POOL_RANK 4

typedef struct pool_shape {
    window  dims[POOL_RANK];         /* in the tensor's order */
} pool_shape;

/* -- Inference ---------------------------------------------------------------------------------------------------- */

static sm_status check_window(const int64_t *ksize, const int64_t *strides, layout_axes axes, sm_error *err)
{
    for (int d = 0; d < POOL_RANK; d++)
        if (ksize[d] <= 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window ksize must be positive. The specified or inferred ksize is: %lld,%lld,%lld,%lld",
                        (long long)ksize[0], (long long)ksize[1], (long long)ksize[2], (long long)ksize[3]);
    for (int d = 0; d < POOL_RANK; d++)
        if (strides[d] <= 0) return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window strides must be positive");
    if (ksize[axes.batch] != 1 || strides[axes.batch] != 1)
        return FAIL(err, SM_INVALID_ARGUMENT, "Pooling is not yet supported on the batch dimension.");
    if (ksize[axes.channel] != 1 && (ksize[axes.space] != 1 || ksize[axes.space + 1] != 1))
        return FAIL(err, SM_INVALID_ARGUMENT, "MaxPooling supports exactly one of pooling across depth or pooling across width/height.");
    return SM_OK;
}

static sm_status solve(const node *n, const shape *in, const int64_t *ksize, const int64_t *strides, pool_shape *p, sm_error *err)
{
    padding_kind padding;
    const attr  *explicit_paddings = node_attr(n, "explicit_paddings");
    layout_axes  axes = window_axes(node_string(n, "data_format"), POOL_RANK);
    TRY(window_padding(n, &padding, err));
    TRY(check_window(ksize, strides, axes, err));
    if (padding == PADDING_EXPLICIT && (!explicit_paddings || explicit_paddings->count != 2 * POOL_RANK))
        return FAIL(err, SM_INVALID_ARGUMENT, "explicit_paddings attribute must contain %d values", 2 * POOL_RANK);
    for (int d = 0; d < POOL_RANK; d++) {
        window *w = &p->dims[d];
        *w = (window){ .in = in->dims[d], .size = ksize[d], .stride = strides[d], .dilation = 1 };
        if (padding == PADDING_EXPLICIT) {
            w->before = explicit_paddings->v.ints[2 * d];
            w->after = explicit_paddings->v.ints[2 * d + 1];
        }
        TRY(window_solve(w, padding, err));
    }
    return SM_OK;
}

static sm_status pool_sizes(const node *n, const tensor *ksize_input, const tensor *strides_input, int64_t *ksize, int64_t *strides, sm_error *err)
{
    size_t ksize_count = POOL_RANK, strides_count = POOL_RANK;
    if (ksize_input && strides_input) {
        ksize_count = tensor_count(ksize_input);
        strides_count = tensor_count(strides_input);
        for (size_t i = 0; i < POOL_RANK && i < ksize_count; i++) ksize[i] = tensor_int(ksize_input, i);
        for (size_t i = 0; i < POOL_RANK && i < strides_count; i++) strides[i] = tensor_int(strides_input, i);
    } else {
        const int64_t *k = node_ints(n, "ksize", &ksize_count), *s = node_ints(n, "strides", &strides_count);
        for (size_t i = 0; i < POOL_RANK && i < ksize_count; i++) ksize[i] = k[i];
        for (size_t i = 0; i < POOL_RANK && i < strides_count; i++) strides[i] = s[i];
    }
    if (ksize_count != POOL_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window ksize field must specify 4 dimensions");
    if (strides_count != POOL_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window stride field must specify 4 dimensions");
    return SM_OK;
}

static sm_status infer_pool(infer *c)
{
    int64_t    ksize[POOL_RANK], strides[POOL_RANK];
    pool_shape p;
    bool       by_input = c->n_in == 3;
    TRY(infer_rank(c, 0, POOL_RANK));
    c->out[0] = shape_unknown_dims(POOL_RANK);
    if (c->in[0].rank < 0 || (by_input && (!c->value[1] || !c->value[2]))) return SM_OK;
    TRY(pool_sizes(c->node, by_input ? c->value[1] : NULL, by_input ? c->value[2] : NULL, ksize, strides, c->err));
    TRY(solve(c->node, &c->in[0], ksize, strides, &p, c->err));
    for (int d = 0; d < POOL_RANK; d++) c->out[0].dims[d] = p.dims[d].out;
    return SM_OK;
}

/* -- The loop ---------------------------------------------------------------------------------------------------------- */

typedef struct pool_job {
    const void *in;
    void       *out;
    window      y, x, z;             /* the two spatial dims, and channels                        */
    int64_t     in_batch, in_row, in_column, in_channel;      /* strides in elements              */
    int64_t     out_batch, out_row, out_column, out_channel;
} pool_job;

typedef struct span {
    int64_t begin, end;
} span;

/* The elements of window number i that lie inside the input. */
static span inside(const window *w, int64_t i)
{
    int64_t begin = i * w->stride - w->before, end = begin + w->size;
    return (span){ begin < 0 ? 0 : begin, end > w->in ? w->in : end };
}

/* One output row (of one picture) per piece. a: accumulator, v: element. */
#define POOL(name, T, A, START, TAKE, FINISH)                                                                      \
    static void name(void *context, int64_t first, int64_t last)                                                   \
    {                                                                                                              \
        const pool_job *w = context;                                                                               \
        for (int64_t row = first; row < last; row++) {                                                             \
            span     ys = inside(&w->y, row % w->y.out);                                                           \
            const T *in = (const T *)w->in + row / w->y.out * w->in_batch;                                         \
            T       *out = (T *)w->out + row / w->y.out * w->out_batch + row % w->y.out * w->out_row;              \
            for (int64_t i = 0; i < w->x.out; i++) {                                                               \
                span xs = inside(&w->x, i);                                                                        \
                for (int64_t k = 0; k < w->z.out; k++) {                                                           \
                    span    zs = inside(&w->z, k);                                                                 \
                    int64_t count = (ys.end - ys.begin) * (xs.end - xs.begin) * (zs.end - zs.begin);               \
                    A       a = START;                                                                             \
                    (void)count;                                                                                   \
                    for (int64_t y = ys.begin; y < ys.end; y++)                                                    \
                        for (int64_t x = xs.begin; x < xs.end; x++)                                                \
                            for (int64_t z = zs.begin; z < zs.end; z++) {                                          \
                                T v = in[y * w->in_row + x * w->in_column + z * w->in_channel];                    \
                                TAKE;                                                                              \
                            }                                                                                      \
                    out[i * w->out_column + k * w->out_channel] = (T)(FINISH);                                     \
                }                                                                                                  \
            }                                                                                                      \
        }                                                                                                          \
    }                                                                                                              \
    static sm_status run_##name(call *c)                                                                           \
    {                                                                                                              \
        return run_pool(c, name);                                                                                  \
    }

static sm_status run_pool(call *c, pool_work *work)
{
    int64_t    ksize[POOL_RANK], strides[POOL_RANK], in[POOL_RANK + SHAPE_MAX_RANK], out[POOL_RANK + SHAPE_MAX_RANK];
    pool_shape p;
    bool       by_input = c->n_in == 3;
    TRY(pool_sizes(c->node, by_input ? c->in[1] : NULL, by_input ? c->in[2] : NULL, ksize, strides, c->err));
    TRY(solve(c->node, &c->in[0]->shape, ksize, strides, &p, c->err));
    layout_axes axes = window_axes(node_string(c->node, "data_format"), POOL_RANK);
    shape_strides(&c->in[0]->shape, in);
    shape_strides(&c->out[0]->shape, out);
    pool_job job = { .in = c->in[0]->data, .out = c->out[0]->data, .y = p.dims[axes.space], .x = p.dims[axes.space + 1],
                      .z = p.dims[axes.channel], .in_batch = in[axes.batch], .in_row = in[axes.space],
                      .in_column = in[axes.space + 1], .in_channel = in[axes.channel], .out_batch = out[axes.batch],
                      .out_row = out[axes.space], .out_column = out[axes.space + 1], .out_channel = out[axes.channel] };
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    int64_t row_work = job.x.out * job.z.out * job.y.size * job.x.size * job.z.size;
    call_for(c, p.dims[axes.batch].in * job.y.out, row_work < 32768 ? 32768 / row_work + 1 : 1, work, &job);
    return SM_OK;
}

#define MAX_POOL(T, type, LOWEST) POOL(max_pool_##type, T, T, LOWEST, if (a < v) a = v, a)
MAX_POOL(float, float, -FLT_MAX)
MAX_POOL(double, double, -DBL_MAX)
MAX_POOL(int8_t, int8, INT8_MIN)
MAX_POOL(int16_t, int16, INT16_MIN)
MAX_POOL(int32_t, int32, INT32_MIN)
MAX_POOL(int64_t, int64, INT64_MIN)
MAX_POOL(uint8_t, uint8, 0)
MAX_POOL(uint16_t, uint16, 0)
MAX_POOL(uint32_t, uint32, 0)
MAX_POOL(uint64_t, uint64, 0)
POOL(avg_pool_float, float, float, 0, a += v, a / (float)count)
POOL(avg_pool_double, double, double, 0, a += v, a / (double)count)

/* -- The table ----------------------------------------------------------------------------------------------------------- */

static const kernel max_pool[] = {
    { .types = "T: float", .run = run_max_pool_float, .widen = true },
    { .types = "T: double", .run = run_max_pool_double },
    { .types = "T: int8", .run = run_max_pool_int8 },
    { .types = "T: int16", .run = run_max_pool_int16 },
    { .types = "T: int32", .run = run_max_pool_int32 },
    { .types = "T: int64", .run = run_max_pool_int64 },
    { .types = "T: uint8", .run = run_max_pool_uint8 },
    { .types = "T: uint16", .run = run_max_pool_uint16 },
    { .types = "T: uint32", .run = run_max_pool_uint32 },
    { .types = "T: uint64", .run = run_max_pool_uint64 },
    { 0 },
};
static const kernel avg_pool[] = {
    { .types = "T: float", .run = run_avg_pool_float, .widen = true },
    { .types = "T: double", .run = run_avg_pool_double },
    { 0 },
};

/* clang-format off */
const op_def pooling_ops[] = {
    { "MaxPool", "input:T -> output:T | T: real = float, ksize: list(int) >= 4, strides: list(int) >= 4, "
      "padding: {\"SAME\", \"VALID\", \"EXPLICIT\"}, explicit_paddings: list(int) = [], data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\"",
      infer_pool, max_pool, NULL, 0, "largest element of each window" },
    { "MaxPoolV2", "input:T ksize:int32 strides:int32 -> output:T | T: real = float, padding: {\"SAME\", \"VALID\"}, "
      "data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\"",
      infer_pool, max_pool, NULL, 0, "largest element of each window" },
    { "AvgPool", "value:T -> output:T | ksize: list(int) >= 4, strides: list(int) >= 4, padding: {\"SAME\", \"VALID\"}, "
      "data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\", T: floating",
      infer_pool, avg_pool, NULL, 0, "mean of each window" },
    { 0 },
};
