/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow 1's TensorArrays and stacks, op by op: values and errors. What rows expect was observed with TensorFlow 2.21. Arrays
 * in loops are in tests/models/loops. */
#include "unit.h"

#include "runner.h"

typedef struct array { /* a handle, and the flow of the last op on it */
    graph *g;
    val    handle, flow;
} array;

enum { DYNAMIC = 1, KEEPS = 2, IDENTICAL = 4 };

static array make(graph *g, int32_t size, sm_dtype t, shape element_shape, unsigned how)
{
    val h = node_with(g, "TensorArrayV3", INPUTS(int_value(g, size)), attr_of_type("dtype", t),
                      attr_of_shape(g, "element_shape", element_shape), attr_of_bool("dynamic_size", how & DYNAMIC),
                      attr_of_bool("clear_after_read", !(how & KEEPS)),
                      attr_of_bool("identical_element_shapes", (how & IDENTICAL) != 0),
                      attr_of_string("tensor_array_name", SLICE("a")));
    return (array){ g, h, h + 1 };
}

static array floats(graph *g, int32_t size, unsigned how)
{
    return make(g, size, SM_FLOAT, shape_unknown(), how);
}

static val up_to(graph *g, size_t n) /* 1, 2 ... */
{
    static const float values[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    return vector_value(g, SM_FLOAT, values, n);
}

static void put(array *a, int32_t i, val x)
{
    a->flow = emit(a->g, "TensorArrayWriteV3", a->handle, int_value(a->g, i), x, a->flow);
}

/* The flow follows what is read, so that a later op comes later. */
static val follow(array *a, val v)
{
    a->flow = emit(a->g, "Identity", a->flow);
    run_after(a->g, a->flow, graph_node_of(a->g, v));
    return v;
}

static val take_as(array *a, int32_t i, sm_dtype t)
{
    return follow(a, node_with(a->g, "TensorArrayReadV3", INPUTS(a->handle, int_value(a->g, i), a->flow),
                               attr_of_type("dtype", t)));
}

static val take(array *a, int32_t i)
{
    return take_as(a, i, SM_FLOAT);
}

static val gather_of(array *a, val indices, shape element_shape)
{
    return follow(a, node_with(a->g, "TensorArrayGatherV3", INPUTS(a->handle, indices, a->flow),
                               attr_of_type("dtype", SM_FLOAT), attr_of_shape(a->g, "element_shape", element_shape)));
}

static val concat_of(array *a, shape except0)
{
    return follow(a, node_with(a->g, "TensorArrayConcatV3", INPUTS(a->handle, a->flow), attr_of_type("dtype", SM_FLOAT),
                               attr_of_shape(a->g, "element_shape_except0", except0)));
}

static void scatter_into(array *a, val indices, val rows)
{
    a->flow = emit(a->g, "TensorArrayScatterV3", a->handle, indices, rows, a->flow);
}

static void split_into(array *a, val rows, val lengths)
{
    a->flow = emit(a->g, "TensorArraySplitV3", a->handle, rows, lengths, a->flow);
}

static val size_of(array *a)
{
    return emit(a->g, "TensorArraySizeV3", a->handle, a->flow);
}

static array gradient_of(array *a)
{
    val h = node_with(a->g, "TensorArrayGradV3", INPUTS(a->handle, a->flow), attr_of_string("source", SLICE("g")));
    return (array){ a->g, h, h + 1 };
}

static void close_array(array *a)
{
    val before = emit(a->g, "Identity", a->flow);
    (void)emit(a->g, "TensorArrayCloseV3", a->handle);
    graph_add_control(a->g, last_node(a->g), graph_node_of(a->g, before));
    node_id closed = last_node(a->g);
    a->flow = emit(a->g, "Identity", a->flow);
    run_after(a->g, a->flow, closed);
}

/* -- Values ------------------------------------------------------------------------------------------------------------------ */

static val written_and_read(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    return take(&a, 0);
}

static val read_twice(graph *g)
{
    array a = floats(g, 3, KEEPS);
    put(&a, 0, up_to(g, 2));
    return emit(g, "AddV2", take(&a, 0), take(&a, 0));
}

static val not_written(graph *g)
{
    array a = make(g, 3, SM_FLOAT, shape_vector(2), 0);
    return take(&a, 1);
}

static val gathered(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    put(&a, 1, emit(g, "AddV2", up_to(g, 2), float_value(g, 1)));
    return gather_of(&a, ints_value(g, 1, 0), shape_unknown());
}

static val gathered_nothing(graph *g)
{
    array a = floats(g, 3, 0);
    return gather_of(&a, vector_value(g, SM_INT32, NULL, 0), shape_vector(2));
}

static val scattered(graph *g)
{
    array a = floats(g, 3, 0);
    scatter_into(&a, ints_value(g, 2, 0), matrix_of(g, up_to(g, 4), 2, 2));
    return gather_of(&a, ints_value(g, 0, 2), shape_unknown());
}

static val joined(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    put(&a, 1, up_to(g, 3));
    put(&a, 2, up_to(g, 1));
    return concat_of(&a, shape_unknown());
}

static val split_up(graph *g)
{
    array a = floats(g, 0, DYNAMIC);
    split_into(&a, up_to(g, 6), longs_value(g, 1, 2, 3));
    return take(&a, 2);
}

static val gradients_add_up(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    array d = gradient_of(&a);
    put(&d, 0, up_to(g, 2));
    a.flow = d.flow;
    array same = gradient_of(&a);
    put(&same, 0, emit(g, "Mul", up_to(g, 2), float_value(g, 3)));
    return take(&same, 0);
}

static val gradients_begin_as_zeros(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    array d = gradient_of(&a);
    return take(&d, 0);
}

static const struct {
    val (*make)(graph *g);
    const char *shape;
    int         n;
    float       want[6];
} values[] = {
    { written_and_read, "[2]", 2, { 1, 2 } },   { read_twice, "[2]", 2, { 2, 4 } },
    { not_written, "[2]", 2, { 0, 0 } },        { gathered, "[2,2]", 4, { 2, 3, 1, 2 } },
    { gathered_nothing, "[0,2]", 0, { 0 } },    { scattered, "[2,2]", 4, { 3, 4, 1, 2 } },
    { joined, "[6]", 6, { 1, 2, 1, 2, 3, 1 } }, { split_up, "[3]", 3, { 4, 5, 6 } },
    { gradients_add_up, "[2]", 2, { 4, 8 } },   { gradients_begin_as_zeros, "[2]", 2, { 0, 0 } },
};

TEST(arrays_give_tensorflows_values)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        runner r;
        graph  g;
        runner_start(&r);
        graph_init(&g, 0);
        graph_add_output(&g, values[i].make(&g));
        tensor *t = run_one(&r, &g);
        assert_shape(t, values[i].shape);
        for (int k = 0; k < values[i].n; k++) assert_true(((const float *)t->data)[k] == values[i].want[k]);
        tensor_unref(t);
        runner_end(&r);
    }
}

/* -- Errors ------------------------------------------------------------------------------------------------------------------ */

static val negative_size(graph *g)
{
    return floats(g, -1, 0).flow;
}

static val reads_outside(graph *g)
{
    array a = floats(g, 3, 0);
    return take(&a, 5);
}

static val reads_outside_dynamic(graph *g)
{
    array a = make(g, 3, SM_FLOAT, shape_vector(2), DYNAMIC);
    return take(&a, 4);
}

static val writes_outside(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 3, up_to(g, 2));
    return a.flow;
}

static val writes_before(graph *g)
{
    array a = floats(g, 3, DYNAMIC);
    put(&a, -1, up_to(g, 2));
    return a.flow;
}

static val writes_twice(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    put(&a, 0, up_to(g, 2));
    return a.flow;
}

static val writes_after_reading(graph *g)
{
    array a = floats(g, 3, KEEPS);
    put(&a, 0, up_to(g, 2));
    (void)take(&a, 0);
    put(&a, 0, up_to(g, 2));
    return a.flow;
}

static val reads_what_is_gone(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    (void)take(&a, 0);
    return take(&a, 0);
}

static val reads_nothing(graph *g)
{
    array a = floats(g, 3, 0);
    return take(&a, 1);
}

static val reads_no_text(graph *g)
{
    array a = make(g, 3, SM_STRING, shape_vector(2), 0);
    return take_as(&a, 1, SM_STRING);
}

static val writes_other_type(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, int_value(g, 1));
    return a.flow;
}

static val reads_other_type(graph *g)
{
    array a = floats(g, 3, 0);
    return take_as(&a, 0, SM_INT32);
}

static val writes_other_shape(graph *g)
{
    array a = make(g, 3, SM_FLOAT, shape_vector(3), 0);
    put(&a, 0, up_to(g, 2));
    return a.flow;
}

static val writes_different_shapes(graph *g)
{
    array a = floats(g, 3, IDENTICAL);
    put(&a, 0, up_to(g, 2));
    put(&a, 1, up_to(g, 3));
    return a.flow;
}

static val gathers_different_shapes(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    put(&a, 1, up_to(g, 3));
    return gather_of(&a, ints_value(g, 0, 1), shape_unknown());
}

static val gathers_other_shape(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    return gather_of(&a, ints_value(g, 0), shape_vector(3));
}

static val gathers_against_array(graph *g)
{
    array a = make(g, 3, SM_FLOAT, shape_vector(2), 0);
    return gather_of(&a, ints_value(g, 0), shape_vector(3));
}

static val gathers_nothing(graph *g)
{
    array a = floats(g, 3, 0);
    return gather_of(&a, vector_value(g, SM_INT32, NULL, 0), shape_unknown());
}

static val gathers_by_scalar(graph *g)
{
    array a = floats(g, 3, 0);
    return gather_of(&a, int_value(g, 0), shape_unknown());
}

static val scatters_too_far(graph *g)
{
    array a = floats(g, 3, 0);
    scatter_into(&a, ints_value(g, 5), matrix_of(g, up_to(g, 2), 1, 2));
    return a.flow;
}

static val scatters_too_many(graph *g)
{
    array a = floats(g, 3, 0);
    scatter_into(&a, ints_value(g, 0), matrix_of(g, up_to(g, 4), 2, 2));
    return a.flow;
}

static val scatters_scalar(graph *g)
{
    array a = floats(g, 3, 0);
    scatter_into(&a, ints_value(g, 0), float_value(g, 1));
    return a.flow;
}

static val joins_scalars(graph *g)
{
    array a = floats(g, 1, 0);
    put(&a, 0, float_value(g, 1));
    return concat_of(&a, shape_unknown());
}

static val joins_different_shapes(graph *g)
{
    array a = floats(g, 2, 0);
    put(&a, 0, matrix_of(g, up_to(g, 2), 1, 2));
    put(&a, 1, matrix_of(g, up_to(g, 3), 1, 3));
    return concat_of(&a, shape_unknown());
}

static val joins_nothing(graph *g)
{
    array a = floats(g, 0, 0);
    return concat_of(&a, shape_unknown());
}

static val splits_too_little(graph *g)
{
    array a = floats(g, 3, 0);
    split_into(&a, up_to(g, 2), longs_value(g, 1, 0, 0));
    return a.flow;
}

static val splits_for_another(graph *g)
{
    array a = floats(g, 3, 0);
    split_into(&a, up_to(g, 2), longs_value(g, 1, 1));
    return a.flow;
}

static val splits_negatively(graph *g) /* TensorFlow crashes */
{
    array a = floats(g, 3, 0);
    split_into(&a, up_to(g, 2), longs_value(g, -1, 2, 1));
    return a.flow;
}

static val reads_closed(graph *g)
{
    array a = floats(g, 3, 0);
    close_array(&a);
    return size_of(&a);
}

static val gradient_of_other_shape(graph *g)
{
    array a = floats(g, 3, 0);
    put(&a, 0, up_to(g, 2));
    array d = gradient_of(&a);
    put(&d, 0, up_to(g, 3));
    return d.flow;
}

static val gradient_of_gradient(graph *g)
{
    array a = floats(g, 3, 0), d = gradient_of(&a);
    return gradient_of(&d).flow;
}

static val grows_with_gradient(graph *g)
{
    array a = floats(g, 3, DYNAMIC), d = gradient_of(&a);
    a.flow = d.flow;
    put(&a, 5, up_to(g, 2));
    return a.flow;
}

static val array_of_itself(graph *g)
{
    array a = make(g, 3, SM_RESOURCE, shape_unknown(), 0);
    put(&a, 0, a.handle);
    return a.flow;
}

static val new_stack(graph *g, int32_t most)
{
    return node_with(g, "StackV2", INPUTS(int_value(g, most)), attr_of_type("elem_type", SM_FLOAT),
                     attr_of_string("stack_name", SLICE("s")));
}

static val full_stack(graph *g)
{
    return emit(g, "StackPushV2", new_stack(g, 0), float_value(g, 1));
}

static val empty_stack(graph *g)
{
    return node_with(g, "StackPopV2", INPUTS(new_stack(g, 3)), attr_of_type("elem_type", SM_FLOAT));
}

static val stack_of_another(graph *g)
{
    return emit(g, "StackPushV2", new_stack(g, 3), int_value(g, 1));
}

static val no_array(graph *g)
{
    array a = { g, new_stack(g, 3), float_value(g, 0) };
    return take(&a, 0);
}

static const struct {
    val (*make)(graph *g);
    sm_status   status;
    const char *text;
} failures[] = {
    { negative_size, SM_INVALID_ARGUMENT, "Size should be >= 0." },
    { reads_outside, SM_INVALID_ARGUMENT, "Tried to read from index 5 but array size is: 3" },
    { reads_outside_dynamic, SM_INVALID_ARGUMENT, "Tried to read from index 4 but array size is: 3" },
    { writes_outside, SM_INVALID_ARGUMENT,
      "TensorArray a_0: Tried to write to index 3 but array is not resizeable and size is: 3" },
    { writes_before, SM_INVALID_ARGUMENT, "Tried to write to index -1 but array is not resizeable and size is: 3" },
    { writes_twice, SM_INVALID_ARGUMENT,
      "TensorArray a_0: Could not write to TensorArray index 0 because it has already been written to." },
    { writes_after_reading, SM_INVALID_ARGUMENT, "Could not write to TensorArray index 0 because it has already been read." },
    { reads_what_is_gone, SM_INVALID_ARGUMENT,
      "TensorArray a_0: Could not read index 0 twice because it was cleared after a previous read (perhaps try setting "
      "clear_after_read = false?)." },
    { reads_nothing, SM_INVALID_ARGUMENT,
      "Could not read from TensorArray index 1.  Furthermore, the element shape is not fully defined: <unknown>.  It "
      "is "
      "possible you are working with a resizeable TensorArray and stop_gradients is not allowing" },
    { reads_no_text, SM_INVALID_ARGUMENT, "tensor_array::TensorSetZero type not supported: string" },
    { writes_other_type, SM_INVALID_ARGUMENT, "TensorArray dtype is float but Op is trying to write dtype int32." },
    { reads_other_type, SM_INVALID_ARGUMENT, "TensorArray dtype is float but Op requested dtype int32." },
    { writes_other_shape, SM_INVALID_ARGUMENT,
      "Could not write to TensorArray index 0 because the value shape is [2] which is incompatible with the "
      "TensorArray's "
      "inferred element shape: [3] (consider setting infer_shape=False)." },
    { writes_different_shapes,
      SM_INVALID_ARGUMENT, "index 1 because the value shape is [3] which is incompatible with the TensorArray's inferred element shape: [2]" },
    { gathers_different_shapes, SM_INVALID_ARGUMENT,
      "TensorArray has inconsistent shapes.  Index 0 has shape: [2] but index 1 has shape: [3]" },
    { gathers_other_shape, SM_INVALID_ARGUMENT,
      "TensorArray was passed element_shape [3] which does not match the Tensor at index 0: [2]" },
    { gathers_against_array, SM_INVALID_ARGUMENT, "PartialTensorShape: Incompatible shapes during merge: [2] vs. [3]" },
    { gathers_nothing, SM_UNIMPLEMENTED,
      "TensorArray has size zero, but element shape <unknown> is not fully defined. Currently only static shapes are "
      "supported when packing zero-size TensorArrays." },
    { gathers_by_scalar, SM_INVALID_ARGUMENT, "Expected indices to be a vector, but received shape: []" },
    { scatters_too_far, SM_INVALID_ARGUMENT, "Max scatter index must be < array size (5 vs. 3)" },
    { scatters_too_many, SM_INVALID_ARGUMENT, "Expected len(indices) == values.shape[0], but saw: 1 vs. 2" },
    { scatters_scalar, SM_INVALID_ARGUMENT, "Input value for unpack must be at least a vector but received shape: []" },
    { joins_scalars, SM_INVALID_ARGUMENT,
      "Concat saw a scalar shape at index 0 but requires at least vectors.  Did you mean to call pack?" },
    { joins_different_shapes, SM_INVALID_ARGUMENT,
      "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: [2] but index 1 has (excepting "
      "dimension 0) shape: [3]" },
    { joins_nothing, SM_UNIMPLEMENTED,
      "TensorArray has size zero, but element_shape_except0 <unknown> is not fully defined. Currently only static "
      "shapes "
      "are supported when concatenating zero-size TensorArrays." },
    { splits_too_little, SM_INVALID_ARGUMENT,
      "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is 1 and value's shape is: [2]" },
    { splits_for_another, SM_INVALID_ARGUMENT,
      "TensorArray's size is not equal to the size of lengths (3 vs. 2), and the TensorArray is not marked as "
      "dynamically "
      "resizeable" },
    { splits_negatively, SM_INVALID_ARGUMENT, "length 0 is -1" },
    { reads_closed, SM_INVALID_ARGUMENT, "TensorArray a_0 has already been closed." },
    { gradient_of_other_shape, SM_INVALID_ARGUMENT,
      "TensorArray a_0@g: Could not aggregate to TensorArray index 0 because the existing shape is [2] but the new "
      "input "
      "shape is [3]." },
    { gradient_of_gradient, SM_INVALID_ARGUMENT, "Wrong input container. _tensor_array_gradsa_0@g" },
    { grows_with_gradient, SM_INVALID_ARGUMENT, "Tried to write to index 5 but array is not resizeable and size is: 3" },
    { array_of_itself, SM_UNIMPLEMENTED, "a TensorArray or Stack of handles" },
    { full_stack, SM_INVALID_ARGUMENT, "Stack[s_0] overflowed its max_size (0)" },
    { empty_stack, SM_INVALID_ARGUMENT, "Stack[s_0] is empty when calling Pop()." },
    { stack_of_another, SM_INVALID_ARGUMENT, "Must have type 1 but got 3" },
    { no_array, SM_INVALID_ARGUMENT, "wrong type" },
};

TEST(errors_of_arrays_are_tensorflows)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        runner r;
        graph  g;
        runner_start(&r);
        graph_init(&g, 0);
        graph_add_output(&g, failures[i].make(&g));
        assert_graph_fails(&r, &g, failures[i].status, failures[i].text);
        runner_end(&r);
    }
}
