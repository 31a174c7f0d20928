/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_array.h - the object behind TensorFlow 1's TensorArray: what a handle points to.
 *
 * Unlike a tensor list it is changed by its ops; the float "flow" that goes from op to op gives them their order. An element is
 * written once and, unless clear_after_read is off, read once. The array of an array's gradients adds up what is written
 * and knows the shapes of the elements that it belongs to. */
#ifndef OPS_CONTROL_TENSOR_ARRAY_H
#define OPS_CONTROL_TENSOR_ARRAY_H

#include "graph/op.h"

#include <pthread.h>

typedef struct array_item {
    tensor *t; /* NULL: not written, read and cleared, or (a gradient) zeros */
    bool    written, read, cleared;
    bool    own; /* t is a sum that nobody else sees */
} array_item;

typedef struct tensor_array tensor_array;

struct tensor_array {
    object          base;
    memory         *memory;
    pthread_mutex_t lock;
    char           *name; /* in messages */
    sm_dtype        dtype;
    shape           element_shape;
    bool            dynamic, clear, identical, adds, closed;
    array_item     *items;
    size_t          count, capacity;
    size_t          marked;    /* of gradients: how many elements there were to begin with */
    shape          *shapes;    /* of gradients: `marked` shapes, unknown when there was no element */
    slice           source;    /* of gradients: whose */
    tensor_array   *gradients; /* the arrays of this one's gradients (owned), linked by next */
    tensor_array   *next;
};

extern const object_type tensor_array_type; /* "TensorArray" */

/* One reference; `count` elements that are not written. name is copied. */
sm_status tensor_array_new(memory *m, slice name, sm_dtype dtype, size_t count, tensor_array **out, sm_error *err) CHECKED;
/* The array of a's gradients for `source`, made when there is none (borrowed); prefix: dimensions in front of every shape. a must
 * be locked. */
sm_status tensor_array_gradient(tensor_array *a, slice source, const shape *prefix, tensor_array **out,
                                sm_error *err) CHECKED;

/* All below need the lock, and an array that is not closed. */
sm_status tensor_array_check_open(const tensor_array *a, sm_error *err) CHECKED;
/* Element i becomes t, which is consumed, also on failure. */
sm_status tensor_array_write(tensor_array *a, int64_t i, tensor *t, sm_error *err) CHECKED;
/* *out: element i, owned. */
sm_status tensor_array_read(tensor_array *a, int64_t i, tensor **out, sm_error *err) CHECKED;
void      tensor_array_close(tensor_array *a);

/* tensor_array_ops.c: UNIMPLEMENTED when t has handles of arrays or stacks, which must not hold each other. */
sm_status array_may_hold(call *c, const tensor *t) CHECKED;

#endif
