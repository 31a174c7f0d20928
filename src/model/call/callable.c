/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/callable.c - objects to callables: specs and traces read, concrete functions compiled. */
#include "model/call/callable.h"

#include "model/model.h"

#include <stdatomic.h>

void callables_clear(callables *c)
{
    for (size_t i = 0; i < c->count; i++) function_free(atomic_load(&c->all[i]->compiled));
    for (size_t i = 0; i < c->tensor_count; i++) tensor_unref(c->tensors[i]);
    c->count = c->tensor_count = 0;
}

sm_status model_keep_tensor(sm_model *m, tensor *t, sm_error *err)
{
    callables *c = &m->callables;
    tensor   **place = arena_push(&m->arena, &c->tensors, &c->tensor_count, &c->tensor_capacity, sizeof *c->tensors);

    if (place) {
        *place = t;
        return SM_OK;
    }
    tensor_unref(t);
    return arena_check(&m->arena, "reading a function", err);
}

/* -- Concrete functions ------------------------------------------------------------------------------------------- */

/* The types of the arguments that are no captures. */
static sm_status read_types(sm_model *m, concrete *c, const tf_SavedConcreteFunction *p, sm_error *err)
{
    definition *d;

    TRY(definition_of_function(m, c->name, &d, err));
    const tf_OpDef *s = d->function->signature;
    if (s->input_arg_count < p->bound_inputs_count)
        return FAIL(err, SM_INVALID_ARGUMENT, "function '" SLICE_FMT "' takes %zu arguments and has %zu captures",
                    SLICE_ARG(c->name), s->input_arg_count, p->bound_inputs_count);
    c->count = s->input_arg_count - p->bound_inputs_count;
    c->types = ARENA_ARRAY(&m->arena, sm_dtype, c->count + 1);
    for (size_t i = 0; c->types && i < c->count; i++) c->types[i] = (sm_dtype)s->input_arg[i].type;
    return arena_check(&m->arena, "reading a function", err);
}

static sm_status read_concrete(sm_model *m, slice name, concrete **out, sm_error *err)
{
    const tf_SavedConcreteFunction *p = objects_concrete(m, name);
    concrete                       *c = ARENA_NEW(&m->arena, concrete);

    TRY(arena_check(&m->arena, "reading a function", err));
    if (!p) return FAIL(err, SM_NOT_FOUND, "there is no concrete function '" SLICE_FMT "'", SLICE_ARG(name));
    if (!p->canonicalized_input_signature || !p->output_signature)
        return FAIL_KIND(err, SM_INVALID_ARGUMENT, "NotEncodableError",
                         "concrete function '" SLICE_FMT "' does not say what it takes and returns", SLICE_ARG(name));
    c->name = name;
    TRY(value_from_proto(&m->arena, p->canonicalized_input_signature, &c->input, err));
    TRY(value_from_proto(&m->arena, p->output_signature, &c->output, err));
    TRY(read_types(m, c, p, err));
    *out = c;
    return SM_OK;
}

static sm_status find_concrete(sm_model *m, slice name, concrete **out, sm_error *err)
{
    callables *all = &m->callables;
    uint64_t   at;

    if (!all->ready) map_init(&all->by_name, &m->arena);
    all->ready = true;
    if (map_get(&all->by_name, name, &at)) {
        *out = all->all[at];
        return SM_OK;
    }
    TRY(read_concrete(m, name, out, err));
    concrete **place = arena_push(&m->arena, &all->all, &all->count, &all->capacity, sizeof *all->all);
    if (!place) return arena_check(&m->arena, "reading a function", err);
    *place = *out;
    map_set(&all->by_name, name, all->count - 1);
    return arena_check(&m->arena, "reading a function", err);
}

sm_status concrete_ready(sm_model *m, concrete *c, function **out, sm_error *err)
{
    *out = atomic_load_explicit(&c->compiled, memory_order_acquire);
    if (*out) return SM_OK;
    TRY(initialise_objects(m, err));
    model_lock(m);
    *out = atomic_load_explicit(&c->compiled, memory_order_acquire);
    sm_status status = *out ? SM_OK : concrete_compile(m, c->name, c->types, c->count, out, err);
    if (status == SM_OK) atomic_store_explicit(&c->compiled, *out, memory_order_release);
    model_unlock(m);
    return status;
}

/* -- Callables ------------------------------------------------------------------------------------------------------ */

static sm_status read_traces(sm_model *m, const slice *names, size_t n, callable *c, sm_error *err)
{
    c->traces = ARENA_ARRAY(&m->arena, concrete *, n + 1);
    TRY(arena_check(&m->arena, "reading a function", err));
    for (size_t i = 0; i < n; i++) TRY(find_concrete(m, names[i], &c->traces[i], err));
    c->trace_count = n;
    return SM_OK;
}

static sm_status read_bare(sm_model *m, const tf_SavedBareConcreteFunction *p, callable *c, sm_error *err)
{
    function_spec named;

    TRY(read_traces(m, &p->concrete_function_name, 1, c, err));
    if (p->function_spec) TRY(function_spec_read(m, p->function_spec, &m->arena, &named, err));
    c->bare = p;
    return function_spec_of_trace(p->function_spec ? &named : NULL, c->traces[0]->input, c->traces[0]->output,
                                  &m->arena, &c->spec, err);
}

static sm_status read_callable(sm_object *o, callable **out, sm_error *err)
{
    sm_model *m = o->model;
    callable *c = ARENA_NEW(&m->arena, callable);

    TRY(arena_check(&m->arena, "reading a function", err));
    if (o->proto->which == tf_SavedObject_function) {
        const tf_SavedFunction *f = o->proto->function;
        TRY(function_spec_read(m, f->function_spec, &m->arena, &c->spec, err));
        TRY(read_traces(m, f->concrete_functions, f->concrete_functions_count, c, err));
    } else {
        TRY(read_bare(m, o->proto->bare_concrete_function, c, err));
    }
    *out = c;
    return SM_OK;
}

enum { MOST_HOPS = 8 }; /* of objects whose __call__ is an object */

sm_status callable_of_object(sm_object *o, const callable **out, sm_error *err)
{
    TRY(definitions_read(o->model, err));
    for (int hop = 0; o && hop < MOST_HOPS; hop++) {
        if (o->proto->which == tf_SavedObject_function || o->proto->which == tf_SavedObject_bare_concrete_function) {
            if (!o->callable) TRY(read_callable(o, &o->callable, err));
            *out = o->callable;
            return SM_OK;
        }
        o = (sm_object *)(uintptr_t)object_child_named(o, "__call__");
    }
    return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "object is not callable");
}
