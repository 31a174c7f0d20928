/* SPDX-License-Identifier: Apache-2.0 */
/* op_census.c - which ops a MetaGraph uses.
 *
 * TensorFlow follows calls but not the branches of If, While and Case, which is why a model's census
 * may lack ops that only they contain; `savedmodel show` counts every graph instead. Python prints
 * the set in no particular order; here it is sorted. */
#include "op_census.h"

#include <stdlib.h>
#include <string.h>

typedef struct name_index {
    const char *name;
    size_t      index;
} name_index;

typedef struct census {
    sm_model    *m;
    name_index  *functions; /* sorted by name */
    size_t       function_count;
    char        *reached; /* by graph */
    size_t      *queue, queued;
    const char **ops; /* in order of finding, then sorted */
    size_t       op_count, op_room;
} census;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const name_index *)a)->name, ((const name_index *)b)->name);
}

static int by_string(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Marks the graph of library function `name`; 0 when there is no such function. */
static int reach(census *c, const char *name)
{
    name_index  key = { name, 0 };
    name_index *found = c->function_count ? bsearch(&key, c->functions, c->function_count, sizeof key, by_name) : NULL;
    if (!found) return 0;
    if (!c->reached[found->index]) {
        c->reached[found->index] = 1;
        c->queue[c->queued++] = found->index;
    }
    return 1;
}

static void add_op(census *c, const char *op)
{
    if (c->op_count == c->op_room) {
        const char **grown = keep_array(2 * c->op_room + 64, sizeof *grown);
        if (c->op_count) memcpy(grown, c->ops, c->op_count * sizeof *grown);
        c->ops = grown;
        c->op_room = 2 * c->op_room + 64;
    }
    c->ops[c->op_count++] = op;
}

/* The function that attribute f names: func { name: "..." */
static void reach_attribute(census *c, const sm_graph *g, size_t i)
{
    char text[1024], *start, *stop;
    if (!sm_graph_node_attr(g, i, "f", text, sizeof text) || !(start = strstr(text, "name: \""))) return;
    start += 7;
    stop = strchr(start, '"');
    if (stop) {
        *stop = 0;
        reach(c, start);
    }
}

static void visit_graph(census *c, const sm_graph *g)
{
    for (size_t i = 0; i < sm_graph_node_count(g); i++) {
        sm_node n = sm_graph_node(g, i);
        if (!reach(c, n.op)) add_op(c, n.op);
        if (strcmp(n.op, "PartitionedCall") == 0 || strcmp(n.op, "StatefulPartitionedCall") == 0)
            reach_attribute(c, g, i);
    }
}

static size_t unique(const char **ops, size_t n)
{
    size_t kept = 0;
    if (n) qsort(ops, n, sizeof *ops, by_string);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(ops[i], ops[kept - 1]) != 0) ops[kept++] = ops[i];
    return kept;
}

size_t op_census_used(sm_model *m, const char ***ops)
{
    size_t graphs = sm_model_graph_count(m);
    census c = { .m = m, .function_count = graphs ? graphs - 1 : 0 };
    c.functions = keep_array(graphs + 1, sizeof *c.functions);
    c.reached = keep(graphs + 1);
    c.queue = keep_array(graphs + 1, sizeof *c.queue);
    for (size_t i = 1; i < graphs; i++) c.functions[i - 1] = (name_index){ sm_graph_name(sm_model_graph(m, i)), i };
    if (c.function_count) qsort(c.functions, c.function_count, sizeof *c.functions, by_name);
    if (graphs) visit_graph(&c, sm_model_graph(m, 0));
    for (size_t i = 0; i < c.queued; i++) visit_graph(&c, sm_model_graph(m, c.queue[i]));
    *ops = c.ops;
    return unique(c.ops, c.op_count);
}

static int by_frequency(const void *a, const void *b)
{
    const op_count *x = a, *y = b;
    return x->nodes != y->nodes ? (x->nodes < y->nodes ? 1 : -1) : strcmp(x->op, y->op);
}

size_t op_census_all(sm_model *m, op_count **counts)
{
    census    c = { .m = m };
    size_t    n = 0;
    op_count *out;
    for (size_t g = 0; g < sm_model_graph_count(m); g++) {
        const sm_graph *graph = sm_model_graph(m, g);
        for (size_t i = 0; i < sm_graph_node_count(graph); i++) add_op(&c, sm_graph_node(graph, i).op);
    }
    if (c.op_count) qsort(c.ops, c.op_count, sizeof *c.ops, by_string);
    out = keep_array(c.op_count + 1, sizeof *out);
    for (size_t i = 0; i < c.op_count; i++) {
        if (n == 0 || strcmp(out[n - 1].op, c.ops[i]) != 0) out[n++].op = c.ops[i];
        out[n - 1].nodes++;
    }
    if (n) qsort(out, n, sizeof *out, by_frequency);
    *counts = out;
    return n;
}

void op_census_print(textbuf *b, const char *const *ops, size_t n)
{
    if (n == 0) {
        textbuf_text(b, "set()");
        return;
    }
    for (size_t i = 0; i < n; i++) textbuf_format(b, "%s'%s'", i ? ", " : "{", ops[i]);
    textbuf_char(b, '}');
}
