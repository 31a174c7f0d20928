/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/type_spec.h - descriptions of composite tensors: which tensors stand for a value, and what fits. */
#ifndef MODEL_CALL_TYPE_SPEC_H
#define MODEL_CALL_TYPE_SPEC_H

#include "model/values.h"

/* The TensorSpecs of the tensors that stand for a value of this type spec, in a. A dtype of SM_INVALID: any. */
sm_status type_spec_components(const sm_value *spec, arena *a, const sm_value **out, size_t *count, sm_error *err) CHECKED;
/* Whether a value of the kind that fits spec was given: RAGGED for a RaggedTensorSpec ... */
bool type_spec_takes(const sm_value *spec, const sm_value *v);
/* TypeSpec.is_compatible_with: class, shape, types. */
bool type_spec_compatible(const sm_value *spec, const sm_value *v);
/* The kind of value that spec describes: SM_VALUE_RAGGED, SM_VALUE_SPARSE, SM_VALUE_COMPOSITE. */
sm_value_kind type_spec_kind(const sm_value *spec);
/* The shape in its state; unknown when it has none. */
shape type_spec_shape(const sm_value *spec);
/* The static shape of a composite that a caller has built, as TensorFlow sees it. INVALID_ARGUMENT when its parts do not fit
 * each other. */
sm_status composite_shape(const sm_value *v, shape *out, sm_error *err) CHECKED;

#endif
