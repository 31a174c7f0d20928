/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/update.h - arithmetic on a variable's own elements, for whole tensors and for slices of them. */
#ifndef OPS_STATE_UPDATE_H
#define OPS_STATE_UPDATE_H

#include "graph/op.h"

typedef enum update_op { UPDATE_SET, UPDATE_ADD, UPDATE_SUB, UPDATE_MUL, UPDATE_DIV, UPDATE_MIN, UPDATE_MAX } update_op;

/* to[i] = to[i] op from[i * step] for n elements of type t; step 0 or 1. Integer division by zero: INVALID_ARGUMENT.
 * UNIMPLEMENTED for types without arithmetic (UPDATE_SET takes any plain type). */
sm_status update_elements(update_op op, sm_dtype t, void *to, const void *from, size_t step, size_t n, sm_error *err) CHECKED;

typedef struct update_whole {
    update_op     op;
    const tensor *value;
    const tensor *scale;         /* a scalar that the value is multiplied with first; NULL: none */
    sm_error     *err;
} update_whole;
/* A variable_change: context is an update_whole. */
sm_status update_whole_tensor(void *context, tensor *t, sm_error *err) CHECKED;

#endif
