/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/resize_area.c - ResizeArea: an output pixel is the mean of the input's area under it, pixels at the edges
 * counted by the part that lies inside. A sum along the row first, then down the rows, in float as TensorFlow's.
 *
 * Tests: resize_area.test. */
#include "ops/image/resize.h"

#include <math.h>

/* The input pixels [start, end) under an output pixel, and how much the first and the last one count. */
typedef struct cover {
    int64_t start, end;
    float   first, last;
} cover;

/* The part of input pixel i between `from` and `to`, which is `scale` long. */
static float part_inside(int64_t i, float from, float to, float scale)
{
    if ((float)i < from) return (float)(i + 1) > to ? scale : (float)(i + 1) - from;
    return (float)(i + 1) > to ? to - (float)i : 1.0f;
}

static cover cover_of(int64_t at, float scale)
{
    float from = (float)at * scale, to = (float)(at + 1) * scale;
    cover v = { .start = (int64_t)floorf(from), .end = (int64_t)ceilf(to) };
    v.first = part_inside(v.start, from, to, scale);
    v.last = part_inside(v.end - 1, from, to, scale);
    return v;
}

static int64_t inside(int64_t i, int64_t limit)
{
    return i < 0 ? 0 : i < limit ? i : limit - 1;
}

typedef struct area_work {
    const float *in;
    float       *out;
    const cover *xs;
    int64_t      in_height, in_width, height, width, channels;
    float        y_scale, area; /* area: 1 / input pixels under an output pixel */
} area_work;

/* out += by * the sums along one row of the input. Inlined for one and three channels, whose loops can be unrolled. */
static inline __attribute__((always_inline)) void add_channels(const area_work *w, const float *row, float by,
                                                               float *restrict out, int64_t channels)
{
    for (int64_t x = 0; x < w->width; x++, out += channels) {
        const cover *v = &w->xs[x];
        const float *first = row + inside(v->start, w->in_width) * channels;
        const float *last = row + inside(v->end - 1, w->in_width) * channels;
        for (int64_t k = 0; k < channels; k++) {
            float sum = first[k] * v->first;
            for (int64_t i = v->start + 1; i < v->end - 1; i++) sum += row[inside(i, w->in_width) * channels + k];
            if (v->start + 1 != v->end) sum += last[k] * v->last;
            out[k] += sum * by;
        }
    }
}

static void add_row(const area_work *w, const float *row, float by, float *out)
{
    if (w->channels == 3)
        add_channels(w, row, by, out, 3);
    else if (w->channels == 1)
        add_channels(w, row, by, out, 1);
    else
        add_channels(w, row, by, out, w->channels);
}

static void area_rows(void *context, int64_t begin, int64_t end)
{
    const area_work *w = context;
    int64_t          line = w->in_width * w->channels, n = w->width * w->channels;
    for (int64_t row = begin; row < end; row++) {
        const float *image = w->in + row / w->height * w->in_height * line;
        float       *out = w->out + row * n;
        int64_t      y = row % w->height;
        float        from = (float)y * w->y_scale, to = (float)(y + 1) * w->y_scale;
        for (int64_t i = 0; i < n; i++) out[i] = 0;
        for (int64_t i = (int64_t)floorf(from); i < (int64_t)ceilf(to); i++)
            add_row(w, image + inside(i, w->in_height) * line, part_inside(i, from, to, w->y_scale), out);
        for (int64_t i = 0; i < n; i++) out[i] *= w->area;
    }
}

static sm_status run_area(call *c)
{
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    bool         align = node_bool(c->node, "align_corners");
    area_work    w = { .out = c->out[0]->data,
                       .in_height = in->dims[1],
                       .in_width = in->dims[2],
                       .height = out->dims[1],
                       .width = out->dims[2],
                       .channels = in->dims[3] };
    if (shape_count(out) == 0) return SM_OK;
    float  x_scale = resize_scale(w.in_width, w.width, align);
    cover *xs = call_scratch(c, (size_t)w.width * sizeof *xs);
    w.in = image_floats(c, 0);
    if (!xs || !w.in) return SM_RESOURCE_EXHAUSTED;
    for (int64_t x = 0; x < w.width; x++) xs[x] = cover_of(x, x_scale);
    w.xs = xs;
    w.y_scale = resize_scale(w.in_height, w.height, align);
    w.area = (float)(1.0 / (double)(w.y_scale * x_scale));
    call_for(c, in->dims[0] * w.height, 1, area_rows, &w);
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------- */

static const kernel resize_area[] = { { .run = run_area }, { 0 } };

/* clang-format off */
const op_def resize_area_ops[] = {
    { "ResizeArea", "images:T size:int32 -> resized_images:float | "
      "T: {int8, uint8, int16, uint16, int32, int64, half, float, double, bfloat16}, align_corners: bool = false",
      infer_resize, resize_area, NULL, 0, "pictures of another size, each pixel the mean of the area it covers" },
    { 0 },
};
