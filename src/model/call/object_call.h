/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/object_call.h - calls of objects with values, and results as values. */
#ifndef MODEL_CALL_OBJECT_CALL_H
#define MODEL_CALL_OBJECT_CALL_H

#include "model/call/dispatch.h"
#include "model/objects.h"
#include "model/signature_function.h"

sm_status object_call(const sm_object *o, const sm_value *args, const sm_value *kwargs, sm_value **result,
                      sm_error *err) CHECKED;
/* A signature of a model that has no objects, as TensorFlow calls it: by keyword, or by position when it has one input. */
sm_status signature_call(sm_function *f, const sm_value *args, const sm_value *kwargs, sm_value **result,
                         sm_error *err) CHECKED;

/* pack_result.c: tensors as a value of the structure that `output` describes; each tensor gets one more reference. */
sm_status pack_result(sm_model *m, const sm_value *output, tensor *const *flat, size_t count, sm_value **result,
                      sm_error *err) CHECKED;
/* Runs c on tensors of the right types and packs what it returns. */
sm_status concrete_call(sm_model *m, concrete *c, const flat_list *in, sm_value **result, sm_error *err) CHECKED;
/* bare_call.c */
sm_status bare_call(sm_model *m, call_frame *f, const callable *c, const sm_value *args, const sm_value *kwargs,
                    sm_value **result, sm_error *err) CHECKED;

#endif
