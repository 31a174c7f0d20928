/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/function.c - makes a function from a graph, and runs it: find the layout, take a run, execute, hand over.
 *
 * The function's lock is held while derived values, layouts and idle runs are looked at, never while the body runs: any
 * number of threads may be inside the body, each with a run of its own. */
#include "base/heap.h"
#include "runtime/plan.h"

#include <time.h>

sm_status function_new(const environment *env, slice name, graph *g, function **out, sm_error *err)
{
    function *f = heap_zero(sizeof *f);
    if (!f) {
        graph_clear(g);
        return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    }
    f->env = env;
    pthread_mutex_init(&f->lock, NULL);
    sm_status s = plan_build(&f->plan, env, g, err);
    if (s == SM_OK) {
        f->name = arena_strdup(&f->plan.arena, name);
        s = arena_check(&f->plan.arena, "compiling a function", err);
    }
    if (s != SM_OK) {
        function_free(f);
        return s;
    }
    *out = f;
    return SM_OK;
}

void function_free(function *f)
{
    if (!f) return;
    while (f->layouts) {
        layout *l = f->layouts;
        f->layouts = l->next;
        layout_unref(f, l);
    }
    derived_unref(f->derived);
    plan_clear(&f->plan);
    pthread_mutex_destroy(&f->lock);
    heap_free(f);
}

size_t function_input_count(const function *f)
{
    return f->plan.input_count;
}

size_t function_output_count(const function *f)
{
    return f->plan.output_count;
}

/* -- Layouts ---------------------------------------------------------------------------------------------------------- */

static bool layout_fits(const layout *l, const tensor *const *in, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!shape_eq(&l->input_shapes[i], &in[i]->shape)) return false;
    return true;
}

/* The layout for these inputs, made when it is not among the last few; it is the most recent one afterwards. */
static sm_status find_layout(function *f, const derived *d, const tensor *const *in, layout **out, sm_error *err)
{
    size_t   count = 0;
    layout **at = &f->layouts;
    while (*at && !layout_fits(*at, in, f->plan.input_count)) {
        at = &(*at)->next;
        count++;
    }
    layout *l = *at;
    if (l) {
        *at = l->next;
    } else {
        TRY(layout_build(f, d, in, &l, err));
        if (count >= FUNCTION_MOST_LAYOUTS) {
            layout **last = &f->layouts;
            while ((*last)->next) last = &(*last)->next;
            layout_unref(f, *last);
            *last = NULL;
        }
    }
    l->next = f->layouts;
    f->layouts = l;
    *out = l;
    return SM_OK;
}

sm_status function_lay_out(function *f, const tensor *const *in, const run_observer *observer, int depth, derived **d,
                           layout **l, sm_error *err)
{
    TRY(derived_update(f, observer, depth, d, err));
    sm_status s = find_layout(f, *d, in, l, err);
    if (s != SM_OK)
        derived_unref(*d);
    else
        (*l)->refs++;
    return s;
}

static sm_status begin(function *f, const tensor *const *in, const run_observer *observer, int depth, run **out,
                       sm_error *err)
{
    layout  *l;
    derived *d;
    pthread_mutex_lock(&f->lock);
    sm_status s = function_lay_out(f, in, observer, depth, &d, &l, err);
    if (s == SM_OK) {
        s = run_take(f, l, out, err);
        layout_unref(f, l);
        if (s == SM_OK)
            (*out)->derived = d;
        else
            derived_unref(d);
    }
    pthread_mutex_unlock(&f->lock);
    return s;
}

/* -- One call ----------------------------------------------------------------------------------------------------------- */

sm_status function_check_inputs(const function *f, const tensor *const *in, size_t in_count, size_t out_count, sm_error *err)
{
    const plan *p = &f->plan;
    if (in_count != p->input_count || out_count != p->output_count)
        return FAIL(err, SM_INVALID_ARGUMENT, "function '%s' takes %u inputs and gives %u outputs, called with %zu and %zu",
                    f->name, p->input_count, p->output_count, in_count, out_count);
    for (uint32_t i = 0; i < p->input_count; i++)
        if (in[i]->dtype != p->body.dtypes[i])
            return FAIL(err, SM_INVALID_ARGUMENT,
                        "cannot compute %s as input #%u(zero-based) was expected to be a %s tensor but is a %s tensor",
                        f->name, i, dtype_short_name(p->body.dtypes[i]), dtype_short_name(in[i]->dtype));
    return SM_OK;
}

/* May the caller's tensor t be written as this output? Not when it is (a view of) an input as well. */
static bool output_fits(const tensor *t, sm_dtype dtype, const shape *s, const tensor *const *in, size_t in_count)
{
    if (!t || t->dtype != dtype || !t->buffer || !shape_eq(&t->shape, s) || !tensor_writable(t)) return false;
    for (size_t i = 0; i < in_count; i++)
        if (in[i] == t || in[i]->buffer == t->buffer) return false;
    return true;
}

static sm_status bind_values(function *f, run *r, const tensor *const *in, tensor *const *out, sm_error *err)
{
    const plan *p = &f->plan;
    for (uint32_t i = 0; i < p->input_count; i++) r->values[i] = in[i];
    for (uint32_t i = 0; i < p->frontier_count; i++) r->values[p->input_count + i] = r->derived->values[i];
    for (uint32_t i = 0; i < p->output_count; i++) {
        uint32_t     slot = p->outputs[i];
        const shape *s = &r->layout->shapes[slot];
        if (r->layout->bound[slot] != i) continue;
        if (output_fits(out[i], p->body.dtypes[slot], s, in, p->input_count))
            r->results[i] = tensor_ref(out[i]);
        else
            TRY(tensor_new(f->env->runtime->memory, p->body.dtypes[slot], s, &r->results[i], err));
        r->headers[slot].shape = *s;
        r->headers[slot].data = r->results[i]->data;
    }
    return SM_OK;
}

static sm_status collect(function *f, run *r, sm_error *err)
{
    const plan *p = &f->plan;
    for (uint32_t i = 0; i < p->output_count; i++) {
        uint32_t slot = p->outputs[i];
        if (p->has_flow && r->dead[slot]) return FAIL(err, SM_INVALID_ARGUMENT, "Retval[%u] does not have value", i);
        if (!r->results[i]) TRY(tensor_keep(f->env->runtime->memory, r->values[slot], &r->results[i], err));
    }
    return SM_OK;
}

static void finish(function *f, run *r)
{
    for (uint32_t i = 0; i < f->plan.output_count; i++) {
        uint32_t slot = f->plan.outputs[i];
        if (r->layout->bound[slot] != SLOT_NONE) r->headers[slot].data = NULL;
        tensor_unref(r->results[i]);
        r->results[i] = NULL;
    }
    pthread_mutex_lock(&f->lock);
    derived_unref(r->derived);
    r->derived = NULL;
    r->given = NULL;
    run_give_back(f, r);
    pthread_mutex_unlock(&f->lock);
}

sm_status function_run_nested(function *f, const tensor *const *in, tensor **given, size_t in_count, tensor **out,
                              size_t out_count, const run_observer *observer, int depth, sm_error *err)
{
    run *r = NULL;
    if (depth > FUNCTION_MOST_DEPTH)
        return FAIL(err, SM_RESOURCE_EXHAUSTED, "functions call each other more than %d deep", FUNCTION_MOST_DEPTH);
    TRY(function_check_inputs(f, in, in_count, out_count, err));
    TRY(begin(f, in, observer, depth, &r, err));
    r->given = given;
    sm_status s = bind_values(f, r, in, out, err);
    if (s == SM_OK) s = run_body(f, r, observer, depth, err);
    if (s == SM_OK) s = collect(f, r, err);
    for (uint32_t i = 0; i < f->plan.output_count && s == SM_OK; i++) {
        tensor_unref(out[i]);
        out[i] = r->results[i];
        r->results[i] = NULL;
    }
    finish(f, r);
    return s;
}

uint64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

sm_status function_run(function *f, const tensor *const *in, size_t in_count, tensor **out, size_t out_count,
                       const run_observer *observer, sm_error *err)
{
    fp_state     fp = fp_flush_denormals();
    run_observer o = observer ? *observer : (run_observer){ 0 };
    double       seconds = f->env->runtime->max_seconds;
    if (seconds > 0) o.deadline = clock_now() + (uint64_t)(seconds < 1e9 ? seconds * 1e9 : 1e18);
    sm_status s = function_run_nested(f, in, NULL, in_count, out, out_count, &o, 0, err);
    fp_restore(fp);
    return s;
}
