/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/batch_space.c - SpaceToBatchND and BatchToSpaceND (and the older ops of square blocks): every block_shape-th position becomes an image of its own.
 *
 *   space [batch, s1 .. sm, inner] with borders  <->  [blocks * batch, s1 / b1 .. sm / bm, inner]
 *
 * For each position inside a block there is one move between the two tensors, clipped to what the borders leave.
 *
 * Tests: batch_space.test. Reading order: the table, then up. */
#include "ops/array/move.h"

typedef struct blocking {
    int     m; /* dimensions that are cut into blocks           */
    int64_t block[SHAPE_MAX_RANK], start[SHAPE_MAX_RANK];
    int64_t blocks; /* product of block                              */
} blocking;

/* Dimension d + 1 of the other shape: *dim, that of the input, is changed. */
static sm_status blocked_dim(sm_error *err, const tensor *block, const tensor *border, bool to_batch, int d,
                             blocking *b, int64_t *dim)
{
    const char *what = to_batch ? "paddings" : "crops";
    int64_t     n = *dim, size = tensor_int(block, (size_t)d), start = tensor_int(border, 2 * (size_t)d),
            end = tensor_int(border, 2 * (size_t)d + 1);
    if (size < 1)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "All values in block_shape must be positive, got value, %lld at index %d.", (long long)size, d);
    if (start < 0 || end < 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s must be non-negative, got start: %lld end %lld at index %d.", what,
                    (long long)start, (long long)end, d);
    if (__builtin_mul_overflow(b->blocks, size, &b->blocks))
        return FAIL(err, SM_INVALID_ARGUMENT, "block_shape is too large");
    b->block[d] = size;
    b->start[d] = start;
    if (n < 0) return SM_OK;
    if (to_batch && (__builtin_add_overflow(n, start, &n) || __builtin_add_overflow(n, end, &n) || n % size))
        return FAIL(err, SM_INVALID_ARGUMENT, "padded_shape[%d]=%lld is not divisible by block_shape[%d]=%lld", d,
                    (long long)n, d, (long long)size);
    if (!to_batch && (__builtin_mul_overflow(n, size, &n) || n - start < end))
        return FAIL(err, SM_INVALID_ARGUMENT, "cropped_shape[%d]=%lld must be non-negative", d,
                    (long long)(n - start - end));
    *dim = to_batch ? n / size : n - start - end;
    return SM_OK;
}

/* The other shape, from that of the input; to_batch: the input is the one with the large images. */
static sm_status blocked(sm_error *err, const shape *in, const tensor *block, const tensor *border, bool to_batch,
                         blocking *b, shape *out)
{
    const char *what = to_batch ? "paddings" : "crops";
    if (block->shape.rank != 1 || border->shape.rank != 2 || border->shape.dims[0] != block->shape.dims[0] ||
        border->shape.dims[1] != 2)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s should have shape [%zu, 2]", what, tensor_count(block));
    if (in->rank < 1 + (int)tensor_count(block) || tensor_count(block) >= SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "input rank should be >= %zu instead of %d", 1 + tensor_count(block),
                    in->rank);
    b->m = (int)tensor_count(block);
    b->blocks = 1;
    *out = *in;
    for (int d = 0; d < b->m; d++) TRY(blocked_dim(err, block, border, to_batch, d, b, &out->dims[d + 1]));
    if (in->dims[0] < 0) return SM_OK;
    if (to_batch && __builtin_mul_overflow(in->dims[0], b->blocks, &out->dims[0]))
        return FAIL(err, SM_INVALID_ARGUMENT, "block_shape is too large");
    if (!to_batch && in->dims[0] % b->blocks)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "Input batch dimension (%lld) is not divisible by product of block sizes (%lld)",
                    (long long)in->dims[0], (long long)b->blocks);
    if (!to_batch) out->dims[0] = in->dims[0] / b->blocks;
    return SM_OK;
}

/* The move of position `at` inside the block: space and batch are the shapes of the two sides. */
static move block_position(const blocking *b, const shape *space, const shape *batch, int64_t at, bool to_batch)
{
    int64_t sp[SHAPE_MAX_RANK], ba[SHAPE_MAX_RANK], space_at = 0, batch_at, from[SHAPE_MAX_RANK], n[SHAPE_MAX_RANK];
    move    m = { 0 };
    shape_strides(space, sp);
    shape_strides(batch, ba);
    batch_at = at * space->dims[0] * ba[0];
    for (int d = b->m - 1; d >= 0; d--) {
        int64_t inside = at % b->block[d], shift = b->start[d] - inside, last = space->dims[d + 1] - 1 + shift;
        at /= b->block[d];
        from[d] = shift > 0 ? (shift + b->block[d] - 1) / b->block[d] : 0;
        n[d] = last < 0 ? 0 : last / b->block[d] - from[d] + 1;
        if (n[d] > batch->dims[d + 1] - from[d]) n[d] = batch->dims[d + 1] - from[d];
        space_at += (from[d] * b->block[d] - shift) * sp[d + 1];
        batch_at += from[d] * ba[d + 1];
    }
    for (int d = 0; d < space->rank; d++) {
        bool    cut = d >= 1 && d <= b->m;
        int64_t count = cut ? n[d - 1] : space->dims[d], s = cut ? sp[d] * b->block[d - 1] : sp[d];
        move_dim(&m, count, to_batch ? ba[d] : s, to_batch ? s : ba[d]);
    }
    m.to_at = to_batch ? batch_at : space_at;
    m.from_at = to_batch ? space_at : batch_at;
    return m;
}

/* The block of SpaceToBatch and BatchToSpace, rows and columns, is an attribute. */
static tensor square_block(const node *n, int32_t sizes[2])
{
    int64_t size = node_int(n, "block_size");
    sizes[0] = sizes[1] = size > INT32_MAX ? INT32_MAX : (int32_t)size;
    return (tensor){ .dtype = SM_INT32, .shape = shape_vector(2), .data = sizes };
}

static sm_status reblock(call *c, bool to_batch)
{
    int32_t       sizes[2];
    const tensor  square = c->n_in == 2 ? square_block(c->node, sizes) : (tensor){ 0 };
    const tensor *block = c->n_in == 2 ? &square : c->in[1];
    const shape  *in = &c->in[0]->shape;
    blocking      b;
    shape         out;
    TRY(blocked(c->err, in, block, c->in[c->n_in - 1], to_batch, &b, &out));
    TRY(move_output(c, 0, &out));
    if (to_batch) TRY(move_fill(c, c->out[0], NULL, 0));
    if (shape_count(&out) == 0 || shape_count(in) == 0) return SM_OK;
    for (int64_t at = 0; at < b.blocks; at++) {
        move m = block_position(&b, to_batch ? in : &out, to_batch ? &out : in, at, to_batch);
        TRY(move_run(c, c->out[0], c->in[0], &m));
    }
    return SM_OK;
}

static sm_status infer_blocked(infer *c, bool to_batch)
{
    blocking      b;
    int32_t       sizes[2];
    const tensor  square = c->n_in == 2 ? square_block(c->node, sizes) : (tensor){ 0 };
    const tensor *block = c->n_in == 2 ? &square : c->value[1], *border = c->value[c->n_in - 1];
    if (c->n_in == 2) TRY(infer_rank(c, 0, 4));
    if (c->in[0].rank < 0) return SM_OK;
    c->out[0] = shape_unknown_dims(c->in[0].rank);
    if (!block || !border) return SM_OK;
    return blocked(c->err, &c->in[0], block, border, to_batch, &b, &c->out[0]);
}

static sm_status infer_space_to_batch(infer *c)
{
    return infer_blocked(c, true);
}

static sm_status infer_batch_to_space(infer *c)
{
    return infer_blocked(c, false);
}

static sm_status space_to_batch(call *c)
{
    return reblock(c, true);
}

static sm_status batch_to_space(call *c)
{
    return reblock(c, false);
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

static const kernel space_to_batch_rows[] = { { .types = "T: real", .run = space_to_batch }, { 0 } };
static const kernel batch_to_space_rows[] = { { .types = "T: real", .run = batch_to_space }, { 0 } };

/* clang-format off */
const op_def batch_space_ops[] = {
    { "SpaceToBatchND", "input:T block_shape:Tblock_shape paddings:Tpaddings -> output:T | T: any, Tblock_shape: index = int32, Tpaddings: index = int32",
      infer_space_to_batch, space_to_batch_rows, NULL, 0, "positions inside blocks into the batch" },
    { "BatchToSpaceND", "input:T block_shape:Tblock_shape crops:Tcrops -> output:T | T: any, Tblock_shape: index = int32, Tcrops: index = int32",
      infer_batch_to_space, batch_to_space_rows, NULL, 0, "positions inside blocks out of the batch" },
    { "SpaceToBatch", "input:T paddings:Tpaddings -> output:T | T: any, Tpaddings: index = int32, block_size: int >= 2",
      infer_space_to_batch, space_to_batch_rows, NULL, 0, "SpaceToBatchND with square blocks of rows and columns" },
    { "BatchToSpace", "input:T crops:Tidx -> output:T | T: any, block_size: int >= 2, Tidx: index = int32",
      infer_batch_to_space, batch_to_space_rows, NULL, 0, "BatchToSpaceND with square blocks of rows and columns" },
    { 0 },
};
/* clang-format on */
