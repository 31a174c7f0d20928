/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/matrix.c - diagonals of the innermost matrices: put in, taken out, replaced; and bands.
 *
 * A range of diagonals k = [low, high] of [.., rows, columns] is stored as [.., high - low + 1, longest], the highest diagonal
 * first, each aligned left or right in its row; one diagonal alone is stored as [.., longest]. A diagonal is one move: it has
 * stride columns + 1 in the matrix. The versions differ in what they let the caller say; V1 and V2 align left.
 *
 * Tests: matrix.test. Reading order: the table, then up. */
#include "ops/array/move.h"

typedef struct diagonals {
    int64_t low, high, rows, columns;
    int64_t longest;
    bool    left_above, left_below; /* alignment of diagonals above and below the main one  */
} diagonals;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void read_alignment(const node *n, diagonals *g)
{
    const attr *align = node_attr(n, "align");
    slice       text = align ? align->v.s : SLICE("LEFT_LEFT");
    g->left_above = slice_starts(text, "LEFT_");
    g->left_below = slice_ends(text, "_LEFT");
}

/* k: NULL is the main diagonal. */
static sm_status read_range(sm_error *err, const tensor *k, diagonals *g)
{
    g->low = g->high = 0;
    if (!k) return SM_OK;
    if (k->shape.rank > 1 || tensor_count(k) < 1 || tensor_count(k) > 2)
        return FAIL(err, SM_INVALID_ARGUMENT, "diag_index must be a scalar or vector, received %zu elements",
                    tensor_count(k));
    g->low = tensor_int(k, 0);
    g->high = tensor_int(k, tensor_count(k) - 1);
    if (g->low > g->high)
        return FAIL(err, SM_INVALID_ARGUMENT, "lower_diag_index must not be larger than upper_diag_index: %lld > %lld",
                    (long long)g->low, (long long)g->high);
    return SM_OK;
}

static sm_status check_range(sm_error *err, diagonals *g)
{
    if ((g->low <= -g->rows || g->low >= g->columns) && g->low != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "lower_diag_index is out of bound: %lld. It must be between %lld and %lld",
                    (long long)g->low, (long long)-g->rows, (long long)g->columns);
    if ((g->high <= -g->rows || g->high >= g->columns) && g->high != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "upper_diag_index is out of bound: %lld. It must be between %lld and %lld",
                    (long long)g->high, (long long)-g->rows, (long long)g->columns);
    g->longest = least(g->rows + least(g->high, 0), g->columns + least(-g->low, 0));
    return SM_OK;
}

/* Diagonal d of all matrices: between [batch, rows, columns] and [batch, stored diagonals, longest]. */
static move diagonal_move(const diagonals *g, int64_t batch, int64_t d, bool take_out)
{
    int64_t length = least(g->rows + least(0, d), g->columns + least(0, -d));
    bool    left = (d >= 0 && g->left_above) || (d <= 0 && g->left_below);
    int64_t stored = g->high - g->low + 1, at = (g->high - d) * g->longest + (left ? 0 : g->longest - length);
    int64_t in_matrix = most(-d, 0) * g->columns + most(d, 0);
    move    m = { .to_at = take_out ? at : in_matrix, .from_at = take_out ? in_matrix : at };
    move_dim(&m, batch, take_out ? stored * g->longest : g->rows * g->columns,
             take_out ? g->rows * g->columns : stored * g->longest);
    move_dim(&m, length, take_out ? 1 : g->columns + 1, take_out ? g->columns + 1 : 1);
    return m;
}

static sm_status move_diagonals(call *c, tensor *to, const tensor *from, const diagonals *g, int64_t batch, bool take_out)
{
    for (int64_t d = g->low; d <= g->high; d++) {
        move m = diagonal_move(g, batch, d, take_out);
        TRY(move_run(c, to, from, &m));
    }
    return SM_OK;
}

/* -- Taken out: MatrixDiagPart ------------------------------------------------------------------------------------------ */

static sm_status part_shape(sm_error *err, const node *n, const shape *in, const tensor *k, diagonals *g, shape *out)
{
    if (in->rank < 2)
        return FAIL(err, SM_INVALID_ARGUMENT, "input must be at least 2-dim, received shape of rank %d", in->rank);
    g->rows = in->dims[in->rank - 2];
    g->columns = in->dims[in->rank - 1];
    read_alignment(n, g);
    TRY(read_range(err, k, g));
    *out = *in;
    out->rank -= 2;
    if (g->low != g->high) out->dims[out->rank++] = g->high - g->low + 1;
    if (g->rows < 0 || g->columns < 0) {
        out->dims[out->rank++] = UNKNOWN_DIM;
        return SM_OK;
    }
    TRY(check_range(err, g));
    out->dims[out->rank++] = g->longest;
    return SM_OK;
}

static sm_status infer_part(infer *c)
{
    diagonals g;
    if (c->in[0].rank < 0 || (c->n_in > 1 && !c->value[1])) return SM_OK;
    return part_shape(c->err, c->node, &c->in[0], c->n_in > 1 ? c->value[1] : NULL, &g, &c->out[0]);
}

static sm_status diagonal_part(call *c)
{
    const shape *in = &c->in[0]->shape;
    diagonals    g;
    shape        s;
    TRY(part_shape(c->err, c->node, in, c->n_in > 1 ? c->in[1] : NULL, &g, &s));
    TRY(move_output(c, 0, &s));
    TRY(move_fill(c, c->out[0], c->n_in > 2 ? c->in[2] : NULL, 0));
    return move_diagonals(c, c->out[0], c->in[0], &g, shape_count_range(in, 0, in->rank - 2), true);
}

/* -- Put in: MatrixDiag --------------------------------------------------------------------------------------------------- */

/* rows and columns: -1 means as few as hold the diagonals. */
static sm_status diag_shape(sm_error *err, const node *n, const shape *in, const tensor *k, int64_t rows,
                            int64_t columns, diagonals *g, shape *out)
{
    read_alignment(n, g);
    TRY(read_range(err, k, g));
    if (in->rank < (g->low == g->high ? 1 : 2))
        return FAIL(err, SM_INVALID_ARGUMENT, "diagonal must be at least %d-dim, received shape of rank %d",
                    g->low == g->high ? 1 : 2, in->rank);
    if (in->rank >= SHAPE_MAX_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    g->longest = in->dims[in->rank - 1];
    *out = *in;
    out->rank = g->low == g->high ? in->rank + 1 : in->rank;
    out->dims[out->rank - 2] = out->dims[out->rank - 1] = UNKNOWN_DIM;
    if (g->longest < 0) return SM_OK;
    if (g->low != g->high && in->dims[in->rank - 2] >= 0 && in->dims[in->rank - 2] != g->high - g->low + 1)
        return FAIL(
            err,
            SM_INVALID_ARGUMENT, "The number of rows of `diagonal` doesn't match the number of diagonals implied from `d_lower` and `d_upper`");
    int64_t fewest_rows = g->longest - least(g->high, 0), fewest_columns = g->longest + most(g->low, 0);
    if (rows == -1 && columns == -1)
        rows = columns = most(fewest_rows, fewest_columns);
    else if (rows == -1)
        rows = fewest_rows;
    else if (columns == -1)
        columns = fewest_columns;
    if (rows < fewest_rows) return FAIL(err, SM_INVALID_ARGUMENT, "The number of rows is too small.");
    if (columns < fewest_columns) return FAIL(err, SM_INVALID_ARGUMENT, "The number of columns is too small.");
    if (rows != fewest_rows && columns != fewest_columns)
        return FAIL(
            err, SM_INVALID_ARGUMENT,
            "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal.");
    g->rows = out->dims[out->rank - 2] = rows;
    g->columns = out->dims[out->rank - 1] = columns;
    return SM_OK;
}

static sm_status infer_diag(infer *c)
{
    diagonals g;
    int64_t   rows = -1, columns = -1;
    if (c->in[0].rank < 0) return SM_OK;
    if (c->n_in > 1 && (!c->value[1] || !infer_int_value(c, 2, &rows) || !infer_int_value(c, 3, &columns)))
        return SM_OK;
    return diag_shape(c->err, c->node, &c->in[0], c->n_in > 1 ? c->value[1] : NULL, rows, columns, &g, &c->out[0]);
}

static sm_status diagonal_matrix(call *c)
{
    const tensor *x = c->in[0];
    bool          more = c->n_in > 1;
    diagonals     g;
    shape         s;
    TRY(diag_shape(c->err, c->node, &x->shape, more ? c->in[1] : NULL, more ? tensor_int(c->in[2], 0) : -1,
                   more ? tensor_int(c->in[3], 0) : -1, &g, &s));
    TRY(check_range(c->err, &g));
    TRY(move_output(c, 0, &s));
    TRY(move_fill(c, c->out[0], more ? c->in[4] : NULL, 0));
    return move_diagonals(c, c->out[0], x, &g, shape_count_range(&s, 0, s.rank - 2), false);
}

/* -- Replaced: MatrixSetDiag ---------------------------------------------------------------------------------------------- */

static sm_status wrong_diagonal(call *c)
{
    const shape *in = &c->in[0]->shape;
    str          input, diagonal;
    str_init(&input);
    str_init(&diagonal);
    shape_print(&input, in);
    shape_print(&diagonal, &c->in[1]->shape);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT,
                    "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not "
                    "equal to the longests diagonal in "
                    "range [lower_diag_index:upper_diag_index].\nInput shape: %s\nDiagonal shape: %s",
                    str_text(&input), str_text(&diagonal));
    str_clear(&input);
    str_clear(&diagonal);
    return SM_INVALID_ARGUMENT;
}

static sm_status set_diagonal(call *c)
{
    const tensor *x = c->in[0], *diagonal = c->in[1];
    diagonals     g;
    shape         want;
    TRY(part_shape(c->err, c->node, &x->shape, c->n_in > 2 ? c->in[2] : NULL, &g, &want));
    if (!shape_eq(&want, &diagonal->shape)) return wrong_diagonal(c);
    TRY(move_output(c, 0, &x->shape));
    if (c->out[0]->data != x->data) TRY(tensor_copy_elements(c->out[0], x, c->err));
    return move_diagonals(c, c->out[0], diagonal, &g, shape_count_range(&x->shape, 0, x->shape.rank - 2), false);
}

/* -- Bands ------------------------------------------------------------------------------------------------------------------ */

static sm_status band_part(call *c)
{
    const tensor *x = c->in[0];
    const shape  *s = &x->shape;
    int64_t       below = tensor_int(c->in[1], 0), above = tensor_int(c->in[2], 0);
    if (s->rank < 2)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input must be at least 2-dim, received shape of rank %d", s->rank);
    int64_t rows = s->dims[s->rank - 2], columns = s->dims[s->rank - 1], batch = shape_count_range(s, 0, s->rank - 2);
    if (below > rows)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "num_lower must be negative or less or equal to number of rows (%lld) got: %lld",
                         (long long)rows, (long long)below);
    if (above > columns)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "num_upper must be negative or less or equal to number of columns (%lld) got: %lld",
                         (long long)columns, (long long)above);
    TRY(move_output(c, 0, s));
    size_t size = dtype_size(x->dtype);
    for (int64_t b = 0; b < batch; b++)
        for (int64_t r = 0; r < rows; r++) {
            int64_t at = (b * rows + r) * columns, first = below < 0 ? 0 : least(most(r - below, 0), columns),
                    end = above < 0 ? columns : least(r + above + 1, columns);
            char *row = (char *)c->out[0]->data + (size_t)at * size;
            if (end < first) end = first;
            if (c->out[0]->data != x->data) TRY(move_range(c, c->out[0], at + first, x, at + first, end - first));
            memset(row, 0, (size_t)first * size);
            memset(row + (size_t)end * size, 0, (size_t)(columns - end) * size);
        }
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------------------- */

static const kernel part_rows[] = { { .types = "T: numeric|bool", .run = diagonal_part }, { 0 } };
static const kernel diag_rows[] = { { .types = "T: numeric|bool", .run = diagonal_matrix }, { 0 } };
static const kernel set_rows[] = { { .types = "T: numeric|bool", .run = set_diagonal }, { 0 } };
static const kernel band_rows[] = { { .types = "T: numeric|bool", .run = band_part }, { 0 } };

/* clang-format off */
#define ALIGN "T: any, align: {\"LEFT_RIGHT\", \"RIGHT_LEFT\", \"LEFT_LEFT\", \"RIGHT_RIGHT\"} = \"RIGHT_LEFT\""
#define DIAG "diagonal:T k:int32 num_rows:int32 num_cols:int32 padding_value:T -> output:T | "
#define PART "input:T k:int32 padding_value:T -> diagonal:T | "
#define SET "input:T diagonal:T k:int32 -> output:T | "
const op_def matrix_ops[] = {
    { "MatrixDiag", "diagonal:T -> output:T | T: any", infer_diag, diag_rows, NULL, 0, "matrices with a diagonal" },
    { "MatrixDiagV2", DIAG "T: any", infer_diag, diag_rows, NULL, 0, "matrices with diagonals" },
    { "MatrixDiagV3", DIAG ALIGN, infer_diag, diag_rows, NULL, 0, "matrices with diagonals" },
    { "MatrixDiagPart", "input:T -> diagonal:T | T: any", infer_part, part_rows, NULL, 0, "the diagonals of matrices" },
    { "MatrixDiagPartV2", PART "T: any", infer_part, part_rows, NULL, 0, "diagonals of matrices" },
    { "MatrixDiagPartV3", PART ALIGN, infer_part, part_rows, NULL, 0, "diagonals of matrices" },
    { "MatrixSetDiag", "input:T diagonal:T -> output:T | T: any", infer_same, set_rows, NULL, OP_INPLACE, "matrices with another diagonal" },
    { "MatrixSetDiagV2", SET "T: any", infer_same, set_rows, NULL, OP_INPLACE, "matrices with other diagonals" },
    { "MatrixSetDiagV3", SET ALIGN, infer_same, set_rows, NULL, OP_INPLACE, "matrices with other diagonals" },
    { "MatrixBandPart", "input:T num_lower:Tindex num_upper:Tindex -> band:T | T: any, Tindex: index = int64",
      infer_same, band_rows, NULL, OP_INPLACE, "matrices with zeros outside of a band" },
    { 0 },
};
/* clang-format on */
