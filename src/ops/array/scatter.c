/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/scatter.c - rows into a tensor or a variable, by index: the opposite of gather.c.
 *
 *   by row:     ResourceScatterX(ref [n, inner], indices [k], updates [k, inner] or a scalar)
 *   by vector:  ScatterNd and friends, indices [k, n] into [d0 .. dn, inner]
 *
 * All indices are checked before the first element changes, as TensorFlow does. Updates are applied in order on one
 * thread, so repeated indices give the same sum each time.
 *
 * Tests: scatter.test. Reading order: the table, then up. */
#include "ops/array/combine.h"
#include "ops/array/move.h"

typedef struct scatter {
    combine_op    op;
    const tensor *indices, *updates;
    int           depth;          /* entries of one index vector                        */
    bool          by_row;         /* TensorFlow's wording differs                        */
    call         *c;
} scatter;

/* -- Which rows ---------------------------------------------------------------------------------------------------- */

static sm_status bad_index(const scatter *s, int64_t k, const shape *to)
{
    call *c = s->c;
    str   text, whole;
    str_init(&text);
    if (s->by_row) {
        move_print_index(&text, &s->indices->shape, k);
        (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices%s = %lld is not in [0, %lld)", str_text(&text),
                        (long long)tensor_int(s->indices, (size_t)k), (long long)to->dims[0]);
        str_clear(&text);
        return SM_INVALID_ARGUMENT;
    }
    str_init(&whole);
    for (int i = 0; i < s->depth; i++)
        str_addf(&text, "%s%lld", i ? ", " : "", (long long)tensor_int(s->indices, (size_t)(k * s->depth + i)));
    shape_print(&whole, to);
    (void)CALL_FAIL(c, SM_INVALID_ARGUMENT, "indices[%lld] = [%s] does not index into shape %s", (long long)k, str_text(&text), str_text(&whole));
    str_clear(&text);
    str_clear(&whole);
    return SM_INVALID_ARGUMENT;
}

static sm_status rows_of(const scatter *s, const shape *to, int64_t count, int64_t **rows)
{
    int64_t *at = call_scratch(s->c, (size_t)count * sizeof(*at));
    if (!at) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < count; k++) {
        at[k] = 0;
        for (int i = 0; i < s->depth; i++) {
            int64_t x = tensor_int(s->indices, (size_t)(k * s->depth + i));
            if (x < 0 || x >= to->dims[i]) return bad_index(s, k, to);
            at[k] = at[k] * to->dims[i] + x;
        }
    }
    *rows = at;
    return SM_OK;
}

/* to [depth dims, inner] from s->updates: count rows of inner, or one scalar for all. */
static sm_status apply(const scatter *s, tensor *to, int64_t count)
{
    call       *c = s->c;
    int64_t     inner = shape_count_range(&to->shape, s->depth, to->shape.rank), *rows = NULL;
    bool        one = s->updates->shape.rank == 0 && s->by_row;
    size_t      size = dtype_size(to->dtype);
    combine_fn *combine = combine_find(s->op, to->dtype);
    if (!one && (int64_t)tensor_count(s->updates) != count * inner)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "updates have %zu elements, expected %lld", tensor_count(s->updates), (long long)(count * inner));
    TRY(rows_of(s, &to->shape, count, &rows));
    if (!combine && s->op != COMBINE_UPDATE)
        return CALL_FAIL(c, SM_UNIMPLEMENTED, "%s cannot be combined so", dtype_short_name(to->dtype));
    for (int64_t k = 0; k < count; k++) {
        if (!combine) {
            for (int64_t i = 0; i < inner; i++)
                TRY(move_range(c, to, rows[k] * inner + i, s->updates, one ? 0 : k * inner + i, 1));
        } else if (!combine((char *)to->data + (size_t)(rows[k] * inner) * size,
                            (const char *)s->updates->data + (one ? 0 : (size_t)(k * inner) * size), !one, (size_t)inner)) {
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Integer division by zero");
        }
    }
    return SM_OK;
}

static sm_status apply_change(void *context, tensor *t, sm_error *err)
{
    const scatter *s = context;
    int64_t        count = (int64_t)tensor_count(s->indices);
    (void)err;                                       /* is s->c->err */
    if (s->depth > t->shape.rank)
        return CALL_FAIL(s->c, SM_INVALID_ARGUMENT, "The last dimension of indices must be <= rank of the variable; saw %d vs. %d", s->depth, t->shape.rank);
    if (!s->by_row) count = shape_count_range(&s->indices->shape, 0, s->indices->shape.rank - 1);
    return apply(s, t, count);
}

/* -- Into a variable ------------------------------------------------------------------------------------------------ */

static sm_status scatter_variable(call *c, combine_op op, bool by_row)
{
    scatter   s = { op, c->in[1], c->in[2], 1, by_row, c };
    variable *v;
    TRY(call_variable(c, 0, &v));
    if (variable_dtype(v) != c->in[2]->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "DType of scatter resource and updates does not match.");
    if (!by_row) {
        if (s.indices->shape.rank < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Indices shape must have rank at least one. Found:[]");
        int64_t depth = s.indices->shape.dims[s.indices->shape.rank - 1];
        if (depth > SHAPE_MAX_RANK) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "an index has %lld entries", (long long)depth);
        s.depth = (int)depth;
    }
    TRY(variable_update(v, c->memory, apply_change, &s, c->err));
    if (c->n_out) return call_give_object(c, 0, tensor_object(c->in[0], 0));     /* a TensorFlow 1 reference */
    return SM_OK;
}

#define VARIABLE_KERNEL(name, op, by_row, which)                                                                 \
    static sm_status name(call *c)                                                                        \
    {                                                                                                     \
        return scatter_variable(c, op, by_row);                                                           \
    }                                                                                                     \
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
VARIABLE_KERNEL(nd_update, COMBINE_UPDATE, false, NULL)
VARIABLE_KERNEL(nd_add, COMBINE_ADD, false, "T: numeric")
VARIABLE_KERNEL(nd_sub, COMBINE_SUB, false, "T: numeric")
VARIABLE_KERNEL(nd_min, COMBINE_MIN, false, "T: real")
VARIABLE_KERNEL(nd_max, COMBINE_MAX, false, "T: real")

/* -- Into a tensor -------------------------------------------------------------------------------------------------- */

static sm_status nd_depth(call *c, const tensor *indices, const shape *to, scatter *s)
{
    if (indices->shape.rank < 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Indices shape must have rank at least one. Found:[]");
    int64_t depth = indices->shape.dims[indices->shape.rank - 1];
    if (depth > to->rank)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "The inner %lld dimensions of indices do not fit an output of %d dimensions", (long long)depth, to->rank);
    s->depth = (int)depth;
    return SM_OK;
}

/* updates must be indices.shape[:-1] + to.shape[depth:]. */
static sm_status check_updates(const scatter *s, const shape *to)
{
    const shape *i = &s->indices->shape;
    shape        want = shape_scalar();
    str          a, b, w;
    if (i->rank - 1 + to->rank - s->depth <= SHAPE_MAX_RANK) {
        for (int d = 0; d + 1 < i->rank; d++) want.dims[want.rank++] = i->dims[d];
        for (int d = s->depth; d < to->rank; d++) want.dims[want.rank++] = to->dims[d];
        if (shape_eq(&want, &s->updates->shape)) return SM_OK;
    }
    str_init(&a);
    str_init(&b);
    str_init(&w);
    shape_print(&a, i);
    shape_print(&b, &s->updates->shape);
    shape_print(&w, to);
    (void)error_set(s->c->err, SM_INVALID_ARGUMENT, "Dimensions [0,%d) of indices%s must match dimensions [0,%d) of updates%s, shape is %s", i->rank - 1,
                    str_text(&a), i->rank - 1, str_text(&b), str_text(&w));
    str_clear(&a);
    str_clear(&b);
    str_clear(&w);
    return SM_INVALID_ARGUMENT;
}

static sm_status scatter_tensor(call *c, combine_op op, const tensor *indices, const tensor *updates, tensor *to)
{
    scatter s = { op, indices, updates, 1, false, c };
    TRY(nd_depth(c, indices, &to->shape, &s));
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
        if (s.dims[i] < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s.dims[i]);
    TRY(move_output(c, 0, &s));
    TRY(move_fill(c, c->out[0], NULL, 0));
    combine_op op = dtype_is(c->out[0]->dtype, DTYPE_BOOL | DTYPE_OBJECT) ? COMBINE_UPDATE : COMBINE_ADD;
    return scatter_tensor(c, op, c->in[0], c->in[1], c->out[0]);
}

static sm_status tensor_scatter(call *c, combine_op op)
{
    TRY(move_output(c, 0, &c->in[0]->shape));
    if (c->out[0]->data != c->in[0]->data) TRY(tensor_copy_elements(c->out[0], c->in[0], c->err));
    return scatter_tensor(c, op, c->in[1], c->in[2], c->out[0]);
}

#define TENSOR_KERNEL(name, op, which)                                                                           \
    static sm_status name(call *c)                                                                        \
    {                                                                                                     \
        return tensor_scatter(c, op);                                                                     \
    }                                                                                                     \
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
