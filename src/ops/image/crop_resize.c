/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/crop_resize.c - CropAndResize and its gradients: boxes [y1, x1, y2, x2] in parts of a picture, each resampled to
 * one size; what lies outside of the picture has a value of its own.
 *
 *   sampled position  y1 * (height - 1) + i * (y2 - y1) * (height - 1) / (crop_height - 1), in the middle for a crop of 1
 *
 * The gradients add up box by box, in order. Tests: crop_resize.test. */
#include "ops/image/resize.h"

#include <math.h>

/* -- Inference ---------------------------------------------------------------------------------------------------------- */

static sm_status check_boxes(infer *c, int boxes, int indices)
{
    const shape *b = &c->in[boxes], *i = &c->in[indices];
    TRY(infer_rank(c, boxes, 2));
    TRY(infer_rank(c, indices, 1));
    if (b->rank == 2 && b->dims[1] >= 0 && b->dims[1] != 4) return INFER_FAIL(c, "boxes must have 4 columns");
    if (b->rank == 2 && i->rank == 1 && b->dims[0] >= 0 && i->dims[0] >= 0 && b->dims[0] != i->dims[0])
        return INFER_FAIL(c, "box_index has incompatible shape");
    return SM_OK;
}

static bool has_no_pixels(const shape *s)
{
    return s->rank == 4 && (s->dims[1] == 0 || s->dims[2] == 0);
}

static sm_status infer_crop(infer *c)
{
    shape     size;
    sm_status s = SM_OK;
    TRY(infer_rank(c, 0, 4));
    if (has_no_pixels(&c->in[0])) return INFER_FAIL(c, "image dimensions must be positive");
    TRY(check_boxes(c, 1, 2));
    c->out[0] = shape_unknown_dims(4);
    if (c->in[0].rank == 4) c->out[0].dims[3] = c->in[0].dims[3];
    if (c->in[1].rank == 2) c->out[0].dims[0] = c->in[1].dims[0];
    TRY(infer_rank(c, 3, 1));
    if (!infer_shape_value(c, 3, &size, &s)) return s;
    if (size.rank != 2) return INFER_FAIL(c, "crop_size must have two elements[%d]", size.rank);
    if (size.dims[0] <= 0 || size.dims[1] <= 0) return INFER_FAIL(c, "crop dimensions must be positive");
    c->out[0].dims[1] = size.dims[0];
    c->out[0].dims[2] = size.dims[1];
    return SM_OK;
}

static sm_status infer_grad_image(infer *c)
{
    shape     size;
    sm_status s = SM_OK;
    TRY(infer_rank(c, 0, 4));
    if (has_no_pixels(&c->in[0])) return INFER_FAIL(c, "grads dimensions must be positive");
    TRY(check_boxes(c, 1, 2));
    c->out[0] = shape_unknown_dims(4);
    TRY(infer_rank(c, 3, 1));
    if (!infer_shape_value(c, 3, &size, &s)) return s;
    if (size.rank != 4) return INFER_FAIL(c, "image_size must have 4 elements[%d]", size.rank);
    if (size.dims[1] <= 0 || size.dims[2] <= 0) return INFER_FAIL(c, "image dimensions must be positive");
    if (c->in[0].rank == 4 && c->in[0].dims[3] >= 0 && c->in[0].dims[3] != size.dims[3])
        return INFER_FAIL(c, "image_size and grads are incompatible");
    if (size.dims[0] < 0 || size.dims[3] < 0) return INFER_FAIL(c, "image dimensions must not be negative");
    c->out[0] = size;
    return SM_OK;
}

static sm_status infer_grad_boxes(infer *c)
{
    TRY(infer_rank(c, 0, 4));
    TRY(infer_rank(c, 1, 4));
    if (has_no_pixels(&c->in[0])) return INFER_FAIL(c, "grads dimensions must be positive");
    if (has_no_pixels(&c->in[1])) return INFER_FAIL(c, "image dimensions must be positive");
    if (c->in[0].rank == 4 && c->in[1].rank == 4 && c->in[0].dims[3] >= 0 && c->in[1].dims[3] >= 0 &&
        c->in[0].dims[3] != c->in[1].dims[3])
        return INFER_FAIL(c, "image, grads depth differ");
    TRY(check_boxes(c, 2, 3));
    c->out[0] = shape_matrix(c->in[2].rank == 2 ? c->in[2].dims[0] : UNKNOWN_DIM, 4);
    return SM_OK;
}

/* -- Positions ---------------------------------------------------------------------------------------------------------- */

typedef struct crops {
    const float   *boxes;
    const int32_t *pictures;             /* of each box */
    int64_t        count, height, width; /* of the crops */
    int64_t        batch, in_height, in_width, channels;
    bool           nearest;
} crops;

/* Where position i of n samples an axis of `in` pixels, from `from` to `to`. */
static float sampled(int64_t i, int64_t n, float from, float to, int64_t in)
{
    float last = (float)(in - 1);
    if (n <= 1) return (float)(0.5 * (double)(from + to) * (double)last);
    float step = (to - from) * last / (float)(n - 1);
    return from * last + (float)i * step;
}

typedef struct sample {
    int64_t low, high;
    float   part; /* of high */
    bool    inside;
} sample;

static sample sample_at(float at, int64_t in, bool nearest)
{
    sample s = { .inside = at >= 0 && at <= (float)(in - 1) };
    if (!s.inside) return s;
    s.low = (int64_t)(nearest ? roundf(at) : floorf(at));
    s.high = nearest ? s.low : (int64_t)ceilf(at);
    s.part = nearest ? 0 : at - (float)s.low;
    return s;
}

static sample sample_y(const crops *w, int64_t box, int64_t y)
{
    const float *b = w->boxes + 4 * box;
    return sample_at(sampled(y, w->height, b[0], b[2], w->in_height), w->in_height, w->nearest);
}

static sample sample_x(const crops *w, int64_t box, int64_t x)
{
    const float *b = w->boxes + 4 * box;
    return sample_at(sampled(x, w->width, b[1], b[3], w->in_width), w->in_width, w->nearest);
}

static int64_t pixel_at(const crops *w, int64_t picture, int64_t y, int64_t x)
{
    return ((picture * w->in_height + y) * w->in_width + x) * w->channels;
}

/* What the three ops have in common: crops of `cropped`, out of pictures of `images`. */
static sm_status read_crops(call *c, int boxes, const shape *cropped, const shape *images, crops *w)
{
    *w = (crops){ .boxes = c->in[boxes]->data,
                  .pictures = c->in[boxes + 1]->data,
                  .count = tensor_dim(c->in[boxes], 0),
                  .height = cropped->dims[1],
                  .width = cropped->dims[2],
                  .batch = images->dims[0],
                  .in_height = images->dims[1],
                  .in_width = images->dims[2],
                  .channels = images->dims[3],
                  .nearest = slice_is(node_string(c->node, "method"), "nearest") };
    if (cropped->dims[0] != w->count)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "boxes and grads have incompatible shape");
    for (int64_t i = 0; i < w->count; i++)
        if (w->pictures[i] < 0 || w->pictures[i] >= w->batch)
            return CALL_FAIL(c, SM_OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
    return SM_OK;
}

/* -- CropAndResize ------------------------------------------------------------------------------------------------------ */

typedef struct crop_work {
    crops        crops;
    const float *in;
    float       *out, outside;
} crop_work;

static void crop_pixel(const crop_work *w, int64_t picture, sample y, sample x, float *out)
{
    const crops *s = &w->crops;
    const float *a = w->in + pixel_at(s, picture, y.low, x.low), *b = w->in + pixel_at(s, picture, y.low, x.high);
    const float *d = w->in + pixel_at(s, picture, y.high, x.low), *e = w->in + pixel_at(s, picture, y.high, x.high);
    for (int64_t k = 0; k < s->channels; k++) {
        float top = a[k] + (b[k] - a[k]) * x.part, bottom = d[k] + (e[k] - d[k]) * x.part;
        out[k] = s->nearest ? a[k] : top + (bottom - top) * y.part;
    }
}

/* Rows of all crops. */
static void crop_rows(void *context, int64_t begin, int64_t end)
{
    const crop_work *w = context;
    const crops     *s = &w->crops;
    for (int64_t row = begin; row < end; row++) {
        int64_t box = row / s->height;
        float  *out = w->out + row * s->width * s->channels;
        sample  y = sample_y(s, box, row % s->height);
        for (int64_t i = 0; i < s->width; i++, out += s->channels) {
            sample x = sample_x(s, box, i);
            if (y.inside && x.inside)
                crop_pixel(w, s->pictures[box], y, x, out);
            else
                for (int64_t k = 0; k < s->channels; k++) out[k] = w->outside;
        }
    }
}

static sm_status run_crop(call *c)
{
    crop_work    w = { .out = c->out[0]->data, .outside = node_float(c->node, "extrapolation_value") };
    const shape *out = &c->out[0]->shape;
    TRY(read_crops(c, 1, out, &c->in[0]->shape, &w.crops));
    for (int64_t i = 0; i < 4 * w.crops.count; i++)
        if (!isfinite(w.crops.boxes[i]))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Boxes contains at least one element that is not finite");
    if (shape_count(out) == 0) return SM_OK;
    w.in = image_floats(c, 0);
    if (!w.in) return SM_RESOURCE_EXHAUSTED;
    int64_t row = w.crops.width * w.crops.channels;
    call_for(c, w.crops.count * w.crops.height, row > 4096 ? 1 : 4096 / row + 1, crop_rows, &w);
    return SM_OK;
}

/* -- Gradients ------------------------------------------------------------------------------------------------------------ */

/* Half is added in half: each sum is rounded. */
static void add_to(void *out, sm_dtype dtype, int64_t at, float x)
{
    if (dtype == SM_DOUBLE) {
        ((double *)out)[at] += (double)x;
    } else if (dtype == SM_FLOAT) {
        ((float *)out)[at] += x;
    } else {
        uint16_t *to = (uint16_t *)out + at;
        *to = float_to_half(half_to_float(*to) + half_to_float(float_to_half(x)));
    }
}

/* The gradient g of one pixel of a crop, to the pixels that it came from. */
static void spread_pixel(const crops *w, tensor *out, int64_t picture, sample y, sample x, const float *g)
{
    for (int64_t k = 0; k < w->channels; k++) {
        float top = (1 - y.part) * g[k], bottom = y.part * g[k];
        add_to(out->data, out->dtype, pixel_at(w, picture, y.low, x.low) + k, w->nearest ? g[k] : (1 - x.part) * top);
        if (w->nearest) continue;
        add_to(out->data, out->dtype, pixel_at(w, picture, y.low, x.high) + k, x.part * top);
        add_to(out->data, out->dtype, pixel_at(w, picture, y.high, x.low) + k, (1 - x.part) * bottom);
        add_to(out->data, out->dtype, pixel_at(w, picture, y.high, x.high) + k, x.part * bottom);
    }
}

static sm_status run_grad_image(call *c)
{
    crops        w;
    const float *g = c->in[0]->data;
    TRY(read_crops(c, 1, &c->in[0]->shape, &c->out[0]->shape, &w));
    memset(c->out[0]->data, 0, tensor_bytes(c->out[0]));
    for (int64_t i = 0; i < w.count * w.height * w.width; i++, g += w.channels) {
        int64_t box = i / w.width / w.height;
        sample  y = sample_y(&w, box, i / w.width % w.height), x = sample_x(&w, box, i % w.width);
        if (y.inside && x.inside) spread_pixel(&w, c->out[0], w.pictures[box], y, x, g);
    }
    return SM_OK;
}

/* This gradient computes its positions with the quotient first. */
static float sampled_by_ratio(int64_t i, int64_t n, float from, float to, int64_t in)
{
    if (n <= 1) return sampled(i, n, from, to, in);
    float ratio = (float)(in - 1) / (float)(n - 1);
    return from * (float)(in - 1) + (float)i * ((to - from) * ratio);
}

/* How much the position moves with the beginning and the end of the box. */
static void add_ends(float *first, float *last, int64_t i, int64_t n, int64_t in, float g)
{
    if (n > 1) {
        float ratio = (float)(in - 1) / (float)(n - 1);
        *first += g * ((float)(in - 1) - (float)i * ratio);
        *last += g * ((float)i * ratio);
    } else {
        double half = (double)g * 0.5 * (double)(in - 1);
        *first = (float)((double)*first + half);
        *last = (float)((double)*last + half);
    }
}

typedef struct boxes_work {
    crops        crops;
    const float *grads, *images;
    float       *out;
} boxes_work;

static void grad_boxes(void *context, int64_t begin, int64_t end)
{
    const boxes_work *w = context;
    const crops      *s = &w->crops;
    for (int64_t i = begin * s->height * s->width; i < end * s->height * s->width; i++) {
        int64_t      box = i / s->width / s->height, row = i / s->width % s->height, column = i % s->width;
        const float *b = s->boxes + 4 * box, *g = w->grads + i * s->channels;
        float       *out = w->out + 4 * box;
        sample       y = sample_at(sampled_by_ratio(row, s->height, b[0], b[2], s->in_height), s->in_height, false);
        sample       x = sample_at(sampled_by_ratio(column, s->width, b[1], b[3], s->in_width), s->in_width, false);
        if (!y.inside || !x.inside) continue;
        const float *tl = w->images + pixel_at(s, s->pictures[box], y.low, x.low);
        const float *tr = w->images + pixel_at(s, s->pictures[box], y.low, x.high);
        const float *bl = w->images + pixel_at(s, s->pictures[box], y.high, x.low);
        const float *br = w->images + pixel_at(s, s->pictures[box], y.high, x.high);
        for (int64_t k = 0; k < s->channels; k++) {
            float dy = (1 - x.part) * (bl[k] - tl[k]) + x.part * (br[k] - tr[k]);
            float dx = (1 - y.part) * (tr[k] - tl[k]) + y.part * (br[k] - bl[k]);
            add_ends(&out[0], &out[2], row, s->height, s->in_height, dy * g[k]);
            add_ends(&out[1], &out[3], column, s->width, s->in_width, dx * g[k]);
        }
    }
}

static sm_status run_grad_boxes(call *c)
{
    boxes_work w = { .grads = c->in[0]->data, .out = c->out[0]->data };
    TRY(read_crops(c, 2, &c->in[0]->shape, &c->in[1]->shape, &w.crops));
    w.images = image_floats(c, 1);
    if (!w.images) return SM_RESOURCE_EXHAUSTED;
    if (w.crops.count == 0) return SM_OK;
    memset(w.out, 0, tensor_bytes(c->out[0]));
    call_for(c, w.crops.count, 1, grad_boxes, &w);
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------ */

static const kernel crop_kernels[] = { { .run = run_crop }, { 0 } };
static const kernel grad_image_kernels[] = { { .run = run_grad_image }, { 0 } };
static const kernel grad_boxes_kernels[] = { { .run = run_grad_boxes }, { 0 } };

#define IMAGE_TYPES "T: {uint8, uint16, int8, int16, int32, int64, half, float, double}"

/* clang-format off */
const op_def crop_resize_ops[] = {
    { "CropAndResize", "image:T boxes:float box_ind:int32 crop_size:int32 -> crops:float | " IMAGE_TYPES ", "
      "method: {\"bilinear\", \"nearest\"} = \"bilinear\", extrapolation_value: float = 0.0",
      infer_crop, crop_kernels, NULL, 0, "boxes cut out of pictures, resampled to one size" },
    { "CropAndResizeGradImage", "grads:float boxes:float box_ind:int32 image_size:int32 -> output:T | T: {float, half, double}, "
      "method: {\"bilinear\", \"nearest\"} = \"bilinear\"",
      infer_grad_image, grad_image_kernels, NULL, 0, "gradient of CropAndResize for its pictures" },
    { "CropAndResizeGradBoxes", "grads:float image:T boxes:float box_ind:int32 -> output:float | " IMAGE_TYPES ", "
      "method: {\"bilinear\"} = \"bilinear\"",
      infer_grad_boxes, grad_boxes_kernels, NULL, 0, "gradient of CropAndResize for its boxes" },
    { 0 },
};
