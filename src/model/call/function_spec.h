/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/function_spec.h - the parameters of a function: names, kinds, defaults, types.
 *
 * A function of the object graph has the FullArgSpec of its Python source and perhaps an input signature; a bare concrete
 * function has the types that it was traced with. Both become one list of parameters, against which calls are bound. */
#ifndef MODEL_CALL_FUNCTION_SPEC_H
#define MODEL_CALL_FUNCTION_SPEC_H

#include "model/values.h"

typedef enum param_kind {
    PARAM_POSITIONAL, /* positional only */
    PARAM_ORDINARY,   /* positional or keyword */
    PARAM_VAR_POSITIONAL,
    PARAM_KEYWORD, /* keyword only */
    PARAM_VAR_KEYWORD
} param_kind;

typedef struct parameter {
    slice           name;
    param_kind      kind;
    bool            optional;
    const sm_value *standard; /* its default, when optional                    */
    const sm_value *type;     /* NULL: anything goes                           */
} parameter;

typedef struct function_spec {
    parameter      *all;
    size_t          count;
    const sm_value *output; /* of a bare concrete function; NULL: not known  */
} function_spec;

/* The spec of a function of the object graph, in a. INVALID_ARGUMENT when it is none. */
sm_status function_spec_read(sm_model *m, const tf_FunctionSpec *p, arena *a, function_spec *out, sm_error *err) CHECKED;
/* The spec of a bare concrete function: of its traced types, with the names of *named when there is one. */
sm_status function_spec_of_trace(const function_spec *named, const sm_value *input, const sm_value *output, arena *a,
                                 function_spec *out, sm_error *err) CHECKED;
/* (x: TensorSpec(...), *, flag=<captured_default_value>) -> Dict[...]: as Python prints the signature. */
void function_spec_print(str *b, const function_spec *s);
/* A name as a Python parameter may have it, in a. */
slice function_spec_clean(arena *a, slice name);

#endif
