/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/binding.c - arguments to parameters as Python's inspect.Signature.bind does it, and the canonical form.
 *
 *   bind ─▶ defaults ─▶ cast (cast_value.c) ─▶ canonical form ─▶ placeholder names
 *
 * Every failure up to the cast is one TypeError, which prints all arguments and the signature. */
#include "model/call/binding.h"

#include "model/call/python_text.h"
#include "model/call/type_spec.h"

#include <ctype.h>

/* -- The frame -------------------------------------------------------------------------------------------------- */

void frame_init(call_frame *f, memory *account)
{
    *f = (call_frame){ .account = account };
    arena_init(&f->memory, 0);
    map_init(&f->names, &f->memory);
}

void frame_clear(call_frame *f)
{
    for (size_t i = 0; i < f->count; i++) tensor_unref(f->tensors[i]);
    arena_clear(&f->memory);
}

sm_status frame_keep(call_frame *f, tensor *t, sm_error *err)
{
    tensor **place = arena_push(&f->memory, &f->tensors, &f->count, &f->capacity, sizeof *f->tensors);

    if (place) {
        *place = t;
        return SM_OK;
    }
    tensor_unref(t);
    return arena_check(&f->memory, "calling a function", err);
}

/* -- Binding ----------------------------------------------------------------------------------------------------- */

typedef struct binder {
    call_frame          *frame;
    const function_spec *spec;
    const sm_value      *args;
    sm_value             kwargs; /* with clean names, in the caller's order */
    bool                *used;   /* of kwargs                               */
    const sm_value     **values;
    str                  why; /* empty: all is well                      */
} binder;

static const sm_value nothing = { .kind = SM_VALUE_TUPLE };

static bool bind_positional(binder *b, size_t *next)
{
    for (size_t i = 0; i < b->args->count; i++) {
        const parameter *p = *next < b->spec->count ? &b->spec->all[*next] : NULL;
        if (!p || p->kind >= PARAM_KEYWORD) {
            str_addz(&b->why, "too many positional arguments");
            return false;
        }
        (*next)++;
        if (p->kind == PARAM_VAR_POSITIONAL) {
            sm_value *rest = ARENA_NEW(&b->frame->memory, sm_value);
            if (!rest) return false;
            *rest = (sm_value){ .kind = SM_VALUE_TUPLE, .items = b->args->items + i, .count = b->args->count - i };
            b->values[*next - 1] = rest;
            return true;
        }
        for (size_t k = 0; p->kind == PARAM_ORDINARY && k < b->kwargs.count; k++) {
            if (!slice_is(p->name, b->kwargs.keys[k])) continue;
            str_addf(&b->why, "multiple values for argument '" SLICE_FMT "'", SLICE_ARG(p->name));
            return false;
        }
        b->values[*next - 1] = &b->args->items[i];
    }
    return true;
}

static const sm_value *take_keyword(binder *b, slice name)
{
    for (size_t k = 0; k < b->kwargs.count; k++) {
        if (b->used[k] || !slice_is(name, b->kwargs.keys[k])) continue;
        b->used[k] = true;
        return &b->kwargs.items[k];
    }
    return NULL;
}

static bool bind_keywords(binder *b, size_t next, size_t *star)
{
    for (size_t i = next; i < b->spec->count; i++) {
        const parameter *p = &b->spec->all[i];
        if (p->kind == PARAM_VAR_KEYWORD) *star = i;
        if (p->kind == PARAM_VAR_KEYWORD || p->kind == PARAM_VAR_POSITIONAL) continue;
        b->values[i] = take_keyword(b, p->name);
        if (b->values[i] && p->kind == PARAM_POSITIONAL) {
            str_addf(&b->why, "'" SLICE_FMT "' parameter is positional only, but was passed as a keyword",
                     SLICE_ARG(p->name));
            return false;
        }
        if (!b->values[i] && !p->optional) {
            str_addf(&b->why, "missing a required argument: '" SLICE_FMT "'", SLICE_ARG(p->name));
            return false;
        }
    }
    return true;
}

/* What no parameter took: for **kwargs when there is one. */
static bool bind_rest(binder *b, size_t star)
{
    sm_value    *rest = ARENA_NEW(&b->frame->memory, sm_value);
    sm_value    *items = ARENA_ARRAY(&b->frame->memory, sm_value, b->kwargs.count + 1);
    const char **keys = ARENA_ARRAY(&b->frame->memory, const char *, b->kwargs.count + 1);

    if (!rest || !items || !keys) return false;
    *rest = (sm_value){ .kind = SM_VALUE_DICT, .items = items, .keys = keys };
    for (size_t k = 0; k < b->kwargs.count; k++) {
        if (b->used[k]) continue;
        if (star == SIZE_MAX) {
            str_addf(&b->why, "got an unexpected keyword argument '%s'", b->kwargs.keys[k]);
            return false;
        }
        keys[rest->count] = b->kwargs.keys[k];
        items[rest->count++] = b->kwargs.items[k];
    }
    if (star != SIZE_MAX) b->values[star] = rest;
    return true;
}

static sm_status cast_values(binder *b, sm_error *err)
{
    for (size_t i = 0; i < b->spec->count; i++) {
        const parameter *p = &b->spec->all[i];
        if (!b->values[i]) b->values[i] = p->optional ? p->standard : &nothing;
    }
    for (size_t i = 0; i < b->spec->count; i++) {
        const parameter *p = &b->spec->all[i];
        if (!p->type) continue;
        sm_value *cast = ARENA_NEW(&b->frame->memory, sm_value);
        TRY(arena_check(&b->frame->memory, "calling a function", err));
        TRY(cast_value(b->frame, p->type, b->values[i], cast, &b->why, err));
        if (b->why.len) return SM_OK;
        b->values[i] = cast;
    }
    return SM_OK;
}

static sm_status fail_binding(const binder *b, sm_error *err)
{
    str             text;
    const sm_value *args = b->args;
    sm_value        tuple = { .kind = SM_VALUE_TUPLE, .items = args->items, .count = args->count };

    str_init(&text);
    str_addz(&text, "Binding inputs to tf.function failed due to `");
    str_add(&text, str_slice(&b->why));
    str_addz(&text, "`. Received args: ");
    python_repr(&text, &tuple);
    str_addz(&text, " and kwargs: ");
    python_repr(&text, &b->kwargs);
    str_addz(&text, " for signature: ");
    function_spec_print(&text, b->spec);
    str_addc(&text, '.');
    sm_status status = FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "%s", str_text(&text));
    str_clear(&text);
    return status;
}

/* The caller's keywords under the names that parameters have. */
static sm_status clean_keywords(binder *b, const sm_value *kwargs, sm_error *err)
{
    arena       *a = &b->frame->memory;
    const char **keys = ARENA_ARRAY(a, const char *, kwargs->count + 1);

    b->used = ARENA_ARRAY(a, bool, kwargs->count + 1);
    for (size_t i = 0; keys && i < kwargs->count; i++) {
        slice clean = function_spec_clean(a, slice_of(kwargs->keys[i]));
        keys[i] = clean.ptr;
        for (size_t k = 0; k < i; k++)
            if (slice_is(clean, keys[k]))
                return FAIL_KIND(err, SM_INVALID_ARGUMENT, "ValueError",
                                 "Name collision after sanitization. Please rename tf.function input parameters. "
                                 "Original: '%s' and '%s', Sanitized: '%s'",
                                 kwargs->keys[k], kwargs->keys[i], keys[i]);
    }
    b->kwargs = (sm_value){ .kind = SM_VALUE_DICT, .items = kwargs->items, .keys = keys, .count = kwargs->count };
    return arena_check(a, "calling a function", err);
}

sm_status bind_call(call_frame *f, const function_spec *s, const sm_value *args, const sm_value *kwargs,
                    const sm_value ***values, sm_error *err)
{
    binder    b = { .frame = f, .spec = s, .args = args ? args : &nothing };
    size_t    next = 0, star = SIZE_MAX;
    sm_status status;

    str_init(&b.why);
    b.values = ARENA_ARRAY(&f->memory, const sm_value *, s->count + 1);
    TRY(arena_check(&f->memory, "calling a function", err));
    TRY(clean_keywords(&b, kwargs ? kwargs : &nothing, err));
    bool bound = bind_positional(&b, &next) && bind_keywords(&b, next, &star) && bind_rest(&b, star);
    status = arena_check(&f->memory, "calling a function", err);
    if (status == SM_OK && bound) status = cast_values(&b, err);
    if (status == SM_OK && b.why.len) status = fail_binding(&b, err);
    str_clear(&b.why);
    *values = b.values;
    return status;
}

/* -- The canonical form --------------------------------------------------------------------------------------------- */

/* A name for a placeholder, as TensorFlow's graph makes names differ: x, x_1, x_2. One that an op cannot have is not used. */
static const char *placeholder_name(call_frame *f, slice scope)
{
    arena *a = &f->memory;
    slice name = scope.len && (isalnum((unsigned char)scope.ptr[0]) || scope.ptr[0] == '.') ? scope : SLICE("Placeholder");
    char *lower = arena_strdup(a, name);

    for (char *p = lower; p && *p; p++) *p = (char)tolower((unsigned char)*p);
    uint64_t *used = lower ? map_at(&f->names, slice_of(lower), NULL) : NULL;
    if (!used) return "";
    uint64_t i = (*used)++;
    if (i == 0) return arena_strdup(a, name);
    slice key;
    do {
        key = slice_of(arena_printf(a, "%s_%llu", lower, (unsigned long long)i++));
        if (!key.ptr) return "";
    } while (map_get(&f->names, key, NULL));
    map_set(&f->names, key, 1);
    return arena_printf(a, SLICE_FMT "_%llu", SLICE_ARG(name), (unsigned long long)(i - 1));
}

static sm_status symbolic(call_frame *f, slice scope, const sm_value *type, const sm_value *v, sm_value *out,
                          sm_error *err);

/* The tensors of a composite become placeholders too; their shapes are those of the components of its spec. */
static sm_status symbolic_composite(call_frame *f, slice scope, const sm_value *type, sm_value *out, sm_error *err)
{
    shape s;

    TRY(composite_shape(out, &s, err));
    out->shape = type && type->kind == SM_VALUE_TYPE_SPEC ? type_spec_shape(type) : s;
    sm_value *items = ARENA_ARRAY(&f->memory, sm_value, out->count);
    TRY(arena_check(&f->memory, "calling a function", err));
    for (size_t i = 0; i < out->count; i++) {
        TRY(symbolic(f, scope, NULL, &out->items[i], &items[i], err));
        bool whole = (out->kind == SM_VALUE_RAGGED && i == 1) || (out->kind == SM_VALUE_SPARSE && i == 2);
        if (!whole && items[i].shape.rank > 0) items[i].shape.dims[0] = UNKNOWN_DIM;
        if (out->kind == SM_VALUE_RAGGED && i == 1)
            items[i].shape =
                shape_vector(out->shape.rank > 0 && out->shape.dims[0] >= 0 ? out->shape.dims[0] + 1 : UNKNOWN_DIM);
    }
    out->items = items;
    return SM_OK;
}

static const sm_value *type_of_item(const sm_value *type, const sm_value *v, size_t i)
{
    if (!type || !value_is_nest(type)) return NULL;
    if (v->keys) return value_find(type, v->keys[i]);
    return i < type->count ? &type->items[i] : NULL;
}

/* A copy of v in which tensors have names. Where the parameter has a type, that is what is traced, not the value's own shape. */
static sm_status symbolic(call_frame *f, slice scope, const sm_value *type, const sm_value *v, sm_value *out, sm_error *err)
{
    *out = *v;
    if (value_is_tensor(v)) {
        out->text = placeholder_name(f, scope);
        if (v->kind == SM_VALUE_ARRAY) out->kind = SM_VALUE_TENSOR;
        if (type && type->kind == SM_VALUE_TENSOR_SPEC) out->shape = type->shape;
        return SM_OK;
    }
    if (value_is_composite(v)) return symbolic_composite(f, scope, type, out, err);
    if (!value_is_nest(v) || !v->count) return SM_OK;
    sm_value *items = ARENA_ARRAY(&f->memory, sm_value, v->count);
    TRY(arena_check(&f->memory, "calling a function", err));
    for (size_t i = 0; i < v->count; i++)
        TRY(symbolic(f, scope, type_of_item(type, v, i), &v->items[i], &items[i], err));
    out->items = items;
    return SM_OK;
}

/* The positions at which **kwargs come: sorted by name. */
static void sort_keywords(const sm_value *v, size_t *order)
{
    for (size_t i = 0; i < v->count; i++) {
        size_t at = i;
        for (; at && strcmp(v->keys[order[at - 1]], v->keys[i]) > 0; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

typedef struct canonical {
    sm_value    *args, *kwargs;
    const char **keys;
    size_t       arg_count, kwarg_count;
} canonical;

static sm_status add_var_keywords(call_frame *f, const sm_value *v, canonical *c, sm_error *err)
{
    size_t *order = ARENA_ARRAY(&f->memory, size_t, v->count + 1);

    TRY(arena_check(&f->memory, "calling a function", err));
    sort_keywords(v, order);
    for (size_t i = 0; i < v->count; i++) {
        const char *key = v->keys[order[i]];
        c->keys[c->kwarg_count] = key;
        TRY(symbolic(f, slice_of(key), NULL, &v->items[order[i]], &c->kwargs[c->kwarg_count++], err));
    }
    return SM_OK;
}

static sm_status add_var_positional(call_frame *f, slice name, const sm_value *v, canonical *c, sm_error *err)
{
    for (size_t i = 0; i < v->count; i++) {
        slice scope = slice_of(arena_printf(&f->memory, SLICE_FMT "_%zu", SLICE_ARG(name), i));
        TRY(symbolic(f, scope, NULL, &v->items[i], &c->args[c->arg_count++], err));
    }
    return SM_OK;
}

static sm_status add_parameter_value(call_frame *f, const parameter *p, const sm_value *v, canonical *c, sm_error *err)
{
    switch (p->kind) {
    case PARAM_VAR_POSITIONAL: return add_var_positional(f, p->name, v, c, err);
    case PARAM_VAR_KEYWORD: return add_var_keywords(f, v, c, err);
    case PARAM_KEYWORD:
        c->keys[c->kwarg_count] = arena_strdup(&f->memory, p->name);
        return symbolic(f, p->name, p->type, v, &c->kwargs[c->kwarg_count++], err);
    default: return symbolic(f, p->name, p->type, v, &c->args[c->arg_count++], err);
    }
}

sm_status canonical_call(call_frame *f, const function_spec *s, const sm_value *const *values, sm_value *out, sm_error *err)
{
    size_t    most = 1;
    canonical c = { 0 };

    for (size_t i = 0; i < s->count; i++)
        most += s->all[i].kind == PARAM_VAR_POSITIONAL || s->all[i].kind == PARAM_VAR_KEYWORD ? values[i]->count : 1;
    c.args = ARENA_ARRAY(&f->memory, sm_value, most);
    c.kwargs = ARENA_ARRAY(&f->memory, sm_value, most);
    c.keys = ARENA_ARRAY(&f->memory, const char *, most);
    sm_value *pair = ARENA_ARRAY(&f->memory, sm_value, 2);
    TRY(arena_check(&f->memory, "calling a function", err));
    for (size_t i = 0; i < s->count; i++) TRY(add_parameter_value(f, &s->all[i], values[i], &c, err));
    pair[0] = (sm_value){ .kind = SM_VALUE_TUPLE, .items = c.args, .count = c.arg_count };
    pair[1] = (sm_value){ .kind = SM_VALUE_DICT, .items = c.kwargs, .keys = c.keys, .count = c.kwarg_count };
    *out = (sm_value){ .kind = SM_VALUE_TUPLE, .items = pair, .count = 2 };
    return arena_check(&f->memory, "calling a function", err);
}
