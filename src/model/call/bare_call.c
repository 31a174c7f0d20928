/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/bare_call.c - calls of bare concrete functions, which signatures are.
 *
 * TensorFlow binds the arguments to the types of the trace first (which converts what is no tensor); when that fails it takes
 * them as flat tensors by keyword, and then looks at types only: a wrong shape fails in the first kernel that minds. When that
 * fails too, both reasons are told. */
#include "model/call/object_call.h"

#include "model/call/convert.h"
#include "model/call/python_text.h"

#include <stdlib.h>

/* "signature_wrapper_f" of "__inference_signature_wrapper_f_123" */
static slice plain_name(slice name)
{
    slice     rest = slice_tail(name, strlen("__inference_")), digits;
    ptrdiff_t at = slice_rfind(rest, '_');
    int64_t   number;

    if (!slice_starts(name, "__inference_") || at < 0) return name;
    digits = slice_tail(rest, (size_t)at + 1);
    return digits.len && slice_int(digits, &number) ? slice_head(rest, (size_t)at) : name;
}

typedef struct flat_call {
    call_frame     *frame;
    const callable *callable;
    const sm_value *args, *kwargs;
    size_t          positional, keywords, allowed;
    bool           *used; /* of the keyword arguments */
    flat_list       flat;
    str             why;
} flat_call;

static void summarise(flat_call *c)
{
    const tf_SavedBareConcreteFunction *p = c->callable->bare;

    str_add(&c->why, plain_name(c->callable->traces[0]->name));
    str_addc(&c->why, '(');
    for (size_t i = 0; i < c->keywords || i < c->allowed; i++) {
        if (i) str_addz(&c->why, ", ");
        if (i < c->keywords)
            str_add(&c->why, p->argument_keywords[i]);
        else
            str_addf(&c->why, "<arg%zu>", i + 1);
    }
    str_addc(&c->why, ')');
}

static int by_text(const void *x, const void *y)
{
    return slice_cmp(*(const slice *)x, *(const slice *)y);
}

/* Sorted names behind a comma each. */
static void list_names(flat_call *c, slice *names, size_t n)
{
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++) {
        if (i) str_addz(&c->why, ", ");
        str_add(&c->why, names[i]);
    }
    str_addc(&c->why, '.');
}

static const sm_value *flat_argument(flat_call *c, size_t i)
{
    slice name = function_spec_clean(&c->frame->memory, c->callable->bare->argument_keywords[i]);

    for (size_t k = 0; c->kwargs && k < c->kwargs->count; k++) {
        if (c->used[k]) continue;
        if (!slice_eq(name, function_spec_clean(&c->frame->memory, slice_of(c->kwargs->keys[k])))) continue;
        c->used[k] = true;
        return &c->kwargs->items[k];
    }
    return NULL;
}

/* Keyword i has no argument: all that have none are named. */
static sm_status missing_arguments(flat_call *c, size_t i, sm_error *err)
{
    const slice *keywords = c->callable->bare->argument_keywords;
    slice       *names = ARENA_ARRAY(&c->frame->memory, slice, c->keywords + 1);
    size_t       n = 0;

    TRY(arena_check(&c->frame->memory, "calling a function", err));
    for (; i < c->keywords; i++) {
        bool given = false;
        for (size_t k = 0; c->kwargs && k < c->kwargs->count; k++) given |= slice_is(keywords[i], c->kwargs->keys[k]);
        if (!given) names[n++] = keywords[i];
    }
    summarise(c);
    str_addz(&c->why, " missing required arguments: ");
    list_names(c, names, n);
    return SM_OK;
}

static sm_status unexpected_arguments(flat_call *c, sm_error *err)
{
    slice *names = ARENA_ARRAY(&c->frame->memory, slice, c->kwargs->count + 1);
    size_t n = 0;

    TRY(arena_check(&c->frame->memory, "calling a function", err));
    for (size_t k = 0; k < c->kwargs->count; k++)
        if (!c->used[k]) names[n++] = slice_of(c->kwargs->keys[k]);
    summarise(c);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < c->positional && i < c->keywords; i++)
            if (slice_eq(names[k], c->callable->bare->argument_keywords[i])) {
                str_addf(&c->why, " got two values for '" SLICE_FMT "'.", SLICE_ARG(names[k]));
                return SM_OK;
            }
    str_addz(&c->why, " got unexpected keyword arguments: ");
    list_names(c, names, n);
    return SM_OK;
}

static sm_status take_flat(flat_call *c, size_t i, const sm_value *v, sm_error *err)
{
    tensor *t;

    if (v->kind != SM_VALUE_TENSOR && v->kind != SM_VALUE_VARIABLE) {
        summarise(c);
        str_addf(&c->why, ": expected argument #%zu(zero-based) to be a Tensor; got %s (", i, python_type_name(v));
        python_str(&c->why, v);
        str_addz(&c->why, ").");
        return SM_OK;
    }
    TRY(value_read_tensor(v, &t, err));
    TRY(frame_keep(c->frame, t, err));
    tensor **place =
        arena_push(&c->frame->memory, &c->flat.items, &c->flat.count, &c->flat.capacity, sizeof *c->flat.items);
    if (place) *place = t;
    return arena_check(&c->frame->memory, "calling a function", err);
}

/* The arguments as flat tensors; c->why says what is wrong. */
static sm_status bind_flat(flat_call *c, sm_error *err)
{
    size_t           total = c->positional > c->keywords ? c->positional : c->keywords, taken = 0;
    const sm_value **values = ARENA_ARRAY(&c->frame->memory, const sm_value *, total + 1);

    c->used = ARENA_ARRAY(&c->frame->memory, bool, (c->kwargs ? c->kwargs->count : 0) + 1);
    TRY(arena_check(&c->frame->memory, "calling a function", err));
    if (c->positional > c->allowed) {
        summarise(c);
        str_addf(&c->why, " takes %zu positional arguments, got %zu.", c->allowed, c->positional);
        return SM_OK;
    }
    for (size_t i = 0; i < total; i++) {
        values[i] = i < c->positional ? &c->args->items[i] : flat_argument(c, i);
        if (!values[i]) return missing_arguments(c, i, err);
        taken += i >= c->positional;
    }
    if (c->kwargs && taken < c->kwargs->count) return unexpected_arguments(c, err);
    for (size_t i = 0; i < total && !c->why.len; i++) TRY(take_flat(c, i, values[i], err));
    return SM_OK;
}

static sm_status call_flat(sm_model *m, flat_call *c, const sm_error *structured, sm_value **result, sm_error *err)
{
    TRY(bind_flat(c, err));
    if (!c->why.len) {
        sm_error  failed = { 0 };
        sm_status status = concrete_call(m, c->callable->traces[0], &c->flat, result, &failed);
        size_t    bad = python_bad_utf8(slice_of(failed.message));
        if (status == SM_OK) return status;
        if (bad == SIZE_MAX) {
            if (err) *err = failed;
            return status;
        }
        /* Python cannot read such a message; what its loader reports is that. */
        str_addf(&c->why, "'utf-8' codec can't decode byte 0x%02x in position %zu: invalid start byte",
                 (unsigned char)failed.message[bad], bad);
    }
    return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "%s\nFallback to flat signature also failed due to: %s",
                     structured->message, str_text(&c->why));
}

/* Binds to the types of the trace, and flattens. */
static sm_status bind_structured(call_frame *f, const callable *c, const sm_value *args, const sm_value *kwargs,
                                 flat_list *flat, sm_error *err)
{
    const sm_value **values;
    bool             fits;

    TRY(bind_call(f, &c->spec, args, kwargs, &values, err));
    for (size_t i = 0; i < c->spec.count; i++) {
        TRY(match_value(f, c->spec.all[i].type, values[i], false, flat, &fits, err));
        if (!fits)
            return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError",
                             "argument '" SLICE_FMT "' does not have the type of the trace",
                             SLICE_ARG(c->spec.all[i].name));
    }
    return SM_OK;
}

sm_status bare_call(sm_model *m, call_frame *f, const callable *c, const sm_value *args, const sm_value *kwargs,
                    sm_value **result, sm_error *err)
{
    sm_error  why = { 0 };
    flat_call flat = { .frame = f, .callable = c, .args = args, .kwargs = kwargs };
    sm_status status = bind_structured(f, c, args, kwargs, &flat.flat, &why);

    if (status == SM_OK) return concrete_call(m, c->traces[0], &flat.flat, result, err);
    if (status != SM_INVALID_ARGUMENT || strcmp(why.kind, "TypeError") != 0) {
        if (err) *err = why;
        return status;
    }
    flat.flat.count = 0;
    flat.positional = args ? args->count : 0;
    flat.keywords = c->bare->argument_keywords_count;
    flat.allowed = c->bare->allowed_positional_arguments > 0 ? (size_t)c->bare->allowed_positional_arguments : 0;
    if (flat.allowed > flat.keywords) flat.allowed = flat.keywords;
    str_init(&flat.why);
    status = call_flat(m, &flat, &why, result, err);
    str_clear(&flat.why);
    return status;
}
