/* SPDX-License-Identifier: Apache-2.0 */
/* graph/infer.c - shape inference that many families share.
 *
 * Outputs are unknown when a function is called and stay so where nothing is said; inputs may be
 * partly unknown while a graph is only checked. Messages name the input as the signature does. */
#include "graph/op.h"

/* -- Whole functions --------------------------------------------------------------------------- */

sm_status infer_same(infer *c)
{
    for (int i = 0; i < c->n_out && c->n_in; i++) c->out[i] = c->in[0];
    return SM_OK;
}

sm_status infer_same_pair(infer *c)
{
    str x, y;
    if (shape_merge(&c->in[0], &c->in[1], &c->out[0])) return SM_OK;
    str_init(&x);
    str_init(&y);
    shape_print(&x, &c->in[0]);
    shape_print(&y, &c->in[1]);
    sm_status s = INFER_FAIL(c,
                             "Inputs to operation " SLICE_FMT " of type %s must have the same size and shape.  "
                             "Input 0: %s != input 1: %s",
                             SLICE_ARG(c->node->name), c->node->op->name, str_text(&x), str_text(&y));
    str_clear(&x);
    str_clear(&y);
    return s;
}

sm_status infer_scalar(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = shape_scalar();
    return SM_OK;
}

sm_status infer_unknown(infer *c)
{
    (void)c;
    return SM_OK;
}

/* *out becomes the broadcast of *out and input i. */
static sm_status broadcast_with(infer *c, shape *out, int i)
{
    shape     both;
    str       text;
    sm_status s;

    if (shape_broadcast(out, &c->in[i], &both)) {
        *out = both;
        return SM_OK;
    }
    str_init(&text);
    str_addz(&text, "Incompatible shapes: ");
    shape_print(&text, out);
    str_addz(&text, " vs. ");
    shape_print(&text, &c->in[i]);
    s = INFER_FAIL(c, "%s", str_text(&text));
    str_clear(&text);
    return s;
}

static sm_status broadcast_inputs(infer *c, int n)
{
    shape out = c->in[0];

    for (int i = 1; i < n; i++) TRY(broadcast_with(c, &out, i));
    c->out[0] = out;
    return SM_OK;
}

sm_status infer_broadcast(infer *c)
{
    return broadcast_inputs(c, 2);
}

sm_status infer_broadcast3(infer *c)
{
    return broadcast_inputs(c, 3);
}

/* -- Parts ------------------------------------------------------------------------------------- */

/* The signature's name for flat input i: of the argument it belongs to. */
static slice input_name(const infer *c, int i)
{
    const op_signature *s = c->node->sig;
    size_t              before = 0;

    for (size_t k = 0; k < s->input_count; k++) {
        const op_arg *p = &s->inputs[k];
        size_t        length = 1;
        if (p->number_attr >= 0) length = (size_t)c->node->attrs[p->number_attr].v.i;
        if (p->list_attr >= 0) length = c->node->attrs[p->list_attr].count;
        if ((size_t)i - before < length) return p->name;
        before += length;
    }
    return SLICE("input");
}

static sm_status fail_rank(infer *c, int input, const char *words, int rank)
{
    slice     name = input_name(c, input);
    str       text;
    sm_status s;

    str_init(&text);
    shape_print(&text, &c->in[input]);
    s = INFER_FAIL(c, SLICE_FMT " must be %s%d-dimensional, got shape %s", SLICE_ARG(name), words, rank, str_text(&text));
    str_clear(&text);
    return s;
}

sm_status infer_rank(infer *c, int input, int rank)
{
    int have = c->in[input].rank;

    return have == UNKNOWN_RANK || have == rank ? SM_OK : fail_rank(c, input, "", rank);
}

sm_status infer_rank_at_least(infer *c, int input, int rank)
{
    int have = c->in[input].rank;

    return have == UNKNOWN_RANK || have >= rank ? SM_OK : fail_rank(c, input, "at least ", rank);
}

bool infer_shape_value(infer *c, int input, shape *out, sm_status *s)
{
    *s = SM_OK;
    if (!c->value[input]) return false;
    *s = tensor_to_shape(c->value[input], out, c->err);
    return *s == SM_OK;
}

bool infer_int_value(infer *c, int input, int64_t *out)
{
    const tensor *t = c->value[input];

    if (!t || tensor_count(t) != 1 || !dtype_is(t->dtype, DTYPE_INTEGRAL)) return false;
    *out = tensor_int(t, 0);
    return true;
}
