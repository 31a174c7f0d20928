/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/einsum.c - Einsum: sums of products, named by the labels of their axes.
 *
 * Every equation of one or two inputs is one batch of matrix products C[b, m, n] = sum over k of A[b, m, k] B[b, k, n]:
 *
 *     b   labels of both inputs and the output          m, n   labels of one input and the output
 *     k   labels that the output lacks                   (of one input alone: the other has stride 0 there)
 *
 * Each group of labels is a table of offsets, one per index, into each of the arrays; so a repeated label (a diagonal: its
 * strides are added), a permuted one, a broadcast one (stride 0) and a missing second input (one 1 everywhere) are the same
 * loop. That loop is the portable kernel. Float goes to the packed micro-kernels of ops/product.h: inputs are gathered
 * by the tables unless they lie as those want them, and results scattered likewise.
 *
 * The ellipsis stands for labels of its own, numbered from the right. The inputs change places when the output's last label
 * belongs to the first one, so that results are written in rows.
 *
 * Tests: einsum.test, beside this file. Reading order: the table, then up. */
#include "ops/array/move.h"
#include "ops/product.h"

#include <math.h>

#define LABELS (256 + SHAPE_MAX_RANK) /* bytes, then the ellipsis's axes from the right */
#define ELLIPSIS '.'

typedef struct subscript {
    int     count, named; /* labels, and those that are no ellipsis           */
    bool    ellipsis;     /* one of them is                                   */
    uint8_t labels[SHAPE_MAX_RANK + 1];
} subscript;

typedef struct equation {
    int       inputs;
    subscript in[2], out;
} equation;

/* -- Parsing ---------------------------------------------------------------------------------------------------------- */

/* TensorFlow takes any three characters that begin with a dot for an ellipsis. */
static sm_status parse_subscript(slice text, subscript *s, sm_error *err)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t label = (uint8_t)text.ptr[i];
        if (s->count == SHAPE_MAX_RANK + 1)
            return FAIL(err, SM_INVALID_ARGUMENT, "more than %d labels in einsum subscript: " SLICE_FMT, SHAPE_MAX_RANK,
                        SLICE_ARG(text));
        if (label == ELLIPSIS) {
            if (s->ellipsis)
                return FAIL(err, SM_INVALID_ARGUMENT, "more than one ellipsis in einsum subscript: " SLICE_FMT,
                            SLICE_ARG(text));
            s->ellipsis = true;
            i += 2;
        } else {
            s->named++;
        }
        s->labels[s->count++] = label;
    }
    return SM_OK;
}

static size_t find_text(slice text, const char *what, size_t from)
{
    size_t n = strlen(what);
    for (size_t i = from; i + n <= text.len; i++)
        if (memcmp(text.ptr + i, what, n) == 0) return i;
    return text.len;
}

static sm_status equation_parse(const node *n, equation *e, sm_error *err)
{
    slice  text = node_string(n, "equation");
    size_t arrow = find_text(text, "->", 0), comma = find_text(text, ",", 0);
    int    pieces = 1;
    if (arrow == text.len || find_text(text, "->", arrow + 2) != text.len)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expecting exactly one '->' in einsum equation: " SLICE_FMT, SLICE_ARG(text));
    for (size_t i = 0; i < arrow; i++) pieces += text.ptr[i] == ',';
    if (pieces > 2)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "Expecting 1 or 2 input subscripts in equation '" SLICE_FMT "' but got: %d", SLICE_ARG(text), pieces);
    if (pieces != (int)n->input_count)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected %d inputs but got: %u", pieces, n->input_count);
    e->inputs = pieces;
    if (comma > arrow) comma = arrow;
    TRY(parse_subscript((slice){ text.ptr, comma }, &e->in[0], err));
    if (pieces == 2) TRY(parse_subscript((slice){ text.ptr + comma + 1, arrow - comma - 1 }, &e->in[1], err));
    return parse_subscript((slice){ text.ptr + arrow + 2, text.len - arrow - 2 }, &e->out, err);
}

/* -- Labels and their dims ---------------------------------------------------------------------------------------------- */

/* The label of axis i of something of that rank. */
static int label_at(const subscript *s, int i, int rank)
{
    int extra = rank - s->named, at = 0;
    for (int k = 0; k < s->count; k++) {
        int width = s->labels[k] == ELLIPSIS ? extra : 1;
        if (i < at + width) return s->labels[k] == ELLIPSIS ? 256 + (at + width - 1 - i) : s->labels[k];
        at += width;
    }
    return 0;
}

static sm_status check_operand(const subscript *s, int input, int rank, sm_error *err)
{
    if (!s->ellipsis && rank != s->named)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected input %d to have rank %d but got: %d", input, s->named, rank);
    if (rank < s->named)
        return FAIL(err, SM_INVALID_ARGUMENT, "Expected input %d to have rank at least %d but got: %d", input, s->named,
                    rank);
    return SM_OK;
}

static sm_status bad_dim(const shape *s, int axis, int64_t expected, sm_error *err)
{
    str text;
    str_init(&text);
    shape_print(&text, s);
    (void)FAIL(err, SM_INVALID_ARGUMENT, "Expected dimension %lld at axis %d of the input shaped %s but got dimension %lld",
               (long long)expected, axis, str_text(&text), (long long)s->dims[axis]);
    str_clear(&text);
    return SM_INVALID_ARGUMENT;
}

/* Two sizes of an ellipsis dim, at least one of which is 1 or unknown. */
static int64_t broadcast_dim(int64_t a, int64_t b)
{
    if (a == 1) return b;
    if (a < 0 || b < 0) return a > b ? a : b;
    return a;
}

/* Puts what the shape of an input says into dims[LABELS]; -1 there: nothing yet, or unknown. Ellipsis dims broadcast. */
static sm_status take_dims(const subscript *s, int input, const shape *in, int64_t *dims, bool *seen, sm_error *err)
{
    TRY(check_operand(s, input, in->rank, err));
    for (int i = 0; i < in->rank; i++) {
        int     l = label_at(s, i, in->rank);
        int64_t d = in->dims[i];
        bool    first = !seen[l];
        seen[l] = true;
        if (first || (dims[l] < 0 && (l < 256 || d > 1)))
            dims[l] = d;
        else if (l >= 256 && (dims[l] == 1 || d == 1 || d < 0 || dims[l] < 0))
            dims[l] = broadcast_dim(dims[l], d);
        else if (l >= 256 && d != dims[l])
            return FAIL(err, SM_INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %lld vs. %lld",
                        (long long)dims[l], (long long)d);
        else if (d >= 0 && d != dims[l])
            return bad_dim(in, i, dims[l], err);
    }
    return SM_OK;
}

/* How many axes the ellipsis stands for in the output. */
static int ellipsis_rank(const equation *e, const shape *in)
{
    int most = 0;
    for (int i = 0; i < e->inputs; i++)
        if (e->in[i].ellipsis && in[i].rank - e->in[i].named > most) most = in[i].rank - e->in[i].named;
    return most;
}

static sm_status output_shape(const equation *e, const shape *in, int64_t *dims, shape *out, sm_error *err)
{
    bool seen[LABELS] = { false };
    int  wide = ellipsis_rank(e, in);
    for (int l = 0; l < LABELS; l++) dims[l] = UNKNOWN_DIM;
    for (int i = 0; i < e->inputs; i++) TRY(take_dims(&e->in[i], i, &in[i], dims, seen, err));
    if (wide > 0 && !e->out.ellipsis)
        return FAIL(
            err, SM_INVALID_ARGUMENT,
            "Output contains %d broadcasting dimension(s) but no ellipsis (...) was found in the output subscripts.",
            wide);
    int rank = e->out.named + (e->out.ellipsis ? wide : 0);
    if (rank > SHAPE_MAX_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_unknown_dims(rank);
    for (int i = 0; i < rank; i++) {
        int l = label_at(&e->out, i, rank);
        if (!seen[l]) return FAIL(err, SM_INVALID_ARGUMENT, "label '%c' of the output is in no input", l);
        out->dims[i] = dims[l];
    }
    return SM_OK;
}

static sm_status infer_einsum(infer *c)
{
    equation e;
    int64_t  dims[LABELS];
    TRY(equation_parse(c->node, &e, c->err));
    for (int i = 0; i < e.inputs; i++)
        if (c->in[i].rank < 0) return SM_OK;
    return output_shape(&e, c->in, dims, &c->out[0], c->err);
}

/* -- The product ------------------------------------------------------------------------------------------------------------ */

enum { OF_A, OF_B, OF_C };
enum { BATCH, ROWS, COLUMNS, DEPTH };
/* Which arrays a group of labels has strides in. */
static const uint8_t group_arrays[4] = { 7, 1 << OF_A | 1 << OF_C, 1 << OF_B | 1 << OF_C, 1 << OF_A | 1 << OF_B };

typedef struct group {
    int64_t  count;     /* product of the dims                                     */
    int64_t *offset[3]; /* into A, B, C; NULL where the group has no part in it    */
} group;

typedef struct contraction {
    group       g[4];
    const void *a, *b; /* b NULL: one 1, with strides of 0 */
    void       *c;
} contraction;

/* One label: its dim and the strides that it has in A, B and C. */
typedef struct axis {
    int     label;
    int64_t dim, stride[3];
} axis;

typedef struct axes {
    int  count;
    axis at[3 * SHAPE_MAX_RANK];
} axes;

static void add_strides(axes *x, const subscript *s, const shape *of, int array, const int64_t *dims)
{
    int64_t strides[SHAPE_MAX_RANK];
    shape_strides(of, strides);
    for (int i = 0; i < of->rank; i++) {
        int l = label_at(s, i, of->rank), k = 0;
        while (k < x->count && x->at[k].label != l) k++;
        if (k == x->count) x->at[x->count++] = (axis){ .label = l, .dim = dims[l] };
        if (of->dims[i] == dims[l]) x->at[k].stride[array] += of->dims[i] == 1 ? 0 : strides[i];
    }
}

/* Offsets of all indices of the group's axes (listed in order, the last runs fastest). */
static sm_status make_offsets(call *c, group *g, const axes *x, const int *list, int n, uint8_t arrays)
{
    g->count = 1;
    for (int i = 0; i < n; i++) g->count *= x->at[list[i]].dim;
    for (int array = 0; array < 3; array++) {
        int64_t span = 1;
        g->offset[array] = NULL;
        if (!(arrays >> array & 1)) continue;
        int64_t *o = g->offset[array] = call_scratch(c, ((size_t)g->count + 1) * sizeof *o);
        if (!o) return SM_RESOURCE_EXHAUSTED;
        if (g->count == 0) continue;
        o[0] = 0;
        for (int i = n - 1; i >= 0; i--) {
            const axis *at = &x->at[list[i]];
            for (int64_t k = 1; k < at->dim; k++)
                for (int64_t j = 0; j < span; j++) o[k * span + j] = o[j] + k * at->stride[array];
            span *= at->dim;
        }
    }
    return SM_OK;
}

/* An axis of dim 1 moves nothing. The output's axes come first in x, so groups follow the output's order; what is summed follows A's, then B's. */
static sm_status group_axes(call *c, contraction *p, const axes *x)
{
    for (int g = 0; g < 4; g++) {
        int list[3 * SHAPE_MAX_RANK], n = 0;
        for (int i = 0; i < x->count; i++) {
            const axis *at = &x->at[i];
            bool        a = at->stride[OF_A] != 0, b = at->stride[OF_B] != 0, out = at->stride[OF_C] != 0;
            int         belongs = at->dim == 1 ? -1 : !out ? DEPTH : a && b ? BATCH : b ? COLUMNS : ROWS;
            if (belongs == g) list[n++] = i;
        }
        TRY(make_offsets(c, &p->g[g], x, list, n, group_arrays[g]));
    }
    return SM_OK;
}

/* Everything that the kernels need. The inputs change places when that lets C be written in rows. */
static sm_status contraction_init(call *c, contraction *p)
{
    equation e;
    int64_t  dims[LABELS];
    shape    in[2], out;
    axes     x = { 0 };
    TRY(equation_parse(c->node, &e, c->err));
    for (int i = 0; i < e.inputs; i++) in[i] = c->in[i]->shape;
    TRY(output_shape(&e, in, dims, &out, c->err));
    add_strides(&x, &e.out, &out, OF_C, dims);
    bool swap = false;
    if (e.inputs == 2 && out.rank > 0) { /* is the last label of the output the first input's alone? */
        axes        y = x;
        const axis *last = NULL;
        add_strides(&y, &e.in[0], &in[0], OF_A, dims);
        add_strides(&y, &e.in[1], &in[1], OF_B, dims);
        for (int i = 0; i < y.count; i++)
            if (y.at[i].label == label_at(&e.out, out.rank - 1, out.rank)) last = &y.at[i];
        swap = last && last->stride[OF_A] && !last->stride[OF_B];
    }
    for (int i = 0; i < e.inputs; i++) add_strides(&x, &e.in[i], &in[i], swap ? 1 - i : i, dims);
    p->a = c->in[swap]->data;
    p->b = e.inputs == 2 ? c->in[1 - swap]->data : NULL;
    p->c = c->out[0]->data;
    if (tensor_bytes(c->out[0])) memset(p->c, 0, tensor_bytes(c->out[0])); /* a repeated label writes a diagonal only */
    return group_axes(c, p, &x);
}

/* -- Portable: rows [begin, end) of all batches' rows ------------------------------------------------------------------------ */

#define EINSUM_LOOP(T, tf)                                                                                       \
    static void einsum_rows_##tf(void *context, int64_t begin, int64_t end)                                      \
    {                                                                                                            \
        const contraction *p = context;                                                                          \
        const group       *batch = &p->g[BATCH], *row = &p->g[ROWS], *k = &p->g[DEPTH];                          \
        const int64_t     *b_at = p->g[COLUMNS].offset[OF_B], *c_at = p->g[COLUMNS].offset[OF_C];                \
        const T            one = 1;                                                                              \
        for (int64_t r = begin; r < end; r++) {                                                                  \
            int64_t  i = r / row->count, m = r % row->count;                                                     \
            const T *a = (const T *)p->a + batch->offset[OF_A][i] + row->offset[OF_A][m];                        \
            const T *b = p->b ? (const T *)p->b + batch->offset[OF_B][i] : &one;                                 \
            T       *c = (T *)p->c + batch->offset[OF_C][i] + row->offset[OF_C][m];                              \
            for (int64_t l = 0; l < k->count; l++) {                                                             \
                const T x = a[k->offset[OF_A][l]], *y = b + k->offset[OF_B][l];                                  \
                for (int64_t n = 0; n < p->g[COLUMNS].count; n++) c[c_at[n]] = (T)(c[c_at[n]] + x * y[b_at[n]]); \
            }                                                                                                    \
        }                                                                                                        \
    }                                                                                                            \
    static sm_status einsum_##tf(call *c)                                                                        \
    {                                                                                                            \
        contraction p;                                                                                           \
        TRY(contraction_init(c, &p));                                                                            \
        return einsum_portable(c, &p, einsum_rows_##tf);                                                         \
    }

static sm_status einsum_portable(call *c, contraction *p, pool_work *rows)
{
    int64_t work = p->g[DEPTH].count * p->g[COLUMNS].count;
    if (tensor_count(c->out[0])) call_for(c, p->g[BATCH].count * p->g[ROWS].count, 16384 / (work + 1) + 1, rows, p);
    return SM_OK;
}

EINSUM_LOOP(float, float)
EINSUM_LOOP(double, double)
EINSUM_LOOP(int32_t, int32)
EINSUM_LOOP(int64_t, int64)
EINSUM_LOOP(float complex, complex64)
EINSUM_LOOP(double complex, complex128)

/* -- Float on the micro-kernels -------------------------------------------------------------------------------------------------- */

#define SMALL_WORK 1024    /* multiply-adds of a batch: not worth packing for              */
#define BATCH_WORK 2097152 /* ... and more than this is shared by threads batch by batch   */
#define MOST_PIECES 8
#define UNEVEN INT64_MIN

/* The step from each offset to the next; UNEVEN when it varies. */
static int64_t step_of(const int64_t *offset, int64_t n)
{
    int64_t step = n > 1 ? offset[1] - offset[0] : 1;
    for (int64_t i = 2; i < n; i++)
        if (offset[i] - offset[i - 1] != step) return UNEVEN;
    return step;
}

typedef struct float_product {
    const contraction  *p;
    const gemm_kernels *kernels;
    int64_t             m, n, k;
    int64_t             a_row, b_row, b_column, c_row; /* UNEVEN in a_row, b_row, c_row: gathered, scattered */
    int64_t             pieces;
    size_t              packed_size, a_size, b_size, c_size; /* floats of scratch for a piece                */
    float              *scratch;
} float_product;

static void plan_product(float_product *q)
{
    const group *row = &q->p->g[ROWS], *column = &q->p->g[COLUMNS], *k = &q->p->g[DEPTH];
    q->m = row->count;
    q->n = column->count;
    q->k = k->count;
    q->a_row = step_of(row->offset[OF_A], q->m);
    if (step_of(k->offset[OF_A], q->k) != 1) q->a_row = UNEVEN;
    q->b_row = step_of(k->offset[OF_B], q->k);
    q->b_column = step_of(column->offset[OF_B], q->n);
    if (q->b_column == UNEVEN) q->b_row = UNEVEN;
    q->c_row = step_of(row->offset[OF_C], q->m);
    if (step_of(column->offset[OF_C], q->n) != 1) q->c_row = UNEVEN;
    q->a_size = q->a_row == UNEVEN ? (size_t)(q->m * q->k) : 0;
    q->b_size = q->b_row == UNEVEN ? (size_t)(q->k * q->n) : 0;
    q->c_size = q->c_row == UNEVEN ? (size_t)(q->m * q->n) : 0;
    q->packed_size = product_packed_size(q->kernels, q->k, q->n) / sizeof(float);
}

static void gather_matrix(const float *from, const int64_t *rows, int64_t m, const int64_t *columns, int64_t n, float *to)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) to[i * n + j] = from[rows[i] + columns[j]];
}

/* The product of batch i in scratch of its own; c NULL: alone on this thread. */
static void multiply_batch(const float_product *q, call *c, int64_t i, float *scratch)
{
    const int64_t start = 0;
    const group  *g = q->p->g;
    float        *packed = scratch, *a_copy = packed + q->packed_size, *b_copy = a_copy + q->a_size;
    float        *c_copy = b_copy + q->b_size;
    const float  *a = (const float *)q->p->a + g[BATCH].offset[OF_A][i];
    const float  *b = (const float *)q->p->b + g[BATCH].offset[OF_B][i];
    float        *out = (float *)q->p->c + g[BATCH].offset[OF_C][i];
    if (q->a_size) gather_matrix(a, g[ROWS].offset[OF_A], q->m, g[DEPTH].offset[OF_A], q->k, a_copy);
    if (q->b_size) gather_matrix(b, g[DEPTH].offset[OF_B], q->k, g[COLUMNS].offset[OF_B], q->n, b_copy);
    gemm    x = { .m = q->m,
                  .n = q->n,
                  .a = q->a_size ? a_copy : a,
                  .width = q->m,
                  .height = 1,
                  .x_step = q->a_size ? q->k : q->a_row,
                  .segments = 1,
                  .length = q->k,
                  .segment = &start,
                  .b = packed,
                  .c = q->c_size ? c_copy : out,
                  .c_step = q->c_size ? q->n : q->c_row,
                  .low = -INFINITY,
                  .high = INFINITY };
    int64_t b_row = q->b_size ? q->n : q->b_row, b_column = q->b_size ? 1 : q->b_column;
    b = q->b_size ? b_copy : b;
    if (c && product_is_thin(q->m) && b_column == 1) {
        product_run_thin(c, q->kernels, &x, b, b_row);
    } else if (c) {
        product_pack(c, q->kernels, b, b_row, b_column, q->k, q->n, packed);
        product_run(c, q->kernels, &x);
    } else {
        q->kernels->pack(b, b_row, b_column, q->k, q->n, 0, gemm_panels(q->kernels, q->n), packed);
        q->kernels->run(&x, 0, q->m, 0, gemm_panels(q->kernels, q->n));
    }
    for (int64_t r = 0; r < q->m && q->c_size; r++)
        for (int64_t j = 0; j < q->n; j++)
            out[g[ROWS].offset[OF_C][r] + g[COLUMNS].offset[OF_C][j]] = c_copy[r * q->n + j];
}

static size_t piece_floats(const float_product *q)
{
    return (q->packed_size + q->a_size + q->b_size + q->c_size + 15) / 16 * 16;
}

static void multiply_piece(void *context, int64_t begin, int64_t end)
{
    const float_product *q = context;
    int64_t              n = q->p->g[BATCH].count;
    for (int64_t piece = begin; piece < end; piece++)
        for (int64_t i = n * piece / q->pieces; i < n * (piece + 1) / q->pieces; i++)
            multiply_batch(q, NULL, i, q->scratch + (size_t)piece * piece_floats(q));
}

static sm_status einsum_vector(call *c, const gemm_kernels *kernels)
{
    contraction   p;
    float_product q = { .p = &p, .kernels = kernels };
    TRY(contraction_init(c, &p));
    int64_t batches = p.g[BATCH].count;
    plan_product(&q);
    if (!p.b || q.n == 1 || q.m * q.n * q.k < SMALL_WORK) return einsum_portable(c, &p, einsum_rows_float);
    bool apart = batches > 1 && q.m * q.n * q.k < BATCH_WORK;
    q.pieces = !apart ? 1 : batches < MOST_PIECES ? batches : MOST_PIECES;
    q.scratch = call_scratch(c, (size_t)q.pieces * piece_floats(&q) * sizeof(float));
    if (!q.scratch) return SM_RESOURCE_EXHAUSTED;
    if (apart)
        call_for(c, q.pieces, 1, multiply_piece, &q);
    else
        for (int64_t i = 0; i < batches; i++) multiply_batch(&q, c, i, q.scratch);
    return SM_OK;
}
PRODUCT_RUNS(einsum_vector)

/* -- The table -------------------------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const kernel einsum[] = {
    PRODUCT_ROWS(einsum_vector, "T: float")
    { .types = "T: float", .run = einsum_float, .widen = true },
    { .types = "T: double", .run = einsum_double },
    { .types = "T: int32", .run = einsum_int32 },
    { .types = "T: int64", .run = einsum_int64 },
    { .types = "T: complex64", .run = einsum_complex64 },
    { .types = "T: complex128", .run = einsum_complex128 },
    { 0 }
};
/* clang-format on */

const op_def einsum_ops[] = {
    { "Einsum", "inputs:N*T -> output:T | equation: string, N: int >= 1, T: type", infer_einsum, einsum, NULL, 0,
      "sums of products, by labels of axes: \"ij,jk->ik\"" },
    { 0 },
};
