/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/reshape.c - shapes as values, and the same elements under another shape.
 *
 * Shape, ShapeN, Size and Rank never look at elements, so the engine evaluates them when a layout is made. Reshape,
 * ExpandDims, Squeeze and Bitcast to a type of the same size forward their input without a copy.
 *
 * Tests: reshape.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Shapes as values ------------------------------------------------------------------------------------------- */

static sm_status infer_shape_vector(infer *c)
{
    for (int i = 0; i < c->n_out; i++)
        c->out[i] = c->in[i].rank < 0 ? shape_unknown_dims(1) : shape_vector(c->in[i].rank);
    return SM_OK;
}

/* An integer as element i of an int32 or int64 tensor. */
static void put_int(tensor *t, int64_t i, int64_t x)
{
    if (t->dtype == SM_INT64)
        ((int64_t *)t->data)[i] = x;
    else
        ((int32_t *)t->data)[i] = (int32_t)x;
}

static sm_status shape_vectors(call *c)
{
    for (int i = 0; i < c->n_out; i++) {
        const shape *s = &c->in[i]->shape;
        for (int d = 0; d < s->rank; d++) {
            if (s->dims[d] > INT32_MAX && c->out[i]->dtype == SM_INT32)
                return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Shape output type is 32-bit  but dim %d is %lld", d,
                                 (long long)s->dims[d]);
            put_int(c->out[i], d, s->dims[d]);
        }
    }
    return SM_OK;
}

static sm_status element_count(call *c)
{
    size_t n = tensor_count(c->in[0]);
    if (n > INT32_MAX && c->out[0]->dtype == SM_INT32)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Number of elements was larger than representable by 32-bit output type");
    put_int(c->out[0], 0, (int64_t)n);
    return SM_OK;
}

static sm_status rank(call *c)
{
    put_int(c->out[0], 0, c->in[0]->shape.rank);
    return SM_OK;
}

/* -- Reshape ------------------------------------------------------------------------------------------------------ */

/* Puts the dim that -1 stands for into s; from must be known. Where s has a zero, dims of zero on both sides are left out
 * of the division, so that [0, 3] becomes [0, -1] = [0, 3]. */
static sm_status reshape_solve(sm_error *err, const shape *from, shape *s)
{
    int64_t n = shape_count(from), product = 1, elements = 1, wanted;
    int     free = -1;
    bool    zero = false, zero_in = false;
    for (int i = 0; i < s->rank; i++) {
        if (s->dims[i] == -1 && free >= 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Only one input size may be -1, not both %d and %d", free, i);
        if (s->dims[i] == -1)
            free = i;
        else if (s->dims[i] < 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Size %d must be non-negative, not %lld", i, (long long)s->dims[i]);
        else if (s->dims[i] == 0)
            zero = true;
        else if (__builtin_mul_overflow(product, s->dims[i], &product))
            return FAIL(err, SM_INVALID_ARGUMENT, "the requested shape has too many elements");
    }
    for (int i = 0; i < from->rank; i++) {
        if (from->dims[i] > 0 || !zero)
            elements *= from->dims[i];
        else
            zero_in = true;
    }
    if (free >= 0) {
        s->dims[free] = elements / product;
        if (!zero_in && s->dims[free] * product != elements)
            return FAIL(
                err, SM_INVALID_ARGUMENT,
                "Input to reshape is a tensor with %lld values, but the requested shape requires a multiple of %lld",
                (long long)n, (long long)product);
    }
    wanted = shape_count(s);
    if (wanted == n) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "Input to reshape is a tensor with %lld values, but the requested shape has %lld",
                (long long)n, (long long)wanted);
}

static sm_status infer_reshape(infer *c)
{
    shape want;
    TRY(infer_rank(c, 1, 1));
    if (!c->value[1]) {
        if (c->in[1].rank == 1 && c->in[1].dims[0] >= 0 && c->in[1].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
        return SM_OK;
    }
    TRY(move_dims(c->value[1], &want, c->err));
    if (shape_known(&c->in[0])) TRY(reshape_solve(c->err, &c->in[0], &want));
    c->out[0] = want; /* a dim of -1 stays unknown */
    return SM_OK;
}

static sm_status reshape(call *c)
{
    shape s;
    TRY(move_dims(c->in[1], &s, c->err));
    TRY(reshape_solve(c->err, &c->in[0]->shape, &s));
    return call_forward(c, 0, 0, &s);
}

static sm_status expanded(sm_error *err, const shape *from, int64_t axis, shape *out)
{
    int at;
    if (!move_axis(axis, from->rank + 1, &at))
        return FAIL(err, SM_INVALID_ARGUMENT, "Tried to expand dim index %lld for tensor with %d dimensions.",
                    (long long)axis, from->rank);
    if (from->rank >= SHAPE_MAX_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_unknown_dims(from->rank + 1);
    for (int i = 0; i < out->rank; i++) out->dims[i] = i == at ? 1 : from->dims[i - (i > at)];
    return SM_OK;
}

static sm_status infer_expand_dims(infer *c)
{
    int64_t axis;
    if (c->in[0].rank < 0) return SM_OK;
    if (infer_int_value(c, 1, &axis)) return expanded(c->err, &c->in[0], axis, &c->out[0]);
    if (c->in[0].rank < SHAPE_MAX_RANK) c->out[0] = shape_unknown_dims(c->in[0].rank + 1);
    return SM_OK;
}

static sm_status expand_dims(call *c)
{
    shape s;
    if (tensor_count(c->in[1]) != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "'dim' must be a tensor with a single value");
    TRY(expanded(c->err, &c->in[0]->shape, tensor_int(c->in[1], 0), &s));
    return call_forward(c, 0, 0, &s);
}

static sm_status squeezed(sm_error *err, const node *n, const shape *from, shape *out)
{
    size_t         count;
    const int64_t *axes = node_ints(n, "squeeze_dims", &count);
    bool           gone[SHAPE_MAX_RANK] = { false };
    for (size_t i = 0; i < count; i++) {
        int at;
        if (!move_axis(axes[i], from->rank, &at))
            return FAIL(err, SM_INVALID_ARGUMENT, "Tried to squeeze dim index %lld for tensor with %d dimensions.",
                        (long long)axes[i], from->rank);
        if (from->dims[at] > 1 || from->dims[at] == 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Can not squeeze dim[%d], expected a dimension of 1, got %lld", at,
                        (long long)from->dims[at]);
        gone[at] = true;
    }
    *out = shape_scalar();
    for (int i = 0; i < from->rank; i++)
        if (!(count ? gone[i] : from->dims[i] == 1)) out->dims[out->rank++] = from->dims[i];
    return SM_OK;
}

static sm_status infer_squeeze(infer *c)
{
    size_t count;
    node_ints(c->node, "squeeze_dims", &count);
    if (c->in[0].rank < 0 || (count == 0 && !shape_known(&c->in[0]))) return SM_OK;
    return squeezed(c->err, c->node, &c->in[0], &c->out[0]);
}

static sm_status squeeze(call *c)
{
    shape s;
    TRY(squeezed(c->err, c->node, &c->in[0]->shape, &s));
    return call_forward(c, 0, 0, &s);
}

/* -- Bitcast: to a smaller type adds a last dimension, to a larger one removes it -------------------------------- */

static sm_status recast(sm_error *err, const node *n, const shape *from, shape *out)
{
    sm_dtype a = node_type(n, "T"), b = node_type(n, "type");
    size_t   is = dtype_size(a), will = dtype_size(b);
    *out = *from;
    if (is == will || from->rank < 0) return SM_OK;
    if (is > will) {
        if (from->rank >= SHAPE_MAX_RANK)
            return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
        out->dims[out->rank++] = (int64_t)(is / will);
        return SM_OK;
    }
    int64_t last = from->rank ? from->dims[from->rank - 1] : -2;
    if (last != (int64_t)(will / is) && last != UNKNOWN_DIM) {
        return FAIL(err, SM_INVALID_ARGUMENT, "Cannot bitcast from %s to %s: %s of shape rank %d", dtype_short_name(a),
                    dtype_short_name(b), "the last dimension does not fit", from->rank);
    }
    out->rank--;
    return SM_OK;
}

static sm_status infer_bitcast(infer *c)
{
    return recast(c->err, c->node, &c->in[0], &c->out[0]);
}

static sm_status bitcast(call *c)
{
    shape s;
    TRY(recast(c->err, c->node, &c->in[0]->shape, &s));
    TRY(move_output(c, 0, &s));
    if (tensor_bytes(c->out[0])) memcpy(c->out[0]->data, c->in[0]->data, tensor_bytes(c->out[0]));
    return SM_OK;
}

/* -- Broadcasting as values ------------------------------------------------------------------------------------- */

static sm_status infer_broadcast_to(infer *c)
{
    sm_status s = SM_OK;
    if (!infer_shape_value(c, 1, &c->out[0], &s) && s == SM_OK && c->in[1].rank == 1 && c->in[1].dims[0] >= 0 &&
        c->in[1].dims[0] <= SHAPE_MAX_RANK)
        c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
    return s;
}

static sm_status broadcast_to(call *c)
{
    const shape *from = &c->in[0]->shape;
    shape        s, both;
    int64_t      stride = 1, strides[SHAPE_MAX_RANK];
    move         m = { 0 };
    TRY(tensor_to_shape(c->in[1], &s, c->err));
    if (!shape_broadcast(from, &s, &both) || !shape_eq(&both, &s)) {
        str a, b;
        str_init(&a);
        str_init(&b);
        shape_print(&a, from);
        shape_print(&b, &s);
        (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s", str_text(&a), str_text(&b));
        str_clear(&a);
        str_clear(&b);
        return SM_INVALID_ARGUMENT;
    }
    TRY(move_output(c, 0, &s));
    shape_strides(&s, strides);
    int64_t source[SHAPE_MAX_RANK];
    for (int i = s.rank - 1; i >= 0; i--) {
        int at = i - (s.rank - from->rank);
        source[i] = at < 0 || from->dims[at] == 1 ? 0 : stride;
        if (at >= 0) stride *= from->dims[at];
    }
    for (int i = 0; i < s.rank; i++) move_dim(&m, s.dims[i], strides[i], source[i]);
    return move_run(c, c->out[0], c->in[0], &m);
}

static sm_status infer_broadcast_args(infer *c)
{
    c->out[0] = shape_unknown_dims(1);
    if (c->in[0].rank == 1 && c->in[1].rank == 1 && c->in[0].dims[0] >= 0 && c->in[1].dims[0] >= 0)
        c->out[0].dims[0] = c->in[0].dims[0] > c->in[1].dims[0] ? c->in[0].dims[0] : c->in[1].dims[0];
    return SM_OK;
}

static sm_status two_shapes(call *c, shape *a, shape *b, shape *both)
{
    str x, y;
    TRY(tensor_to_shape(c->in[0], a, c->err));
    TRY(tensor_to_shape(c->in[1], b, c->err));
    if (shape_broadcast(a, b, both)) return SM_OK;
    str_init(&x);
    str_init(&y);
    shape_print(&x, a);
    shape_print(&y, b);
    for (size_t i = 0; i < x.len; i++)
        if (x.ptr[i] == '?') x.ptr[i] = '1';
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s", str_text(&x), str_text(&y));
    str_clear(&x);
    str_clear(&y);
    return SM_INVALID_ARGUMENT;
}

static sm_status broadcast_args(call *c)
{
    shape a, b, both;
    TRY(two_shapes(c, &a, &b, &both));
    shape s = shape_vector(both.rank);
    TRY(move_output(c, 0, &s));
    for (int i = 0; i < both.rank; i++) put_int(c->out[0], i, both.dims[i]);
    return SM_OK;
}

static sm_status infer_two_vectors(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = shape_unknown_dims(1);
    return SM_OK;
}

/* The axes over which a gradient has to be summed to get back to each shape. */
static sm_status broadcast_gradient_args(call *c)
{
    shape both, s[2];
    TRY(two_shapes(c, &s[0], &s[1], &both));
    bool same = shape_eq(&s[0], &s[1]);
    for (int k = 0; k < 2; k++) {
        int axes[SHAPE_MAX_RANK], n = 0;
        for (int i = 0; i < both.rank; i++) {
            int at = i - (both.rank - s[k].rank);
            if (!same && (at < 0 || s[k].dims[at] == 1)) axes[n++] = i;
        }
        shape out = shape_vector(n);
        TRY(call_output(c, k, &out));
        for (int i = 0; i < n; i++) put_int(c->out[k], i, axes[i]);
    }
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(shape_rows, shape_vectors);
KERNEL(size_rows, element_count);
KERNEL(rank_rows, rank);
KERNEL(reshape_rows, reshape);
KERNEL(expand_dims_rows, expand_dims);
KERNEL(squeeze_rows, squeeze);
KERNEL(bitcast_rows, bitcast);
KERNEL(broadcast_to_rows, broadcast_to);
KERNEL(broadcast_args_rows, broadcast_args);
KERNEL(broadcast_gradient_args_rows, broadcast_gradient_args);

/* clang-format off */
#define BITS "{bfloat16, half, float, double, int64, int32, uint8, uint16, uint32, uint64, int8, int16, complex64, complex128, qint8, quint8, qint16, quint16, qint32}"
const op_def reshape_ops[] = {
    { "Shape", "input:T -> output:out_type | T: any, out_type: index = int32",
      infer_shape_vector, shape_rows, NULL, OP_SHAPE_ONLY, "the dims of input as a vector" },
    { "ShapeN", "input:N*T -> output:N*out_type | N: int >= 1, T: any, out_type: index = int32",
      infer_shape_vector, shape_rows, NULL, OP_SHAPE_ONLY, "the dims of each input as vectors" },
    { "Size", "input:T -> output:out_type | T: any, out_type: index = int32",
      infer_scalar, size_rows, NULL, OP_SHAPE_ONLY, "the number of elements" },
    { "Rank", "input:T -> output:int32 | T: any",
      infer_scalar, rank_rows, NULL, OP_SHAPE_ONLY, "the number of dimensions" },
    { "Reshape", "tensor:T shape:Tshape -> output:T | T: any, Tshape: index = int32",
      infer_reshape, reshape_rows, NULL, OP_VIEW, "the same elements under another shape" },
    { "ExpandDims", "input:T dim:Tdim -> output:T | T: any, Tdim: index = int32",
      infer_expand_dims, expand_dims_rows, NULL, OP_VIEW, "a dimension of 1 put in" },
    { "Squeeze", "input:T -> output:T | T: any, squeeze_dims: list(int) >= 0 = []",
      infer_squeeze, squeeze_rows, NULL, OP_VIEW, "dimensions of 1 taken out" },
    { "Bitcast", "input:T -> output:type | T: " BITS ", type: " BITS,
      infer_bitcast, bitcast_rows, NULL, 0, "the same bytes as another type" },
    { "BroadcastTo", "input:T shape:Tidx -> output:T | T: any, Tidx: index = int32",
      infer_broadcast_to, broadcast_to_rows, NULL, 0, "repeats along dimensions of 1" },
    { "BroadcastArgs", "s0:T s1:T -> r0:T | T: index = int32",
      infer_broadcast_args, broadcast_args_rows, NULL, 0, "the shape that two shapes broadcast to" },
    { "BroadcastGradientArgs", "s0:T s1:T -> r0:T r1:T | T: index = int32",
      infer_two_vectors, broadcast_gradient_args_rows, NULL, 0, "the axes to sum a gradient over after broadcasting" },
    { 0 },
};
/* clang-format on */
