/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/callable.h - what of the object graph can be called: functions with their traces, and bare concrete functions.
 *
 * A callable is made when its object is first called, under the model's lock, and does not change any more; its traces are
 * compiled one by one, when they are first chosen. Functions that share a trace share its compiled form. */
#ifndef MODEL_CALL_CALLABLE_H
#define MODEL_CALL_CALLABLE_H

#include "base/map.h"
#include "model/call/function_spec.h"
#include "model/definitions.h"
#include "runtime/function.h"

/* A concrete function: a trace of a function, or a signature. */
typedef struct concrete {
    slice               name;
    const sm_value     *input, *output;
    sm_dtype           *types; /* of its tensors, captures not counted */
    size_t              count;
    _Atomic(function *) compiled;
} concrete;

typedef struct callable {
    function_spec                       spec;
    concrete                          **traces;
    size_t                              trace_count;
    const tf_SavedBareConcreteFunction *bare; /* NULL: a function */
} callable;

/* Of a model, guarded by its lock. */
typedef struct callables {
    bool       ready;
    map        by_name; /* concrete functions: index in `all` */
    concrete **all;
    size_t     count, capacity;
    tensor   **tensors; /* that defaults hold, one reference each */
    size_t     tensor_count, tensor_capacity;
} callables;

void callables_clear(callables *c);
/* What calling o means: o itself, or its __call__. INVALID_ARGUMENT (TypeError) when it cannot be called. Lock held. */
sm_status callable_of_object(sm_object *o, const callable **out, sm_error *err) CHECKED;
/* Compiles c when nobody has; no lock held. */
sm_status concrete_ready(sm_model *m, concrete *c, function **out, sm_error *err) CHECKED;
/* t is consumed: released with the model. */
sm_status model_keep_tensor(sm_model *m, tensor *t, sm_error *err) CHECKED;

#endif
