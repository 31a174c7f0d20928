/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/executor.c - runs the steps of a plan's body, one after the other; a kernel may use all threads.
 *
 * For each step: gather inputs, make sure the outputs have memory (from the workspace, or allocated now), run the
 * first kernel row that does not refuse, show the observer, release what nobody needs any more.
 *
 * In a plan with Switch and Merge a value may be dead: an ordinary step with a dead data or control input does not run
 * and its outputs are dead; a Merge runs with the inputs that live. */
#include "runtime/plan.h"

/* -- One step ----------------------------------------------------------------------------------------------------- */

static bool narrow_type(sm_dtype t)
{
    return t == SM_HALF || t == SM_BFLOAT16;
}

/* Rows that compute in float, around half and bfloat16 tensors. */
static sm_status run_widened(call *c)
{
    size_t         total = (size_t)c->n_in + (size_t)c->n_out;
    tensor        *headers = call_scratch(c, (total + 1) * sizeof *headers);
    const tensor **in = call_scratch(c, ((size_t)c->n_in + 1) * sizeof *in);
    tensor       **out = call_scratch(c, ((size_t)c->n_out + 1) * sizeof *out);
    if (!headers || !in || !out) return SM_RESOURCE_EXHAUSTED;
    call      wide = *c;
    sm_status s = SM_OK;
    wide.in = in;
    wide.out = out;
    for (size_t i = 0; i < total; i++) tensor_init(&headers[i], SM_FLOAT);
    for (int i = 0; i < c->n_in && s == SM_OK; i++) {
        const tensor *t = c->in[i];
        in[i] = t;
        if (!narrow_type(t->dtype)) continue;
        s = tensor_allocate(&headers[i], c->memory, &t->shape, c->err);
        if (s == SM_OK) narrow_to_float(t->dtype, t->data, headers[i].data, tensor_count(t));
        in[i] = &headers[i];
    }
    for (int i = 0; i < c->n_out && s == SM_OK; i++) {
        tensor *t = c->out[i], *h = &headers[c->n_in + i];
        out[i] = t;
        if (!narrow_type(t->dtype)) continue;
        if (shape_known(&t->shape))
            s = tensor_allocate(h, c->memory, &t->shape, c->err);
        else
            h->shape = t->shape;
        out[i] = h;
    }
    if (s == SM_OK) s = c->kernel->run(&wide);
    for (int i = 0; i < c->n_out && s == SM_OK; i++) {
        if (out[i] == c->out[i]) continue;
        s = call_output(c, i, &out[i]->shape);
        if (s == SM_OK) float_to_narrow(c->out[i]->dtype, out[i]->data, c->out[i]->data, tensor_count(out[i]));
    }
    for (size_t i = 0; i < total; i++) tensor_drop(&headers[i]);
    return s;
}

static bool has_narrow(const call *c)
{
    for (int i = 0; i < c->n_in; i++)
        if (c->in[i] && narrow_type(c->in[i]->dtype)) return true;
    for (int i = 0; i < c->n_out; i++)
        if (narrow_type(c->out[i]->dtype)) return true;
    return false;
}

sm_status step_run(call *c, const kernel *k, void *params)
{
    c->kernel = k;
    c->params = params;
    c->engine->spent = false;
    sm_status s = k->map ? map_run(c) : k->widen && has_narrow(c) ? run_widened(c) : k->run(c);
    if (s == SM_OK && c->engine->spent) s = FAIL(c->err, SM_RESOURCE_EXHAUSTED, "out of memory for scratch");
    return s;
}

sm_status step_run_watched(call *c, const kernel *k, void *params)
{
    const run_observer *o = c->engine->observer;
    if (!o || !o->profile) return step_run(c, k, params);
    uint64_t  start = clock_now();
    sm_status s = step_run(c, k, params);
    if (s == SM_OK) profile_step(c, clock_now() - start);
    return s;
}

sm_status step_infer(const step *s, call *c, shape *out, const tensor *const *known, sm_error *err)
{
    shape *in = call_scratch(c, ((size_t)c->n_in + 1) * sizeof *in);
    if (!in) return SM_RESOURCE_EXHAUSTED;
    for (int i = 0; i < c->n_in; i++) in[i] = c->in[i] ? c->in[i]->shape : shape_unknown();
    for (int i = 0; i < c->n_out; i++) out[i] = shape_unknown();
    infer q = { .node = s->n, .n_in = c->n_in, .n_out = c->n_out, .in = in, .value = known, .out = out, .err = err };
    return s->n->op->infer ? s->n->op->infer(&q) : SM_OK;
}

const char *step_refusal(const step *s, uint32_t k, const call *c)
{
    return s->kernels[k]->refuse ? s->kernels[k]->refuse(c) : NULL;
}

uint32_t step_choose(const step *s, const call *c)
{
    uint32_t k = 0;
    while (k + 1 < s->kernel_count && step_refusal(s, k, c)) k++;
    return k;
}

/* -- The body ------------------------------------------------------------------------------------------------------- */

/* Memory for the outputs that the layout could not place: their shapes from the layout, or inferred now. */
static sm_status prepare_outputs(const layout *l, const step *s, call *c)
{
    shape *shapes = NULL;
    for (int i = 0; i < c->n_out; i++) {
        uint32_t slot = s->out + (uint32_t)i;
        tensor  *t = c->out[i];
        if (l->offsets[slot] != OFFSET_NONE || l->bound[slot] != SLOT_NONE) continue;
        tensor_drop(t);
        if (l->shapes[slot].rank != UNKNOWN_RANK) {
            t->shape = l->shapes[slot];
        } else {
            if (!shapes) {
                shapes = call_scratch(c, (size_t)c->n_out * sizeof *shapes);
                if (!shapes) return SM_RESOURCE_EXHAUSTED;
                TRY(step_infer(s, c, shapes, c->in, c->err));
            }
            t->shape = shapes[i];
        }
        if (!step_brings(s, (uint32_t)i) && shape_known(&t->shape)) {
            shape known = t->shape;
            TRY(tensor_allocate(t, c->memory, &known, c->err));
        }
    }
    return SM_OK;
}

static void observe(const run_observer *o, const step *s, call *c, const bool *dead)
{
    char *name = arena_strdup(c->scratch, s->n->name);
    for (int i = 0; i < c->n_out && name; i++)
        if (!dead || !dead[i]) o->see(o->context, name, s->n->op->name, i, c->out[i]);
}

/* What later steps were laid out for has to be what came (a variable may have been given another shape meanwhile). */
static sm_status check_shapes(const layout *l, const step *s, call *c)
{
    for (int i = 0; i < c->n_out; i++) {
        const shape *want = &l->shapes[s->out + (uint32_t)i];
        if (want->rank == UNKNOWN_RANK || shape_eq(want, &c->out[i]->shape) || (c->engine->dead && c->engine->dead[i]))
            continue;
        return CALL_FAIL(c, SM_FAILED_PRECONDITION, "output %d has changed its shape", i);
    }
    return SM_OK;
}

/* True when the step does not run because something that it waits for is dead. A lazy step (Merge, ControlTrigger) does
 * not mind dead controls. */
static bool step_is_dead(const run *r, const step *s)
{
    bool lazy = (s->n->op->traits & OP_LAZY) != 0, any = false, all = s->n->input_count > 0;
    for (uint32_t i = 0; i < s->n->input_count; i++) {
        any |= r->dead[s->in[i]];
        all &= r->dead[s->in[i]];
    }
    for (uint32_t i = 0; i < s->after_count && !lazy; i++)
        if (r->step_dead[s->after[i]]) return true;
    return lazy ? all : any;
}

static sm_status run_step(function *f, run *r, uint32_t k, call *c)
{
    const plan *p = &f->plan;
    layout     *l = r->layout;
    step       *s = &f->plan.body.steps[k];
    engine     *e = c->engine;
    e->step = s;
    e->index = k;
    e->dead = p->has_flow ? r->dead + s->out : NULL;
    c->node = s->n;
    c->n_in = (int)s->n->input_count;
    c->n_out = (int)s->n->output_count;
    for (int i = 0; i < c->n_in; i++) c->in[i] = p->has_flow && r->dead[s->in[i]] ? NULL : r->values[s->in[i]];
    for (int i = 0; i < c->n_out; i++) c->out[i] = &r->headers[s->out + (uint32_t)i];
    sm_status status = prepare_outputs(l, s, c);
    if (status == SM_OK) {
        uint32_t chosen = l->kernel[k] == KERNEL_LATE ? step_choose(s, c) : l->kernel[k];
        status = step_run_watched(c, s->kernels[chosen], s->params[chosen]);
    }
    if (status == SM_OK) status = check_shapes(l, s, c);
    if (status != SM_OK)
        return error_prefix(c->err, status, "node '" SLICE_FMT "' (%s)", SLICE_ARG(s->n->name), s->n->op->name);
    if (e->observer && e->observer->see) observe(e->observer, s, c, e->dead);
    return SM_OK;
}

static void release_values(const plan *p, run *r, const step *s)
{
    for (uint32_t i = 0; i < s->release_count; i++) {
        uint32_t slot = s->release[i];
        if (r->headers[slot].buffer) tensor_drop(&r->headers[slot]);
        if (slot >= p->input_count || !r->given) continue;
        tensor_unref(r->given[slot]);
        r->given[slot] = NULL;
    }
}

/* A loop may never end: a call that has a deadline looks at the clock before each step. */
static sm_status check_deadline(const function *f, const run_observer *o, sm_error *err)
{
    if (!o || !o->deadline || clock_now() <= o->deadline) return SM_OK;
    return FAIL(err, SM_DEADLINE_EXCEEDED, "the call took longer than %g seconds", f->env->runtime->max_seconds);
}

sm_status run_body(function *f, run *r, const run_observer *observer, int depth, sm_error *err)
{
    const plan *p = &f->plan;
    engine      e = { .f = f, .in_body = true, .run = r, .observer = observer, .depth = depth };
    call        c = { .pool = f->env->runtime->pool,
                      .memory = f->env->runtime->memory,
                      .scratch = &r->scratch,
                      .engine = &e,
                      .err = err,
                      .in = r->in,
                      .out = r->out };
    if (p->has_flow) {
        memset(r->dead, 0, p->body.slot_count * sizeof *r->dead);
        memset(r->step_dead, 0, p->body.count * sizeof *r->step_dead);
    }
    for (uint32_t k = 0; k < p->body.count; k++) {
        step *s = &f->plan.body.steps[k];
        if (r->layout->skip[k]) continue;
        TRY(check_deadline(f, observer, err));
        if (p->has_flow && step_is_dead(r, s)) {
            r->step_dead[k] = true;
            for (uint32_t i = 0; i < s->n->output_count; i++) r->dead[s->out + i] = true;
        } else {
            TRY(run_step(f, r, k, &c));
        }
        release_values(p, r, s);
        if (r->scratch.used) arena_reset(&r->scratch);
    }
    return SM_OK;
}
