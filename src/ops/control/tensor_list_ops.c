/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_list_ops.c - TensorList ops on whole lists: from a tensor to a list and back, in rows (Stack, Gather,
 * FromTensor, Scatter), in pieces of different lengths (Concat, Split), and lists in batches.
 *
 * Elements are copied, so that a list does not keep the whole tensor that it came from. Where a list is turned into a
 * tensor, all its elements have to agree with the element shape; those that are not set are zeros of it.
 *
 * Two differences to TensorFlow, which has no check there and reads or writes memory that is not its own: a negative
 * index is an error, and TensorListScatterIntoExistingList refuses elements that do not have the list's element shape.
 *
 * Tests: tests/unit/tensor_list_test.c. Reading order: the table, then up. */
#include "ops/control/tensor_list_ops.h"

/* s with another dimension in front. */
static sm_status with_dim(call *c, const shape *s, int64_t dim, shape *out)
{
    if (s->rank >= SHAPE_MAX_RANK) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    *out = *s;
    out->rank++;
    for (int i = s->rank; i > 0; i--) out->dims[i] = s->dims[i - 1];
    out->dims[0] = dim;
    return SM_OK;
}

/* n elements of to from `at` on are set to t's, or to zeros when t is NULL. */
static sm_status fill_range(call *c, tensor *to, size_t at, const tensor *t, size_t n)
{
    size_t size = dtype_size(to->dtype);
    if (t) return tensor_copy_range(to, at, t, 0, n, c->err);
    if (dtype_plain(to->dtype) && n) memset((char *)to->data + at * size, 0, n * size);
    return SM_OK; /* new strings are empty, new objects none */
}

/* -- Lists to tensors of rows ------------------------------------------------------------------------------------------ */

/* Output 0: element at[k] of the list for each k (at NULL: all), whose shape is s with what the elements say. */
static sm_status stack_items(call *c, const tensor_list *l, const int32_t *at, size_t n, shape s, const char *unknown)
{
    shape whole;
    for (size_t k = 0; k < n; k++) {
        const tensor *t = l->items[at ? (size_t)at[k] : k];
        if (t) TRY(list_merge_shape(c, &s, &t->shape));
    }
    if (!shape_known(&s)) return list_fail_shapes(c, unknown, &s, "", NULL);
    TRY(with_dim(c, &s, (int64_t)n, &whole));
    TRY(call_output(c, 0, &whole));
    size_t inner = n ? tensor_count(c->out[0]) / n : 0;
    for (size_t k = 0; k < n && inner; k++)
        TRY(fill_range(c, c->out[0], k * inner, l->items[at ? (size_t)at[k] : k], inner));
    return SM_OK;
}

static sm_status stack(call *c)
{
    const tensor_list *l;
    shape              s;
    int64_t            want = node_int(c->node, "num_elements");
    TRY(list_input(c, 0, &l));
    TRY(list_check_dtype(c, l));
    if (want != -1 && (uint64_t)want != l->count)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "Operation expected a list with %lld elements but got a list with %zu elements.",
                         (long long)want, l->count);
    TRY(list_element_shape(c, 1, l, &s));
    if (!shape_known(&s) && l->count == 0)
        return list_fail_shapes(c, "Tried to stack elements of an empty list with non-fully-defined element_shape: ", &s,
                                "", NULL);
    return stack_items(
        c, l, NULL, l->count, s,
        "Tried to stack list which only contains uninitialized tensors and has a non-fully-defined element_shape: ");
}

static sm_status gather(call *c)
{
    const tensor_list *l;
    shape              s;
    size_t             n = tensor_count(c->in[1]);
    const int32_t     *at = c->in[1]->data;
    TRY(list_input(c, 0, &l));
    TRY(list_check_dtype(c, l));
    TRY(list_element_shape(c, 2, l, &s));
    if (!shape_known(&s) && n == 0)
        return list_fail_shapes(c, "Tried to gather 0-elements from a list with non-fully-defined shape: ", &s, "", NULL);
    for (size_t k = 0; k < n; k++)
        if (at[k] < 0 || (size_t)at[k] >= l->count)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Index %d out o range; list only has %zu elements.", at[k], l->count);
    return stack_items(c, l, at, n, s,
                       "Tried to gather uninitialized tensors from a list with non-fully-defined element_shape: ");
}

/* The rows have the given shape (the kernel insists); their number follows from the attribute or the indices. */
static sm_status infer_rows(infer *c)
{
    shape   s;
    int64_t n = c->n_in == 3 ? shape_count(&c->in[1]) : node_int(c->node, "num_elements");
    if (!list_infer_shape(c, c->n_in - 1, &s) || s.rank < 0 || s.rank >= SHAPE_MAX_RANK) return SM_OK;
    c->out[0] = shape_unknown_dims(s.rank + 1);
    c->out[0].dims[0] = n < 0 ? UNKNOWN_DIM : n;
    for (int i = 0; i < s.rank; i++) c->out[0].dims[i + 1] = s.dims[i];
    return SM_OK;
}

/* -- Tensors of rows to lists --------------------------------------------------------------------------------------------- */

static sm_status check_rows(call *c, const tensor *t)
{
    if (t->shape.rank > 0) return SM_OK;
    return list_fail_shapes(c, "Tensor must be at least a vector, but saw shape: ", &t->shape, "", NULL);
}

/* A new list for the rows of input 0, with the element shape of input i. */
static sm_status list_for_rows(call *c, int i, tensor_list **out)
{
    const tensor *t = c->in[0];
    shape         s;
    TRY(list_shape_input(c, i, &s));
    TRY(check_rows(c, t));
    shape row = shape_of(t->shape.rank - 1, t->shape.dims + 1);
    if (!shape_compatible(&s, &row))
        return list_fail_shapes(c, "Specified a list with shape ", &s, " from a tensor with shape ", &row);
    return tensor_list_new(c->memory, t->dtype, &s, -1, out, c->err);
}

/* Row k of t becomes element at[k] (at NULL: k). */
static sm_status scatter_rows(call *c, const tensor *t, const int32_t *at, tensor_list *l)
{
    for (size_t k = 0; k < (size_t)t->shape.dims[0]; k++) {
        tensor *row = NULL;
        TRY(list_row(c, t, k, &row));
        TRY(tensor_list_set(l, at ? (size_t)at[k] : k, row, c->err));
    }
    return SM_OK;
}

static sm_status from_tensor(call *c)
{
    tensor_list *l = NULL;
    TRY(list_for_rows(c, 1, &l));
    sm_status s = tensor_list_resize(l, (size_t)c->in[0]->shape.dims[0], c->err);
    if (s == SM_OK) s = scatter_rows(c, c->in[0], NULL, l);
    return list_give(c, 0, l, s);
}

/* How long a list has to be for these indices. */
static sm_status length_for(call *c, const tensor *indices, int64_t most, size_t *length)
{
    const int32_t *at = indices->data;
    *length = most > 0 ? (size_t)most : 0;
    for (size_t k = 0; k < tensor_count(indices); k++) {
        if (at[k] < 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Indices in TensorListScatter must all be non-negative.");
        if (most >= 0 && at[k] >= most)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                             "TensorListScatter: Trying to scatter at index %d in list with size %lld", at[k],
                             (long long)most);
        if ((size_t)at[k] >= *length) *length = (size_t)at[k] + 1;
    }
    return SM_OK;
}

static sm_status scatter(call *c)
{
    tensor_list *l = NULL;
    int64_t      most = -1;
    size_t       length = 0, n = tensor_count(c->in[1]);
    if (c->n_in > 3) TRY(list_int_input(c, 3, "num_elements must be a scalar, got ", &most));
    if (most < -1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "TensorListScatter expects num_elements >= -1, found: %lld",
                         (long long)most);
    TRY(list_for_rows(c, 2, &l));
    sm_status s = SM_OK;
    if ((int64_t)n != c->in[0]->shape.dims[0])
        s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid number of rows in input tensor. Expected: %zu Actual: %lld", n,
                      (long long)c->in[0]->shape.dims[0]);
    if (s == SM_OK) s = length_for(c, c->in[1], most, &length);
    if (s == SM_OK) s = tensor_list_resize(l, length, c->err);
    if (s == SM_OK) s = scatter_rows(c, c->in[0], c->in[1]->data, l);
    return list_give(c, 0, l, s);
}

static sm_status check_scatter_into(call *c, const tensor_list *l)
{
    const tensor *t = c->in[1], *indices = c->in[2];
    if (t->dtype != l->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid data types; input tensor type: %s list element_type: %s",
                         dtype_short_name(t->dtype), dtype_short_name(l->dtype));
    TRY(check_rows(c, t));
    if (indices->shape.rank != 1)
        return list_fail_shapes(c, "Expected indices to be a vector, but received shape: ", &indices->shape, "", NULL);
    if (indices->shape.dims[0] != t->shape.dims[0])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected len(indices) == tensor.shape[0], but saw: %lld vs. %lld",
                         (long long)indices->shape.dims[0], (long long)t->shape.dims[0]);
    shape row = shape_of(t->shape.rank - 1, t->shape.dims + 1);
    if (shape_compatible(&l->element_shape, &row)) return SM_OK;
    return list_fail_shapes(c, "Tried to set a tensor with incompatible shape at a list index. Item element shape: ", &row,
                            " list shape: ", &l->element_shape);
}

static sm_status scatter_into(call *c)
{
    const tensor_list *l;
    tensor_list       *changed = NULL;
    size_t             length = 0;
    TRY(list_input(c, 0, &l));
    TRY(check_scatter_into(c, l));
    TRY(length_for(c, c->in[2], -1, &length));
    if (length < l->count) length = l->count;
    TRY(list_to_change(c, 0, length - l->count, &changed));
    sm_status s = tensor_list_resize(changed, length, c->err);
    if (s == SM_OK) s = scatter_rows(c, c->in[1], c->in[2]->data, changed);
    return list_give(c, 0, changed, s);
}

/* -- Concat ------------------------------------------------------------------------------------------------------------------ */

/* What is known of the elements: how long they are if all are of one length (-1: not), and the rest of their shape. */
typedef struct pieces {
    int64_t first;
    shape   tail;
} pieces;

static sm_status split_shape(call *c, const shape *s, pieces *p)
{
    *p = (pieces){ UNKNOWN_DIM, shape_unknown() };
    if (s->rank < 0) return SM_OK;
    if (s->rank == 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Concat requires elements to be at least vectors, found scalars instead.");
    *p = (pieces){ s->dims[0], shape_of(s->rank - 1, s->dims + 1) };
    return SM_OK;
}

static sm_status concat_shape(call *c, const tensor_list *l, shape *s)
{
    if (c->n_in > 1) return list_element_shape(c, 1, l, s);
    *s = *node_shape(c->node, "element_shape");
    return list_merge_shape(c, s, &l->element_shape);
}

static sm_status join_pieces(call *c, const tensor_list *l, pieces *p)
{
    int64_t given = p->first, common = p->first;
    bool    differ = false;
    for (size_t i = 0; i < l->count; i++) {
        const tensor *t = l->items[i];
        if (!t) continue;
        if (t->shape.rank == 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                             "Concat saw a scalar shape at index %zu but requires at least vectors.", i);
        shape   tail = shape_of(t->shape.rank - 1, t->shape.dims + 1);
        int64_t first = t->shape.dims[0];
        TRY(list_merge_shape(c, &p->tail, &tail));
        if (given != UNKNOWN_DIM && given != first)
            return CALL_FAIL(
                c, SM_INVALID_ARGUMENT,
                "First entry of element_shape input does not match the first dim of list element at index: %zu "
                "Expected: %lld Actual: %lld",
                i, (long long)given, (long long)first);
        differ |= common != UNKNOWN_DIM && common != first;
        common = first;
    }
    p->first = differ ? UNKNOWN_DIM : common;
    return SM_OK;
}

/* How long element i is. */
static sm_status piece_length(call *c, const tensor_list *l, const pieces *p, size_t i, int64_t *length)
{
    size_t given = c->n_in > 2 ? tensor_count(c->in[2]) : 0;
    *length = l->items[i] ? l->items[i]->shape.dims[0] : i < given ? tensor_int(c->in[2], i) : p->first;
    if (*length >= 0) return SM_OK;
    if (c->n_in <= 2)
        return CALL_FAIL(
            c, SM_INVALID_ARGUMENT,
            "Concating lists with uninitialized tensors is not supported in this version of TensorListConcat. "
            "Consider updating your GraphDef to run the newer version.");
    if (i < given)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "leading_dims[%zu] = %lld is negative", i, (long long)*length);
    return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                     "List contains uninitialized tensor at index %zu but leading_dims has only %zu elements.", i, given);
}

static sm_status concat(call *c)
{
    const tensor_list *l;
    pieces             p;
    shape              s, lengths;
    int64_t            all = 0;
    TRY(list_input(c, 0, &l));
    TRY(list_check_dtype(c, l));
    TRY(concat_shape(c, l, &s));
    TRY(split_shape(c, &s, &p));
    if (l->count == 0 && !shape_known(&p.tail))
        return list_fail_shapes(
            c, "All except the first dimension must be fully defined when concating an empty tensor list. element_shape: ",
            &p.tail, "", NULL);
    TRY(join_pieces(c, l, &p));
    if (!shape_known(&p.tail))
        return list_fail_shapes(
            c, "Trying to concat list with only uninitialized tensors but element_shape_except_first_dim is not fully defined: ",
            &p.tail, "", NULL);
    lengths = shape_vector((int64_t)l->count);
    TRY(call_output(c, 1, &lengths));
    int64_t *length = c->out[1]->data;
    for (size_t i = 0; i < l->count; i++) {
        TRY(piece_length(c, l, &p, i, &length[i]));
        if (__builtin_add_overflow(all, length[i], &all))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the list is too long to be joined");
    }
    TRY(with_dim(c, &p.tail, all, &s));
    TRY(call_output(c, 0, &s));
    size_t inner = all ? tensor_count(c->out[0]) / (size_t)all : 0, at = 0;
    for (size_t i = 0; i < l->count; i++) {
        size_t n = (size_t)length[i] * inner;
        TRY(fill_range(c, c->out[0], at, l->items[i], n));
        at += n;
    }
    return SM_OK;
}

static sm_status prepare_concat(call *c)
{
    if (node_shape(c->node, "element_shape")->rank != 0) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "element_shape must not be empty");
}

/* -- Split ------------------------------------------------------------------------------------------------------------------- */

static sm_status check_split(call *c, const shape *s)
{
    const tensor *t = c->in[0];
    if (s->rank == 0)
        return list_fail_shapes(c, "TensorListSplit requires element_shape to be at least of rank 1, but saw: ", s, "",
                                NULL);
    TRY(check_rows(c, t));
    shape tail = shape_of(t->shape.rank - 1, t->shape.dims + 1);
    shape wanted = s->rank < 0 ? shape_unknown() : shape_of(s->rank - 1, s->dims + 1);
    if (!shape_compatible(&wanted, &tail))
        return list_fail_shapes(c, "tensor shape ", &t->shape, " is not compatible with element_shape ", s);
    if (c->in[2]->shape.rank == 1) return SM_OK;
    return list_fail_shapes(c, "Expected lengths to be a vector, received shape: ", &c->in[2]->shape, "", NULL);
}

static sm_status split_into(call *c, tensor_list *l)
{
    const tensor *t = c->in[0];
    int64_t       rows = t->shape.dims[0], at = 0;
    shape         s = t->shape;
    s.dims[0] = 1;
    size_t inner = (size_t)shape_count(&s);
    for (size_t i = 0; i < tensor_count(c->in[2]); i++) {
        int64_t n = ((const int64_t *)c->in[2]->data)[i];
        tensor *piece = NULL;
        if (n < 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid value in lengths: %lld", (long long)n);
        if (n > rows - at)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Attempting to slice [%lld, %lld] from tensor with length %lld",
                             (long long)at, (long long)((uint64_t)at + (uint64_t)n), (long long)rows);
        s.dims[0] = n;
        TRY(tensor_new(c->memory, t->dtype, &s, &piece, c->err));
        sm_status status = tensor_copy_range(piece, 0, t, (size_t)at * inner, (size_t)n * inner, c->err);
        if (status != SM_OK) {
            tensor_unref(piece);
            return status;
        }
        TRY(tensor_list_push(l, piece, c->err));
        at += n;
    }
    if (at == rows) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Unused values in tensor. Length of tensor: %lld Values used: %lld",
                     (long long)rows, (long long)at);
}

static sm_status split(call *c)
{
    tensor_list *l = NULL;
    shape        s;
    TRY(list_shape_input(c, 1, &s));
    TRY(check_split(c, &s));
    TRY(tensor_list_new(c->memory, c->in[0]->dtype, &s, -1, &l, c->err));
    return list_give(c, 0, l, split_into(c, l));
}

/* -- Lists in batches ----------------------------------------------------------------------------------------------------------- */

static sm_status need_list(call *c, const tensor *t, size_t i, const char *words, tensor_list **out)
{
    object *o = tensor_object(t, i);
    *out = tensor_list_of(o);
    if (*out) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s at index %zu.  Saw: '%s'", words, i, o ? o->type->name : "nothing");
}

static sm_status check_batch_dtype(call *c, char which, size_t i, const tensor_list *l)
{
    sm_dtype t = node_type(c->node, "element_dtype");
    if (t == l->dtype) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input_%c[%zu].dtype != element_dtype.  Saw: %s vs. %s", which, i,
                     dtype_short_name(l->dtype), dtype_short_name(t));
}

/* Element i of to: list i of input 0, and behind it list i of input 1. */
static sm_status join_lists(call *c, tensor *to, size_t i)
{
    tensor_list *a, *b, *both = NULL;
    TRY(need_list(c, c->in[0], i, "input_a is not a TensorList", &a));
    TRY(need_list(c, c->in[1], i, "input_b is not a TensorList", &b));
    TRY(check_batch_dtype(c, 'a', i, a));
    TRY(check_batch_dtype(c, 'b', i, b));
    if (!shape_eq(&a->element_shape, &b->element_shape)) {
        str words;
        str_init(&words);
        str_addf(&words, "input_a and input_b TensorList element shapes are not identical at index %zu.  Saw ", i);
        sm_status s = list_fail_shapes(c, str_text(&words), &a->element_shape, " vs. ", &b->element_shape);
        str_clear(&words);
        return s;
    }
    TRY(tensor_list_copy(a, b->count, &both, c->err));
    ((object **)to->data)[i] = &both->base;
    TRY(tensor_list_resize(both, a->count + b->count, c->err));
    for (size_t k = 0; k < b->count; k++)
        if (b->items[k]) TRY(tensor_list_set(both, a->count + k, tensor_ref(b->items[k]), c->err));
    return SM_OK;
}

/* Element i of to: list i of input 0, and behind it row i of input 1. */
static sm_status push_row(call *c, tensor *to, size_t i)
{
    const tensor *t = c->in[1];
    tensor_list  *l, *longer = NULL;
    tensor       *row = NULL;
    sm_dtype      dtype = node_type(c->node, "element_dtype");
    shape         s = shape_of(t->shape.rank - 1, t->shape.dims + 1);
    TRY(need_list(c, c->in[0], i, "Input handle is not a list", &l));
    if (!shape_compatible(&l->element_shape, &s)) {
        str words;
        str_init(&words);
        str_addf(&words, "Tried to append a tensor with incompatible shape to a list at index %zu. Op element shape: ", i);
        sm_status status = list_fail_shapes(c, str_text(&words), &s, " list shape: ", &l->element_shape);
        str_clear(&words);
        return status;
    }
    if (dtype != l->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid data type at index %zu; op elements %s but list elements %s",
                         i, dtype_short_name(dtype), dtype_short_name(l->dtype));
    TRY(tensor_list_copy(l, 1, &longer, c->err));
    ((object **)to->data)[i] = &longer->base;
    TRY(list_row(c, t, i, &row));
    return tensor_list_push(longer, row, c->err);
}

/* Output 0: a tensor of lists like input 0, element by element. */
static sm_status make_batch(call *c, sm_status (*make)(call *c, tensor *to, size_t i))
{
    tensor   *t = NULL;
    sm_status s = SM_OK;
    TRY(tensor_new(c->memory, SM_VARIANT, &c->in[0]->shape, &t, c->err));
    for (size_t i = 0; i < tensor_count(t) && s == SM_OK; i++) s = make(c, t, i);
    if (s == SM_OK) return call_give(c, 0, t);
    tensor_unref(t);
    return s;
}

static sm_status concat_lists(call *c)
{
    if (!shape_eq(&c->in[0]->shape, &c->in[1]->shape))
        return list_fail_shapes(c, "Incompatible input TensorList tensor shapes: ", &c->in[0]->shape, " vs. ",
                                &c->in[1]->shape);
    return make_batch(c, join_lists);
}

static sm_status push_back_batch(call *c)
{
    const tensor *t = c->in[1], *lists = c->in[0];
    if (t->shape.rank == 0)
        return list_fail_shapes(c, "Expected tensor to be at least a vector, but saw shape: ", &t->shape, "", NULL);
    if (lists->shape.rank != 1)
        return list_fail_shapes(c, "Expected input_handles to be a vector, but saw shape: ", &lists->shape, "", NULL);
    if (lists->shape.dims[0] != t->shape.dims[0])
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected tensor.shape[0] == input_handles.size, but saw %lld vs. %lld",
                         (long long)t->shape.dims[0], (long long)lists->shape.dims[0]);
    return make_batch(c, push_row);
}

/* -- The table ------------------------------------------------------------------------------------------------------------- */

static const kernel stack_rows[] = { { .run = stack }, { 0 } };
static const kernel gather_rows[] = { { .run = gather }, { 0 } };
static const kernel from_tensor_rows[] = { { .run = from_tensor }, { 0 } };
static const kernel scatter_list_rows[] = { { .run = scatter }, { 0 } };
static const kernel scatter_into_rows[] = { { .run = scatter_into }, { 0 } };
static const kernel concat_rows[] = { { .run = concat, .prepare = prepare_concat }, { 0 } };
static const kernel concat_v2_rows[] = { { .run = concat }, { 0 } };
static const kernel split_rows[] = { { .run = split }, { 0 } };
static const kernel concat_lists_rows[] = { { .run = concat_lists }, { 0 } };
static const kernel push_back_batch_rows[] = { { .run = push_back_batch }, { 0 } };

/* clang-format off */
#define ELEMENT_AND_SHAPE " | element_dtype: type, shape_type: index"
const op_def tensor_list_ops[] = {
    { "TensorListStack", "input_handle:variant element_shape:int32 -> tensor:element_dtype | element_dtype: type, num_elements: int = -1",
      infer_rows, stack_rows, NULL, 0, "a list's elements as the rows of a tensor" },
    { "TensorListGather", "input_handle:variant indices:int32 element_shape:int32 -> values:element_dtype | element_dtype: type",
      infer_rows, gather_rows, NULL, 0, "some of a list's elements as the rows of a tensor" },
    { "TensorListFromTensor", "tensor:element_dtype element_shape:shape_type -> output_handle:variant" ELEMENT_AND_SHAPE,
      infer_scalar, from_tensor_rows, NULL, OP_GIVES, "a list of a tensor's rows" },
    { "TensorListScatter", "tensor:element_dtype indices:int32 element_shape:shape_type -> output_handle:variant" ELEMENT_AND_SHAPE,
      infer_scalar, scatter_list_rows, NULL, OP_GIVES, "a list with a tensor's rows at these places" },
    { "TensorListScatterV2", "tensor:element_dtype indices:int32 element_shape:shape_type num_elements:int32 -> output_handle:variant" ELEMENT_AND_SHAPE,
      infer_scalar, scatter_list_rows, NULL, OP_GIVES, "a list with a tensor's rows at these places" },
    { "TensorListScatterIntoExistingList", "input_handle:variant tensor:element_dtype indices:int32 -> output_handle:variant | element_dtype: type",
      infer_scalar, scatter_into_rows, NULL, OP_GIVES, "a list where a tensor's rows replace elements" },
    { "TensorListConcat", "input_handle:variant -> tensor:element_dtype lengths:int64 | element_dtype: type, element_shape: shape = ?",
      infer_unknown, concat_rows, NULL, 0, "a list's elements, joined along their first dimension" },
    { "TensorListConcatV2", "input_handle:variant element_shape:shape_type leading_dims:int64 -> tensor:element_dtype lengths:int64" ELEMENT_AND_SHAPE,
      infer_unknown, concat_v2_rows, NULL, 0, "a list's elements, joined along their first dimension" },
    { "TensorListSplit", "tensor:element_dtype element_shape:shape_type lengths:int64 -> output_handle:variant" ELEMENT_AND_SHAPE,
      infer_scalar, split_rows, NULL, OP_GIVES, "a list of pieces of a tensor" },
    { "TensorListConcatLists", "input_a:variant input_b:variant -> output:variant | element_dtype: type",
      infer_same, concat_lists_rows, NULL, OP_GIVES, "the elements of two lists in one" },
    { "TensorListPushBackBatch", "input_handles:variant tensor:element_dtype -> output_handles:variant | element_dtype: type",
      infer_same, push_back_batch_rows, NULL, OP_GIVES, "lists with one more element each" },
    { 0 },
};
/* clang-format on */
