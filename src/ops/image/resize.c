/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/resize.c - ResizeBilinear and ResizeNearestNeighbor of [batch, height, width, channels]; what all resizing ops
 * infer.
 *
 * scale = in / out, or (in - 1) / (out - 1) with align_corners and out > 1. Output position x samples
 *     x * scale                    the older rule
 *     (x + 0.5) * scale - 0.5      half_pixel_centers
 * All positions are computed in float, as TensorFlow does: the rounding shows at large sizes. Tests: resize.test. */
#include "ops/image/resize.h"

#include <math.h>

/* -- Inference ---------------------------------------------------------------------------------------------------- */

static sm_status check_centers(infer *c)
{
    if (node_bool(c->node, "half_pixel_centers") && node_bool(c->node, "align_corners"))
        return INFER_FAIL(c, "If half_pixel_centers is True, align_corners must be False.");
    return SM_OK;
}

sm_status infer_resize(infer *c)
{
    shape     size;
    sm_status s = SM_OK;
    TRY(infer_rank(c, 0, 4));
    c->out[0] = shape_unknown_dims(4);
    if (c->in[0].rank == 4) {
        c->out[0].dims[0] = c->in[0].dims[0];
        c->out[0].dims[3] = c->in[0].dims[3];
        if (c->in[0].dims[1] == 0 || c->in[0].dims[2] == 0)
            return INFER_FAIL(c, "input image must be of non-zero size");
        if (c->in[0].dims[3] == 0) return INFER_FAIL(c, "image must have at least one channel");
    }
    if (!infer_shape_value(c, 1, &size, &s)) return s;
    if (size.rank != 2) return INFER_FAIL(c, "shape_t must have two elements");
    if (size.dims[0] <= 0 || size.dims[1] <= 0) return INFER_FAIL(c, "output dimensions must be positive");
    c->out[0].dims[1] = size.dims[0];
    c->out[0].dims[2] = size.dims[1];
    return SM_OK;
}

sm_status infer_resize_centers(infer *c)
{
    TRY(check_centers(c));
    return infer_resize(c);
}

sm_status infer_resize_grad(infer *c)
{
    TRY(infer_rank(c, 0, 4));
    TRY(infer_rank(c, 1, 4));
    TRY(check_centers(c));
    c->out[0] = c->in[1].rank == 4 ? c->in[1] : shape_unknown_dims(4);
    for (int i = 1; i < 3; i++) {
        if (c->in[0].rank == 4 && c->in[0].dims[i] == 0) return INFER_FAIL(c, "resized dimensions must be positive");
        if (c->in[1].rank == 4 && c->in[1].dims[i] == 0) return INFER_FAIL(c, "original dimensions must be positive");
    }
    c->out[0].dims[0] = c->in[0].rank == 4 ? c->in[0].dims[0] : UNKNOWN_DIM;
    c->out[0].dims[3] = c->in[0].rank == 4 ? c->in[0].dims[3] : UNKNOWN_DIM;
    return SM_OK;
}

/* -- Positions ----------------------------------------------------------------------------------------------------------- */

typedef struct sample {
    int64_t lower, upper;
    float   lerp;
} sample;

float resize_scale(int64_t in, int64_t out, bool align_corners)
{
    return align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
}

static sample *bilinear_samples(call *c, int64_t in, int64_t out)
{
    sample *s = call_scratch(c, (size_t)out * sizeof *s);
    bool    half = node_bool(c->node, "half_pixel_centers");
    float   scale = resize_scale(in, out, node_bool(c->node, "align_corners"));
    for (int64_t i = 0; s && i < out; i++) {
        float at = half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
        float low = floorf(at);
        s[i].lower = low > 0 ? (int64_t)low : 0;
        s[i].upper = (int64_t)ceilf(at) < in - 1 ? (int64_t)ceilf(at) : in - 1;
        if (s[i].upper < 0) s[i].upper = 0;
        s[i].lerp = at - low;
    }
    return s;
}

int64_t *nearest_samples(call *c, int64_t in, int64_t out)
{
    int64_t *s = call_scratch(c, (size_t)out * sizeof *s);
    bool     half = node_bool(c->node, "half_pixel_centers"), align = node_bool(c->node, "align_corners");
    float    scale = resize_scale(in, out, align);
    for (int64_t i = 0; s && i < out; i++) {
        float   at = half ? ((float)i + 0.5f) * scale : (float)i * scale;
        int64_t k = (int64_t)(align ? roundf(at) : floorf(at));
        s[i] = k < 0 ? 0 : k < in - 1 ? k : in - 1;
    }
    return s;
}

/* -- Bilinear ---------------------------------------------------------------------------------------------------------------- */

typedef struct bilinear_work {
    const void   *in;
    float        *out;
    const sample *ys, *xs;
    int64_t       in_height, in_width, height, width, channels;
} bilinear_work;

/* One loop over rows per element type: top = lerp(top left, top right), bottom likewise, then between them. A line is inlined
 * for one and three channels, whose loops the compiler can then unroll. */
#define BILINEAR(name, T, LOAD)                                                                                          \
    static inline __attribute__((always_inline)) void name##_line(const bilinear_work *w, const T *top, const T *bottom, \
                                                                  float y, float *restrict out, int64_t channels)        \
    {                                                                                                                    \
        for (int64_t x = 0; x < w->width; x++, out += channels) {                                                        \
            const T *a = top + w->xs[x].lower * channels, *b = top + w->xs[x].upper * channels;                          \
            const T *d = bottom + w->xs[x].lower * channels, *e = bottom + w->xs[x].upper * channels;                    \
            float    by = w->xs[x].lerp;                                                                                 \
            for (int64_t k = 0; k < channels; k++) {                                                                     \
                float t = LOAD(a[k]) + (LOAD(b[k]) - LOAD(a[k])) * by, u = LOAD(d[k]) + (LOAD(e[k]) - LOAD(d[k])) * by;  \
                out[k] = t + (u - t) * y;                                                                                \
            }                                                                                                            \
        }                                                                                                                \
    }                                                                                                                    \
    static void name(void *context, int64_t begin, int64_t end)                                                          \
    {                                                                                                                    \
        const bilinear_work *w = context;                                                                                \
        int64_t              n = w->in_width * w->channels;                                                              \
        for (int64_t row = begin; row < end; row++) {                                                                    \
            sample   y = w->ys[row % w->height];                                                                         \
            const T *image = (const T *)w->in + row / w->height * w->in_height * n;                                      \
            const T *top = image + y.lower * n, *bottom = image + y.upper * n;                                           \
            float   *out = w->out + row * w->width * w->channels;                                                        \
            if (w->channels == 3)                                                                                        \
                name##_line(w, top, bottom, y.lerp, out, 3);                                                             \
            else if (w->channels == 1)                                                                                   \
                name##_line(w, top, bottom, y.lerp, out, 1);                                                             \
            else                                                                                                         \
                name##_line(w, top, bottom, y.lerp, out, w->channels);                                                   \
        }                                                                                                                \
    }
#define AS_FLOAT(x) ((float)(x))
BILINEAR(bilinear_float, float, AS_FLOAT)
BILINEAR(bilinear_double, double, AS_FLOAT)
BILINEAR(bilinear_uint8, uint8_t, AS_FLOAT)
BILINEAR(bilinear_int8, int8_t, AS_FLOAT)
BILINEAR(bilinear_uint16, uint16_t, AS_FLOAT)
BILINEAR(bilinear_int16, int16_t, AS_FLOAT)
BILINEAR(bilinear_int32, int32_t, AS_FLOAT)
BILINEAR(bilinear_int64, int64_t, AS_FLOAT)
BILINEAR(bilinear_half, uint16_t, half_to_float)
BILINEAR(bilinear_bfloat16, uint16_t, bfloat16_to_float)

static const struct {
    sm_dtype   dtype;
    pool_work *work;
} bilinear_loops[] = {
    { SM_FLOAT, bilinear_float },       { SM_DOUBLE, bilinear_double }, { SM_UINT8, bilinear_uint8 },
    { SM_INT8, bilinear_int8 },         { SM_UINT16, bilinear_uint16 }, { SM_INT16, bilinear_int16 },
    { SM_INT32, bilinear_int32 },       { SM_INT64, bilinear_int64 },   { SM_HALF, bilinear_half },
    { SM_BFLOAT16, bilinear_bfloat16 },
};

/* The same size: the elements as floats (between them there is nothing to compute: infinities stay). */
static sm_status copy_floats(call *c)
{
    const float *pixels = image_floats(c, 0);
    if (!pixels) return SM_RESOURCE_EXHAUSTED;
    memcpy(c->out[0]->data, pixels, tensor_bytes(c->out[0]));
    return SM_OK;
}

static sm_status run_bilinear(call *c)
{
    const shape  *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    bilinear_work w = { .in = c->in[0]->data,
                        .out = c->out[0]->data,
                        .in_height = in->dims[1],
                        .in_width = in->dims[2],
                        .height = out->dims[1],
                        .width = out->dims[2],
                        .channels = in->dims[3] };
    if (shape_count(out) == 0) return SM_OK;
    if (shape_eq(in, out)) return copy_floats(c);
    w.ys = bilinear_samples(c, w.in_height, w.height);
    w.xs = bilinear_samples(c, w.in_width, w.width);
    if (!w.ys || !w.xs) return SM_RESOURCE_EXHAUSTED;
    int64_t row = w.width * w.channels;
    for (size_t i = 0; i < sizeof bilinear_loops / sizeof *bilinear_loops; i++)
        if (bilinear_loops[i].dtype == c->in[0]->dtype)
            call_for(c, in->dims[0] * w.height, row > 4096 ? 1 : 4096 / row + 1, bilinear_loops[i].work, &w);
    return SM_OK;
}

/* -- Nearest neighbour -------------------------------------------------------------------------------------------------------- */

typedef struct nearest_work {
    const char    *in;
    char          *out;
    const int64_t *ys, *xs;
    int64_t        in_height, in_width, height, width;
    size_t         pixel; /* bytes */
} nearest_work;

static void nearest_rows(void *context, int64_t begin, int64_t end)
{
    const nearest_work *w = context;
    for (int64_t row = begin; row < end; row++) {
        const char *line =
            w->in + (size_t)((row / w->height * w->in_height + w->ys[row % w->height]) * w->in_width) * w->pixel;
        char *out = w->out + (size_t)(row * w->width) * w->pixel;
        for (int64_t x = 0; x < w->width; x++, out += w->pixel)
            memcpy(out, line + (size_t)w->xs[x] * w->pixel, w->pixel);
    }
}

static sm_status run_nearest(call *c)
{
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    nearest_work w = { .in = c->in[0]->data,
                       .out = c->out[0]->data,
                       .in_height = in->dims[1],
                       .in_width = in->dims[2],
                       .height = out->dims[1],
                       .width = out->dims[2],
                       .pixel = (size_t)in->dims[3] * dtype_size(c->in[0]->dtype) };
    if (shape_count(out) == 0) return SM_OK;
    w.ys = nearest_samples(c, w.in_height, w.height);
    w.xs = nearest_samples(c, w.in_width, w.width);
    if (!w.ys || !w.xs) return SM_RESOURCE_EXHAUSTED;
    call_for(c, in->dims[0] * w.height, 4096 / w.width + 1, nearest_rows, &w);
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------------------- */

static const kernel resize_bilinear[] = { { .run = run_bilinear }, { 0 } };
static const kernel resize_nearest[] = { { .run = run_nearest }, { 0 } };

#define RESIZE_TYPES "{int8, uint8, int16, uint16, int32, int64, half, float, double, bfloat16}"

/* clang-format off */
const op_def resize_ops[] = {
    { "ResizeBilinear", "images:T size:int32 -> resized_images:float | T: " RESIZE_TYPES ", align_corners: bool = false, "
      "half_pixel_centers: bool = false",
      infer_resize_centers, resize_bilinear, NULL, 0, "pictures of another size, interpolated between four pixels" },
    { "ResizeNearestNeighbor", "images:T size:int32 -> resized_images:T | T: " RESIZE_TYPES ", align_corners: bool = false, "
      "half_pixel_centers: bool = false",
      infer_resize_centers, resize_nearest, NULL, 0, "pictures of another size, each pixel the nearest one" },
    { 0 },
};
