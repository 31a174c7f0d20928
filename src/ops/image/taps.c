/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/taps.c - resampling by taps: ResizeBicubic has four for each position, ScaleAndTranslate as many as its kernel
 * is wide. An output row is made in two steps: the input rows of its taps are summed into one row of floats, and the
 * pixels of that row into the pixels of the output. Both sums go in the order of the taps, as TensorFlow's do. */
#include "ops/image/resize.h"

#define MOST_PIECES 64

bool taps_new(call *c, int64_t n, int64_t per, taps *t)
{
    size_t count, bytes;
    *t = (taps){ .n = n, .per = per };
    if (__builtin_mul_overflow((size_t)n, (size_t)per, &count) || __builtin_mul_overflow(count, sizeof *t->index, &bytes)) {
        (void)CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
        return false;
    }
    t->index = call_scratch(c, bytes);
    t->weight = call_scratch(c, count * sizeof *t->weight);
    return t->index && t->weight;
}

typedef struct taps_work {
    const float *in;
    float       *out, *rows; /* rows: one for each piece */
    const taps  *ys, *xs;
    int64_t      height, row, channels, grain; /* row: floats in a row of the input */
} taps_work;

static void sum_rows(const taps_work *w, const float *image, int64_t y, float *restrict row)
{
    const int64_t *index = w->ys->index + y * w->ys->per;
    const float   *weight = w->ys->weight + y * w->ys->per;
    for (int64_t i = 0; i < w->row; i++) row[i] = 0;
    for (int64_t k = 0; k < w->ys->per && index[k] >= 0; k++) {
        const float *from = image + index[k] * w->row;
        float        by = weight[k];
        for (int64_t i = 0; i < w->row; i++) row[i] += from[i] * by;
    }
}

/* Inlined for one and three channels, whose loops the compiler can then unroll. */
static inline __attribute__((always_inline)) void sum_channels(const taps_work *w, const float *row,
                                                               float *restrict out, int64_t     channels)
{
    const int64_t *index = w->xs->index;
    const float   *weight = w->xs->weight;
    for (int64_t x = 0; x < w->xs->n; x++, out += channels, index += w->xs->per, weight += w->xs->per) {
        for (int64_t i = 0; i < channels; i++) out[i] = 0;
        for (int64_t k = 0; k < w->xs->per && index[k] >= 0; k++) {
            const float *from = row + index[k] * channels;
            float        by = weight[k];
            for (int64_t i = 0; i < channels; i++) out[i] += from[i] * by;
        }
    }
}

static void sum_pixels(const taps_work *w, const float *row, float *out)
{
    if (w->channels == 3)
        sum_channels(w, row, out, 3);
    else if (w->channels == 1)
        sum_channels(w, row, out, 1);
    else
        sum_channels(w, row, out, w->channels);
}

static void taps_rows(void *context, int64_t begin, int64_t end)
{
    const taps_work *w = context;
    float           *row = w->rows + begin / w->grain * w->row;
    for (int64_t i = begin; i < end; i++) {
        sum_rows(w, w->in + i / w->ys->n * w->height * w->row, i % w->ys->n, row);
        sum_pixels(w, row, w->out + i * w->xs->n * w->channels);
    }
}

sm_status taps_run(call *c, const float *in, const shape *in_shape, const taps *ys, const taps *xs, float *out)
{
    int64_t   n = in_shape->dims[0] * ys->n;
    taps_work w = { .in = in,
                    .out = out,
                    .ys = ys,
                    .xs = xs,
                    .height = in_shape->dims[1],
                    .row = in_shape->dims[2] * in_shape->dims[3],
                    .channels = in_shape->dims[3],
                    .grain = (n + MOST_PIECES - 1) / MOST_PIECES };
    if (n == 0) return SM_OK;
    w.rows = call_scratch(c, (size_t)((n + w.grain - 1) / w.grain * w.row) * sizeof *w.rows);
    if (!w.rows) return SM_RESOURCE_EXHAUSTED;
    call_for(c, n, w.grain, taps_rows, &w);
    return SM_OK;
}
