/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/binding.h - a call's arguments bound to a function's parameters, cast to their types, and made symbolic.
 *
 * A frame holds what one call makes: an arena, and tensors that conversions made. Everything that is bound borrows from it and
 * from the caller's values. */
#ifndef MODEL_CALL_BINDING_H
#define MODEL_CALL_BINDING_H

#include "base/map.h"
#include "model/call/function_spec.h"

typedef struct call_frame {
    memory  *account; /* for tensors                              */
    arena    memory;
    tensor **tensors; /* one reference each                       */
    size_t   count, capacity;
    map      names; /* of placeholders, in lower case -> how many */
} call_frame;

void      frame_init(call_frame *f, memory *account);
void      frame_clear(call_frame *f);
sm_status frame_keep(call_frame *f, tensor *t, sm_error *err) CHECKED; /* t is consumed */

/* The value of each parameter of s, in order: of *args a tuple, of **kwargs a dict. Names are cleaned, defaults filled in, values
 * cast to the types of their parameters. TypeError in TensorFlow's words. */
sm_status bind_call(call_frame *f, const function_spec *s, const sm_value *args, const sm_value *kwargs,
                    const sm_value ***values, sm_error *err) CHECKED;
/* v cast to a type. *why says what is wrong, as TensorFlow's exception does. */
sm_status cast_value(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why, sm_error *err) CHECKED;

/* The canonical form, tuple(tuple(positional), dict(keywords)), in which traces describe what they take; tensors and arrays
 * have the names of the placeholders that tracing would make. */
sm_status canonical_call(call_frame *f, const function_spec *s, const sm_value *const *values, sm_value *out,
                         sm_error *err) CHECKED;

#endif
