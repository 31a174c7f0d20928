/* SPDX-License-Identifier: Apache-2.0 */
/* model/values.h - StructuredValue, TensorFlow's nested description of arguments and results, as sm_value. */
#ifndef MODEL_VALUES_H
#define MODEL_VALUES_H

#include "base/shape.h"
#include "format/message.h"

struct sm_value {
    sm_value_kind   kind;
    int64_t         integer; /* int; bool as 0 and 1                                    */
    double          real;
    const char     *text; /* NULL: none                                              */
    sm_dtype        dtype;
    shape           shape; /* of shapes and tensor specs                              */
    const sm_value *items; /* of lists, tuples, dicts, named tuples; a type spec's state */
    const char    **keys;  /* of dicts (sorted) and named tuples                      */
    size_t          count;
};

/* p as a value in a; NULL gives None. INVALID_ARGUMENT for a shape that is none. */
sm_status value_from_proto(arena *a, const tf_StructuredValue *p, const sm_value **out, sm_error *err) CHECKED;

#endif
