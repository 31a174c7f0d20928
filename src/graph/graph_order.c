/* SPDX-License-Identifier: Apache-2.0 */
/* graph/graph_order.c - Kahn's algorithm with a heap: of all nodes that are ready, the one created
 * first comes next.
 *
 * What leaves a NextIteration closes a loop of TensorFlow 1 and is not waited for. Control edges
 * on removed nodes are ignored. When nodes are left, each of them waits for another that is left:
 * walking those edges backwards must meet a node twice, and that one is on a cycle, which the
 * message names. */
#include "graph/graph_int.h"

typedef struct sorter {
    const graph *g;
    uint32_t    *waits; /* of each node: edges from nodes that have not come yet */
    uint32_t    *first; /* of each node: where its successors begin in `after`; one more at the end */
    node_id     *after;
    node_id     *heap; /* ready; the smallest id on top */
    size_t       ready;
} sorter;

/* Must nodes that use this one wait for it? */
static bool is_waited_for(const node *n)
{
    return !n->removed && !((n->op->traits & OP_FLOW) &&
                            (strcmp(n->op->name, "NextIteration") == 0 || strcmp(n->op->name, "RefNextIteration") == 0));
}

static void push_ready(sorter *s, node_id n)
{
    size_t i = s->ready++;

    for (; i > 0 && s->heap[(i - 1) / 2] > n; i = (i - 1) / 2) s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = n;
}

static node_id pop_ready(sorter *s)
{
    node_id top = s->heap[0], last = s->heap[--s->ready];
    size_t  i = 0;

    for (size_t child = 1; child < s->ready; child = 2 * i + 1) {
        if (child + 1 < s->ready && s->heap[child + 1] < s->heap[child]) child++;
        if (s->heap[child] >= last) break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return top;
}

/* The node that edge k of n comes from (data inputs first, then controls), or NODE_NONE: nothing
 * to wait for. */
static node_id edge_from(const graph *g, const node *n, size_t k)
{
    node_id from = k < n->input_count ? g->values[n->inputs[k]].node : n->controls[k - n->input_count];

    return is_waited_for(&g->nodes[from]) ? from : NODE_NONE;
}

static sm_status check_inputs(const graph *g, sm_error *err)
{
    for (size_t i = 0; i < g->node_count; i++) {
        const node *n = &g->nodes[i];
        for (uint32_t k = 0; k < n->input_count && !n->removed; k++) {
            if (n->inputs[k] >= g->value_count)
                return FAIL(err, SM_INVALID_ARGUMENT, "node '" SLICE_FMT "': input %u is missing", SLICE_ARG(n->name), k);
            if (graph_producer(g, n->inputs[k])->removed)
                return FAIL(err, SM_INTERNAL, "node '" SLICE_FMT "' uses '" SLICE_FMT "', which was removed",
                            SLICE_ARG(n->name), SLICE_ARG(graph_producer(g, n->inputs[k])->name));
        }
    }
    return SM_OK;
}

/* Counts what each node waits for and collects the successors of each. */
static void collect_edges(sorter *s, arena *a)
{
    const graph *g = s->g;
    size_t       total = 0;
    uint32_t    *next = ARENA_ARRAY(a, uint32_t, g->node_count + 1);

    s->waits = ARENA_ARRAY(a, uint32_t, g->node_count);
    s->first = ARENA_ARRAY(a, uint32_t, g->node_count + 1);
    s->heap = ARENA_ARRAY(a, node_id, g->node_count);
    if (a->failed) return;
    for (size_t i = 0; i < g->node_count; i++) {
        const node *n = &g->nodes[i];
        for (size_t k = 0; !n->removed && k < (size_t)n->input_count + n->control_count; k++) {
            node_id from = edge_from(g, n, k);
            if (from == NODE_NONE) continue;
            next[from]++;
            s->waits[i]++;
            total++;
        }
    }
    if (total > UINT32_MAX) a->failed = true;
    s->after = ARENA_ARRAY(a, node_id, total);
    if (!s->after) return;
    for (size_t i = 0; i < g->node_count; i++) {
        s->first[i + 1] = s->first[i] + next[i];
        next[i] = s->first[i];
    }
    for (size_t i = 0; i < g->node_count; i++) {
        const node *n = &g->nodes[i];
        for (size_t k = 0; !n->removed && k < (size_t)n->input_count + n->control_count; k++) {
            node_id from = edge_from(g, n, k);
            if (from != NODE_NONE) s->after[next[from]++] = (node_id)i;
        }
    }
}

static sm_status fail_cycle(const sorter *s, arena *a, sm_error *err)
{
    const graph *g = s->g;
    bool        *seen = ARENA_ARRAY(a, bool, g->node_count);
    node_id      at = 0;

    if (!seen) return arena_check(a, "ordering a graph", err);
    while (g->nodes[at].removed || !s->waits[at]) at++;
    while (!seen[at]) {
        const node *n = &g->nodes[at];
        seen[at] = true;
        for (size_t k = 0; k < (size_t)n->input_count + n->control_count; k++) {
            node_id from = edge_from(g, n, k);
            if (from == NODE_NONE || !s->waits[from]) continue;
            at = from;
            break;
        }
    }
    return FAIL(err, SM_INVALID_ARGUMENT, "the graph has a cycle through node '" SLICE_FMT "'",
                SLICE_ARG(g->nodes[at].name));
}

sm_status graph_order(const graph *g, arena *a, node_id **order, size_t *count, sm_error *err)
{
    sorter   s = { .g = g };
    node_id *nodes = ARENA_ARRAY(a, node_id, g->node_count);
    size_t   n = 0, live = 0;

    TRY(graph_check(g, err));
    TRY(check_inputs(g, err));
    collect_edges(&s, a);
    TRY(arena_check(a, "ordering a graph", err));
    for (size_t i = 0; i < g->node_count; i++) {
        if (g->nodes[i].removed) continue;
        live++;
        if (!s.waits[i]) push_ready(&s, (node_id)i);
    }
    while (s.ready) {
        node_id i = pop_ready(&s);
        nodes[n++] = i;
        for (uint32_t k = s.first[i]; k < s.first[i + 1]; k++)
            if (--s.waits[s.after[k]] == 0) push_ready(&s, s.after[k]);
    }
    if (n < live) return fail_cycle(&s, a, err);
    *order = nodes;
    *count = n;
    return SM_OK;
}
