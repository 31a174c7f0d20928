/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/gemm_vector.inl - gemm.h's kernels for one instruction set; included by gemm_sse2.c, gemm_avx2.c and
 * gemm_avx512.c, which define
 *
 *     VL         floats in a vector
 *     MR, NR     the tile: rows, and vectors of columns; its sums stay in MR x NR registers
 *     HEIGHTS    the tile heights that are compiled, smallest first, as X(rows)
 *     KERNELS    the name of the table that this file defines
 *
 * The rows that are left over at the bottom take the smallest height that fits; the rows missing from it read the last one
 * again and are not stored. Columns left over on the right are computed in a full tile and copied out of a buffer. */
#include "kernels/gemm.h"

#include <string.h>

#define UNROLL _Pragma("GCC unroll 32")
#define INLINE static inline __attribute__((always_inline))
#define WIDTH (NR * VL)

typedef float vf __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int   vi __attribute__((vector_size(VL * 4)));

typedef struct tile_args {
    const float *a[MR]; /* rows of A                                   */
    float       *c[MR]; /* rows of C                                   */
    const float *residual[MR];
    const float *b;    /* a panel                                     */
    const float *bias; /* WIDTH floats                                */
    const gemm  *g;
    int          rows; /* to store                                    */
} tile_args;

INLINE vf clamp(vf x, float low, float high)
{
    vf l = low - (vf){ 0 }, h = high - (vf){ 0 };
    vi under = x<l, over = x> h;
    x = (vf)(((vi)l & under) | ((vi)x & ~under));
    return (vf)(((vi)h & over) | ((vi)x & ~over));
}

INLINE void tile(const tile_args *t, const int rows)
{
    const gemm  *g = t->g;
    const float *b = t->b, *a[MR];
    vf           sum[MR][NR];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < NR; j++) sum[i][j] = *(const vf *)(t->bias + j * VL);
    for (int64_t s = 0; s < g->segments; s++) {
        int64_t at = g->segment[s];
        UNROLL for (int i = 0; i < rows; i++) a[i] = t->a[i] + at;
        for (int64_t k = 0; k < g->length; k++, b += WIDTH) {
            vf x[NR];
            UNROLL for (int j = 0; j < NR; j++) x[j] = *(const vf *)(b + j * VL);
            UNROLL for (int i = 0; i < rows; i++)
            {
                float y = a[i][k];
                UNROLL for (int j = 0; j < NR; j++) sum[i][j] += y * x[j];
            }
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        if (i >= t->rows) break;
        UNROLL for (int j = 0; j < NR; j++)
        {
            if (g->residual) sum[i][j] += *(const vf *)(t->residual[i] + j * VL);
            *(vf *)(t->c[i] + j * VL) = clamp(sum[i][j], g->low, g->high);
        }
    }
}

#define TILE_FUNCTION(height)                                               \
    static __attribute__((noinline)) void tile_##height(const tile_args *t) \
    {                                                                       \
        tile(t, height);                                                    \
    }
HEIGHTS(TILE_FUNCTION)

static void run_tile(const tile_args *t)
{
#define TRY_HEIGHT(height)   \
    if (t->rows <= height) { \
        tile_##height(t);    \
        return;              \
    }
    HEIGHTS(TRY_HEIGHT)
#undef TRY_HEIGHT
}

/* A tile at the right edge: `columns` of its WIDTH are C's. */
static void run_edge(tile_args *t, int64_t columns)
{
    float  buffer[MR * WIDTH], residual[MR * WIDTH];
    float *c[MR];
    for (int i = 0; i < t->rows; i++) {
        c[i] = t->c[i];
        t->c[i] = buffer + i * WIDTH;
        if (!t->g->residual) continue;
        memcpy(residual + i * WIDTH, t->residual[i], (size_t)columns * sizeof(float));
        memset(residual + i * WIDTH + columns, 0, (size_t)(WIDTH - columns) * sizeof(float));
        t->residual[i] = residual + i * WIDTH;
    }
    run_tile(t);
    for (int i = 0; i < t->rows; i++) t->c[i] = c[i];
    for (int i = 0; i < t->rows; i++) memcpy(c[i], buffer + i * WIDTH, (size_t)columns * sizeof(float));
}

static const float *row_of(const gemm *g, int64_t i)
{
    int64_t x = i % g->width, y = i / g->width;
    return g->a + x * g->x_step + y % g->height * g->y_step + y / g->height * g->image_step;
}

static void run_panels(const gemm *g, int64_t row, int64_t row_end, int64_t panel, int64_t panel_end)
{
    int64_t k = g->segments * g->length;
    for (; panel < panel_end; panel++) {
        int64_t   column = panel * WIDTH, columns = g->n - column < WIDTH ? g->n - column : WIDTH;
        float     bias[WIDTH] = { 0 };
        tile_args t = { .b = g->b + panel * k * WIDTH, .bias = bias, .g = g };
        if (g->bias) memcpy(bias, g->bias + column, (size_t)columns * sizeof(float));
        for (int64_t i = row; i < row_end; i += MR) {
            t.rows = row_end - i < MR ? (int)(row_end - i) : MR;
            for (int r = 0; r < MR; r++) {
                int64_t at = r < t.rows ? i + r : i + t.rows - 1;
                t.a[r] = row_of(g, at);
                t.c[r] = g->c + at * g->c_step + column;
                t.residual[r] = g->residual ? g->residual + at * g->c_step + column : NULL;
            }
            if (columns == WIDTH)
                run_tile(&t);
            else
                run_edge(&t, columns);
            for (int r = 0; g->finish && r < t.rows; r++) g->finish(g->finish_context, t.c[r], columns);
        }
    }
}

static void pack_panels(const float *b, int64_t k_step, int64_t n_step, int64_t k, int64_t n, int64_t from, int64_t to,
                        float *packed)
{
    for (int64_t p = from; p < to; p++) {
        int64_t columns = n - p * WIDTH < WIDTH ? n - p * WIDTH : WIDTH;
        float  *out = packed + p * k * WIDTH;
        for (int64_t i = 0; i < k; i++, out += WIDTH) {
            const float *in = b + i * k_step + p * WIDTH * n_step;
            if (n_step == 1 && columns == WIDTH) {
                memcpy(out, in, WIDTH * sizeof(float));
                continue;
            }
            for (int64_t j = 0; j < columns; j++) out[j] = in[j * n_step];
            for (int64_t j = columns; j < WIDTH; j++) out[j] = 0;
        }
    }
}

/* Few rows: B is read once, row by row, as it lies; the sums of a row of C stay in the first cache. */
static void run_thin(const gemm *g, const float *b, int64_t b_step, int64_t from, int64_t to)
{
    int64_t k = g->length, n = to - from;
    for (int64_t i = 0; i < g->m; i++) {
        const float *restrict a = row_of(g, i), *restrict x = b + from;
        float *restrict c = g->c + i * g->c_step + from;
        for (int64_t j = 0; j < n; j++) c[j] = g->bias ? g->bias[from + j] : 0;
        int64_t l = 0;
        for (; l + 4 <= k; l += 4, x += 4 * b_step) {
            const float a0 = a[l], a1 = a[l + 1], a2 = a[l + 2], a3 = a[l + 3];
            const float *restrict x1 = x + b_step, *restrict x2 = x1 + b_step, *restrict x3 = x2 + b_step;
            for (int64_t j = 0; j < n; j++) c[j] = c[j] + a0 * x[j] + a1 * x1[j] + a2 * x2[j] + a3 * x3[j];
        }
        for (; l < k; l++, x += b_step)
            for (int64_t j = 0; j < n; j++) c[j] += a[l] * x[j];
        const float *residual = g->residual ? g->residual + i * g->c_step + from : NULL;
        for (int64_t j = 0; residual && j < n; j++) c[j] += residual[j];
        for (int64_t j = 0; j < n; j++) c[j] = c[j] < g->low ? g->low : c[j] > g->high ? g->high : c[j];
        if (g->finish) g->finish(g->finish_context, c, n);
    }
}

const gemm_kernels KERNELS = { MR, WIDTH, pack_panels, run_panels, run_thin };
