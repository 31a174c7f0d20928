/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/transpose.c - elements in another order: transposes, reversals, rolls, and blocks between space, depth and batch.
 *
 * Each is one move: a permutation of strides, a negative stride, or dimensions split in two. Roll is a move per wrapped
 * axis; ReverseSequence one per row, since each row has its own length.
 *
 * Tests: transpose.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Transpose -------------------------------------------------------------------------------------------------------- */

static sm_status missing_from(sm_error *err, const tensor *perm, int i)
{
    str text;
    str_init(&text);
    for (size_t k = 0; k < tensor_count(perm); k++)
        str_addf(&text, "%s%lld", k ? "," : "", (long long)tensor_int(perm, k));
    (void)FAIL(err, SM_INVALID_ARGUMENT, "%d is missing from {%s}.", i, str_text(&text));
    str_clear(&text);
    return SM_INVALID_ARGUMENT;
}

static sm_status permutation(sm_error *err, const shape *in, const tensor *perm, int *order)
{
    bool seen[SHAPE_MAX_RANK] = { false };
    if (tensor_count(perm) != (size_t)in->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "transpose expects a vector of size %d. But input(1) is a vector of size %zu",
                    in->rank, tensor_count(perm));
    for (int i = 0; i < in->rank; i++) {
        int64_t p = tensor_int(perm, (size_t)i);
        if (!move_axis(p, in->rank, &order[i]))
            return FAIL(err, SM_INVALID_ARGUMENT, "%lld is out of range [0 .. %d)", (long long)p, in->rank);
        seen[order[i]] = true;
    }
    for (int i = 0; i < in->rank; i++)
        if (!seen[i]) return missing_from(err, perm, i);
    return SM_OK;
}

static sm_status infer_transpose(infer *c)
{
    int order[SHAPE_MAX_RANK];
    if (c->in[0].rank < 0) {
        if (c->in[1].rank == 1 && c->in[1].dims[0] >= 0 && c->in[1].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
        return SM_OK;
    }
    c->out[0] = shape_unknown_dims(c->in[0].rank);
    if (!c->value[1]) return SM_OK;
    TRY(permutation(c->err, &c->in[0], c->value[1], order));
    for (int i = 0; i < c->in[0].rank; i++) c->out[0].dims[i] = c->in[0].dims[order[i]];
    return SM_OK;
}

static sm_status transpose(call *c)
{
    const tensor *x = c->in[0];
    int           order[SHAPE_MAX_RANK];
    int64_t       from[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK];
    shape         s = x->shape;
    move          m = { 0 };
    TRY(permutation(c->err, &x->shape, c->in[1], order));
    for (int i = 0; i < s.rank; i++) s.dims[i] = x->shape.dims[order[i]];
    TRY(move_output(c, 0, &s));
    shape_strides(&x->shape, from);
    shape_strides(&s, to);
    for (int i = 0; i < s.rank; i++) move_dim(&m, s.dims[i], to[i], from[order[i]]);
    return move_run(c, c->out[0], x, &m);
}

static sm_status conjugate_transpose(call *c)
{
    TRY(transpose(c));
    size_t n = tensor_count(c->out[0]);
    if (c->out[0]->dtype == SM_COMPLEX64)
        for (size_t i = 0; i < n; i++) ((float *)c->out[0]->data)[2 * i + 1] *= -1;
    else if (c->out[0]->dtype == SM_COMPLEX128)
        for (size_t i = 0; i < n; i++) ((double *)c->out[0]->data)[2 * i + 1] *= -1;
    return SM_OK;
}

static sm_status infer_permutation(infer *c)
{
    TRY(infer_rank(c, 0, 1));
    return infer_same(c);
}

static sm_status invert_permutation(call *c)
{
    const tensor *x = c->in[0];
    int64_t       n = (int64_t)tensor_count(x);
    bool         *seen = call_scratch(c, (size_t)n + 1);
    if (!seen) return SM_RESOURCE_EXHAUSTED;
    memset(seen, 0, (size_t)n + 1);
    if (x->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "invert_permutation expects a 1D vector.");
    for (int64_t i = 0; i < n; i++) {
        int64_t p = tensor_int(x, (size_t)i);
        if (p < 0 || p >= n)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%lld is not between 0 and %lld", (long long)p, (long long)n);
        if (seen[p]) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%lld is duplicated in the input.", (long long)p);
        seen[p] = true;
        if (x->dtype == SM_INT64)
            ((int64_t *)c->out[0]->data)[p] = i;
        else
            ((int32_t *)c->out[0]->data)[p] = (int32_t)i;
    }
    return SM_OK;
}

/* -- Reversal ---------------------------------------------------------------------------------------------------------- */

static sm_status reverse_axes(call *c, const bool *reversed)
{
    const tensor *x = c->in[0];
    int64_t       strides[SHAPE_MAX_RANK];
    move          m = { 0 };
    TRY(move_output(c, 0, &x->shape));
    shape_strides(&x->shape, strides);
    for (int d = 0; d < x->shape.rank; d++) {
        int64_t n = x->shape.dims[d];
        if (reversed[d] && n > 0) m.from_at += (n - 1) * strides[d];
        move_dim(&m, n, strides[d], reversed[d] ? -strides[d] : strides[d]);
    }
    return move_run(c, c->out[0], x, &m);
}

static sm_status reverse_v2(call *c)
{
    int  rank = c->in[0]->shape.rank, at;
    bool reversed[SHAPE_MAX_RANK] = { false };
    for (size_t i = 0; i < tensor_count(c->in[1]); i++) {
        int64_t axis = tensor_int(c->in[1], i);
        if (!move_axis(axis, rank, &at))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "'axis'[%zu] = %lld is out of valid range [%d, %d", i,
                             (long long)axis, 0, rank - 1);
        if (reversed[at]) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "axis %d specified more than once.", at);
        reversed[at] = true;
    }
    return reverse_axes(c, reversed);
}

static sm_status reverse_flags(call *c)
{
    bool reversed[SHAPE_MAX_RANK] = { false };
    if (tensor_count(c->in[1]) != (size_t)c->in[0]->shape.rank)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "'dims' must have as many entries as input has dimensions");
    for (int i = 0; i < c->in[0]->shape.rank; i++) reversed[i] = ((const bool *)c->in[1]->data)[i];
    return reverse_axes(c, reversed);
}

/* Along dimension q of row `row` of dimension b: the first n elements backwards, or the rest as it is. */
static sm_status reverse_row(call *c, const int64_t *strides, int q, int b, int64_t row, int64_t n, bool backwards)
{
    const tensor *x = c->in[0];
    const shape  *s = &x->shape;
    move          m = { .to_at = row * strides[b], .from_at = row * strides[b] };
    m.from_at += (backwards ? n - 1 : n) * strides[q];
    m.to_at += (backwards ? 0 : n) * strides[q];
    for (int d = 0; d < s->rank; d++) {
        if (d == q)
            move_dim(&m, backwards ? n : s->dims[q] - n, strides[d], backwards ? -strides[d] : strides[d]);
        else if (d != b)
            move_dim(&m, s->dims[d], strides[d], strides[d]);
    }
    return move_run(c, c->out[0], x, &m);
}

static sm_status reverse_sequence(call *c)
{
    const tensor *x = c->in[0];
    const shape  *s = &x->shape;
    int64_t       seq = node_int(c->node, "seq_dim"), batch = node_int(c->node, "batch_dim"), strides[SHAPE_MAX_RANK];
    int           q, b;
    if (!move_axis(seq, s->rank, &q) || !move_axis(batch, s->rank, &b))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "seq_dim must be < input rank ( %lld vs. %d)", (long long)seq, s->rank);
    if (q == b) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "batch_dim == seq_dim == %d", q);
    if ((int64_t)tensor_count(c->in[1]) != s->dims[b])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Length of seq_lengths != input.dims(%d), (%zu vs. %lld)", b,
                         tensor_count(c->in[1]), (long long)s->dims[b]);
    TRY(move_output(c, 0, s));
    shape_strides(s, strides);
    for (int64_t row = 0; row < s->dims[b]; row++) {
        int64_t n = tensor_int(c->in[1], (size_t)row);
        if (n < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "seq_lengths(%lld) < 0", (long long)row);
        if (n > s->dims[q])
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "seq_lengths(%lld) > input.dims(%d)", (long long)row, q);
        TRY(reverse_row(c, strides, q, b, row, n, true));
        TRY(reverse_row(c, strides, q, b, row, n, false));
    }
    return SM_OK;
}

/* -- Roll: 2^axes boxes, each of which moves as a whole ------------------------------------------------------------------- */

static sm_status roll_boxes(call *c, const int64_t *shifts, int axis, move *m, const int64_t *strides)
{
    const shape *s = &c->in[0]->shape;
    if (axis == s->rank) return move_run(c, c->out[0], c->in[0], m);
    int64_t n = s->dims[axis], shift = shifts[axis];
    for (int part = 0; part < (shift ? 2 : 1); part++) {
        move    next = *m;
        int64_t from = part ? n - shift : 0, to = part ? 0 : shift, count = part ? shift : n - shift;
        next.from_at += from * strides[axis];
        next.to_at += to * strides[axis];
        move_dim(&next, count, strides[axis], strides[axis]);
        TRY(roll_boxes(c, shifts, axis + 1, &next, strides));
    }
    return SM_OK;
}

static sm_status roll(call *c)
{
    const shape *s = &c->in[0]->shape;
    int64_t      shifts[SHAPE_MAX_RANK] = { 0 }, strides[SHAPE_MAX_RANK];
    move         m = { 0 };
    int          at;
    if (s->rank < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input must be 1-D or higher");
    if (tensor_count(c->in[1]) != tensor_count(c->in[2]))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "shift and axis must have the same size");
    for (size_t i = 0; i < tensor_count(c->in[1]); i++) {
        int64_t axis = tensor_int(c->in[2], i), shift = tensor_int(c->in[1], i);
        if (!move_axis(axis, s->rank, &at))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "axis %lld is out of range", (long long)axis);
        int64_t n = s->dims[at] > 0 ? s->dims[at] : 1;
        shifts[at] = ((shifts[at] + shift % n) % n + n) % n;
    }
    TRY(move_output(c, 0, s));
    shape_strides(s, strides);
    return roll_boxes(c, shifts, 0, &m, strides);
}

/* -- Space and depth ------------------------------------------------------------------------------------------------------ */

typedef struct blocks {
    int     channel, row, column; /* dimensions of the 4-D tensor             */
    int64_t size;
} blocks;

static sm_status block_layout(sm_error *err, const node *n, const shape *in, blocks *b)
{
    slice format = node_string(n, "data_format");
    bool  first = slice_is(format, "NCHW");
    if (slice_is(format, "NCHW_VECT_C")) return FAIL(err, SM_UNIMPLEMENTED, "data_format NCHW_VECT_C is for GPUs");
    if (in->rank >= 0 && in->rank != 4)
        return FAIL(err, SM_INVALID_ARGUMENT, "Input rank should be: 4 instead of: %d", in->rank);
    *b = (blocks){ first ? 1 : 3, first ? 2 : 1, first ? 3 : 2, node_int(n, "block_size") };
    if (b->size < 2) return FAIL(err, SM_INVALID_ARGUMENT, "Block size should be > 1: %lld", (long long)b->size);
    return SM_OK;
}

static sm_status block_shape(sm_error *err, const node *n, const shape *in, bool to_depth, blocks *b, shape *out)
{
    TRY(block_layout(err, n, in, b));
    *out = shape_unknown_dims(4);
    if (in->rank < 0) return SM_OK;
    int64_t s = b->size, h = in->dims[b->row], w = in->dims[b->column], d = in->dims[b->channel];
    out->dims[0] = in->dims[0];
    if (to_depth) {
        if ((h >= 0 && h % s) || (w >= 0 && w % s))
            return FAIL(err, SM_INVALID_ARGUMENT,
                        "Image width %lld and height %lld should be divisible by block_size: %lld", (long long)w,
                        (long long)h, (long long)s);
        if (h >= 0) out->dims[b->row] = h / s;
        if (w >= 0) out->dims[b->column] = w / s;
        if (d >= 0 && __builtin_mul_overflow(d, s * s, &out->dims[b->channel]))
            return FAIL(err, SM_INVALID_ARGUMENT, "block_size is too large");
    } else {
        if (d >= 0 && d % (s * s))
            return FAIL(err, SM_INVALID_ARGUMENT, "Input depth dimension %lld should be divisible by: %lld",
                        (long long)d, (long long)(s * s));
        if (h >= 0) out->dims[b->row] = h * s;
        if (w >= 0) out->dims[b->column] = w * s;
        if (d >= 0) out->dims[b->channel] = d / (s * s);
    }
    return SM_OK;
}

/* One move over [batch, row, block row, column, block column, channel] in either direction; `wide` is the tensor with
 * the larger image, `deep` the one with the larger depth. */
static sm_status block_move(call *c, const blocks *b, const shape *wide, const shape *deep, bool to_depth)
{
    int64_t ws[SHAPE_MAX_RANK], ds[SHAPE_MAX_RANK], d = wide->dims[b->channel], s = b->size;
    int64_t dims[6] = { wide->dims[0], deep->dims[b->row], s, deep->dims[b->column], s, d };
    move    m = { 0 };
    shape_strides(wide, ws);
    shape_strides(deep, ds);
    int64_t w[6] = { ws[0], ws[b->row] * s, ws[b->row], ws[b->column] * s, ws[b->column], ws[b->channel] };
    int64_t p[6] = { ds[0], ds[b->row], ds[b->channel] * d * s, ds[b->column], ds[b->channel] * d, ds[b->channel] };
    for (int i = 0; i < 6; i++) move_dim(&m, dims[i], to_depth ? p[i] : w[i], to_depth ? w[i] : p[i]);
    return move_run(c, c->out[0], c->in[0], &m);
}

static sm_status infer_space_to_depth(infer *c)
{
    blocks b = { 0 };
    return block_shape(c->err, c->node, &c->in[0], true, &b, &c->out[0]);
}

static sm_status infer_depth_to_space(infer *c)
{
    blocks b = { 0 };
    return block_shape(c->err, c->node, &c->in[0], false, &b, &c->out[0]);
}

static sm_status space_to_depth(call *c)
{
    blocks b = { 0 };
    shape  s;
    TRY(block_shape(c->err, c->node, &c->in[0]->shape, true, &b, &s));
    TRY(move_output(c, 0, &s));
    return block_move(c, &b, &c->in[0]->shape, &s, true);
}

static sm_status depth_to_space(call *c)
{
    blocks b = { 0 };
    shape  s;
    TRY(block_shape(c->err, c->node, &c->in[0]->shape, false, &b, &s));
    TRY(move_output(c, 0, &s));
    return block_move(c, &b, &s, &c->in[0]->shape, false);
}

/* -- The table -------------------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(transpose_rows, transpose);
KERNEL(conjugate_transpose_rows, conjugate_transpose);
KERNEL(invert_permutation_rows, invert_permutation);
KERNEL(reverse_v2_rows, reverse_v2);
KERNEL(reverse_rows, reverse_flags);
KERNEL(reverse_sequence_rows, reverse_sequence);
KERNEL(roll_rows, roll);
KERNEL(space_to_depth_rows, space_to_depth);
KERNEL(depth_to_space_rows, depth_to_space);

/* clang-format off */
#define BLOCKS "T: any, block_size: int >= 2, data_format: {\"NHWC\", \"NCHW\", \"NCHW_VECT_C\"} = \"NHWC\""
const op_def transpose_ops[] = {
    { "Transpose", "x:T perm:Tperm -> y:T | T: any, Tperm: index = int32",
      infer_transpose, transpose_rows, NULL, 0, "dimensions in another order" },
    { "ConjugateTranspose", "x:T perm:Tperm -> y:T | T: any, Tperm: index = int32",
      infer_transpose, conjugate_transpose_rows, NULL, 0, "dimensions in another order, elements conjugated" },
    { "InvertPermutation", "x:T -> y:T | T: index = int32",
      infer_permutation, invert_permutation_rows, NULL, 0, "y[x[i]] = i" },
    { "ReverseV2", "tensor:T axis:Tidx -> output:T | Tidx: index = int32, T: numeric+bool+string",
      infer_same, reverse_v2_rows, NULL, 0, "backwards along axes" },
    { "Reverse", "tensor:T dims:bool -> output:T | T: numeric+bool+string",
      infer_same, reverse_rows, NULL, 0, "backwards along the dimensions that are marked" },
    { "ReverseSequence", "input:T seq_lengths:Tlen -> output:T | seq_dim: int, batch_dim: int = 0, T: any, Tlen: index = int64",
      infer_same, reverse_sequence_rows, NULL, 0, "the first elements of each row backwards" },
    { "Roll", "input:T shift:Tshift axis:Taxis -> output:T | T: any, Tshift: index, Taxis: index",
      infer_same, roll_rows, NULL, 0, "shifted along axes, wrapping around" },
    { "SpaceToDepth", "input:T -> output:T | " BLOCKS,
      infer_space_to_depth, space_to_depth_rows, NULL, 0, "blocks of pixels into channels" },
    { "DepthToSpace", "input:T -> output:T | " BLOCKS,
      infer_depth_to_space, depth_to_space_rows, NULL, 0, "channels into blocks of pixels" },
    { 0 },
};
/* clang-format on */
