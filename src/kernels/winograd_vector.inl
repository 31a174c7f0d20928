/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd_vector.inl - winograd.h's transforms for one instruction set; included by winograd_sse2.c,
 * winograd_avx2.c and winograd_avx512.c, which define VL (floats in a vector) and KERNELS (the table's name).
 *
 * A vector holds neighbouring channels. The small matrices are applied to the columns of a patch, then to the rows of what
 * came of that; patches that reach over the image's edge read zeros there. */
#include "kernels/vector.h"
#include "kernels/winograd.h"

#define MOST 6 /* side + 2 */
#define A ((float)WINOGRAD_A)
#define B ((float)WINOGRAD_B)

/* x becomes B' x */
INLINE void in_line(const int side, const vf *x, vf *y)
{
    if (side == 2) {
        y[0] = x[0] - x[2];
        y[1] = x[1] + x[2];
        y[2] = x[2] - x[1];
        y[3] = x[1] - x[3];
        return;
    }
    const vf p = x[4] - B * B * x[2], q = A * x[3] - A * B * B * x[1];
    const vf r = x[4] - A * A * x[2], s = B * x[3] - B * A * A * x[1];
    y[0] = A * A * B * B * x[0] - (A * A + B * B) * x[2] + x[4];
    y[1] = p + q;
    y[2] = p - q;
    y[3] = r + s;
    y[4] = r - s;
    y[5] = A * A * B * B * x[1] - (A * A + B * B) * x[3] + x[5];
}

/* x becomes A' x */
INLINE void out_line(const int side, const vf *x, vf *y)
{
    if (side == 2) {
        y[0] = x[0] + x[1] + x[2];
        y[1] = x[1] - x[2] - x[3];
        return;
    }
    const vf p = x[1] + x[2], q = x[1] - x[2], r = x[3] + x[4], s = x[3] - x[4];
    y[0] = x[0] + p + r;
    y[1] = A * q + B * s;
    y[2] = A * A * p + B * B * r;
    y[3] = A * A * A * q + B * B * B * s + x[5];
}

typedef struct position {
    int64_t image, y, x; /* of the tile's first output */
} position;

static position position_of(const winograd *w, int64_t tile)
{
    const int64_t row = tile / w->across;
    return (position){ row / w->down, row % w->down * w->side, tile % w->across * w->side };
}

/* The patch whose first input is (y, x); `inside`: all of it lies in the image. */
INLINE void in_patch(const winograd *w, const float *image, float *v, int64_t y, int64_t x, const int side, const bool inside)
{
    const int     wide = side + 2;
    const int64_t c = w->channels, place = w->tiles * c;
    for (int64_t k = 0; k < c; k += VL) {
        vf half[MOST][MOST], line[MOST], done[MOST];
        UNROLL for (int j = 0; j < wide; j++)
        {
            UNROLL for (int i = 0; i < wide; i++)
            {
                const bool there = inside || (y + i >= 0 && y + i < w->in_rows && x + j >= 0 && x + j < w->in_columns);
                line[i] = there ? load(image + ((y + i) * w->in_columns + x + j) * c + k) : splat(0);
            }
            in_line(side, line, done);
            UNROLL for (int i = 0; i < wide; i++) half[i][j] = done[i];
        }
        UNROLL for (int i = 0; i < wide; i++)
        {
            in_line(side, half[i], done);
            UNROLL for (int j = 0; j < wide; j++) store(v + (i * wide + j) * place + k, done[j]);
        }
    }
}

INLINE void in_tiles(const winograd *w, int64_t from, int64_t to, const int side)
{
    for (int64_t t = from; t < to; t++) {
        const position p = position_of(w, t);
        const int64_t  y = p.y - w->y_before, x = p.x - w->x_before;
        const float   *image = w->in + p.image * w->in_rows * w->in_columns * w->channels;
        float         *v = w->v + (t - w->first) * w->channels;
        if (y >= 0 && x >= 0 && y + side + 2 <= w->in_rows && x + side + 2 <= w->in_columns)
            in_patch(w, image, v, y, x, side, true);
        else
            in_patch(w, image, v, y, x, side, false);
    }
}

/* A tile of which `rows` x `columns` lie in the image, at its first output. */
INLINE void out_tile(const winograd *w, const float *m, int64_t at, int rows, int columns, const int side)
{
    const int     wide = side + 2;
    const int64_t n = w->out_channels, place = w->tiles * n;
    const vf      low = splat(w->low), high = splat(w->high);
    for (int64_t k = 0; k < n; k += VL) {
        vf half[MOST][MOST], line[MOST], done[MOST];
        UNROLL for (int j = 0; j < wide; j++)
        {
            UNROLL for (int i = 0; i < wide; i++) line[i] = load(m + (i * wide + j) * place + k);
            out_line(side, line, done);
            UNROLL for (int i = 0; i < side; i++) half[i][j] = done[i];
        }
        const vf bias = w->bias ? load(w->bias + k) : splat(0);
        UNROLL for (int i = 0; i < side; i++)
        {
            out_line(side, half[i], done);
            UNROLL for (int j = 0; j < side; j++)
            {
                if (i < rows && j < columns) {
                    const int64_t to = at + (i * w->out_columns + j) * n + k;
                    vf            y = done[j] + bias;
                    if (w->residual) y += load(w->residual + to);
                    store(w->out + to, clamp(y, low, high));
                }
            }
        }
    }
    for (int i = 0; w->finish && i < rows; i++)
        w->finish(w->finish_context, w->out + at + i * w->out_columns * n, columns * n);
}

INLINE void out_tiles(const winograd *w, int64_t from, int64_t to, const int side)
{
    for (int64_t t = from; t < to; t++) {
        const position p = position_of(w, t);
        const int64_t  at = ((p.image * w->out_rows + p.y) * w->out_columns + p.x) * w->out_channels;
        const int64_t  rows = w->out_rows - p.y, columns = w->out_columns - p.x;
        out_tile(w, w->m + (t - w->first) * w->out_channels, at, rows < side ? (int)rows : side,
                 columns < side ? (int)columns : side, side);
    }
}

static void run_in(const winograd *w, int64_t from, int64_t to)
{
    if (w->side == 2)
        in_tiles(w, from, to, 2);
    else
        in_tiles(w, from, to, 4);
}

static void run_out(const winograd *w, int64_t from, int64_t to)
{
    if (w->side == 2)
        out_tiles(w, from, to, 2);
    else
        out_tiles(w, from, to, 4);
}

const winograd_kernels KERNELS = { VL, run_in, run_out };
