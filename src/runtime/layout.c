/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/layout.c - a plan for one set of input shapes.
 *
 * Walks the body once: infers every shape that follows from the input shapes, and evaluates, with the ordinary kernels,
 * the small values that do (Shape, StridedSlice, Pack, Reshape's second input ...), so that graphs that compute their
 * shapes stay static. What depends on data is left to the executor. A failure found here is not reported: the step
 * is left to the executor too, which meets it in the right order among the effects of other steps. */
#include "runtime/plan.h"

#include "base/heap.h"

#define MOST_EVALUATED 256 /* elements of a value that is computed when a layout is made */

typedef struct builder {
    function      *f;
    layout        *l;
    const derived *derived;
    arena          tmp;
    tensor        *heads; /* per slot: shape and type, no data                  */
    const tensor **known; /* per slot: its value, if that follows from shapes    */
    call           c;
    engine         e;
} builder;

static sm_status layout_new(const plan *p, layout **out, sm_error *err)
{
    layout *l = heap_zero(sizeof *l);
    if (!l) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    arena   *a = &l->arena;
    uint32_t slots = p->body.slot_count;
    arena_init(a, 0);
    l->refs = 1;
    l->input_shapes = ARENA_ARRAY(a, shape, p->input_count + 1);
    l->shapes = ARENA_ARRAY(a, shape, slots + 1);
    l->constants = ARENA_ARRAY(a, tensor *, slots + 1);
    l->offsets = ARENA_ARRAY(a, size_t, slots + 1);
    l->bound = ARENA_ARRAY(a, uint32_t, slots + 1);
    l->kernel = ARENA_ARRAY(a, uint8_t, p->body.count + 1);
    l->skip = ARENA_ARRAY(a, bool, p->body.count + 1);
    sm_status s = arena_check(a, "laying out a function", err);
    if (s != SM_OK) {
        arena_clear(a);
        heap_free(l);
        return s;
    }
    for (uint32_t i = 0; i < slots; i++) {
        l->shapes[i] = shape_unknown();
        l->offsets[i] = OFFSET_NONE;
        l->bound[i] = SLOT_NONE;
    }
    memset(l->kernel, KERNEL_LATE, p->body.count);
    *out = l;
    return SM_OK;
}

void layout_unref(const function *f, layout *l)
{
    if (!l || --l->refs) return;
    while (l->idle) {
        run *r = l->idle;
        l->idle = r->next;
        run_free(f, r);
    }
    for (uint32_t i = 0; i < f->plan.body.slot_count; i++) tensor_unref(l->constants[i]);
    arena_clear(&l->arena);
    heap_free(l);
}

/* -- One step ---------------------------------------------------------------------------------------------------------- */

static bool may_evaluate(const builder *b, const step *s, const shape *out)
{
    unsigned t = s->n->op->traits;
    if (b->f->plan.has_flow || b->f->env->observable || s->function_count) return false;
    if (t & (OP_STATEFUL | OP_READS | OP_WRITES | OP_HANDLE | OP_FLOW | OP_LAZY)) return false;
    for (uint32_t i = 0; i < s->n->input_count && !(t & OP_SHAPE_ONLY); i++)
        if (!b->known[s->in[i]]) return false;
    for (uint32_t i = 0; i < s->n->output_count; i++)
        if (!shape_known(&out[i]) || shape_count(&out[i]) > MOST_EVALUATED ||
            !dtype_plain(b->f->plan.body.dtypes[s->out + i]))
            return false;
    return s->n->output_count > 0;
}

static sm_status evaluate(builder *b, const step *s, const shape *out)
{
    call   *c = &b->c;
    memory *m = c->memory;
    for (int i = 0; i < c->n_in; i++)
        if (b->known[s->in[i]]) c->in[i] = b->known[s->in[i]];
    for (int i = 0; i < c->n_out; i++) {
        c->out[i] = call_scratch(c, sizeof(tensor));
        if (!c->out[i]) return SM_RESOURCE_EXHAUSTED;
        tensor_init(c->out[i], b->f->plan.body.dtypes[s->out + (uint32_t)i]);
        c->out[i]->shape = out[i];
    }
    sm_status status = SM_OK;
    for (int i = 0; i < c->n_out && status == SM_OK; i++) status = tensor_allocate(c->out[i], m, &out[i], NULL);
    if (status == SM_OK) {
        uint32_t k = step_choose(s, c);
        status = step_run(c, s->kernels[k], s->params[k]);
    }
    for (int i = 0; i < c->n_out && status == SM_OK; i++)
        status = tensor_keep(m, c->out[i], &b->l->constants[s->out + (uint32_t)i], NULL);
    for (int i = 0; i < c->n_out; i++) {
        if (status == SM_OK) b->known[s->out + (uint32_t)i] = b->l->constants[s->out + (uint32_t)i];
        tensor_drop(c->out[i]);
    }
    return status;
}

static void lay_step(builder *b, uint32_t k)
{
    const step *s = &b->f->plan.body.steps[k];
    call       *c = &b->c;
    bool        shapes_known = true;
    b->e.step = &b->f->plan.body.steps[k];
    c->node = s->n;
    c->n_in = (int)s->n->input_count;
    c->n_out = (int)s->n->output_count;
    for (int i = 0; i < c->n_in; i++) {
        c->in[i] = &b->heads[s->in[i]];
        shapes_known &= shape_known(&c->in[i]->shape);
    }
    if (!shapes_known) return;
    const tensor **known = call_scratch(c, ((size_t)c->n_in + 1) * sizeof *known);
    shape         *out = call_scratch(c, ((size_t)c->n_out + 1) * sizeof *out);
    if (!known || !out) return;
    for (int i = 0; i < c->n_in; i++) known[i] = b->known[s->in[i]];
    if (step_infer(s, c, out, known, NULL) != SM_OK) return;
    for (int i = 0; i < c->n_out; i++) {
        uint32_t slot = s->out + (uint32_t)i;
        if (shape_known(&out[i]) && shape_check(&out[i], dtype_size(b->heads[slot].dtype), SIZE_MAX / 4, NULL) == SM_OK)
            b->l->shapes[slot] = b->heads[slot].shape = out[i];
    }
    if (may_evaluate(b, s, out) && evaluate(b, s, out) == SM_OK) {
        b->l->skip[k] = true;
        return;
    }
    for (int i = 0; i < c->n_in; i++) c->in[i] = &b->heads[s->in[i]];
    b->l->kernel[k] = (uint8_t)step_choose(s, c);
}

/* -- All together ------------------------------------------------------------------------------------------------------- */

static sm_status builder_start(builder *b, const tensor *const *in, sm_error *err)
{
    const plan *p = &b->f->plan;
    b->heads = ARENA_ARRAY(&b->tmp, tensor, p->body.slot_count + 1);
    b->known = ARENA_ARRAY(&b->tmp, const tensor *, p->body.slot_count + 1);
    b->c.in = ARENA_ARRAY(&b->tmp, const tensor *, p->most_inputs + 1);
    b->c.out = ARENA_ARRAY(&b->tmp, tensor *, p->most_outputs + 1);
    TRY(arena_check(&b->tmp, "laying out a function", err));
    for (uint32_t i = 0; i < p->body.slot_count; i++) {
        tensor_init(&b->heads[i], p->body.dtypes[i]);
        b->heads[i].shape = shape_unknown();
    }
    for (uint32_t i = 0; i < p->input_count; i++)
        b->l->input_shapes[i] = b->l->shapes[i] = b->heads[i].shape = in[i]->shape;
    for (uint32_t i = 0; i < p->frontier_count; i++) {
        uint32_t slot = p->input_count + i;
        b->l->shapes[slot] = b->heads[slot].shape = b->derived->values[i]->shape;
        if (derived_constant(b->f, b->derived, i)) b->known[slot] = b->derived->values[i];
    }
    return SM_OK;
}

sm_status layout_build(function *f, const derived *d, const tensor *const *in, layout **out, sm_error *err)
{
    arena   scratch;
    builder b = { .f = f, .derived = d };
    TRY(layout_new(&f->plan, &b.l, err));
    arena_init(&b.tmp, 0);
    arena_init(&scratch, 0);
    b.e = (engine){ .f = f };
    b.c = (call){ .pool = f->env->runtime->pool, .memory = f->env->runtime->memory, .scratch = &scratch, .engine = &b.e };
    sm_status s = builder_start(&b, in, err);
    for (uint32_t k = 0; k < f->plan.body.count && s == SM_OK; k++) {
        lay_step(&b, k);
        arena_reset(&scratch);
    }
    arena_clear(&scratch);
    arena_clear(&b.tmp);
    if (s != SM_OK) {
        layout_unref(f, b.l);
        return s;
    }
    workspace_plan(&f->plan, b.l);
    *out = b.l;
    return SM_OK;
}
