/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/pool_volume.c - MaxPool3D, AvgPool3D, and the gradients of averages: AvgPoolGrad, AvgPool3DGrad.
 *
 * As in pooling.c, positions outside the volume do not count, NaN loses against any number, and a window of -infinity alone
 * gives the lowest float. The gradient of an average gives each input its share of every output whose window holds it.
 *
 * Tests: pool_volume.test, beside this file. */
#include "ops/formula.h"
#include "ops/nn/pool_walk.h"

#include <float.h>

#define OVER_CHANNELS_2D "Non-spatial pooling is not yet supported. Volunteers? :)"

static const char *over_channels(const node *n)
{
    return n->op->name[0] == 'M' ? "MaxPooling3D supports exactly one of pooling across depth or pooling across "
                                   "depth/width/height."
                                 : "AvgPooling3D supports exactly one of pooling across depth or pooling across "
                                   "depth/width/height.";
}

/* -- One call --------------------------------------------------------------------------------------------------------- */

typedef struct volume_pool {
    pool_walk   w;
    const void *from; /* x, or dy */
    void       *to;   /* y, or dx */
} volume_pool;

/* A pixel under work. */
typedef struct pool_pixel {
    const volume_pool *p;
    void              *to;
    int64_t            count;
} pool_pixel;

#define MAX_TAP(T, tf, wide, f)                                            \
    static bool f##_tap_##tf(void *context, int64_t output, int64_t input) \
    {                                                                      \
        const pool_pixel *q = context;                                     \
        const int64_t     n = q->p->w.channels;                            \
        const T          *x = (const T *)q->p->from + input * n;           \
        T *restrict y = q->to;                                             \
        (void)output;                                                      \
        for (int64_t c = 0; c < n; c++) y[c] = x[c] > y[c] ? x[c] : y[c];  \
        return true;                                                       \
    }
#define SUM_TAP(T, tf, wide, f)                                            \
    static bool f##_tap_##tf(void *context, int64_t output, int64_t input) \
    {                                                                      \
        pool_pixel   *q = context;                                         \
        const int64_t n = q->p->w.channels;                                \
        const T      *x = (const T *)q->p->from + input * n;               \
        T *restrict y = q->to;                                             \
        (void)output;                                                      \
        q->count++;                                                        \
        for (int64_t c = 0; c < n; c++) y[c] += x[c];                      \
        return true;                                                       \
    }
#define SHARE_TAP(T, tf, wide, f)                                             \
    static bool f##_tap_##tf(void *context, int64_t output, int64_t input)    \
    {                                                                         \
        const pool_pixel *q = context;                                        \
        const int64_t     n = q->p->w.channels;                               \
        const T          *dy = (const T *)q->p->from + output * n;            \
        const T           share = 1 / (T)pool_window_count(&q->p->w, output); \
        T *restrict dx = q->to;                                               \
        (void)input;                                                          \
        for (int64_t c = 0; c < n; c++) dx[c] += dy[c] * share;               \
        return true;                                                          \
    }
/* Pixels [begin, end) of the result: all start as `first`, are walked, and multiplied by `finish`. */
#define POOL_PIXELS(T, tf, f, each, first, finish)                         \
    static void f##_pixels_##tf(void *context, int64_t begin, int64_t end) \
    {                                                                      \
        const volume_pool *p = context;                                    \
        const int64_t      n = p->w.channels;                              \
        for (int64_t i = begin; i < end; i++) {                            \
            T         *to = (T *)p->to + i * n;                            \
            pool_pixel q = { p, to, 0 };                                   \
            for (int64_t c = 0; c < n; c++) to[c] = first;                 \
            each(&p->w, i, f##_tap_##tf, &q);                              \
            for (int64_t c = 0; c < n; c++) to[c] = finish;                \
        }                                                                  \
    }

FLOATING(MAX_TAP, max_volume)
FLOATING(SUM_TAP, avg_volume)
FLOATING(SHARE_TAP, avg_grad)
POOL_PIXELS(float, float, max_volume, pool_each_input, -FLT_MAX, to[c])
POOL_PIXELS(double, double, max_volume, pool_each_input, -DBL_MAX, to[c])
POOL_PIXELS(float, float, avg_volume, pool_each_input, 0, to[c] / (float)q.count)
POOL_PIXELS(double, double, avg_volume, pool_each_input, 0, to[c] / (double)q.count)
POOL_PIXELS(float, float, avg_grad, pool_each_output, 0, to[c])
POOL_PIXELS(double, double, avg_grad, pool_each_output, 0, to[c])

/* -- Shapes and rows -------------------------------------------------------------------------------------------------- */

static sm_status volume_pool_run(call *c, pool_work *pixels)
{
    volume      v;
    volume_pool p;
    shape       y;
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    TRY(volume_read_pool(c->node, 3, NULL, NULL, over_channels(c->node), &v, c->err));
    TRY(pool_shapes(&v, &c->in[0]->shape, &p.w, &y, c->err));
    p.from = volume_last(c, &v, 0);
    p.to = volume_room(c, &v, 0);
    if (!p.from || !p.to) return SM_RESOURCE_EXHAUSTED;
    call_for(c, p.w.images * axes_outputs(p.w.axis), pool_grain(&p.w), pixels, &p);
    volume_back(c, &v, 0, p.to);
    return SM_OK;
}

static sm_status infer_volume_pool(infer *c)
{
    volume    v;
    pool_walk w;
    TRY(volume_read_pool(c->node, 3, NULL, NULL, over_channels(c->node), &v, c->err));
    TRY(infer_rank(c, 0, 5));
    return pool_shapes(&v, &c->in[0], &w, &c->out[0], c->err);
}

static sm_status read_avg_grad(const node *n, volume *v, sm_error *err)
{
    int spatial = strstr(n->op->name, "3D") ? 3 : 2;
    return volume_read_pool(n, spatial, NULL, NULL, spatial == 3 ? over_channels(n) : OVER_CHANNELS_2D, v, err);
}

static sm_status avg_grad_run(call *c, pool_work *pixels)
{
    volume      v;
    volume_pool p;
    shape       y;
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    TRY(read_avg_grad(c->node, &v, c->err));
    TRY(pool_shapes(&v, &c->out[0]->shape, &p.w, &y, c->err));
    p.from = volume_last(c, &v, 1);
    p.to = volume_room(c, &v, 0);
    if (!p.from || !p.to) return SM_RESOURCE_EXHAUSTED;
    call_for(c, p.w.images * axes_inputs(p.w.axis), pool_grain(&p.w), pixels, &p);
    volume_back(c, &v, 0, p.to);
    return SM_OK;
}

static sm_status infer_avg_grad(infer *c)
{
    volume    v;
    pool_walk w;
    shape     y;
    sm_status s;
    TRY(read_avg_grad(c->node, &v, c->err));
    int rank = v.spatial + 2;
    if ((c->in[0].rank >= 0 && c->in[0].rank != 1) ||
        (c->in[0].rank == 1 && c->in[0].dims[0] >= 0 && c->in[0].dims[0] != rank))
        return INFER_FAIL(c, "out_backprop must be 1-dimensional and %d elements", rank);
    TRY(infer_rank(c, 1, rank));
    c->out[0] = shape_unknown_dims(rank);
    if (!infer_shape_value(c, 0, &c->out[0], &s)) return s;
    TRY(pool_shapes(&v, &c->out[0], &w, &y, c->err));
    return pool_expect("grad", &y, &c->in[1], c->err);
}

#define POOL_RUN(T, tf, wide, f, driver)   \
    static sm_status f##_##tf(call *c)     \
    {                                      \
        return driver(c, f##_pixels_##tf); \
    }
FLOATING(POOL_RUN, max_volume, volume_pool_run)
FLOATING(POOL_RUN, avg_volume, volume_pool_run)
FLOATING(POOL_RUN, avg_grad, avg_grad_run)

static const kernel max_volume[] = { RUN_ROWS(max_volume, FLOATING){ 0 } };
static const kernel avg_volume[] = { RUN_ROWS(avg_volume, FLOATING){ 0 } };
static const kernel avg_grad[] = { RUN_ROWS(avg_grad, FLOATING){ 0 } };

/* -- The table ----------------------------------------------------------------------------------------------------------- */

#define PADS "padding: {\"SAME\", \"VALID\"}"
#define WINDOW_3D \
    "ksize: list(int) >= 5, strides: list(int) >= 5, " PADS ", data_format: {\"NDHWC\", \"NCDHW\"} = \"NDHWC\""
#define WINDOW_2D \
    "ksize: list(int) >= 4, strides: list(int) >= 4, " PADS ", data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\""

const op_def pool_volume_ops[] = {
    { "MaxPool3D", "input:T -> output:T | " WINDOW_3D ", T: {half, bfloat16, float}", infer_volume_pool, max_volume,
      NULL, 0, "the largest of each window of a volume" },
    { "AvgPool3D", "input:T -> output:T | " WINDOW_3D ", T: floating", infer_volume_pool, avg_volume, NULL, 0,
      "the mean of each window of a volume" },
    { "AvgPoolGrad", "orig_input_shape:int32 grad:T -> output:T | " WINDOW_2D ", T: floating", infer_avg_grad, avg_grad,
      NULL, 0, "the gradient of AvgPool" },
    { "AvgPool3DGrad", "orig_input_shape:int32 grad:T -> output:T | " WINDOW_3D ", T: floating", infer_avg_grad,
      avg_grad, NULL, 0, "the gradient of AvgPool3D" },
    { 0 },
};
