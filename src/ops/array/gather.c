/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/gather.c - rows by index: GatherV2 with axis and batch dims, GatherNd, and both from a variable.
 *
 *   GatherV2: params [batch, outer, axis, inner], indices [batch, k] -> [batch, outer, k, inner]
 *   GatherNd: params [d0 .. dn, inner], indices [k, n] -> [k, inner]
 *
 * An index out of range is an error that names the index, as on TensorFlow's CPU (its GPU gives zeros). Rows are copied
 * by the threads after all indices have been checked, so no thread can fail.
 *
 * Tests: gather.test. Reading order: the table, then up. */
#include "ops/array/move.h"

/* -- Copying rows ------------------------------------------------------------------------------------------------- */

typedef struct rows {
    tensor        *to;
    const tensor  *from;
    const int64_t *at;    /* row k of the result comes from row at[k]     */
    int64_t        inner; /* elements of a row                            */
    size_t         bytes;
} rows;

static void copy_rows(void *context, int64_t begin, int64_t end)
{
    const rows *r = context;
    for (int64_t k = begin; k < end; k++)
        memcpy((char *)r->to->data + (size_t)k * r->bytes, (const char *)r->from->data + (size_t)r->at[k] * r->bytes,
               r->bytes);
}

static sm_status gather_rows(call *c, tensor *to, const tensor *from, const int64_t *at, int64_t n, int64_t inner)
{
    rows r = { to, from, at, inner, (size_t)inner * dtype_size(to->dtype) };
    if (n == 0 || inner == 0) return SM_OK;
    if (dtype_plain(to->dtype)) {
        call_for(c, n, r.bytes >= 65536 ? 1 : (int64_t)(65536 / r.bytes), copy_rows, &r);
        return SM_OK;
    }
    for (int64_t k = 0; k < n; k++) TRY(move_range(c, to, k * inner, from, at[k] * inner, inner));
    return SM_OK;
}

/* -- GatherV2 ----------------------------------------------------------------------------------------------------- */

typedef struct gathering {
    int   axis, batch;
    shape result;
} gathering;

static sm_status gather_plan(sm_error *err, const shape *params, const shape *indices, int64_t axis, int64_t batch,
                             gathering *g)
{
    shape *out = &g->result;
    if (!move_axis(axis, params->rank, &g->axis))
        return FAIL(err, SM_INVALID_ARGUMENT, "Shape must be at least rank %lld but is rank %d",
                    (long long)(axis < 0 ? -axis : axis + 1), params->rank);
    if (batch < -indices->rank || batch > indices->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected batch_dims in the range [%d, %d], but got %lld", -indices->rank,
                    indices->rank, (long long)batch);
    g->batch = (int)(batch < 0 ? batch + indices->rank : batch);
    if (g->batch >= params->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "batch_dims (%d) must be less than rank(params) (%d).", g->batch,
                    params->rank);
    if (g->axis < g->batch)
        return FAIL(err, SM_INVALID_ARGUMENT, "batch_dims (%d) must be less than or equal to axis (%d).", g->batch,
                    g->axis);
    if (params->rank + indices->rank - 1 - g->batch > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_scalar();
    for (int i = 0; i < g->batch; i++) {
        int64_t p = params->dims[i], x = indices->dims[i];
        if (p >= 0 && x >= 0 && p != x)
            return FAIL(err, SM_INVALID_ARGUMENT, "params.shape[%d]: %lld should be equal to indices.shape[%d]: %lld",
                        i, (long long)p, i, (long long)x);
        out->dims[out->rank++] = p >= 0 ? p : x;
    }
    for (int i = g->batch; i < g->axis; i++) out->dims[out->rank++] = params->dims[i];
    for (int i = g->batch; i < indices->rank; i++) out->dims[out->rank++] = indices->dims[i];
    for (int i = g->axis + 1; i < params->rank; i++) out->dims[out->rank++] = params->dims[i];
    return SM_OK;
}

static sm_status bad_index(call *c, const tensor *indices, int64_t i, int64_t limit)
{
    str at;
    str_init(&at);
    move_print_index(&at, &indices->shape, i);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices%s = %lld is not in [0, %lld)", str_text(&at),
                    (long long)tensor_int(indices, (size_t)i), (long long)limit);
    str_clear(&at);
    return SM_INVALID_ARGUMENT;
}

static sm_status gather_from(call *c, const tensor *params, const tensor *indices, int64_t axis, int64_t batch_dims)
{
    const shape *p = &params->shape;
    gathering    g;
    TRY(gather_plan(c->err, p, &indices->shape, axis, batch_dims, &g));
    TRY(move_output(c, 0, &g.result));
    int64_t batch = shape_count_range(p, 0, g.batch), outer = shape_count_range(p, g.batch, g.axis);
    int64_t limit = p->dims[g.axis], inner = shape_count_range(p, g.axis + 1, p->rank);
    int64_t k = shape_count_range(&indices->shape, g.batch, indices->shape.rank), n = 0;
    if (shape_count(&g.result) == 0 && tensor_count(indices) == 0) return SM_OK;
    int64_t *at = call_scratch(c, (size_t)(batch * outer * k) * sizeof(*at));
    if (!at) return SM_RESOURCE_EXHAUSTED;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t o = 0; o < outer; o++)
            for (int64_t i = 0; i < k; i++) {
                int64_t x = tensor_int(indices, (size_t)(b * k + i));
                if (x < 0 || x >= limit) return bad_index(c, indices, b * k + i, limit);
                at[n++] = (b * outer + o) * limit + x;
            }
    return gather_rows(c, c->out[0], params, at, n, inner);
}

static sm_status infer_gather_at(infer *c, const shape *params, int64_t axis, int64_t batch)
{
    gathering g;
    if (params->rank < 0 || c->in[1].rank < 0) return SM_OK;
    TRY(gather_plan(c->err, params, &c->in[1], axis, batch, &g));
    c->out[0] = g.result;
    return SM_OK;
}

static sm_status infer_gather_v2(infer *c)
{
    int64_t axis;
    if (!infer_int_value(c, 2, &axis)) {
        int64_t batch = node_int(c->node, "batch_dims");
        if (batch < 0) batch += c->in[1].rank;
        if (c->in[0].rank > 0 && c->in[1].rank >= 0 && c->in[0].rank + c->in[1].rank - 1 - batch <= SHAPE_MAX_RANK &&
            batch >= 0)
            c->out[0] = shape_unknown_dims((int)(c->in[0].rank + c->in[1].rank - 1 - batch));
        return SM_OK;
    }
    return infer_gather_at(c, &c->in[0], axis, node_int(c->node, "batch_dims"));
}

static sm_status gather_v2(call *c)
{
    if (tensor_count(c->in[2]) != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "axis must be scalar");
    return gather_from(c, c->in[0], c->in[1], tensor_int(c->in[2], 0), node_int(c->node, "batch_dims"));
}

static sm_status infer_gather(infer *c)
{
    return infer_gather_at(c, &c->in[0], 0, 0);
}

static sm_status gather(call *c)
{
    return gather_from(c, c->in[0], c->in[1], 0, 0);
}

static sm_status resource_gather(call *c)
{
    int64_t   batch = node_int(c->node, "batch_dims");
    variable *v;
    tensor   *params;
    TRY(call_variable(c, 0, &v));
    TRY(variable_read(v, &params, c->err));
    sm_status s = gather_from(c, params, c->in[1], batch, batch);
    tensor_unref(params);
    return s;
}

/* -- GatherNd ----------------------------------------------------------------------------------------------------- */

static sm_status gather_nd_shape(sm_error *err, const shape *params, const shape *indices, shape *out)
{
    int64_t n;
    if (params->rank < 1) return FAIL(err, SM_INVALID_ARGUMENT, "params must be at least a vector");
    if (indices->rank < 1) return FAIL(err, SM_INVALID_ARGUMENT, "indices must be at least a vector");
    n = indices->dims[indices->rank - 1];
    if (n < 0) {
        *out = shape_unknown();
        return SM_OK;
    }
    if (n > params->rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "index innermost dimension length must be <= params rank; saw: %lld vs. %d",
                    (long long)n, params->rank);
    if (indices->rank - 1 + params->rank - n > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_scalar();
    for (int i = 0; i + 1 < indices->rank; i++) out->dims[out->rank++] = indices->dims[i];
    for (int i = (int)n; i < params->rank; i++) out->dims[out->rank++] = params->dims[i];
    return SM_OK;
}

static sm_status infer_gather_nd(infer *c)
{
    if (c->in[0].rank < 0 || c->in[1].rank < 0) return SM_OK;
    return gather_nd_shape(c->err, &c->in[0], &c->in[1], &c->out[0]);
}

static sm_status bad_index_nd(call *c, const tensor *indices, int64_t row, int64_t n, const shape *params)
{
    str text, whole;
    str_init(&text);
    str_init(&whole);
    for (int64_t i = 0; i < n; i++)
        str_addf(&text, "%s%lld", i ? ", " : "", (long long)tensor_int(indices, (size_t)(row * n + i)));
    shape_print(&whole, params);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices[%lld] = [%s] does not index into param shape %s", (long long)row,
                    str_text(&text), str_text(&whole));
    str_clear(&text);
    str_clear(&whole);
    return SM_INVALID_ARGUMENT;
}

static sm_status gather_nd_from(call *c, const tensor *params, const tensor *indices)
{
    const shape *p = &params->shape;
    shape        s;
    TRY(gather_nd_shape(c->err, p, &indices->shape, &s));
    TRY(move_output(c, 0, &s));
    int64_t n = indices->shape.dims[indices->shape.rank - 1],
            count = shape_count_range(&indices->shape, 0, indices->shape.rank - 1);
    bool zeros = slice_is(
        node_attr(c->node, "bad_indices_policy") ? node_string(c->node, "bad_indices_policy") : SLICE(""), "IGNORE");
    int64_t *at = call_scratch(c, (size_t)count * sizeof(*at));
    if (!at) return SM_RESOURCE_EXHAUSTED;
    if (zeros) return CALL_FAIL(c, SM_UNIMPLEMENTED, "bad_indices_policy IGNORE");
    for (int64_t r = 0; r < count; r++) {
        at[r] = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t x = tensor_int(indices, (size_t)(r * n + i));
            if (x < 0 || x >= p->dims[i]) return bad_index_nd(c, indices, r, n, p);
            at[r] = at[r] * p->dims[i] + x;
        }
    }
    return gather_rows(c, c->out[0], params, at, count, shape_count_range(p, (int)n, p->rank));
}

static sm_status gather_nd(call *c)
{
    return gather_nd_from(c, c->in[0], c->in[1]);
}

static sm_status resource_gather_nd(call *c)
{
    variable *v;
    tensor   *params;
    TRY(call_variable(c, 0, &v));
    TRY(variable_read(v, &params, c->err));
    sm_status s = gather_nd_from(c, params, c->in[1]);
    tensor_unref(params);
    return s;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(gather_v2_rows, gather_v2);
KERNEL(gather_one_rows, gather);
KERNEL(resource_gather_rows, resource_gather);
KERNEL(gather_nd_rows, gather_nd);
KERNEL(resource_gather_nd_rows, resource_gather_nd);

/* clang-format off */
const op_def gather_ops[] = {
    { "GatherV2", "params:Tparams indices:Tindices axis:Taxis -> output:Tparams | batch_dims: int = 0, Tparams: any, Tindices: {int16, int32, int64}, Taxis: index",
      infer_gather_v2, gather_v2_rows, NULL, 0, "slices of params along an axis, by index" },
    { "Gather", "params:Tparams indices:Tindices -> output:Tparams | validate_indices: bool = true, Tparams: any, Tindices: index",
      infer_gather, gather_one_rows, NULL, 0, "rows of params, by index" },
    { "GatherNd", "params:Tparams indices:Tindices -> output:Tparams | Tparams: any, Tindices: {int16, int32, int64}, bad_indices_policy: string = \"\"",
      infer_gather_nd, gather_nd_rows, NULL, 0, "slices of params, by vectors of indices" },
    { "ResourceGather", "resource:resource indices:Tindices -> output:dtype | batch_dims: int = 0, validate_indices: bool = true, dtype: any, Tindices: index",
      infer_unknown, resource_gather_rows, NULL, OP_READS, "rows of a variable, by index" },
    { "ResourceGatherNd", "resource:resource indices:Tindices -> output:dtype | dtype: any, Tindices: index",
      infer_unknown, resource_gather_nd_rows, NULL, OP_READS, "slices of a variable, by vectors of indices" },
    { 0 },
};
/* clang-format on */
