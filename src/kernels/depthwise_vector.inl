/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise_vector.inl - depthwise.h for one instruction set; included by depthwise_sse2.c, depthwise_avx2.c and
 * depthwise_avx512.c, which define VL (floats in a vector) and KERNELS (the table's name).
 *
 * An output's taps are added in the order of the filter, whichever path computes it. */
#include "kernels/depthwise.h"
#include "kernels/vector.h"

#define COLUMNS 4

/* The taps of an axis that lie inside. */
INLINE void taps(int64_t start, int64_t in, int64_t size, int64_t dilation, int64_t *from, int64_t *to)
{
    *from = start < 0 ? (-start + dilation - 1) / dilation : 0;
    *to = start >= in ? 0 : (in - start + dilation - 1) / dilation;
    if (*to > size) *to = size;
    if (*from > *to) *from = *to;
}

/* `count` outputs from column x on, which all see taps [x_from, x_to); in and out point at the vector's first channel. */
INLINE void outputs(const depthwise *d, const float *in, float *out, int64_t channel, int64_t y, int64_t x,
                    int64_t y_from, int64_t y_to, int64_t x_from, int64_t x_to, const int count)
{
    vf      sum[COLUMNS];
    int64_t c = d->channels, step = d->x_stride * c;
    UNROLL for (int i = 0; i < count; i++) sum[i] = d->bias ? *(const vf *)(d->bias + channel) : (vf){ 0 };
    for (int64_t k = y_from; k < y_to; k++) {
        int64_t      row = y * d->y_stride - d->y_before + k * d->y_dilation;
        const float *from = in + (row * d->in_columns + x * d->x_stride - d->x_before) * c;
        const float *filter = d->filter + k * d->filter_columns * c + channel;
        for (int64_t l = x_from; l < x_to; l++) {
            const vf     w = *(const vf *)(filter + l * c);
            const float *at = from + l * d->x_dilation * c;
            UNROLL for (int i = 0; i < count; i++) sum[i] += *(const vf *)(at + i * step) * w;
        }
    }
    const float *residual = d->residual ? d->residual + (out - d->out) : NULL;
    UNROLL for (int i = 0; i < count; i++)
    {
        if (residual) sum[i] += *(const vf *)(residual + (x + i) * c);
        *(vf *)(out + (x + i) * c) = clamp(sum[i], splat(d->low), splat(d->high));
    }
}

static void run_row(const depthwise *d, int64_t row)
{
    int64_t y = row % d->out_rows, image = row / d->out_rows, y_from, y_to, x_from, x_to;
    taps(y * d->y_stride - d->y_before, d->in_rows, d->filter_rows, d->y_dilation, &y_from, &y_to);
    int64_t reach = (d->filter_columns - 1) * d->x_dilation;
    for (int64_t channel = 0; channel < d->channels; channel += VL) {
        if (channel + VL > d->channels) channel = d->channels - VL;
        const float *in = d->in + image * d->in_rows * d->in_columns * d->channels + channel;
        float       *out = d->out + row * d->out_columns * d->channels + channel;
        for (int64_t x = 0; x < d->out_columns;) {
            int64_t start = x * d->x_stride - d->x_before, last = start + (COLUMNS - 1) * d->x_stride + reach;
            if (start >= 0 && last < d->in_columns && x + COLUMNS <= d->out_columns) {
                outputs(d, in, out, channel, y, x, y_from, y_to, 0, d->filter_columns, COLUMNS);
                x += COLUMNS;
                continue;
            }
            taps(start, d->in_columns, d->filter_columns, d->x_dilation, &x_from, &x_to);
            outputs(d, in, out, channel, y, x, y_from, y_to, x_from, x_to, 1);
            x++;
        }
    }
    int64_t n = d->out_columns * d->channels;
    if (d->finish) d->finish(d->finish_context, d->out + row * n, n);
}

const depthwise_kernels KERNELS = { VL, run_row };
