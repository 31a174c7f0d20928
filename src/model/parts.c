/* SPDX-License-Identifier: Apache-2.0 */
/* model/parts.c - the tables of parts.h, for the decoder of format/message.h. */
#include "model/parts.h"

/* clang-format off */
#define BYTES_LIST(part, member) \
    { #member, NULL, offsetof(part, member), offsetof(part, member##_count), FIELD_BYTES, FIELD_REPEATED }
#define SUB_LIST(part, member, type) \
    { #member, type, offsetof(part, member), offsetof(part, member##_count), FIELD_SUB, FIELD_REPEATED }
#define SUB_POINTER(part, member, type) \
    { #member, type, offsetof(part, member), 0, FIELD_SUB, FIELD_POINTER }
#define PART(part, full_name, rows, list_count) \
    { .name = full_name, .fields = rows, .field_end = sizeof rows / sizeof *rows, .lists = list_count, .size = sizeof(part) }

static const message_field saved_model_fields[] = {
    [tf_SavedModel_meta_graphs] = BYTES_LIST(part_SavedModel, meta_graphs),
};
static const message_field meta_graph_fields[] = {
    [tf_MetaGraphDef_graph_def] = BYTES_LIST(part_MetaGraph, graphs),
    [tf_MetaGraphDef_object_graph_def] = BYTES_LIST(part_MetaGraph, objects),
};
static const message_field graph_node_fields[] = {
    [tf_GraphDef_node] = SUB_LIST(part_GraphNodes, node, &type_NodeDef),
    [tf_GraphDef_versions] = SUB_POINTER(part_GraphNodes, versions, &type_VersionDef),
};
static const message_field graph_library_fields[] = {
    [tf_GraphDef_library] = BYTES_LIST(part_GraphLibrary, library),
};
static const message_field library_fields[] = {
    [tf_FunctionDefLibrary_function] = BYTES_LIST(part_Library, function),
    [tf_FunctionDefLibrary_registered_gradients] =
        SUB_LIST(part_Library, registered_gradients, &type_RegisteredGradient),
};
static const message_field op_name_fields[] = {
    [tf_OpDef_name] = { "name", NULL, offsetof(part_OpName, name), 0, FIELD_STRING, FIELD_PLAIN },
};
static const message_type part_type_OpName = PART(part_OpName, "tensorflow.OpDef", op_name_fields, 0);
static const message_field function_name_fields[] = {
    [tf_FunctionDef_signature] = SUB_POINTER(part_FunctionName, signature, &part_type_OpName),
};

const message_type part_type_SavedModel = PART(part_SavedModel, "tensorflow.SavedModel", saved_model_fields, 1);
const message_type part_type_MetaGraph = PART(part_MetaGraph, "tensorflow.MetaGraphDef", meta_graph_fields, 2);
const message_type part_type_GraphNodes = PART(part_GraphNodes, "tensorflow.GraphDef", graph_node_fields, 1);
const message_type part_type_GraphLibrary = PART(part_GraphLibrary, "tensorflow.GraphDef", graph_library_fields, 1);
const message_type part_type_Library = PART(part_Library, "tensorflow.FunctionDefLibrary", library_fields, 2);
const message_type part_type_FunctionName =
    PART(part_FunctionName, "tensorflow.FunctionDef", function_name_fields, 0);
/* clang-format on */
