/* SPDX-License-Identifier: Apache-2.0 */
/* passes/prune.c - removes nodes that no output and no target needs, over data and control edges. As in TensorFlow, a
 * stateful node that neither reaches does not run. */
#include "passes/passes_int.h"

sm_status pass_needed(const graph *g, arena *tmp, bool **out, node_id **order, size_t *count, sm_error *err)
{
    TRY(graph_order(g, tmp, order, count, err));
    bool *needed = ARENA_ARRAY(tmp, bool, g->node_count + 1);
    TRY(arena_check(tmp, "pruning a graph", err));
    for (size_t i = 0; i < g->output_count; i++) needed[graph_node_of(g, g->outputs[i])] = true;
    for (size_t i = 0; i < g->target_count; i++) needed[g->targets[i]] = true;
    for (size_t i = 0; i < g->input_count; i++) needed[graph_node_of(g, g->inputs[i])] = true;
    for (size_t k = *count; k-- > 0;) {
        const node *n = &g->nodes[(*order)[k]];
        if (!needed[(*order)[k]]) continue;
        for (uint32_t i = 0; i < n->input_count; i++) needed[graph_node_of(g, n->inputs[i])] = true;
        for (uint32_t i = 0; i < n->control_count; i++) needed[n->controls[i]] = true;
    }
    *out = needed;
    return SM_OK;
}

sm_status pass_prune(graph *g, sm_error *err)
{
    arena    tmp;
    bool    *needed = NULL;
    node_id *order;
    size_t   count = 0;
    arena_init(&tmp, 0);
    sm_status s = pass_needed(g, &tmp, &needed, &order, &count, err);
    for (size_t k = count; s == SM_OK && k-- > 0;)
        if (!needed[order[k]]) graph_remove(g, order[k]);
    arena_clear(&tmp);
    return s;
}
