/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/select.c - which elements: Where, OneHot, DynamicPartition and its opposite, DynamicStitch.
 *
 * Where and DynamicPartition count first and fill afterwards: the shapes of their results depend on data.
 *
 * Tests: select.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Where: the coordinates of what is not zero ------------------------------------------------------------------ */

static sm_status infer_where(infer *c)
{
    c->out[0] = shape_unknown_dims(2);
    c->out[0].dims[1] = c->in[0].rank < 0 ? UNKNOWN_DIM : c->in[0].rank;
    return SM_OK;
}

/* NaN is not zero, -0.0 is. */
static bool is_set(const tensor *t, size_t i)
{
    if (dtype_is(t->dtype, DTYPE_COMPLEX)) {
        size_t half = dtype_size(t->dtype) / 2;
        double re, im;
        if (half == 4) {
            re = ((const float *)t->data)[2 * i];
            im = ((const float *)t->data)[2 * i + 1];
        } else {
            re = ((const double *)t->data)[2 * i];
            im = ((const double *)t->data)[2 * i + 1];
        }
        return re != 0 || im != 0;
    }
    return tensor_real(t, i) != 0;
}

static sm_status where(call *c)
{
    const tensor *x = c->in[0];
    int           rank = x->shape.rank;
    size_t        n = tensor_count(x), found = 0;
    int64_t      *out;
    if (rank < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "WhereOp : Unhandled input dimensions: %d", rank);
    for (size_t i = 0; i < n; i++) found += is_set(x, i);
    shape s = shape_matrix((int64_t)found, rank);
    TRY(call_output(c, 0, &s));
    out = c->out[0]->data;
    for (size_t i = 0; i < n; i++) {
        if (!is_set(x, i)) continue;
        size_t rest = i;
        for (int d = rank - 1; d >= 0; d--) {
            out[d] = (int64_t)(rest % (size_t)x->shape.dims[d]);
            rest /= (size_t)x->shape.dims[d];
        }
        out += rank;
    }
    return SM_OK;
}

/* -- OneHot -------------------------------------------------------------------------------------------------------- */

static sm_status one_hot_shape(sm_error *err, const node *n, const shape *indices, int64_t depth, shape *out, int *axis)
{
    int64_t a = node_int(n, "axis");
    if (indices->rank >= SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    if (a < -1 || a > indices->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected axis to be -1 or between [0, %d).  But received: %lld",
                    indices->rank + 1, (long long)a);
    if (depth < -1) return FAIL(err, SM_INVALID_ARGUMENT, "depth must be non-negative, got: %lld", (long long)depth);
    *axis = a < 0 ? indices->rank : (int)a;
    *out = shape_unknown_dims(indices->rank + 1);
    for (int i = 0; i < out->rank; i++) out->dims[i] = i == *axis ? depth : indices->dims[i - (i > *axis)];
    return SM_OK;
}

static sm_status infer_one_hot(infer *c)
{
    int64_t depth = UNKNOWN_DIM;
    int     axis;
    if (c->in[0].rank < 0) return SM_OK;
    if (infer_int_value(c, 1, &depth) && depth < 0)
        return INFER_FAIL(c, "depth must be non-negative, got: %lld", (long long)depth);
    return one_hot_shape(c->err, c->node, &c->in[0], depth, &c->out[0], &axis);
}

static sm_status one_hot(call *c)
{
    const tensor *x = c->in[0];
    int64_t       depth = tensor_int(c->in[1], 0);
    shape         s;
    int           axis = 0;
    if (depth < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "depth must be non-negative, got: %lld", (long long)depth);
    TRY(one_hot_shape(c->err, c->node, &x->shape, depth, &s, &axis));
    TRY(move_output(c, 0, &s));
    TRY(move_fill(c, c->out[0], c->in[3], 0));
    int64_t n = (int64_t)tensor_count(x), inner = shape_count_range(&s, axis + 1, s.rank);
    for (int64_t i = 0; i < n; i++) {
        int64_t hot = tensor_int(x, (size_t)i);
        if (hot >= 0 && hot < depth)
            TRY(move_range(c, c->out[0], (i / inner * depth + hot) * inner + i % inner, c->in[2], 0, 1));
    }
    return SM_OK;
}

/* -- DynamicPartition ------------------------------------------------------------------------------------------------ */

static sm_status infer_dynamic_partition(infer *c)
{
    int inner = c->in[0].rank >= 0 && c->in[1].rank >= 0 ? c->in[0].rank - c->in[1].rank : -1;
    if (inner < 0) return SM_OK;
    for (int i = 0; i < c->n_out; i++) {
        c->out[i] = shape_unknown_dims(inner + 1);
        for (int d = 0; d < inner; d++) c->out[i].dims[d + 1] = c->in[0].dims[c->in[1].rank + d];
    }
    return SM_OK;
}

static sm_status partition_mismatch(call *c)
{
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, &c->in[0]->shape);
    shape_print(&b, &c->in[1]->shape);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT,
                    "data.shape must start with partitions.shape, got data.shape = %s, partitions.shape = %s",
                    str_text(&a), str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return SM_INVALID_ARGUMENT;
}

static sm_status dynamic_partition(call *c)
{
    const tensor *data = c->in[0], *to = c->in[1];
    int64_t       n = (int64_t)tensor_count(to), inner;
    int64_t      *at = call_scratch(c, (size_t)c->n_out * sizeof(*at));
    if (!at) return SM_RESOURCE_EXHAUSTED;
    if (data->shape.rank < to->shape.rank) return partition_mismatch(c);
    for (int d = 0; d < to->shape.rank; d++)
        if (data->shape.dims[d] != to->shape.dims[d]) return partition_mismatch(c);
    memset(at, 0, (size_t)c->n_out * sizeof(*at));
    for (int64_t i = 0; i < n; i++) {
        int64_t p = tensor_int(to, (size_t)i);
        if (p < 0 || p >= c->n_out)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "partitions[%lld] = %lld is not in [0, %d)", (long long)i,
                             (long long)p, c->n_out);
        at[p]++;
    }
    for (int i = 0; i < c->n_out; i++) {
        shape s = shape_vector(at[i]);
        for (int d = to->shape.rank; d < data->shape.rank; d++) s.dims[s.rank++] = data->shape.dims[d];
        TRY(call_output(c, i, &s));
        at[i] = 0;
    }
    inner = shape_count_range(&data->shape, to->shape.rank, data->shape.rank);
    for (int64_t i = 0; i < n; i++) {
        int64_t p = tensor_int(to, (size_t)i);
        TRY(move_range(c, c->out[p], at[p]++ * inner, data, i * inner, inner));
    }
    return SM_OK;
}

/* -- DynamicStitch: merged[indices[k][i]] = data[k][i]; later ones win ------------------------------------------------ */

static sm_status infer_dynamic_stitch(infer *c)
{
    int n = c->n_in / 2, inner = -1;
    for (int k = 0; k < n; k++)
        if (c->in[k].rank >= 0 && c->in[n + k].rank >= c->in[k].rank) {
            inner = c->in[n + k].rank - c->in[k].rank;
            c->out[0] = shape_unknown_dims(inner + 1);
            for (int d = 0; d < inner; d++) c->out[0].dims[d + 1] = c->in[n + k].dims[c->in[k].rank + d];
        }
    return SM_OK;
}

static sm_status stitch_check(call *c, int k, int n, const shape *first, int first_rank)
{
    const shape *s = &c->in[k]->shape, *d = &c->in[n + k]->shape;
    bool         starts = d->rank >= s->rank;
    for (int i = 0; starts && i < s->rank; i++) starts = d->dims[i] == s->dims[i];
    if (!starts) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "data[%d].shape does not start with indices[%d].shape", k, k);
    bool same = d->rank - s->rank == first->rank - first_rank;
    for (int i = 0; same && i < d->rank - s->rank; i++) same = d->dims[s->rank + i] == first->dims[first_rank + i];
    if (!same)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Need data[0].shape[%d:] = data[%d].shape[%d:], got other dimensions",
                         first_rank, k, s->rank);
    return SM_OK;
}

static sm_status dynamic_stitch(call *c)
{
    int          n = c->n_in / 2, rank = c->in[0]->shape.rank;
    const shape *first = &c->in[n]->shape;
    int64_t      rows = 0, inner;
    for (int k = 0; k < n; k++) {
        TRY(stitch_check(c, k, n, first, rank));
        for (size_t i = 0; i < tensor_count(c->in[k]); i++) {
            int64_t x = tensor_int(c->in[k], i);
            if (x < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices[%zu] is out of range", i);
            if (x >= rows) rows = x + 1;
        }
    }
    shape s = shape_vector(rows);
    for (int d = rank; d < first->rank; d++) s.dims[s.rank++] = first->dims[d];
    TRY(call_output(c, 0, &s));
    TRY(dtype_plain(c->out[0]->dtype) ? move_fill(c, c->out[0], NULL, 0) : SM_OK);
    inner = shape_count_range(first, rank, first->rank);
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < tensor_count(c->in[k]); i++)
            TRY(move_range(c, c->out[0], tensor_int(c->in[k], i) * inner, c->in[n + k], (int64_t)i * inner, inner));
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
static const kernel where_rows[] = { { .types = "T: numeric|bool", .run = where }, { 0 } };
KERNEL(one_hot_rows, one_hot);
KERNEL(dynamic_partition_rows, dynamic_partition);
KERNEL(dynamic_stitch_rows, dynamic_stitch);

/* clang-format off */
const op_def select_ops[] = {
    { "Where", "input:T -> index:int64 | T: numeric+qint8+quint8+qint32+qint16+quint16+bool = bool",
      infer_where, where_rows, NULL, 0, "the coordinates of the elements that are not zero" },
    { "OneHot", "indices:TI depth:int32 on_value:T off_value:T -> output:T | axis: int = -1, T: any, TI: {uint8, int8, int32, int64} = int64",
      infer_one_hot, one_hot_rows, NULL, 0, "on_value at each index, off_value elsewhere" },
    { "DynamicPartition", "data:T partitions:int32 -> outputs:num_partitions*T | num_partitions: int >= 1, T: any",
      infer_dynamic_partition, dynamic_partition_rows, NULL, 0, "rows of data dealt out to the outputs" },
    { "DynamicStitch", "indices:N*int32 data:N*T -> merged:T | N: int >= 1, T: any",
      infer_dynamic_stitch, dynamic_stitch_rows, NULL, 0, "rows put together at given places; the last wins" },
    { "ParallelDynamicStitch", "indices:N*int32 data:N*T -> merged:T | N: int >= 1, T: any",
      infer_dynamic_stitch, dynamic_stitch_rows, NULL, 0, "rows put together at given places" },
    { 0 },
};
/* clang-format on */
