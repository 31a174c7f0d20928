/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/function_spec.c - FullArgSpec and input signature to parameters.
 *
 *   args ─▶ ordinary      the last of them have the defaults; "self" of a method is dropped
 *   varargs, kwonlyargs, varkw in this order
 *
 * With an input signature its specs are the types of the first parameters, in order; what is left takes the type of its
 * default; **kwargs is not taken any more and *args becomes as many parameters as there are specs. All as TensorFlow's
 * function_type_utils has it. */
#include "model/call/function_spec.h"

#include "model/call/python_text.h"
#include "model/import.h"
#include "model/model.h"

#include <ctype.h>

#define MOST_PARAMETERS ((size_t)1 << 16)

slice function_spec_clean(arena *a, slice name)
{
    bool  bare = name.len && !isalpha((unsigned char)name.ptr[0]) && !((unsigned char)name.ptr[0] & 0x80);
    char *text = arena_printf(a, "%s" SLICE_FMT, bare ? "arg_" : "", SLICE_ARG(name));

    if (!text) return SLICE("");
    char *p = text + (bare ? strlen("arg_") : 0);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        *p++ = isalnum(c) || c & 0x80 ? (char)c : '_';
    }
    return slice_make(text, (size_t)(p - text));
}

/* -- The parts of a FullArgSpec --------------------------------------------------------------------------------- */

static const sm_value no_value = { .kind = SM_VALUE_NONE };

static const sm_value *part_of(const sm_value *spec, const char *key)
{
    const sm_value *v = value_find(spec, key);

    return v ? v : &no_value;
}

static sm_status check_names(const sm_value *v, const char *what, sm_error *err)
{
    if (v->kind != SM_VALUE_NONE && !value_is_sequence(v))
        return FAIL(err, SM_INVALID_ARGUMENT, "function spec: %s is not a list", what);
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].kind != SM_VALUE_STRING)
            return FAIL(err, SM_INVALID_ARGUMENT, "function spec: %s has something that is not a name", what);
    return SM_OK;
}

static sm_status check_spec(const sm_value *spec, sm_error *err)
{
    if (spec->kind != SM_VALUE_NAMED_TUPLE || !spec->text || strcmp(spec->text, "FullArgSpec") != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "function spec: it is not a FullArgSpec");
    TRY(check_names(part_of(spec, "args"), "args", err));
    TRY(check_names(part_of(spec, "kwonlyargs"), "kwonlyargs", err));
    const sm_value *defaults = part_of(spec, "defaults"), *args = part_of(spec, "args");
    if (defaults->kind != SM_VALUE_NONE && !value_is_sequence(defaults))
        return FAIL(err, SM_INVALID_ARGUMENT, "function spec: defaults is not a list");
    if (defaults->count > args->count)
        return FAIL(err, SM_INVALID_ARGUMENT, "function spec: %zu defaults for %zu arguments", defaults->count,
                    args->count);
    if (args->count + part_of(spec, "kwonlyargs")->count > MOST_PARAMETERS)
        return FAIL(err, SM_INVALID_ARGUMENT, "function spec: more than %zu arguments", MOST_PARAMETERS);
    return SM_OK;
}

static parameter *add_parameter(function_spec *s, slice name, param_kind kind, const sm_value *standard)
{
    parameter *p = &s->all[s->count++];

    *p = (parameter){ .name = name, .kind = kind, .optional = standard != NULL, .standard = standard };
    return p;
}

/* -- Values with tensors, types of values ------------------------------------------------------------------------- */

static sm_status read_tensors(sm_model *m, arena *a, sm_value *v, sm_error *err);

static sm_status read_item_tensors(sm_model *m, arena *a, sm_value *v, sm_error *err)
{
    sm_value *items = ARENA_ARRAY(a, sm_value, v->count);

    if (!items) return arena_check(a, "reading a function spec", err);
    memcpy(items, v->items, v->count * sizeof *items);
    v->items = items;
    for (size_t i = 0; i < v->count; i++) TRY(read_tensors(m, a, &items[i], err));
    return SM_OK;
}

/* Defaults may hold tensors: they are decoded here, and kept with the model's constants. */
static sm_status read_tensors(sm_model *m, arena *a, sm_value *v, sm_error *err)
{
    if (v->count && value_is_nest(v)) return read_item_tensors(m, a, v, err);
    if (v->kind != SM_VALUE_TENSOR || v->tensor || !v->proto) return SM_OK;
    TRY(import_tensor(m, v->proto, &v->tensor, err));
    return model_keep_tensor(m, v->tensor, err);
}

/* The trace type of a value: specs for tensors, nests of types, literals for the rest. */
static sm_value type_of_value(arena *a, const sm_value *v)
{
    sm_value t = *v;

    if (value_is_tensor(v)) {
        t = (sm_value){ .kind = SM_VALUE_TENSOR_SPEC, .dtype = v->dtype, .shape = v->shape };
    } else if (value_is_nest(v) && v->count) {
        sm_value *items = ARENA_ARRAY(a, sm_value, v->count);
        if (!items) return t;
        for (size_t i = 0; i < v->count; i++) items[i] = type_of_value(a, &v->items[i]);
        t.items = items;
    }
    return t;
}

/* -- Functions -------------------------------------------------------------------------------------------------------- */

static sm_status read_parameters(const sm_value *spec, bool method, arena *a, function_spec *out, sm_error *err)
{
    const sm_value *args = part_of(spec, "args"), *defaults = part_of(spec, "defaults");
    const sm_value *named = part_of(spec, "kwonlyargs"), *standards = part_of(spec, "kwonlydefaults");
    size_t          first = method || (args->count && strcmp(args->items[0].text, "self") == 0), plain;

    if (first > args->count)
        return FAIL_KIND(err, SM_UNIMPLEMENTED, "NotImplementedError",
                         "Cannot deserialize a method function without a named 'self' argument.");
    out->all = ARENA_ARRAY(a, parameter, args->count + named->count + 2);
    TRY(arena_check(a, "reading a function spec", err));
    plain = args->count - defaults->count;
    for (size_t i = first; i < args->count; i++)
        add_parameter(out, function_spec_clean(a, value_text(&args->items[i])), PARAM_ORDINARY,
                      i >= plain ? &defaults->items[i - plain] : NULL);
    const sm_value *star = part_of(spec, "varargs"), *stars = part_of(spec, "varkw");
    if (star->kind == SM_VALUE_STRING) add_parameter(out, value_text(star), PARAM_VAR_POSITIONAL, NULL);
    for (size_t i = 0; i < named->count; i++)
        add_parameter(out, function_spec_clean(a, value_text(&named->items[i])), PARAM_KEYWORD,
                      value_find(standards, named->items[i].text));
    if (stars->kind == SM_VALUE_STRING) add_parameter(out, value_text(stars), PARAM_VAR_KEYWORD, NULL);
    return arena_check(a, "reading a function spec", err);
}

/* Gives the types of an input signature to the parameters. */
static sm_status add_types(function_spec *s, const sm_value *types, arena *a, sm_error *err)
{
    function_spec typed = { .all = ARENA_ARRAY(a, parameter, s->count + types->count + 1) };
    size_t        next = 0;
    bool          star = false;

    TRY(arena_check(a, "reading a function spec", err));
    for (size_t i = 0; i < s->count; i++) star |= s->all[i].kind == PARAM_VAR_POSITIONAL;
    for (size_t i = 0; i < s->count; i++) {
        const parameter *p = &s->all[i];
        if (p->kind == PARAM_VAR_KEYWORD) continue;
        if (p->kind == PARAM_VAR_POSITIONAL) {
            for (size_t k = 0; next < types->count; k++) {
                slice name = slice_of(arena_printf(a, SLICE_FMT "_%zu", SLICE_ARG(p->name), k));
                add_parameter(&typed, name, PARAM_POSITIONAL, NULL)->type = &types->items[next++];
            }
            continue;
        }
        parameter *t =
            add_parameter(&typed, p->name, star && p->kind == PARAM_ORDINARY ? PARAM_POSITIONAL : p->kind, p->standard);
        if (next < types->count) {
            t->type = &types->items[next++];
        } else if (p->standard) {
            sm_value *type = ARENA_NEW(a, sm_value);
            if (type) *type = type_of_value(a, p->standard);
            t->type = type;
        } else {
            return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError",
                             "input_signature missing type constraint for " SLICE_FMT, SLICE_ARG(p->name));
        }
    }
    if (next < types->count)
        return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "input_signature contains %zu extra type constraints.",
                         types->count - next);
    *s = typed;
    return arena_check(a, "reading a function spec", err);
}

sm_status function_spec_read(sm_model *m, const tf_FunctionSpec *p, arena *a, function_spec *out, sm_error *err)
{
    const sm_value *spec = &no_value, *types = &no_value;

    *out = (function_spec){ 0 };
    if (!p || !p->fullargspec || !p->input_signature)
        return FAIL_KIND(err, SM_INVALID_ARGUMENT, "NotEncodableError", "a function spec is missing or has parts missing");
    TRY(value_from_proto(a, p->fullargspec, &spec, err));
    TRY(value_from_proto(a, p->input_signature, &types, err));
    TRY(check_spec(spec, err));
    sm_value decoded = *spec;
    TRY(read_tensors(m, a, &decoded, err));
    sm_value *kept = ARENA_NEW(a, sm_value);
    TRY(arena_check(a, "reading a function spec", err));
    *kept = decoded;
    TRY(read_parameters(kept, p->is_method, a, out, err));
    if (value_is_sequence(types) && types->count) TRY(add_types(out, types, a, err));
    return SM_OK;
}

/* -- Bare concrete functions --------------------------------------------------------------------------------------------- */

/* The name that parameter i of the source has: *args become args_0, args_1 ... */
static parameter traced_parameter(const function_spec *named, size_t i, arena *a)
{
    bool star = false;

    for (size_t k = 0; named && k < named->count; k++) star |= named->all[k].kind == PARAM_VAR_POSITIONAL;
    for (size_t k = 0; named && k < named->count; k++) {
        const parameter *p = &named->all[k];
        if (p->kind == PARAM_VAR_POSITIONAL)
            return (parameter){ .name = slice_of(arena_printf(a, SLICE_FMT "_%zu", SLICE_ARG(p->name), i - k)),
                                .kind = PARAM_POSITIONAL };
        if (p->kind >= PARAM_KEYWORD) break;
        if (k == i) return (parameter){ .name = p->name, .kind = star ? PARAM_POSITIONAL : p->kind };
    }
    return (parameter){ .name = slice_of(arena_printf(a, "arg_%zu", i)), .kind = PARAM_POSITIONAL };
}

sm_status function_spec_of_trace(const function_spec *named, const sm_value *input, const sm_value *output, arena *a,
                                 function_spec *out, sm_error *err)
{
    if (!input || input->kind != SM_VALUE_TUPLE || input->count != 2 || !value_is_sequence(&input->items[0]) ||
        !value_is_mapping(&input->items[1]))
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "the input signature of a concrete function is not a tuple of arguments and keywords");
    const sm_value *args = &input->items[0], *kwargs = &input->items[1];
    *out = (function_spec){ .all = ARENA_ARRAY(a, parameter, args->count + kwargs->count + 1), .output = output };
    TRY(arena_check(a, "reading a function spec", err));
    for (size_t i = 0; i < args->count; i++) {
        parameter p = traced_parameter(named, i, a);
        p.type = &args->items[i];
        out->all[out->count++] = p;
    }
    for (size_t i = 0; i < kwargs->count; i++)
        add_parameter(out, function_spec_clean(a, slice_of(kwargs->keys[i])), PARAM_KEYWORD, NULL)->type =
            &kwargs->items[i];
    return arena_check(a, "reading a function spec", err);
}

/* -- Printing ---------------------------------------------------------------------------------------------------------------- */

static void print_parameter(str *b, const parameter *p)
{
    if (p->kind == PARAM_VAR_POSITIONAL) str_addc(b, '*');
    if (p->kind == PARAM_VAR_KEYWORD) str_addz(b, "**");
    str_add(b, p->name);
    if (p->type) {
        str_addz(b, ": ");
        python_type(b, p->type);
    }
    if (p->optional) str_addz(b, p->type ? " = <captured_default_value>" : "=<captured_default_value>");
}

void function_spec_print(str *b, const function_spec *s)
{
    bool positional = false, star = false;

    str_addc(b, '(');
    for (size_t i = 0; i < s->count; i++) {
        const parameter *p = &s->all[i];
        if (i) str_addz(b, ", ");
        if (positional && p->kind != PARAM_POSITIONAL) {
            str_addz(b, "/, ");
            positional = false;
        }
        positional |= p->kind == PARAM_POSITIONAL;
        if (p->kind == PARAM_KEYWORD && !star) str_addz(b, "*, ");
        star |= p->kind == PARAM_KEYWORD || p->kind == PARAM_VAR_POSITIONAL;
        print_parameter(b, p);
    }
    if (positional) str_addz(b, ", /");
    str_addc(b, ')');
    if (!s->output) return;
    str_addz(b, " -> ");
    python_type(b, s->output);
}
