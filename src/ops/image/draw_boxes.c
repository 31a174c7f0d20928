/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/draw_boxes.c - DrawBoundingBoxes and V2: the outlines of boxes [y1, x1, y2, x2], given in parts of a picture, drawn
 * over it. Colours are taken in turn, from an input or from ten that TensorFlow chose. A box that is outside of the picture
 * or turned inside out is not drawn. Tests: draw_boxes.test. */
#include "graph/op.h"

static const float default_colors[10][4] = {
    { 1, 1, 0, 1 },       { 0, 0, 1, 1 },    { 1, 0, 0, 1 },    { 0, 1, 0, 1 }, { 0.5f, 0, 0.5f, 1 },
    { 0.5f, 0.5f, 0, 1 }, { 0.5f, 0, 0, 1 }, { 0, 0, 0.5f, 1 }, { 0, 1, 1, 1 }, { 1, 0, 1, 1 },
};

static sm_status infer_draw(infer *c)
{
    const shape *images = &c->in[0], *boxes = &c->in[1];
    if (images->rank != UNKNOWN_RANK && images->rank != 4) return INFER_FAIL(c, "The rank of the images should be 4");
    if (boxes->rank != UNKNOWN_RANK && boxes->rank != 3)
        return INFER_FAIL(c, "The rank of the boxes tensor should be 3");
    TRY(infer_same(c));
    if (!shape_known(images) || !shape_known(boxes)) return SM_OK;
    int64_t channels = images->dims[3];
    if (images->dims[0] != boxes->dims[0]) return INFER_FAIL(c, "The batch sizes should be the same");
    if (channels != 1 && channels != 3 && channels != 4)
        return INFER_FAIL(c, "Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
    if (boxes->dims[2] != 4)
        return INFER_FAIL(c, "The size of the third dimension of the box must be 4. Received: %lld",
                          (long long)boxes->dims[2]);
    if (c->n_in < 3 || !shape_known(&c->in[2])) return SM_OK;
    if (c->in[2].rank != 2) return INFER_FAIL(c, "colors must be a 2-D matrix");
    if (c->in[2].dims[1] < channels)
        return INFER_FAIL(c, "colors must have equal or more channels than the image provided: [%lld,%lld]",
                          (long long)c->in[2].dims[0], (long long)c->in[2].dims[1]);
    return SM_OK;
}

typedef struct canvas {
    char       *pixels; /* of one picture */
    int64_t     height, width, channels;
    size_t      element;
    const char *color; /* channels elements */
} canvas;

static void draw_line(const canvas *v, int64_t y1, int64_t x1, int64_t y2, int64_t x2)
{
    size_t pixel = (size_t)v->channels * v->element;
    for (int64_t y = y1; y <= y2; y++)
        for (int64_t x = x1; x <= x2; x++) memcpy(v->pixels + (size_t)(y * v->width + x) * pixel, v->color, pixel);
}

/* A part of an axis in pixels; far outside where the number is none or too large. */
static int64_t pixel_of(float part, int64_t size)
{
    float at = part * (float)(size - 1);
    return at > -1e9f && at < 1e9f ? (int64_t)at : at > 0 ? (int64_t)1 << 40 : -((int64_t)1 << 40);
}

static void draw_box(const canvas *v, const float *box)
{
    int64_t top = pixel_of(box[0], v->height), left = pixel_of(box[1], v->width);
    int64_t bottom = pixel_of(box[2], v->height), right = pixel_of(box[3], v->width);
    if (top > bottom || left > right || top >= v->height || bottom < 0 || left >= v->width || right < 0) return;
    int64_t y1 = top > 0 ? top : 0, y2 = bottom < v->height ? bottom : v->height - 1;
    int64_t x1 = left > 0 ? left : 0, x2 = right < v->width ? right : v->width - 1;
    if (top >= 0) draw_line(v, top, x1, top, x2);
    if (bottom < v->height) draw_line(v, bottom, x1, bottom, x2);
    if (left >= 0) draw_line(v, y1, left, y2, left);
    if (right < v->width) draw_line(v, y1, right, y2, right);
}

/* Color i in the elements of the picture; grey pictures are drawn on in white when no colours are given. */
static void color_of(call *c, int64_t i, int64_t channels, uint16_t *half, float *single)
{
    const tensor *colors = c->n_in > 2 && tensor_count(c->in[2]) > 0 ? c->in[2] : NULL;
    int64_t       n = colors ? tensor_dim(colors, 0) : 10;
    for (int64_t k = 0; k < channels; k++) {
        single[k] = colors ? ((const float *)colors->data)[i % n * tensor_dim(colors, 1) + k] : default_colors[i % n][k];
        if (!colors && channels == 1) single[k] = 1;
        half[k] = float_to_half(single[k]);
    }
}

static sm_status run_draw(call *c)
{
    const shape *s = &c->in[0]->shape;
    canvas v = { .height = s->dims[1], .width = s->dims[2], .channels = s->dims[3], .element = dtype_size(c->in[0]->dtype) };
    int64_t  count = tensor_dim(c->in[1], 1);
    uint16_t half[4];
    float    single[4];
    size_t   bytes = tensor_bytes(c->in[0]);
    if (bytes == 0) return SM_OK;
    memcpy(c->out[0]->data, c->in[0]->data, bytes);
    v.color = c->in[0]->dtype == SM_HALF ? (const char *)half : (const char *)single;
    for (int64_t i = 0; i < s->dims[0] * count; i++) {
        v.pixels = (char *)c->out[0]->data + (size_t)(i / count * v.height * v.width * v.channels) * v.element;
        color_of(c, i % count, v.channels, half, single);
        draw_box(&v, (const float *)c->in[1]->data + 4 * i);
    }
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------- */

static const kernel draw_rows[] = { { .run = run_draw }, { 0 } };

/* clang-format off */
const op_def draw_boxes_ops[] = {
    { "DrawBoundingBoxes", "images:T boxes:float -> output:T | T: {float, half} = float",
      infer_draw, draw_rows, NULL, 0, "outlines of boxes drawn over pictures" },
    { "DrawBoundingBoxesV2", "images:T boxes:float colors:float -> output:T | T: {float, half} = float",
      infer_draw, draw_rows, NULL, 0, "the same, in given colours" },
    { 0 },
};
