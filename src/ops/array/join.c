/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/join.c - many tensors into one and one into many, along an axis.
 *
 * Each part is a box of the whole: [outer, part, inner] against [outer, whole, inner], moved by move_run. Pack is a
 * Concat of parts of 1 under one more dimension, Unpack a Split.
 *
 * Tests: join.test. Reading order: the table, then up. */
#include "ops/array/move.h"

#include <stdio.h>

/* Moves part `part` (n along the axis) to or from position at along the axis of whole. */
static sm_status move_part(call *c, tensor *to, const tensor *from, const shape *whole, int axis, int64_t at, int64_t n,
                           bool join)
{
    int64_t outer = shape_count_range(whole, 0, axis), inner = shape_count_range(whole, axis + 1, whole->rank);
    int64_t length = whole->dims[axis];
    move    m = { 0 };
    if (join) {
        m.to_at = at * inner;
        move_dim(&m, outer, length * inner, n * inner);
    } else {
        m.from_at = at * inner;
        move_dim(&m, outer, n * inner, length * inner);
    }
    move_dim(&m, n * inner, 1, 1);
    return move_run(c, to, from, &m);
}

/* -- Concat ------------------------------------------------------------------------------------------------------ */

static sm_status concat_mismatch(sm_error *err, const char *what, const shape *first, const shape *other, int i)
{
    str x, y;
    str_init(&x);
    str_init(&y);
    shape_print(&x, first);
    shape_print(&y, other);
    (void)error_set(err, SM_INVALID_ARGUMENT, "ConcatOp : %s: shape[0] = %s vs. shape[%d] = %s", what, str_text(&x), i,
                    str_text(&y));
    str_clear(&x);
    str_clear(&y);
    return SM_INVALID_ARGUMENT;
}

static sm_status concat_shape(sm_error *err, const shape *const *in, int n, int64_t axis_value, shape *out, int *axis)
{
    *out = *in[0];
    if (out->rank == 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "ConcatOp : Can't concatenate scalars (use tf.stack instead)");
    if (!move_axis(axis_value, out->rank, axis))
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "ConcatOp : Expected concatenating dimensions in the range [%d, %d), but got %lld", -out->rank,
                    out->rank, (long long)axis_value);
    for (int i = 1; i < n; i++) {
        if (in[i]->rank != out->rank)
            return concat_mismatch(err, "Ranks of all input tensors should match", in[0], in[i], i);
        for (int d = 0; d < out->rank; d++) {
            int64_t a = out->dims[d], b = in[i]->dims[d];
            if (d == *axis) {
                if (a < 0 || b < 0)
                    out->dims[d] = UNKNOWN_DIM;
                else if (__builtin_add_overflow(a, b, &out->dims[d]))
                    return FAIL(err, SM_INVALID_ARGUMENT, "the result of the concatenation is too large");
            } else if (a < 0) {
                out->dims[d] = b;
            } else if (b >= 0 && a != b) {
                char what[64];
                (void)snprintf(what, sizeof what, "Dimension %d in both shapes must be equal", d);
                return concat_mismatch(err, what, in[0], in[i], i);
            }
        }
    }
    return SM_OK;
}

/* The number of values; the first is input `first`. */
static sm_status infer_concat_at(infer *c, int first, int axis_input)
{
    int64_t      axis_value;
    int          axis, n = c->n_in - 1, known = 0;
    const shape *parts[64];
    for (int i = 0; i < n; i++)
        if (c->in[first + i].rank >= 0) known++;
    if (!infer_int_value(c, axis_input, &axis_value)) {
        if (known) {
            for (int i = 0; i < n; i++)
                if (c->in[first + i].rank >= 0) c->out[0] = shape_unknown_dims(c->in[first + i].rank);
        }
        return SM_OK;
    }
    if (known < n) return SM_OK;
    for (int at = 0; at < n; at += 63) { /* in groups, so that any number of inputs goes through one array */
        int   group = 0;
        shape so_far = c->out[0];
        if (at > 0) parts[group++] = &so_far;
        for (int i = at; i < n && group < 64; i++) {
            parts[group++] = &c->in[first + i];
            if (at == 0 && group == 63) break;
        }
        TRY(concat_shape(c->err, parts, group, axis_value, &c->out[0], &axis));
    }
    return SM_OK;
}

static sm_status infer_concat(infer *c)
{
    return infer_concat_at(c, 1, 0);
}

static sm_status infer_concat_v2(infer *c)
{
    return infer_concat_at(c, 0, c->n_in - 1);
}

static sm_status concat_at(call *c, int first, int axis_input)
{
    int           n = c->n_in - 1, axis;
    int64_t       at = 0;
    shape         whole;
    const shape **parts = call_scratch(c, (size_t)n * sizeof(*parts));
    if (!parts) return SM_RESOURCE_EXHAUSTED;
    for (int i = 0; i < n; i++) parts[i] = &c->in[first + i]->shape;
    TRY(concat_shape(c->err, parts, n, tensor_int(c->in[axis_input], 0), &whole, &axis));
    TRY(move_output(c, 0, &whole));
    for (int i = 0; i < n; i++) {
        int64_t length = parts[i]->dims[axis];
        TRY(move_part(c, c->out[0], c->in[first + i], &whole, axis, at, length, true));
        at += length;
    }
    return SM_OK;
}

static sm_status concat(call *c)
{
    return concat_at(c, 1, 0);
}

static sm_status concat_v2(call *c)
{
    return concat_at(c, 0, c->n_in - 1);
}

/* -- Pack, Unpack ------------------------------------------------------------------------------------------------- */

static sm_status pack_shape(sm_error *err, const node *n, const shape *part, int count, shape *out, int *axis)
{
    int64_t a = node_int(n, "axis");
    if (!move_axis(a, part->rank + 1, axis))
        return FAIL(err, SM_INVALID_ARGUMENT, "axis = %lld not in [%d, %d)", (long long)a, -part->rank - 1, part->rank + 1);
    if (part->rank >= SHAPE_MAX_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_unknown_dims(part->rank + 1);
    for (int i = 0; i < out->rank; i++) out->dims[i] = i == *axis ? count : part->dims[i - (i > *axis)];
    return SM_OK;
}

static sm_status pack_mismatch(sm_error *err, const shape *first, const shape *other, int i)
{
    str x, y;
    str_init(&x);
    str_init(&y);
    shape_print(&x, first);
    shape_print(&y, other);
    (void)error_set(err, SM_INVALID_ARGUMENT,
                    "Shapes of all inputs must match: values[0].shape = %s != values[%d].shape = %s", str_text(&x), i,
                    str_text(&y));
    str_clear(&x);
    str_clear(&y);
    return SM_INVALID_ARGUMENT;
}

static sm_status infer_pack(infer *c)
{
    shape merged = c->in[0];
    int   axis = 0;
    for (int i = 1; i < c->n_in; i++)
        if (!shape_merge(&merged, &c->in[i], &merged)) return pack_mismatch(c->err, &merged, &c->in[i], i);
    if (merged.rank < 0) return SM_OK;
    return pack_shape(c->err, c->node, &merged, c->n_in, &c->out[0], &axis);
}

static sm_status pack(call *c)
{
    shape whole;
    int   axis = 0;
    for (int i = 1; i < c->n_in; i++)
        if (!shape_eq(&c->in[0]->shape, &c->in[i]->shape))
            return pack_mismatch(c->err, &c->in[0]->shape, &c->in[i]->shape, i);
    TRY(pack_shape(c->err, c->node, &c->in[0]->shape, c->n_in, &whole, &axis));
    TRY(move_output(c, 0, &whole));
    for (int i = 0; i < c->n_in; i++) TRY(move_part(c, c->out[0], c->in[i], &whole, axis, i, 1, true));
    return SM_OK;
}

static sm_status unpack_shape(sm_error *err, const node *n, const shape *whole, int count, shape *out, int *axis)
{
    int64_t a = node_int(n, "axis");
    if (!move_axis(a, whole->rank, axis))
        return FAIL(err, SM_INVALID_ARGUMENT, "axis = %lld not in [%d, %d)", (long long)a, -whole->rank, whole->rank);
    if (whole->dims[*axis] >= 0 && whole->dims[*axis] != count) {
        str text;
        str_init(&text);
        shape_print(&text, whole);
        (void)error_set(err, SM_INVALID_ARGUMENT, "Input shape axis %d must equal %d, got shape %s", *axis, count,
                        str_text(&text));
        str_clear(&text);
        return SM_INVALID_ARGUMENT;
    }
    *out = shape_scalar();
    for (int i = 0; i < whole->rank; i++)
        if (i != *axis) out->dims[out->rank++] = whole->dims[i];
    return SM_OK;
}

static sm_status infer_unpack(infer *c)
{
    int axis = 0;
    if (c->in[0].rank < 0) return SM_OK;
    for (int i = 0; i < c->n_out; i++) TRY(unpack_shape(c->err, c->node, &c->in[0], c->n_out, &c->out[i], &axis));
    return SM_OK;
}

static sm_status unpack(call *c)
{
    const shape *whole = &c->in[0]->shape;
    shape        part;
    int          axis = 0;
    TRY(unpack_shape(c->err, c->node, whole, c->n_out, &part, &axis));
    for (int i = 0; i < c->n_out; i++) {
        TRY(move_output(c, i, &part));
        TRY(move_part(c, c->out[i], c->in[0], whole, axis, i, 1, false));
    }
    return SM_OK;
}

/* -- Split, SplitV ------------------------------------------------------------------------------------------------ */

static sm_status split_axis(sm_error *err, int64_t axis_value, const shape *whole, int *axis)
{
    if (move_axis(axis_value, whole->rank, axis)) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "-input rank(-%d) <= split_dim < input rank (%d), but got %lld", whole->rank,
                whole->rank, (long long)axis_value);
}

static sm_status even_length(sm_error *err, const shape *whole, int axis, int n, int64_t *length)
{
    if (whole->dims[axis] % n == 0) {
        *length = whole->dims[axis] / n;
        return SM_OK;
    }
    return FAIL(
        err,
        SM_INVALID_ARGUMENT, "Number of ways to split should evenly divide the split dimension, but got split_dim %d (size = %lld) and num_split %d",
        axis, (long long)whole->dims[axis], n);
}

static sm_status infer_split(infer *c)
{
    int64_t value_of_axis, length = UNKNOWN_DIM;
    int     axis = 0;
    if (c->in[1].rank < 0) return SM_OK;
    if (!infer_int_value(c, 0, &value_of_axis)) {
        for (int i = 0; i < c->n_out; i++) c->out[i] = shape_unknown_dims(c->in[1].rank);
        return SM_OK;
    }
    TRY(split_axis(c->err, value_of_axis, &c->in[1], &axis));
    if (c->in[1].dims[axis] >= 0) TRY(even_length(c->err, &c->in[1], axis, c->n_out, &length));
    for (int i = 0; i < c->n_out; i++) {
        c->out[i] = c->in[1];
        c->out[i].dims[axis] = length;
    }
    return SM_OK;
}

static sm_status split(call *c)
{
    const tensor *x = c->in[1];
    int64_t       length = 0;
    int           axis = 0;
    TRY(split_axis(c->err, tensor_int(c->in[0], 0), &x->shape, &axis));
    TRY(even_length(c->err, &x->shape, axis, c->n_out, &length));
    shape part = x->shape;
    part.dims[axis] = length;
    for (int i = 0; i < c->n_out; i++) {
        TRY(move_output(c, i, &part));
        TRY(move_part(c, c->out[i], x, &x->shape, axis, i * length, length, false));
    }
    return SM_OK;
}

/* Length of piece i: what size_splits says, or what is left for the one that is -1. */
static sm_status split_length(sm_error *err, const tensor *sizes, int64_t whole, int i, int64_t *length)
{
    int64_t sum = 0, n = (int64_t)tensor_count(sizes), left = -1;
    for (int64_t k = 0; k < n; k++) {
        int64_t size = tensor_int(sizes, (size_t)k);
        if (size == -1 && left < 0)
            left = k;
        else if (size == -1)
            return FAIL(err, SM_INVALID_ARGUMENT, "There can only be one -1 in the input.");
        else if (size < 0 || __builtin_add_overflow(sum, size, &sum))
            return FAIL(err, SM_INVALID_ARGUMENT, "Split size at index %lld must be >= 0. Got: %lld", (long long)k,
                        (long long)size);
    }
    if (left < 0 ? sum != whole : sum > whole)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "Determined shape must either match input shape along split_dim exactly if fully specified, or be "
                    "less than the size of the input along split_dim if not fully specified.  Got: %lld",
                    (long long)sum);
    *length = i == left ? whole - sum : tensor_int(sizes, (size_t)i);
    return SM_OK;
}

static sm_status infer_split_v(infer *c)
{
    int64_t value_of_axis, length;
    int     axis = 0;
    if (c->in[0].rank < 0) return SM_OK;
    for (int i = 0; i < c->n_out; i++) c->out[i] = shape_unknown_dims(c->in[0].rank);
    if (!infer_int_value(c, 2, &value_of_axis)) return SM_OK;
    TRY(split_axis(c->err, value_of_axis, &c->in[0], &axis));
    for (int i = 0; i < c->n_out; i++) {
        c->out[i] = c->in[0];
        c->out[i].dims[axis] = UNKNOWN_DIM;
        if (!c->value[1] || c->in[0].dims[axis] < 0) continue;
        if ((int64_t)tensor_count(c->value[1]) != c->n_out)
            return INFER_FAIL(c, "size_splits has %zu elements for %d outputs", tensor_count(c->value[1]), c->n_out);
        TRY(split_length(c->err, c->value[1], c->in[0].dims[axis], i, &length));
        c->out[i].dims[axis] = length;
    }
    return SM_OK;
}

static sm_status split_v(call *c)
{
    const tensor *x = c->in[0];
    int64_t       length, at = 0;
    int           axis = 0;
    if ((int64_t)tensor_count(c->in[1]) != c->n_out)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "size_splits has %zu elements for %d outputs", tensor_count(c->in[1]),
                         c->n_out);
    TRY(split_axis(c->err, tensor_int(c->in[2], 0), &x->shape, &axis));
    for (int i = 0; i < c->n_out; i++) {
        shape part = x->shape;
        TRY(split_length(c->err, c->in[1], x->shape.dims[axis], i, &length));
        part.dims[axis] = length;
        TRY(move_output(c, i, &part));
        TRY(move_part(c, c->out[i], x, &x->shape, axis, at, length, false));
        at += length;
    }
    return SM_OK;
}

/* -- ConcatOffset: where each part begins ------------------------------------------------------------------------- */

static sm_status infer_concat_offset(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = c->in[i + 1];
    return SM_OK;
}

static sm_status concat_offset(call *c)
{
    int64_t rank = (int64_t)tensor_count(c->in[1]), at = 0, axis = tensor_int(c->in[0], 0);
    if (axis < -rank || axis >= rank)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Concat dim is out of range: %lld vs. %lld", (long long)axis,
                         (long long)rank);
    if (axis < 0) axis += rank;
    for (int i = 0; i < c->n_out; i++) {
        const tensor *s = c->in[i + 1];
        if (s->shape.rank != 1 || tensor_count(s) != (size_t)rank)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input %d should contain %lld elements, but got %zu", i,
                             (long long)rank, tensor_count(s));
        for (int64_t d = 0; d < rank; d++) {
            int64_t x = d == axis ? at : 0;
            if (d != axis && tensor_int(s, (size_t)d) != tensor_int(c->in[1], (size_t)d))
                return CALL_FAIL(
                    c, SM_INVALID_ARGUMENT, "All dimensions except %lld must match. Input %d has shape [%lld] and doesn't match input 0 with shape [%lld].",
                    (long long)axis, i, (long long)tensor_int(s, (size_t)d), (long long)tensor_int(c->in[1], (size_t)d));
            if (s->dtype == SM_INT64)
                ((int64_t *)c->out[i]->data)[d] = x;
            else
                ((int32_t *)c->out[i]->data)[d] = (int32_t)x;
        }
        at += tensor_int(s, (size_t)axis);
    }
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(concat_rows, concat);
KERNEL(concat_v2_rows, concat_v2);
KERNEL(pack_rows, pack);
KERNEL(unpack_rows, unpack);
KERNEL(split_rows, split);
KERNEL(split_v_rows, split_v);
KERNEL(concat_offset_rows, concat_offset);

/* clang-format off */
const op_def join_ops[] = {
    { "ConcatV2", "values:N*T axis:Tidx -> output:T | N: int >= 2, T: any, Tidx: index = int32",
      infer_concat_v2, concat_v2_rows, NULL, 0, "tensors one after the other along an axis" },
    { "Concat", "concat_dim:int32 values:N*T -> output:T | N: int >= 2, T: any",
      infer_concat, concat_rows, NULL, 0, "tensors one after the other along an axis" },
    { "ConcatOffset", "concat_dim:int32 shape:N*shape_type -> offset:N*shape_type | N: int >= 2, shape_type: index = int32",
      infer_concat_offset, concat_offset_rows, NULL, 0, "where each part of a concatenation begins" },
    { "Pack", "values:N*T -> output:T | N: int >= 1, T: any, axis: int = 0",
      infer_pack, pack_rows, NULL, 0, "tensors stacked along a new axis" },
    { "Unpack", "value:T -> output:num*T | num: int >= 0, T: any, axis: int = 0",
      infer_unpack, unpack_rows, NULL, 0, "the slices along an axis" },
    { "Split", "split_dim:int32 value:T -> output:num_split*T | num_split: int >= 1, T: any",
      infer_split, split_rows, NULL, 0, "equal parts along an axis" },
    { "SplitV", "value:T size_splits:Tlen split_dim:int32 -> output:num_split*T | num_split: int >= 1, T: any, Tlen: {int8, int32, int64} = int64",
      infer_split_v, split_v_rows, NULL, 0, "parts of given lengths along an axis" },
    { 0 },
};
/* clang-format on */
