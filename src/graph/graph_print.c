/* SPDX-License-Identifier: Apache-2.0 */
/* graph/graph_print.c - a graph as text, one node a line in the order of execution, and in
 * Graphviz' language.
 *
 *     y: float = MatMul(x, w, ^init) {transpose_b=true}
 *     return y
 *     run save/assign
 *
 * Attributes that have their default value are left out, and those that the inputs tell. A graph
 * that has no order (a cycle, a missing input) is printed in the order of creation. */
#include "graph/graph_int.h"

/* The live nodes in the order to print. */
static node_id *print_order(const graph *g, arena *a, size_t *count)
{
    node_id *order;

    if (graph_order(g, a, &order, count, NULL) == SM_OK) return order;
    arena_reset(a);
    order = ARENA_ARRAY(a, node_id, g->node_count);
    *count = 0;
    for (size_t i = 0; order && i < g->node_count; i++)
        if (!g->nodes[i].removed) order[(*count)++] = (node_id)i;
    return order;
}

static void print_value(str *out, const graph *g, val v)
{
    if (v >= g->value_count) {
        str_addc(out, '?');
        return;
    }
    str_add(out, graph_producer(g, v)->name);
    if (g->values[v].slot) str_addf(out, ":%u", g->values[v].slot);
}

/* Does an input tell attribute i? */
static bool told_by_inputs(const op_signature *s, size_t i)
{
    for (size_t k = 0; k < s->input_count; k++) {
        const op_arg *p = &s->inputs[k];
        if (p->type_attr == (int)i || p->number_attr == (int)i || p->list_attr == (int)i) return true;
    }
    return false;
}

static void print_attrs(str *out, const node *n)
{
    const char *separator = " {";

    for (size_t i = 0; i < n->attr_count; i++) {
        if (i < n->sig->attr_count) {
            const op_attr *o = &n->sig->attrs[i];
            if (told_by_inputs(n->sig, i) || (o->has_default && attr_eq(&o->fallback, &n->attrs[i]))) continue;
        } else if (slice_starts(n->attrs[i].name, "_output_shapes")) {
            continue;
        }
        str_addz(out, separator);
        str_add(out, n->attrs[i].name);
        str_addc(out, '=');
        attr_print(out, &n->attrs[i]);
        separator = ", ";
    }
    if (separator[0] == ',') str_addc(out, '}');
}

static void print_node(str *out, const graph *g, const node *n)
{
    str_add(out, n->name);
    for (uint32_t i = 0; i < n->output_count; i++)
        str_addf(out, "%s%s", i ? ", " : ": ", dtype_short_name(g->values[n->outputs + i].dtype));
    str_addf(out, " = %s(", n->op->name);
    for (uint32_t i = 0; i < n->input_count; i++) {
        if (i) str_addz(out, ", ");
        print_value(out, g, n->inputs[i]);
    }
    for (uint32_t i = 0; i < n->control_count; i++) {
        str_addz(out, i || n->input_count ? ", ^" : "^");
        str_add(out, g->nodes[n->controls[i]].name);
    }
    str_addc(out, ')');
    print_attrs(out, n);
    str_addc(out, '\n');
}

void graph_print(str *out, const graph *g)
{
    arena    a;
    size_t   count;
    node_id *order;

    arena_init(&a, 0);
    order = print_order(g, &a, &count);
    for (size_t i = 0; order && i < count; i++) print_node(out, g, &g->nodes[order[i]]);
    arena_clear(&a);
    for (size_t i = 0; i < g->output_count; i++) {
        str_addz(out, i ? ", " : "return ");
        print_value(out, g, g->outputs[i]);
    }
    if (g->output_count) str_addc(out, '\n');
    for (size_t i = 0; i < g->target_count; i++) {
        str_addz(out, i ? ", " : "run ");
        str_add(out, g->nodes[g->targets[i]].name);
    }
    if (g->target_count) str_addc(out, '\n');
}

/* -- Graphviz ---------------------------------------------------------------------------------- */

/* The text of a quoted id or label. */
static void add_quoted(str *out, slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\') str_addc(out, '\\');
        str_addc(out, c < 32 ? ' ' : (char)c);
    }
}

static void dot_edges(str *out, const graph *g, node_id id)
{
    const node *n = &g->nodes[id];

    for (uint32_t k = 0; k < n->input_count; k++) {
        const value *v = n->inputs[k] < g->value_count ? &g->values[n->inputs[k]] : NULL;
        if (!v) continue;
        str_addf(out, "  n%u -> n%u", v->node, id);
        if (v->slot) str_addf(out, " [taillabel=\"%u\"]", v->slot);
        str_addz(out, ";\n");
    }
    for (uint32_t k = 0; k < n->control_count; k++)
        if (!g->nodes[n->controls[k]].removed) str_addf(out, "  n%u -> n%u [style=dashed];\n", n->controls[k], id);
}

void graph_print_dot(str *out, const graph *g)
{
    arena    a;
    size_t   count;
    node_id *order;

    arena_init(&a, 0);
    order = print_order(g, &a, &count);
    str_addz(out, "digraph {\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (size_t i = 0; order && i < count; i++) {
        const node *n = &g->nodes[order[i]];
        str_addf(out, "  n%u [label=\"", order[i]);
        add_quoted(out, slice_of(n->op->name));
        str_addz(out, "\\n");
        add_quoted(out, n->name);
        str_addz(out, "\"];\n");
    }
    for (size_t i = 0; order && i < count; i++) dot_edges(out, g, order[i]);
    for (size_t i = 0; i < g->output_count; i++) {
        str_addf(out, "  out%zu [label=\"output %zu\", shape=plaintext];\n", i, i);
        str_addf(out, "  n%u -> out%zu;\n", graph_node_of(g, g->outputs[i]), i);
    }
    str_addz(out, "}\n");
    arena_clear(&a);
}
