/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/slices.c - Slice, and StridedSlice with its masks in every role: read, gradient, assignment.
 *
 * A strided slice is resolved once (strided.h) into a box of the input: first element, one signed stride and one length
 * per dimension of the input, and the shape that the user sees (new axes in, shrunk axes out). Reading moves the box to
 * a contiguous tensor, the gradient and the assignments move a contiguous tensor into the box.
 *
 * Tests: slices.test. Reading order: the table, then up. */
#include "ops/array/strided.h"

/* -- Slice -------------------------------------------------------------------------------------------------------- */

static sm_status sliced(sm_error *err, const shape *in, const tensor *begin, const tensor *size, shape *out)
{
    if (tensor_count(begin) != (size_t)in->rank || tensor_count(size) != (size_t)in->rank)
        return FAIL(
            err, SM_INVALID_ARGUMENT,
            "Expected begin and size arguments to be 1-D tensors of size %d, but got shapes [%zu] and [%zu] instead.",
            in->rank, tensor_count(begin), tensor_count(size));
    *out = *in;
    for (int i = 0; i < in->rank; i++) {
        int64_t b = tensor_int(begin, (size_t)i), n = tensor_int(size, (size_t)i), dim = in->dims[i];
        if (dim < 0) {
            out->dims[i] = n >= 0 ? n : UNKNOWN_DIM;
            continue;
        }
        if (n == -1 && b >= 0 && b <= dim) n = dim - b;
        if (b < 0 || b > dim)
            return FAIL(err, SM_INVALID_ARGUMENT, "Expected begin[%d] in [0, %lld], but got %lld", i, (long long)dim,
                        (long long)b);
        if (n < 0 || n > dim - b)
            return FAIL(err, SM_INVALID_ARGUMENT, "Expected size[%d] in [0, %lld], but got %lld", i,
                        (long long)(dim - b), (long long)n);
        out->dims[i] = n;
    }
    return SM_OK;
}

static sm_status infer_slice(infer *c)
{
    if (c->in[0].rank < 0) {
        if (c->in[1].rank == 1 && c->in[1].dims[0] >= 0 && c->in[1].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[1].dims[0]);
        return SM_OK;
    }
    c->out[0] = shape_unknown_dims(c->in[0].rank);
    if (c->value[1] && c->value[2]) return sliced(c->err, &c->in[0], c->value[1], c->value[2], &c->out[0]);
    return SM_OK;
}

static sm_status slice_box(call *c)
{
    const tensor *x = c->in[0];
    int64_t       to[SHAPE_MAX_RANK], from[SHAPE_MAX_RANK];
    shape         s;
    move          m = { 0 };
    TRY(sliced(c->err, &x->shape, c->in[1], c->in[2], &s));
    TRY(move_output(c, 0, &s));
    shape_strides(&x->shape, from);
    shape_strides(&s, to);
    for (int i = 0; i < s.rank; i++) {
        m.from_at += tensor_int(c->in[1], (size_t)i) * from[i];
        move_dim(&m, s.dims[i], to[i], from[i]);
    }
    return move_run(c, c->out[0], x, &m);
}

/* -- StridedSlice ------------------------------------------------------------------------------------------------- */

static sm_status infer_strided_slice(infer *c)
{
    strided box;
    if (c->in[0].rank < 0 || c->in[1].rank != 1 || !c->value[3]) return SM_OK;
    return strided_resolve(c->err, c->node, &c->in[0], c->value[1], c->value[2], c->value[3], &box, &c->out[0]);
}

static sm_status strided_slice(call *c)
{
    const tensor *x = c->in[0];
    strided       box;
    shape         s;
    TRY(strided_resolve(c->err, c->node, &x->shape, c->in[1], c->in[2], c->in[3], &box, &s));
    TRY(move_output(c, 0, &s));
    move m = strided_move(&box, &x->shape, true);
    return move_run(c, c->out[0], x, &m);
}

static sm_status infer_strided_slice_grad(infer *c)
{
    sm_status s = SM_OK;
    infer_shape_value(c, 0, &c->out[0], &s);
    return s;
}

static sm_status check_box(call *c, const shape *want, const shape *got, const char *what)
{
    if (shape_eq(want, got)) return SM_OK;
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, want);
    shape_print(&b, got);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "shape of %s was %s instead of %s", what, str_text(&b), str_text(&a));
    str_clear(&a);
    str_clear(&b);
    return SM_INVALID_ARGUMENT;
}

static sm_status strided_slice_grad(call *c)
{
    strided box;
    shape   whole, s;
    TRY(tensor_to_shape(c->in[0], &whole, c->err));
    TRY(strided_resolve(c->err, c->node, &whole, c->in[1], c->in[2], c->in[3], &box, &s));
    TRY(check_box(c, &s, &c->in[4]->shape, "dy"));
    TRY(move_output(c, 0, &whole));
    TRY(move_fill(c, c->out[0], NULL, 0));
    move m = strided_move(&box, &whole, false);
    return move_run(c, c->out[0], c->in[4], &m);
}

/* Writes value (broadcast to the box's shape) into the box of whole. */
static sm_status write_box(call *c, tensor *whole, const tensor *source)
{
    strided box;
    shape   s, both;
    TRY(strided_resolve(c->err, c->node, &whole->shape, c->in[1], c->in[2], c->in[3], &box, &s));
    if (!shape_broadcast(&source->shape, &s, &both) || !shape_eq(&both, &s))
        return check_box(c, &s, &source->shape, "value");
    move m = strided_move(&box, &whole->shape, false);
    /* The source's strides: over the box's visible dims from the right, 0 where it has 1. */
    int64_t stride = 1;
    int     at = source->shape.rank - 1;
    for (int d = m.rank - 1; d >= 0; d--) m.from[d] = 0;
    for (int v = s.rank - 1; v >= 0 && at >= 0; v--, at--) {
        int d = box.visible[v];
        if (d >= 0 && source->shape.dims[at] != 1) m.from[d] = stride;
        stride *= source->shape.dims[at];
    }
    return move_run(c, whole, source, &m);
}

static sm_status tensor_strided_slice_update(call *c)
{
    TRY(move_output(c, 0, &c->in[0]->shape));
    if (c->out[0]->data != c->in[0]->data) TRY(tensor_copy_elements(c->out[0], c->in[0], c->err));
    return write_box(c, c->out[0], c->in[4]);
}

static sm_status assign_box(void *context, tensor *t, sm_error *err)
{
    call *c = context;
    (void)err;
    return write_box(c, t, c->in[4]);
}

static sm_status resource_strided_slice_assign(call *c)
{
    variable *v;
    TRY(call_variable(c, 0, &v));
    if (variable_dtype(v) != c->in[4]->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "l-value dtype %s does not match r-value dtype %s",
                         dtype_short_name(variable_dtype(v)), dtype_short_name(c->in[4]->dtype));
    return variable_update(v, c->memory, assign_box, c, c->err);
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(slice_rows, slice_box);
KERNEL(strided_slice_rows, strided_slice);
KERNEL(strided_slice_grad_rows, strided_slice_grad);
KERNEL(update_rows, tensor_strided_slice_update);
KERNEL(assign_rows, resource_strided_slice_assign);

/* clang-format off */
#define MASKS "begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0"
const op_def slice_ops[] = {
    { "Slice", "input:T begin:Index size:Index -> output:T | T: any, Index: index",
      infer_slice, slice_rows, NULL, 0, "a box of input" },
    { "StridedSlice", "input:T begin:Index end:Index strides:Index -> output:T | T: any, Index: {int16, int32, int64}, " MASKS,
      infer_strided_slice, strided_slice_rows, NULL, 0, "input[begin:end:stride, ...] as Python has it" },
    { "StridedSliceGrad", "shape:Index begin:Index end:Index strides:Index dy:T -> output:T | T: any, Index: index, " MASKS,
      infer_strided_slice_grad, strided_slice_grad_rows, NULL, 0, "zeros with dy where the slice was taken" },
    { "TensorStridedSliceUpdate", "input:T begin:Index end:Index strides:Index value:T -> output:T | T: any, Index: index, " MASKS,
      infer_same, update_rows, NULL, OP_INPLACE, "input with a slice replaced" },
    { "ResourceStridedSliceAssign", "ref:resource begin:Index end:Index strides:Index value:T -> | T: any, Index: index, " MASKS,
      infer_unknown, assign_rows, NULL, OP_STATEFUL | OP_WRITES, "replaces a slice of a variable" },
    { 0 },
};
/* clang-format on */
