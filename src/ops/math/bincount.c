/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/bincount.c - how often each small integer occurs: Bincount, DenseBincount, RaggedBincount, SparseBincount; and
 * HistogramFixedWidth.
 *
 * The four counts differ in where a value's row comes from: there is one row of bins, or one per row of a matrix, per row of
 * ragged values, per first coordinate. So each fills in a `bin_count`, and one loop per weight type does the adding. Values at
 * or above `size` are passed over. Values are added in their order on one thread.
 *
 * Tests: bincount.test, beside this file. */
#include "ops/array/move.h"
#include "ops/formula.h"

#define COUNTED(X, ...) SIGNED_LONG(X, __VA_ARGS__) WIDE_FLOATING(X, __VA_ARGS__)

typedef struct bin_count {
    const tensor *values, *weights;
    tensor       *out;
    int64_t       size, rows;
    int64_t       row_length;  /* of a dense matrix: value i is in row i / row_length; 0: look at the two below  */
    const tensor *splits;      /* row r is [splits[r], splits[r + 1])                                            */
    const tensor *coordinates; /* [n, rank]: value i is in row coordinates[i, 0]                                 */
    int64_t       rank;        /* of those coordinates                                                           */
} bin_count;

static int64_t bin_row(const bin_count *b, int64_t i, int64_t row)
{
    if (b->row_length) return i / b->row_length;
    if (b->coordinates) return tensor_int(b->coordinates, (size_t)(i * b->rank));
    while (row + 1 < b->rows && tensor_int(b->splits, (size_t)(row + 1)) <= i) row++;
    return row;
}

#define BIN_LOOP(T, tf, wide)                                                   \
    static void bins_add_##tf(const bin_count *b, bool binary)                  \
    {                                                                           \
        const T *weight = tensor_count(b->weights) ? b->weights->data : NULL;   \
        T       *out = b->out->data;                                            \
        int64_t  row = 0;                                                       \
        for (int64_t i = 0, n = (int64_t)tensor_count(b->values); i < n; i++) { \
            int64_t x = tensor_int(b->values, (size_t)i);                       \
            row = bin_row(b, i, row);                                           \
            if (x >= b->size) continue;                                         \
            T *bin = out + row * b->size + x;                                   \
            *bin = binary ? 1 : (T)(*bin + (weight ? weight[i] : 1));           \
        }                                                                       \
    }
#define PLAIN(X) X(int32_t, int32, false) X(int64_t, int64, false) X(float, float, false) X(double, double, false)
PLAIN(BIN_LOOP)

static sm_status check_size(call *c, const tensor *size, int64_t *out)
{
    if (tensor_count(size) != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Shape must be rank 0 but is rank %d", size->shape.rank);
    *out = tensor_int(size, 0);
    if (*out < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "size (%lld) must be non-negative", (long long)*out);
    return SM_OK;
}

static sm_status check_weights(call *c, const tensor *values, const tensor *weights)
{
    str a, b;
    if (shape_eq(&values->shape, &weights->shape) || tensor_count(weights) == 0) return SM_OK;
    str_init(&a);
    str_init(&b);
    shape_print(&a, &weights->shape);
    shape_print(&b, &values->shape);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT,
                    "`weights` must be the same shape as `arr` or a length-0 `Tensor`, in which case it acts as all "
                    "weights equal to 1. Received %s, but %s",
                    str_text(&a), str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return SM_INVALID_ARGUMENT;
}

/* Everything is known but the output's memory: makes it [rows, size], or [size], and counts. */
static sm_status bins_count(call *c, bin_count *b, bool vector, bool binary)
{
    shape s = vector ? shape_vector(b->size) : shape_matrix(b->rows, b->size);
    for (size_t i = 0, n = tensor_count(b->values); i < n; i++)
        if (tensor_int(b->values, i) < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Input arr must be non-negative!");
    TRY(move_output(c, 0, &s));
    b->out = c->out[0];
    TRY(move_fill(c, b->out, NULL, 0));
    switch (b->weights->dtype) {
    case SM_INT32: bins_add_int32(b, binary); break;
    case SM_INT64: bins_add_int64(b, binary); break;
    case SM_FLOAT: bins_add_float(b, binary); break;
    default: bins_add_double(b, binary);
    }
    return SM_OK;
}

static sm_status bincount(call *c)
{
    bin_count b = { .values = c->in[0], .weights = c->in[2], .row_length = INT64_MAX };
    TRY(check_size(c, c->in[1], &b.size));
    if (tensor_count(c->in[2]) && tensor_count(c->in[2]) != tensor_count(c->in[0]))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Input indices and weights must have the same size.");
    return bins_count(c, &b, true, false);
}

static sm_status dense_bincount(call *c)
{
    const shape *s = &c->in[0]->shape;
    bin_count    b = { .values = c->in[0], .weights = c->in[2], .row_length = INT64_MAX };
    if (s->rank > 2) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Shape must be at most rank 2 but is rank %d", s->rank);
    TRY(check_size(c, c->in[1], &b.size));
    if (s->rank == 2) {
        b.rows = s->dims[0];
        b.row_length = s->dims[1];
    }
    TRY(check_weights(c, b.values, b.weights));
    return bins_count(c, &b, s->rank < 2, node_bool(c->node, "binary_output"));
}

static sm_status ragged_bincount(call *c)
{
    const tensor *splits = c->in[0];
    int64_t       n = (int64_t)tensor_count(splits), total = (int64_t)tensor_count(c->in[1]);
    bin_count     b = { .values = c->in[1], .weights = c->in[3], .splits = splits, .rows = n - 1 };
    if (splits->shape.rank != 1 || n < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Splits must be a non-empty vector");
    TRY(check_size(c, c->in[2], &b.size));
    if (tensor_int(splits, 0) != 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Splits must start with 0, not with %lld",
                         (long long)tensor_int(splits, 0));
    if (tensor_int(splits, (size_t)(n - 1)) != total)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Splits must end with the number of values, got %lld instead of %lld",
                         (long long)tensor_int(splits, (size_t)(n - 1)), (long long)total);
    TRY(check_weights(c, b.values, b.weights));
    return bins_count(c, &b, false, node_bool(c->node, "binary_output"));
}

/* Every row of coordinates must lie inside the dense shape. */
static sm_status check_coordinates(call *c, const tensor *at, const tensor *dense)
{
    int64_t rank = at->shape.dims[1];
    for (int64_t i = 0; i < at->shape.dims[0]; i++)
        for (int64_t d = 0; d < rank; d++) {
            int64_t x = tensor_int(at, (size_t)(i * rank + d));
            if (x >= 0 && x < tensor_int(dense, (size_t)d)) continue;
            str a;
            str_init(&a);
            for (int64_t e = 0; e < rank; e++)
                str_addf(&a, "%s%lld", e ? ", " : "", (long long)tensor_int(at, (size_t)(i * rank + e)));
            (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "Sparse index tuple indices[%lld, :] = [%s] is out of bounds",
                            (long long)i, str_text(&a));
            str_clear(&a);
            return SM_INVALID_ARGUMENT;
        }
    return SM_OK;
}

static sm_status sparse_bincount(call *c)
{
    const tensor *at = c->in[0], *dense = c->in[2];
    int64_t       rank = (int64_t)tensor_count(dense), n = (int64_t)tensor_count(c->in[1]);
    bin_count     b = { .values = c->in[1], .weights = c->in[4], .row_length = INT64_MAX, .rank = rank };
    TRY(check_size(c, c->in[3], &b.size));
    if (dense->shape.rank != 1 || rank < 1 || rank > 2)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "dense_shape must be a vector of 1 or 2 elements");
    if (at->shape.rank != 2 || at->shape.dims[0] != n || at->shape.dims[1] != rank || c->in[1]->shape.rank != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Number of values must match first dimension of indices.");
    if (rank == 2) {
        b.row_length = 0;
        b.coordinates = at;
        b.rows = tensor_int(dense, 0);
        if (b.rows < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "dense_shape must not be negative");
    }
    TRY(check_coordinates(c, at, dense));
    TRY(check_weights(c, b.values, b.weights));
    return bins_count(c, &b, rank == 1, node_bool(c->node, "binary_output"));
}

/* -- Shapes -------------------------------------------------------------------------------------------------------- */

/* [rows, size], or [size] when there are no rows; size is what input `at` says. */
static sm_status infer_bins(infer *c, int at, bool vector, int64_t rows)
{
    int64_t size = UNKNOWN_DIM;
    if (c->in[at].rank > 0) return INFER_FAIL(c, "Shape must be rank 0 but is rank %d", c->in[at].rank);
    if (infer_int_value(c, at, &size) && size < 0)
        return INFER_FAIL(c, "size (%lld) must be non-negative", (long long)size);
    c->out[0] = vector ? shape_vector(size) : shape_matrix(rows, size);
    return SM_OK;
}

static sm_status infer_bincount(infer *c)
{
    return infer_bins(c, 1, true, 0);
}

static sm_status infer_dense_bincount(infer *c)
{
    const shape *s = &c->in[0];
    if (s->rank > 2) return INFER_FAIL(c, "Shape must be at most rank 2 but is rank %d", s->rank);
    TRY(infer_bins(c, 1, s->rank < 2, s->rank == 2 ? s->dims[0] : 0));
    if (s->rank < 0) c->out[0] = shape_unknown();
    return SM_OK;
}

static sm_status infer_ragged_bincount(infer *c)
{
    bool known = c->in[0].rank == 1 && c->in[0].dims[0] > 0;
    return infer_bins(c, 2, false, known ? c->in[0].dims[0] - 1 : UNKNOWN_DIM);
}

static sm_status infer_sparse_bincount(infer *c)
{
    shape     dense;
    sm_status s = SM_OK;
    if (!infer_shape_value(c, 2, &dense, &s)) return s;
    return dense.rank == 1 || dense.rank == 2 ? infer_bins(c, 3, dense.rank == 1, dense.dims[0]) : SM_OK;
}

/* -- HistogramFixedWidth --------------------------------------------------------------------------------------------- */

/* The bin of each value, or INVALID_ARGUMENT; subtraction is the type's own, the rest double, as in TensorFlow. */
#define HISTOGRAM_LOOP(T, tf, wide)                                                                              \
    static sm_status histogram_##tf(call *c)                                                                     \
    {                                                                                                            \
        const T *v = c->in[0]->data, *range = c->in[1]->data;                                                    \
        int64_t  bins, *count;                                                                                   \
        TRY(histogram_start(c, &bins, &count));                                                                  \
        if (!(range[0] < range[1])) return bad_range(c);                                                         \
        const double step = (double)(T)(range[1] - range[0]) / (double)bins;                                     \
        for (size_t i = 0, n = tensor_count(c->in[0]); i < n; i++) {                                             \
            if (v[i] != v[i]) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Histogram values must not contain NaN"); \
            double at = (double)(T)((v[i] > range[0] ? v[i] : range[0]) - range[0]) / step;                      \
            count[at < (double)(bins - 1) ? (int64_t)(at > 0 ? at : 0) : bins - 1]++;                            \
        }                                                                                                        \
        for (int64_t i = 0; i < bins; i++)                                                                       \
            if (c->out[0]->dtype == SM_INT64)                                                                    \
                ((int64_t *)c->out[0]->data)[i] = count[i];                                                      \
            else                                                                                                 \
                ((int32_t *)c->out[0]->data)[i] = (int32_t)count[i];                                             \
        return SM_OK;                                                                                            \
    }

static sm_status bad_range(call *c)
{
    str a;
    str_init(&a);
    str_addf(&a, "%.6g, %.6g", tensor_real(c->in[1], 0), tensor_real(c->in[1], 1));
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT,
                    "value_range should satisfy value_range[0] < value_range[1], but got '[%s]'", str_text(&a));
    str_clear(&a);
    return SM_INVALID_ARGUMENT;
}

/* Checks what no type is needed for, makes the output, and scratch zeroes to count in. */
static sm_status histogram_start(call *c, int64_t *bins, int64_t **count)
{
    if (tensor_count(c->in[1]) != 2 || c->in[1]->shape.rank != 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "value_range should be a vector of 2 elements.");
    if (c->in[2]->shape.rank != 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "nbins should be a scalar.");
    *bins = tensor_int(c->in[2], 0);
    if (*bins <= 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "nbins should be a positive number, but got '%lld'", (long long)*bins);
    shape s = shape_vector(*bins);
    TRY(move_output(c, 0, &s));
    *count = call_scratch(c, (size_t)*bins * sizeof **count);
    if (!*count) return SM_RESOURCE_EXHAUSTED;
    memset(*count, 0, (size_t)*bins * sizeof **count);
    return SM_OK;
}
PLAIN(HISTOGRAM_LOOP)

static sm_status infer_histogram(infer *c)
{
    int64_t bins = UNKNOWN_DIM;
    TRY(infer_rank(c, 2, 0));
    if (infer_int_value(c, 2, &bins) && bins <= 0)
        return INFER_FAIL(c, "nbins should be a positive number, but got '%lld'", (long long)bins);
    c->out[0] = shape_vector(bins);
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------- */

static const kernel bincount_kernel[] = { { .run = bincount }, { 0 } };
static const kernel dense_bincount_kernel[] = { { .run = dense_bincount }, { 0 } };
static const kernel ragged_bincount_kernel[] = { { .run = ragged_bincount }, { 0 } };
static const kernel sparse_bincount_kernel[] = { { .run = sparse_bincount }, { 0 } };
static const kernel histogram_kernel[] = { RUN_ROWS(histogram, COUNTED){ 0 } };

#define WEIGHTS "T: {int32, int64, float, double}"
#define BINS " | Tidx: index, " WEIGHTS ", binary_output: bool = false"

const op_def bincount_ops[] = {
    { "Bincount", "arr:int32 size:int32 weights:T -> bins:T | " WEIGHTS, infer_bincount, bincount_kernel, NULL, 0,
      "how often each integer below size occurs" },
    { "DenseBincount", "input:Tidx size:Tidx weights:T -> output:T" BINS, infer_dense_bincount, dense_bincount_kernel,
      NULL, 0, "Bincount of a vector, or of each row of a matrix" },
    { "RaggedBincount", "splits:int64 values:Tidx size:Tidx weights:T -> output:T" BINS, infer_ragged_bincount,
      ragged_bincount_kernel, NULL, 0, "Bincount of each row of ragged values" },
    { "SparseBincount", "indices:int64 values:Tidx dense_shape:int64 size:Tidx weights:T -> output:T" BINS,
      infer_sparse_bincount, sparse_bincount_kernel, NULL, 0, "Bincount of each row of a sparse tensor" },
    { "HistogramFixedWidth", "values:T value_range:T nbins:int32 -> out:dtype | " WEIGHTS ", dtype: index = int32",
      infer_histogram, histogram_kernel, NULL, 0, "how many values lie in each of nbins equal intervals" },
    { 0 },
};
