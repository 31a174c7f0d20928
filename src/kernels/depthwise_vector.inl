/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise_vector.inl - depthwise.h for one instruction set; included by depthwise_sse2.c, depthwise_avx2.c and
 * depthwise_avx512.c, which define VL (floats in a vector) and KERNELS (the table's name).
 *
 * The usual filters, 3 x 3 and 5 x 5 with stride 1 or 2, are compiled for their sizes: the filter (of 5 x 5, a row of it)
 * stays in registers while two rows of four outputs take from each input what they need of it. At the image's sides the same code
 * asks of each input column whether it is there; above and below, rows of outputs that see less of the filter are computed on
 * their own. Four outputs that would stick out on the right are moved left, over some that have been computed.
 * Anything else goes output by output.
 *
 * An output's taps are added in the order of the filter, whichever path computes it. */
#include "kernels/depthwise.h"
#include "kernels/vector.h"

#define ROWS 2
#define COLUMNS 4

/* The taps of an axis that lie inside. */
typedef struct span {
    int64_t from, to;
} span;

static span taps(int64_t start, int64_t in, int64_t size, int64_t dilation)
{
    span s = { start < 0 ? (-start + dilation - 1) / dilation : 0,
               start >= in ? 0 : (in - start + dilation - 1) / dilation };
    if (s.to > size) s.to = size;
    if (s.from > s.to) s.from = s.to;
    return s;
}

/* A vector of channels of one image. */
typedef struct place {
    const float *in;  /* pixel (0, 0) of the image       */
    float       *out; /* output (0, 0)                   */
    const float *filter, *residual;
    vf           bias, low, high;
} place;

INLINE void put(const depthwise *d, const place *p, int64_t y, int64_t x, vf sum)
{
    const int64_t at = (y * d->out_columns + x) * d->channels;
    if (p->residual) sum += load(p->residual + at);
    store(p->out + at, clamp(sum, p->low, p->high));
}

INLINE void put_block(const depthwise *d, const place *p, int64_t y, int64_t x, vf sum[ROWS][COLUMNS], const int rows)
{
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < COLUMNS; j++) put(d, p, y + i, x + j, sum[i][j]);
}

/* Outputs (y .. y + rows, x .. x + COLUMNS) under a 3 x 3 filter w, of which they see all rows. Of each row of inputs, columns
 * [there.from, there.to) exist. */
INLINE void block_of_3(const depthwise *d, const place *p, int64_t y, int64_t x, const vf *w, span there,
                       const int rows, const int stride, const bool inside)
{
    const int64_t c = d->channels, row = d->in_columns * c;
    const float  *from = p->in + (y * stride - d->y_before) * row + (x * stride - d->x_before) * c;
    vf            sum[ROWS][COLUMNS];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < COLUMNS; j++) sum[i][j] = p->bias;
    UNROLL for (int k = 0; k < (rows - 1) * stride + 3; k++, from += row)
    {
        UNROLL for (int l = 0; l < (COLUMNS - 1) * stride + 3; l++)
        {
            if (!inside && (l < there.from || l >= there.to)) continue;
            const vf v = load(from + l * c);
            UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < COLUMNS; j++)
            {
                const int down = k - i * stride, across = l - j * stride;
                if (down >= 0 && down < 3 && across >= 0 && across < 3) sum[i][j] += v * w[down * 3 + across];
            }
        }
    }
    put_block(d, p, y, x, sum, rows);
}

/* The same under rows `seen` of a filter of any of the sizes, one row of it in registers at a time. */
INLINE void block_by_rows(const depthwise *d, const place *p, int64_t y, int64_t x, span seen, span there,
                          const int rows, const int size, const int stride, const bool inside)
{
    const int64_t c = d->channels, row = d->in_columns * c;
    const float  *from = p->in + (y * stride - d->y_before) * row + (x * stride - d->x_before) * c;
    vf            sum[ROWS][COLUMNS];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < COLUMNS; j++) sum[i][j] = p->bias;
    ROLLED for (int64_t k = seen.from; k < seen.to; k++)
    {
        vf w[5];
        UNROLL for (int l = 0; l < size; l++) w[l] = load(p->filter + (k * size + l) * c);
        UNROLL for (int i = 0; i < rows; i++)
        {
            const float *at = from + (k + i * stride) * row;
            UNROLL for (int l = 0; l < (COLUMNS - 1) * stride + size; l++)
            {
                if (!inside && (l < there.from || l >= there.to)) continue;
                const vf v = load(at + l * c);
                UNROLL for (int j = 0; j < COLUMNS; j++)
                {
                    const int tap = l - j * stride;
                    if (tap >= 0 && tap < size) sum[i][j] += v * w[tap];
                }
            }
        }
    }
    put_block(d, p, y, x, sum, rows);
}

/* All columns of rows y .. y + rows. */
INLINE void strip(const depthwise *d, const place *p, int64_t y, span seen, const int rows, const int size, const int stride)
{
    const int64_t wide = (COLUMNS - 1) * stride + size;
    const bool    whole = size == 3 && seen.to - seen.from == 3;
    vf            w[9];
    UNROLL for (int k = 0; size == 3 && k < 9; k++) w[k] = load(p->filter + k * d->channels);
    for (int64_t next = 0; next < d->out_columns; next += COLUMNS) {
        const int64_t x = next + COLUMNS > d->out_columns ? d->out_columns - COLUMNS : next;
        const span    there = taps(x * stride - d->x_before, d->in_columns, wide, 1);
        if (whole && there.to - there.from == wide)
            block_of_3(d, p, y, x, w, there, rows, stride, true);
        else if (whole)
            block_of_3(d, p, y, x, w, there, rows, stride, false);
        else if (there.to - there.from == wide)
            block_by_rows(d, p, y, x, seen, there, rows, size, stride, true);
        else
            block_by_rows(d, p, y, x, seen, there, rows, size, stride, false);
    }
}

typedef void strip_function(const depthwise *d, const place *p, int64_t y, span seen);

#define STRIP(rows, size, stride)                                                                              \
    static __attribute__((noinline)) void strip_##rows##_##size##_##stride(const depthwise *d, const place *p, \
                                                                           int64_t y, span seen)               \
    {                                                                                                          \
        strip(d, p, y, seen, rows, size, stride);                                                              \
    }
STRIP(1, 3, 1)
STRIP(2, 3, 1)
STRIP(1, 3, 2)
STRIP(2, 3, 2)
STRIP(1, 5, 1)
STRIP(2, 5, 1)
STRIP(1, 5, 2)
STRIP(2, 5, 2)

/* By size (3, 5), stride, rows. */
static strip_function *const strips[2][2][ROWS] = {
    { { strip_1_3_1, strip_2_3_1 }, { strip_1_3_2, strip_2_3_2 } },
    { { strip_1_5_1, strip_2_5_1 }, { strip_1_5_2, strip_2_5_2 } },
};

static strip_function *const *find_strips(const depthwise *d)
{
    if (d->filter_rows != d->filter_columns || (d->filter_rows != 3 && d->filter_rows != 5)) return NULL;
    if (d->y_stride != d->x_stride || d->y_stride > 2 || d->y_dilation != 1 || d->x_dilation != 1) return NULL;
    if (d->out_columns < COLUMNS) return NULL;
    return strips[d->filter_rows == 5][d->y_stride - 1];
}

/* Any window, one output after the other. */
static void any_row(const depthwise *d, const place *p, int64_t y, span seen)
{
    const int64_t c = d->channels;
    for (int64_t x = 0; x < d->out_columns; x++) {
        const int64_t first = x * d->x_stride - d->x_before;
        const span    across = taps(first, d->in_columns, d->filter_columns, d->x_dilation);
        vf            sum = p->bias;
        for (int64_t k = seen.from; k < seen.to; k++) {
            const int64_t row = y * d->y_stride - d->y_before + k * d->y_dilation;
            const float  *at = p->in + (row * d->in_columns + first) * c;
            const float  *w = p->filter + k * d->filter_columns * c;
            for (int64_t l = across.from; l < across.to; l++) sum += load(at + l * d->x_dilation * c) * load(w + l * c);
        }
        put(d, p, y, x, sum);
    }
}

static place place_at(const depthwise *d, int64_t image, int64_t channel)
{
    const int64_t in = image * d->in_rows * d->in_columns * d->channels + channel;
    const int64_t out = image * d->out_rows * d->out_columns * d->channels + channel;
    return (place){ .in = d->in + in,
                    .out = d->out + out,
                    .filter = d->filter + channel,
                    .residual = d->residual ? d->residual + out : NULL,
                    .bias = d->bias ? load(d->bias + channel) : splat(0),
                    .low = splat(d->low),
                    .high = splat(d->high) };
}

/* Rows of one image that see the same of the filter. */
static void run_rows(const depthwise *d, int64_t image, int64_t y, int rows, span seen)
{
    strip_function *const *fast = find_strips(d);
    for (int64_t channel = 0; channel < d->channels; channel += VL) {
        if (channel + VL > d->channels) channel = d->channels - VL;
        const place p = place_at(d, image, channel);
        if (fast)
            fast[rows - 1](d, &p, y, seen);
        else
            any_row(d, &p, y, seen);
    }
}

static void run_all(const depthwise *d, int64_t row, int64_t row_end)
{
    const bool fast = find_strips(d) != NULL;
    while (row < row_end) {
        const int64_t y = row % d->out_rows, image = row / d->out_rows, n = d->out_columns * d->channels;
        const span    seen = taps(y * d->y_stride - d->y_before, d->in_rows, d->filter_rows, d->y_dilation);
        const span    next = taps((y + 1) * d->y_stride - d->y_before, d->in_rows, d->filter_rows, d->y_dilation);
        const bool pair = fast && row + 1 < row_end && y + 1 < d->out_rows && seen.from == next.from && seen.to == next.to;
        const int rows = pair ? 2 : 1;
        run_rows(d, image, y, rows, seen);
        if (d->finish) d->finish(d->finish_context, d->out + row * n, rows * n);
        row += rows;
    }
}

const depthwise_kernels KERNELS = { VL, run_all };
