/* SPDX-License-Identifier: Apache-2.0 */
/* model/definitions.h - what the file defines: the MetaGraph's own nodes, and the functions of its library.
 *
 * The library is scanned for names only; nodes are decoded when a definition is first looked into. Everything here
 * is guarded by the model's lock. Pointers live as long as the model. */
#ifndef MODEL_DEFINITIONS_H
#define MODEL_DEFINITIONS_H

#include "base/map.h"
#include "model/parts.h"

typedef struct sm_graph definition;

struct sm_graph {
    sm_model             *model;
    slice                 name; /* "" for the MetaGraph's own graph           */
    const char           *name_text;
    slice                 wire;     /* of the FunctionDef                         */
    const tf_FunctionDef *function; /* NULL for the MetaGraph's own graph         */
    const tf_NodeDef     *nodes;
    size_t                node_count;
    bool                  decoded, indexed;
    map                   names; /* node name -> index, when indexed           */
    sm_node              *views; /* the public form, when asked for            */
};

typedef struct definitions {
    bool                         read;
    definition                  *all; /* 0: the MetaGraph's own graph               */
    size_t                       count;
    map                          by_name; /* functions: name -> index in `all`          */
    const tf_RegisteredGradient *gradients;
    size_t                       gradient_count;
    int64_t                     *load_order; /* by index; -1: caught in a cycle            */
} definitions;

/* Finds the functions. Called by all others. DATA_LOSS when the library does not parse. */
sm_status definitions_read(sm_model *m, sm_error *err) CHECKED;
/* The function called `name`; NOT_FOUND when the library has none. Decoded and indexed. */
sm_status definition_of_function(sm_model *m, slice name, definition **out, sm_error *err) CHECKED;
bool      definition_is_function(const sm_model *m, slice name); /* after definitions_read */
/* The MetaGraph's own graph, decoded and indexed. */
sm_status definition_of_graph(sm_model *m, definition **out, sm_error *err) CHECKED;
/* Decodes d's nodes (no index: enough for listing). */
sm_status definition_decode(definition *d, sm_error *err) CHECKED;
/* The node called `name`, or NULL. d is indexed. */
const tf_NodeDef *definition_node(const definition *d, slice name);

/* load_order.c: the number that TensorFlow's loader ends a function's name in; it grows in load order. -1: unknown. */
int64_t definitions_load_order(sm_model *m, slice name);
/* Calls use(context, name) for each function that n refers to: its op when that is a function, and its attributes. */
void definition_references(const sm_model *m, const tf_NodeDef *n, void (*use)(void *context, slice name), void *context);

#endif
