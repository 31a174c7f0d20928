/* SPDX-License-Identifier: Apache-2.0 */
/* model/signature_function.c - the signatures of a MetaGraph, and each as a description: names, types, shapes, defaults.
 *
 * Everything is sorted by key, as TensorFlow's own lists are. A description is made when somebody asks for the signature,
 * from the SignatureDef alone; objects and graph are looked at when it is run (signature_route.c, signature_run.c). */
#include "model/signature_function.h"

#include "format/tensor_proto.h"
#include "model/import.h"
#include "model/model.h"

#include <stdlib.h>

static bool is_reserved(slice key)
{
    return slice_is(key, "__saved_model_init_op") || slice_is(key, "__saved_model_train_op");
}

/* -- The list --------------------------------------------------------------------------------------------- */

static int by_signature_key(const void *x, const void *y)
{
    const tf_MetaGraphDef_signature_def_entry *const *p = x, *const *q = y;

    return slice_cmp((*p)->key, (*q)->key);
}

sm_status signatures_read(sm_model *m, sm_error *err)
{
    signatures            *s = &m->signatures;
    const tf_MetaGraphDef *d = m->meta->def;

    if (s->read) return SM_OK;
    s->sorted = ARENA_ARRAY(&m->arena, const tf_MetaGraphDef_signature_def_entry *, d->signature_def_count + 1);
    s->keys = ARENA_ARRAY(&m->arena, const char *, d->signature_def_count + 1);
    s->shown = ARENA_ARRAY(&m->arena, size_t, d->signature_def_count + 1);
    s->functions = ARENA_ARRAY(&m->arena, sm_function *, d->signature_def_count + 1);
    TRY(arena_check(&m->arena, "reading signatures", err));
    for (size_t i = 0; i < d->signature_def_count; i++) s->sorted[i] = &d->signature_def[i];
    qsort(s->sorted, d->signature_def_count, sizeof *s->sorted, by_signature_key);
    for (size_t i = 0; i < d->signature_def_count; i++) s->keys[i] = arena_strdup(&m->arena, s->sorted[i]->key);
    TRY(arena_check(&m->arena, "reading signatures", err));
    for (size_t i = 0; i < d->signature_def_count; i++)
        if (!is_reserved(s->sorted[i]->key)) s->shown[s->shown_count++] = i;
    s->count = d->signature_def_count;
    s->read = true;
    return SM_OK;
}

/* -- One signature ------------------------------------------------------------------------------------------ */

static sm_status describe(sm_model *m, slice key, const tf_TensorInfo *info, sm_param *p, sm_error *err)
{
    shape    s;
    int64_t *dims;

    TRY_IN(shape_from_proto(info->tensor_shape, &s, err), err, "'" SLICE_FMT "'", SLICE_ARG(key));
    p->name = arena_strdup(&m->arena, key);
    p->tensor_name = info->which == tf_TensorInfo_name ? arena_strdup(&m->arena, info->name) : "";
    p->dtype = (sm_dtype)info->dtype;
    p->rank = s.rank;
    if (s.rank > 0) {
        p->dims = dims = ARENA_ARRAY(&m->arena, int64_t, (size_t)s.rank);
        if (dims) memcpy(dims, s.dims, (size_t)s.rank * sizeof *dims);
    }
    return arena_check(&m->arena, "reading signatures", err);
}

static int by_input_key(const void *x, const void *y)
{
    const tf_SignatureDef_inputs_entry *const *p = x, *const *q = y;

    return slice_cmp((*p)->key, (*q)->key);
}

static int by_output_key(const void *x, const void *y)
{
    const tf_SignatureDef_outputs_entry *const *p = x, *const *q = y;

    return slice_cmp((*p)->key, (*q)->key);
}

/* TensorFlow 1 knows no defaults in signatures, but placeholders that have one. */
static bool has_graph_default(sm_model *m, const tf_TensorInfo *info)
{
    definition *d;
    slice       name;
    int64_t     slot;

    if (m->meta->parts.objects_count || info->which != tf_TensorInfo_name) return false;
    if (definition_of_graph(m, &d, NULL) != SM_OK) return false;
    import_split_tensor(info->name, &name, &slot);
    const tf_NodeDef *n = definition_node(d, name);
    return n && slice_is(n->op, "PlaceholderWithDefault");
}

static sm_status describe_inputs(sm_function *f, sm_error *err)
{
    sm_model                            *m = f->model;
    const tf_SignatureDef               *d = f->def;
    const tf_SignatureDef_inputs_entry **sorted =
        ARENA_ARRAY(&m->arena, const tf_SignatureDef_inputs_entry *, d->inputs_count + 1);

    f->inputs = ARENA_ARRAY(&m->arena, sm_param, d->inputs_count + 1);
    f->in = ARENA_ARRAY(&m->arena, signature_input, d->inputs_count + 1);
    TRY(arena_check(&m->arena, "reading signatures", err));
    for (size_t i = 0; i < d->inputs_count; i++) sorted[i] = &d->inputs[i];
    qsort(sorted, d->inputs_count, sizeof *sorted, by_input_key);
    for (size_t i = 0; i < d->inputs_count; i++) {
        const tf_SignatureDef_defaults_entry *e = MAP_FIND(d, defaults, sorted[i]->key);
        f->in[i].info = &sorted[i]->value;
        f->in[i].standard = e ? &e->value : NULL;
        f->in[i].from_graph = !e && has_graph_default(m, f->in[i].info);
        f->in[i].any_shape = !f->in[i].info->tensor_shape;
        TRY(describe(m, sorted[i]->key, f->in[i].info, &f->inputs[i], err));
        f->inputs[i].has_default = e || f->in[i].from_graph;
    }
    f->input_count = d->inputs_count;
    return SM_OK;
}

static sm_status describe_outputs(sm_function *f, sm_error *err)
{
    sm_model                             *m = f->model;
    const tf_SignatureDef                *d = f->def;
    const tf_SignatureDef_outputs_entry **sorted =
        ARENA_ARRAY(&m->arena, const tf_SignatureDef_outputs_entry *, d->outputs_count + 1);

    f->outputs = ARENA_ARRAY(&m->arena, sm_param, d->outputs_count + 1);
    f->out = ARENA_ARRAY(&m->arena, signature_output, d->outputs_count + 1);
    TRY(arena_check(&m->arena, "reading signatures", err));
    for (size_t i = 0; i < d->outputs_count; i++) sorted[i] = &d->outputs[i];
    qsort(sorted, d->outputs_count, sizeof *sorted, by_output_key);
    for (size_t i = 0; i < d->outputs_count; i++) {
        const tf_TensorInfo *info = &sorted[i]->value;
        f->out[i].info = info;
        f->out[i].is_op = info->which == tf_TensorInfo_name && !info->dtype && slice_find(info->name, ':') < 0;
        TRY(describe(m, sorted[i]->key, info, &f->outputs[i], err));
    }
    f->output_count = d->outputs_count;
    return SM_OK;
}

static sm_status describe_signature(sm_model *m, size_t at, sm_function **out, sm_error *err)
{
    sm_function *f = ARENA_NEW(&m->arena, sm_function);

    TRY(arena_check(&m->arena, "reading signatures", err));
    f->model = m;
    f->def = &m->signatures.sorted[at]->value;
    f->key = arena_strdup(&m->arena, m->signatures.sorted[at]->key);
    f->method = arena_strdup(&m->arena, f->def->method_name);
    TRY(describe_inputs(f, err));
    TRY(describe_outputs(f, err));
    *out = f;
    return arena_check(&m->arena, "reading signatures", err);
}

sm_function *signature_find(sm_model *m, const char *key)
{
    signatures *s = &m->signatures;

    if (signatures_read(m, NULL) != SM_OK) return NULL;
    for (size_t low = 0, high = s->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int    c = slice_cmp(slice_of(key), s->sorted[middle]->key);
        if (c == 0) {
            if (!s->functions[middle] && describe_signature(m, middle, &s->functions[middle], NULL) != SM_OK)
                return NULL;
            return s->functions[middle];
        }
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void signatures_clear(sm_model *m)
{
    for (size_t i = 0; i < m->signatures.count; i++) {
        sm_function *f = m->signatures.functions[i];
        if (!f) continue;
        for (int mode = 0; mode < COMPILE_MODES; mode++) function_free(f->compiled[mode]);
        for (size_t k = 0; k < f->input_count; k++) {
            tensor_unref(f->in[k].standard_value);
            function_free(f->in[k].standard_function);
        }
    }
    m->signatures.count = 0;
}
