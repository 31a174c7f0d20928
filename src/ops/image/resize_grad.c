/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/resize_grad.c - ResizeBilinearGrad and ResizeNearestNeighborGrad: each gradient goes back to the pixels that its
 * output came from. Pictures run on the threads; within one the sums go in the order of the outputs.
 *
 * Tests: resize_grad.test. */
#include "ops/image/resize.h"

#include <math.h>

/* -- Bilinear ------------------------------------------------------------------------------------------------------------ */

typedef struct bilinear_work {
    const float *grads;
    void        *out;
    int64_t      height, width, channels, out_height, out_width;
    float        y_scale, x_scale;
    bool         half;
} bilinear_work;

typedef struct sample {
    int64_t low, high;
    float   part; /* of high */
} sample;

static sample sample_of(int64_t i, float scale, bool half, int64_t in)
{
    float  at = half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale, low = floorf(at);
    sample s = { .low = low > 0 ? (int64_t)low : 0, .high = (int64_t)ceilf(at), .part = at - low };
    if (s.low > in - 1) s.low = in - 1;
    if (s.high > in - 1) s.high = in - 1;
    if (s.high < 0) s.high = 0;
    return s;
}

#define BILINEAR_GRAD(name, T)                                                               \
    static void name(void *context, int64_t begin, int64_t end)                              \
    {                                                                                        \
        const bilinear_work *w = context;                                                    \
        int64_t              n = w->out_height * w->out_width * w->channels;                 \
        for (int64_t row = begin * w->height; row < end * w->height; row++) {                \
            T           *out = (T *)w->out + row / w->height * n;                            \
            const float *g = w->grads + row * w->width * w->channels;                        \
            sample       y = sample_of(row % w->height, w->y_scale, w->half, w->out_height); \
            T           *top = out + y.low * w->out_width * w->channels;                     \
            T           *bottom = out + y.high * w->out_width * w->channels;                 \
            for (int64_t i = 0; i < n && row % w->height == 0; i++) out[i] = 0;              \
            for (int64_t column = 0; column < w->width; column++) {                          \
                sample  x = sample_of(column, w->x_scale, w->half, w->out_width);            \
                int64_t left = x.low * w->channels, right = x.high * w->channels;            \
                for (int64_t k = 0; k < w->channels; k++, g++) {                             \
                    top[left + k] += (T)(*g * (1.0f - y.part) * (1.0f - x.part));            \
                    top[right + k] += (T)(*g * (1.0f - y.part) * x.part);                    \
                    bottom[left + k] += (T)(*g * y.part * (1.0f - x.part));                  \
                    bottom[right + k] += (T)(*g * y.part * x.part);                          \
                }                                                                            \
            }                                                                                \
        }                                                                                    \
    }
BILINEAR_GRAD(bilinear_grad_float, float)
BILINEAR_GRAD(bilinear_grad_double, double)

static sm_status run_bilinear_grad(call *c)
{
    const shape  *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    bool          align = node_bool(c->node, "align_corners");
    bilinear_work w = { .grads = c->in[0]->data,
                        .out = c->out[0]->data,
                        .height = in->dims[1],
                        .width = in->dims[2],
                        .channels = in->dims[3],
                        .out_height = out->dims[1],
                        .out_width = out->dims[2],
                        .half = node_bool(c->node, "half_pixel_centers") };
    if (shape_count(out) == 0) return SM_OK;
    w.y_scale = resize_scale(w.out_height, w.height, align);
    w.x_scale = resize_scale(w.out_width, w.width, align);
    call_for(c, in->dims[0], 1, c->out[0]->dtype == SM_DOUBLE ? bilinear_grad_double : bilinear_grad_float, &w);
    return SM_OK;
}

/* -- Nearest neighbour ----------------------------------------------------------------------------------------------------- */

static sm_status infer_nearest_grad(infer *c)
{
    shape     size;
    sm_status s = SM_OK;
    TRY(infer_rank(c, 0, 4));
    TRY(infer_rank(c, 1, 1));
    c->out[0] = c->in[0].rank == 4 ? c->in[0] : shape_unknown_dims(4);
    c->out[0].dims[1] = c->out[0].dims[2] = UNKNOWN_DIM;
    if (!infer_shape_value(c, 1, &size, &s)) return s;
    if (size.rank != 2) return INFER_FAIL(c, "shape_t must have two elements[%d]", size.rank);
    if (size.dims[0] <= 0 || size.dims[1] <= 0) return INFER_FAIL(c, "shape_t's elements must be positive");
    c->out[0].dims[1] = size.dims[0];
    c->out[0].dims[2] = size.dims[1];
    return SM_OK;
}

typedef struct nearest_work {
    const void    *grads;
    void          *out;
    const int64_t *ys, *xs;
    int64_t        height, width, channels, out_height, out_width;
} nearest_work;

#define ADD_PLAIN(to, x) ((to) + (x))
#define ADD_HALF(to, x) float_to_half(half_to_float(to) + half_to_float(x))
#define ADD_BFLOAT16(to, x) float_to_bfloat16(bfloat16_to_float(to) + bfloat16_to_float(x))
#define NEAREST_GRAD(name, T, ADD)                                                                      \
    static void name(void *context, int64_t begin, int64_t end)                                         \
    {                                                                                                   \
        const nearest_work *w = context;                                                                \
        int64_t             n = w->out_height * w->out_width * w->channels;                             \
        for (int64_t b = begin; b < end; b++) {                                                         \
            T       *out = (T *)w->out + b * n;                                                         \
            const T *g = (const T *)w->grads + b * w->height * w->width * w->channels;                  \
            memset(out, 0, (size_t)n * sizeof(T));                                                      \
            for (int64_t i = 0; i < w->height * w->width; i++) {                                        \
                T *to = out + (w->ys[i / w->width] * w->out_width + w->xs[i % w->width]) * w->channels; \
                for (int64_t k = 0; k < w->channels; k++, g++) to[k] = (T)ADD(to[k], *g);               \
            }                                                                                           \
        }                                                                                               \
    }
NEAREST_GRAD(nearest_grad_uint8, uint8_t, ADD_PLAIN)
NEAREST_GRAD(nearest_grad_int8, int8_t, ADD_PLAIN)
NEAREST_GRAD(nearest_grad_int32, int32_t, ADD_PLAIN)
NEAREST_GRAD(nearest_grad_float, float, ADD_PLAIN)
NEAREST_GRAD(nearest_grad_double, double, ADD_PLAIN)
NEAREST_GRAD(nearest_grad_half, uint16_t, ADD_HALF)
NEAREST_GRAD(nearest_grad_bfloat16, uint16_t, ADD_BFLOAT16)

static pool_work *const nearest_loops[DTYPE_LAST] = {
    [SM_UINT8] = nearest_grad_uint8,       [SM_INT8] = nearest_grad_int8,     [SM_INT32] = nearest_grad_int32,
    [SM_FLOAT] = nearest_grad_float,       [SM_DOUBLE] = nearest_grad_double, [SM_HALF] = nearest_grad_half,
    [SM_BFLOAT16] = nearest_grad_bfloat16,
};

static sm_status run_nearest_grad(call *c)
{
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    nearest_work w = { .grads = c->in[0]->data,
                       .out = c->out[0]->data,
                       .height = in->dims[1],
                       .width = in->dims[2],
                       .channels = in->dims[3],
                       .out_height = out->dims[1],
                       .out_width = out->dims[2] };
    if (shape_count(out) == 0) return SM_OK;
    w.ys = nearest_samples(c, w.out_height, w.height);
    w.xs = nearest_samples(c, w.out_width, w.width);
    if (!w.ys || !w.xs) return SM_RESOURCE_EXHAUSTED;
    call_for(c, in->dims[0], 1, nearest_loops[c->in[0]->dtype], &w);
    return SM_OK;
}

/* -- The table -------------------------------------------------------------------------------------------------------------- */

static const kernel bilinear_rows[] = {
    { .types = "T: float", .run = run_bilinear_grad, .widen = true },
    { .types = "T: double", .run = run_bilinear_grad },
    { 0 },
};
static const kernel nearest_rows[] = { { .run = run_nearest_grad }, { 0 } };

/* clang-format off */
const op_def resize_grad_ops[] = {
    { "ResizeBilinearGrad", "grads:float original_image:T -> output:T | T: {float, bfloat16, half, double}, "
      "align_corners: bool = false, half_pixel_centers: bool = false",
      infer_resize_grad, bilinear_rows, NULL, 0, "gradient of ResizeBilinear" },
    { "ResizeNearestNeighborGrad", "grads:T size:int32 -> output:T | T: {uint8, int8, int32, half, float, double, bfloat16}, "
      "align_corners: bool = false, half_pixel_centers: bool = false",
      infer_nearest_grad, nearest_rows, NULL, 0, "gradient of ResizeNearestNeighbor" },
    { 0 },
};
