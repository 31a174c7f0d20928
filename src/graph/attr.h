/* SPDX-License-Identifier: Apache-2.0 */
/* graph/attr.h - a node's attributes, decoded once; all memory belongs to the graph's arena. */
#ifndef GRAPH_ATTR_H
#define GRAPH_ATTR_H

#include "graph/tensor.h"

typedef enum attr_kind {
    ATTR_NONE,   /* absent                    */
    ATTR_STRING, /* s                         */
    ATTR_INT,    /* i                         */
    ATTR_FLOAT,  /* f                         */
    ATTR_BOOL,   /* i                         */
    ATTR_TYPE,   /* i: sm_dtype               */
    ATTR_SHAPE,  /* shape                     */
    ATTR_TENSOR, /* tensor (the graph owns a reference; NULL: none was given) */
    ATTR_FUNC    /* func                      */
} attr_kind;

typedef struct attr attr;

typedef struct func_ref { /* a function by name, with its own attributes (old polymorphic functions)     */
    slice       name;
    const attr *attrs;
    size_t      attr_count;
} func_ref;

struct attr {
    slice     name;
    attr_kind kind; /* of the value, or of each element when is_list */
    bool      is_list;
    size_t    count; /* elements of a list; 1 otherwise               */
    union {
        slice           s;
        int64_t         i;
        float           f;
        const shape    *shape;
        tensor         *tensor;
        const func_ref *func;
        const slice    *strings; /* lists: count elements */
        const int64_t  *ints;    /* also bools and types  */
        const float    *floats;
        const shape    *shapes;
        tensor *const  *tensors;
        const func_ref *funcs;
    } v;
};

bool attr_eq(const attr *a, const attr *b); /* same kind and value (tensors: same bytes); names do not count */
void attr_print(str *out, const attr *a);   /* 3, "x", DT_FLOAT, [1, 2], {2,?}, f()                        */

#endif
