/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_node.c - graphs as the file has them: nodes and their attributes. */
#include "model/model.h"
#include "model/node_view.h"

size_t sm_model_graph_count(const sm_model *m)
{
    model_lock(m);
    size_t n = definitions_read((sm_model *)(uintptr_t)m, NULL) == SM_OK ? m->definitions.count : 0;
    model_unlock(m);
    return n;
}

const sm_graph *sm_model_graph(sm_model *m, size_t i)
{
    return i < sm_model_graph_count(m) ? &m->definitions.all[i] : NULL;
}

const char *sm_graph_name(const sm_graph *g)
{
    return g->name_text;
}

size_t sm_graph_node_count(const sm_graph *g)
{
    model_lock(g->model);
    size_t n = definition_decode((definition *)(uintptr_t)g, NULL) == SM_OK ? g->node_count : 0;
    model_unlock(g->model);
    return n;
}

sm_node sm_graph_node(const sm_graph *g, size_t i)
{
    sm_node n = { "", "", "", NULL, 0 };

    if (i >= sm_graph_node_count(g)) return n;
    model_lock(g->model);
    n = node_view((definition *)(uintptr_t)g, i);
    model_unlock(g->model);
    return n;
}

size_t sm_graph_node_attr(const sm_graph *g, size_t i, const char *name, char *text, size_t size)
{
    if (!name || i >= sm_graph_node_count(g)) return 0;
    return node_attr_text(&g->nodes[i], name, text, size);
}
