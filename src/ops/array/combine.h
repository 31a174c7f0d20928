/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/combine.h - to[i] = to[i] op from[i] over elements of any type: what scatters and assignments do. */
#ifndef OPS_ARRAY_COMBINE_H
#define OPS_ARRAY_COMBINE_H

#include "graph/op.h"

typedef enum combine_op {
    COMBINE_UPDATE,
    COMBINE_ADD,
    COMBINE_SUB,
    COMBINE_MUL,
    COMBINE_DIV,
    COMBINE_MIN,
    COMBINE_MAX,
    COMBINE_COUNT
} combine_op;

/* n elements; step is 1, or 0 when one element of `from` serves all. false: integer division by zero. */
typedef bool combine_fn(void *to, const void *from, size_t step, size_t n);

/* The loop for a type; NULL when the type has none (complex minimum, strings ...). Updates exist for every plain type. */
combine_fn *combine_find(combine_op op, sm_dtype t);

#endif
