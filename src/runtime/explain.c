/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/explain.c - how a plan computes each node for certain shapes: kernels and why not better ones, places.
 *
 * Nothing is decided here: refusals are asked of the same rows with the same shapes as when the layout was made, and
 * places are read from the layout. */
#include "runtime/plan.h"

typedef struct explainer {
    const function *f;
    const derived  *d;
    const layout   *l;
    sm_explainer   *see;
    void           *context;
    tensor         *heads; /* per body slot: shape and type, no data */
    call            c;
    engine          e;
    arena           tmp; /* cleared after each node */
} explainer;

/* -- Kernels -------------------------------------------------------------------------------------------------------- */

static size_t row_count(const op_def *op)
{
    size_t n = 0;
    while (op->kernels && (op->kernels[n].map || op->kernels[n].run)) n++;
    return n;
}

/* The index of row k among those that the step kept, or the number of those. */
static uint32_t index_in_step(const step *s, const kernel *k)
{
    uint32_t i = 0;
    while (i < s->kernel_count && s->kernels[i] != k) i++;
    return i;
}

/* chosen: the row of the step that runs, or KERNEL_LATE. asks: are shapes known, so that refusals may be asked for? */
static void explain_kernels(explainer *x, const step *s, uint32_t chosen, bool asks, sm_explanation *e)
{
    size_t            n = row_count(s->n->op);
    sm_kernel_choice *choices = ARENA_ARRAY(&x->tmp, sm_kernel_choice, n + 1);
    e->choices = choices;
    e->choice_count = choices ? n : 0;
    for (size_t i = 0; i < e->choice_count; i++) {
        const kernel *k = &s->n->op->kernels[i];
        uint32_t      at = index_in_step(s, k);
        choices[i] = (sm_kernel_choice){ .kernel = k->name ? k->name : "portable", .types = k->types ? k->types : "" };
        if (at < s->kernel_count) {
            choices[i].refused = asks ? step_refusal(s, at, &x->c) : NULL;
            choices[i].chosen = at == chosen;
            if (choices[i].chosen) choices[i].refused = NULL;
            continue;
        }
        choices[i].general = true;
        if (!kernel_fits(k, s->n)) {
            choices[i].refused = "it is for other types";
        } else if (k->isa > x->f->env->runtime->isa) {
            choices[i].refused = "the machine or the runtime does not have its instructions";
        } else {
            choices[i].refused = "there are enough rows before it";
        }
    }
}

/* -- Places ----------------------------------------------------------------------------------------------------------- */

static const char *place_of(const explainer *x, const step *s, uint32_t k)
{
    const plan   *p = &x->f->plan;
    const layout *l = x->l;
    uint32_t      slot = s->out, root = p->root[slot];
    if (l->skip[k]) return "kept";
    if (l->bound[slot] != SLOT_NONE) return "output";
    if (root != slot) return "view";
    if (l->offsets[slot] == OFFSET_NONE) return p->brought[slot] ? "given" : "allocated";
    for (uint32_t i = 0; i < s->n->input_count; i++)
        if (l->offsets[p->root[s->in[i]]] == l->offsets[slot] && p->last_use[p->root[s->in[i]]] == k) return "in place";
    return "workspace";
}

static size_t bytes_of(const shape *s, sm_dtype t)
{
    return shape_known(s) ? (size_t)shape_count(s) * dtype_size(t) : 0;
}

/* -- Nodes -------------------------------------------------------------------------------------------------------------- */

static sm_explanation new_explanation(explainer *x, const step *s, const char *when)
{
    const char *name = arena_strdup(&x->tmp, s->n->name);
    return (sm_explanation){ .node = name ? name : "", .op = s->n->op->name, .when = when, .rank = UNKNOWN_RANK, .place = "" };
}

static void set_output(sm_explanation *e, sm_dtype t, const shape *s)
{
    e->dtype = t;
    e->bytes = bytes_of(s, t);
    if (!shape_known(s)) return;
    e->rank = s->rank;
    e->dims = s->dims;
}

/* A node of the prologue; shapes are known of what it hands to the body. */
static void explain_once(explainer *x, const step *s)
{
    const plan    *p = &x->f->plan;
    sm_explanation e = new_explanation(x, s, "once");
    shape          unknown = shape_unknown();
    if (s->n->output_count) {
        set_output(&e, p->prologue.dtypes[s->out], &unknown);
        for (uint32_t i = 0; i < p->frontier_count; i++)
            if (p->frontier[i] == s->out) {
                set_output(&e, x->d->values[i]->dtype, &x->d->values[i]->shape);
                e.place = "kept";
            }
    }
    explain_kernels(x, s, s->kernel_count == 1 ? 0 : KERNEL_LATE, false, &e);
    x->see(x->context, &e);
}

static void explain_step(explainer *x, uint32_t k)
{
    const plan    *p = &x->f->plan;
    const step    *s = &p->body.steps[k];
    sm_explanation e = new_explanation(x, s, x->l->skip[k] ? "shapes" : "call");
    x->e.step = &x->f->plan.body.steps[k];
    x->e.index = k;
    x->c.node = s->n;
    x->c.n_in = (int)s->n->input_count;
    x->c.n_out = (int)s->n->output_count;
    for (int i = 0; i < x->c.n_in; i++) x->c.in[i] = &x->heads[s->in[i]];
    for (int i = 0; i < x->c.n_out; i++) x->c.out[i] = &x->heads[s->out + (uint32_t)i];
    if (s->n->output_count) {
        set_output(&e, p->body.dtypes[s->out], &x->l->shapes[s->out]);
        e.place = place_of(x, s, k);
        if (x->l->offsets[s->out] != OFFSET_NONE) e.offset = x->l->offsets[s->out];
    }
    explain_kernels(x, s, x->l->kernel[k], x->l->kernel[k] != KERNEL_LATE, &e);
    x->see(x->context, &e);
}

static sm_status explain_all(explainer *x, sm_error *err)
{
    const plan *p = &x->f->plan;
    arena       arrays, scratch;
    arena_init(&arrays, 0);
    arena_init(&scratch, 0);
    x->heads = ARENA_ARRAY(&arrays, tensor, p->body.slot_count + 1);
    x->c.in = ARENA_ARRAY(&arrays, const tensor *, p->most_inputs + 1);
    x->c.out = ARENA_ARRAY(&arrays, tensor *, p->most_outputs + 1);
    x->c.scratch = &scratch;
    x->c.engine = &x->e;
    sm_status status = arena_check(&arrays, "explaining a function", err);
    for (uint32_t i = 0; status == SM_OK && i < p->body.slot_count; i++) {
        tensor_init(&x->heads[i], p->body.dtypes[i]);
        x->heads[i].shape = x->l->shapes[i];
    }
    for (uint32_t k = 0; status == SM_OK && k < p->prologue.count; k++) {
        explain_once(x, &p->prologue.steps[k]);
        status = arena_check(&x->tmp, "explaining a function", err);
        arena_reset(&x->tmp);
    }
    for (uint32_t k = 0; status == SM_OK && k < p->body.count; k++) {
        explain_step(x, k);
        status = arena_check(&x->tmp, "explaining a function", err);
        arena_reset(&x->tmp);
    }
    arena_clear(&scratch);
    arena_clear(&arrays);
    return status;
}

/* -- The whole ---------------------------------------------------------------------------------------------------------- */

static sm_plan_summary summarise(const function *f, const derived *d, const layout *l)
{
    sm_plan_summary s = { .once_nodes = f->plan.prologue.count, .workspace = l->workspace, .live = l->live };
    for (uint32_t k = 0; k < f->plan.body.count; k++) s.shape_nodes += l->skip[k];
    s.call_nodes = f->plan.body.count - s.shape_nodes;
    for (uint32_t i = 0; i < d->count; i++) s.kept += bytes_of(&d->values[i]->shape, d->values[i]->dtype);
    return s;
}

sm_status function_explain(function *f, const tensor *const *in, size_t in_count, sm_plan_summary *summary,
                           sm_explainer *see, void *context, sm_error *err)
{
    derived *d;
    layout  *l;
    TRY(function_check_inputs(f, in, in_count, f->plan.output_count, err));
    fp_state fp = fp_flush_denormals();
    pthread_mutex_lock(&f->lock);
    sm_status status = function_lay_out(f, in, NULL, 0, &d, &l, err);
    pthread_mutex_unlock(&f->lock);
    fp_restore(fp);
    TRY(status);
    explainer x = { .f = f, .d = d, .l = l, .see = see, .context = context, .e = { .f = f } };
    arena_init(&x.tmp, 0);
    if (see) status = explain_all(&x, err);
    arena_clear(&x.tmp);
    if (status == SM_OK && summary) *summary = summarise(f, d, l);
    pthread_mutex_lock(&f->lock);
    layout_unref(f, l);
    derived_unref(d);
    pthread_mutex_unlock(&f->lock);
    return status;
}
