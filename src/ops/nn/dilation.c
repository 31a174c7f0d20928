/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/dilation.c - Dilation2D, grey-scale morphology, and its gradients:
 *
 *   y[n, o, c] = the largest over the taps k inside x of x[n, o s + k r - p, c] + filter[k, c]
 *
 * The gradient of an output goes to the input, and to the filter's tap, that gave the largest sum: the first of equals, and
 * the first tap of all when every sum is NaN or the lowest number. Gradients are summed channel by channel.
 *
 * Tests: dilation.test, beside this file. */
#include "ops/formula.h"
#include "ops/nn/pool_walk.h"

#include <float.h>

typedef struct dilation_job {
    int64_t     images, channels;
    window_axis axis[3];
    const void *x, *filter, *dy;
    void       *out;
    bool        by_filter;
} dilation_job;

/* -- Shapes -------------------------------------------------------------------------------------------------------------- */

static sm_status read_four(const node *n, const char *name, const char *singular, int64_t out[3], sm_error *err)
{
    size_t         count;
    const int64_t *v = node_ints(n, name, &count);
    if (count != 4) return FAIL(err, SM_INVALID_ARGUMENT, "%s field must specify 4 dimensions", singular);
    if (v[0] != 1 || v[3] != 1)
        return FAIL(err, SM_UNIMPLEMENTED, "%s is only supported across spatial dimensions.", singular);
    for (int a = 1; a < 3; a++) {
        out[a] = v[a];
        if (v[a] < 1 || v[a] > INT32_MAX)
            return FAIL(err, SM_INVALID_ARGUMENT, "%s must be > 0, but got %lld", singular, (long long)v[a]);
    }
    return SM_OK;
}

static sm_status dilation_axes(const node *n, const shape *x, const shape *filter, window_axis axis[3], sm_error *err)
{
    volume v = { .spatial = 2, .stride = { 1, 1, 1 }, .dilation = { 1, 1, 1 } };
    v.padding = slice_is(node_string(n, "padding"), "SAME") ? WINDOW_SAME : WINDOW_VALID;
    TRY(read_four(n, "strides", "Stride", v.stride, err));
    TRY(read_four(n, "rates", "Rate", v.dilation, err));
    return volume_axes(&v, x, (const int64_t[]){ 1, filter->dims[0], filter->dims[1] }, axis, err);
}

static sm_status wrong_rank(infer *c, int i, const char *name, int rank)
{
    str text;
    str_init(&text);
    shape_print(&text, &c->in[i]);
    sm_status s = INFER_FAIL(c, "%s must be %d-dimensional%s%s", name, rank, i ? ": " : "", str_text(&text));
    str_clear(&text);
    return s;
}

/* The shape of y; the inputs are checked. */
static sm_status dilation_shape(infer *c, shape *y)
{
    const shape *x = &c->in[0], *filter = &c->in[1];
    window_axis  axis[3];
    if (x->rank >= 0 && x->rank != 4) return wrong_rank(c, 0, "input", 4);
    if (filter->rank >= 0 && filter->rank != 3) return wrong_rank(c, 1, "filter", 3);
    *y = shape_unknown_dims(4);
    if (x->rank < 0 || filter->rank < 0) return SM_OK;
    if (x->dims[3] >= 0 && filter->dims[2] >= 0 && x->dims[3] != filter->dims[2])
        return INFER_FAIL(c, "input and filter must have the same depth: %lld vs %lld", (long long)x->dims[3],
                          (long long)filter->dims[2]);
    TRY(dilation_axes(c->node, x, filter, axis, c->err));
    *y = shape_of(4, (const int64_t[]){ x->dims[0], axis[1].out, axis[2].out, x->dims[3] });
    return SM_OK;
}

static sm_status infer_dilation(infer *c)
{
    return dilation_shape(c, &c->out[0]);
}

static sm_status infer_dilation_grads(infer *c, int like)
{
    shape y;
    TRY(dilation_shape(c, &y));
    if (!shape_compatible(&y, &c->in[2])) return INFER_FAIL(c, "out_backprop has incompatible size.");
    c->out[0] = c->in[like];
    return SM_OK;
}

static sm_status infer_dilation_input(infer *c)
{
    return infer_dilation_grads(c, 0);
}

static sm_status infer_dilation_filter(infer *c)
{
    return infer_dilation_grads(c, 1);
}

/* -- Loops --------------------------------------------------------------------------------------------------------------- */

/* The largest sum of channel c at output `at` of image n; *input and *tap say where, as pixels of x and of the filter. */
#define DILATION_BEST(T, tf, wide, f, lowest)                                                                         \
    static T f##_##tf(const dilation_job *p, int64_t n, const int64_t at[3], int64_t c, int64_t *input, int64_t *tap) \
    {                                                                                                                 \
        const window_axis *y = &p->axis[1], *x = &p->axis[2];                                                         \
        T                  best = lowest;                                                                             \
        int64_t            y0, y1, y2, x0, x1, x2;                                                                    \
        window_taps(y, at[1], &y0, &y1, &y2);                                                                         \
        window_taps(x, at[2], &x0, &x1, &x2);                                                                         \
        *input = (n * y->in + (y0 < 0 ? 0 : y0)) * x->in + (x0 < 0 ? 0 : x0);                                         \
        *tap = 0;                                                                                                     \
        for (int64_t i = y1; i < y2; i++)                                                                             \
            for (int64_t j = x1; j < x2; j++) {                                                                       \
                int64_t pixel = (n * y->in + y0 + i * y->dilation) * x->in + x0 + j * x->dilation;                    \
                T       sum = (T)(((const T *)p->x)[pixel * p->channels + c] +                                        \
                            ((const T *)p->filter)[(i * x->size + j) * p->channels + c]);                       \
                if (!(sum > best)) continue;                                                                          \
                best = sum;                                                                                           \
                *input = pixel;                                                                                       \
                *tap = i * x->size + j;                                                                               \
            }                                                                                                         \
        return best;                                                                                                  \
    }
#define DILATION_PIXELS(T, tf, wide, f)                                                     \
    static void f##_##tf(void *context, int64_t begin, int64_t end)                         \
    {                                                                                       \
        const dilation_job *p = context;                                                    \
        const int64_t       outs[3] = { 1, p->axis[1].out, p->axis[2].out };                \
        for (int64_t i = begin; i < end; i++) {                                             \
            int64_t at[3], input, tap, n = volume_at(i / p->channels, outs, at);            \
            ((T *)p->out)[i] = dilation_best_##tf(p, n, at, i % p->channels, &input, &tap); \
        }                                                                                   \
    }
#define DILATION_GRADS(T, tf, wide, f)                                                \
    static void f##_##tf(void *context, int64_t begin, int64_t end)                   \
    {                                                                                 \
        const dilation_job *p = context;                                              \
        const int64_t       outs[3] = { 1, p->axis[1].out, p->axis[2].out };          \
        const int64_t       pixels = p->images * outs[1] * outs[2];                   \
        for (int64_t i = 0; i < pixels; i++)                                          \
            for (int64_t c = begin; c < end; c++) {                                   \
                int64_t at[3], input, tap, n = volume_at(i, outs, at);                \
                (void)dilation_best_##tf(p, n, at, c, &input, &tap);                  \
                T *to = (T *)p->out + (p->by_filter ? tap : input) * p->channels + c; \
                *to = (T)(*to + ((const T *)p->dy)[i * p->channels + c]);             \
            }                                                                         \
    }

DILATION_BEST(float, float, true, dilation_best, -FLT_MAX)
DILATION_BEST(double, double, false, dilation_best, -DBL_MAX)
DILATION_BEST(int8_t, int8, false, dilation_best, INT8_MIN)
DILATION_BEST(int16_t, int16, false, dilation_best, INT16_MIN)
DILATION_BEST(int32_t, int32, false, dilation_best, INT32_MIN)
DILATION_BEST(int64_t, int64, false, dilation_best, INT64_MIN)
UNSIGNED(DILATION_BEST, dilation_best, 0)
REAL(DILATION_PIXELS, dilation_pixels)
REAL(DILATION_GRADS, dilation_grads)

/* -- Running ------------------------------------------------------------------------------------------------------------- */

static sm_status dilation_init(call *c, dilation_job *p)
{
    const shape *x = &c->in[0]->shape;
    *p = (dilation_job){ .images = x->dims[0],
                         .channels = x->dims[3],
                         .x = c->in[0]->data,
                         .filter = c->in[1]->data,
                         .dy = c->n_in > 2 ? c->in[2]->data : NULL,
                         .out = c->out[0]->data };
    return dilation_axes(c->node, x, &c->in[1]->shape, p->axis, c->err);
}

static sm_status dilation_run(call *c, pool_work *work)
{
    dilation_job p;
    int64_t      n = (int64_t)tensor_count(c->out[0]);
    TRY(dilation_init(c, &p));
    call_for(c, n, 16384 / (p.axis[1].size * p.axis[2].size + 1) + 1, work, &p);
    return SM_OK;
}

static sm_status dilation_grad_run(call *c, pool_work *work, bool by_filter)
{
    dilation_job p;
    TRY(dilation_init(c, &p));
    p.by_filter = by_filter;
    memset(p.out, 0, tensor_bytes(c->out[0]));
    if (tensor_count(c->out[0]) == 0 || tensor_count(c->in[2]) == 0) return SM_OK;
    if (axes_inputs(p.axis) == 0) return SM_OK;
    call_for(c, p.channels, 1, work, &p);
    return SM_OK;
}

#define DILATION_RUN(T, tf, wide, f)                             \
    static sm_status f##_##tf(call *c)                           \
    {                                                            \
        return dilation_run(c, dilation_pixels_##tf);            \
    }                                                            \
    static sm_status f##_input_##tf(call *c)                     \
    {                                                            \
        return dilation_grad_run(c, dilation_grads_##tf, false); \
    }                                                            \
    static sm_status f##_filter_##tf(call *c)                    \
    {                                                            \
        return dilation_grad_run(c, dilation_grads_##tf, true);  \
    }
REAL(DILATION_RUN, dilation)

static const kernel dilation[] = { RUN_ROWS(dilation, REAL){ 0 } };
static const kernel dilation_input[] = { RUN_ROWS(dilation_input, REAL){ 0 } };
static const kernel dilation_filter[] = { RUN_ROWS(dilation_filter, REAL){ 0 } };

/* -- The table ------------------------------------------------------------------------------------------------------------ */

#define ATTRS "T: real, strides: list(int) >= 4, rates: list(int) >= 4, padding: {\"SAME\", \"VALID\"}"

const op_def dilation_ops[] = {
    { "Dilation2D", "input:T filter:T -> output:T | " ATTRS, infer_dilation, dilation, NULL, 0,
      "the largest of input + filter over each window" },
    { "Dilation2DBackpropInput", "input:T filter:T out_backprop:T -> in_backprop:T | " ATTRS, infer_dilation_input,
      dilation_input, NULL, 0, "the gradient of Dilation2D by its input" },
    { "Dilation2DBackpropFilter", "input:T filter:T out_backprop:T -> filter_backprop:T | " ATTRS,
      infer_dilation_filter, dilation_filter, NULL, 0, "the gradient of Dilation2D by its filter" },
    { 0 },
};
