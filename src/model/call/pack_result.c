/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/pack_result.c - the flat results of a function in the structure that it was saved with. */
#include "model/call/object_call.h"

#include "model/call/type_spec.h"
#include "model/model.h"

typedef struct packer {
    sm_model      *model;
    tensor *const *flat;
    size_t         count, next;
    arena          memory;
    bool           short_of; /* tensors */
    bool           clash;    /* a sparse tensor is not of the shape that was described */
    shape          got, want;
} packer;

static sm_value *pack_value(packer *p, const sm_value *spec);

static tensor *next_tensor(packer *p)
{
    if (p->next < p->count) return p->flat[p->next++];
    p->short_of = true;
    return NULL;
}

static sm_value *pack_tensor(packer *p)
{
    tensor *t = next_tensor(p);

    return t ? value_new_tensor(SM_VALUE_TENSOR, t) : NULL;
}

/* The variable whose handle a function returned, else the handle itself. */
static sm_value *pack_variable(packer *p)
{
    tensor       *t = next_tensor(p);
    const object *handle = t && t->dtype == SM_RESOURCE && tensor_count(t) == 1 ? tensor_object(t, 0) : NULL;
    sm_variable  *found = NULL;

    model_lock(p->model);
    for (size_t i = 0; handle && !found && i < p->model->variables.count; i++)
        if ((const void *)p->model->variables.all[i].object == (const void *)handle)
            found = &p->model->variables.all[i];
    model_unlock(p->model);
    if (!found) return t ? value_new_tensor(SM_VALUE_TENSOR, t) : NULL;
    sm_value *v = value_new(SM_VALUE_VARIABLE);
    if (!v) return NULL;
    v->variable = found;
    v->dtype = found->dtype;
    v->shape = found->shape;
    return v;
}

/* TensorFlow merges the shape of a sparse result with what was described. */
static void check_sparse(packer *p, const sm_value *spec, const sm_value *v)
{
    shape want = type_spec_shape(spec), got;

    if (p->clash || composite_shape(v, &got, NULL) != SM_OK || shape_compatible(&got, &want)) return;
    p->clash = true;
    p->got = got;
    p->want = want;
}

static sm_status fail_clash(const packer *p, sm_error *err)
{
    str text;

    str_init(&text);
    str_addz(&text, "Shapes ");
    shape_print_tuple(&text, &p->got);
    str_addz(&text, " and ");
    shape_print_tuple(&text, &p->want);
    sm_status status = FAIL_KIND(err, SM_INVALID_ARGUMENT, "ValueError", "%s are not compatible", str_text(&text));
    str_clear(&text);
    return status;
}

static sm_value *pack_composite(packer *p, const sm_value *spec)
{
    const sm_value *parts;
    size_t          count;
    sm_value_kind   kind = type_spec_kind(spec);

    if (kind == SM_VALUE_TENSOR) return pack_tensor(p);
    if (kind == SM_VALUE_VARIABLE) return pack_variable(p);
    if (type_spec_components(spec, &p->memory, &parts, &count, NULL) != SM_OK) return NULL;
    sm_value *v = value_new(kind);
    if (v && kind == SM_VALUE_COMPOSITE && !value_set_text(v, slice_of(spec->text))) v->failed = true;
    for (size_t i = 0; i < count && !p->short_of; i++) value_append(v, NULL, pack_tensor(p));
    if (v && !v->failed && kind == SM_VALUE_SPARSE) check_sparse(p, spec, v);
    return v;
}

static sm_value *pack_nest(packer *p, const sm_value *spec)
{
    sm_value *v = value_new(spec->kind);

    if (v && spec->kind == SM_VALUE_NAMED_TUPLE && !value_set_text(v, slice_of(spec->text))) v->failed = true;
    for (size_t i = 0; v && i < spec->count && !p->short_of; i++)
        value_append(v, spec->keys ? spec->keys[i] : NULL, pack_value(p, &spec->items[i]));
    return v;
}

static sm_value *pack_value(packer *p, const sm_value *spec)
{
    sm_value *v;

    if (spec->kind == SM_VALUE_TENSOR_SPEC) return pack_tensor(p);
    if (spec->kind == SM_VALUE_TYPE_SPEC) return pack_composite(p, spec);
    if (value_is_nest(spec)) return pack_nest(p, spec);
    v = value_new(spec->kind);
    if (!v) return NULL;
    v->integer = spec->integer;
    v->real = spec->real;
    v->dtype = spec->dtype;
    v->shape = spec->shape;
    if (spec->text && !value_set_text(v, value_text(spec))) v->failed = true;
    return v;
}

sm_status pack_result(sm_model *m, const sm_value *output, tensor *const *flat, size_t count, sm_value **result,
                      sm_error *err)
{
    packer p = { .model = m, .flat = flat, .count = count };

    arena_init(&p.memory, 0);
    sm_value *v = pack_value(&p, output);
    arena_clear(&p.memory);
    bool nothing = output->kind == SM_VALUE_NONE; /* results that no structure speaks of are dropped, as TensorFlow does */
    if (p.short_of || (p.next < count && !nothing)) {
        value_free(v);
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "a function returned %zu tensors, which is not what its output signature describes", count);
    }
    if (!v || v->failed) {
        value_free(v);
        return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory for the result of a call");
    }
    if (p.clash) {
        value_free(v);
        return fail_clash(&p, err);
    }
    *result = v;
    return SM_OK;
}
