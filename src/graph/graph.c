/* SPDX-License-Identifier: Apache-2.0 */
/* graph/graph.c - building a graph, and reading its nodes' attributes.
 *
 * A node is put together on the stack (complete.c gives it its attributes) and entered at the end,
 * so a node that is wrong never shows. `names` maps a name to its node in the low half and to the
 * last suffix that was tried for the name in the high half, so ten thousand nodes called "Add"
 * cost no more than ten thousand others.
 *
 * The lists that have no capacity of their own (inputs, outputs, targets, a node's controls) are
 * as long as the power of two above their count, see append_id: they may be shortened and edited
 * in place, but grow only through this file. */
#include "graph/graph_int.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_IDS = 4, DUPLICATES_SOUGHT = 512 };

void graph_init(graph *g, size_t arena_budget)
{
    memset(g, 0, sizeof *g);
    arena_init(&g->arena, arena_budget);
    map_init(&g->names, &g->arena);
    map_init(&g->signatures, &g->arena);
}

void graph_clear(graph *g)
{
    size_t budget = g->arena.budget;

    for (size_t i = 0; i < g->owned_count; i++) tensor_unref(g->owned[i]);
    arena_clear(&g->arena);
    graph_init(g, budget);
}

void graph_fail(graph *g, sm_status s, const char *format, ...)
{
    char    text[sizeof g->error.message + 1]; /* too long by one: error_set marks the cut */
    va_list arguments;

    if (graph_failed(g)) return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)FAIL(&g->error, s, "%s", text);
}

sm_status graph_check(const graph *g, sm_error *err)
{
    if (g->error.status != SM_OK) {
        if (err) *err = g->error;
        return g->error.status;
    }
    return arena_check(&g->arena, "building a graph", err);
}

const op_signature *graph_signature(graph *g, const op_def *op)
{
    const op_signature *s = NULL;
    bool                fresh;
    uint64_t           *at;

    if (graph_failed(g)) return NULL;
    at = map_at(&g->signatures, slice_of(op->name), &fresh);
    if (!at) return NULL;
    if (!fresh) return (const op_signature *)(uintptr_t)*at;
    g->error.status = signature_parse(&g->arena, op->name, op->signature, &s, &g->error);
    *at = (uint64_t)(uintptr_t)s;
    return s;
}

/* Appends id to a list as the essay says; false when the arena is spent. */
static bool append_id(graph *g, uint32_t **ids, size_t count, uint32_t id)
{
    if (count == 0 || (count >= FIRST_IDS && (count & (count - 1)) == 0)) {
        size_t    capacity = count ? count * 2 : FIRST_IDS;
        uint32_t *grown = arena_grow(&g->arena, count ? *ids : NULL, count * sizeof **ids, capacity * sizeof **ids);
        if (!grown) return false;
        *ids = grown;
    }
    (*ids)[count] = id;
    return true;
}

/* -- Names ------------------------------------------------------------------------------------- */

/* Is that what `names` says of name still true? (A key is there before its node, and after its
 * removal.) */
static bool name_taken(const graph *g, slice name, uint64_t entry)
{
    uint32_t n = (uint32_t)entry;

    return n < g->node_count && !g->nodes[n].removed && slice_eq(g->nodes[n].name, name);
}

/* name, or name_1, name_2 ... when it is in use; in the arena. ptr NULL: the arena is spent. */
static slice free_name(graph *g, slice name)
{
    uint64_t *at = map_at(&g->names, name, NULL), entry;
    char     *text;
    slice     s;

    if (!at) return (slice){ NULL, 0 };
    if (!name_taken(g, name, *at)) return name;
    text = name.len < UINT32_MAX ? arena_alloc(&g->arena, name.len + 16) : NULL;
    if (!text) return (slice){ NULL, 0 };
    if (name.len) memcpy(text, name.ptr, name.len);
    do {
        uint32_t suffix = (uint32_t)(*at >> 32) + 1;
        *at = (uint64_t)suffix << 32 | (uint32_t)*at;
        s = slice_make(text, name.len + (size_t)snprintf(text + name.len, 16, "_%u", suffix));
    } while (map_get(&g->names, s, &entry) && name_taken(g, s, entry));
    return s;
}

node_id graph_find(const graph *g, slice name)
{
    uint64_t entry;

    return map_get(&g->names, name, &entry) && name_taken(g, name, entry) ? (node_id)entry : NODE_NONE;
}

/* -- Nodes ------------------------------------------------------------------------------------- */

node_id enter_node(graph *g, node *n)
{
    sm_dtype *types;
    size_t    count;
    uint64_t *at;
    node     *to;
    slice     name = free_name(g, n->name);

    if (!name.ptr || graph_failed(g) || !output_types(g, n, &types, &count)) return NODE_NONE;
    if (g->node_count >= NODE_NONE - 1 || count > VAL_NONE - 1 - g->value_count) {
        graph_fail(g, SM_RESOURCE_EXHAUSTED, "a graph of more than 4 billion nodes");
        return NODE_NONE;
    }
    n->name = name;
    n->outputs = (val)g->value_count;
    n->output_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        value *v = arena_push(&g->arena, &g->values, &g->value_count, &g->value_capacity, sizeof *v);
        if (!v) return NODE_NONE;
        *v = (value){ (node_id)g->node_count, i, types[i] };
    }
    to = arena_push(&g->arena, &g->nodes, &g->node_count, &g->node_capacity, sizeof *to);
    at = map_at(&g->names, name, NULL);
    if (!to || !at) return NODE_NONE;
    *to = *n;
    *at = (*at >> 32 << 32) | (uint32_t)(g->node_count - 1);
    for (size_t i = 0; i < n->attr_count; i++) own_tensors(g, &n->attrs[i]);
    return (node_id)(g->node_count - 1);
}

/* A node with its inputs (VAL_NONE where inputs is NULL), signature and a copy of its name. */
static bool start_node(graph *g, const op_def *op, slice name, const val *inputs, size_t input_count, node *n)
{
    memset(n, 0, sizeof *n);
    if (graph_failed(g)) return false;
    if (input_count > VAL_NONE) {
        graph_fail(g, SM_RESOURCE_EXHAUSTED, "a node with %zu inputs", input_count);
        return false;
    }
    n->op = op;
    n->sig = graph_signature(g, op);
    n->name = arena_copy(&g->arena, name);
    n->inputs = ARENA_ARRAY(&g->arena, val, input_count);
    n->input_count = (uint32_t)input_count;
    if (!n->sig || !n->name.ptr || !n->inputs) return false;
    for (size_t i = 0; i < input_count; i++) {
        n->inputs[i] = inputs ? inputs[i] : VAL_NONE;
        if (!inputs || inputs[i] < g->value_count) continue;
        graph_fail(g, SM_INTERNAL, "node '" SLICE_FMT "': input %zu is no value of the graph", SLICE_ARG(name), i);
        return false;
    }
    return true;
}

node_id graph_add_node(graph *g, const op_def *op, slice name, const val *inputs, size_t input_count, const attr *attrs,
                       size_t attr_count)
{
    static const val none[1];
    node             n;

    if (!start_node(g, op, name, inputs ? inputs : none, input_count, &n)) return NODE_NONE;
    return complete_attrs(g, &n, attrs, attr_count, true) ? enter_node(g, &n) : NODE_NONE;
}

node_id graph_declare_node(graph *g, const op_def *op, slice name, size_t input_count, const attr *attrs, size_t attr_count)
{
    node n;

    if (!start_node(g, op, name, NULL, input_count, &n)) return NODE_NONE;
    return complete_attrs(g, &n, attrs, attr_count, false) ? enter_node(g, &n) : NODE_NONE;
}

void graph_set_input(graph *g, node_id n, size_t i, val v)
{
    if (graph_failed(g) || n >= g->node_count) return;
    if (check_input(g, &g->nodes[n], i, v)) g->nodes[n].inputs[i] = v;
}

void graph_add_control(graph *g, node_id n, node_id before)
{
    node *to;

    if (graph_failed(g) || n >= g->node_count || before >= g->node_count) return;
    to = &g->nodes[n];
    /* What lies further back may come twice, which does no harm: a hostile list must not cost its
     * square. */
    for (uint32_t i = to->control_count; i > 0 && to->control_count - i < DUPLICATES_SOUGHT; i--)
        if (to->controls[i - 1] == before) return;
    if (append_id(g, &to->controls, to->control_count, before)) to->control_count++;
}

void graph_add_output(graph *g, val v)
{
    if (graph_failed(g)) return;
    if (v >= g->value_count)
        graph_fail(g, SM_INTERNAL, "output %zu is no value of the graph", g->output_count);
    else if (append_id(g, &g->outputs, g->output_count, v))
        g->output_count++;
}

void graph_add_target(graph *g, node_id n)
{
    if (graph_failed(g) || n >= g->node_count) return;
    if (append_id(g, &g->targets, g->target_count, n)) g->target_count++;
}

/* An op that the engine cannot do without. */
static const op_def *builtin(graph *g, const char *name)
{
    const op_def *op = op_find(slice_of(name));

    if (!op) graph_fail(g, SM_INTERNAL, "op '%s' is not built in", name);
    return op;
}

/* Output 0 of n, or VAL_NONE. */
static val first_output(const graph *g, node_id n)
{
    return n != NODE_NONE && g->nodes[n].output_count ? g->nodes[n].outputs : VAL_NONE;
}

val graph_add_input(graph *g, slice name, sm_dtype dtype)
{
    attr          attrs[] = { attr_of_type("T", dtype), attr_of_int("index", (int64_t)g->input_count) };
    const op_def *op = builtin(g, "_Arg");
    val           v = op ? first_output(g, graph_add_node(g, op, name, NULL, 0, attrs, 2)) : VAL_NONE;

    if (v != VAL_NONE && append_id(g, &g->inputs, g->input_count, v)) g->input_count++;
    return v;
}

val graph_constant(graph *g, slice name, tensor *t)
{
    attr          attrs[] = { { .name = SLICE("value"), .kind = ATTR_TENSOR, .count = 1, .v.tensor = t },
                              attr_of_type("dtype", t->dtype) };
    const op_def *op = builtin(g, "Const");

    return op ? first_output(g, graph_add_node(g, op, name, NULL, 0, attrs, 2)) : VAL_NONE;
}

val graph_emit_with(graph *g, const char *op, const val *inputs, size_t n, const attr *attrs, size_t attr_count)
{
    const op_def *o = graph_failed(g) ? NULL : builtin(g, op);

    return o ? first_output(g, graph_add_node(g, o, slice_of(op), inputs, n, attrs, attr_count)) : VAL_NONE;
}

val graph_emit(graph *g, const char *op, const val *inputs, size_t n)
{
    return graph_emit_with(g, op, inputs, n, NULL, 0);
}

/* Gives n's outputs the types that its attributes say now; their number cannot change. */
static void retype_outputs(graph *g, node *n)
{
    sm_dtype *types;
    size_t    count;

    if (!output_types(g, n, &types, &count)) return;
    if (count != n->output_count) {
        graph_fail(g, SM_INTERNAL, "node '" SLICE_FMT "': a change of the number of outputs", SLICE_ARG(n->name));
        return;
    }
    for (size_t i = 0; i < count; i++) g->values[n->outputs + i].dtype = types[i];
}

void graph_set_attr(graph *g, node_id id, const attr *a)
{
    node *n;
    int   i;

    if (graph_failed(g) || id >= g->node_count) return;
    n = &g->nodes[id];
    i = signature_attr(n->sig, a->name);
    if (i < 0) {
        graph_fail(g, SM_INTERNAL, "node '" SLICE_FMT "' (%s) has no attribute '" SLICE_FMT "'", SLICE_ARG(n->name),
                   n->op->name, SLICE_ARG(a->name));
        return;
    }
    if (!check_attr(g, n, (size_t)i, a)) return;
    own_tensors(g, a);
    n->attrs[i] = *a;
    n->attrs[i].name = n->sig->attrs[i].name;
    n->attrs[i].kind = n->sig->attrs[i].kind;
    retype_outputs(g, n);
}

void graph_set_bool(graph *g, val v, const char *name, bool b)
{
    attr a = attr_of_bool(name, b);

    graph_set_attr(g, graph_node_of(g, v), &a);
}

/* -- Reading attributes ------------------------------------------------------------------------ */

const attr *node_attr(const node *n, const char *name)
{
    for (size_t i = 0; i < n->attr_count; i++)
        if (slice_is(n->attrs[i].name, name)) return &n->attrs[i];
    return NULL;
}

/* The attribute if it is of that kind; an empty one, all zeroes, otherwise. */
static const attr *attr_of_kind(const node *n, const char *name, attr_kind kind, bool is_list)
{
    static const attr nothing;
    const attr       *a = node_attr(n, name);

    return a && a->kind == kind && a->is_list == is_list ? a : &nothing;
}

int64_t node_int(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_INT, false)->v.i;
}

bool node_bool(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_BOOL, false)->v.i != 0;
}

float node_float(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_FLOAT, false)->v.f;
}

sm_dtype node_type(const node *n, const char *name)
{
    return (sm_dtype)attr_of_kind(n, name, ATTR_TYPE, false)->v.i;
}

slice node_string(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_STRING, false)->v.s;
}

const int64_t *node_ints(const node *n, const char *name, size_t *count)
{
    const attr *a = node_attr(n, name);
    bool        fits = a && a->is_list && (a->kind == ATTR_INT || a->kind == ATTR_TYPE || a->kind == ATTR_BOOL);

    *count = fits ? a->count : 0;
    return fits ? a->v.ints : NULL;
}

const shape *node_shape(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_SHAPE, false)->v.shape;
}

const func_ref *node_func(const node *n, const char *name)
{
    return attr_of_kind(n, name, ATTR_FUNC, false)->v.func;
}
