/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_winograd.c - 3 x 3 convolutions of stride 1 by kernels/winograd.h, and the op that lays out their filters.
 *
 * The pass winograd says which: it puts _PackWinograd before a _PackedConv2D with the same `winograd` attribute. The portable
 * rows of both know nothing of it: the filter stays as it is and the formula is computed.
 *
 * Many tiles are cut into blocks, and a piece of work takes its block from the inputs to the outputs while what lies
 * between stays in the second cache. Of few tiles under large filters each step is shared out: the products by their place, so
 * that each thread reads its part of the filters once.
 *
 * Tests: tests/unit/pack_test.c. */
#include "kernels/winograd.h"
#include "ops/nn/conv.h"

#include <math.h>

#define BLOCK 14     /* tiles of a block; two tiles of the widest micro-kernel */
#define FEW_TILES 32 /* of an output that is not cut into blocks              */
#define MOST_SLOTS 64

/* -- Filters --------------------------------------------------------------------------------------------------------------- */

typedef struct filters {
    const gemm_kernels *kernels;
    const float        *filter;
    float              *u, *packed;
    int64_t             depth, channels;
    int                 side;
} filters;

static void transform_piece(void *context, int64_t begin, int64_t end)
{
    const filters *f = context;
    winograd_filter(f->side, f->filter, f->depth * f->channels, begin * f->channels, end * f->channels, f->u);
}

static sm_status check_filter(const shape *s, int64_t side, sm_error *err)
{
    if (s->rank != 4 || s->dims[0] != 3 || s->dims[1] != 3 || s->dims[2] % 16 || s->dims[3] % 16 ||
        (side != 2 && side != 4))
        return FAIL(err, SM_INVALID_ARGUMENT, "this filter has no Winograd form");
    return SM_OK;
}

static sm_status pack_winograd_vector(call *c, const gemm_kernels *kernels)
{
    const shape *s = &c->in[0]->shape;
    const int    side = (int)node_int(c->node, "winograd");
    TRY(check_filter(s, side, c->err));
    filters f = { .kernels = kernels, .filter = c->in[0]->data, .depth = s->dims[2], .channels = s->dims[3], .side = side };
    const int64_t places = winograd_places(side), size = gemm_packed(kernels, f.depth, f.channels),
                  n = f.depth * f.channels;
    const shape out = shape_vector(places * size);
    TRY(call_output(c, 0, &out));
    f.u = call_scratch(c, (size_t)(places * n) * sizeof(float));
    if (!f.u) return SM_RESOURCE_EXHAUSTED;
    call_for(c, f.depth, 16, transform_piece, &f);
    for (int64_t q = 0; q < places; q++)
        product_pack(c, kernels, f.u + q * n, f.channels, 1, f.depth, f.channels, (float *)c->out[0]->data + q * size);
    return SM_OK;
}
PRODUCT_RUNS(pack_winograd_vector)

static sm_status pack_winograd_portable(call *c)
{
    const shape out = shape_vector((int64_t)tensor_count(c->in[0]));
    return call_forward(c, 0, 0, &out);
}

static sm_status infer_pack_winograd(infer *c)
{
    if (shape_known(&c->in[0])) TRY(check_filter(&c->in[0], node_int(c->node, "winograd"), c->err));
    c->out[0] = shape_unknown_dims(1); /* the instruction set decides */
    return SM_OK;
}

/* clang-format off */
static const kernel pack_winograd[] = { PRODUCT_ROWS(pack_winograd_vector, "T: float")
                                        { .types = "T: float", .run = pack_winograd_portable }, { 0 } };
/* clang-format on */

const op_def conv_winograd_ops[] = {
    { "_PackWinograd", "filter:T -> packed:T | T: {float}, winograd: int = 4", infer_pack_winograd, pack_winograd, NULL,
      0, "a constant 3 x 3 filter as Winograd convolutions of this machine read it" },
    { 0 },
};

/* -- Convolution ----------------------------------------------------------------------------------------------------------- */

typedef struct slot {
    _Atomic bool taken;
    float       *memory;
} slot;

typedef struct job {
    winograd                w;
    const gemm_kernels     *products;
    const winograd_kernels *transforms;
    const float            *filter;
    int64_t                 total; /* tiles */
    slot                    slots[MOST_SLOTS];
} job;

static const winograd_kernels *transforms_for(const gemm_kernels *k)
{
#if GEMM_VECTOR
    return k->lanes == 16 ? &winograd_avx512 : k->lanes == 8 ? &winograd_avx2 : &winograd_sse2;
#else
    (void)k;
    return NULL;
#endif
}

/* The products of places [from, to) for the tiles that w holds, of panels [panel, panel_end). */
static void multiply(const job *p, const winograd *w, int64_t from, int64_t to)
{
    const int64_t start = 0, size = gemm_packed(p->products, w->channels, w->out_channels);
    gemm          g = { .m = w->tiles,
                        .n = w->out_channels,
                        .width = w->tiles,
                        .height = 1,
                        .x_step = w->channels,
                        .segments = 1,
                        .length = w->channels,
                        .segment = &start,
                        .c_step = w->out_channels,
                        .low = -INFINITY,
                        .high = INFINITY };
    for (int64_t q = from; q < to; q++) {
        g.a = w->v + q * w->tiles * w->channels;
        g.b = p->filter + q * size;
        g.c = w->m + q * w->tiles * w->out_channels;
        p->products->run(&g, 0, g.m, 0, gemm_panels(p->products, g.n));
    }
}

static slot *take_slot(job *p)
{
    for (int i = 0;; i = (i + 1) % MOST_SLOTS)
        if (p->slots[i].memory && !p->slots[i].taken && !atomic_exchange(&p->slots[i].taken, true)) return &p->slots[i];
}

static void block_piece(void *context, int64_t begin, int64_t end)
{
    job     *p = context;
    slot    *s = take_slot(p);
    winograd w = p->w;
    w.v = s->memory;
    for (int64_t b = begin; b < end; b++) {
        w.first = b * BLOCK;
        w.tiles = p->total - w.first < BLOCK ? p->total - w.first : BLOCK;
        w.m = w.v + winograd_places(w.side) * w.tiles * w.channels;
        p->transforms->in(&w, w.first, w.first + w.tiles);
        multiply(p, &w, 0, winograd_places(w.side));
        p->transforms->out(&w, w.first, w.first + w.tiles);
    }
    s->taken = false;
}

static void in_piece(void *context, int64_t begin, int64_t end)
{
    const job *p = context;
    p->transforms->in(&p->w, begin, end);
}

static void multiply_piece(void *context, int64_t begin, int64_t end)
{
    const job *p = context;
    multiply(p, &p->w, begin, end);
}

static void out_piece(void *context, int64_t begin, int64_t end)
{
    const job *p = context;
    p->transforms->out(&p->w, begin, end);
}

static sm_status run_blocks(call *c, job *p, size_t tile_floats)
{
    const int64_t blocks = (p->total + BLOCK - 1) / BLOCK;
    int64_t       slots = pool_threads(c->pool);
    if (slots > MOST_SLOTS) slots = MOST_SLOTS;
    for (int64_t i = 0; i < slots && i < blocks; i++) {
        p->slots[i].memory = call_scratch(c, BLOCK * tile_floats * sizeof(float));
        if (!p->slots[i].memory) return SM_RESOURCE_EXHAUSTED;
    }
    call_for(c, blocks, 1, block_piece, p);
    return SM_OK;
}

static sm_status run_steps(call *c, job *p, size_t tile_floats)
{
    p->w.tiles = p->total;
    p->w.v = call_scratch(c, (size_t)p->total * tile_floats * sizeof(float));
    if (!p->w.v) return SM_RESOURCE_EXHAUSTED;
    p->w.m = p->w.v + winograd_places(p->w.side) * p->total * p->w.channels;
    call_for(c, p->total, 2, in_piece, p);
    call_for(c, winograd_places(p->w.side), 1, multiply_piece, p);
    call_for(c, p->total, 2, out_piece, p);
    return SM_OK;
}

sm_status conv_winograd(call *c, const gemm_kernels *kernels, const convolution *v)
{
    const conv_params *q = c->params;
    const int          side = q->winograd, places = winograd_places(side);
    gemm               g = { .low = -INFINITY, .high = INFINITY };
    TRY(check_filter(q->filter, side, c->err));
    if (v->groups != 1 || v->g.y.stride != 1 || v->g.x.stride != 1 || v->g.y.dilation != 1 || v->g.x.dilation != 1 ||
        (int64_t)tensor_count(c->in[1]) != places * gemm_packed(kernels, v->g.channels, v->out_channels))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the filter is not packed for this kernel");
    fused_into_gemm(&q->fused, c, &g);
    job p = { .products = kernels, .transforms = transforms_for(kernels), .filter = v->filter };
    p.w = (winograd){ .side = side,
                      .in_rows = v->g.y.in,
                      .in_columns = v->g.x.in,
                      .channels = v->g.channels,
                      .out_rows = v->g.y.out,
                      .out_columns = v->g.x.out,
                      .out_channels = v->out_channels,
                      .y_before = v->g.y.before,
                      .x_before = v->g.x.before,
                      .down = (v->g.y.out + side - 1) / side,
                      .across = (v->g.x.out + side - 1) / side,
                      .in = v->in,
                      .out = v->out,
                      .bias = g.bias,
                      .residual = g.residual,
                      .low = g.low,
                      .high = g.high,
                      .finish = g.finish,
                      .finish_context = g.finish_context };
    p.total = v->g.images * p.w.down * p.w.across;
    const size_t tile_floats = (size_t)places * (size_t)(v->g.channels + v->out_channels);
    return p.total > FEW_TILES ? run_blocks(c, &p, tile_floats) : run_steps(c, &p, tile_floats);
}
