/* SPDX-License-Identifier: Apache-2.0 */
/* ops/product.c - how a product is cut: blocks of about 128 rows by panels of B that fit the second cache together.
 *
 * Pieces are numbered row block first, so that neighbours share panels, and joined until each is worth waking a thread. */
#include "ops/product.h"

#define PACK_GRAIN 32768   /* floats      */
#define PIECE_WORK 262144  /* multiply-adds */
#define PANEL_FLOATS 65536 /* of B in one piece */
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
    return (size_t)(gemm_panels(k, columns) * k->columns) * (size_t)rows * sizeof(float);
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

void product_run(call *c, const gemm_kernels *kernels, const gemm *g)
{
    int64_t k = g->segments * g->length, panel = k * kernels->columns + 1;
    cut     p = { .kernels = kernels, .g = g, .panels = gemm_panels(kernels, g->n) };
    p.rows = 128 / kernels->rows * kernels->rows;
    p.row_blocks = (g->m + p.rows - 1) / p.rows;
    p.panels_each = PANEL_FLOATS / panel + 1;
    if (p.row_blocks < 8) p.panels_each = PIECE_WORK / (panel * (g->m < p.rows ? g->m : p.rows)) + 1;
    int64_t columns = (p.panels + p.panels_each - 1) / p.panels_each;
    int64_t work = p.panels_each * panel * (g->m < p.rows ? g->m : p.rows);
    call_for(c, p.row_blocks * columns, PIECE_WORK / (work + 1) + 1, product_piece, &p);
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
