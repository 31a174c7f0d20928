/* SPDX-License-Identifier: Apache-2.0 */
/* passes/shapes.c - the shapes that can be told before a function runs: from constants, from what variables and
 * signatures declare, and on from there by each op's own inference. A dim that a signature leaves open stays unknown.
 *
 * A hint, not a promise: what a pass makes of it has to give the right result for other shapes too. */
#include "passes/passes_int.h"

static const tensor *constant_tensor(const graph *g, val v)
{
    const node *n = graph_producer(g, v);
    return node_is(n, "Const") ? node_attr(n, "value")->v.tensor : NULL;
}

/* What a read gives: the shape that the node of its handle declares. */
static const shape *declared_shape(const graph *g, const node *n)
{
    const attr *a = n->input_count ? node_attr(graph_producer(g, n->inputs[0]), "shape") : NULL;
    return a && a->kind == ATTR_SHAPE && !a->is_list ? a->v.shape : NULL;
}

static void infer_node(const graph *g, const node *n, arena *a, shape *shapes)
{
    shape         *in = ARENA_ARRAY(a, shape, n->input_count + 1);
    const tensor **known = ARENA_ARRAY(a, const tensor *, n->input_count + 1);
    if (!in || !known || !n->output_count || !n->op->infer) return;
    for (uint32_t i = 0; i < n->input_count; i++) {
        in[i] = shapes[n->inputs[i]];
        known[i] = constant_tensor(g, n->inputs[i]);
    }
    infer q = { .node = n, .n_in = (int)n->input_count, .n_out = (int)n->output_count, .in = in, .value = known };
    q.out = shapes + n->outputs;
    bool failed = n->op->infer(&q) != SM_OK;
    for (uint32_t i = 0; i < n->output_count && failed; i++) shapes[n->outputs + i] = shape_unknown();
    const shape *declared = (n->op->traits & OP_READS) ? declared_shape(g, n) : NULL;
    if (declared && !shape_known(&shapes[n->outputs])) shapes[n->outputs] = *declared;
}

shape *facts_shapes(facts *f, const graph *g)
{
    shape *shapes = ARENA_ARRAY(&f->tmp, shape, g->value_count + 1);
    arena  scratch;
    arena_init(&scratch, 0);
    for (size_t v = 0; shapes && v < g->value_count; v++) shapes[v] = shape_unknown();
    for (size_t k = 0; shapes && k < f->order_count; k++) {
        infer_node(g, &g->nodes[f->order[k]], &scratch, shapes);
        arena_reset(&scratch);
    }
    arena_clear(&scratch);
    return shapes;
}
