/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/object_call.c - a call from beginning to end.
 *
 *   arguments ─▶ bound ─▶ canonical ─▶ trace chosen ─▶ tensors ─▶ run ─▶ result packed
 *
 * Only finding the callable takes the model's lock; the rest may happen in many threads at once. */
#include "model/call/object_call.h"

#include "base/heap.h"
#include "model/model.h"

/* -- Running ------------------------------------------------------------------------------------------------------ */

static sm_status check_types(const concrete *c, const flat_list *in, sm_error *err)
{
    if (in->count != c->count)
        return FAIL(err, SM_INVALID_ARGUMENT, "function '" SLICE_FMT "' takes %zu tensors, its signature describes %zu",
                    SLICE_ARG(c->name), c->count, in->count);
    for (size_t i = 0; i < c->count; i++)
        if (in->items[i]->dtype != c->types[i])
            return FAIL_KIND(err, SM_INVALID_ARGUMENT, "InvalidArgumentError",
                             "cannot compute " SLICE_FMT
                             " as input #%zu(zero-based) was expected to be a %s tensor but is a %s "
                             "tensor [Op:" SLICE_FMT "]",
                             SLICE_ARG(c->name), i, dtype_short_name(c->types[i]),
                             dtype_short_name(in->items[i]->dtype), SLICE_ARG(c->name));
    return SM_OK;
}

sm_status concrete_call(sm_model *m, concrete *c, const flat_list *in, sm_value **result, sm_error *err)
{
    function *f;

    TRY(check_types(c, in, err));
    TRY(concrete_ready(m, c, &f, err));
    size_t   count = function_output_count(f);
    tensor **out = heap_array(count + 1, sizeof *out);
    if (!out) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory while calling a function");
    sm_status status = function_run(f, (const tensor *const *)in->items, in->count, out, count, NULL, err);
    if (status == SM_OK) status = pack_result(m, c->output, out, count, result, err);
    for (size_t i = 0; i < count; i++) tensor_unref(out[i]);
    heap_free(out);
    return status;
}

/* -- Functions ---------------------------------------------------------------------------------------------------- */

static sm_status function_call(sm_model *m, call_frame *f, const callable *c, const sm_value *args,
                               const sm_value *kwargs, sm_value **result, sm_error *err)
{
    const sm_value **values;
    sm_value         inputs;
    concrete        *trace;
    flat_list        flat = { 0 };

    TRY(bind_call(f, &c->spec, args, kwargs, &values, err));
    TRY(canonical_call(f, &c->spec, values, &inputs, err));
    TRY(dispatch_call(f, c, &inputs, &trace, &flat, err));
    return concrete_call(m, trace, &flat, result, err);
}

static sm_status check_arguments(const sm_value *args, const sm_value *kwargs, sm_error *err)
{
    if (args) TRY(value_check(args, err));
    if (kwargs) TRY(value_check(kwargs, err));
    if (args && !value_is_sequence(args)) return FAIL(err, SM_INVALID_ARGUMENT, "arguments are a list or a tuple");
    if (kwargs && !value_is_mapping(kwargs)) return FAIL(err, SM_INVALID_ARGUMENT, "keyword arguments are a dict");
    return SM_OK;
}

sm_status object_call(const sm_object *o, const sm_value *args, const sm_value *kwargs, sm_value **result, sm_error *err)
{
    const callable *c = NULL;
    call_frame      f;

    TRY(check_arguments(args, kwargs, err));
    model_lock(o->model);
    sm_status status = callable_of_object((sm_object *)(uintptr_t)o, &c, err);
    model_unlock(o->model);
    TRY(status);
    frame_init(&f, o->model->runtime->memory);
    status = c->bare ? bare_call(o->model, &f, c, args, kwargs, result, err)
                     : function_call(o->model, &f, c, args, kwargs, result, err);
    frame_clear(&f);
    return status;
}

/* -- Signatures without objects -------------------------------------------------------------------------------------- */

static sm_status signature_argument(call_frame *f, const sm_param *p, const sm_value *v, tensor **out, sm_error *err)
{
    sm_value type = { .kind = SM_VALUE_TENSOR_SPEC, .dtype = p->dtype, .shape = shape_unknown() }, cast;
    str      why;

    str_init(&why);
    sm_status status = cast_value(f, &type, v, &cast, &why, err);
    if (status == SM_OK && why.len)
        status = FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "argument '%s': %s", p->name, str_text(&why));
    if (status == SM_OK) *out = cast.tensor;
    str_clear(&why);
    return status;
}

static sm_status signature_arguments(call_frame *f, const sm_function *s, const sm_value *args, const sm_value *kwargs,
                                     tensor **in, sm_error *err)
{
    size_t positional = args ? args->count : 0, allowed = s->input_count == 1, taken = positional;

    if (positional > allowed)
        return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "%s takes %zu positional arguments, got %zu.", s->key,
                         allowed, positional);
    for (size_t i = 0; i < s->input_count; i++) {
        const sm_value *v = i < positional ? &args->items[i] : kwargs ? value_find(kwargs, s->inputs[i].name) : NULL;
        if (v && i >= positional) taken++;
        if (!v && s->inputs[i].has_default) continue;
        if (!v)
            return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "%s missing required arguments: %s.", s->key,
                             s->inputs[i].name);
        TRY(signature_argument(f, &s->inputs[i], v, &in[i], err));
    }
    if (taken < positional + (kwargs ? kwargs->count : 0))
        return FAIL_KIND(err, SM_INVALID_ARGUMENT, "TypeError", "%s got unexpected keyword arguments.", s->key);
    return SM_OK;
}

static sm_status pack_outputs(const sm_function *s, tensor *const *out, sm_value **result, sm_error *err)
{
    sm_value *dict = value_new(SM_VALUE_DICT);

    for (size_t i = 0; dict && i < s->output_count; i++)
        if (out[i]) value_append(dict, s->outputs[i].name, value_new_tensor(SM_VALUE_TENSOR, out[i]));
    if (dict && !dict->failed) {
        *result = dict;
        return SM_OK;
    }
    value_free(dict);
    return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory for the result of a call");
}

sm_status signature_call(sm_function *s, const sm_value *args, const sm_value *kwargs, sm_value **result, sm_error *err)
{
    call_frame f;

    TRY(check_arguments(args, kwargs, err));
    frame_init(&f, s->model->runtime->memory);
    tensor  **in = ARENA_ARRAY(&f.memory, tensor *, s->input_count + 1);
    tensor  **out = ARENA_ARRAY(&f.memory, tensor *, s->output_count + 1);
    sm_status status = arena_check(&f.memory, "calling a function", err);
    if (status == SM_OK) status = signature_arguments(&f, s, args, kwargs, in, err);
    if (status == SM_OK) status = signature_run(s, in, out, NULL, err);
    if (status == SM_OK) {
        status = pack_outputs(s, out, result, err);
        for (size_t i = 0; i < s->output_count; i++) tensor_unref(out[i]);
    }
    frame_clear(&f);
    return status;
}
