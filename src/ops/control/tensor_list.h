/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_list.h - the list of tensors behind TensorFlow 2's TensorArray: what a variant scalar points to.
 *
 * To a graph a list is a value: every op gives a new one. Here a list that nobody else holds any more is changed in
 * place (tensor_list_ops.c decides that), so a loop that sets one element per round does not copy the list. */
#ifndef OPS_CONTROL_TENSOR_LIST_H
#define OPS_CONTROL_TENSOR_LIST_H

#include "graph/tensor.h"

typedef struct tensor_list {
    object   base;
    memory  *memory;        /* account of the array                                        */
    sm_dtype dtype;         /* of the elements                                             */
    shape    element_shape; /* may be partly unknown                                       */
    int64_t  most;          /* elements that PushBack may bring it to; -1: any number       */
    tensor **items;         /* owned; NULL: unset                                          */
    size_t   count, capacity;
    int      depth; /* lists in lists in lists: how deep (their release is recursive) */
} tensor_list;

extern const object_type tensor_list_type; /* "TensorList" */

/* One reference; no elements. */
sm_status tensor_list_new(memory *m, sm_dtype dtype, const shape *element_shape, int64_t most, tensor_list **out,
                          sm_error *err) CHECKED;
/* Another list with the same elements, and room for `room` more. */
sm_status tensor_list_copy(const tensor_list *l, size_t room, tensor_list **out, sm_error *err) CHECKED;
/* New elements are unset; those that go are released. */
sm_status tensor_list_resize(tensor_list *l, size_t count, sm_error *err) CHECKED;
/* Element i (which there is) becomes t; t is consumed, also on failure. RESOURCE_EXHAUSTED when lists nest too deeply. */
sm_status tensor_list_set(tensor_list *l, size_t i, tensor *t, sm_error *err) CHECKED;
sm_status tensor_list_push(tensor_list *l, tensor *t, sm_error *err) CHECKED;

static inline tensor_list *tensor_list_of(object *o) /* NULL: not a list */
{
    return o && o->type == &tensor_list_type ? (tensor_list *)(void *)o : NULL;
}

#endif
