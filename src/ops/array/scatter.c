/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/scatter.c - rows into a tensor or a variable, by index: the opposite of gather.c.
 *
 *   by row:     ResourceScatterX(ref [n, inner], indices [k], updates [k, inner] or a scalar)
 *   by vector:  ScatterNd and friends, indices [k, n] into [d0 .. dn, inner]
 *
 * All indices are checked before the first element changes; bad_indices_policy IGNORE passes over the bad ones of the forms
 * by vector. Bools are added as "or", strings by joining, as in TensorFlow. Updates are applied in order on one
 * thread, so repeated indices give the same sum each time.
 *
 * Tests: scatter.test. Reading order: the table, then up. */
#include "ops/array/combine.h"
#include "ops/array/move.h"

typedef struct scatter {
    combine_op    op;
    const tensor *indices, *updates;
    int           depth;  /* entries of one index vector                        */
    bool          by_row; /* TensorFlow's wording differs                        */
    call         *c;
    bool          ignore; /* bad indices are no error                            */
} scatter;

#define NO_ROW INT64_C(-1)

/* INVALID_ARGUMENT with a format of as many %s as there are shapes (three at most). */
static sm_status bad_shapes(call *c, const char *words[4], const shape *shapes[3])
{
    str text;
    str_init(&text);
    for (int i = 0; i < 4 && words[i]; i++) {
        str_addz(&text, words[i]);
        if (i < 3 && shapes[i]) shape_print(&text, shapes[i]);
    }
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s", str_text(&text));
    str_clear(&text);
    return SM_INVALID_ARGUMENT;
}
#define BAD_SHAPES(c, w1, s1, w2, s2, w3, s3, w4) \
    bad_shapes(c, (const char *[]){ w1, w2, w3, w4 }, (const shape *[]){ s1, s2, s3 })

/* -- Which rows ---------------------------------------------------------------------------------------------------- */

/* "[1,0]": where element k of indices stands; nothing for a scalar. */
static void add_place(str *out, const shape *indices, int64_t k)
{
    int64_t inner = shape_count(indices);
    for (int i = 0; i < indices->rank; i++) {
        inner /= indices->dims[i];
        str_addf(out, "%s%lld", i ? "," : "[", (long long)(k / inner));
        k %= inner;
    }
    if (indices->rank) str_addc(out, ']');
}

static sm_status bad_index(const scatter *s, int64_t k, const shape *to)
{
    call *c = s->c;
    str   text;
    str_init(&text);
    if (s->by_row) {
        add_place(&text, &s->indices->shape, k);
        (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices%s = %lld is not in [0, %lld)", str_text(&text),
                        (long long)tensor_int(s->indices, (size_t)k), (long long)to->dims[0]);
    } else {
        for (int i = 0; i < s->depth; i++)
            str_addf(&text, "%s%lld", i ? ", " : "", (long long)tensor_int(s->indices, (size_t)(k * s->depth + i)));
        str_addz(&text, "] does not index into shape ");
        shape_print(&text, to);
        (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices[%lld] = [%s", (long long)k, str_text(&text));
    }
    str_clear(&text);
    return SM_INVALID_ARGUMENT;
}

/* The row that index vector k means; NO_ROW: there is none. */
static int64_t row_of(const scatter *s, const shape *to, int64_t k)
{
    int64_t row = 0;
    for (int i = 0; i < s->depth; i++) {
        int64_t x = tensor_int(s->indices, (size_t)(k * s->depth + i));
        if (x < 0 || x >= to->dims[i]) return NO_ROW;
        row = row * to->dims[i] + x;
    }
    return row;
}

static sm_status rows_of(const scatter *s, const shape *to, int64_t count, int64_t **rows)
{
    int64_t *at = call_scratch(s->c, (size_t)count * sizeof(*at));
    if (!at) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < count; k++) {
        at[k] = row_of(s, to, k);
        if (at[k] == NO_ROW && !s->ignore) return bad_index(s, k, to);
    }
    *rows = at;
    return SM_OK;
}

/* -- Elements ------------------------------------------------------------------------------------------------------- */

/* Objects and strings: n elements of `to` from `at` on take those of updates from `from` on (step 0: one for all). */
static sm_status combine_objects(const scatter *s, tensor *to, int64_t at, int64_t from, int64_t step, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        tstring *text = (tstring *)to->data + at + i;
        if (s->op == COMBINE_UPDATE) {
            TRY(move_range(s->c, to, at + i, s->updates, from + i * step, 1));
            continue;
        }
        str joined;
        str_init(&joined);
        str_add(&joined, tstring_get(text));
        str_add(&joined, tensor_text(s->updates, (size_t)(from + i * step)));
        bool done = !joined.failed && tstring_set(text, str_slice(&joined));
        str_clear(&joined);
        if (!done) return CALL_FAIL(s->c, SM_RESOURCE_EXHAUSTED, "out of memory for strings");
    }
    return SM_OK;
}

static sm_status find_combine(const scatter *s, sm_dtype t, combine_fn **out)
{
    bool or = t == SM_BOOL && s->op == COMBINE_ADD;
    *out = or ? combine_find(COMBINE_MAX, SM_UINT8) : combine_find(s->op, t);
    if (*out || s->op == COMBINE_UPDATE || (t == SM_STRING && s->op == COMBINE_ADD)) return SM_OK;
    return CALL_FAIL(s->c, SM_UNIMPLEMENTED, "%s cannot be combined so", dtype_short_name(t));
}

/* to [depth dims, inner] from s->updates: count rows of inner, or one scalar for all. Shapes have been checked. */
static sm_status apply(const scatter *s, tensor *to, int64_t count)
{
    call       *c = s->c;
    int64_t     inner = shape_count_range(&to->shape, s->depth, to->shape.rank), *rows = NULL;
    bool        one = s->updates->shape.rank == 0 && s->by_row;
    size_t      size = dtype_size(to->dtype);
    combine_fn *combine = NULL;
    if (!one && (int64_t)tensor_count(s->updates) != count * inner)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "updates have %zu elements, expected %lld", tensor_count(s->updates),
                         (long long)(count * inner));
    TRY(rows_of(s, &to->shape, count, &rows));
    TRY(find_combine(s, to->dtype, &combine));
    for (int64_t k = 0; k < count; k++) {
        int64_t at = rows[k] * inner, from = one ? 0 : k * inner;
        if (rows[k] == NO_ROW) continue;
        if (!combine)
            TRY(combine_objects(s, to, at, from, !one, inner));
        else if (!combine((char *)to->data + (size_t)at * size, (const char *)s->updates->data + (size_t)from * size,
                          !one, (size_t)inner))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "updates must not contain 0");
    }
    return SM_OK;
}

/* by row: indices.shape + to.shape[1:], or a scalar */
static sm_status check_row_updates(const scatter *s, const shape *to)
{
    const shape *i = &s->indices->shape, *u = &s->updates->shape;
    bool         fits = to->rank > 0 && u->rank == i->rank + to->rank - 1;
    for (int d = 0; d < u->rank && fits; d++)
        fits = u->dims[d] == (d < i->rank ? i->dims[d] : to->dims[d - i->rank + 1]);
    if (fits || (u->rank == 0 && to->rank > 0)) return SM_OK;
    return BAD_SHAPES(
        s->c, "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape ", u,
        ", indices.shape ", i, ", params.shape ", to, NULL);
}

/* by vector: indices.shape[:-1] + to.shape[depth:] */
static sm_status check_updates(const scatter *s, const shape *to)
{
    const shape *i = &s->indices->shape, *u = &s->updates->shape;
    int          outer = i->rank - 1;
    bool         fits = u->rank >= outer;
    for (int d = 0; d < outer && fits; d++) fits = u->dims[d] == i->dims[d];
    if (!fits)
        return BAD_SHAPES(s->c, "Outer dimensions of indices and update must match. Indices shape: ", i,
                          ", updates shape:", u, NULL, NULL, NULL);
    fits = s->depth <= to->rank && u->rank - outer == to->rank - s->depth;
    for (int d = s->depth; d < to->rank && fits; d++) fits = u->dims[d - s->depth + outer] == to->dims[d];
    if (!fits)
        return BAD_SHAPES(s->c,
                          "Inner dimensions of output shape must match inner dimensions of updates shape. Output: ", to,
                          " updates: ", u, NULL, NULL, NULL);
    if (shape_count(to) == 0 && shape_count(u) > 0)
        return BAD_SHAPES(s->c, "Indices and updates specified for empty output.  indices shape: ", i, NULL, NULL, NULL,
                          NULL, NULL);
    return SM_OK;
}

/* What the forms by vector have in common: the depth of an index, and what becomes of bad ones. */
static sm_status by_vector(scatter *s)
{
    const shape *i = &s->indices->shape;
    const attr  *policy = node_attr(s->c->node, "bad_indices_policy");
    slice        word = policy ? policy->v.s : SLICE("");
    s->ignore = slice_is(word, "IGNORE");
    if (!s->ignore && word.len && !slice_is(word, "DEFAULT") && !slice_is(word, "ERROR"))
        return CALL_FAIL(s->c, SM_INVALID_ARGUMENT, "Unknown bad indices handling attribute: " SLICE_FMT, SLICE_ARG(word));
    if (i->rank < 1) return CALL_FAIL(s->c, SM_INVALID_ARGUMENT, "Indices shape must have rank at least one. Found:[]");
    s->depth = i->dims[i->rank - 1] > SHAPE_MAX_RANK ? SHAPE_MAX_RANK + 1 : (int)i->dims[i->rank - 1];
    return SM_OK;
}

static sm_status apply_change(void *context, tensor *t, sm_error *err)
{
    const scatter *s = context;
    int64_t        count = (int64_t)tensor_count(s->indices);
    (void)err; /* is s->c->err */
    TRY(s->by_row ? check_row_updates(s, &t->shape) : check_updates(s, &t->shape));
    if (!s->by_row) count = shape_count_range(&s->indices->shape, 0, s->indices->shape.rank - 1);
    return apply(s, t, count);
}

/* -- Into a variable ------------------------------------------------------------------------------------------------ */

static sm_status scatter_variable(call *c, combine_op op, bool by_row)
{
    scatter   s = { op, c->in[1], c->in[2], 1, by_row, c, false };
    variable *v;
    TRY(call_variable(c, 0, &v));
    if (variable_dtype(v) != c->in[2]->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "DType of scatter resource and updates does not match.");
    if (!by_row) TRY(by_vector(&s));
    TRY(variable_update(v, c->memory, apply_change, &s, c->err));
    if (c->n_out) return call_give_object(c, 0, tensor_object(c->in[0], 0)); /* a TensorFlow 1 reference */
    return SM_OK;
}

#define VARIABLE_KERNEL(name, op, by_row, which) \
    static sm_status name(call *c)               \
    {                                            \
        return scatter_variable(c, op, by_row);  \
    }                                            \
    static const kernel name##_kernel[] = { { .types = which, .run = name }, { 0 } };

VARIABLE_KERNEL(rows_update, COMBINE_UPDATE, true, NULL)
VARIABLE_KERNEL(rows_add, COMBINE_ADD, true, "dtype: numeric")
VARIABLE_KERNEL(rows_sub, COMBINE_SUB, true, "dtype: numeric")
VARIABLE_KERNEL(rows_mul, COMBINE_MUL, true, "dtype: numeric")
VARIABLE_KERNEL(rows_div, COMBINE_DIV, true, "dtype: numeric")
VARIABLE_KERNEL(rows_min, COMBINE_MIN, true, "dtype: real")
VARIABLE_KERNEL(rows_max, COMBINE_MAX, true, "dtype: real")
VARIABLE_KERNEL(ref_add, COMBINE_ADD, true, "T: numeric")
VARIABLE_KERNEL(ref_sub, COMBINE_SUB, true, "T: numeric")
VARIABLE_KERNEL(ref_mul, COMBINE_MUL, true, "T: numeric")
VARIABLE_KERNEL(ref_div, COMBINE_DIV, true, "T: numeric")
VARIABLE_KERNEL(ref_min, COMBINE_MIN, true, "T: real")
VARIABLE_KERNEL(ref_max, COMBINE_MAX, true, "T: real")
VARIABLE_KERNEL(nd_update, COMBINE_UPDATE, false, NULL)
VARIABLE_KERNEL(nd_add, COMBINE_ADD, false, "T: numeric")
VARIABLE_KERNEL(nd_sub, COMBINE_SUB, false, "T: numeric")
VARIABLE_KERNEL(nd_min, COMBINE_MIN, false, "T: real")
VARIABLE_KERNEL(nd_max, COMBINE_MAX, false, "T: real")

/* -- Into a tensor -------------------------------------------------------------------------------------------------- */

static sm_status scatter_tensor(call *c, combine_op op, const tensor *indices, const tensor *updates, tensor *to)
{
    scatter s = { op, indices, updates, 1, false, c, false };
    TRY(by_vector(&s));
    TRY(check_updates(&s, &to->shape));
    return apply(&s, to, shape_count_range(&indices->shape, 0, indices->shape.rank - 1));
}

static sm_status infer_scatter_nd(infer *c)
{
    if (!c->value[2]) return SM_OK;
    TRY(move_dims(c->value[2], &c->out[0], c->err));
    for (int i = 0; i < c->out[0].rank; i++)
        if (c->out[0].dims[i] < 0) return INFER_FAIL(c, "Dimension %lld must be >= 0", (long long)c->out[0].dims[i]);
    return SM_OK;
}

static sm_status scatter_nd(call *c)
{
    shape s;
    TRY(move_dims(c->in[2], &s, c->err));
    for (int i = 0; i < s.rank; i++)
        if (s.dims[i] < 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s.dims[i]);
    TRY(move_output(c, 0, &s));
    TRY(move_fill(c, c->out[0], NULL, 0));
    return scatter_tensor(c, COMBINE_ADD, c->in[0], c->in[1], c->out[0]);
}

static sm_status tensor_scatter(call *c, combine_op op)
{
    TRY(move_output(c, 0, &c->in[0]->shape));
    if (c->out[0]->data != c->in[0]->data) TRY(tensor_copy_elements(c->out[0], c->in[0], c->err));
    return scatter_tensor(c, op, c->in[1], c->in[2], c->out[0]);
}

#define TENSOR_KERNEL(name, op, which) \
    static sm_status name(call *c)     \
    {                                  \
        return tensor_scatter(c, op);  \
    }                                  \
    static const kernel name##_kernel[] = { { .types = which, .run = name }, { 0 } };

TENSOR_KERNEL(tensor_update, COMBINE_UPDATE, NULL)
TENSOR_KERNEL(tensor_add, COMBINE_ADD, "T: numeric")
TENSOR_KERNEL(tensor_sub, COMBINE_SUB, "T: numeric")
TENSOR_KERNEL(tensor_min, COMBINE_MIN, "T: real")
TENSOR_KERNEL(tensor_max, COMBINE_MAX, "T: real")
static const kernel scatter_nd_kernel[] = { { .run = scatter_nd }, { 0 } };

/* -- The table ---------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define NUMBERS "numeric+qint8+quint8+qint32+qint16+quint16"
#define ROWS(update) "resource:resource indices:Tindices updates:dtype -> | dtype: " update ", Tindices: index"
#define ND "ref:resource indices:Tindices updates:T -> | T: any, Tindices: index, use_locking: bool = true, bad_indices_policy: string = \"\""
#define REF(types, locking) "ref:&T indices:Tindices updates:T -> output_ref:&T | T: " types ", Tindices: index, use_locking: bool = " locking
#define REF_ND(types, locking) REF(types, locking) ", bad_indices_policy: string = \"\""
#define TENSOR(index) "tensor:T indices:Tindices updates:T -> output:T | T: any, Tindices: " index ", bad_indices_policy: string = \"\""
#define INTO_VARIABLE NULL, OP_STATEFUL | OP_WRITES
const op_def scatter_ops[] = {
    { "ResourceScatterUpdate", ROWS("any"), infer_unknown, rows_update_kernel, INTO_VARIABLE, "ref[indices] = updates" },
    { "ResourceScatterAdd", ROWS(NUMBERS), infer_unknown, rows_add_kernel, INTO_VARIABLE, "ref[indices] += updates" },
    { "ResourceScatterSub", ROWS(NUMBERS), infer_unknown, rows_sub_kernel, INTO_VARIABLE, "ref[indices] -= updates" },
    { "ResourceScatterMul", ROWS(NUMBERS), infer_unknown, rows_mul_kernel, INTO_VARIABLE, "ref[indices] *= updates" },
    { "ResourceScatterDiv", ROWS(NUMBERS), infer_unknown, rows_div_kernel, INTO_VARIABLE, "ref[indices] /= updates" },
    { "ResourceScatterMin", ROWS(NUMBERS), infer_unknown, rows_min_kernel, INTO_VARIABLE, "ref[indices] = min(ref[indices], updates)" },
    { "ResourceScatterMax", ROWS(NUMBERS), infer_unknown, rows_max_kernel, INTO_VARIABLE, "ref[indices] = max(ref[indices], updates)" },
    { "ResourceScatterNdUpdate", ND, infer_unknown, nd_update_kernel, INTO_VARIABLE, "the slices at vectors of indices = updates" },
    { "ResourceScatterNdAdd", ND, infer_unknown, nd_add_kernel, INTO_VARIABLE, "the slices at vectors of indices += updates" },
    { "ResourceScatterNdSub", ND, infer_unknown, nd_sub_kernel, INTO_VARIABLE, "the slices at vectors of indices -= updates" },
    { "ResourceScatterNdMin", ND, infer_unknown, nd_min_kernel, INTO_VARIABLE, "the minimum at vectors of indices" },
    { "ResourceScatterNdMax", ND, infer_unknown, nd_max_kernel, INTO_VARIABLE, "the maximum at vectors of indices" },
    { "ScatterUpdate", REF("any", "true"), infer_scalar, rows_update_kernel, INTO_VARIABLE, "ref[indices] = updates" },
    { "ScatterAdd", REF(NUMBERS, "false"), infer_scalar, ref_add_kernel, INTO_VARIABLE, "ref[indices] += updates" },
    { "ScatterSub", REF(NUMBERS, "false"), infer_scalar, ref_sub_kernel, INTO_VARIABLE, "ref[indices] -= updates" },
    { "ScatterMul", REF(NUMBERS, "false"), infer_scalar, ref_mul_kernel, INTO_VARIABLE, "ref[indices] *= updates" },
    { "ScatterDiv", REF(NUMBERS, "false"), infer_scalar, ref_div_kernel, INTO_VARIABLE, "ref[indices] /= updates" },
    { "ScatterMin", REF("{half, bfloat16, float, double, int32, int64}", "false"), infer_scalar, ref_min_kernel, INTO_VARIABLE, "ref[indices] = min(ref[indices], updates)" },
    { "ScatterMax", REF("{half, bfloat16, float, double, int32, int64}", "false"), infer_scalar, ref_max_kernel, INTO_VARIABLE, "ref[indices] = max(ref[indices], updates)" },
    { "ScatterNdUpdate", REF_ND("any", "true"), infer_scalar, nd_update_kernel, INTO_VARIABLE, "the slices at vectors of indices = updates" },
    { "ScatterNdAdd", REF_ND(NUMBERS, "false"), infer_scalar, nd_add_kernel, INTO_VARIABLE, "the slices at vectors of indices += updates" },
    { "ScatterNdSub", REF_ND(NUMBERS, "false"), infer_scalar, nd_sub_kernel, INTO_VARIABLE, "the slices at vectors of indices -= updates" },
    { "ScatterNdMin", REF_ND(NUMBERS, "false"), infer_scalar, nd_min_kernel, INTO_VARIABLE, "the minimum at vectors of indices" },
    { "ScatterNdMax", REF_ND(NUMBERS, "false"), infer_scalar, nd_max_kernel, INTO_VARIABLE, "the maximum at vectors of indices" },
    { "ScatterNd", "indices:Tindices updates:T shape:Tindices -> output:T | T: any, Tindices: {int16, int32, int64}, bad_indices_policy: string = \"\"",
      infer_scatter_nd, scatter_nd_kernel, NULL, 0, "zeros plus updates at vectors of indices" },
    { "TensorScatterUpdate", TENSOR("{int16, int32, int64, uint16}"), infer_same, tensor_update_kernel, NULL, OP_INPLACE, "tensor with slices replaced" },
    { "TensorScatterAdd", TENSOR("index"), infer_same, tensor_add_kernel, NULL, OP_INPLACE, "tensor with updates added" },
    { "TensorScatterSub", TENSOR("index"), infer_same, tensor_sub_kernel, NULL, OP_INPLACE, "tensor with updates subtracted" },
    { "TensorScatterMin", TENSOR("index"), infer_same, tensor_min_kernel, NULL, OP_INPLACE, "tensor with minima at vectors of indices" },
    { "TensorScatterMax", TENSOR("index"), infer_same, tensor_max_kernel, NULL, OP_INPLACE, "tensor with maxima at vectors of indices" },
    { 0 },
};
/* clang-format on */
