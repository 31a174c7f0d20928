/* SPDX-License-Identifier: Apache-2.0 */
/* ops/product.c - how a product is cut, by its sizes alone.
 *
 * A piece is worth waking a thread for (some microseconds), and there are some for each of a few threads; only large
 * products make more of them. A cut across the rows reads B once per piece, a cut across the panels reads A once per
 * piece: whichever is smaller is read again. So images are cut by rows, and 7 x 7 pixels under a large filter by panels. */
#include "ops/product.h"

#define PACK_GRAIN 32768   /* floats      */
#define PIECE_WORK 262144  /* multiply-adds: at least, about 5 microseconds */
#define LARGE_WORK 4194304 /* ... of a piece of a large product            */
#define SOME_PIECES 16
#define THIN_COLUMNS 512

typedef struct cut {
    const gemm_kernels *kernels;
    const gemm         *g;
    const float        *b;
    int64_t             k_step, n_step, k, n, b_step;
    float              *packed;
    int64_t             rows, row_blocks, panels, panels_each;
} cut;

size_t product_packed_size(const gemm_kernels *k, int64_t rows, int64_t columns)
{
    return (size_t)gemm_packed(k, rows, columns) * sizeof(float);
}

static void pack_piece(void *context, int64_t begin, int64_t end)
{
    const cut *p = context;
    p->kernels->pack(p->b, p->k_step, p->n_step, p->k, p->n, begin, end, p->packed);
}

void product_pack(call *c, const gemm_kernels *kernels, const float *b, int64_t k_step, int64_t n_step, int64_t k,
                  int64_t n, float *packed)
{
    cut     p = { .kernels = kernels, .b = b, .k_step = k_step, .n_step = n_step, .k = k, .n = n, .packed = packed };
    int64_t grain = PACK_GRAIN / (k * kernels->columns + 1) + 1;
    call_for(c, gemm_panels(kernels, n), grain, pack_piece, &p);
}

static void product_piece(void *context, int64_t begin, int64_t end)
{
    const cut *p = context;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = i % p->row_blocks * p->rows, panel = i / p->row_blocks * p->panels_each;
        int64_t row_end = row + p->rows < p->g->m ? row + p->rows : p->g->m;
        int64_t panel_end = panel + p->panels_each < p->panels ? panel + p->panels_each : p->panels;
        p->kernels->run(p->g, row, row_end, panel, panel_end);
    }
}

/* n things in at most `most` shares of whole units: how many each. */
static int64_t share(int64_t n, int64_t most, int64_t unit)
{
    int64_t units = (n + unit - 1) / unit;
    if (most > units) most = units;
    return most > 1 ? (units + most - 1) / most * unit : units * unit;
}

void product_run(call *c, const gemm_kernels *kernels, const gemm *g)
{
    const int64_t k = g->segments * g->length, fresh = k < g->x_step ? k : g->x_step;
    cut           p = { .kernels = kernels, .g = g, .panels = gemm_panels(kernels, g->n) };
    if (g->m <= 0 || g->n <= 0) return;
    /* In doubles: an empty k, or sizes at the end of what memory holds, need no further thought. */
    const double work = (double)g->m * (double)g->n * (double)(k + 1);
    int64_t pieces = work < LARGE_WORK * SOME_PIECES ? (int64_t)(work / PIECE_WORK) + 1 : (int64_t)(work / LARGE_WORK);
    if (pieces > SOME_PIECES && work < LARGE_WORK * SOME_PIECES) pieces = SOME_PIECES;
    const bool by_rows = (double)g->m * (double)fresh >= (double)k * (double)g->n;
    if (by_rows) {
        p.rows = share(g->m, pieces, kernels->rows);
        p.row_blocks = (g->m + p.rows - 1) / p.rows;
        p.panels_each = share(p.panels, pieces / p.row_blocks, 1);
    } else {
        p.panels_each = share(p.panels, pieces, 1);
        const int64_t columns = (p.panels + p.panels_each - 1) / p.panels_each;
        p.rows = share(g->m, pieces / columns, kernels->rows);
        p.row_blocks = (g->m + p.rows - 1) / p.rows;
    }
    call_for(c, p.row_blocks * ((p.panels + p.panels_each - 1) / p.panels_each), 1, product_piece, &p);
}

static void thin_piece(void *context, int64_t begin, int64_t end)
{
    const cut *p = context;
    p->kernels->thin(p->g, p->b, p->b_step, begin, end);
}

void product_run_thin(call *c, const gemm_kernels *kernels, const gemm *g, const float *b, int64_t b_step)
{
    cut p = { .kernels = kernels, .g = g, .b = b, .b_step = b_step };
    call_for(c, g->n, g->m * g->length * THIN_COLUMNS < PIECE_WORK / 2 ? g->n : THIN_COLUMNS, thin_piece, &p);
}
