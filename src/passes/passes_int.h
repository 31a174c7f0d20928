/* SPDX-License-Identifier: Apache-2.0 */
/* passes/passes_int.h - what several passes need: questions about a graph, and the passes themselves. */
#ifndef PASSES_PASSES_INT_H
#define PASSES_PASSES_INT_H

#include "passes/passes.h"

/* Questions that are answered once per pass. Of nodes and values that the pass adds they know nothing: ask through
 * facts_constant and facts_single_use, which then say no. */
typedef struct facts {
    arena    tmp;
    node_id *order;
    size_t   order_count;
    size_t   node_count, value_count;
    size_t  *uses;       /* of each value                                             */
    bool    *controlled; /* some node (or the caller) waits for this node by control  */
    bool    *constant;   /* the node depends on constants and variables only          */
    bool     has_writes; /* a variable may change meanwhile: its reads are not constant */
} facts;

sm_status facts_find(facts *f, const graph *g, sm_error *err) CHECKED;
void      facts_clear(facts *f);

static inline bool node_is(const node *n, const char *op)
{
    return strcmp(n->op->name, op) == 0;
}
/* v depends on constants and variables only. */
bool facts_constant(const facts *f, const graph *g, val v);
/* The node that alone uses v is worth fusing with: v has one use, and nobody waits for its node by control. */
bool facts_single_use(const facts *f, const graph *g, val v);
/* Of each value of g, as far as it is known before the function runs (shapes.c). NULL: no memory; f's arena says so. */
shape *facts_shapes(facts *f, const graph *g);
/* A node of op `name` that takes over what it can of n's attributes; extra attributes come first. VAL_NONE when the op is
 * not built in. */
val graph_remake(graph *g, const char *name, const node *n, const val *inputs, size_t input_count, const attr *extra,
                 size_t extra_count);

/* prune.c: which nodes outputs, targets and inputs need; and all nodes in order. In tmp. */
sm_status pass_needed(const graph *g, arena *tmp, bool **needed, node_id **order, size_t *count, sm_error *err) CHECKED;

sm_status pass_prune(graph *g, sm_error *err);
sm_status pass_drop_controls(graph *g, sm_error *err);
sm_status pass_drop_identity(graph *g, sm_error *err);
sm_status pass_reciprocal(graph *g, sm_error *err);
sm_status pass_fold_batch_norm(graph *g, sm_error *err);
sm_status pass_fold_scale(graph *g, sm_error *err);
sm_status pass_make_bias(graph *g, sm_error *err);
sm_status pass_fuse_bias(graph *g, sm_error *err);
sm_status pass_fuse_activation(graph *g, sm_error *err);
sm_status pass_winograd(graph *g, sm_error *err);
sm_status pass_pack_weights(graph *g, sm_error *err);

#endif
