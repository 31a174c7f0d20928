/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor lists: values, unset elements, shapes, TensorFlow's texts, and that a list is a value though it is changed in
 * place where nobody can tell. What rows expect was observed with TensorFlow 2.21. */
#include "unit.h"

#include "runner.h"

#include "ops/control/tensor_list.h"

/* -- Lists in a graph ---------------------------------------------------------------------------------------------------- */

static val any_shape(graph *g)
{
    return int_value(g, -1);
}

static val reserve(graph *g, val element_shape, int32_t n)
{
    return node_with(g, "TensorListReserve", INPUTS(element_shape, int_value(g, n)),
                     attr_of_type("element_dtype", SM_FLOAT));
}

static val empty(graph *g, val element_shape, int32_t most)
{
    return node_with(g, "EmptyTensorList", INPUTS(element_shape, int_value(g, most)),
                     attr_of_type("element_dtype", SM_FLOAT));
}

static val set(graph *g, val list, int32_t i, val x)
{
    return emit(g, "TensorListSetItem", list, int_value(g, i), x);
}

static val push(graph *g, val list, val x)
{
    return emit(g, "TensorListPushBack", list, x);
}

static val get(graph *g, val list, int32_t i, val element_shape)
{
    return node_with(g, "TensorListGetItem", INPUTS(list, int_value(g, i), element_shape),
                     attr_of_type("element_dtype", SM_FLOAT));
}

static val stack(graph *g, val list, val element_shape)
{
    return node_with(g, "TensorListStack", INPUTS(list, element_shape), attr_of_type("element_dtype", SM_FLOAT));
}

static val length(graph *g, val list)
{
    return emit(g, "TensorListLength", list);
}

static val ones(graph *g, size_t n)
{
    static const float values[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    return vector_value(g, SM_FLOAT, values, n);
}

/* [1 1], unset, [3 3] */
static val sample(graph *g)
{
    return set(g, set(g, reserve(g, ints_value(g, 2), 3), 0, ones(g, 2)), 2, floats_value(g, 3, 3));
}

/* [[1 1]], [[2 2] [2 2] [2 2]] */
static val pieces(graph *g)
{
    val list = push(g, empty(g, ints_value(g, -1, 2), -1), matrix_of(g, ones(g, 2), 1, 2));
    return push(g, list, matrix_of(g, floats_value(g, 2, 2, 2, 2, 2, 2), 3, 2));
}

/* -- Errors, one row each ------------------------------------------------------------------------------------------------- */

typedef struct failing {
    val (*make)(graph *g);
    const char *words;
} failing;

#define MAKE(name, expression) \
    static val name(graph *g)  \
    {                          \
        return expression;     \
    }

MAKE(bad_scalar_shape, empty(g, int_value(g, 3), -1))
MAKE(bad_dim, empty(g, ints_value(g, -2, 3), -1))
MAKE(negative_reserve, reserve(g, any_shape(g), -3))
MAKE(get_past_end, get(g, reserve(g, ints_value(g, 2), 3), 3, any_shape(g)))
MAKE(get_before_start, get(g, reserve(g, ints_value(g, 2), 3), -1, any_shape(g)))
MAKE(get_unknown, get(g, reserve(g, any_shape(g), 3), 1, any_shape(g)))
MAKE(get_partly_known, get(g, reserve(g, ints_value(g, -1, 2), 3), 1, any_shape(g)))
MAKE(get_other_shape, get(g, reserve(g, ints_value(g, 2), 3), 1, ints_value(g, 3)))
MAKE(get_other_rank, get(g, reserve(g, ints_value(g, 2), 3), 1, ints_value(g, 3, 2)))
MAKE(get_among_different,
     get(g, set(g, set(g, reserve(g, any_shape(g), 3), 1, ones(g, 2)), 2, ones(g, 3)), 0, any_shape(g)))
MAKE(get_other_type,
     node_with(g, "TensorListGetItem", INPUTS(reserve(g, ints_value(g, 2), 3), int_value(g, 1), ints_value(g, 2)),
               attr_of_type("element_dtype", SM_INT32)))
MAKE(set_past_end, set(g, reserve(g, ints_value(g, 2), 3), 3, ones(g, 2)))
MAKE(set_before_start, set(g, reserve(g, ints_value(g, 2), 3), -1, ones(g, 2)))
MAKE(set_other_shape, set(g, reserve(g, ints_value(g, 2), 3), 0, ones(g, 3)))
MAKE(set_other_type, set(g, reserve(g, ints_value(g, 2), 3), 0, ints_value(g, 1, 2)))
MAKE(push_other_shape, push(g, reserve(g, ints_value(g, 2), 3), ones(g, 3)))
MAKE(push_full, push(g, push(g, empty(g, any_shape(g), 1), ones(g, 2)), ones(g, 2)))
MAKE(pop_empty, node_with(g, "TensorListPopBack", INPUTS(empty(g, any_shape(g), -1), any_shape(g)),
                          attr_of_type("element_dtype", SM_FLOAT)))
MAKE(pop_unset, node_with(g, "TensorListPopBack", INPUTS(reserve(g, any_shape(g), 2), any_shape(g)),
                          attr_of_type("element_dtype", SM_FLOAT)))
MAKE(stack_empty, stack(g, empty(g, any_shape(g), -1), any_shape(g)))
MAKE(stack_unset, stack(g, reserve(g, any_shape(g), 2), any_shape(g)))
MAKE(stack_different, stack(g, set(g, set(g, reserve(g, any_shape(g), 2), 1, ones(g, 2)), 0, ones(g, 3)), any_shape(g)))
MAKE(stack_other_shape, stack(g, set(g, reserve(g, ints_value(g, -1), 2), 1, ones(g, 2)), ints_value(g, 3)))
MAKE(stack_number, node_with(g, "TensorListStack", INPUTS(reserve(g, ints_value(g, 2), 3), any_shape(g)),
                             attr_of_type("element_dtype", SM_FLOAT), attr_of_int("num_elements", 2)))
static val gather_at(graph *g, val list, val indices)
{
    return node_with(g, "TensorListGather", INPUTS(list, indices, any_shape(g)), attr_of_type("element_dtype", SM_FLOAT));
}
MAKE(gather_past_end, gather_at(g, sample(g), ints_value(g, 2, 3)))
MAKE(gather_before_start, gather_at(g, sample(g), ints_value(g, -1)))
MAKE(gather_none, gather_at(g, reserve(g, any_shape(g), 2), vector_value(g, SM_INT32, NULL, 0)))
MAKE(gather_unset, gather_at(g, reserve(g, any_shape(g), 2), ints_value(g, 0)))
MAKE(from_scalar, emit(g, "TensorListFromTensor", float_value(g, 1), vector_value(g, SM_INT32, NULL, 0)))
MAKE(from_other_shape, emit(g, "TensorListFromTensor", matrix_of(g, ones(g, 6), 3, 2), ints_value(g, 3)))
MAKE(resize_negative, emit(g, "TensorListResize", sample(g), int_value(g, -1)))
static val scatter_at(graph *g, val indices, int32_t n)
{
    return emit(g, "TensorListScatterV2", matrix_of(g, ones(g, 4), 2, 2), indices, ints_value(g, 2), int_value(g, n));
}
MAKE(scatter_small, scatter_at(g, ints_value(g, 2, 0), 2))
MAKE(scatter_bad_number, scatter_at(g, ints_value(g, 2, 0), -2))
MAKE(scatter_negative, scatter_at(g, ints_value(g, -2, 0), -1))
MAKE(scatter_rows, scatter_at(g, ints_value(g, 1), -1))
MAKE(scatter_into_type, node_with(g, "TensorListScatterIntoExistingList",
                                  INPUTS(sample(g), matrix_of(g, ints_value(g, 1, 2, 3, 4), 2, 2), ints_value(g, 0, 1))))
MAKE(scatter_into_number,
     emit(g, "TensorListScatterIntoExistingList", sample(g), matrix_of(g, ones(g, 4), 2, 2), ints_value(g, 1)))
MAKE(scatter_into_shape,
     emit(g, "TensorListScatterIntoExistingList", sample(g), matrix_of(g, ones(g, 6), 2, 3), ints_value(g, 1, 4)))
static val concat_dims(graph *g, val list, val element_shape, val dims)
{
    return node_with(g, "TensorListConcatV2", INPUTS(list, element_shape, dims), attr_of_type("element_dtype", SM_FLOAT));
}
static val no_longs(graph *g)
{
    return vector_value(g, SM_INT64, NULL, 0);
}
MAKE(concat_empty, concat_dims(g, empty(g, any_shape(g), -1), any_shape(g), no_longs(g)))
MAKE(concat_scalars, concat_dims(g, push(g, empty(g, any_shape(g), -1), float_value(g, 1)), any_shape(g), no_longs(g)))
MAKE(concat_scalar_shape, concat_dims(g, empty(g, vector_value(g, SM_INT32, NULL, 0), -1), any_shape(g), no_longs(g)))
MAKE(concat_unset, concat_dims(g, reserve(g, ints_value(g, -1, 2), 2), any_shape(g), no_longs(g)))
MAKE(concat_short_dims, concat_dims(g, reserve(g, ints_value(g, -1, 2), 2), any_shape(g), longs_value(g, 1)))
MAKE(concat_tail, concat_dims(g,
                              push(g, push(g, empty(g, any_shape(g), -1), matrix_of(g, ones(g, 2), 1, 2)),
                                   matrix_of(g, ones(g, 3), 1, 3)),
                              any_shape(g), no_longs(g)))
MAKE(concat_first, concat_dims(g, pieces(g), ints_value(g, 2, 2), no_longs(g)))
MAKE(concat_nothing_known, concat_dims(g, reserve(g, any_shape(g), 2), any_shape(g), no_longs(g)))
MAKE(concat_1_scalar, node_with(g, "TensorListConcat", INPUTS(pieces(g)), attr_of_type("element_dtype", SM_FLOAT),
                                attr_of_shape(g, "element_shape", shape_scalar())))
static val split_at(graph *g, val shape_in, val lengths)
{
    return emit(g, "TensorListSplit", matrix_of(g, ones(g, 8), 4, 2), shape_in, lengths);
}
MAKE(split_short, split_at(g, ints_value(g, -1, 2), longs_value(g, 1, 2)))
MAKE(split_long, split_at(g, ints_value(g, -1, 2), longs_value(g, 1, 4)))
MAKE(split_negative, split_at(g, ints_value(g, -1, 2), longs_value(g, -1, 5)))
MAKE(split_huge, split_at(g, ints_value(g, -1, 2), longs_value(g, 1, INT64_MAX)))
MAKE(split_shape, split_at(g, ints_value(g, -1, 3), longs_value(g, 1, 3)))
MAKE(split_lengths, split_at(g, ints_value(g, -1, 2), long_value(g, 4)))
static val join(graph *g, val a, val b)
{
    return node_with(g, "TensorListConcatLists", INPUTS(a, b), attr_of_type("element_dtype", SM_FLOAT));
}
MAKE(join_shapes, join(g, sample(g), reserve(g, ints_value(g, 3), 1)))
MAKE(join_types, join(g, sample(g),
                      node_with(g, "TensorListReserve", INPUTS(ints_value(g, 2), int_value(g, 1)),
                                attr_of_type("element_dtype", SM_INT32))))
MAKE(batch, length(g, node_with(g, "Pack", INPUTS(sample(g), sample(g)), attr_of_int("N", 2))))
static val no_list(graph *g)
{
    const attr attrs[] = { attr_of_type("dtype", SM_VARIANT), attr_of_shape(g, "shape", shape_scalar()) };
    return length(g, graph_emit_with(g, "FakeParam", NULL, 0, attrs, 2));
}

static val sum_of_lengths(graph *g)
{
    return stack(g, emit(g, "AddN", reserve(g, ints_value(g, 2), 2), reserve(g, ints_value(g, 2), 1)), any_shape(g));
}

static val sum_of_shapes(graph *g)
{
    val a = set(g, reserve(g, any_shape(g), 1), 0, ones(g, 2)), b = set(g, reserve(g, any_shape(g), 1), 0, ones(g, 3));
    return stack(g, emit(g, "AddN", a, b), any_shape(g));
}

static val sum_of_element_shapes(graph *g)
{
    return stack(g, emit(g, "AddN", reserve(g, ints_value(g, 2), 1), reserve(g, ints_value(g, 3), 1)), any_shape(g));
}

#define MERGE_SHAPES "PartialTensorShape: Incompatible shapes during merge: "
static const failing failures[] = {
    { bad_scalar_shape, "The only valid scalar shape tensor is the fully unknown shape specified as -1." },
    { bad_dim, "Dimension -2 must be >= -1" },
    { negative_reserve, "The num_elements to reserve must be a non negative number, but got -3" },
    { get_past_end, "Trying to access element 3 in a list with 3 elements." },
    { get_before_start, "Trying to access element -1 in a list with 3 elements." },
    { get_unknown, "Trying to read an uninitialized tensor but element_shape is not fully defined: <unknown> and no "
                   "list element is set." },
    { get_partly_known, "Trying to read an uninitialized tensor but element_shape is not fully defined: [?,2] and no "
                        "list element is set." },
    { get_other_shape, MERGE_SHAPES "[3] vs. [2]" },
    { get_other_rank, "PartialTensorShape: Incompatible ranks during merge: 2 vs. 1" },
    { get_among_different, MERGE_SHAPES "[2] vs. [3]" },
    { get_other_type, "Invalid data types; op elements int32 but list elements float" },
    { set_past_end, "Trying to modify element 3 in a list with 3 elements." },
    { set_before_start, "Trying to modify element -1 in a list with 3 elements." },
    { set_other_shape,
      "Tried to set a tensor with incompatible shape at a list index. Item element shape: [3] list shape: [2]" },
    { set_other_type, "Invalid data types; op elements int32 but list elements float" },
    { push_other_shape,
      "Tried to append a tensor with incompatible shape to a list. Op element shape: [3] list shape: [2]" },
    { push_full, "Tried to push item into a full list list size: 1 max_num_elements: 1" },
    { pop_empty, "Trying to pop from an empty list." },
    { pop_unset, "Trying to read an uninitialized tensor but element_shape is not fully defined.<unknown>" },
    { stack_empty, "Tried to stack elements of an empty list with non-fully-defined element_shape: <unknown>" },
    { stack_unset, "Tried to stack list which only contains uninitialized tensors and has a non-fully-defined "
                   "element_shape: <unknown>" },
    { stack_different, MERGE_SHAPES "[3] vs. [2]" },
    { stack_other_shape, MERGE_SHAPES "[3] vs. [2]" },
    { stack_number, "Operation expected a list with 2 elements but got a list with 3 elements." },
    { gather_past_end, "Index 3 out o range; list only has 3 elements." },
    { gather_before_start, "Index -1 out o range; list only has 3 elements." },
    { gather_none, "Tried to gather 0-elements from a list with non-fully-defined shape: <unknown>" },
    { gather_unset,
      "Tried to gather uninitialized tensors from a list with non-fully-defined element_shape: <unknown>" },
    { from_scalar, "Tensor must be at least a vector, but saw shape: []" },
    { from_other_shape, "Specified a list with shape [3] from a tensor with shape [2]" },
    { resize_negative, "TensorListSlice expects size to be non-negative. Got: -1" },
    { scatter_small, "TensorListScatter: Trying to scatter at index 2 in list with size 2" },
    { scatter_bad_number, "TensorListScatter expects num_elements >= -1, found: -2" },
    { scatter_negative, "Indices in TensorListScatter must all be non-negative." },
    { scatter_rows, "Invalid number of rows in input tensor. Expected: 1 Actual: 2" },
    { scatter_into_type, "Invalid data types; input tensor type: int32 list element_type: float" },
    { scatter_into_number, "Expected len(indices) == tensor.shape[0], but saw: 1 vs. 2" },
    { scatter_into_shape, "Item element shape: [3] list shape: [2]" }, /* TensorFlow takes it and reads past the element */
    { concat_empty, "All except the first dimension must be fully defined when concating an empty tensor list. "
                    "element_shape: <unknown>" },
    { concat_scalars, "Concat saw a scalar shape at index 0 but requires at least vectors." },
    { concat_scalar_shape, "Concat requires elements to be at least vectors, found scalars instead." },
    { concat_unset, "List contains uninitialized tensor at index 0 but leading_dims has only 0 elements." },
    { concat_short_dims, "List contains uninitialized tensor at index 1 but leading_dims has only 1 elements." },
    { concat_tail, MERGE_SHAPES "[2] vs. [3]" },
    { concat_first, "First entry of element_shape input does not match the first dim of list element at index: 0 "
                    "Expected: 2 Actual: 1" },
    { concat_nothing_known, "Trying to concat list with only uninitialized tensors but element_shape_except_first_dim "
                            "is not fully defined: <unknown>" },
    { concat_1_scalar, "element_shape must not be empty" },
    { split_short, "Unused values in tensor. Length of tensor: 4 Values used: 3" },
    { split_long, "Attempting to slice [1, 5] from tensor with length 4" },
    { split_negative, "Invalid value in lengths: -1" },
    { split_huge, "from tensor with length 4" },
    { split_shape, "tensor shape [4,2] is not compatible with element_shape [?,3]" },
    { split_lengths, "Expected lengths to be a vector, received shape: []" },
    { join_shapes, "input_a and input_b TensorList element shapes are not identical at index 0.  Saw [2] vs. [3]" },
    { join_types, "input_b[0].dtype != element_dtype.  Saw: int32 vs. float" },
    { batch, "Input list must be a scalar saw: [2]" },
    { sum_of_lengths, "Trying to add two lists of tensors with different lengths. One is 2 and the other is 1" },
    { sum_of_shapes, "Trying to add two tensors with incompatible element shapes. One is [2] and the other is [3]" },
    { sum_of_element_shapes,
      "Trying to add two lists of tensors with incompatible element shapes. One is [2] and the other is [3]" },
    { no_list, "Input handle is not a list. Saw: 'nothing'" },
};

TEST(errors_are_tensorflows)
{
    runner r;
    runner_start(&r);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        graph g;
        graph_init(&g, 0);
        graph_add_output(&g, failures[i].make(&g));
        assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, failures[i].words);
    }
    runner_end(&r);
}

/* -- Values ------------------------------------------------------------------------------------------------------------------ */

/* The graph's outputs, all floats: shape and elements of each. */
#define CHECK(r, g, shape_text, n, ...)        \
    do {                                       \
        tensor *unit_t = run_one(r, g);        \
        assert_shape(unit_t, shape_text);      \
        assert_floats(unit_t, n, __VA_ARGS__); \
    } while (0)

TEST(unset_elements_are_zeros)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, get(&g, reserve(&g, ints_value(&g, 2), 3), 1, any_shape(&g)));
    CHECK(&r, &g, "[2]", 2, 0, 0);
    graph_init(&g, 0); /* what the other elements are tells the shape */
    graph_add_output(&g, get(&g, set(&g, reserve(&g, any_shape(&g), 3), 1, ones(&g, 2)), 0, any_shape(&g)));
    CHECK(&r, &g, "[2]", 2, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, sample(&g), any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 1, 1, 0, 0, 3, 3);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, set(&g, reserve(&g, any_shape(&g), 2), 1, ones(&g, 2)), any_shape(&g)));
    CHECK(&r, &g, "[2,2]", 4, 0, 0, 1, 1);
    graph_init(&g, 0);
    graph_add_output(&g, gather_at(&g, sample(&g), ints_value(&g, 2, 1, 0)));
    CHECK(&r, &g, "[3,2]", 6, 3, 3, 0, 0, 1, 1);
    graph_init(&g, 0);
    graph_add_output(&g, gather_at(&g, sample(&g), vector_value(&g, SM_INT32, NULL, 0)));
    CHECK(&r, &g, "[0,2]", 0, 0);
    graph_init(&g, 0);
    val popped = node_with(&g, "TensorListPopBack", INPUTS(reserve(&g, any_shape(&g), 2), ints_value(&g, 2)),
                           attr_of_type("element_dtype", SM_FLOAT));
    graph_add_output(&g, popped + 1);
    CHECK(&r, &g, "[2]", 2, 0, 0);
    graph_init(&g, 0);
    val texts = node_with(&g, "TensorListReserve", INPUTS(ints_value(&g, 2), int_value(&g, 3)),
                          attr_of_type("element_dtype", SM_STRING));
    texts = emit(&g, "TensorListSetItem", texts, int_value(&g, 1),
                 texts_value(&g, "a", "a text that needs memory of its own"));
    graph_add_output(
        &g, node_with(&g, "TensorListStack", INPUTS(texts, any_shape(&g)), attr_of_type("element_dtype", SM_STRING)));
    assert_texts(run_one(&r, &g), "||a|a text that needs memory of its own||");
    runner_end(&r);
}

/* An element that is not set is as zeros; it takes the other list's shape. */
TEST(lists_are_summed)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, emit(&g, "ZerosLike", sample(&g)), any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 0, 0, 0, 0, 0, 0);
    graph_init(&g, 0);
    val one = set(&g, reserve(&g, any_shape(&g), 3), 1, ones(&g, 2));
    graph_add_output(&g, stack(&g, emit(&g, "AddN", sample(&g), one, sample(&g)), any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 2, 2, 1, 1, 6, 6);
    graph_init(&g, 0); /* the lists that are added stay what they are */
    one = set(&g, reserve(&g, any_shape(&g), 1), 0, ones(&g, 2));
    val both = emit(&g, "AddN", one, one);
    graph_add_output(&g, emit(&g, "AddV2", stack(&g, both, any_shape(&g)), stack(&g, one, any_shape(&g))));
    CHECK(&r, &g, "[1,2]", 2, 3, 3);
    runner_end(&r);
}

TEST(rows_in_and_out)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g,
                               emit(&g, "TensorListFromTensor", matrix_of(&g, floats_value(&g, 1, 2, 3, 4, 5, 6), 3, 2),
                                    ints_value(&g, 2)),
                               any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 1, 2, 3, 4, 5, 6);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, scatter_at(&g, ints_value(&g, 2, 0), -1), any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 1, 1, 0, 0, 1, 1);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, scatter_at(&g, ints_value(&g, 2, 0), 4), any_shape(&g)));
    CHECK(&r, &g, "[4,2]", 8, 1, 1, 0, 0, 1, 1, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g,
                               emit(&g, "TensorListScatterIntoExistingList", sample(&g),
                                    matrix_of(&g, floats_value(&g, 7, 7, 8, 8), 2, 2), ints_value(&g, 1, 4)),
                               any_shape(&g)));
    CHECK(&r, &g, "[5,2]", 10, 1, 1, 7, 7, 3, 3, 0, 0, 8, 8);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, emit(&g, "TensorListResize", sample(&g), int_value(&g, 4)), any_shape(&g)));
    CHECK(&r, &g, "[4,2]", 8, 1, 1, 0, 0, 3, 3, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, stack(&g, emit(&g, "TensorListResize", sample(&g), int_value(&g, 1)), any_shape(&g)));
    CHECK(&r, &g, "[1,2]", 2, 1, 1);
    graph_init(&g, 0);
    graph_add_output(&g, length(&g, node_with(&g, "TensorListSetItem", INPUTS(sample(&g), int_value(&g, 5), ones(&g, 2)),
                                              attr_of_bool("resize_if_index_out_of_bounds", true))));
    assert_ints(run_one(&r, &g), 1, 6);
    graph_init(&g, 0);
    val a = sample(&g);
    graph_add_output(&g, stack(&g, join(&g, a, a), any_shape(&g)));
    CHECK(&r, &g, "[6,2]", 12, 1, 1, 0, 0, 3, 3, 1, 1, 0, 0, 3, 3);
    runner_end(&r);
}

TEST(pieces_in_and_out)
{
    runner  r;
    graph   g;
    tensor *out[2] = { NULL };
    runner_start(&r);
    graph_init(&g, 0);
    val c = concat_dims(&g, pieces(&g), any_shape(&g), no_longs(&g));
    graph_add_output(&g, c);
    graph_add_output(&g, c + 1);
    assert_ok(run_graph(&r, &g, 2, NULL, 0, out, err));
    assert_shape(out[0], "[4,2]");
    assert_floats(out[0], 8, 1, 1, 2, 2, 2, 2, 2, 2);
    assert_longs(out[1], 2, 1, 3);
    graph_init(&g, 0); /* lengths of what is not set: given, or as the others are */
    graph_add_output(&g, concat_dims(&g, reserve(&g, ints_value(&g, -1, 2), 2), any_shape(&g), longs_value(&g, 1, 2)));
    CHECK(&r, &g, "[3,2]", 6, 0, 0, 0, 0, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, concat_dims(&g, reserve(&g, ints_value(&g, 3, 1), 2), any_shape(&g), no_longs(&g)));
    CHECK(&r, &g, "[6,1]", 6, 0, 0, 0, 0, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g,
                     concat_dims(&g, set(&g, reserve(&g, ints_value(&g, -1, 1), 3), 1, matrix_of(&g, ones(&g, 2), 2, 1)),
                                 any_shape(&g), no_longs(&g)));
    CHECK(&r, &g, "[6,1]", 6, 0, 0, 1, 1, 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, concat_dims(&g, empty(&g, ints_value(&g, -1, 2), -1), any_shape(&g), no_longs(&g)));
    CHECK(&r, &g, "[0,2]", 0, 0);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "TensorListConcat", INPUTS(pieces(&g)), attr_of_type("element_dtype", SM_FLOAT)));
    CHECK(&r, &g, "[4,2]", 8, 1, 1, 2, 2, 2, 2, 2, 2);
    graph_init(&g, 0);
    val s = split_at(&g, ints_value(&g, -1, 2), longs_value(&g, 1, 3));
    graph_add_output(&g, get(&g, s, 1, any_shape(&g)));
    CHECK(&r, &g, "[3,2]", 6, 1, 1, 1, 1, 1, 1);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "TensorListElementShape",
                                   INPUTS(split_at(&g, ints_value(&g, -1, 2), longs_value(&g, 1, 3))),
                                   attr_of_type("shape_type", SM_INT64)));
    assert_longs(run_one(&r, &g), 2, -1, 2);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "TensorListElementShape", INPUTS(reserve(&g, any_shape(&g), 1)),
                                   attr_of_type("shape_type", SM_INT32)));
    assert_ints(run_one(&r, &g), 1, -1);
    runner_end(&r);
}

TEST(batches_of_lists)
{
    runner  r;
    graph   g;
    tensor *out[2] = { NULL };
    runner_start(&r);
    graph_init(&g, 0);
    val lists = node_with(&g, "Pack", INPUTS(sample(&g), empty(&g, ints_value(&g, 2), -1)), attr_of_int("N", 2));
    val longer = emit(&g, "TensorListPushBackBatch", lists, matrix_of(&g, floats_value(&g, 4, 4, 5, 5), 2, 2));
    val each = node_with(&g, "Unpack", INPUTS(join(&g, longer, longer)), attr_of_int("num", 2));
    graph_add_output(&g, stack(&g, each, any_shape(&g)));
    graph_add_output(&g, stack(&g, each + 1, any_shape(&g)));
    assert_ok(run_graph(&r, &g, 1, NULL, 0, out, err));
    assert_floats(out[0], 16, 1, 1, 0, 0, 3, 3, 4, 4, 1, 1, 0, 0, 3, 3, 4, 4);
    assert_floats(out[1], 4, 5, 5, 5, 5);
    runner_end(&r);
}

/* -- A list is a value -------------------------------------------------------------------------------------------------------- */

/* Two lists made from one, both used later: neither sees the other's change, nor does the one they came from. */
TEST(copies_are_independent)
{
    runner  r;
    graph   g;
    tensor *out[3] = { NULL };
    runner_start(&r);
    graph_init(&g, 0);
    shape         scalar = shape_scalar();
    tensor       *x = new_tensor(SM_FLOAT, &scalar, &(float){ 5 });
    const tensor *in[] = { x };
    val           v = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val           a = push(&g, empty(&g, any_shape(&g), -1), v); /* not a constant: it can be changed in place */
    val           b = push(&g, a, emit(&g, "Neg", v)), c = set(&g, a, 0, float_value(&g, 7));
    graph_add_output(&g, stack(&g, a, any_shape(&g)));
    graph_add_output(&g, stack(&g, b, any_shape(&g)));
    graph_add_output(&g, stack(&g, c, any_shape(&g)));
    assert_ok(run_graph(&r, &g, 3, in, 1, out, err));
    assert_floats(out[0], 1, 5);
    assert_floats(out[1], 2, 5, -5);
    assert_floats(out[2], 1, 7);
    tensor_unref(x);
    runner_end(&r);
}

/* A list that is pushed on itself holds what it was, not itself: nothing leaks, and it ends. */
TEST(lists_of_lists)
{
    runner  r;
    graph   g;
    tensor *out[2] = { NULL };
    runner_start(&r);
    graph_init(&g, 0);
    shape         scalar = shape_scalar();
    tensor       *x = new_tensor(SM_INT32, &scalar, &(int32_t){ -1 });
    const tensor *in[] = { x };
    val           s = graph_add_input(&g, SLICE("s"), SM_INT32);
    val           a = node_with(&g, "EmptyTensorList", INPUTS(s, s), attr_of_type("element_dtype", SM_VARIANT));
    val           b = push(&g, a, a), c = push(&g, b, b);
    graph_add_output(&g, length(&g, c));
    graph_add_output(&g, length(&g, node_with(&g, "TensorListGetItem", INPUTS(c, int_value(&g, 1), s),
                                              attr_of_type("element_dtype", SM_VARIANT))));
    assert_ok(run_graph(&r, &g, 2, in, 1, out, err));
    assert_ints(out[0], 1, 2);
    assert_ints(out[1], 1, 1);
    tensor_unref(x);
    runner_end(&r);
}

/* A loop that nests lists without end is stopped before their release would be too deep. */
TEST(nesting_is_limited)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    (void)graph_add_input(&g, SLICE("list"), SM_VARIANT);
    graph_add_output(&g, bool_value(&g, true));
    runner_define(&r, "always", &g);
    graph_init(&g, 0);
    val list = graph_add_input(&g, SLICE("list"), SM_VARIANT);
    val outer = node_with(&g, "EmptyTensorList", INPUTS(any_shape(&g), int_value(&g, -1)),
                          attr_of_type("element_dtype", SM_VARIANT));
    graph_add_output(&g, push(&g, outer, list));
    runner_define(&r, "nest", &g);
    graph_init(&g, 0);
    val start = node_with(&g, "EmptyTensorList", INPUTS(any_shape(&g), int_value(&g, -1)),
                          attr_of_type("element_dtype", SM_VARIANT));
    graph_add_output(&g, node_with(&g, "While", INPUTS(start), attr_of_func(&g, "cond", "always"),
                                   attr_of_func(&g, "body", "nest")));
    assert_graph_fails(&r, &g, SM_RESOURCE_EXHAUSTED, "deep");
    runner_end(&r);
}

/* 0, 1, 2 ... as tf.while_loop writes them: reserve, set in each round, stack. */
static void define_writer(runner *r)
{
    graph g;
    graph_init(&g, 0);
    val i = graph_add_input(&g, SLICE("i"), SM_INT32), n = graph_add_input(&g, SLICE("n"), SM_INT32);
    (void)graph_add_input(&g, SLICE("list"), SM_VARIANT);
    graph_add_output(&g, emit(&g, "Less", i, n));
    runner_define(r, "below", &g);
    graph_init(&g, 0);
    i = graph_add_input(&g, SLICE("i"), SM_INT32);
    n = graph_add_input(&g, SLICE("n"), SM_INT32);
    val list = graph_add_input(&g, SLICE("list"), SM_VARIANT);
    val x = node_with(&g, "Cast", INPUTS(i), attr_of_type("DstT", SM_FLOAT));
    graph_add_output(&g, emit(&g, "AddV2", i, int_value(&g, 1)));
    graph_add_output(&g, n);
    graph_add_output(&g, emit(&g, "TensorListSetItem", list, i, x));
    runner_define(r, "write", &g);
}

/* Long enough that a copy of the list in each round would be noticed: 400 million elements. */
TEST(loops_fill_lists)
{
    enum { N = 20000 };
    runner r;
    graph  g;
    runner_start(&r);
    define_writer(&r);
    graph_init(&g, 0);
    val list = reserve(&g, vector_value(&g, SM_INT32, NULL, 0), N);
    val loop = node_with(&g, "While", INPUTS(int_value(&g, 0), int_value(&g, N), list),
                         attr_of_func(&g, "cond", "below"), attr_of_func(&g, "body", "write"));
    graph_add_output(&g, stack(&g, loop + 2, any_shape(&g)));
    tensor *t = NULL;
    assert_ok(run_graph(&r, &g, 2, NULL, 0, &t, err));
    assert_shape(t, "[20000]");
    for (size_t i = 0; i < N; i++) assert_true(tensor_real(t, i) == (double)i);
    tensor_unref(t);
    runner_end(&r);
}
