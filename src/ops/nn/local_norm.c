/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/local_norm.c - LRN, local response normalisation, and its gradient:
 *
 *   y[c] = x[c] * (bias + alpha * sum of x[k]^2 for k from c - radius to c + radius) ^ -beta
 *
 * over the channels, the last dim of four. The gradient is computed pixel by pixel from x, y and dy as TensorFlow does.
 *
 * Tests: local_norm.test, beside this file. */
#include "ops/formula.h"

typedef struct local_norm {
    int64_t      channels, radius;
    float        bias, alpha, beta;
    const float *x, *y, *dy;
    float       *out;
} local_norm;

/* bias + alpha * the squares around channel c of a pixel. */
static float norm_around(const local_norm *p, const float *x, int64_t c)
{
    int64_t from = c > p->radius ? c - p->radius : 0, to = p->channels - c > p->radius ? c + p->radius + 1 : p->channels;
    float sum = 0;
    for (int64_t k = from; k < to; k++) sum += x[k] * x[k];
    return p->bias + p->alpha * sum;
}

static void lrn_pixels(void *context, int64_t begin, int64_t end)
{
    const local_norm *p = context;
    for (int64_t i = begin * p->channels; i < end * p->channels; i++) {
        float norm = norm_around(p, p->x + i / p->channels * p->channels, i % p->channels);
        p->out[i] = p->beta == 1      ? p->x[i] / norm
                    : p->beta == 0.5F ? p->x[i] / sqrtf(norm)
                                      : p->x[i] * powf(norm, -p->beta);
    }
}

static void lrn_grad_pixels(void *context, int64_t begin, int64_t end)
{
    const local_norm *p = context;
    for (int64_t i = begin; i < end; i++) {
        const float *x = p->x + i * p->channels, *y = p->y + i * p->channels, *dy = p->dy + i * p->channels;
        float       *dx = p->out + i * p->channels;
        for (int64_t c = 0; c < p->channels; c++) dx[c] = 0;
        for (int64_t c = 0; c < p->channels; c++) {
            float   norm = norm_around(p, x, c), factor = -2 * p->alpha * p->beta;
            int64_t from = c > p->radius ? c - p->radius : 0;
            int64_t to = p->channels - c > p->radius ? c + p->radius + 1 : p->channels;
            for (int64_t k = from; k < to; k++) {
                float d = factor * x[k] * y[c] / norm;
                if (k == c) d += powf(norm, -p->beta);
                dx[k] += d * dy[c];
            }
        }
    }
}

static sm_status local_norm_run(call *c, int x, pool_work *pixels)
{
    const shape *s = &c->in[0]->shape;
    local_norm   p = { .channels = s->dims[3],
                       .radius = node_int(c->node, "depth_radius"),
                       .bias = node_float(c->node, "bias"),
                       .alpha = node_float(c->node, "alpha"),
                       .beta = node_float(c->node, "beta"),
                       .x = c->in[x]->data,
                       .out = c->out[0]->data };
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    if (x == 1) {
        p.dy = c->in[0]->data;
        p.y = c->in[2]->data;
    }
    double work = (double)p.channels * (2 * (double)p.radius + 1);
    call_for(c, shape_count_range(s, 0, 3), (int64_t)(16384 / work) + 1, pixels, &p);
    return SM_OK;
}

static sm_status lrn(call *c)
{
    return local_norm_run(c, 0, lrn_pixels);
}

static sm_status lrn_grad(call *c)
{
    return local_norm_run(c, 1, lrn_grad_pixels);
}

/* -- Shapes ------------------------------------------------------------------------------------------------------------ */

static sm_status radius_fits(infer *c)
{
    int64_t radius = node_int(c->node, "depth_radius");
    if (radius >= 0 && radius <= INT32_MAX) return SM_OK;
    return INFER_FAIL(c, "depth_radius = %lld larger than int max", (long long)radius);
}

static sm_status infer_lrn(infer *c)
{
    TRY(radius_fits(c));
    if (c->in[0].rank >= 0 && c->in[0].rank != 4) return INFER_FAIL(c, "in must be 4-dimensional");
    return infer_same(c);
}

static sm_status infer_lrn_grad(infer *c)
{
    TRY(radius_fits(c));
    shape all = c->in[0];
    for (int i = 0; i < 3; i++)
        if (c->in[i].rank >= 0 && c->in[i].rank != 4) return INFER_FAIL(c, "inputs must be 4-dimensional");
    if (!shape_merge(&all, &c->in[1], &all) || !shape_merge(&all, &c->in[2], &all))
        return INFER_FAIL(c, "input_grads, input_image, and out_image should have the same shape");
    c->out[0] = all;
    return SM_OK;
}

/* -- The table --------------------------------------------------------------------------------------------------------- */

static const kernel lrn_kernels[] = { { .types = "T: float", .run = lrn, .widen = true }, { 0 } };
static const kernel lrn_grad_kernels[] = { { .types = "T: float", .run = lrn_grad, .widen = true }, { 0 } };

#define ATTRS \
    "depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, T: {half, bfloat16, float} = float"

const op_def local_norm_ops[] = {
    { "LRN", "input:T -> output:T | " ATTRS, infer_lrn, lrn_kernels, NULL, 0,
      "each channel divided by a power of the squares around it" },
    { "LRNGrad", "input_grads:T input_image:T output_image:T -> output:T | " ATTRS, infer_lrn_grad, lrn_grad_kernels,
      NULL, 0, "the gradient of LRN" },
    { 0 },
};
