/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/pad.c - a tensor made larger: by a constant, by its mirror image, by repetition.
 *
 * MirrorPad copies the middle and then mirrors dimension by dimension, from the last to the first: when dimension d is
 * filled, everything to its right is complete, so each border is one move within the output.
 *
 * Tests: pad.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Pad, PadV2 ------------------------------------------------------------------------------------------------------- */

/* What side (0: before, 1: after) of dimension d gets. */
static int64_t border(const tensor *paddings, int d, int side)
{
    return tensor_int(paddings, 2 * (size_t)d + (size_t)side);
}

static sm_status padded(sm_error *err, const shape *in, const tensor *paddings, shape *out)
{
    if (tensor_count(paddings) != 2 * (size_t)in->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "The first dimension of paddings must be the rank of inputs: %d", in->rank);
    *out = *in;
    for (int d = 0; d < in->rank; d++) {
        int64_t before = border(paddings, d, 0), after = border(paddings, d, 1);
        if (before < 0 || after < 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Paddings must be non-negative: %lld %lld", (long long)before,
                        (long long)after);
        if (in->dims[d] >= 0 && (__builtin_add_overflow(in->dims[d], before, &out->dims[d]) ||
                                 __builtin_add_overflow(out->dims[d], after, &out->dims[d])))
            return FAIL(err, SM_INVALID_ARGUMENT, "the padded tensor is too large");
    }
    return SM_OK;
}

static sm_status infer_pad(infer *c)
{
    if (c->in[0].rank < 0) {
        if (c->in[1].rank == 2 && c->in[1].dims[0] >= 0 && c->in[1].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
        return SM_OK;
    }
    c->out[0] = shape_unknown_dims(c->in[0].rank);
    return c->value[1] ? padded(c->err, &c->in[0], c->value[1], &c->out[0]) : SM_OK;
}

/* Copies the input to its place inside the output. */
static sm_status place_middle(call *c, const shape *s)
{
    const tensor *x = c->in[0];
    int64_t       from[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK];
    move          m = { 0 };
    shape_strides(&x->shape, from);
    shape_strides(s, to);
    for (int d = 0; d < s->rank; d++) {
        m.to_at += border(c->in[1], d, 0) * to[d];
        move_dim(&m, x->shape.dims[d], to[d], from[d]);
    }
    return move_run(c, c->out[0], x, &m);
}

static sm_status pad(call *c)
{
    shape s;
    TRY(padded(c->err, &c->in[0]->shape, c->in[1], &s));
    TRY(move_output(c, 0, &s));
    if (!shape_eq(&s, &c->in[0]->shape)) TRY(move_fill(c, c->out[0], c->n_in > 2 ? c->in[2] : NULL, 0));
    return place_middle(c, &s);
}

/* -- MirrorPad ---------------------------------------------------------------------------------------------------------- */

/* Fills both borders of dimension d of the output. edge: 1 leaves out the border element itself (REFLECT). */
static sm_status mirror(call *c, const shape *s, const int64_t *strides, int d, int64_t edge)
{
    const tensor *x = c->in[0];
    int64_t       n = x->shape.dims[d];
    for (int side = 0; side < 2; side++) {
        int64_t before = border(c->in[1], d, 0), count = border(c->in[1], d, side);
        move    m = { 0 };
        m.to_at = (side ? before + n : 0) * strides[d];
        m.from_at = (side ? before + n - 1 - edge : before + edge + count - 1) * strides[d];
        for (int k = 0; k < s->rank; k++) {
            int64_t first = k < d ? border(c->in[1], k, 0) * strides[k] : 0;
            m.to_at += first;
            m.from_at += first;
            if (k == d)
                move_dim(&m, count, strides[k], -strides[k]);
            else
                move_dim(&m, k < d ? x->shape.dims[k] : s->dims[k], strides[k], strides[k]);
        }
        TRY(move_run(c, c->out[0], c->out[0], &m));
    }
    return SM_OK;
}

static sm_status mirror_pad(call *c)
{
    const shape *in = &c->in[0]->shape;
    int64_t      strides[SHAPE_MAX_RANK], edge = slice_is(node_string(c->node, "mode"), "REFLECT");
    shape        s;
    TRY(padded(c->err, in, c->in[1], &s));
    for (int d = 0; d < in->rank; d++)
        for (int side = 0; side < 2; side++)
            if (border(c->in[1], d, side) > in->dims[d] - edge)
                return CALL_FAIL(c, SM_INVALID_ARGUMENT, "paddings must be %s the dimension size: %lld, %lld %s %lld",
                                 edge ? "less than" : "no greater than", (long long)border(c->in[1], d, 0),
                                 (long long)border(c->in[1], d, 1), edge ? "not less than" : "greater than",
                                 (long long)in->dims[d]);
    TRY(move_output(c, 0, &s));
    TRY(place_middle(c, &s));
    shape_strides(&s, strides);
    for (int d = s.rank - 1; d >= 0; d--) TRY(mirror(c, &s, strides, d, edge));
    return SM_OK;
}

/* -- Tile ------------------------------------------------------------------------------------------------------------------ */

static sm_status tiled(sm_error *err, const shape *in, const tensor *multiples, shape *out)
{
    if (tensor_count(multiples) != (size_t)in->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected multiples argument to be a vector of length %d but got length %zu",
                    in->rank, tensor_count(multiples));
    *out = *in;
    for (int d = 0; d < in->rank; d++) {
        int64_t n = tensor_int(multiples, (size_t)d);
        if (n < 0) return FAIL(err, SM_INVALID_ARGUMENT, "Expected multiples[%d] >= 0, but got %lld", d, (long long)n);
        if (in->dims[d] >= 0 && __builtin_mul_overflow(in->dims[d], n, &out->dims[d]))
            return FAIL(err, SM_INVALID_ARGUMENT, "the tiled tensor is too large");
    }
    return SM_OK;
}

static sm_status infer_tile(infer *c)
{
    if (c->in[0].rank < 0) {
        if (c->in[1].rank == 1 && c->in[1].dims[0] >= 0 && c->in[1].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
        return SM_OK;
    }
    c->out[0] = shape_unknown_dims(c->in[0].rank);
    return c->value[1] ? tiled(c->err, &c->in[0], c->value[1], &c->out[0]) : SM_OK;
}

static sm_status tile(call *c)
{
    const tensor *x = c->in[0];
    int64_t       from[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK];
    shape         s;
    move          m = { 0 };
    TRY(tiled(c->err, &x->shape, c->in[1], &s));
    TRY(move_output(c, 0, &s));
    shape_strides(&x->shape, from);
    shape_strides(&s, to);
    for (int d = 0; d < s.rank; d++) {
        move_dim(&m, tensor_int(c->in[1], (size_t)d), to[d] * x->shape.dims[d], 0);
        move_dim(&m, x->shape.dims[d], to[d], from[d]);
    }
    return move_run(c, c->out[0], x, &m);
}

/* -- The table -------------------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(pad_rows, pad);
KERNEL(mirror_pad_rows, mirror_pad);
KERNEL(tile_rows, tile);

/* clang-format off */
const op_def pad_ops[] = {
    { "Pad", "input:T paddings:Tpaddings -> output:T | T: any, Tpaddings: index = int32",
      infer_pad, pad_rows, NULL, 0, "zeros around input" },
    { "PadV2", "input:T paddings:Tpaddings constant_values:T -> output:T | T: any, Tpaddings: index = int32",
      infer_pad, pad_rows, NULL, 0, "a constant around input" },
    { "MirrorPad", "input:T paddings:Tpaddings -> output:T | T: any, Tpaddings: index = int32, mode: {\"REFLECT\", \"SYMMETRIC\"}",
      infer_pad, mirror_pad_rows, NULL, 0, "the mirror image of input around it" },
    { "Tile", "input:T multiples:Tmultiples -> output:T | T: any, Tmultiples: index = int32",
      infer_tile, tile_rows, NULL, 0, "input repeated along each dimension" },
    { 0 },
};
/* clang-format on */
