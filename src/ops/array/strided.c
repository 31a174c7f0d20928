/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/strided.c - how a strided slice's arguments turn into a box.
 *
 * The sparse specification (one entry per item in Python's brackets) is walked from left to right; the ellipsis, or an
 * implied one at the end, stands for as many whole dimensions as are left. Each entry is then a new axis (no input
 * dimension), a shrunk one (one element, not in the result) or a range, clamped as Python clamps it. */
#include "ops/array/strided.h"

typedef struct spec {
    int64_t       begin, end, ellipsis, new_axis, shrink; /* masks                 */
    const tensor *b, *e, *s;
    int           n;     /* entries               */
    int           whole; /* dims of the ellipsis  */
} spec;

static int64_t between(int64_t low, int64_t x, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Where a range dimension begins or ends: the outermost place when masked, else entry k of `at`, from the end if negative. */
static int64_t limit(const tensor *at, bool masked, int k, int64_t dim, int64_t low, int64_t high, int64_t outermost)
{
    int64_t x = masked ? outermost : tensor_int(at, (size_t)k);
    return masked ? x : between(low, x < 0 ? x + dim : x, high);
}

/* [first, ...) of one range dimension and its count, given dim >= 0. */
static void clamp(const spec *p, int k, int64_t dim, int64_t stride, int64_t *first, int64_t *count)
{
    bool    up = stride > 0;
    int64_t low = up ? 0 : -1, high = up ? dim : dim - 1;
    int64_t b = limit(p->b, p->begin >> k & 1, k, dim, low, high, up ? low : high);
    int64_t e = limit(p->e, p->end >> k & 1, k, dim, low, high, up ? high : low);
    int64_t span = up ? e - b : b - e, step = up ? stride : stride == INT64_MIN ? INT64_MAX : -stride;
    *first = b;
    *count = span > 0 ? (span - 1) / step + 1 : 0;
}

static sm_status take_entry(sm_error *err, const spec *p, int k, const shape *in, int d, strided *box, shape *result)
{
    int64_t stride = tensor_int(p->s, (size_t)k), dim = in->dims[d];
    bool shrunk = p->shrink >> k & 1, known_begin = (p->begin >> k & 1) || p->b, known_end = (p->end >> k & 1) || p->e;
    if (stride == 0) return FAIL(err, SM_INVALID_ARGUMENT, "strides[%d] must be non-zero", k);
    box->stride[d] = stride;
    box->first[d] = 0;
    box->count[d] = UNKNOWN_DIM;
    if (shrunk) {
        int64_t at = p->b && !(p->begin >> k & 1) ? tensor_int(p->b, (size_t)k) : 0;
        if (stride < 0) return FAIL(err, SM_INVALID_ARGUMENT, "only stride 1 allowed on non-range indexing.");
        if (p->b && dim >= 0 && (at < -dim || at >= dim))
            return FAIL(err, SM_INVALID_ARGUMENT, "slice index %lld of dimension %d out of bounds.", (long long)at, d);
        box->first[d] = at < 0 && dim >= 0 ? at + dim : at;
        box->count[d] = 1;
        return SM_OK;
    }
    if (dim >= 0 && known_begin && known_end) clamp(p, k, dim, stride, &box->first[d], &box->count[d]);
    box->visible[result->rank] = d;
    result->dims[result->rank++] = box->count[d];
    return SM_OK;
}

static sm_status read_spec(sm_error *err, const node *n, const shape *in, spec *p)
{
    int consumed = 0;
    p->begin = node_int(n, "begin_mask");
    p->end = node_int(n, "end_mask");
    p->ellipsis = node_int(n, "ellipsis_mask");
    p->new_axis = node_int(n, "new_axis_mask");
    p->shrink = node_int(n, "shrink_axis_mask");
    if (tensor_count(p->s) > 32 || (p->b && tensor_count(p->b) != tensor_count(p->s)) ||
        (p->e && tensor_count(p->e) != tensor_count(p->s)))
        return FAIL(
            err,
            SM_INVALID_ARGUMENT, "Expected begin, end, and strides to be 1D equal size tensors, but got shapes [%zu], [%zu], and [%zu] instead.",
            p->b ? tensor_count(p->b) : 0, p->e ? tensor_count(p->e) : 0, tensor_count(p->s));
    p->n = (int)tensor_count(p->s);
    if (p->ellipsis & (p->ellipsis - 1))
        return FAIL(err, SM_INVALID_ARGUMENT, "Multiple ellipses in slice spec not allowed");
    for (int k = 0; k < p->n; k++)
        if (!(p->ellipsis >> k & 1) && !(p->new_axis >> k & 1)) consumed++;
    if (consumed > in->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "Index out of range using input dim %d; input has only %d dims", in->rank,
                    in->rank);
    p->whole = in->rank - consumed;
    return SM_OK;
}

static void take_whole(const shape *in, int d, strided *box, shape *result)
{
    box->first[d] = 0;
    box->stride[d] = 1;
    box->count[d] = in->dims[d];
    box->visible[result->rank] = d;
    result->dims[result->rank++] = in->dims[d];
}

sm_status strided_resolve(sm_error *err, const node *n, const shape *in, const tensor *begin, const tensor *end,
                          const tensor *strides, strided *box, shape *result)
{
    spec p = { .b = begin, .e = end, .s = strides };
    int  d = 0, added = 0;
    TRY(read_spec(err, n, in, &p));
    for (int k = 0; k < p.n; k++)
        if ((p.new_axis >> k & 1) && !(p.ellipsis >> k & 1)) added++;
    if (in->rank + added > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *result = shape_scalar();
    box->rank = in->rank;
    for (int k = 0; k < p.n; k++) {
        if (p.ellipsis >> k & 1) {
            for (int i = 0; i < p.whole; i++) take_whole(in, d++, box, result);
        } else if (p.new_axis >> k & 1) {
            box->visible[result->rank] = -1;
            result->dims[result->rank++] = 1;
        } else {
            TRY(take_entry(err, &p, k, in, d++, box, result));
        }
    }
    while (d < in->rank) take_whole(in, d++, box, result);
    return SM_OK;
}

move strided_move(const strided *box, const shape *in, bool read)
{
    move    m = { 0 };
    int64_t whole[SHAPE_MAX_RANK], packed[SHAPE_MAX_RANK], n = 1, at = 0;
    shape_strides(in, whole);
    for (int d = box->rank - 1; d >= 0; d--) {
        packed[d] = n;
        n *= box->count[d];
        at += box->first[d] * whole[d];
    }
    for (int d = 0; d < box->rank; d++) {
        if (read)
            move_dim(&m, box->count[d], packed[d], whole[d] * box->stride[d]);
        else
            move_dim(&m, box->count[d], whole[d] * box->stride[d], packed[d]);
    }
    if (read)
        m.from_at = at;
    else
        m.to_at = at;
    return m;
}
