/* SPDX-License-Identifier: Apache-2.0 */
/* model/fingerprint.c - TensorFlow's formulas (cc/saved_model/fingerprinting.cc, core/graph/regularization/simple_delete.cc)
 * over messages as protobuf's C++ serialises them, which is the order of message_encode. */
#include "model/fingerprint.h"

#include "base/farmhash.h"
#include "base/heap.h"

#include <stdlib.h>

static sm_status hash_message(const message_type *type, const void *message, arena *a, uint64_t *out, sm_error *err)
{
    slice bytes;

    TRY(message_encode(type, message, a, &bytes, err));
    *out = fingerprint64(bytes);
    return SM_OK;
}

/* Splits "name_123" into "name_" and 123. false: it does not end in a number. */
static bool split_number(slice name, slice *stem, int64_t *number)
{
    ptrdiff_t at = slice_rfind(name, '_');

    *stem = slice_head(name, (size_t)(at + 1));
    return slice_int(slice_tail(name, (size_t)(at + 1)), number);
}

/* -- The graph ---------------------------------------------------------------------------------------------- */

/* Without what changes from one saving to the next: numbers of functions, the session's configuration; and without strings
 * that may be paths. */
static void regularise_attr(const tf_NodeDef *n, tf_NodeDef_attr_entry *e, arena *a)
{
    const bool call = slice_is(n->op, "PartitionedCall") || slice_is(n->op, "StatefulPartitionedCall");
    int64_t    number;

    if (call && slice_is(e->key, "f") && e->value.which == tf_AttrValue_func) {
        tf_NameAttrList *f = ARENA_NEW(a, tf_NameAttrList);
        slice            stem;
        if (!f) return;
        *f = *e->value.func;
        if (split_number(f->name, &stem, &number)) f->name = stem;
        e->value.func = f;
    } else if (call && slice_is(e->key, "config_proto")) {
        e->value = (tf_AttrValue){ .which = tf_AttrValue_s, .s = SLICE("") };
    } else if (slice_is(n->op, "Const") && slice_is(e->key, "value")) {
        const tf_NodeDef_attr_entry *dtype = MAP_FIND(n, attr, SLICE("dtype"));
        if (dtype && dtype->value.which == tf_AttrValue_type && dtype->value.type == SM_STRING)
            e->value = (tf_AttrValue){ 0 };
    }
}

static sm_status hash_graph(const tf_GraphDef *graph, arena *a, uint64_t *out, sm_error *err)
{
    tf_GraphDef g = graph ? *graph : (tf_GraphDef){ 0 };

    g.node = ARENA_ARRAY(a, tf_NodeDef, g.node_count + 1);
    for (size_t i = 0; g.node && i < g.node_count; i++) {
        g.node[i] = graph->node[i];
        g.node[i].attr = ARENA_ARRAY(a, tf_NodeDef_attr_entry, g.node[i].attr_count + 1);
        for (size_t k = 0; g.node[i].attr && k < g.node[i].attr_count; k++) {
            g.node[i].attr[k] = graph->node[i].attr[k];
            regularise_attr(&graph->node[i], &g.node[i].attr[k], a);
        }
    }
    g.library = ARENA_NEW(a, tf_FunctionDefLibrary); /* present and empty */
    g.versions = ARENA_NEW(a, tf_VersionDef);
    TRY(arena_check(a, "computing a fingerprint", err));
    return hash_message(&type_GraphDef, &g, a, out, err);
}

/* -- Signatures and functions ---------------------------------------------------------------------------------- */

static sm_status hash_signatures(const tf_MetaGraphDef *m, arena *a, fingerprint *out, sm_error *err)
{
    const void **sorted = message_sorted(&type_MetaGraphDef, m, tf_MetaGraphDef_signature_def, a);

    TRY(arena_check(a, "computing a fingerprint", err));
    for (size_t i = 0; i < m->signature_def_count; i++) {
        const tf_MetaGraphDef_signature_def_entry *e = sorted[i];
        uint64_t                                   value, *h = &out->hashes.signature_def_hash;
        TRY(hash_message(&type_SignatureDef, &e->value, a, &value, err));
        *h = fingerprint64_join(fingerprint64_join(*h, fingerprint64(e->key)), value);
        out->signature_def_hash_2023 = fingerprint64_join(out->signature_def_hash_2023, value);
    }
    return SM_OK;
}

typedef struct numbered {
    const tf_SavedObjectGraph_concrete_functions_entry *entry;
    slice                                               stem;
    int64_t                                             number;
    size_t place; /* in order of names: of equal numbers the first counts */
} numbered;

static int compare_numbers(const void *x, const void *y)
{
    const numbered *a = x, *b = y;

    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static sm_status hash_functions(const tf_SavedObjectGraph *g, arena *a, uint64_t *out, sm_error *err)
{
    size_t    n = g ? g->concrete_functions_count : 0;
    numbered *all = ARENA_ARRAY(a, numbered, n + 1);
    const void **sorted = n ? message_sorted(&type_SavedObjectGraph, g, tf_SavedObjectGraph_concrete_functions, a) : NULL;

    TRY(arena_check(a, "computing a fingerprint", err));
    for (size_t i = 0; i < n; i++) {
        all[i] = (numbered){ .entry = sorted[i], .place = i };
        if (!split_number(all[i].entry->key, &all[i].stem, &all[i].number))
            return FAIL(err, SM_INVALID_ARGUMENT, "Function name: `" SLICE_FMT "` does not end in an integer.",
                        SLICE_ARG(all[i].entry->key));
    }
    if (n) qsort(all, n, sizeof *all, compare_numbers);
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        if (i && all[i].number == all[i - 1].number) continue;
        TRY(hash_message(&type_SavedConcreteFunction, &all[i].entry->value, a, &value, err));
        *out = fingerprint64_join(fingerprint64_join(*out, fingerprint64(all[i].stem)), value);
    }
    return SM_OK;
}

/* -- All together ------------------------------------------------------------------------------------------------ */

static sm_status compute(sm_saved_model *s, arena *a, fingerprint *out, sm_error *err)
{
    tf_SavedModel *whole = ARENA_NEW(a, tf_SavedModel);
    file_view      index;

    TRY(arena_check(a, "computing a fingerprint", err));
    TRY(message_decode(&type_SavedModel, s->wire, a, whole, err));
    TRY(hash_message(&type_SavedModel, whole, a, &out->hashes.saved_model_checksum, err));
    if (whole->meta_graphs_count) {
        const tf_MetaGraphDef *m = &whole->meta_graphs[0];
        TRY(hash_graph(m->graph_def, a, &out->hashes.graph_def_program_hash, err));
        TRY(hash_signatures(m, a, out, err));
        TRY(hash_functions(m->object_graph_def, a, &out->hashes.saved_object_graph_hash, err));
    }
    if (folder_open(s->files, "variables/variables.index", s->copy, &index, NULL) != SM_OK) return SM_OK;
    out->hashes.checkpoint_hash = fingerprint64(index.bytes);
    file_close(&index);
    return SM_OK;
}

sm_status fingerprint_compute(sm_saved_model *s, fingerprint *out, sm_error *err)
{
    arena a;

    *out = (fingerprint){ 0 };
    arena_init(&a, s->budget);
    sm_status status = compute(s, &a, out, err);
    arena_clear(&a);
    return status;
}

sm_status fingerprint_read(sm_saved_model *s, sm_fingerprint *out, sm_error *err)
{
    tf_FingerprintDef def = { 0 };
    file_view         file;
    arena             a;

    sm_status status = folder_open(s->files, "fingerprint.pb", true, &file, err);
    if (status == SM_NOT_FOUND)
        return FAIL_KIND(err, SM_NOT_FOUND, "FileNotFoundError",
                         "SavedModel Fingerprint Error: Could not find fingerprint in directory: %s", s->directory);
    TRY(status);
    arena_init(&a, s->budget);
    status = message_decode(&type_FingerprintDef, file.bytes, &a, &def, err);
    if (status != SM_OK) error_prefix(err, status, "fingerprint.pb");
    *out = (sm_fingerprint){ def.saved_model_checksum,
                             def.graph_def_program_hash,
                             def.signature_def_hash,
                             def.saved_object_graph_hash,
                             def.checkpoint_hash,
                             def.version ? def.version->producer : 0,
                             "" };
    if (status == SM_OK && def.uuid.len < sizeof out->uuid) memcpy(out->uuid, def.uuid.ptr, def.uuid.len);
    arena_clear(&a);
    file_close(&file);
    return status;
}
