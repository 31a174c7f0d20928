/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/segment.c - rows that share a segment id are joined into one: SegmentSum and its like, UnsortedSegmentSum and
 * its like, SparseSegmentSum, Mean and SqrtN.
 *
 *   sorted:    output[ids[i]] op= data[i]               ids grow; the last one says how many rows there are
 *   unsorted:  output[ids[i ...]] op= data[i ...]       any ids below num_segments; negative ones are passed over
 *   sparse:    output[ids[i]] += data[indices[i]]       then divided by how many there were, or by its root
 *
 * Rows are joined in their order by the loops of array/combine.h, in the type itself, as TensorFlow does it. A segment that
 * no row belongs to holds the operation's neutral value if unsorted; if sorted or sparse 0, or 1 for products.
 *
 * Tests: segment.test, beside this file. Reading order: the table, then up. */
#include "ops/array/combine.h"
#include "ops/array/move.h"

#include <float.h>
#include <math.h>

/* x as an element of type t. */
typedef union number {
    uint64_t       bits[2];
    float          f;
    double         d;
    float complex  c;
    double complex z;
    uint16_t       u16;
} number;

static number number_of(sm_dtype t, double x)
{
    number n = { { 0, 0 } };
    switch (t) {
    case SM_FLOAT: n.f = (float)x; break;
    case SM_DOUBLE: n.d = x; break;
    case SM_HALF: n.u16 = float_to_half((float)x); break;
    case SM_BFLOAT16: n.u16 = float_to_bfloat16((float)x); break;
    case SM_COMPLEX64: n.c = (float)x; break;
    case SM_COMPLEX128: n.z = x; break;
    default: n.bits[0] = (uint64_t)(int64_t)x; /* an integer, cut to its size: little endian */
    }
    return n;
}

/* The lowest (or highest) number of type t that is not infinite. */
static number extreme_of(sm_dtype t, bool low)
{
    unsigned bits = 8 * (unsigned)dtype_size(t);
    number   n;
    switch (t) {
    case SM_FLOAT: return number_of(t, low ? (double)-FLT_MAX : (double)FLT_MAX);
    case SM_DOUBLE: return number_of(t, low ? -DBL_MAX : DBL_MAX);
    case SM_HALF: return number_of(t, low ? -65504 : 65504);
    case SM_BFLOAT16: n.u16 = low ? 0xff7f : 0x7f7f; return n;
    default: break;
    }
    n.bits[1] = 0;
    n.bits[0] = dtype_is(t, DTYPE_UNSIGNED) ? UINT64_MAX >> (64 - bits) : UINT64_MAX >> (65 - bits);
    if (low) n.bits[0] = dtype_is(t, DTYPE_UNSIGNED) ? 0 : n.bits[0] + 1;
    return n;
}

static void fill_with(tensor *t, number x)
{
    size_t size = dtype_size(t->dtype);
    for (size_t i = 0, n = tensor_count(t); i < n; i++) memcpy((char *)t->data + i * size, &x, size);
}

/* -- Rows into rows ---------------------------------------------------------------------------------------------------- */

typedef struct segments {
    combine_fn *update, *combine;
    int64_t     inner; /* elements of a row */
    size_t      size;  /* of an element     */
} segments;

static segments segments_of(const tensor *data, int64_t inner, combine_op op)
{
    return (segments){ combine_find(COMBINE_UPDATE, data->dtype), combine_find(op, data->dtype), inner,
                       dtype_size(data->dtype) };
}

static void join_row(const segments *s, combine_fn *how, tensor *out, int64_t to, const tensor *data, int64_t from)
{
    (void)how((char *)out->data + (size_t)(to * s->inner) * s->size,
              (const char *)data->data + (size_t)(from * s->inner) * s->size, 1, (size_t)s->inner);
}

static void divide_row(const tensor *data, const segments *s, tensor *out, int64_t row, double by)
{
    number x = number_of(data->dtype, by);
    (void)combine_find(COMBINE_DIV, data->dtype)((char *)out->data + (size_t)(row * s->inner) * s->size, &x, 0,
                                                 (size_t)s->inner);
}

static int64_t row_elements(const tensor *t)
{
    return shape_count_range(&t->shape, 1, t->shape.rank);
}

/* -- Sorted, and sparse --------------------------------------------------------------------------------------------------- */

typedef enum finish_kind { AS_JOINED, MEAN, ROOT_MEAN } finish_kind;

/* ids [n], data row i or indices[i]; out [rows, inner] is filled with what an empty segment holds. */
static sm_status join_sorted(call *c, const tensor *ids, const tensor *indices, combine_op op, finish_kind finish)
{
    const tensor *data = c->in[0];
    tensor       *out = c->out[0];
    segments      s = segments_of(data, row_elements(data), op);
    int64_t       rows = out->shape.dims[0], n = (int64_t)tensor_count(ids), last = -1, count = 0;
    for (int64_t i = 0; i <= n; i++) {
        int64_t id = i < n ? tensor_int(ids, (size_t)i) : INT64_MAX,
                from = indices && i < n ? tensor_int(indices, (size_t)i) : i;
        if (id != last && count && finish != AS_JOINED)
            divide_row(data, &s, out, last, finish == MEAN ? (double)count : sqrt((double)count));
        if (i == n) break;
        if (id < 0 || id >= rows)
            return CALL_FAIL(
                c, SM_INVALID_ARGUMENT,
                "Segment id %lld out of range [0, %lld), possibly because 'segment_ids' input is not sorted.",
                (long long)id, (long long)rows);
        if (from < 0 || from >= data->shape.dims[0])
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Bad: indices[%lld] == %lld out of range [0, %lld)", (long long)i,
                             (long long)from, (long long)data->shape.dims[0]);
        join_row(&s, id == last ? s.combine : s.update, out, id, data, from);
        count = id == last ? count + 1 : 1;
        last = id;
    }
    return SM_OK;
}

/* Makes the output [rows, data.shape[1:]], full of `empty`. */
static sm_status start_rows(call *c, int64_t rows, double empty)
{
    shape s = c->in[0]->shape;
    s.dims[0] = rows;
    TRY(move_output(c, 0, &s));
    fill_with(c->out[0], number_of(c->in[0]->dtype, empty));
    return SM_OK;
}

/* How many rows the sorted ids make. */
static sm_status segment_rows(call *c, const tensor *ids, int64_t *rows)
{
    size_t n = tensor_count(ids);
    for (size_t i = 1; i < n; i++)
        if (tensor_int(ids, i) < tensor_int(ids, i - 1))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment ids are not increasing");
    *rows = n ? tensor_int(ids, n - 1) : -1;
    if (*rows == INT64_MAX || (n && *rows < 0)) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment ids must be >= 0");
    *rows += 1;
    return SM_OK;
}

static sm_status segment(call *c, combine_op op, finish_kind finish)
{
    const tensor *ids = c->in[1];
    int64_t       rows;
    if (c->in[0]->shape.rank < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input must be at least rank 1");
    if (ids->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment_ids should be a vector.");
    if (ids->shape.dims[0] != c->in[0]->shape.dims[0])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment_ids should be the same size as dimension 0 of input.");
    TRY(segment_rows(c, ids, &rows));
    TRY(start_rows(c, rows, op == COMBINE_MUL ? 1 : 0));
    return join_sorted(c, ids, NULL, op, finish);
}

static sm_status not_a_scalar(sm_error *err, const shape *s)
{
    str a;
    str_init(&a);
    shape_print(&a, s);
    (void)FAIL(err, SM_INVALID_ARGUMENT, "num_segments should be a scalar, not shape %s", str_text(&a));
    str_clear(&a);
    return SM_INVALID_ARGUMENT;
}

static sm_status sparse_segment(call *c, finish_kind finish)
{
    const tensor *indices = c->in[1], *ids = c->in[2];
    int64_t       rows;
    if (c->in[0]->shape.rank < 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Shape must be at least rank 1 but is rank 0");
    if (indices->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices should be a vector.");
    if (ids->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment_ids should be a vector.");
    if (ids->shape.dims[0] != indices->shape.dims[0])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment_ids and indices should have same size.");
    TRY(segment_rows(c, ids, &rows));
    if (c->n_in == 4) {
        if (c->in[3]->shape.rank != 0) return not_a_scalar(c->err, &c->in[3]->shape);
        int64_t wanted = tensor_int(c->in[3], 0);
        if (rows > wanted) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment ids must be < num_segments");
        rows = wanted;
    }
    TRY(start_rows(c, rows, 0));
    return join_sorted(c, ids, indices, COMBINE_ADD, finish);
}

/* -- Unsorted ---------------------------------------------------------------------------------------------------------------- */

static bool starts_with(const shape *s, const shape *start)
{
    bool same = s->rank >= start->rank;
    for (int i = 0; i < start->rank && same; i++)
        same = s->dims[i] < 0 || start->dims[i] < 0 || s->dims[i] == start->dims[i];
    return same;
}

static sm_status not_a_prefix(sm_error *err, const shape *data, const shape *ids)
{
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, data);
    shape_print(&b, ids);
    (void)FAIL(err, SM_INVALID_ARGUMENT, "data.shape = %s does not start with segment_ids.shape = %s", str_text(&a),
               str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return SM_INVALID_ARGUMENT;
}

static sm_status bad_segment(call *c, size_t i, int64_t id, int64_t rows)
{
    str a;
    str_init(&a);
    move_print_index(&a, &c->in[1]->shape, (int64_t)i);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "segment_ids%s = %lld is out of range [0, %lld)", str_text(&a),
                    (long long)id, (long long)rows);
    str_clear(&a);
    return SM_INVALID_ARGUMENT;
}

static number neutral(sm_dtype t, combine_op op)
{
    if (op == COMBINE_ADD || op == COMBINE_MUL) return number_of(t, op == COMBINE_MUL);
    return extreme_of(t, op == COMBINE_MAX);
}

static sm_status unsorted_segment(call *c, combine_op op)
{
    const tensor *data = c->in[0], *ids = c->in[1];
    const shape  *d = &data->shape;
    int64_t       rows = tensor_count(c->in[2]) == 1 ? tensor_int(c->in[2], 0) : -1;
    if (c->in[2]->shape.rank != 0) return not_a_scalar(c->err, &c->in[2]->shape);
    if (!starts_with(d, &ids->shape)) return not_a_prefix(c->err, d, &ids->shape);
    if (rows < 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Input num_segments == %lld must not be negative.", (long long)rows);
    shape s = shape_vector(rows);
    for (int i = ids->shape.rank; i < d->rank; i++) {
        if (s.rank == SHAPE_MAX_RANK)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
        s.dims[s.rank++] = d->dims[i];
    }
    TRY(move_output(c, 0, &s));
    fill_with(c->out[0], neutral(data->dtype, op));
    segments join = segments_of(data, shape_count_range(d, ids->shape.rank, d->rank), op);
    for (size_t i = 0, n = tensor_count(ids); i < n; i++) {
        int64_t id = tensor_int(ids, i);
        if (id < 0) continue;
        if (id >= rows) return bad_segment(c, i, id, rows);
        join_row(&join, join.combine, c->out[0], id, data, (int64_t)i);
    }
    return SM_OK;
}

/* -- Shapes -------------------------------------------------------------------------------------------------------------------- */

/* [rows, data.shape[1:]] */
static void rows_of_data(infer *c, int64_t rows)
{
    c->out[0] = c->in[0];
    if (c->in[0].rank > 0) c->out[0].dims[0] = rows;
}

static sm_status infer_segment(infer *c)
{
    if (c->in[1].rank >= 0 && c->in[1].rank != 1) return INFER_FAIL(c, "segment_ids should be a vector.");
    if (c->in[0].rank == 0) return INFER_FAIL(c, "input must be at least rank 1");
    rows_of_data(c, UNKNOWN_DIM);
    return SM_OK;
}

static sm_status infer_sparse_segment(infer *c)
{
    int64_t rows = UNKNOWN_DIM;
    TRY(infer_rank_at_least(c, 0, 1));
    for (int i = 1; i < 3; i++)
        if (c->in[i].rank >= 0 && c->in[i].rank != 1)
            return INFER_FAIL(c, "Shape must be rank 1 but is rank %d", c->in[i].rank);
    if (c->in[1].rank == 1 && c->in[2].rank == 1 && !shape_compatible(&c->in[1], &c->in[2]))
        return INFER_FAIL(c, "segment_ids and indices should have same size.");
    if (c->n_in == 4 && infer_int_value(c, 3, &rows) && rows < 0) return INFER_FAIL(c, "segment ids must be >= 0");
    rows_of_data(c, rows);
    return SM_OK;
}

static sm_status infer_unsorted(infer *c)
{
    const shape *d = &c->in[0], *ids = &c->in[1];
    int64_t      rows = UNKNOWN_DIM;
    if (c->in[2].rank > 0) return not_a_scalar(c->err, &c->in[2]);
    if (infer_int_value(c, 2, &rows) && rows < 0)
        return INFER_FAIL(c, "Input num_segments == %lld must not be negative.", (long long)rows);
    if (d->rank < 0 || ids->rank < 0) return SM_OK;
    if (!starts_with(d, ids)) return not_a_prefix(c->err, d, ids);
    if (d->rank - ids->rank >= SHAPE_MAX_RANK) return INFER_FAIL(c, "more than %d dimensions", SHAPE_MAX_RANK);
    c->out[0] = shape_vector(rows);
    for (int i = ids->rank; i < d->rank; i++) c->out[0].dims[c->out[0].rank++] = d->dims[i];
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------------ */

#define SEGMENT_KERNEL(name, which, ...) \
    static sm_status name(call *c)       \
    {                                    \
        return __VA_ARGS__;              \
    }                                    \
    static const kernel name##_kernel[] = { { .types = "T: " which, .run = name }, { 0 } };

SEGMENT_KERNEL(segment_sum, "numeric", segment(c, COMBINE_ADD, AS_JOINED))
SEGMENT_KERNEL(segment_mean, "numeric", segment(c, COMBINE_ADD, MEAN))
SEGMENT_KERNEL(segment_prod, "numeric", segment(c, COMBINE_MUL, AS_JOINED))
SEGMENT_KERNEL(segment_min, "real", segment(c, COMBINE_MIN, AS_JOINED))
SEGMENT_KERNEL(segment_max, "real", segment(c, COMBINE_MAX, AS_JOINED))
SEGMENT_KERNEL(unsorted_sum, "numeric", unsorted_segment(c, COMBINE_ADD))
SEGMENT_KERNEL(unsorted_prod, "numeric", unsorted_segment(c, COMBINE_MUL))
SEGMENT_KERNEL(unsorted_min, "real", unsorted_segment(c, COMBINE_MIN))
SEGMENT_KERNEL(unsorted_max, "real", unsorted_segment(c, COMBINE_MAX))

/* half and bfloat16 are summed in float, which the rows for float do around them. */
#define SPARSE_KERNEL(name, which, finish)                                                       \
    static sm_status name(call *c)                                                               \
    {                                                                                            \
        return sparse_segment(c, finish);                                                        \
    }                                                                                            \
    static const kernel name##_kernel[] = { { .types = "T: float", .run = name, .widen = true }, \
                                            { .types = "T: " which, .run = name },               \
                                            { 0 } };
SPARSE_KERNEL(sparse_segment_sum, "double|integral", AS_JOINED)
SPARSE_KERNEL(sparse_segment_mean, "double", MEAN)
SPARSE_KERNEL(sparse_segment_root, "double", ROOT_MEAN)

/* clang-format off */
#define QUANTISED_TOO "numeric+qint8+quint8+qint32+qint16+quint16"
#define SORTED(types) "data:T segment_ids:Tindices -> output:T | T: " types ", Tindices: index"
#define UNSORTED(types, ids) "data:T segment_ids:Tindices num_segments:Tnumsegments -> output:T | T: " types ", Tindices: " ids ", Tnumsegments: index = int32"
#define SPARSE(types) "data:T indices:Tidx segment_ids:Tsegmentids -> output:T | T: " types ", Tidx: index = int32, Tsegmentids: index = int32, sparse_gradient: bool = false"
#define SPARSE_N(types) "data:T indices:Tidx segment_ids:Tsegmentids num_segments:Tnumsegments -> output:T | T: " types ", Tidx: index = int32, Tnumsegments: index = int32, Tsegmentids: index = int32, sparse_gradient: bool = false"
#define SHORT_TOO "{int16, int32, int64}"
const op_def segment_ops[] = {
    { "SegmentSum", SORTED(QUANTISED_TOO), infer_segment, segment_sum_kernel, NULL, 0, "sums of rows with one id; ids grow" },
    { "SegmentMean", SORTED(QUANTISED_TOO), infer_segment, segment_mean_kernel, NULL, 0, "means of rows with one id; ids grow" },
    { "SegmentProd", SORTED(QUANTISED_TOO), infer_segment, segment_prod_kernel, NULL, 0, "products of rows with one id; ids grow" },
    { "SegmentMin", SORTED("real"), infer_segment, segment_min_kernel, NULL, 0, "minima of rows with one id; ids grow" },
    { "SegmentMax", SORTED("real"), infer_segment, segment_max_kernel, NULL, 0, "maxima of rows with one id; ids grow" },
    { "UnsortedSegmentSum", UNSORTED(QUANTISED_TOO, SHORT_TOO), infer_unsorted, unsorted_sum_kernel, NULL, 0, "sums of rows with one id" },
    { "UnsortedSegmentProd", UNSORTED(QUANTISED_TOO, "index"), infer_unsorted, unsorted_prod_kernel, NULL, 0, "products of rows with one id" },
    { "UnsortedSegmentMin", UNSORTED("real", "index"), infer_unsorted, unsorted_min_kernel, NULL, 0, "minima of rows with one id" },
    { "UnsortedSegmentMax", UNSORTED("real", "index"), infer_unsorted, unsorted_max_kernel, NULL, 0, "maxima of rows with one id" },
    { "SparseSegmentSum", SPARSE("real"), infer_sparse_segment, sparse_segment_sum_kernel, NULL, 0, "sums of chosen rows by id" },
    { "SparseSegmentMean", SPARSE("floating"), infer_sparse_segment, sparse_segment_mean_kernel, NULL, 0, "means of chosen rows by id" },
    { "SparseSegmentSqrtN", SPARSE("floating"), infer_sparse_segment, sparse_segment_root_kernel, NULL, 0, "sums of n chosen rows by id, over sqrt(n)" },
    { "SparseSegmentSumWithNumSegments", SPARSE_N("real"), infer_sparse_segment, sparse_segment_sum_kernel, NULL, 0, "SparseSegmentSum with a number of segments" },
    { "SparseSegmentMeanWithNumSegments", SPARSE_N("floating"), infer_sparse_segment, sparse_segment_mean_kernel, NULL, 0, "SparseSegmentMean with a number of segments" },
    { "SparseSegmentSqrtNWithNumSegments", SPARSE_N("floating"), infer_sparse_segment, sparse_segment_root_kernel, NULL, 0, "SparseSegmentSqrtN with a number of segments" },
    { 0 },
};
/* clang-format on */
