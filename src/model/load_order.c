/* SPDX-License-Identifier: Apache-2.0 */
/* model/load_order.c - in which order TensorFlow's loader creates the functions of a library, and the numbers it gives.
 *
 * It matters because a loaded function's name ends in its number and TensorFlow lists a function's traces by name, as
 * strings: number 114 comes before 56. The order is that of its function_deserialization.py: Kahn's algorithm with a
 * stack. Ready at first are the functions that refer to no other, in the order of the library; the last one is
 * taken, and each function that waited for nothing else is pushed. Functions in a cycle never become ready.
 *
 * The numbers come from one counter in the process: a function takes one for its graph, one for each tensor in it
 * (inputs and outputs of nodes) and one for its name. How many are gone before the first function depends on what the
 * process has imported: UID_FIRST is what every recorded output of TensorFlow 2.21's saved_model_cli agrees with. */
#include "graph/op.h"
#include "graph/signature.h"
#include "model/model.h"

#define UID_FIRST 37

/* -- References --------------------------------------------------------------------------------------- */

typedef struct edge {    /* `user` refers to the function whose list this is in */
    uint32_t user, next; /* next: index + 1 of an edge                          */
} edge;

typedef struct sorter {
    sm_model *m;
    arena    *scratch;
    uint32_t  user;         /* whose nodes are looked at                           */
    uint32_t *first, *last; /* by function: its edges, index + 1                   */
    uint32_t *seen;         /* by function: the last user counted, + 1             */
    uint32_t *waits;        /* by function: how many others it refers to           */
    edge     *edges;
    size_t    edge_count, edge_capacity;
    map       signatures; /* op -> op_signature of those seen                    */
} sorter;

void definition_references(const sm_model *m, const tf_NodeDef *n, void (*use)(void *context, slice name), void *context)
{
    if (definition_is_function(m, n->op)) use(context, n->op);
    for (size_t i = 0; i < n->attr_count; i++) {
        const tf_AttrValue *v = &n->attr[i].value;
        if (v->which == tf_AttrValue_func) {
            use(context, v->func->name);
        } else if (v->which == tf_AttrValue_list) {
            for (size_t k = 0; k < v->list->func_count; k++) use(context, v->list->func[k].name);
        }
    }
}

/* A name that the library does not have is waited for in vain: TensorFlow counts it too. */
static void add_edge(void *context, slice name)
{
    sorter  *s = context;
    uint64_t to;

    if (!map_get(&s->m->definitions.by_name, name, &to)) {
        s->waits[s->user]++;
        return;
    }
    if (s->seen[to] == s->user + 1) return;
    s->seen[to] = s->user + 1;
    s->waits[s->user]++;
    edge *e = arena_push(s->scratch, &s->edges, &s->edge_count, &s->edge_capacity, sizeof *e);
    if (!e) return;
    e->user = s->user;
    if (s->last[to])
        s->edges[s->last[to] - 1].next = (uint32_t)s->edge_count;
    else
        s->first[to] = (uint32_t)s->edge_count;
    s->last[to] = (uint32_t)s->edge_count;
}

/* The function that a "_gradient_op_type" attribute stands for, as the library's registered gradients say. */
static bool gradient_of(const sm_model *m, const tf_NodeDef *n, slice *out)
{
    if (slice_is(n->op, "PartitionedCall") || slice_is(n->op, "StatefulPartitionedCall")) return false;
    const tf_NodeDef_attr_entry *e = MAP_FIND(n, attr, SLICE("_gradient_op_type"));
    if (!e || e->value.which != tf_AttrValue_s) return false;
    for (size_t i = 0; i < m->definitions.gradient_count; i++) {
        if (!slice_eq(m->definitions.gradients[i].registered_op_type, e->value.s)) continue;
        *out = m->definitions.gradients[i].gradient_func;
        return true;
    }
    return false;
}

static sm_status add_function(sorter *s, uint32_t user, sm_error *err)
{
    definition *d = &s->m->definitions.all[user];

    TRY(definition_decode(d, err));
    s->user = user;
    for (size_t i = 0; i < d->node_count; i++) {
        const tf_NodeDef *n = &d->nodes[i];
        slice             backward;
        if (!definition_is_function(s->m, n->op) && gradient_of(s->m, n, &backward))
            add_edge(s, backward);
        else
            definition_references(s->m, n, add_edge, s);
    }
    return SM_OK;
}

/* -- Numbers ------------------------------------------------------------------------------------------ */

static const op_signature *signature_of(sorter *s, slice op)
{
    uint64_t            known;
    const op_signature *out = NULL;
    const op_def       *def;

    if (map_get(&s->signatures, op, &known)) return (const op_signature *)(uintptr_t)known;
    def = op_find(op);
    if (def && signature_parse(s->scratch, def->name, def->signature, &out, NULL) != SM_OK) out = NULL;
    map_set(&s->signatures, op, (uint64_t)(uintptr_t)out);
    return out;
}

/* How many tensors an output stands for: one, or what its attribute says. */
static int64_t tensors_of(const op_signature *sig, const op_arg *o, const tf_NodeDef *n)
{
    int at = o->number_attr >= 0 ? o->number_attr : o->list_attr;

    if (at < 0) return 1;
    const op_attr               *a = &sig->attrs[at];
    const tf_NodeDef_attr_entry *e = MAP_FIND(n, attr, a->name);
    if (!e) return a->is_list ? (int64_t)a->fallback.count : a->fallback.v.i;
    if (e->value.which == tf_AttrValue_i) return e->value.i;
    return e->value.which == tf_AttrValue_list ? (int64_t)e->value.list->type_count : 1;
}

/* An op that is not built in is taken to have one output, but for those of the saver that every export holds. */
static int64_t outputs_unknown(const tf_NodeDef *n)
{
    const tf_NodeDef_attr_entry *e = MAP_FIND(n, attr, SLICE("dtypes"));

    if (slice_is(n->op, "SaveV2") || slice_is(n->op, "MergeV2Checkpoints")) return 0;
    if (!slice_is(n->op, "RestoreV2") || !e || e->value.which != tf_AttrValue_list) return 1;
    return (int64_t)e->value.list->type_count;
}

static int64_t output_tensors(sorter *s, const tf_NodeDef *n)
{
    const op_signature *sig;
    uint64_t            at;
    int64_t             count = 0;

    if (map_get(&s->m->definitions.by_name, n->op, &at)) {
        const tf_FunctionDef *f = s->m->definitions.all[at].function;
        return f && f->signature ? (int64_t)f->signature->output_arg_count : 1;
    }
    sig = signature_of(s, n->op);
    for (size_t i = 0; sig && i < sig->output_count; i++) count += tensors_of(sig, &sig->outputs[i], n);
    return sig ? count : outputs_unknown(n);
}

static int64_t tensors_in(sorter *s, const definition *d)
{
    int64_t count = d->function && d->function->signature ? (int64_t)d->function->signature->input_arg_count : 0;

    for (size_t i = 0; i < d->node_count; i++) count += output_tensors(s, &d->nodes[i]);
    return count;
}

/* -- Order -------------------------------------------------------------------------------------------- */

static void take_all(sorter *s, size_t count, int64_t *order)
{
    uint32_t *ready = ARENA_ARRAY(s->scratch, uint32_t, count);
    size_t    n = 0;
    int64_t   next = UID_FIRST;

    if (!ready || s->scratch->failed) return;
    for (uint32_t i = 1; i < count; i++)
        if (!s->waits[i]) ready[n++] = i;
    while (n) {
        uint32_t f = ready[--n];
        order[f] = next + 1 + tensors_in(s, &s->m->definitions.all[f]);
        next = order[f] + 1;
        for (uint32_t e = s->first[f]; e; e = s->edges[e - 1].next)
            if (!--s->waits[s->edges[e - 1].user]) ready[n++] = s->edges[e - 1].user;
    }
}

static sm_status sort_functions(sm_model *m, sm_error *err)
{
    definitions *d = &m->definitions;
    arena        scratch;
    sm_status    status = SM_OK;

    arena_init(&scratch, m->saved->budget);
    sorter s = { .m = m, .scratch = &scratch };
    s.first = ARENA_ARRAY(&scratch, uint32_t, d->count);
    s.last = ARENA_ARRAY(&scratch, uint32_t, d->count);
    s.seen = ARENA_ARRAY(&scratch, uint32_t, d->count);
    s.waits = ARENA_ARRAY(&scratch, uint32_t, d->count);
    map_init(&s.signatures, &scratch);
    int64_t *order = ARENA_ARRAY(&m->arena, int64_t, d->count);
    if (s.waits && s.seen && s.last && s.first && order) {
        for (size_t i = 0; i < d->count; i++) order[i] = -1;
        for (uint32_t i = 1; i < d->count && status == SM_OK; i++) status = add_function(&s, i, err);
        if (status == SM_OK) take_all(&s, d->count, order);
    }
    if (status == SM_OK) status = arena_check(&scratch, "sorting functions", err);
    if (status == SM_OK) status = arena_check(&m->arena, "sorting functions", err);
    arena_clear(&scratch);
    if (status == SM_OK) d->load_order = order;
    return status;
}

int64_t definitions_load_order(sm_model *m, slice name)
{
    uint64_t at;

    if (definitions_read(m, NULL) != SM_OK || !map_get(&m->definitions.by_name, name, &at)) return -1;
    if (!m->definitions.load_order && sort_functions(m, NULL) != SM_OK) return -1;
    return m->definitions.load_order[at];
}
