/* SPDX-License-Identifier: Apache-2.0 */
/* base/shape.c - shapes, in TensorFlow's words. */
#include "base/shape.h"

#include <inttypes.h>

/* -- Making them ------------------------------------------------------------------------------- */

shape shape_unknown(void)
{
    return (shape){ .rank = UNKNOWN_RANK };
}

shape shape_scalar(void)
{
    return (shape){ .rank = 0 };
}

shape shape_vector(int64_t n)
{
    return (shape){ .rank = 1, .dims = { n } };
}

shape shape_matrix(int64_t rows, int64_t columns)
{
    return (shape){ .rank = 2, .dims = { rows, columns } };
}

shape shape_of(int rank, const int64_t *dims)
{
    shape s = { .rank = rank };

    if (rank < 0 || rank > SHAPE_MAX_RANK) return shape_unknown();
    for (int i = 0; i < rank; i++) s.dims[i] = dims[i];
    return s;
}

shape shape_unknown_dims(int rank)
{
    shape s = { .rank = rank };

    if (rank < 0 || rank > SHAPE_MAX_RANK) return shape_unknown();
    for (int i = 0; i < rank; i++) s.dims[i] = UNKNOWN_DIM;
    return s;
}

/* -- Comparing and joining --------------------------------------------------------------------- */

bool shape_known(const shape *s)
{
    for (int i = 0; i < s->rank; i++)
        if (s->dims[i] < 0) return false;
    return s->rank >= 0;
}

bool shape_eq(const shape *a, const shape *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

bool shape_compatible(const shape *a, const shape *b)
{
    shape both;
    return shape_merge(a, b, &both);
}

bool shape_merge(const shape *a, const shape *b, shape *out)
{
    shape both = a->rank < 0 ? *b : *a;

    if (a->rank >= 0 && b->rank >= 0) {
        if (a->rank != b->rank) return false;
        for (int i = 0; i < a->rank; i++) {
            if (a->dims[i] >= 0 && b->dims[i] >= 0 && a->dims[i] != b->dims[i]) return false;
            if (a->dims[i] < 0) both.dims[i] = b->dims[i];
        }
    }
    *out = both;
    return true;
}

/* One dim of a broadcast. A dim above 1 wins over an unknown one, which can then only be equal or
 * 1; a 1 gives way; any other pair with an unknown stays unknown. */
static bool broadcast_dim(int64_t a, int64_t b, int64_t *out)
{
    if (a >= 0 && b >= 0 && a != b && a != 1 && b != 1) return false;
    if (a == 1)
        *out = b;
    else if (b == 1 || a == b)
        *out = a;
    else
        *out = a > 1 ? a : b > 1 ? b : UNKNOWN_DIM;
    return true;
}

bool shape_broadcast(const shape *a, const shape *b, shape *out)
{
    shape both = { 0 };

    if (a->rank < 0 || b->rank < 0) {
        *out = shape_unknown();
        return true;
    }
    both.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= both.rank; i++) { /* from the last dim backwards */
        int64_t x = i <= a->rank ? a->dims[a->rank - i] : 1;
        int64_t y = i <= b->rank ? b->dims[b->rank - i] : 1;
        if (!broadcast_dim(x, y, &both.dims[both.rank - i])) return false;
    }
    *out = both;
    return true;
}

/* -- Counting ---------------------------------------------------------------------------------- */

int64_t shape_count_range(const shape *s, int from, int to)
{
    int64_t count = 1;
    bool    overflow = false, empty = false;

    for (int i = from; i < to; i++) {
        if (s->dims[i] < 0) return -1;
        empty |= s->dims[i] == 0;
        overflow |= __builtin_mul_overflow(count, s->dims[i], &count);
    }
    return empty ? 0 : overflow ? -1 : count;
}

int64_t shape_count(const shape *s)
{
    return s->rank < 0 ? -1 : shape_count_range(s, 0, s->rank);
}

/* Dims of 0 are passed over in the product: [2^40, 2^40, 0] holds nothing, but kernels that split
 * it into rows and columns would overflow, so it is refused (numpy does the same). */
sm_status shape_check(const shape *s, size_t element_size, size_t max_bytes, sm_error *err)
{
    int64_t count = 1, bytes = 0;
    bool    overflow = false, empty = false;

    if (s->rank < 0 || s->rank > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "a tensor has 0 to %d dimensions, not %d", SHAPE_MAX_RANK, s->rank);
    for (int i = 0; i < s->rank; i++) {
        if (s->dims[i] < 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "dimension %d is %" PRId64 ", must be >= 0", i, s->dims[i]);
        empty |= s->dims[i] == 0;
        overflow |= s->dims[i] && __builtin_mul_overflow(count, s->dims[i], &count);
    }
    if (element_size > INT64_MAX || __builtin_mul_overflow(count, (int64_t)element_size, &bytes) || overflow) {
        str text = { 0 };
        shape_print(&text, s);
        (void)FAIL(err, SM_INVALID_ARGUMENT, "shape %s has too many elements", str_text(&text));
        str_clear(&text);
        return SM_INVALID_ARGUMENT;
    }
    if (!empty && (uint64_t)bytes > max_bytes) {
        str text = { 0 };
        shape_print(&text, s);
        (void)FAIL(err, SM_RESOURCE_EXHAUSTED, "a tensor of shape %s takes %" PRId64 " bytes, the limit is %zu",
                   str_text(&text), bytes, max_bytes);
        str_clear(&text);
        return SM_RESOURCE_EXHAUSTED;
    }
    return SM_OK;
}

void shape_strides(const shape *s, int64_t *strides)
{
    uint64_t step = 1; /* unsigned: wraps for a shape that shape_check would refuse */

    for (int i = s->rank - 1; i >= 0; i--) {
        strides[i] = (int64_t)step;
        step *= (uint64_t)s->dims[i];
    }
}

/* -- Printing ---------------------------------------------------------------------------------- */

void shape_print(str *out, const shape *s)
{
    if (s->rank < 0) {
        str_addz(out, "<unknown>");
        return;
    }
    str_addc(out, '[');
    for (int i = 0; i < s->rank; i++) {
        if (i) str_addc(out, ',');
        if (s->dims[i] < 0)
            str_addc(out, '?');
        else
            str_addf(out, "%" PRId64, s->dims[i]);
    }
    str_addc(out, ']');
}

void shape_print_tuple(str *out, const shape *s)
{
    if (s->rank < 0) {
        str_addz(out, "<unknown>");
        return;
    }
    str_addc(out, '(');
    for (int i = 0; i < s->rank; i++) {
        if (i) str_addz(out, ", ");
        if (s->dims[i] < 0)
            str_addz(out, "None");
        else
            str_addf(out, "%" PRId64, s->dims[i]);
    }
    str_addz(out, s->rank == 1 ? ",)" : ")");
}
