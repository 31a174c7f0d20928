/* SPDX-License-Identifier: Apache-2.0 */
/* graph/complete.c - a node's attributes: what was given, what the inputs say, defaults; and all
 * that is checked.
 *
 * The order is TensorFlow's: a type or a number that the inputs determine wins over a default,
 * what was given wins over both and must agree with the inputs. One length (an N, or a list of
 * types) may be unknown: it is what remains of the inputs once the arguments of known length are
 * counted. The messages are those of TensorFlow's graph import.
 *
 * A reference of TensorFlow 1 ("ref:&T") is a handle to its variable: a value of type resource. */
#include "graph/graph_int.h"

enum { MOST_OUTPUTS = 1 << 20 };

/* -- Messages ---------------------------------------------------------------------------------- */

static const char *kind_name(attr_kind k)
{
    static const char *const names[] = { "none", "string", "int", "float", "bool", "type", "shape", "tensor", "func" };

    return (size_t)k < sizeof names / sizeof *names ? names[k] : "none";
}

static void print_args(str *out, const op_signature *s, const op_arg *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const op_arg *p = &args[i];
        int           type = p->type_attr >= 0 ? p->type_attr : p->list_attr;
        if (i) str_addz(out, ", ");
        str_add(out, p->name);
        str_addz(out, p->is_ref ? ":Ref(" : ":");
        if (p->number_attr >= 0) {
            str_add(out, s->attrs[p->number_attr].name);
            str_addc(out, '*');
        }
        str_add(out, type >= 0 ? s->attrs[type].name : slice_of(dtype_short_name(p->dtype)));
        if (p->is_ref) str_addc(out, ')');
    }
}

/* "Op<name=Relu; signature=features:T -> activations:T; attr=T:type>" */
static void print_op(str *out, const node *n)
{
    const op_signature *s = n->sig;

    str_addf(out, "Op<name=%s; signature=", n->op->name);
    print_args(out, s, s->inputs, s->input_count);
    str_addz(out, " -> ");
    print_args(out, s, s->outputs, s->output_count);
    for (size_t i = 0; i < s->attr_count; i++) {
        const op_attr *o = &s->attrs[i];
        str_addf(out, "; attr=" SLICE_FMT ":%s%s%s", SLICE_ARG(o->name), o->is_list ? "list(" : "", kind_name(o->kind),
                 o->is_list ? ")" : "");
        if (o->has_default) {
            str_addz(out, ",default=");
            attr_print(out, &o->fallback);
        }
        if (o->has_minimum) str_addf(out, ",min=%lld", (long long)o->minimum);
    }
    str_addc(out, '>');
}

/* Fails with "<what>; Op<...>; NodeDef: {{node x}}". */
static bool fail_node(graph *g, const node *n, const char *what)
{
    str op;

    str_init(&op);
    print_op(&op, n);
    graph_fail(g, SM_INVALID_ARGUMENT, "%s; %s; NodeDef: {{node " SLICE_FMT "}}", what, str_text(&op), SLICE_ARG(n->name));
    str_clear(&op);
    return false;
}

/* fail_node with text that was put together; text is cleared. */
static bool fail_text(graph *g, const node *n, str *text)
{
    bool result = fail_node(g, n, str_text(text));
    str_clear(text);
    return result;
}

static bool fail_missing(graph *g, const node *n, size_t i)
{
    graph_fail(g, SM_INVALID_ARGUMENT,
               "NodeDef missing attr '" SLICE_FMT "' from Op<name=%s>; NodeDef: {{node " SLICE_FMT "}}",
               SLICE_ARG(n->sig->attrs[i].name), n->op->name, SLICE_ARG(n->name));
    return false;
}

/* -- Checking one attribute -------------------------------------------------------------------- */

static bool type_allowed(const op_attr *o, int64_t t)
{
    return !o->allowed_types || (t > 0 && t < DTYPE_LAST && (o->allowed_types >> t & 1));
}

static bool string_allowed(const op_attr *o, slice s)
{
    for (size_t i = 0; i < o->allowed_string_count; i++)
        if (slice_eq(o->allowed_strings[i], s)) return true;
    return !o->allowed_string_count;
}

/* Value for attr 'padding' of "FULL" is not in the list of allowed values: "SAME", "VALID" */
static bool fail_allowed(graph *g, const node *n, const op_attr *o, const char *type, slice s)
{
    const char *separator = "";
    str         text;

    str_init(&text);
    str_addf(&text, "Value for attr '" SLICE_FMT "' of ", SLICE_ARG(o->name));
    if (o->kind == ATTR_TYPE)
        str_addz(&text, type);
    else
        str_addf(&text, "\"" SLICE_FMT "\"", SLICE_ARG(s));
    str_addz(&text, " is not in the list of allowed values: ");
    for (size_t i = 0; i < o->allowed_string_count; i++) {
        str_addf(&text, "%s\"" SLICE_FMT "\"", separator, SLICE_ARG(o->allowed_strings[i]));
        separator = ", ";
    }
    for (int t = 0; t < DTYPE_LAST; t++) {
        if (!(o->allowed_types >> t & 1)) continue;
        str_addf(&text, "%s%s", separator, dtype_short_name((sm_dtype)t));
        separator = ", ";
    }
    return fail_text(g, n, &text);
}

static bool check_minimum(graph *g, const node *n, const op_attr *o, const attr *a)
{
    int64_t have = o->is_list ? (int64_t)a->count : a->v.i;
    str     text;

    if (!o->has_minimum || have >= o->minimum || (!o->is_list && o->kind != ATTR_INT)) return true;
    str_init(&text);
    if (o->is_list)
        str_addf(&text, "Length for attr '" SLICE_FMT "' of %lld must be at least minimum %lld", SLICE_ARG(o->name),
                 (long long)have, (long long)o->minimum);
    else
        str_addf(&text, "Value for attr '" SLICE_FMT "' of %lld must be at least minimum %lld", SLICE_ARG(o->name),
                 (long long)have, (long long)o->minimum);
    return fail_text(g, n, &text);
}

bool check_attr(graph *g, const node *n, size_t i, const attr *a)
{
    const op_attr *o = &n->sig->attrs[i];
    bool           empty = a->is_list && !a->count;

    if (a->is_list != o->is_list || (a->kind != o->kind && !empty)) {
        str text;
        str_init(&text);
        str_addf(&text, "AttrValue had value with type '%s%s%s' when '%s%s%s' expected for attr '" SLICE_FMT "'",
                 a->is_list ? "list(" : "", kind_name(a->kind), a->is_list ? ")" : "", o->is_list ? "list(" : "",
                 kind_name(o->kind), o->is_list ? ")" : "", SLICE_ARG(o->name));
        return fail_text(g, n, &text);
    }
    for (size_t k = 0; k < a->count && o->kind == ATTR_TYPE; k++) {
        int64_t t = a->is_list ? a->v.ints[k] : a->v.i;
        if (!type_allowed(o, t)) return fail_allowed(g, n, o, dtype_short_name((sm_dtype)t), SLICE(""));
    }
    for (size_t k = 0; k < a->count && o->kind == ATTR_STRING; k++) {
        slice s = a->is_list ? a->v.strings[k] : a->v.s;
        if (!string_allowed(o, s)) return fail_allowed(g, n, o, "", s);
    }
    return check_minimum(g, n, o, a);
}

/* -- Arguments --------------------------------------------------------------------------------- */

static bool attr_absent(const attr *a)
{
    return a->kind == ATTR_NONE;
}

/* The attribute that says how many tensors p stands for, or -1: one. */
static int length_attr(const op_arg *p)
{
    return p->number_attr >= 0 ? p->number_attr : p->list_attr;
}

/* How many tensors p stands for; -1: its attribute is not known (yet), or negative. */
static int64_t arg_length(const node *n, const op_arg *p)
{
    int         i = length_attr(p);
    const attr *a = i >= 0 ? &n->attrs[i] : NULL;

    if (!a) return 1;
    if (attr_absent(a)) return -1;
    if (a->is_list) return (int64_t)a->count;
    return a->v.i < 0 ? -1 : a->v.i;
}

/* The type of tensor k of p; SM_INVALID: its attribute is not known (yet). */
static sm_dtype arg_dtype(const node *n, const op_arg *p, size_t k)
{
    if (p->list_attr >= 0) return (sm_dtype)n->attrs[p->list_attr].v.ints[k];
    if (p->type_attr < 0) return p->dtype;
    return attr_absent(&n->attrs[p->type_attr]) ? SM_INVALID : (sm_dtype)n->attrs[p->type_attr].v.i;
}

/* The sum of all lengths, or -1 when one is unknown or the sum is beyond `most`. */
static int64_t sum_lengths(const node *n, const op_arg *args, size_t count, int64_t most)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t length = arg_length(n, &args[i]);
        if (length < 0 || length > most - sum) return -1;
        sum += length;
    }
    return sum;
}

static bool check_input_count(graph *g, const node *n)
{
    const op_signature *s = n->sig;
    str                 text;

    if (sum_lengths(n, s->inputs, s->input_count, (int64_t)n->input_count) == (int64_t)n->input_count) return true;
    str_init(&text);
    str_addz(&text, "NodeDef expected inputs '");
    for (size_t i = 0, shown = 0; i < s->input_count; i++) {
        int64_t length = arg_length(n, &s->inputs[i]);
        for (int64_t k = 0; k < length && shown < 32; k++)
            str_addf(&text, "%s%s", shown++ ? ", " : "", dtype_short_name(arg_dtype(n, &s->inputs[i], (size_t)k)));
    }
    str_addf(&text, "' do not match %u inputs specified", n->input_count);
    return fail_text(g, n, &text);
}

bool check_input(graph *g, const node *n, size_t i, val v)
{
    const op_arg *p = n->sig->inputs;
    const value  *from;
    sm_dtype      want;

    if (v >= g->value_count || g->nodes[g->values[v].node].removed) {
        graph_fail(g, SM_INTERNAL, "node '" SLICE_FMT "': input %zu is no value of the graph", SLICE_ARG(n->name), i);
        return false;
    }
    for (size_t at = i; p < n->sig->inputs + n->sig->input_count; p++) {
        size_t length = (size_t)arg_length(n, p);
        if (at >= length) {
            at -= length;
            continue;
        }
        from = &g->values[v];
        want = arg_dtype(n, p, at);
        if (from->dtype == (p->is_ref ? SM_RESOURCE : base_dtype(want))) return true;
        graph_fail(g, SM_INVALID_ARGUMENT,
                   "Input %zu of node " SLICE_FMT " was passed %s from " SLICE_FMT
                   ":%u incompatible with expected %s%s.",
                   i, SLICE_ARG(n->name), dtype_short_name(from->dtype), SLICE_ARG(g->nodes[from->node].name),
                   from->slot, dtype_short_name(want), p->is_ref ? "_ref" : "");
        return false;
    }
    graph_fail(g, SM_INTERNAL, "node '" SLICE_FMT "' has no input %zu", SLICE_ARG(n->name), i);
    return false;
}

bool output_types(graph *g, const node *n, sm_dtype **types, size_t *count)
{
    const op_signature *s = n->sig;
    int64_t             sum = sum_lengths(n, s->outputs, s->output_count, MOST_OUTPUTS);
    size_t              at = 0;

    if (sum < 0) return fail_node(g, n, "the number of outputs is negative or too large");
    *types = ARENA_ARRAY(&g->arena, sm_dtype, (size_t)sum);
    *count = (size_t)sum;
    if (!*types) return false;
    for (size_t i = 0; i < s->output_count; i++) {
        const op_arg *p = &s->outputs[i];
        size_t        length = (size_t)arg_length(n, p);
        for (size_t k = 0; k < length; k++) {
            sm_dtype t = arg_dtype(n, p, k);
            if (!dtype_size(base_dtype(t))) return fail_node(g, n, "an output has no valid type");
            (*types)[at++] = p->is_ref ? SM_RESOURCE : base_dtype(t); /* a reference is a handle */
        }
    }
    return true;
}

/* -- Inference from inputs --------------------------------------------------------------------- */

static void infer_list(graph *g, const node *n, attr *a, size_t first, size_t length)
{
    int64_t *types = ARENA_ARRAY(&g->arena, int64_t, length);

    if (!types) return;
    for (size_t k = 0; k < length; k++) types[k] = (int64_t)base_dtype(g->values[n->inputs[first + k]].dtype);
    a->is_list = true;
    a->count = length;
    a->v.ints = types;
}

/* Gives the one length that is unknown, if any. What cannot be told stays absent. */
static void infer_length(graph *g, node *n)
{
    const op_signature *s = n->sig;
    int64_t             known = 0, times = 0, first = 0, length;
    int                 unknown = -1;
    attr               *a;

    for (size_t i = 0; i < s->input_count; i++) {
        int at = length_attr(&s->inputs[i]);
        if (at < 0 || !attr_absent(&n->attrs[at])) {
            length = arg_length(n, &s->inputs[i]);
            if (length < 0 || length > (int64_t)n->input_count) return;
            known += length;
            if (unknown < 0) first += length;
        } else {
            if (unknown >= 0 && unknown != at) return;
            unknown = at;
            times++;
        }
    }
    if (unknown < 0 || known > (int64_t)n->input_count || ((int64_t)n->input_count - known) % times) return;
    length = ((int64_t)n->input_count - known) / times;
    a = &n->attrs[unknown];
    a->kind = s->attrs[unknown].kind;
    a->count = 1;
    if (s->attrs[unknown].is_list)
        infer_list(g, n, a, (size_t)first, (size_t)length);
    else
        a->v.i = length;
}

/* Gives the type attributes of single types; inputs that exist decide. A reference is a handle and
 * does not tell. */
static void infer_types(graph *g, node *n)
{
    const op_signature *s = n->sig;
    size_t              at = 0;

    for (size_t i = 0; i < s->input_count; i++) {
        int64_t length = arg_length(n, &s->inputs[i]);
        attr   *a = s->inputs[i].type_attr >= 0 ? &n->attrs[s->inputs[i].type_attr] : NULL;
        if (length < 0 || at >= n->input_count) return;
        if (a && attr_absent(a) && length > 0 && !s->inputs[i].is_ref) {
            a->kind = ATTR_TYPE;
            a->count = 1;
            a->v.i = (int64_t)base_dtype(g->values[n->inputs[at]].dtype);
        }
        if (length > (int64_t)(n->input_count - at)) return;
        at += (size_t)length;
    }
}

/* -- Together ---------------------------------------------------------------------------------- */

void own_tensors(graph *g, const attr *a)
{
    size_t count = a->kind != ATTR_TENSOR ? 0 : a->is_list ? a->count : 1;

    for (size_t i = 0; i < count; i++) {
        tensor  *t = a->is_list ? a->v.tensors[i] : a->v.tensor;
        tensor **slot = t ? arena_push(&g->arena, &g->owned, &g->owned_count, &g->owned_capacity, sizeof *slot) : NULL;
        if (slot) *slot = tensor_ref(t);
    }
}

/* Copies what was given to its place: the signature's order, then the rest as hints. */
static bool place_given(graph *g, node *n, const attr *given, size_t given_count)
{
    size_t at = n->sig->attr_count;

    for (size_t i = 0; i < given_count; i++) {
        int   k = signature_attr(n->sig, given[i].name);
        attr *to = &n->attrs[k >= 0 ? (size_t)k : at++];
        if (k >= 0 && !check_attr(g, n, (size_t)k, &given[i])) return false;
        *to = given[i];
        if (k < 0) continue;
        to->name = n->sig->attrs[k].name;
        to->kind = n->sig->attrs[k].kind; /* that of an empty list */
    }
    n->attr_count = at;
    return true;
}

bool complete_attrs(graph *g, node *n, const attr *given, size_t given_count, bool has_inputs)
{
    const op_signature *s = n->sig;

    n->attrs = ARENA_ARRAY(&g->arena, attr, s->attr_count + given_count);
    if (!n->attrs || !place_given(g, n, given, given_count)) return false;
    if (has_inputs) {
        infer_length(g, n);
        infer_types(g, n);
        if (graph_failed(g)) return false;
    }
    for (size_t i = 0; i < s->attr_count; i++) {
        n->attrs[i].name = s->attrs[i].name;
        if (!attr_absent(&n->attrs[i])) {
            if (has_inputs && !check_attr(g, n, i, &n->attrs[i])) return false;
            continue;
        }
        if (!s->attrs[i].has_default) return fail_missing(g, n, i);
        n->attrs[i] = s->attrs[i].fallback;
    }
    if (!check_input_count(g, n)) return false;
    for (size_t i = 0; has_inputs && i < n->input_count; i++)
        if (!check_input(g, n, i, n->inputs[i])) return false;
    return true;
}
