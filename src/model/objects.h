/* SPDX-License-Identifier: Apache-2.0 */
/* model/objects.h - the object graph, read only: nodes, children, functions with their traces.
 *
 * Decoded as a whole when first asked for; strings and values of a node when somebody looks at that node. Guarded by
 * the model's lock. */
#ifndef MODEL_OBJECTS_H
#define MODEL_OBJECTS_H

#include "base/map.h"
#include "model/values.h"

struct sm_object {
    sm_model             *model;
    size_t                id;
    const tf_SavedObject *proto;
    const char           *identifier; /* NULL until asked for */
    const char          **child_names;
    const char          **trace_names;
    const sm_value      **trace_inputs, **trace_outputs;
    const sm_value       *argspec;
    struct callable      *callable; /* NULL until it is called */
};

typedef struct objects {
    bool                 read;
    sm_status            status; /* of reading: asked once     */
    sm_error            *error;
    tf_SavedObjectGraph *graph;
    sm_object           *nodes;
    size_t               count;
    map                  concrete; /* function name -> index in graph->concrete_functions */
} objects;

/* SM_OK with count 0 for a model without an object graph. INVALID_ARGUMENT when ids point outside. */
sm_status objects_read(sm_model *m, sm_error *err) CHECKED;
/* The description of a concrete function, or NULL. After objects_read. */
const tf_SavedConcreteFunction *objects_concrete(const sm_model *m, slice name);
/* The child called `name`, or NULL. */
const sm_object *object_child_named(const sm_object *o, const char *name);
/* object_path.c: by path from the root, as savedmodel.h describes it; NULL: no such. After objects_read. */
const sm_object *object_at_path(const sm_model *m, slice path);
/* The concrete functions of a function node or bare function: their number and names. */
size_t object_trace_names(const sm_object *o, const slice **names);

/* What the public functions of api_object.c show. */
const char     *object_identifier(sm_object *o);
const char     *object_child_name(sm_object *o, size_t i);
const char     *object_trace_name(sm_object *o, size_t i);
const sm_value *object_trace_value(sm_object *o, size_t i, bool output);
const sm_value *object_fullargspec(sm_object *o);

#endif
