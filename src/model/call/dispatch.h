/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/dispatch.h - which trace of a function takes a call, and the tensors that it gets. */
#ifndef MODEL_CALL_DISPATCH_H
#define MODEL_CALL_DISPATCH_H

#include "model/call/binding.h"
#include "model/call/callable.h"

/* A flat list of tensors, borrowed from values and the frame. */
typedef struct flat_list {
    tensor **items;
    size_t   count, capacity;
} flat_list;

/* Whether `expected`, a description, takes v; if so the tensors that stand for v are appended. converting: what is no tensor may
 * become one. */
sm_status match_value(call_frame *f, const sm_value *expected, const sm_value *v, bool converting, flat_list *flat,
                      bool *fits, sm_error *err) CHECKED;
/* The first trace that takes `inputs` (a canonical call), first without conversions. ValueError in TensorFlow's words when there
 * is none. */
sm_status dispatch_call(call_frame *f, const callable *c, const sm_value *inputs, concrete **trace, flat_list *flat,
                        sm_error *err) CHECKED;

#endif
