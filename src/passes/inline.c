/* SPDX-License-Identifier: Apache-2.0 */
/* passes/inline.c - calls become the bodies that they call.
 *
 *     y = f(x) ^a ; z ^y        body: ... stateful s ..., effects e
 *
 *   becomes   entry = NoOp ^a ; s ^entry ; ... ; exit = NoOp ^e ^(results' nodes) ; z ^exit
 *
 * When the callee has effects, its results are taken through Identity nodes that wait for `exit`: whoever uses a result
 * needs the effects too. Nodes that the splice adds are looked at in turn, so nested calls go as well; `chains` says for
 * each node through which functions it came, which finds recursion. */
#include "passes/passes_int.h"

#define MOST_NODES 4000000u

typedef struct chain { /* a function that is being inlined, and the one it was called from */
    slice               name;
    const struct chain *caller;
} chain;

typedef struct inliner {
    graph         *g;
    function_body *body;
    void          *context;
    sm_error      *err;
    const chain  **chains; /* per node; NULL: the graph's own        */
    size_t         capacity;
    arena          tmp;
} inliner;

static bool is_call(const node *n)
{
    return node_is(n, "PartitionedCall") || node_is(n, "StatefulPartitionedCall") || node_is(n, "_Call");
}

static bool is_controlled(const graph *g, node_id id)
{
    for (size_t i = 0; i < g->target_count; i++)
        if (g->targets[i] == id) return true;
    for (size_t k = 0; k < g->node_count; k++)
        for (uint32_t i = 0; !g->nodes[k].removed && i < g->nodes[k].control_count; i++)
            if (g->nodes[k].controls[i] == id) return true;
    return false;
}

static node_id add_no_op(graph *g, slice name)
{
    const op_def *op = op_find(SLICE("NoOp"));
    if (op) return graph_add_node(g, op, name, NULL, 0, NULL, 0);
    graph_fail(g, SM_UNIMPLEMENTED, "op 'NoOp' is not built in");
    return NODE_NONE;
}

static sm_status remember_chain(inliner *in, size_t first, const chain *c)
{
    graph *g = in->g;
    if (g->node_count > MOST_NODES)
        return FAIL(in->err, SM_RESOURCE_EXHAUSTED, "functions that call functions grow past %u nodes", MOST_NODES);
    if (g->node_count > in->capacity) {
        size_t capacity = g->node_count * 2;
        in->chains = arena_grow(&in->tmp, in->chains, in->capacity * sizeof *in->chains, capacity * sizeof *in->chains);
        in->capacity = capacity;
    }
    TRY(arena_check(&in->tmp, "inlining functions", in->err));
    for (size_t i = first; i < g->node_count; i++) in->chains[i] = c;
    return SM_OK;
}

static sm_status enter_chain(inliner *in, const chain *caller, slice name, const chain **out)
{
    for (const chain *c = caller; c; c = c->caller)
        if (slice_eq(c->name, name))
            return FAIL(in->err, SM_INVALID_ARGUMENT, "function '" SLICE_FMT "' calls itself", SLICE_ARG(name));
    chain *c = ARENA_NEW(&in->tmp, chain);
    TRY(arena_check(&in->tmp, "inlining functions", in->err));
    c->name = arena_copy(&in->tmp, name);
    c->caller = caller;
    *out = c;
    return SM_OK;
}

/* What the call waits for, its body waits for: nodes with effects or state, and (for dead branches) those without inputs. */
static void add_entry(graph *g, const node *site, size_t first)
{
    if (site->control_count == 0) return;
    size_t  last = g->node_count;
    node_id entry = add_no_op(g, site->name);
    for (uint32_t i = 0; i < site->control_count; i++) graph_add_control(g, entry, site->controls[i]);
    for (size_t i = first; i < last; i++) {
        const node *n = &g->nodes[i];
        unsigned    ordered = OP_STATEFUL | OP_READS | OP_WRITES | OP_FLOW | OP_LAZY;
        if (!n->removed && ((n->op->traits & ordered) || n->input_count == 0 || is_call(n)))
            graph_add_control(g, (node_id)i, entry);
    }
}

static node_id add_exit(graph *g, const node *site, const graph *body, const node_id *copies, const val *results)
{
    node_id leave = add_no_op(g, site->name);
    for (size_t i = 0; i < body->target_count; i++) graph_add_control(g, leave, copies[body->targets[i]]);
    for (uint32_t i = 0; i < site->output_count; i++)
        if (results[i] != VAL_NONE) graph_add_control(g, leave, graph_node_of(g, results[i]));
    return leave;
}

static sm_status splice_body(inliner *in, node_id id, const graph *body)
{
    graph *g = in->g;
    node   site = g->nodes[id];
    if (site.input_count != body->input_count || site.output_count != body->output_count)
        return FAIL(in->err, SM_INVALID_ARGUMENT,
                    "its function takes %zu inputs and gives %zu outputs, the call has %u and %u", body->input_count,
                    body->output_count, site.input_count, site.output_count);
    val     *results = ARENA_ARRAY(&in->tmp, val, site.output_count + 1);
    node_id *copies = NULL;
    size_t   first = g->node_count;
    TRY(arena_check(&in->tmp, "inlining functions", in->err));
    graph_splice(g, body, site.name, site.inputs, results, &copies);
    TRY(graph_check(g, in->err));
    add_entry(g, &site, first);
    if (body->target_count || is_controlled(g, id)) {
        node_id leave = add_exit(g, &site, body, copies, results);
        graph_replace_controls(g, id, leave);
        for (uint32_t i = 0; i < site.output_count && body->target_count; i++) {
            results[i] = emit(g, "Identity", results[i]);
            if (results[i] != VAL_NONE) graph_add_control(g, graph_node_of(g, results[i]), leave);
        }
    }
    for (uint32_t i = 0; i < site.output_count; i++) {
        if (results[i] == VAL_NONE) return graph_check(g, in->err);
        if (g->values[results[i]].dtype != g->values[site.outputs + i].dtype)
            return FAIL(in->err, SM_INVALID_ARGUMENT, "output %u is %s, its function gives %s", i,
                        dtype_name(g->values[site.outputs + i].dtype), dtype_name(g->values[results[i]].dtype));
        graph_replace(g, site.outputs + i, results[i]);
    }
    graph_remove(g, id);
    return graph_check(g, in->err);
}

static sm_status inline_one(inliner *in, node_id id)
{
    const func_ref *ref = node_func(&in->g->nodes[id], "f");
    const chain    *here = NULL;
    graph           body;
    size_t          first = in->g->node_count;
    if (!ref) return FAIL(in->err, SM_INVALID_ARGUMENT, "no function is given");
    TRY(enter_chain(in, in->chains[id], ref->name, &here));
    memset(&body, 0, sizeof body);
    sm_status s = in->body(in->context, ref, &body, in->err);
    if (s == SM_OK) s = splice_body(in, id, &body);
    graph_clear(&body); /* also what a failed import has left in it */
    TRY(s);
    return remember_chain(in, first, here);
}

sm_status inline_calls(graph *g, function_body *body, void *context, sm_error *err)
{
    inliner   in = { .g = g, .body = body, .context = context, .err = err };
    sm_status s;
    arena_init(&in.tmp, 0);
    s = remember_chain(&in, 0, NULL);
    for (size_t id = 0; id < g->node_count && s == SM_OK; id++) {
        if (g->nodes[id].removed || !is_call(&g->nodes[id])) continue;
        slice name = g->nodes[id].name;
        s = inline_one(&in, (node_id)id);
        if (s != SM_OK) error_prefix(err, s, "node '" SLICE_FMT "'", SLICE_ARG(name));
    }
    arena_clear(&in.tmp);
    return s;
}
