/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that nodes run, dead values, effects: graphs of a few nodes, run for real. Texts and values are TensorFlow's. */
#include "unit.h"

#include "runner.h"

#include <unistd.h>

/* -- A small library of functions -------------------------------------------------------------------------------------- */

/* x -> x * factor + 1 */
static void define_affine(runner *r, const char *name, float factor)
{
    graph g;
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    graph_add_output(&g, emit(&g, "AddV2", emit(&g, "Mul", x, float_value(&g, factor)), float_value(&g, 1)));
    runner_define(r, name, &g);
}

/* (i, limit, sum) -> i < limit; (i + 1, limit, sum + i) */
static void define_counting(runner *r)
{
    graph g;
    graph_init(&g, 0);
    val i = graph_add_input(&g, SLICE("i"), SM_INT32), limit = graph_add_input(&g, SLICE("limit"), SM_INT32);
    (void)graph_add_input(&g, SLICE("sum"), SM_INT32);
    graph_add_output(&g, emit(&g, "Less", i, limit));
    runner_define(r, "below", &g);
    graph_init(&g, 0);
    i = graph_add_input(&g, SLICE("i"), SM_INT32);
    limit = graph_add_input(&g, SLICE("limit"), SM_INT32);
    val sum = graph_add_input(&g, SLICE("sum"), SM_INT32);
    graph_add_output(&g, emit(&g, "AddV2", i, int_value(&g, 1)));
    graph_add_output(&g, limit);
    graph_add_output(&g, emit(&g, "AddV2", sum, i));
    runner_define(r, "count", &g);
}

static val emit_if(graph *g, const char *op, val cond, val x)
{
    return node_with(g, op, INPUTS(cond, x), attr_of_types(g, "Tout", SM_FLOAT, 1),
                     attr_of_func(g, "then_branch", "double"), attr_of_func(g, "else_branch", "triple"));
}

static void define_branches(runner *r)
{
    define_affine(r, "double", 2);
    define_affine(r, "triple", 3);
    define_affine(r, "quadruple", 4);
}

/* -- If, Case ------------------------------------------------------------------------------------------------------------ */

TEST(if_takes_any_condition)
{
    runner r;
    graph  g;
    runner_start(&r);
    define_branches(&r);
    float   zero_float = 0, nan_float = NAN;
    int64_t zero_long = 0;
    uint8_t two = 2;
    const struct {
        sm_dtype    t;
        const void *data;
        bool        taken;
    } rows[] = {
        { SM_FLOAT, &zero_float, false },
        { SM_FLOAT, &nan_float, true },
        { SM_INT64, &zero_long, false },
        { SM_UINT8, &two, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        graph_init(&g, 0);
        graph_add_output(&g, emit_if(&g, i % 2 ? "If" : "StatelessIf", scalar_value(&g, rows[i].t, rows[i].data),
                                     float_value(&g, 10)));
        assert_floats(run_one(&r, &g), 1, rows[i].taken ? 21 : 31);
    }
    for (int filled = 0; filled < 2; filled++) {
        graph_init(&g, 0);
        graph_add_output(&g, emit_if(&g, "If", text_value(&g, filled ? "x" : ""), float_value(&g, 10)));
        assert_floats(run_one(&r, &g), 1, filled ? 21 : 31);
        graph_init(&g, 0); /* not a scalar: true when it has elements, even zeros */
        graph_add_output(&g, emit_if(&g, "If", vector_value(&g, SM_INT32, (const int32_t[]){ 0 }, (size_t)filled),
                                     float_value(&g, 10)));
        assert_floats(run_one(&r, &g), 1, filled ? 21 : 31);
    }
    runner_end(&r);
}

TEST(if_refuses_what_is_no_condition)
{
    runner   r;
    graph    g;
    uint16_t one = 1;
    runner_start(&r);
    define_branches(&r);
    graph_init(&g, 0);
    graph_add_output(&g, emit_if(&g, "If", scalar_value(&g, SM_UINT16, &one), float_value(&g, 10)));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "uint16 cannot be converted to a boolean");
    runner_end(&r);
}

TEST(case_out_of_range_is_the_last)
{
    runner r;
    graph  g;
    runner_start(&r);
    define_branches(&r);
    static const int32_t index[] = { -1, 0, 1, 2, 3, 7 };
    static const float   want[] = { 41, 21, 31, 41, 41, 41 };
    const char *const    names[] = { "double", "triple", "quadruple" };
    for (size_t i = 0; i < 6; i++) {
        graph_init(&g, 0);
        graph_add_output(&g, node_with(&g, i % 2 ? "Case" : "StatelessCase",
                                       INPUTS(int_value(&g, index[i]), float_value(&g, 10)),
                                       attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_funcs(&g, "branches", names, 3)));
        assert_floats(run_one(&r, &g), 1, want[i]);
    }
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "Case", INPUTS(ints_value(&g, 1), float_value(&g, 10)),
                                   attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_funcs(&g, "branches", names, 3)));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "branch_index must be scalar");
    runner_end(&r);
}

/* A branch gets values that live in the caller's workspace, and gives values that outlive its own. */
TEST(branches_of_computed_values)
{
    runner        r;
    graph         g;
    tensor       *out[2] = { NULL };
    shape         s = shape_vector(3);
    tensor       *x = new_tensor(SM_FLOAT, &s, (const float[]){ 1, 2, 3 });
    const tensor *in[] = { x };
    runner_start(&r);
    define_branches(&r);
    graph_init(&g, 0);
    val v = emit(&g, "Neg", graph_add_input(&g, SLICE("x"), SM_FLOAT));
    val y = emit_if(&g, "If", bool_value(&g, true), v);
    graph_add_output(&g, emit(&g, "AddV2", y, v));
    graph_add_output(&g, emit_if(&g, "If", bool_value(&g, false), y));
    assert_ok(run_graph(&r, &g, 3, in, 1, out, err));
    assert_floats(out[0], 3, -2, -5, -8);
    assert_floats(out[1], 3, -2, -8, -14);
    tensor_unref(x);
    runner_end(&r);
}

/* -- Calls ---------------------------------------------------------------------------------------------------------------- */

TEST(calls)
{
    static const char *const ops[] = { "PartitionedCall", "StatefulPartitionedCall", "_Call" };
    runner                   r;
    graph                    g;
    runner_start(&r);
    define_branches(&r);
    for (size_t i = 0; i < 3; i++) {
        graph_init(&g, 0);
        graph_add_output(&g, node_with(&g, ops[i], INPUTS(float_value(&g, 5)), attr_of_types(&g, "Tout", SM_FLOAT, 1),
                                       attr_of_func(&g, "f", "double")));
        assert_floats(run_one(&r, &g), 1, 11);
    }
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "RemoteCall", INPUTS(text_value(&g, "/cpu:0"), float_value(&g, 5)),
                                   attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_func(&g, "f", "triple")));
    assert_floats(run_one(&r, &g), 1, 16);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "PartitionedCall", INPUTS(float_value(&g, 5)),
                                   attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_func(&g, "f", "nobody")));
    assert_graph_fails(&r, &g, SM_NOT_FOUND, "nobody");
    graph_init(&g, 0); /* what the function gives is not what the node promises */
    graph_add_output(&g, node_with(&g, "PartitionedCall", INPUTS(float_value(&g, 5)),
                                   attr_of_types(&g, "Tout", SM_INT32, 1), attr_of_func(&g, "f", "double")));
    assert_graph_fails(&r, &g, SM_INTERNAL, "float");
    runner_end(&r);
}

/* -- Loops ------------------------------------------------------------------------------------------------------------------ */

static val emit_while(graph *g, const char *op, const val *vars, size_t n, const char *cond, const char *body)
{
    const attr attrs[] = { attr_of_func(g, "cond", cond), attr_of_func(g, "body", body) };
    return graph_emit_with(g, op, vars, n, attrs, 2);
}

TEST(while_counts)
{
    runner r;
    graph  g;
    runner_start(&r);
    define_counting(&r);
    for (int limit = -1; limit < 50; limit += 17) {
        tensor *out[3] = { NULL };
        graph_init(&g, 0);
        const val vars[] = { int_value(&g, 0), int_value(&g, limit), int_value(&g, 100) };
        val       first = emit_while(&g, limit % 2 ? "While" : "StatelessWhile", vars, 3, "below", "count");
        for (val i = 0; i < 3; i++) graph_add_output(&g, first + i);
        assert_ok(run_graph(&r, &g, 2, NULL, 0, out, err));
        int rounds = limit > 0 ? limit : 0;
        assert_ints(out[0], 1, rounds);
        assert_ints(out[1], 1, limit);
        assert_ints(out[2], 1, 100 + rounds * (rounds - 1) / 2);
    }
    runner_end(&r);
}

/* x grows by one element per round: its shape is not what it was. */
TEST(while_changes_shapes)
{
    runner  r;
    graph   g;
    tensor *out[2] = { NULL };
    runner_start(&r);
    graph_init(&g, 0);
    (void)graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val n = graph_add_input(&g, SLICE("n"), SM_INT32);
    graph_add_output(&g, n); /* any number is a condition */
    runner_define(&r, "more", &g);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    n = graph_add_input(&g, SLICE("n"), SM_INT32);
    val parts[] = { x, floats_value(&g, 7), int_value(&g, 0) };
    graph_add_output(&g, graph_emit(&g, "ConcatV2", parts, 3));
    graph_add_output(&g, emit(&g, "Sub", n, int_value(&g, 1)));
    runner_define(&r, "grow", &g);
    graph_init(&g, 0);
    const val vars[] = { floats_value(&g, 1, 2), int_value(&g, 3) };
    val       first = emit_while(&g, "While", vars, 2, "more", "grow");
    graph_add_output(&g, first);
    graph_add_output(&g, emit(&g, "Neg", first));
    assert_ok(run_graph(&r, &g, 2, NULL, 0, out, err));
    assert_floats(out[0], 5, 1, 2, 7, 7, 7);
    assert_floats(out[1], 5, -1, -2, -7, -7, -7);
    runner_end(&r);
}

/* A loop in the body of a loop: the product of the numbers below 6 as sums. */
TEST(while_in_while)
{
    runner  r;
    graph   g;
    tensor *out[3] = { NULL };
    runner_start(&r);
    define_counting(&r);
    graph_init(&g, 0); /* (i, limit, sum) -> (i + 1, limit, sum + 0 + 1 + ... + (i - 1)) */
    val       i = graph_add_input(&g, SLICE("i"), SM_INT32), limit = graph_add_input(&g, SLICE("limit"), SM_INT32);
    val       sum = graph_add_input(&g, SLICE("sum"), SM_INT32);
    const val inner[] = { int_value(&g, 0), i, sum };
    val       first = emit_while(&g, "While", inner, 3, "below", "count");
    graph_add_output(&g, emit(&g, "AddV2", i, int_value(&g, 1)));
    graph_add_output(&g, limit);
    graph_add_output(&g, first + 2);
    runner_define(&r, "outer", &g);
    graph_init(&g, 0);
    const val vars[] = { int_value(&g, 0), int_value(&g, 6), int_value(&g, 0) };
    first = emit_while(&g, "While", vars, 3, "below", "outer");
    for (val k = 0; k < 3; k++) graph_add_output(&g, first + k);
    assert_ok(run_graph(&r, &g, 1, NULL, 0, out, err));
    assert_ints(out[0], 1, 6);
    assert_ints(out[1], 1, 6);
    assert_ints(out[2], 1, 0 + 0 + 1 + 3 + 6 + 10);
    runner_end(&r);
}

/* The third round fails; nothing is left behind (runner_end looks), and the node is named. */
TEST(while_fails_in_the_body)
{
    runner r;
    graph  g;
    runner_start(&r);
    define_counting(&r);
    graph_init(&g, 0);
    val i = graph_add_input(&g, SLICE("i"), SM_INT32), limit = graph_add_input(&g, SLICE("limit"), SM_INT32);
    val sum = graph_add_input(&g, SLICE("sum"), SM_INT32);
    val fine = emit(&g, "Less", i, int_value(&g, 2));
    node_with(&g, "Assert", INPUTS(fine, i), attr_of_int("summarize", 3));
    node_id check = last_node(&g);
    val     next = emit(&g, "AddV2", i, int_value(&g, 1));
    run_after(&g, next, check);
    graph_add_output(&g, next);
    graph_add_output(&g, limit);
    graph_add_output(&g, emit(&g, "AddV2", sum, i));
    runner_define(&r, "fragile", &g);
    graph_init(&g, 0);
    const val vars[] = { int_value(&g, 0), int_value(&g, 5), int_value(&g, 0) };
    graph_add_output(&g, emit_while(&g, "While", vars, 3, "below", "fragile"));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "assertion failed: [2]");
    runner_end(&r);
}

TEST(for_counts_both_ways)
{
    static const struct {
        int         start, limit, delta;
        float       want;
        const char *fails;
    } rows[] = {
        { 0, 5, 1, 11, NULL },
        { 5, 0, -2, 10, NULL },
        { 3, 3, 0, 1, NULL },
        { 2, 2, 5, 1, NULL },
        { 0, 5, 0, 0, "Invalid start/limit/delta: 0 5 0" },
        { 5, 0, 2, 0, "Invalid start/limit/delta: 5 0 2" },
    };
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0); /* (i, x) -> x + i */
    val i = graph_add_input(&g, SLICE("i"), SM_INT32), x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    graph_add_output(&g, emit(&g, "AddV2", x, node_with(&g, "Cast", INPUTS(i), attr_of_type("DstT", SM_FLOAT))));
    runner_define(&r, "add_index", &g);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        graph_init(&g, 0);
        graph_add_output(&g, node_with(&g, "For",
                                       INPUTS(int_value(&g, rows[k].start), int_value(&g, rows[k].limit),
                                              int_value(&g, rows[k].delta), float_value(&g, 1)),
                                       attr_of_func(&g, "body", "add_index")));
        if (rows[k].fails)
            assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, rows[k].fails);
        else
            assert_floats(run_one(&r, &g), 1, rows[k].want);
    }
    runner_end(&r);
}

/* -- Variables through functions ------------------------------------------------------------------------------------------------ */

static val variable_handle(graph *g, const char *name)
{
    const attr attrs[] = { attr_of_string("shared_name", slice_of(name)), attr_of_type("dtype", SM_FLOAT),
                           attr_of_shape(g, "shape", shape_unknown()) };
    return graph_emit_with(g, "VarHandleOp", NULL, 0, attrs, 3);
}

static void assign(runner *r, const char *name, float x)
{
    graph   g;
    tensor *none = NULL;
    graph_init(&g, 0);
    (void)emit(&g, "AssignVariableOp", variable_handle(&g, name), float_value(&g, x));
    graph_add_target(&g, last_node(&g));
    assert_ok(run_graph(r, &g, 1, NULL, 0, &none, err));
}

/* A branch that reads a variable depends on it, however constant its inputs are. */
TEST(branches_see_assignments)
{
    runner    r;
    graph     g;
    function *f = NULL;
    runner_start(&r);
    graph_init(&g, 0);
    val h = graph_add_input(&g, SLICE("h"), SM_RESOURCE);
    graph_add_output(&g, node_with(&g, "ReadVariableOp", INPUTS(h), attr_of_type("dtype", SM_FLOAT)));
    runner_define(&r, "read", &g);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "StatelessIf", INPUTS(bool_value(&g, true), variable_handle(&g, "v")),
                                   attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_func(&g, "then_branch", "read"),
                                   attr_of_func(&g, "else_branch", "read")));
    graph_add_output(&g, node_with(&g, "PartitionedCall", INPUTS(variable_handle(&g, "v")),
                                   attr_of_types(&g, "Tout", SM_FLOAT, 1), attr_of_func(&g, "f", "read")));
    assert_ok(function_new(&r.env, SLICE("test"), &g, &f, err));
    for (int i = 1; i < 4; i++) {
        tensor *out[2] = { NULL };
        assign(&r, "v", (float)i);
        assert_ok(function_run(f, NULL, 0, out, 2, NULL, err));
        assert_floats(out[0], 1, i);
        assert_floats(out[1], 1, i);
    }
    function_free(f);
    runner_end(&r);
}

/* The body writes to a variable that the same graph reads before and after. */
TEST(loops_write_variables)
{
    runner r;
    graph  g;
    runner_start(&r);
    assign(&r, "v", 1);
    graph_init(&g, 0);
    (void)graph_add_input(&g, SLICE("h"), SM_RESOURCE);
    val n = graph_add_input(&g, SLICE("n"), SM_INT32);
    graph_add_output(&g, n);
    runner_define(&r, "left", &g);
    graph_init(&g, 0);
    val h = graph_add_input(&g, SLICE("h"), SM_RESOURCE);
    n = graph_add_input(&g, SLICE("n"), SM_INT32);
    (void)emit(&g, "AssignAddVariableOp", h, float_value(&g, 2));
    graph_add_target(&g, last_node(&g));
    graph_add_output(&g, h);
    graph_add_output(&g, emit(&g, "Sub", n, int_value(&g, 1)));
    runner_define(&r, "add", &g);
    graph_init(&g, 0);
    h = variable_handle(&g, "v");
    val       before = node_with(&g, "ReadVariableOp", INPUTS(h), attr_of_type("dtype", SM_FLOAT));
    node_id   read = last_node(&g);
    const val vars[] = { h, int_value(&g, 5) };
    val       first = emit_while(&g, "While", vars, 2, "left", "add");
    node_id   loop = last_node(&g);
    run_after(&g, first, read);
    val after = node_with(&g, "ReadVariableOp", INPUTS(h), attr_of_type("dtype", SM_FLOAT));
    run_after(&g, after, loop);
    graph_add_output(&g, before);
    graph_add_output(&g, after);
    tensor *out[2] = { NULL };
    assert_ok(run_graph(&r, &g, 2, NULL, 0, out, err));
    assert_floats(out[0], 1, 11);
    assert_floats(out[1], 1, 21);
    runner_end(&r);
}

/* -- Dead values ------------------------------------------------------------------------------------------------------------ */

/* output 0: -x when p, else x + x; output 1: which input of the Merge it was */
TEST(switch_and_merge)
{
    runner  r;
    shape   scalar = shape_scalar(), three = shape_vector(3);
    tensor *x = new_tensor(SM_FLOAT, &three, (const float[]){ 1, 2, 3 });
    runner_start(&r);
    for (int p = 0; p < 2; p++) {
        graph         g;
        tensor       *out[2] = { NULL };
        bool          pred = p;
        tensor       *t = new_tensor(SM_BOOL, &scalar, &pred);
        const tensor *in[] = { x, t };
        graph_init(&g, 0);
        val data = graph_add_input(&g, SLICE("x"), SM_FLOAT), which = graph_add_input(&g, SLICE("p"), SM_BOOL);
        val no = emit(&g, "Switch", data, which), yes = no + 1;
        val m = emit(&g, "Merge", emit(&g, "AddV2", no, no), emit(&g, "Neg", yes));
        graph_add_output(&g, m);
        graph_add_output(&g, m + 1);
        assert_ok(run_graph(&r, &g, 3, in, 2, out, err));
        if (p)
            assert_floats(out[0], 3, -1, -2, -3);
        else
            assert_floats(out[0], 3, 2, 4, 6);
        assert_ints(out[1], 1, p);
        tensor_unref(t);
    }
    tensor_unref(x);
    runner_end(&r);
}

/* Text and shapes that differ per branch. */
TEST(switch_n_and_merge_of_texts)
{
    runner r;
    runner_start(&r);
    for (int k = -1; k < 4; k++) {
        graph   g;
        tensor *out[2] = { NULL };
        graph_init(&g, 0);
        val s = node_with(&g, "_SwitchN", INPUTS(text_value(&g, "x"), int_value(&g, k)), attr_of_int("num_outs", 3));
        val parts[3];
        for (val i = 0; i < 3; i++) {
            val times[] = { s + i, texts_value(&g, "a", "b") };
            parts[i] = i == 0 ? s
                              : node_with(&g, "StringJoin", INPUTS(times[0], i == 1 ? text_value(&g, "1") : times[1]),
                                          attr_of_int("N", 2));
        }
        val m = graph_emit(&g, "Merge", parts, 3);
        graph_add_output(&g, m);
        graph_add_output(&g, m + 1);
        assert_ok(run_graph(&r, &g, 2, NULL, 0, out, err));
        assert_texts(out[0], k == 0 ? "x" : k == 1 ? "x1" : "xa|xb");
        assert_ints(out[1], 1, k < 0 || k > 2 ? 2 : k);
    }
    runner_end(&r);
}

TEST(dead_outputs_are_an_error)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "Neg", emit(&g, "Switch", float_value(&g, 1), bool_value(&g, true))));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "Retval[0] does not have value");
    runner_end(&r);
}

/* An assertion that waits for the branch that is not taken does not run; a Merge runs whatever its controls are. */
TEST(dead_controls)
{
    runner  r;
    graph   g;
    tensor *t = NULL;
    runner_start(&r);
    for (int p = 0; p < 2; p++) {
        graph_init(&g, 0);
        val     no = emit(&g, "Switch", float_value(&g, 1), bool_value(&g, p)), yes = no + 1;
        node_id taken;
        (void)emit(&g, "Identity", yes);
        taken = last_node(&g);
        node_with(&g, "Assert", INPUTS(bool_value(&g, false), text_value(&g, "it ran")), attr_of_int("summarize", 3));
        graph_add_control(&g, last_node(&g), taken);
        graph_add_target(&g, last_node(&g));
        val m = emit(&g, "Merge", no, yes);
        run_after(&g, m, taken);
        graph_add_output(&g, m);
        if (p) {
            assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "assertion failed: [it ran]");
        } else {
            assert_ok(run_graph(&r, &g, 2, NULL, 0, &t, err));
            assert_floats(t, 1, 1);
        }
    }
    runner_end(&r);
}

TEST(loops_of_tensorflow_1_are_refused)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "Enter", INPUTS(float_value(&g, 1)), attr_of_string("frame_name", SLICE("loop"))));
    assert_graph_fails(&r, &g, SM_UNIMPLEMENTED, "a node of a TensorFlow 1 loop is in none");
    runner_end(&r);
}

/* -- Effects ------------------------------------------------------------------------------------------------------------------ */

TEST(assert_shows_its_data)
{
    static const struct {
        int         summarize;
        const char *words;
    } rows[] = {
        { 3, "assertion failed: [1 2 3...] [it\\'s] [[1.5 2][3...]...]" },
        { -1, "assertion failed: [1 2 3 4 5] [it\\'s] [[1.5 2][3 4]]" },
        { 0, "assertion failed: [...] [...]" },
    };
    runner r;
    graph  g;
    runner_start(&r);
    for (size_t i = 0; i < 3; i++) {
        graph_init(&g, 0);
        val data = matrix_of(&g, floats_value(&g, 1.5, 2, 3, 4), 2, 2);
        node_with(&g, "Assert", INPUTS(bool_value(&g, false), ints_value(&g, 1, 2, 3, 4, 5), text_value(&g, "it's"), data),
                  attr_of_int("summarize", rows[i].summarize));
        graph_add_target(&g, last_node(&g));
        assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, rows[i].words);
    }
    graph_init(&g, 0);
    node_with(&g, "Assert", INPUTS(vector_value(&g, SM_BOOL, (const bool[]){ false, false }, 2), int_value(&g, 1)),
              attr_of_int("summarize", 3));
    graph_add_target(&g, last_node(&g));
    assert_graph_fails(&r, &g, SM_INVALID_ARGUMENT, "In[0] should be a scalar: [2]");
    runner_end(&r);
}

/* What g prints to stderr when it is called `times` times, into text. */
static void printed_by(runner *r, graph *g, int times, char *text, size_t size)
{
    tensor *out[2] = { NULL };
    FILE   *f = tmpfile();
    assert_non_null(f);
    int kept = dup(2);
    fflush(stderr);
    assert_true(dup2(fileno(f), 2) == 2);
    sm_error  e = { .status = SM_OK };
    sm_status s = run_graph(r, g, times, NULL, 0, out, &e);
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    if (s != SM_OK) fail_msg("%s", e.message);
    rewind(f);
    text[fread(text, 1, size - 1, f)] = 0;
    fclose(f);
    for (int i = 0; i < 2; i++) tensor_unref(out[i]);
}

TEST(print_stops_after_first_n)
{
    runner r;
    graph  g;
    char   text[200];
    runner_start(&r);
    graph_init(&g, 0);
    graph_add_output(&g, node_with(&g, "Print", INPUTS(float_value(&g, 1), ints_value(&g, 1, 2, 3, 4), text_value(&g, "x")),
                                   attr_of_string("message", SLICE("so: ")), attr_of_int("first_n", 2)));
    printed_by(&r, &g, 5, text, sizeof text);
    assert_string_equal(text, "so: [1 2 3...][x]\nso: [1 2 3...][x]\n");
    graph_init(&g, 0);
    node_with(&g, "PrintV2", INPUTS(text_value(&g, "hello")), attr_of_string("end", SLICE("!\n")));
    graph_add_target(&g, last_node(&g));
    printed_by(&r, &g, 2, text, sizeof text);
    assert_string_equal(text, "hello!\nhello!\n");
    runner_end(&r);
}

TEST(print_to_files_where_allowed)
{
    runner  r;
    graph   g;
    tensor *none = NULL;
    char   *directory = unit_directory(), path[300], text[100] = { 0 };
    (void)snprintf(path, sizeof path, "file://%s/log", directory);
    runner_start(&r);
    for (int allowed = 0; allowed < 2; allowed++) {
        r.runtime->allow_files = allowed;
        graph_init(&g, 0);
        node_with(&g, "PrintV2", INPUTS(text_value(&g, "line")), attr_of_string("output_stream", slice_of(path)));
        graph_add_target(&g, last_node(&g));
        if (allowed)
            assert_ok(run_graph(&r, &g, 2, NULL, 0, &none, err));
        else
            assert_graph_fails(&r, &g, SM_PERMISSION_DENIED, "refused");
    }
    FILE *f = fopen(path + strlen("file://"), "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    assert_string_equal(text, "line\nline\n");
    graph_init(&g, 0);
    node_with(&g, "PrintV2", INPUTS(text_value(&g, "line")), attr_of_string("output_stream", SLICE("foo")));
    graph_add_target(&g, last_node(&g));
    assert_graph_fails(
        &r, &g, SM_INVALID_ARGUMENT,
        "Unknown output stream: foo, Valid streams are: stdout stderr log(info) log(warning) log(error)");
    assert_int_equal(unlink(path + strlen("file://")), 0);
    assert_int_equal(rmdir(directory), 0);
    free(directory);
    runner_end(&r);
}

/* -- Odds and ends -------------------------------------------------------------------------------------------------------------- */

TEST(device_index_and_fake_param)
{
    static const slice names[] = { { "TPU", 3 }, { "CPU", 3 }, { "GPU", 3 } };
    runner             r;
    graph              g;
    tensor            *t;
    runner_start(&r);
    for (size_t n = 1; n < 4; n += 2) {
        graph_init(&g, 0);
        graph_add_output(&g, graph_emit_with(&g, "DeviceIndex", NULL, 0,
                                             (const attr[]){ attr_of_strings("device_names", names, n) }, 1));
        assert_ints(run_one(&r, &g), 1, 1); /* CPU, or past the end */
    }
    graph_init(&g, 0);
    graph_add_output(
        &g, graph_emit_with(&g, "FakeParam", NULL, 0,
                            (const attr[]){ attr_of_type("dtype", SM_FLOAT),
                                            attr_of_shape(&g, "shape", shape_of(2, (const int64_t[]){ -1, 3 })) },
                            2));
    t = run_one(&r, &g);
    assert_shape(t, "[0,3]");
    tensor_unref(t);
    runner_end(&r);
}
