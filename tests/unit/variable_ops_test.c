/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in graphs: sequences of writes and reads, snapshots, references of TensorFlow 1, and the errors of scatters
 * (their values stand in scatter.test). Texts and values were observed with TensorFlow 2.21. */
#include "unit.h"

#include "runner.h"

#include <pthread.h>

static val handle_of(graph *g, const char *op, sm_dtype dtype, shape s)
{
    const attr attrs[] = { attr_of_string("shared_name", SLICE("v")), attr_of_type("dtype", dtype),
                           attr_of_shape(g, "shape", s) };
    return graph_emit_with(g, op, NULL, 0, attrs, 3);
}

static val handle(graph *g)
{
    return handle_of(g, "VarHandleOp", SM_FLOAT, shape_unknown());
}

static val read_of(graph *g, val h)
{
    return node_with(g, "ReadVariableOp", INPUTS(h), attr_of_type("dtype", SM_FLOAT));
}

/* Runs the last node of g for its effect. */
static sm_status run_effect(runner *r, graph *g, int times, sm_error *err)
{
    tensor *none = NULL;
    graph_add_target(g, last_node(g));
    return run_graph(r, g, times, NULL, 0, &none, err);
}

static void assign_to(runner *r, val (*initial)(graph *g))
{
    graph g;
    graph_init(&g, 0);
    (void)emit(&g, "AssignVariableOp", handle(&g), initial(&g));
    assert_ok(run_effect(r, &g, 1, err));
}

static tensor *current(runner *r)
{
    graph g;
    graph_init(&g, 0);
    graph_add_output(&g, read_of(&g, handle(&g)));
    return run_one(r, &g);
}

static val vector(graph *g)
{
    return floats_value(g, 1, 2, 3);
}

static val square(graph *g)
{
    return matrix_of(g, floats_value(g, 1, 2, 3, 4), 2, 2);
}

/* -- Reads and writes ------------------------------------------------------------------------------------------------------ */

TEST(read_before_a_value)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, read_of(&g, handle(&g)));
    assert_graph_fails(
        &r, &g,
        SM_FAILED_PRECONDITION, "Could not find variable v. This could mean that the variable has been deleted. In TF1, it can also mean the variable is uninitialized.");
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "VarIsInitializedOp", handle(&g)));
    assert_bools(run_one(&r, &g), 1, 0);
    assign_to(&r, vector);
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "VarIsInitializedOp", handle(&g)));
    assert_bools(run_one(&r, &g), 1, 1);
    graph_init(&g, 0);
    (void)emit(&g, "DestroyResourceOp", handle(&g));
    assert_ok(run_effect(&r, &g, 1, err));
    graph_init(&g, 0);
    graph_add_output(&g, read_of(&g, handle(&g)));
    assert_graph_fails(&r, &g, SM_FAILED_PRECONDITION, "Could not find variable v");
    runner_end(&r);
}

/* read, add, read, add, in one graph that runs three times: each read is a snapshot of its moment */
TEST(reads_are_snapshots)
{
    runner  r;
    graph   g;
    tensor *out[3] = { NULL };
    runner_start(&r);
    assign_to(&r, vector);
    graph_init(&g, 0);
    val     h = handle(&g), before = read_of(&g, h);
    node_id last = last_node(&g);
    val     now[2];
    for (int i = 0; i < 2; i++) {
        (void)emit(&g, "AssignAddVariableOp", h, floats_value(&g, 1, 10, 100));
        graph_add_control(&g, last_node(&g), last);
        last = last_node(&g);
        now[i] = read_of(&g, h);
        run_after(&g, now[i], last);
        last = last_node(&g);
    }
    graph_add_output(&g, before);
    graph_add_output(&g, now[0]);
    graph_add_output(&g, now[1]);
    assert_ok(run_graph(&r, &g, 3, NULL, 0, out, err));
    assert_floats(out[0], 3, 5, 42, 403);
    assert_floats(out[1], 3, 6, 52, 503);
    assert_floats(out[2], 3, 7, 62, 603);
    runner_end(&r);
}

/* What a function computed from a variable follows its value and its shape. */
TEST(derived_values_follow)
{
    runner    r;
    graph     g;
    function *f = NULL;
    tensor   *out = NULL;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "Neg", emit(&g, "Neg", emit(&g, "Neg", read_of(&g, handle(&g))))));
    assert_ok(function_new(&r.env, SLICE("test"), &g, &f, err));
    for (int round = 0; round < 2; round++) {
        assign_to(&r, vector);
        assert_ok(function_run(f, NULL, 0, &out, 1, NULL, err));
        assert_floats(out, 3, -1, -2, -3);
        out = NULL;
        assign_to(&r, square);
        assert_ok(function_run(f, NULL, 0, &out, 1, NULL, err));
        assert_shape(out, "[2,2]");
        assert_floats(out, 4, -1, -2, -3, -4);
        out = NULL;
    }
    function_free(f);
    runner_end(&r);
}

TEST(wrong_types_and_shapes)
{
    runner r;
    graph  g;
    runner_start(&r);
    assign_to(&r, vector);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "ReadVariableOp", INPUTS(handle(&g)), attr_of_type("dtype", SM_DOUBLE)));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "Trying to read variable with wrong dtype. Expected double got float");
    graph_init(&g, 0);
    (void)emit(&g, "AssignVariableOp", handle(&g), int_value(&g, 1));
    assert_fails(run_effect(&r, &g, 1, err), SM_INVALID_ARGUMENT,
                 "Trying to assign variable with wrong dtype. Expected float got int32");
    graph_init(&g, 0);
    (void)emit(&g, "AssignAddVariableOp", handle(&g), floats_value(&g, 1, 2));
    assert_fails(run_effect(&r, &g, 1, err), SM_INVALID_ARGUMENT,
                 "Cannot update variable with shape [3] using a Tensor with shape [2], shapes must be equal.");
    assert_floats(current(&r), 3, 1, 2, 3);
    runner_end(&r);
}

/* -- References of TensorFlow 1 ----------------------------------------------------------------------------------------------- */

TEST(references)
{
    static const struct {
        const char *op;
        double      want[3];
    } rows[] = {
        { "ScatterUpdate", { 20, 2, -5 } },   { "ScatterAdd", { 21, 2, 8 } },    { "ScatterSub", { -19, 2, -2 } },
        { "ScatterMul", { 20, 2, -150 } },    { "ScatterMin", { 1, 2, -5 } },    { "ScatterMax", { 20, 2, 10 } },
        { "ScatterNdUpdate", { 20, 2, -5 } }, { "ScatterNdAdd", { 21, 2, 8 } },  { "ScatterNdSub", { -19, 2, -2 } },
        { "ScatterNdMin", { 1, 2, -5 } },     { "ScatterNdMax", { 20, 2, 10 } },
    };
    runner r;
    runner_start(&r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        graph g;
        graph_init(&g, 0);
        val ref = handle_of(&g, "VariableV2", SM_FLOAT, shape_vector(3));
        val set = emit(&g, "Assign", ref, vector(&g)), indices = ints_value(&g, 2, 0, 2);
        if (strncmp(rows[i].op, "ScatterNd", 9) == 0) indices = matrix_of(&g, indices, 3, 1);
        val changed = emit(&g, rows[i].op, set, indices, floats_value(&g, 10, 20, -5));
        graph_add_output(&g, read_of(&g, changed));
        tensor *t = NULL;
        assert_ok(run_graph(&r, &g, 2, NULL, 0, &t, err));
        check_numbers(t, SM_FLOAT, 3, rows[i].want);
    }
    runner_end(&r);
}

/* -- Errors of scatters ----------------------------------------------------------------------------------------------------------- */

typedef struct bad_scatter {
    const char *op;
    bool        matrix; /* the variable: [[1 2] [3 4]] or [1 2 3] */
    int         index_rank, indices[4], index_dims[2];
    int         update_rank, update_dims[2];
    const char *policy, *words;
} bad_scatter;

static const bad_scatter bad_scatters[] = {
    { "ResourceScatterAdd", false, 1, { 5 }, { 1 }, 1, { 1 }, NULL, "indices[0] = 5 is not in [0, 3)" },
    { "ResourceScatterAdd", false, 1, { 0, -1 }, { 2 }, 1, { 2 }, NULL, "indices[1] = -1 is not in [0, 3)" },
    { "ResourceScatterUpdate", false, 2, { 0, 1, 3, 1 }, { 2, 2 }, 2, { 2, 2 }, NULL, "indices[1,0] = 3 is not in [0, 3)" },
    { "ResourceScatterSub", false, 0, { 3 }, { 0 }, 0, { 0 }, NULL, "indices = 3 is not in [0, 3)" },
    { "ResourceScatterAdd", true, 1, { 0, 1 }, { 2 }, 1, { 2 }, NULL, "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape [2], indices.shape [2], params.shape [2,2]" },
    { "ResourceScatterNdAdd", true, 2, { 1, 1, 0, 2 }, { 2, 2 }, 1, { 2 }, "", "indices[1] = [0, 2] does not index into shape [2,2]" },
    { "ResourceScatterNdUpdate", true, 2, { 1, 1, 0, -1 }, { 2, 2 }, 1, { 2 }, "ERROR", "indices[1] = [0, -1] does not index into shape [2,2]" },
    { "ResourceScatterNdAdd",
      true,
      2,
      { 1, 1, 0, 0 },
      { 2, 2 },
      1,
      { 3 },
      "",
      "Outer dimensions of indices and update must match. Indices shape: [2,2], updates shape:[3]" },
    { "ResourceScatterNdAdd",
      true,
      2,
      { 1, 0 },
      { 2, 1 },
      1,
      { 2 },
      "",
      "Inner dimensions of output shape must match inner dimensions of updates shape. Output: [2,2] updates: [2]" },
    { "ResourceScatterNdAdd",
      true,
      2,
      { 1, 1, 1 },
      { 1, 3 },
      1,
      { 1 },
      "",
      "Inner dimensions of output shape must match inner dimensions of updates shape. Output: [2,2] updates: [1]" },
    { "ResourceScatterNdAdd", true, 0, { 1 }, { 0 }, 0, { 0 }, "", "Indices shape must have rank at least one. Found:[]" },
    { "ResourceScatterNdAdd", true, 2, { 1, 1, 0, 0 }, { 2, 2 }, 1, { 2 }, "FOO", "Unknown bad indices handling attribute: FOO" },
};

static shape dims_of(int rank, const int *dims)
{
    int64_t wide[2] = { 0 };
    for (int i = 0; i < rank; i++) wide[i] = dims[i];
    return shape_of(rank, wide);
}

TEST(bad_scatters_change_nothing)
{
    static const float updates[4] = { 1, 1, 1, 1 };
    runner             r;
    runner_start(&r);
    for (size_t i = 0; i < sizeof bad_scatters / sizeof *bad_scatters; i++) {
        const bad_scatter *b = &bad_scatters[i];
        graph              g;
        shape index_shape = dims_of(b->index_rank, b->index_dims), update_shape = dims_of(b->update_rank, b->update_dims);
        assign_to(&r, b->matrix ? square : vector);
        graph_init(&g, 0);
        const val  in[] = { handle(&g), value_of(&g, new_tensor(SM_INT32, &index_shape, b->indices)),
                            value_of(&g, new_tensor(SM_FLOAT, &update_shape, updates)) };
        const attr policy = attr_of_string("bad_indices_policy", slice_of(b->policy));
        (void)graph_emit_with(&g, b->op, in, 3, &policy, b->policy ? 1 : 0);
        assert_fails(run_effect(&r, &g, 1, err), SM_INVALID_ARGUMENT, b->words);
        if (b->matrix)
            assert_floats(current(&r), 4, 1, 2, 3, 4);
        else
            assert_floats(current(&r), 3, 1, 2, 3);
    }
    runner_end(&r);
}

TEST(scatter_passes_over_bad_indices)
{
    runner r;
    graph  g;
    runner_start(&r);
    assign_to(&r, square);
    graph_init(&g, 0);
    node_with(&g, "ResourceScatterNdAdd",
              INPUTS(handle(&g), matrix_of(&g, ints_value(&g, 1, 1, 0, 2), 2, 2), floats_value(&g, 10, 20)),
              attr_of_string("bad_indices_policy", SLICE("IGNORE")));
    assert_ok(run_effect(&r, &g, 1, err));
    assert_floats(current(&r), 4, 1, 2, 3, 14);
    graph_init(&g, 0); /* bools are joined by "or", strings one behind the other */
    const bool flags[] = { true, false };
    graph_add_output(&g, emit(&g, "ScatterNd", matrix_of(&g, ints_value(&g, 1, 1), 2, 1),
                              vector_value(&g, SM_BOOL, flags, 2), ints_value(&g, 2)));
    assert_bools(run_one(&r, &g), 2, 0, 1);
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "ScatterNd", matrix_of(&g, ints_value(&g, 1, 1), 2, 1), texts_value(&g, "a", "b"),
                              ints_value(&g, 2)));
    assert_texts(run_one(&r, &g), "|ab");
    runner_end(&r);
}

TEST(scatter_divides_by_no_zero)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val ref = handle_of(&g, "VariableV2", SM_INT32, shape_vector(2));
    graph_add_output(&g, node_with(&g, "ReadVariableOp",
                                   INPUTS(emit(&g, "ScatterDiv", emit(&g, "Assign", ref, ints_value(&g, 1, 2)),
                                               ints_value(&g, 0), ints_value(&g, 0))),
                                   attr_of_type("dtype", SM_INT32)));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "updates must not contain 0");
    runner_end(&r);
}

/* -- Threads ------------------------------------------------------------------------------------------------------------------------ */

static void *add_often(void *context)
{
    int *failures = calloc(1, sizeof *failures);
    for (int i = 0; i < 200; i++) *failures += function_run(context, NULL, 0, NULL, 0, NULL, NULL) != SM_OK;
    return failures;
}

/* Concurrent updates do not get lost. */
TEST(many_threads_add)
{
    enum { THREADS = 4 };
    runner    r;
    graph     g;
    function *f = NULL;
    pthread_t threads[THREADS];
    runner_start(&r);
    assign_to(&r, vector);
    graph_init(&g, 0);
    (void)emit(&g, "ResourceScatterAdd", handle(&g), ints_value(&g, 0, 2), floats_value(&g, 1, 2));
    graph_add_target(&g, last_node(&g));
    assert_ok(function_new(&r.env, SLICE("test"), &g, &f, err));
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, add_often, f), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_int_equal(*(int *)failures, 0);
        free(failures);
    }
    assert_floats(current(&r), 3, 1 + 200 * THREADS, 2, 3 + 2 * 200 * THREADS);
    function_free(f);
    runner_end(&r);
}
