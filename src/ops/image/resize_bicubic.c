/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/resize_bicubic.c - ResizeBicubic: cubic convolution over 4 by 4 pixels, and its gradient.
 *
 * With half_pixel_centers it is Keys' cubic (a = -0.5), pixels outside of the picture weigh nothing and the others are scaled
 * to sum 1; without, a = -0.75 and pixels outside repeat the edge. Weights are looked up at steps of 1/1024, as
 * TensorFlow's table has them. Tests: resize_bicubic.test. */
#include "ops/image/resize.h"

#include <float.h>
#include <math.h>

#define STEPS 1024

/* -- Weights ---------------------------------------------------------------------------------------------------------- */

/* The cubic at distance step / STEPS from the pixel, and one pixel further. */
static float weight_near(int64_t step, double a)
{
    float x = (float)((double)step / STEPS);
    return (float)(((a + 2) * x - (a + 3)) * x * x + 1);
}
static float weight_far(int64_t step, double a)
{
    float x = (float)((double)step / STEPS);
    x += 1.0f;
    return (float)(((a * x - 5 * a) * x + 8 * a) * x - 4 * a);
}

static void cubic_taps(int64_t at, float scale, int64_t limit, bool half, int64_t *index, float *weight)
{
    float   in = half ? ((float)at + 0.5f) * scale - 0.5f : (float)at * scale;
    int64_t low = (int64_t)floorf(in);
    int64_t step = lrintf((in - (float)low) * STEPS);
    double  a = half ? -0.5 : -0.75;
    float by[4] = { weight_far(step, a), weight_near(step, a), weight_near(STEPS - step, a), weight_far(STEPS - step, a) };
    for (int k = 0; k < 4; k++) {
        int64_t want = low - 1 + k;
        index[k] = want < 0 ? 0 : want < limit ? want : limit - 1;
        weight[k] = half && index[k] != want ? 0 : by[k];
    }
    if (!half) return;
    float sum = weight[0] + weight[1] + weight[2] + weight[3];
    if (fabsf(sum) < 1000.0f * FLT_MIN) return;
    float inverse = 1.0f / sum;
    for (int k = 0; k < 4; k++) weight[k] *= inverse;
}

static bool bicubic_taps(call *c, int64_t in, int64_t out, taps *t)
{
    bool half = node_bool(c->node, "half_pixel_centers");
    if (!taps_new(c, out, 4, t)) return false;
    float scale = resize_scale(in, out, node_bool(c->node, "align_corners"));
    for (int64_t i = 0; i < out; i++) cubic_taps(i, scale, in, half, t->index + 4 * i, t->weight + 4 * i);
    return true;
}

/* -- The op ----------------------------------------------------------------------------------------------------------- */

static sm_status run_bicubic(call *c)
{
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    taps         ys, xs;
    if (shape_count(out) == 0) return SM_OK;
    const float *pixels = image_floats(c, 0);
    if (!pixels || !bicubic_taps(c, in->dims[1], out->dims[1], &ys) || !bicubic_taps(c, in->dims[2], out->dims[2], &xs))
        return SM_RESOURCE_EXHAUSTED;
    return taps_run(c, pixels, in, &ys, &xs, c->out[0]->data);
}

/* -- Its gradient: each output pixel's share goes back to its 16 input pixels, picture by picture --------------------- */

typedef struct bicubic_grad_work {
    const float *grads;
    void        *out;
    taps         ys, xs;
    int64_t      height, width, channels; /* of the original */
} bicubic_grad_work;

#define BICUBIC_GRAD(name, T)                                                                             \
    static void name(void *context, int64_t begin, int64_t end)                                           \
    {                                                                                                     \
        const bicubic_grad_work *w = context;                                                             \
        int64_t                  n = w->height * w->width * w->channels, pixels = w->ys.n * w->xs.n;      \
        for (int64_t b = begin; b < end; b++) {                                                           \
            T           *out = (T *)w->out + b * n;                                                       \
            const float *g = w->grads + b * pixels * w->channels;                                         \
            for (int64_t i = 0; i < n; i++) out[i] = 0;                                                   \
            for (int64_t p = 0; p < pixels; p++) {                                                        \
                const int64_t *yi = w->ys.index + p / w->xs.n * 4, *xi = w->xs.index + p % w->xs.n * 4;   \
                const float   *yw = w->ys.weight + p / w->xs.n * 4, *xw = w->xs.weight + p % w->xs.n * 4; \
                for (int64_t k = 0; k < w->channels; k++, g++)                                            \
                    for (int tap = 0; tap < 16; tap++)                                                    \
                        out[(yi[tap / 4] * w->width + xi[tap % 4]) * w->channels + k] +=                  \
                            (T)*g * yw[tap / 4] * xw[tap % 4];                                            \
            }                                                                                             \
        }                                                                                                 \
    }
BICUBIC_GRAD(bicubic_grad_float, float)
BICUBIC_GRAD(bicubic_grad_double, double)

static sm_status run_bicubic_grad(call *c)
{
    const shape      *grads = &c->in[0]->shape, *out = &c->out[0]->shape;
    bicubic_grad_work w = { .grads = c->in[0]->data,
                            .out = c->out[0]->data,
                            .height = out->dims[1],
                            .width = out->dims[2],
                            .channels = out->dims[3] };
    if (shape_count(out) == 0) return SM_OK;
    if (!bicubic_taps(c, w.height, grads->dims[1], &w.ys) || !bicubic_taps(c, w.width, grads->dims[2], &w.xs))
        return SM_RESOURCE_EXHAUSTED;
    call_for(c, out->dims[0], 1, c->out[0]->dtype == SM_FLOAT ? bicubic_grad_float : bicubic_grad_double, &w);
    return SM_OK;
}

/* -- The table -------------------------------------------------------------------------------------------------------- */

static const kernel resize_bicubic[] = { { .run = run_bicubic }, { 0 } };
static const kernel resize_bicubic_grad[] = { { .run = run_bicubic_grad }, { 0 } };

/* clang-format off */
const op_def resize_bicubic_ops[] = {
    { "ResizeBicubic", "images:T size:int32 -> resized_images:float | "
      "T: {int8, uint8, int16, uint16, int32, int64, half, float, double, bfloat16}, align_corners: bool = false, "
      "half_pixel_centers: bool = false",
      infer_resize_centers, resize_bicubic, NULL, 0, "pictures of another size, by cubic convolution over 4 by 4 pixels" },
    { "ResizeBicubicGrad", "grads:float original_image:T -> output:T | T: {float, double}, align_corners: bool = false, "
      "half_pixel_centers: bool = false",
      infer_resize_grad, resize_bicubic_grad, NULL, 0, "gradient of ResizeBicubic" },
    { 0 },
};
