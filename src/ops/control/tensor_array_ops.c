/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_array_ops.c - TensorFlow 1's TensorArray (V3): made, written, read, gathered, scattered, joined, split.
 *
 * The array is an object that lives as long as somebody holds its handle. Every op that changes it gives the flow on, so the
 * order of the ops is the order of the data; elements go in and out without being copied where they are counted tensors.
 *
 * Where TensorFlow crashes (negative lengths in Split) there is an error. An array or a stack of handles to arrays or stacks is
 * refused: it could hold itself and would never be released.
 *
 * Tests: the model tests/models/loops. Reading order: the table, then up. */
#include "ops/control/tensor_array.h"
#include "ops/control/tensor_list_ops.h"

#include <stdio.h>

/* -- Arguments ------------------------------------------------------------------------------------------------------------ */

/* The array of input 0, locked; the caller unlocks. */
static sm_status lock_array(call *c, tensor_array **out)
{
    object *o = NULL;
    TRY(call_object(c, 0, &tensor_array_type, &o));
    *out = (tensor_array *)(void *)o;
    pthread_mutex_lock(&(*out)->lock);
    return SM_OK;
}

static sm_status array_index(call *c, int i, int64_t *out)
{
    if (c->in[i]->shape.rank != 0)
        return list_fail_shapes(c, "TensorArray index must be scalar, but had shape: ", &c->in[i]->shape, "", NULL);
    *out = tensor_int(c->in[i], 0);
    return SM_OK;
}

static sm_status array_dtype(call *c, const tensor_array *a, const char *does, sm_dtype t)
{
    if (t == a->dtype) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "TensorArray dtype is %s but Op %s dtype %s%s", dtype_short_name(a->dtype),
                     does, dtype_short_name(t), ".");
}

/* Flow in, flow out. */
static sm_status give_flow(call *c, int i, int flow_in)
{
    shape scalar = shape_scalar();
    float flow = flow_in < 0 ? 0 : *(const float *)c->in[flow_in]->data;
    if (flow_in >= 0 && c->in[flow_in]->shape.rank != 0) return call_forward(c, i, flow_in, &c->in[flow_in]->shape);
    TRY(call_output(c, i, &scalar));
    *(float *)c->out[i]->data = flow;
    return SM_OK;
}

/* TensorFlow's inference: flow_in must be a scalar. */
static sm_status infer_array(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = shape_scalar();
    return SM_OK;
}

static sm_status infer_flow(infer *c)
{
    c->out[0] = c->in[c->n_in - 1];
    return SM_OK;
}

/* -- Making ---------------------------------------------------------------------------------------------------------------- */

static sm_status make_array(call *c)
{
    tensor_array *a = NULL;
    slice         name = node_string(c->node, "tensor_array_name");
    if (c->in[0]->shape.rank != 0)
        return list_fail_shapes(c, "TensorArray size must be scalar, but had shape: ", &c->in[0]->shape, "", NULL);
    int64_t size = tensor_int(c->in[0], 0);
    if (size < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Size should be >= 0.");
    TRY(tensor_array_new(c->memory, name.len ? name : c->node->name, node_type(c->node, "dtype"), (size_t)size, &a, c->err));
    a->element_shape = *node_shape(c->node, "element_shape");
    a->dynamic = node_bool(c->node, "dynamic_size");
    a->clear = node_bool(c->node, "clear_after_read");
    a->identical = node_bool(c->node, "identical_element_shapes");
    sm_status s = call_give_object(c, 0, &a->base);
    object_unref(&a->base);
    return s == SM_OK ? give_flow(c, 1, -1) : s;
}

static sm_status make_gradient(call *c)
{
    tensor_array *a = NULL, *g = NULL;
    shape         prefix = shape_scalar();
    if (c->n_in > 2) TRY(tensor_to_shape(c->in[2], &prefix, c->err));
    if (!shape_known(&prefix)) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "shape_to_prepend is not fully defined");
    TRY(lock_array(c, &a));
    sm_status s = tensor_array_check_open(a, c->err);
    if (s == SM_OK && a->adds)
        s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "Wrong input container. _tensor_array_grads%s", a->name);
    if (s == SM_OK) s = tensor_array_gradient(a, node_string(c->node, "source"), &prefix, &g, c->err);
    if (s == SM_OK) s = call_give_object(c, 0, &g->base);
    pthread_mutex_unlock(&a->lock);
    return s == SM_OK ? give_flow(c, 1, 1) : s;
}

static sm_status close_array(call *c)
{
    tensor_array *a = NULL;
    TRY(lock_array(c, &a));
    tensor_array_close(a);
    pthread_mutex_unlock(&a->lock);
    return SM_OK;
}

static sm_status array_size(call *c)
{
    tensor_array *a = NULL;
    TRY(lock_array(c, &a));
    sm_status s = tensor_array_check_open(a, c->err);
    *(int32_t *)c->out[0]->data = (int32_t)a->count;
    pthread_mutex_unlock(&a->lock);
    return s;
}

/* -- One element ------------------------------------------------------------------------------------------------------------ */

/* An array or stack that held itself would never be released. */
sm_status array_may_hold(call *c, const tensor *t)
{
    if (t->dtype != SM_RESOURCE && t->dtype != SM_VARIANT) return SM_OK;
    for (size_t i = 0; i < tensor_count(t); i++) {
        object            *o = tensor_object(t, i);
        const tensor_list *l = tensor_list_of(o);
        if ((o && (o->type == &tensor_array_type || strcmp(o->type->name, "Stack") == 0)) ||
            (l && (l->dtype == SM_RESOURCE || l->dtype == SM_VARIANT)))
            return CALL_FAIL(c, SM_UNIMPLEMENTED, "a TensorArray or Stack of handles to such, or of lists of handles");
    }
    return SM_OK;
}

static sm_status write_item(call *c)
{
    tensor_array *a = NULL;
    tensor       *t = NULL;
    int64_t       i = 0;
    TRY(array_index(c, 1, &i));
    TRY(array_may_hold(c, c->in[2]));
    TRY(tensor_keep(c->memory, c->in[2], &t, c->err));
    sm_status s = lock_array(c, &a);
    if (s == SM_OK) {
        s = array_dtype(c, a, "is trying to write", t->dtype);
        if (s == SM_OK) s = tensor_array_check_open(a, c->err);
        if (s == SM_OK) s = tensor_array_write(a, i, tensor_ref(t), c->err);
        pthread_mutex_unlock(&a->lock);
    }
    tensor_unref(t);
    return s == SM_OK ? give_flow(c, 0, 3) : s;
}

static sm_status read_item(call *c)
{
    tensor_array *a = NULL;
    tensor       *t = NULL;
    int64_t       i = 0;
    TRY(array_index(c, 1, &i));
    TRY(lock_array(c, &a));
    sm_status s = array_dtype(c, a, "requested", node_type(c->node, "dtype"));
    if (s == SM_OK) s = tensor_array_check_open(a, c->err);
    if (s == SM_OK) s = tensor_array_read(a, i, &t, c->err);
    pthread_mutex_unlock(&a->lock);
    return s == SM_OK ? call_give(c, 0, t) : s;
}

/* -- Reading many ------------------------------------------------------------------------------------------------------------ */

typedef struct taken { /* elements that were read */
    tensor **items;
    size_t   count;
} taken;

static void release_taken(taken *t)
{
    for (size_t i = 0; i < t->count; i++) tensor_unref(t->items[i]);
    t->count = 0;
}

/* Elements at[0..n) of an open array; at NULL: the first n. */
static sm_status take_items(call *c, tensor_array *a, const int32_t *at, size_t n, taken *t)
{
    t->items = call_scratch(c, (n + 1) * sizeof *t->items);
    if (!t->items) return SM_RESOURCE_EXHAUSTED;
    for (; t->count < n; t->count++)
        TRY(tensor_array_read(a, at ? at[t->count] : (int64_t)t->count, &t->items[t->count], c->err));
    return SM_OK;
}

/* t->items one after the other in output 0, which has shape s. */
static sm_status join_items(call *c, const taken *t, const shape *s)
{
    size_t at = 0;
    TRY(call_output(c, 0, s));
    for (size_t i = 0; i < t->count; i++) {
        size_t n = tensor_count(t->items[i]);
        if (n) TRY(tensor_copy_range(c->out[0], at, t->items[i], 0, n, c->err));
        at += n;
    }
    return SM_OK;
}

static sm_status add_dim(call *c, const shape *s, int64_t dim, shape *out)
{
    if (s->rank >= SHAPE_MAX_RANK) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = shape_vector(dim);
    for (int i = 0; i < s->rank; i++) out->dims[out->rank++] = s->dims[i];
    return SM_OK;
}

/* Output 0 of nothing. */
static sm_status join_nothing(call *c, const shape *s, const char *what, const char *doing)
{
    shape whole;
    if (shape_known(s)) {
        TRY(add_dim(c, s, 0, &whole));
        return call_output(c, 0, &whole);
    }
    str text;
    str_init(&text);
    shape_print(&text, s);
    sm_status status =
        CALL_FAIL(c, SM_UNIMPLEMENTED,
                  "TensorArray has size zero, but %s %s is not fully defined. Currently only static shapes are "
                  "supported when %s zero-size TensorArrays.",
                  what, str_text(&text), doing);
    str_clear(&text);
    return status;
}

static sm_status fail_index(call *c, size_t i, const char *what, const shape *a, const shape *b)
{
    char words[128], middle[96];
    (void)snprintf(words, sizeof words, "TensorArray has inconsistent shapes.  Index 0 has %sshape: ", what);
    (void)snprintf(middle, sizeof middle, " but index %zu has %sshape: ", i, what);
    return list_fail_shapes(c, words, a, middle, b);
}

static sm_status stack_taken(call *c, const taken *t, const shape *element_shape)
{
    const shape *first = &t->items[0]->shape;
    shape        whole;
    if (!shape_compatible(element_shape, first))
        return list_fail_shapes(c, "TensorArray was passed element_shape ", element_shape,
                                " which does not match the Tensor at index 0: ", first);
    for (size_t i = 1; i < t->count; i++)
        if (!shape_eq(first, &t->items[i]->shape)) return fail_index(c, i, "", first, &t->items[i]->shape);
    TRY(add_dim(c, first, (int64_t)t->count, &whole));
    return join_items(c, t, &whole);
}

static sm_status gather_open(call *c, tensor_array *a, taken *t)
{
    const shape *s = node_shape(c->node, "element_shape");
    size_t       n = tensor_count(c->in[1]);
    TRY(array_dtype(c, a, "requested", node_type(c->node, "dtype")));
    TRY(tensor_array_check_open(a, c->err));
    TRY(list_merge_shape(c, &a->element_shape, s));
    if (c->in[1]->shape.rank != 1)
        return list_fail_shapes(c, "Expected indices to be a vector, but received shape: ", &c->in[1]->shape, "", NULL);
    if (n == 0) return join_nothing(c, s, "element shape", "packing");
    TRY(take_items(c, a, c->in[1]->data, n, t));
    return stack_taken(c, t, s);
}

/* Runs work on the locked array of input 0, and releases what it took. */
static sm_status with_array(call *c, sm_status (*work)(call *, tensor_array *, taken *))
{
    tensor_array *a = NULL;
    taken         t = { NULL, 0 };
    TRY(lock_array(c, &a));
    sm_status s = work(c, a, &t);
    pthread_mutex_unlock(&a->lock);
    release_taken(&t);
    return s;
}

static sm_status gather_items(call *c)
{
    return with_array(c, gather_open);
}

static sm_status infer_gather(infer *c)
{
    const shape *s = node_shape(c->node, "element_shape");
    int64_t      n = shape_count(&c->in[1]);
    if (!shape_known(s) || s->rank >= SHAPE_MAX_RANK || n < 0) return SM_OK;
    c->out[0] = shape_vector(n);
    for (int i = 0; i < s->rank; i++) c->out[0].dims[c->out[0].rank++] = s->dims[i];
    return SM_OK;
}

/* What is left of the shape of element i without its first dimension. */
static sm_status tail_of(call *c, const taken *t, size_t i, shape *out)
{
    const shape *s = &t->items[i]->shape;
    if (s->rank == 0)
        return CALL_FAIL(
            c, SM_INVALID_ARGUMENT,
            "Concat saw a scalar shape at index %zu but requires at least vectors.  Did you mean to call pack?", i);
    *out = shape_of(s->rank - 1, s->dims + 1);
    return SM_OK;
}

static sm_status concat_taken(call *c, const taken *t)
{
    const shape *except0 = node_shape(c->node, "element_shape_except0");
    int64_t     *lengths = c->out[1]->data, all = 0;
    shape        first, tail, whole;
    TRY(tail_of(c, t, 0, &first));
    if (!shape_compatible(except0, &first))
        return list_fail_shapes(c, "TensorArray was passed element_shape_except0 ", except0,
                                " but index 0 has (excepting dimension 0) shape: ", &first);
    for (size_t i = 0; i < t->count; i++) {
        TRY(tail_of(c, t, i, &tail));
        if (!shape_eq(&first, &tail)) return fail_index(c, i, "(excepting dimension 0) ", &first, &tail);
        lengths[i] = t->items[i]->shape.dims[0];
        if (__builtin_add_overflow(all, lengths[i], &all))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the array is too long to be joined");
    }
    TRY(add_dim(c, &first, all, &whole));
    return join_items(c, t, &whole);
}

static sm_status concat_open(call *c, tensor_array *a, taken *t)
{
    size_t n = a->adds ? a->marked : a->count;
    shape  lengths = shape_vector((int64_t)n);
    TRY(array_dtype(c, a, "requested", node_type(c->node, "dtype")));
    TRY(tensor_array_check_open(a, c->err));
    TRY(call_output(c, 1, &lengths));
    if (n == 0)
        return join_nothing(c, node_shape(c->node, "element_shape_except0"), "element_shape_except0", "concatenating");
    TRY(take_items(c, a, NULL, n, t));
    return concat_taken(c, t);
}

static sm_status concat_items(call *c)
{
    return with_array(c, concat_open);
}

/* -- Writing many -------------------------------------------------------------------------------------------------------------- */

/* n rows of t from row `first` on, as a tensor of shape s. */
static sm_status copy_rows(call *c, const tensor *t, size_t at, const shape *s, tensor **out)
{
    TRY(tensor_new(c->memory, t->dtype, s, out, c->err));
    size_t    n = tensor_count(*out);
    sm_status status = n ? tensor_copy_range(*out, 0, t, at, n, c->err) : SM_OK;
    if (status == SM_OK) return SM_OK;
    tensor_unref(*out);
    *out = NULL;
    return status;
}

static sm_status check_scatter(call *c, const tensor_array *a)
{
    const tensor *indices = c->in[1], *rows = c->in[2];
    int64_t       most = -1;
    TRY(array_dtype(c, a, "is trying to write", rows->dtype));
    if (rows->shape.rank == 0)
        return list_fail_shapes(c, "Input value for unpack must be at least a vector but received shape: ", &rows->shape,
                                "", NULL);
    TRY(tensor_array_check_open(a, c->err));
    if (indices->shape.rank != 1)
        return list_fail_shapes(c, "Expected indices to be a vector, but received shape: ", &indices->shape, "", NULL);
    if (indices->shape.dims[0] != rows->shape.dims[0])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected len(indices) == values.shape[0], but saw: %lld vs. %lld",
                         (long long)indices->shape.dims[0], (long long)rows->shape.dims[0]);
    for (size_t k = 0; k < tensor_count(indices); k++)
        if (tensor_int(indices, k) > most) most = tensor_int(indices, k);
    if (most < (int64_t)a->count || a->dynamic) return array_may_hold(c, rows);
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Max scatter index must be < array size (%lld vs. %zu)", (long long)most,
                     a->count);
}

static sm_status scatter_open(call *c, tensor_array *a, taken *none)
{
    const tensor *rows = c->in[2];
    (void)none;
    TRY(check_scatter(c, a));
    shape  row = shape_of(rows->shape.rank - 1, rows->shape.dims + 1);
    size_t inner = (size_t)shape_count(&row);
    for (size_t k = (size_t)rows->shape.dims[0]; k-- > 0;) { /* from the end, as TensorFlow does */
        tensor *t = NULL;
        TRY(copy_rows(c, rows, k * inner, &row, &t));
        TRY(tensor_array_write(a, tensor_int(c->in[1], k), t, c->err));
    }
    return SM_OK;
}

static sm_status scatter_items(call *c)
{
    TRY(with_array(c, scatter_open));
    return give_flow(c, 0, 3);
}

static sm_status check_lengths(call *c, const tensor_array *a)
{
    const tensor *rows = c->in[1], *lengths = c->in[2];
    int64_t       sum = 0;
    TRY(array_dtype(c, a, "is trying to write", rows->dtype));
    if (lengths->shape.rank != 1)
        return list_fail_shapes(c, "Expected lengths to be a vector, received shape: ", &lengths->shape, "", NULL);
    if (rows->shape.rank == 0)
        return list_fail_shapes(c, "Expected value to be at least a vector, but received shape: ", &rows->shape, "", NULL);
    for (size_t k = 0; k < tensor_count(lengths); k++)
        if (tensor_int(lengths, k) < 0 || __builtin_add_overflow(sum, tensor_int(lengths, k), &sum))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "length %zu is %lld", k, (long long)tensor_int(lengths, k));
    if (sum != rows->shape.dims[0]) {
        char words[128];
        (void)snprintf(
            words, sizeof words,
            "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is %lld and value's shape "
            "is: ",
            (long long)sum);
        return list_fail_shapes(c, words, &rows->shape, "", NULL);
    }
    TRY(tensor_array_check_open(a, c->err));
    size_t n = tensor_count(lengths);
    if (n == a->count || (a->dynamic && n > a->count)) return array_may_hold(c, rows);
    return CALL_FAIL(
        c, SM_INVALID_ARGUMENT,
        "TensorArray's size is not equal to the size of lengths (%zu vs. %zu), and the TensorArray is not marked "
        "as dynamically resizeable",
        a->count, n);
}

static sm_status split_open(call *c, tensor_array *a, taken *none)
{
    const tensor *rows = c->in[1];
    (void)none;
    TRY(check_lengths(c, a));
    size_t n = (size_t)rows->shape.dims[0], inner = n ? tensor_count(rows) / n : 0, at = 0;
    for (size_t k = 0; k < tensor_count(c->in[2]); k++) {
        tensor *t = NULL;
        shape   s = rows->shape;
        s.dims[0] = tensor_int(c->in[2], k);
        TRY(copy_rows(c, rows, at, &s, &t));
        TRY(tensor_array_write(a, (int64_t)k, t, c->err));
        at += (size_t)s.dims[0] * inner;
    }
    return SM_OK;
}

static sm_status split_items(call *c)
{
    TRY(with_array(c, split_open));
    return give_flow(c, 0, 3);
}

/* -- The table ------------------------------------------------------------------------------------------------------------------ */

static const kernel array_rows[] = { { .run = make_array }, { 0 } };
static const kernel gradient_rows[] = { { .run = make_gradient }, { 0 } };
static const kernel close_rows[] = { { .run = close_array }, { 0 } };
static const kernel size_rows[] = { { .run = array_size }, { 0 } };
static const kernel write_rows[] = { { .run = write_item }, { 0 } };
static const kernel read_rows[] = { { .run = read_item }, { 0 } };
static const kernel gather_rows[] = { { .run = gather_items }, { 0 } };
static const kernel scatter_rows[] = { { .run = scatter_items }, { 0 } };
static const kernel concat_rows[] = { { .run = concat_items }, { 0 } };
static const kernel split_rows[] = { { .run = split_items }, { 0 } };

/* clang-format off */
#define EFFECT NULL, OP_STATEFUL
const op_def tensor_array_ops[] = {
    { "TensorArrayV3", "size:int32 -> handle:resource flow:float | dtype: type, element_shape: shape = ?, dynamic_size: bool = false, "
                       "clear_after_read: bool = true, identical_element_shapes: bool = false, tensor_array_name: string = \"\"",
      infer_array, array_rows, EFFECT | OP_GIVES, "an array of tensors that are not written" },
    { "TensorArrayGradV3", "handle:resource flow_in:float -> grad_handle:resource flow_out:float | source: string",
      infer_array, gradient_rows, EFFECT | OP_GIVES, "the array of an array's gradients: writes add up" },
    { "TensorArrayGradWithShape", "handle:resource flow_in:float shape_to_prepend:int32 -> grad_handle:resource flow_out:float | source: string",
      infer_array, gradient_rows, EFFECT | OP_GIVES, "the same, with dimensions in front of the elements'" },
    { "TensorArrayCloseV3", "handle:resource ->", NULL, close_rows, EFFECT, "releases an array's elements" },
    { "TensorArraySizeV3", "handle:resource flow_in:float -> size:int32", infer_scalar, size_rows, EFFECT, "how many elements an array has" },
    { "TensorArrayWriteV3", "handle:resource index:int32 value:T flow_in:float -> flow_out:float | T: type",
      infer_flow, write_rows, EFFECT, "sets an element" },
    { "TensorArrayReadV3", "handle:resource index:int32 flow_in:float -> value:dtype | dtype: type",
      infer_unknown, read_rows, EFFECT | OP_GIVES, "an element; it is gone afterwards if the array says so" },
    { "TensorArrayGatherV3", "handle:resource indices:int32 flow_in:float -> value:dtype | dtype: type, element_shape: shape = ?",
      infer_gather, gather_rows, EFFECT, "some elements as the rows of a tensor" },
    { "TensorArrayScatterV3", "handle:resource indices:int32 value:T flow_in:float -> flow_out:float | T: type",
      infer_flow, scatter_rows, EFFECT, "sets elements to the rows of a tensor" },
    { "TensorArrayConcatV3", "handle:resource flow_in:float -> value:dtype lengths:int64 | dtype: type, element_shape_except0: shape = ?",
      infer_unknown, concat_rows, EFFECT, "all elements, joined along their first dimension" },
    { "TensorArraySplitV3", "handle:resource value:T lengths:int64 flow_in:float -> flow_out:float | T: type",
      infer_flow, split_rows, EFFECT, "sets all elements to pieces of a tensor" },
    { 0 },
};
/* clang-format on */
