/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/unique.c - Unique and its counts, along an axis too, and ListDiff: which values there are.
 *
 * A value is the bytes of a row; half, float and double zeros of both signs are made one first, and NaN equals nothing, not even
 * itself, as TensorFlow's hash maps have it. Rows are found through base/map.h, in order of first appearance.
 *
 * Tests: unique.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Keys --------------------------------------------------------------------------------------------------------- */

/* Does element i equal itself? */
static bool is_nan(const tensor *t, size_t i)
{
    double x;
    if (!dtype_is(t->dtype, DTYPE_FLOATING)) return false;
    x = tensor_real(t, i);
    return x != x;
}

/* Row r of x seen as [outer, n, inner], as bytes in the arena; *fresh: it equals nothing. */
static slice row_key(arena *a, const tensor *x, int64_t outer, int64_t n, int64_t inner, int64_t r, bool *never)
{
    size_t size = dtype_size(x->dtype), at = 0, length = 0;
    *never = false;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            size_t k = (size_t)((o * n + r) * inner + i);
            length += x->dtype == SM_STRING ? tensor_text(x, k).len + sizeof(size_t) : size;
        }
    char *bytes = arena_alloc(a, length + 1);
    if (!bytes) return (slice){ NULL, 0 };
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            size_t k = (size_t)((o * n + r) * inner + i);
            slice text = x->dtype == SM_STRING ? tensor_text(x, k) : slice_make((const char *)x->data + k * size, size);
            if (x->dtype == SM_STRING) {
                memcpy(bytes + at, &text.len, sizeof text.len);
                at += sizeof text.len;
            }
            *never |= is_nan(x, k);
            if (!(dtype_is(x->dtype, DTYPE_FLOATING) && tensor_real(x, k) == 0) && text.len)
                memcpy(bytes + at, text.ptr, text.len);
            at += text.len;
        }
    return slice_make(bytes, length);
}

static void put_index(tensor *t, int64_t i, int64_t x)
{
    if (t->dtype == SM_INT64)
        ((int64_t *)t->data)[i] = x;
    else
        ((int32_t *)t->data)[i] = (int32_t)x;
}

/* -- Unique ------------------------------------------------------------------------------------------------------- */

static sm_status unique_axis(call *c, int *axis)
{
    const tensor *x = c->in[0];
    *axis = 0;
    if (c->n_in == 1 || tensor_count(c->in[1]) == 0) {
        if (x->shape.rank == 1) return SM_OK;
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "unique expects a 1D vector.");
    }
    if (tensor_count(c->in[1]) != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "axis does not support input tensors larger than 1 elements");
    if (!move_axis(tensor_int(c->in[1], 0), x->shape.rank, axis))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "axis has to be between [0, %d)", x->shape.rank);
    return SM_OK;
}

/* first[k]: the row where value k appears first; number[r]: the value of row r. Returns how many values there are. */
static sm_status number_rows(call *c, const tensor *x, int64_t outer, int64_t n, int64_t inner, int64_t *first,
                             int64_t *number, int64_t *found)
{
    map seen;
    map_init(&seen, c->scratch);
    *found = 0;
    for (int64_t r = 0; r < n; r++) {
        bool      never, fresh = true;
        slice     key = row_key(c->scratch, x, outer, n, inner, r, &never);
        uint64_t *place = NULL;
        if (!key.ptr) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for the values seen");
        if (!never) {
            place = map_at(&seen, key, &fresh);
            if (!place) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for the values seen");
        }
        if (fresh) {
            if (place) *place = (uint64_t)*found;
            first[*found] = r;
            number[r] = (*found)++;
        } else {
            number[r] = (int64_t)*place;
        }
    }
    return SM_OK;
}

static sm_status unique(call *c)
{
    const tensor *x = c->in[0];
    int           axis;
    int64_t       found;
    TRY(unique_axis(c, &axis));
    int64_t outer = shape_count_range(&x->shape, 0, axis), n = x->shape.dims[axis],
            inner = shape_count_range(&x->shape, axis + 1, x->shape.rank);
    int64_t *first = call_scratch(c, (size_t)n * sizeof *first), *number = call_scratch(c, (size_t)n * sizeof *number);
    if (!first || !number) return SM_RESOURCE_EXHAUSTED;
    TRY(number_rows(c, x, outer, n, inner, first, number, &found));
    shape values = x->shape, indices = shape_vector(n), counts = shape_vector(found);
    values.dims[axis] = found;
    TRY(call_output(c, 0, &values));
    TRY(call_output(c, 1, &indices));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < found; k++)
            TRY(move_range(c, c->out[0], (o * found + k) * inner, x, (o * n + first[k]) * inner, inner));
    for (int64_t r = 0; r < n; r++) put_index(c->out[1], r, number[r]);
    if (c->n_out < 3) return SM_OK;
    TRY(call_output(c, 2, &counts));
    for (int64_t k = 0; k < found; k++) put_index(c->out[2], k, 0);
    for (int64_t r = 0; r < n; r++) put_index(c->out[2], number[r], tensor_int(c->out[2], (size_t)number[r]) + 1);
    return SM_OK;
}

static sm_status infer_unique(infer *c)
{
    if (c->n_in == 1)
        c->out[0] = shape_unknown_dims(1);
    else if (c->in[0].rank >= 0)
        c->out[0] = shape_unknown_dims(c->in[0].rank);
    c->out[1] = shape_unknown_dims(1);
    if (c->n_in == 1 && c->in[0].rank == 1) c->out[1].dims[0] = c->in[0].dims[0];
    if (c->n_out > 2) c->out[2] = shape_unknown_dims(1);
    return SM_OK;
}

/* -- ListDiff ------------------------------------------------------------------------------------------------------ */

static sm_status infer_list_diff(infer *c)
{
    c->out[0] = c->out[1] = shape_unknown_dims(1);
    return SM_OK;
}

static sm_status list_diff(call *c)
{
    const tensor *x = c->in[0], *y = c->in[1];
    int64_t       n = (int64_t)tensor_count(x), kept = 0;
    bool          never;
    map           there;
    if (x->shape.rank != 1 || y->shape.rank != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "x and y should be 1D vectors.");
    map_init(&there, c->scratch);
    for (int64_t i = 0; i < (int64_t)tensor_count(y); i++) {
        slice key = row_key(c->scratch, y, 1, (int64_t)tensor_count(y), 1, i, &never);
        if (!never) map_set(&there, key, 1);
    }
    int64_t *keep = call_scratch(c, (size_t)n * sizeof *keep);
    if (!keep) return SM_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < n; i++) {
        slice key = row_key(c->scratch, x, 1, n, 1, i, &never);
        if (never || !map_get(&there, key, NULL)) keep[kept++] = i;
    }
    if (c->scratch->failed) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for the values seen");
    shape s = shape_vector(kept);
    TRY(call_output(c, 0, &s));
    TRY(call_output(c, 1, &s));
    for (int64_t k = 0; k < kept; k++) {
        TRY(move_range(c, c->out[0], k, x, keep[k], 1));
        put_index(c->out[1], k, keep[k]);
    }
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
static const kernel unique_rows[] = { { .types = "T: real|bool|string", .run = unique }, { 0 } };
KERNEL(list_diff_rows, list_diff);

/* clang-format off */
const op_def unique_ops[] = {
    { "Unique", "x:T -> y:T idx:out_idx | T: any, out_idx: index = int32",
      infer_unique, unique_rows, NULL, 0, "the values there are, and which one each element has" },
    { "UniqueV2", "x:T axis:Taxis -> y:T idx:out_idx | T: any, Taxis: index = int64, out_idx: index = int32",
      infer_unique, unique_rows, NULL, 0, "the slices there are along an axis" },
    { "UniqueWithCounts", "x:T -> y:T idx:out_idx count:out_idx | T: any, out_idx: index = int32",
      infer_unique, unique_rows, NULL, 0, "the values there are, and how often" },
    { "UniqueWithCountsV2", "x:T axis:Taxis -> y:T idx:out_idx count:out_idx | T: any, Taxis: index = int64, out_idx: index = int32",
      infer_unique, unique_rows, NULL, 0, "the slices there are along an axis, and how often" },
    { "ListDiff", "x:T y:T -> out:T idx:out_idx | T: any, out_idx: index = int32",
      infer_list_diff, list_diff_rows, NULL, 0, "the elements of x that are not in y" },
    { 0 },
};
/* clang-format on */
