/* SPDX-License-Identifier: Apache-2.0 */
/* model/parts.h - the big messages of a SavedModel with their heavy members left as bytes.
 *
 * Opening a model must not pay for a graph that nobody looks at. These structs describe the same messages as
 * format/tf_messages.def, but graphs, libraries, functions and object graphs stay undecoded slices; each is a list,
 * because protobuf merges a sub-message that occurs twice: its pieces are decoded into one struct, in order. Fields
 * that a part does not name are kept in `unknown`, in one piece per run. */
#ifndef MODEL_PARTS_H
#define MODEL_PARTS_H

#include "format/message.h"

typedef struct part_SavedModel {
    message_unknown *unknown;
    slice           *meta_graphs;
    size_t           meta_graphs_count;
} part_SavedModel;

typedef struct part_MetaGraph { /* a MetaGraphDef without graph and objects is what `unknown` holds */
    message_unknown *unknown;
    slice           *graphs;
    size_t           graphs_count;
    slice           *objects;
    size_t           objects_count;
} part_MetaGraph;

typedef struct part_GraphNodes { /* of a GraphDef: its own nodes */
    message_unknown *unknown;
    tf_NodeDef      *node;
    size_t           node_count;
    tf_VersionDef   *versions;
} part_GraphNodes;

typedef struct part_GraphLibrary { /* of a GraphDef: its library */
    message_unknown *unknown;
    slice           *library;
    size_t           library_count;
} part_GraphLibrary;

typedef struct part_Library {
    message_unknown       *unknown;
    slice                 *function;
    size_t                 function_count;
    tf_RegisteredGradient *registered_gradients;
    size_t                 registered_gradients_count;
} part_Library;

typedef struct part_OpName {
    message_unknown *unknown;
    slice            name;
} part_OpName;

typedef struct part_FunctionName {
    message_unknown *unknown;
    part_OpName     *signature;
} part_FunctionName;

extern const message_type part_type_SavedModel, part_type_MetaGraph, part_type_GraphNodes, part_type_GraphLibrary,
    part_type_Library, part_type_FunctionName;

#endif
