/* SPDX-License-Identifier: Apache-2.0 */
/* graph/op.c - which kernel rows fit a node.
 *
 *   pattern = attr ":" types { "," attr ":" types }        every attribute must fit   types   =
 * one { "|" one }   one     = a dtype | a set of signature.h (numeric, real, index, any ...) |
 * number " bytes": plain types of that size
 *
 * Of a list of types each element must fit. Attributes that the pattern does not name may be
 * anything. A word that is none of these fits nothing. */
#include "graph/graph_int.h"

static slice trimmed(slice s)
{
    while (s.len && s.ptr[0] == ' ') s = slice_tail(s, 1);
    while (s.len && s.ptr[s.len - 1] == ' ') s.len--;
    return s;
}

/* What comes before the separator; rest is what comes after it. */
static slice split_at(slice *rest, char separator)
{
    ptrdiff_t at = slice_find(*rest, separator);
    slice     head = at < 0 ? *rest : slice_head(*rest, (size_t)at);

    *rest = at < 0 ? (slice){ NULL, 0 } : slice_tail(*rest, (size_t)at + 1);
    return trimmed(head);
}

/* The types that one alternative names, as bits. */
static uint64_t alternative_types(slice one)
{
    int64_t  size;
    uint64_t bits = 0;

    if (!slice_ends(one, " bytes")) return signature_types(one);
    if (!slice_int(trimmed(slice_head(one, one.len - strlen(" bytes"))), &size)) return 0;
    for (int t = 1; t < DTYPE_LAST; t++)
        if (dtype_plain((sm_dtype)t) && (int64_t)dtype_size((sm_dtype)t) == size) bits |= UINT64_C(1) << t;
    return bits;
}

static bool attr_fits(const attr *a, uint64_t types)
{
    for (size_t i = 0; i < a->count; i++) {
        int t = (int)base_dtype((sm_dtype)(a->is_list ? a->v.ints[i] : a->v.i));
        if (t <= 0 || t >= DTYPE_LAST || !(types >> t & 1)) return false;
    }
    return true;
}

bool kernel_fits(const kernel *k, const node *n)
{
    slice rest = slice_of(k->types);

    while (rest.len) {
        slice       terms = split_at(&rest, ','), name = split_at(&terms, ':');
        uint64_t    types = 0;
        const attr *a = NULL;
        int         i = signature_attr(n->sig, name);
        while (terms.len) types |= alternative_types(split_at(&terms, '|'));
        if (k->widen && (types >> SM_FLOAT & 1)) types |= UINT64_C(1) << SM_HALF | UINT64_C(1) << SM_BFLOAT16;
        if (i >= 0) a = &n->attrs[i];
        if (!a || a->kind != ATTR_TYPE || !attr_fits(a, types)) return false;
    }
    return true;
}

/* Of "x:T y:T -> z:T | ...": 2; 0 when any of them has another type than T, or there are several outputs. */
static int count_plain_inputs(slice signature)
{
    ptrdiff_t arrow = slice_find(signature, '>');
    slice     rest = slice_head(signature, arrow < 1 ? 0 : (size_t)arrow - 1);
    slice     outputs = slice_tail(signature, arrow < 0 ? signature.len : (size_t)arrow + 1);
    slice     output = split_at(&outputs, '|');
    int       n = 0;

    for (rest = trimmed(rest); rest.len; rest = trimmed(rest), n++)
        if (!slice_ends(split_at(&rest, ' '), ":T")) return 0;
    return slice_ends(output, ":T") && slice_find(output, ' ') < 0 ? n : 0;
}

const kernel *op_float_map(const op_def *op, isa most, int *inputs)
{
    *inputs = (op->traits & OP_ELEMENTWISE) ? count_plain_inputs(slice_of(op->signature)) : 0;
    if (*inputs < 1 || *inputs > 3) return NULL;
    for (const kernel *k = op->kernels; k && (k->map || k->run); k++)
        if (k->map && !k->prepare && k->isa <= most && slice_is(slice_of(k->types), "T: float")) return k;
    return NULL;
}

sm_status op_supports(const op_def *op, const node *n, sm_error *err)
{
    const char *separator = " for ";
    str         text;

    for (const kernel *k = op->kernels; k && (k->map || k->run); k++)
        if (kernel_fits(k, n)) return SM_OK;
    str_init(&text);
    for (size_t i = 0; i < n->sig->attr_count; i++) {
        if (n->attrs[i].kind != ATTR_TYPE) continue;
        str_addf(&text, "%s" SLICE_FMT "=", separator, SLICE_ARG(n->attrs[i].name));
        attr_print(&text, &n->attrs[i]);
        separator = ", ";
    }
    (void)FAIL(err, SM_UNIMPLEMENTED, "no kernel of %s%s", op->name, str_text(&text));
    str_clear(&text);
    return SM_UNIMPLEMENTED;
}
