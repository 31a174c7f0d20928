/* SPDX-License-Identifier: Apache-2.0 */
/* graph/signature.h - an op's signature text, parsed: what its inputs, outputs and attributes are.
 *
 *   "value:T bias:T -> output:T | T: numeric, data_format: {"NHWC","NCHW"} = "NHWC""
 *
 *   signature  = args "->" args [ "|" attr { "," attr } ]        spaces between args
 *   arg        = name ":" [ "&" ] type                            "&": a TensorFlow 1 reference
 *   type       = dtype | attr-name | number "*" (dtype | attr-name)      "N*T": N tensors of type T;
 *                                                                 an attr of kind list(type): one tensor per element
 *   attr       = name ":" kind [ ">=" int ] [ "=" default ]
 *   kind       = "int" "float" "bool" "string" "type" "shape" "tensor" "func" | "list(" kind ")"
 *              | set of dtypes | "{" dtype or "string" {"," ...} "}"       a set makes it a type (or string) attr
 *   set        = numeric (real and complex) | real | floating (half bfloat16 float double) | integral | complex
 *              | index (int32 int64) | plain (all but string resource variant) | any; joined by "+": "real+bool"
 *   default    = 3 | -1.5 | true | "text" | float (a dtype) | [1, 1] | {2,3} (shape) | ? (unknown shape) | {} ([] shape)
 *
 * Names, order, kinds and defaults are TensorFlow's OpDef's; tools/tf/check_signatures.py compares them. */
#ifndef GRAPH_SIGNATURE_H
#define GRAPH_SIGNATURE_H

#include "graph/attr.h"

typedef struct op_arg {
    slice    name;
    sm_dtype dtype;       /* fixed type, or SM_INVALID                       */
    int      type_attr;   /* index of the attr that gives the type, or -1    */
    int      number_attr; /* index of the attr that gives how many, or -1    */
    int      list_attr;   /* index of the list(type) attr, or -1             */
    bool     is_ref;
} op_arg;

typedef struct op_attr {
    slice        name;
    attr_kind    kind;
    bool         is_list;
    bool         has_default, has_minimum;
    attr         fallback; /* the default                                     */
    int64_t      minimum;
    uint64_t     allowed_types; /* bit t: sm_dtype t may be given; 0: any          */
    const slice *allowed_strings;
    size_t       allowed_string_count;
} op_attr;

typedef struct op_signature {
    const op_arg  *inputs, *outputs;
    const op_attr *attrs;
    size_t         input_count, output_count, attr_count;
} op_signature;

/* INTERNAL "<op>: signature: <what> at '<rest>'" for a text of ours that does not parse. */
sm_status signature_parse(arena *a, const char *op, const char *text, const op_signature **out, sm_error *err) CHECKED;
int       signature_attr(const op_signature *s, slice name); /* index or -1 */
/* The types that a dtype's or a set's name stands for, as bits like allowed_types; 0: neither. Kernel patterns use it too. */
uint64_t signature_types(slice name);

#endif
