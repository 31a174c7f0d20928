/* SPDX-License-Identifier: Apache-2.0 */
/* graph/graph_int.h - what graph.c, complete.c and graph_edit.c share. */
#ifndef GRAPH_GRAPH_INT_H
#define GRAPH_GRAPH_INT_H

#include "graph/op.h"

/* Nothing may be added any more. */
static inline bool graph_failed(const graph *g)
{
    return g->error.status != SM_OK || g->arena.failed;
}

/* The type without the mark of a reference. */
static inline sm_dtype base_dtype(sm_dtype t)
{
    return (int)t >= DTYPE_REF ? (sm_dtype)((int)t - DTYPE_REF) : t;
}

/* Fills n->attrs from what was given, from the inputs (if they are there; checked, too) and from
 * defaults; checks kinds, allowed values, and the number of inputs. n has its name, op, signature
 * and inputs. false: the graph has failed. */
bool complete_attrs(graph *g, node *n, const attr *given, size_t given_count, bool has_inputs);
/* Is a a good value for attribute i of n? */
bool check_attr(graph *g, const node *n, size_t i, const attr *a);
/* Does value v fit input i of n? */
bool check_input(graph *g, const node *n, size_t i, val v);
/* The types of n's outputs, in g's arena; false: the graph has failed. */
bool output_types(graph *g, const node *n, sm_dtype **types, size_t *count);
/* Takes references to the tensors of a that live with the graph. */
void own_tensors(graph *g, const attr *a);
/* Adds n, whose attributes are complete, under a name that is free. */
node_id enter_node(graph *g, node *n);

#endif
