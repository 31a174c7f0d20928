/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_vector.c - convolutions in vectors.
 *
 * A convolution is a product of matrices: its rows are the windows, its columns the output channels, and kernels/gemm.h
 * reads a window where it lies: as one segment per row of the window (per tap when dilated). So that every window lies
 * inside, the image is copied with its padding first; a 1 x 1 convolution needs no copy at all. A filter that is not
 * constant is packed at each call; a constant one has been packed by _PackMatrix. */
#include "ops/nn/conv.h"

#include <math.h>

#define DEPTHWISE_WORK 65536 /* multiply-adds that are worth a piece; rows are computed in pairs */

/* -- Conv2D ----------------------------------------------------------------------------------------------------------- */

typedef struct padded {
    const float *in;
    float       *out;
    const grid  *g;
    int64_t      rows, columns; /* with the padding */
} padded;

static void pad_rows(void *context, int64_t begin, int64_t end)
{
    const padded *p = context;
    int64_t       c = p->g->channels, width = p->g->x.in * c;
    for (int64_t r = begin; r < end; r++) {
        int64_t y = r % p->rows - p->g->y.before;
        float  *out = p->out + r * p->columns * c;
        memset(out, 0, (size_t)(p->columns * c) * sizeof(float));
        if (y < 0 || y >= p->g->y.in) continue;
        int64_t x = p->columns - p->g->x.before < p->g->x.in ? (p->columns - p->g->x.before) * c : width;
        memcpy(out + p->g->x.before * c, p->in + (r / p->rows * p->g->y.in + y) * width, (size_t)x * sizeof(float));
    }
}

/* How much of a padded axis the windows reach. */
static int64_t axis_reach(const window_axis *a)
{
    return (a->out - 1) * a->stride + (a->size - 1) * a->dilation + 1;
}

/* Makes every window lie inside the image; false: no memory. */
static bool conv_pad(call *c, convolution *v)
{
    grid  *g = &v->g;
    padded p = { .in = v->in, .g = g, .rows = axis_reach(&g->y), .columns = axis_reach(&g->x) };
    if (g->y.before == 0 && g->x.before == 0 && p.rows <= g->y.in && p.columns <= g->x.in) return true;
    p.out = call_scratch(c, (size_t)(g->images * p.rows * p.columns * g->channels) * sizeof(float));
    if (!p.out) return false;
    call_for(c, g->images * p.rows, 16384 / (p.columns * g->channels + 1) + 1, pad_rows, &p);
    v->in = p.out;
    g->y.in = p.rows;
    g->x.in = p.columns;
    g->y.before = g->x.before = 0;
    return true;
}

/* The window's segments: its rows when they lie in one piece, else its taps. Returns how many. */
static int64_t conv_segments(const convolution *v, int64_t *at, int64_t *length)
{
    int64_t c = v->g.channels, row = v->g.x.in * c, n = 0;
    bool    whole = v->groups == 1 && v->g.x.dilation == 1;
    *length = whole ? v->g.x.size * c : v->filter_depth;
    for (int64_t i = 0; i < v->g.y.size; i++)
        for (int64_t j = 0; j < (whole ? 1 : v->g.x.size); j++)
            at[n++] = i * v->g.y.dilation * row + j * v->g.x.dilation * c;
    return n;
}

static gemm conv_gemm(const convolution *v, const int64_t *segment, int64_t segments, int64_t length)
{
    const int64_t pixel = v->g.channels;
    return (gemm){ .m = v->g.images * v->g.y.out * v->g.x.out,
                   .n = v->out_channels / v->groups,
                   .width = v->g.x.out,
                   .height = v->g.y.out,
                   .x_step = v->g.x.stride * pixel,
                   .y_step = v->g.y.stride * v->g.x.in * pixel,
                   .image_step = v->g.y.in * v->g.x.in * pixel,
                   .segments = segments,
                   .length = length,
                   .segment = segment,
                   .c_step = v->out_channels,
                   .low = -INFINITY,
                   .high = INFINITY };
}

static sm_status conv_product(call *c, const void *in, void *out, void *context)
{
    const conv_params  *q = c->params;
    const gemm_kernels *kernels = context;
    convolution         v;
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    TRY(convolution_init(&v, c, in, out));
    if (q->winograd) return conv_winograd(c, kernels, &v);
    const int64_t taps = v.g.y.size * v.g.x.size, k = taps * v.filter_depth, group = v.out_channels / v.groups;
    const size_t  size = product_packed_size(kernels, k, group);
    int64_t      *segment = call_scratch(c, (size_t)taps * sizeof *segment), length;
    float        *packed = q->filter ? NULL : call_scratch(c, size);
    if (q->filter && tensor_bytes(c->in[1]) != size * (size_t)v.groups)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the filter is not packed for this kernel");
    if (!segment || (!packed && !q->filter) || !conv_pad(c, &v)) return SM_RESOURCE_EXHAUSTED;
    const int64_t segments = conv_segments(&v, segment, &length);
    gemm          g = conv_gemm(&v, segment, segments, length);
    fused_into_gemm(&q->fused, c, &g);
    const float *bias = g.bias, *residual = g.residual;
    for (int64_t i = 0; i < v.groups; i++) {
        g.a = (const float *)v.in + i * v.filter_depth;
        g.b = q->filter ? (const float *)v.filter + (size_t)i * (size / sizeof(float)) : packed;
        g.c = (float *)out + i * group;
        g.bias = bias ? bias + i * group : NULL;
        g.residual = residual ? residual + i * group : NULL;
        if (packed) product_pack(c, kernels, (const float *)v.filter + i * group, v.out_channels, 1, k, group, packed);
        product_run(c, kernels, &g);
    }
    return SM_OK;
}

sm_status conv_vector(call *c, const gemm_kernels *kernels)
{
    const conv_params *q = c->params;
    return window_channels_last(c, &q->w, conv_product, (void *)kernels);
}

/* -- Depthwise -------------------------------------------------------------------------------------------------------- */

typedef struct depthwise_job {
    depthwise                d;
    const depthwise_kernels *kernels;
} depthwise_job;

static void depthwise_piece(void *context, int64_t begin, int64_t end)
{
    const depthwise_job *p = context;
    p->kernels->run(&p->d, begin, end);
}

static sm_status depthwise_work(call *c, const void *in, void *out, void *context)
{
    const conv_params *q = c->params;
    convolution        v;
    gemm               g = { .low = -INFINITY, .high = INFINITY };
    depthwise_job      p = { .kernels = context };
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    TRY(convolution_init(&v, c, in, out));
    fused_into_gemm(&q->fused, c, &g);
    p.d = (depthwise){ .channels = v.g.channels,
                       .in_rows = v.g.y.in,
                       .in_columns = v.g.x.in,
                       .out_rows = v.g.y.out,
                       .out_columns = v.g.x.out,
                       .filter_rows = v.g.y.size,
                       .filter_columns = v.g.x.size,
                       .y_stride = v.g.y.stride,
                       .x_stride = v.g.x.stride,
                       .y_dilation = v.g.y.dilation,
                       .x_dilation = v.g.x.dilation,
                       .y_before = v.g.y.before,
                       .x_before = v.g.x.before,
                       .in = in,
                       .filter = v.filter,
                       .out = out,
                       .bias = g.bias,
                       .residual = g.residual,
                       .low = g.low,
                       .high = g.high,
                       .finish = g.finish,
                       .finish_context = g.finish_context };
    int64_t work = v.g.x.out * v.g.y.size * v.g.x.size * v.g.channels;
    call_for(c, v.g.images * v.g.y.out, DEPTHWISE_WORK / (work + 1) * 2 + 2, depthwise_piece, &p);
    return SM_OK;
}

sm_status depthwise_vector(call *c, const depthwise_kernels *kernels)
{
    const conv_params *q = c->params;
    return window_channels_last(c, &q->w, depthwise_work, (void *)kernels);
}
