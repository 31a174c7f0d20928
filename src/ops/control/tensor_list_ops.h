/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_list_ops.h - what the ops on single elements and those on whole lists share: arguments and shapes. */
#ifndef OPS_CONTROL_TENSOR_LIST_OPS_H
#define OPS_CONTROL_TENSOR_LIST_OPS_H

#include "graph/op.h"
#include "ops/control/tensor_list.h"

/* The list of scalar input i: borrowed. */
sm_status list_input(call *c, int i, const tensor_list **out) CHECKED;
/* Input i as a list that may be changed: itself when nobody else can see it, else a copy. One reference, owned. Whatever
 * the list shall hold has to be kept (tensor_keep) before, so that a list never gets to hold itself. */
sm_status list_to_change(call *c, int i, size_t room, tensor_list **out) CHECKED;
/* Output i is the list (consumed, also on failure), or the status that came before. */
sm_status list_give(call *c, int i, tensor_list *l, sm_status before) CHECKED;

/* "Invalid data types; op elements int32 but list elements float" unless the attribute element_dtype is the list's. */
sm_status list_check_dtype(call *c, const tensor_list *l) CHECKED;
/* Input i, a shape: a vector, or the scalar -1 for an unknown one. */
sm_status list_shape_input(call *c, int i, shape *out) CHECKED;
/* That shape together with the list's. */
sm_status list_element_shape(call *c, int i, const tensor_list *l, shape *out) CHECKED;
/* *s becomes what it and `with` say together; TensorFlow's text when they contradict each other. */
sm_status list_merge_shape(call *c, shape *s, const shape *with) CHECKED;
/* A scalar integer input. */
sm_status list_int_input(call *c, int i, const char *name, int64_t *out) CHECKED;
/* INVALID_ARGUMENT "<words><a><and><b>", shapes printed. b may be NULL. */
sm_status list_fail_shapes(call *c, const char *words, const shape *a, const char *and, const shape *b) CHECKED;
/* Row i of t as a tensor of its own. */
sm_status list_row(call *c, const tensor *t, size_t i, tensor **out) CHECKED;

/* tensor_list_sum.c: what ZerosLike and AddN run on variants. */
sm_status tensor_list_zeros_like(call *c) CHECKED;
sm_status tensor_list_add_n(call *c) CHECKED;

/* For inference: the element shape that input i gives, when it is known by now. */
bool list_infer_shape(infer *c, int i, shape *out);

#endif
