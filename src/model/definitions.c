/* SPDX-License-Identifier: Apache-2.0 */
/* model/definitions.c - finds and decodes nodes and functions, each when it is first asked for. */
#include "model/definitions.h"

#include "model/model.h"

/* -- Finding ---------------------------------------------------------------------------------------- */

static sm_status read_function_name(sm_model *m, slice wire, definition *d, sm_error *err)
{
    part_FunctionName part = { 0 };

    TRY(message_decode(&part_type_FunctionName, wire, &m->arena, &part, err));
    d->model = m;
    d->wire = wire;
    d->name = part.signature ? part.signature->name : (slice){ "", 0 };
    d->name_text = arena_strdup(&m->arena, d->name);
    return SM_OK;
}

static sm_status read_library(sm_model *m, part_Library *library, sm_error *err)
{
    const part_MetaGraph *parts = &m->meta->parts;

    for (size_t i = 0; i < parts->graphs_count; i++) {
        part_GraphLibrary part = { 0 };
        TRY(message_decode(&part_type_GraphLibrary, parts->graphs[i], &m->arena, &part, err));
        for (size_t k = 0; k < part.library_count; k++)
            TRY(message_decode(&part_type_Library, part.library[k], &m->arena, library, err));
    }
    return SM_OK;
}

sm_status definitions_read(sm_model *m, sm_error *err)
{
    definitions *d = &m->definitions;
    part_Library library = { 0 };

    if (d->read) return SM_OK;
    TRY(read_library(m, &library, err));
    map_init(&d->by_name, &m->arena);
    d->all = ARENA_ARRAY(&m->arena, definition, library.function_count + 1);
    TRY(arena_check(&m->arena, "reading the function library", err));
    d->all[0] = (definition){ .model = m, .name = SLICE(""), .name_text = "" };
    for (size_t i = 0; i < library.function_count; i++) {
        TRY(read_function_name(m, library.function[i], &d->all[i + 1], err));
        map_set(&d->by_name, d->all[i + 1].name, i + 1);
    }
    TRY(arena_check(&m->arena, "reading the function library", err));
    d->count = library.function_count + 1;
    d->gradients = library.registered_gradients;
    d->gradient_count = library.registered_gradients_count;
    d->read = true;
    return SM_OK;
}

/* -- Decoding --------------------------------------------------------------------------------------- */

static sm_status decode_graph(sm_model *m, definition *d, sm_error *err)
{
    part_GraphNodes      *part = ARENA_NEW(&m->arena, part_GraphNodes);
    const part_MetaGraph *parts = &m->meta->parts;

    TRY(arena_check(&m->arena, "reading the graph", err));
    for (size_t i = 0; i < parts->graphs_count; i++)
        TRY(message_decode(&part_type_GraphNodes, parts->graphs[i], &m->arena, part, err));
    d->nodes = part->node;
    d->node_count = part->node_count;
    return SM_OK;
}

static sm_status decode_function(sm_model *m, definition *d, sm_error *err)
{
    tf_FunctionDef *f = ARENA_NEW(&m->arena, tf_FunctionDef);

    TRY(arena_check(&m->arena, "reading a function", err));
    TRY_IN(message_decode(&type_FunctionDef, d->wire, &m->arena, f, err), err, "function '" SLICE_FMT "'",
           SLICE_ARG(d->name));
    if (!f->signature) f->signature = ARENA_NEW(&m->arena, tf_OpDef);
    TRY(arena_check(&m->arena, "reading a function", err));
    d->function = f;
    d->nodes = f->node_def;
    d->node_count = f->node_def_count;
    return SM_OK;
}

sm_status definition_decode(definition *d, sm_error *err)
{
    if (d->decoded) return SM_OK;
    bool own = d == &d->model->definitions.all[0];
    TRY(own ? decode_graph(d->model, d, err) : decode_function(d->model, d, err));
    d->decoded = true;
    return SM_OK;
}

static sm_status index_nodes(definition *d, sm_error *err)
{
    TRY(definition_decode(d, err));
    if (d->indexed) return SM_OK;
    map_init(&d->names, &d->model->arena);
    for (size_t i = 0; i < d->node_count; i++) {
        bool      fresh;
        uint64_t *place = map_at(&d->names, d->nodes[i].name, &fresh);
        if (!place) break;
        if (!fresh)
            return FAIL(err, SM_INVALID_ARGUMENT, "Node '" SLICE_FMT "' is not unique", SLICE_ARG(d->nodes[i].name));
        *place = i;
    }
    TRY(arena_check(&d->model->arena, "reading the graph", err));
    d->indexed = true;
    return SM_OK;
}

/* -- Asking ------------------------------------------------------------------------------------------- */

bool definition_is_function(const sm_model *m, slice name)
{
    return map_get(&m->definitions.by_name, name, NULL);
}

sm_status definition_of_function(sm_model *m, slice name, definition **out, sm_error *err)
{
    uint64_t at;

    TRY(definitions_read(m, err));
    if (!map_get(&m->definitions.by_name, name, &at))
        return FAIL(err, SM_NOT_FOUND, "Function " SLICE_FMT " is not defined", SLICE_ARG(name));
    TRY(index_nodes(&m->definitions.all[at], err));
    *out = &m->definitions.all[at];
    return SM_OK;
}

sm_status definition_of_graph(sm_model *m, definition **out, sm_error *err)
{
    TRY(definitions_read(m, err));
    TRY(index_nodes(&m->definitions.all[0], err));
    *out = &m->definitions.all[0];
    return SM_OK;
}

const tf_NodeDef *definition_node(const definition *d, slice name)
{
    uint64_t at;

    return map_get(&d->names, name, &at) ? &d->nodes[at] : NULL;
}
