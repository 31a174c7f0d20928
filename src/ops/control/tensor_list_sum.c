/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_list_sum.c - ZerosLike and AddN of tensor lists, element by element: what the derivative of a loop over
 * lists does. The rows belong to ops in array/ and math/; what they run is here.
 *
 * An element that is not set counts as zeros: it stays unset, or becomes the other list's element.
 *
 * Tests: tests/unit/tensor_list_test.c. */
#include "ops/control/tensor_list_ops.h"
#include "ops/control/tensor_sum.h"

#include <stdio.h>

static sm_status zeros_of(call *c, const tensor *t, tensor **out)
{
    if (!dtype_plain(t->dtype))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to compute zeros_like for unsupported dtype %s",
                         dtype_short_name(t->dtype));
    TRY(tensor_new(c->memory, t->dtype, &t->shape, out, c->err));
    if (tensor_bytes(*out)) memset((*out)->data, 0, tensor_bytes(*out));
    return SM_OK;
}

sm_status tensor_list_zeros_like(call *c)
{
    const tensor_list *l;
    tensor_list       *zeros = NULL;
    if (c->in[0]->shape.rank != 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "ZerosLike non-scalar Tensor with dtype=DT_VARIANT is not supported.");
    TRY(list_input(c, 0, &l));
    TRY(tensor_list_new(c->memory, l->dtype, &l->element_shape, -1, &zeros, c->err));
    sm_status s = tensor_list_resize(zeros, l->count, c->err);
    for (size_t i = 0; i < l->count && s == SM_OK; i++) {
        tensor *t = NULL;
        if (!l->items[i]) continue;
        s = zeros_of(c, l->items[i], &t);
        if (s == SM_OK) s = tensor_list_set(zeros, i, t, c->err);
    }
    return list_give(c, 0, zeros, s);
}

/* Adds x to element i of sum, which is ours. */
static sm_status add_item(call *c, tensor_list *sum, size_t i, const tensor *x)
{
    tensor *item = sum->items[i], *copy = NULL;
    if (!x) return SM_OK;
    if (item && !shape_eq(&item->shape, &x->shape))
        return list_fail_shapes(c, "Trying to add two tensors with incompatible element shapes. One is ", &item->shape,
                                " and the other is ", &x->shape);
    TRY(tensor_copy(c->memory, item ? item : x, &copy, c->err));
    if (item && !tensor_sum(copy, x)) {
        tensor_unref(copy);
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to add unsupported dtype %s", dtype_short_name(x->dtype));
    }
    return tensor_list_set(sum, i, copy, c->err);
}

static sm_status add_list(call *c, tensor_list *sum, const tensor_list *l)
{
    shape s;
    if (sum->dtype != l->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "Trying to add two lists of tensors of different dtypes. One is %s and the other is %s",
                         dtype_short_name(sum->dtype), dtype_short_name(l->dtype));
    if (!shape_merge(&sum->element_shape, &l->element_shape, &s))
        return list_fail_shapes(c, "Trying to add two lists of tensors with incompatible element shapes. One is ",
                                &sum->element_shape, " and the other is ", &l->element_shape);
    if (sum->count != l->count)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "Trying to add two lists of tensors with different lengths. One is %zu and the other is %zu",
                         sum->count, l->count);
    sum->element_shape = s;
    for (size_t i = 0; i < l->count; i++) TRY(add_item(c, sum, i, l->items[i]));
    return SM_OK;
}

sm_status tensor_list_add_n(call *c)
{
    const tensor_list *l;
    tensor_list       *sum = NULL;
    for (int i = 0; i < c->n_in; i++) {
        char words[128];
        (void)snprintf(words, sizeof words,
                       "AddN of non-scalar Tensor with dtype=DT_VARIANT is not supported; inputs[%d has shape: ", i);
        if (c->in[i]->shape.rank != 0) return list_fail_shapes(c, words, &c->in[i]->shape, ".", NULL);
    }
    TRY(list_input(c, 0, &l));
    TRY(tensor_list_copy(l, 0, &sum, c->err));
    sm_status s = SM_OK;
    for (int i = 1; i < c->n_in && s == SM_OK; i++) {
        s = list_input(c, i, &l);
        if (s == SM_OK) s = add_list(c, sum, l);
    }
    return list_give(c, 0, sum, s);
}
