/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on small graphs: what is computed once, layouts, memory that is shared, the caller's tensors, threads. It
 * looks inside (runtime/plan.h) where the results alone do not tell. */
#include "unit.h"

#include "runner.h"

#include "runtime/plan.h"

#include <pthread.h>

/* -- Functions, variables and calls ---------------------------------------------------------------------------------- */

static function *compile(runner *r, graph *g)
{
    function *f = NULL;
    assert_ok(function_new(&r->env, SLICE("test"), g, &f, err));
    return f;
}

static variable *new_variable(runner *r, const char *name, float x, float y)
{
    variable *v = NULL;
    shape     s = shape_vector(2);
    tensor   *t = new_tensor(SM_FLOAT, &s, (const float[]){ x, y });
    assert_ok(variable_new(slice_of(name), SM_FLOAT, &s, &v, err));
    assert_ok(variable_assign(v, t, err));
    assert_ok(registry_put(r->env.registry, SLICE(""), slice_of(name), (object *)(void *)v, err));
    tensor_unref(t);
    return v;
}

static void drop_variable(variable *v)
{
    object_unref((object *)(void *)v);
}

static void assign(variable *v, float x, float y)
{
    shape   s = shape_vector(2);
    tensor *t = new_tensor(SM_FLOAT, &s, (const float[]){ x, y });
    assert_ok(variable_assign(v, t, err));
    tensor_unref(t);
}

static val handle_of(graph *g, const char *name)
{
    return node_with(g, "VarHandleOp", INPUTS(), attr_of_type("dtype", SM_FLOAT),
                     attr_of_shape(g, "shape", shape_vector(2)), attr_of_string("shared_name", slice_of(name)));
}

static val read_of(graph *g, val handle)
{
    return node_with(g, "ReadVariableOp", INPUTS(handle), attr_of_type("dtype", SM_FLOAT));
}

static tensor *floats(const shape *s, float first)
{
    tensor *t = NULL;
    assert_ok(tensor_new(NULL, SM_FLOAT, s, &t, err));
    for (size_t i = 0; i < tensor_count(t); i++) ((float *)t->data)[i] = first + (float)i;
    return t;
}

/* One call; the outputs are the caller's. */
static void call_with(function *f, const tensor *x, tensor **out)
{
    assert_ok(function_run(f, &x, function_input_count(f), out, function_output_count(f), NULL, err));
}

static const float *elements(const tensor *t)
{
    return t->data;
}

static uint32_t count_layouts(const function *f)
{
    uint32_t n = 0;
    for (const layout *l = f->layouts; l; l = l->next) n++;
    return n;
}

/* -- The prologue ------------------------------------------------------------------------------------------------------- */

/* x * a^2 + b^2: both squares are made once, and each again only when its own variable has moved. */
TEST(what_a_moved_variable_feeds_is_made_anew)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *a = new_variable(&r, "a", 1, 2), *b = new_variable(&r, "b", 3, 4);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val square_a = emit(&g, "Square", read_of(&g, handle_of(&g, "a")));
    val square_b = emit(&g, "Square", read_of(&g, handle_of(&g, "b")));
    graph_add_output(&g, emit(&g, "AddV2", emit(&g, "Mul", x, square_a), square_b));
    function *f = compile(&r, &g);
    assert_int_equal(f->plan.body.count, 2);
    assert_int_equal(f->plan.frontier_count, 2);
    shape   s = shape_vector(2);
    tensor *in = floats(&s, 1), *out = NULL;
    call_with(f, in, &out);
    assert_floats(tensor_ref(out), 2, 1 + 9, 8 + 16);
    const tensor *was[] = { f->derived->values[0], f->derived->values[1] };
    call_with(f, in, &out);
    assert_ptr_equal(f->derived->values[0], was[0]);
    assign(a, 2, 3);
    call_with(f, in, &out);
    assert_floats(tensor_ref(out), 2, 4 + 9, 18 + 16);
    int kept = (f->derived->values[0] == was[0]) + (f->derived->values[1] == was[1]);
    assert_int_equal(kept, 1);
    assign(b, 0, 1);
    call_with(f, in, &out);
    assert_floats(out, 2, 4 + 0, 18 + 1);
    tensor_unref(in);
    function_free(f);
    drop_variable(a);
    drop_variable(b);
    runner_end(&r);
}

typedef struct meddler {
    variable *other;
    float     x;
} meddler;

/* While one variable is filled, another is written: as if by a second thread, at the worst moment. */
static sm_status fill_and_meddle(void *context, tensor **out, sm_error *err)
{
    meddler *m = context;
    shape    s = shape_vector(2);
    assign(m->other, m->x, m->x);
    return tensor_from(NULL, SM_FLOAT, &s, (const float[]){ 10, 10 }, out, err);
}

/* -a is kept from the older a while b + a reads the newer one: at the next call -a has to follow. */
TEST(a_kept_value_remembers_its_own_version)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *a = new_variable(&r, "a", 1, 1), *b = new_variable(&r, "b", 5, 5);
    meddler   m = { a, 2 };
    graph_init(&g, 0);
    val read_b = read_of(&g, handle_of(&g, "b")), read_a = read_of(&g, handle_of(&g, "a"));
    graph_add_output(&g, emit(&g, "AddV2", read_b, read_a)); /* reads b, then a */
    graph_add_output(&g, emit(&g, "Neg", read_a));
    function *f = compile(&r, &g);
    tensor   *out[2] = { NULL };
    call_with(f, NULL, out);
    assert_floats(tensor_ref(out[1]), 2, -1, -1);
    variable_reset(b);
    variable_set_fill(b, fill_and_meddle, &m, NULL);
    call_with(f, NULL, out);
    assert_floats(tensor_ref(out[0]), 2, 12, 12);
    call_with(f, NULL, out);
    assert_floats(out[1], 2, -2, -2);
    assert_floats(out[0], 2, 12, 12);
    function_free(f);
    drop_variable(a);
    drop_variable(b);
    runner_end(&r);
}

TEST(reads_around_a_write_see_it)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *a = new_variable(&r, "a", 1, 2);
    graph_init(&g, 0);
    val handle = handle_of(&g, "a");
    val before = read_of(&g, handle);
    val one = floats_value(&g, 1, 1);
    (void)node_with(&g, "AssignAddVariableOp", INPUTS(handle, one), attr_of_type("dtype", SM_FLOAT));
    node_id write = last_node(&g);
    graph_add_control(&g, write, graph_node_of(&g, before));
    val after = read_of(&g, handle);
    run_after(&g, after, write);
    graph_add_output(&g, before);
    graph_add_output(&g, after);
    function *f = compile(&r, &g);
    tensor   *out[2] = { NULL };
    for (int i = 0; i < 3; i++) {
        call_with(f, NULL, out);
        assert_floats(tensor_ref(out[0]), 2, 1 + i, 2 + i);
        assert_floats(tensor_ref(out[1]), 2, 2 + i, 3 + i);
    }
    tensor_unref(out[0]);
    tensor_unref(out[1]);
    function_free(f);
    drop_variable(a);
    runner_end(&r);
}

/* A failing prologue is this call's error; once the variable has a value, the function works. */
TEST(an_uninitialised_variable_is_an_error_until_it_has_a_value)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *a = new_variable(&r, "a", 1, 2);
    variable_reset(a);
    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "Neg", read_of(&g, handle_of(&g, "a"))));
    function *f = compile(&r, &g);
    tensor   *out = NULL;
    for (int i = 0; i < 2; i++) {
        assert_fails(function_run(f, NULL, 0, &out, 1, NULL, err), SM_FAILED_PRECONDITION, "Could not find variable a");
        assert_null(out);
    }
    assign(a, 7, 8);
    call_with(f, NULL, &out);
    assert_floats(out, 2, -7, -8);
    function_free(f);
    drop_variable(a);
    runner_end(&r);
}

/* -- Layouts -------------------------------------------------------------------------------------------------------------- */

/* reshape(-x, [shape(x)[0] * shape(x)[1]]): all but two nodes follow from the shape. */
static function *flattening(runner *r)
{
    graph g;
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val dims = emit(&g, "Shape", x);
    val count = node_with(&g, "Prod", INPUTS(dims, int_value(&g, 0)), attr_of_bool("keep_dims", true));
    graph_add_output(&g, emit(&g, "Reshape", emit(&g, "Neg", x), count));
    return compile(r, &g);
}

TEST(layouts_come_and_go)
{
    runner r;
    runner_start(&r);
    function *f = flattening(&r);
    tensor   *out = NULL;
    for (int round = 0; round < 3; round++)
        for (int rows = 1; rows <= 7; rows++) {
            shape   s = shape_matrix(rows, 3);
            tensor *in = floats(&s, (float)round);
            call_with(f, in, &out);
            assert_int_equal(out->shape.rank, 1);
            assert_int_equal(out->shape.dims[0], rows * 3);
            for (int i = 0; i < rows * 3; i++) assert_true(elements(out)[i] == -(float)(round + i));
            assert_true(shape_eq(&f->layouts->input_shapes[0], &s)); /* the latest comes first */
            tensor_unref(in);
        }
    assert_int_equal(count_layouts(f), FUNCTION_MOST_LAYOUTS);
    tensor_unref(out);
    function_free(f);
    runner_end(&r);
}

TEST(shape_arithmetic_is_done_when_a_layout_is_made)
{
    runner r;
    runner_start(&r);
    function *f = flattening(&r);
    shape     s = shape_matrix(2, 3);
    tensor   *in = floats(&s, 0), *out = NULL;
    uint32_t  left = 0;
    call_with(f, in, &out);
    for (uint32_t k = 0; k < f->plan.body.count; k++) left += !f->layouts->skip[k];
    assert_int_equal(left, 2); /* Neg, Reshape */
    tensor_unref(in);
    tensor_unref(out);
    function_free(f);
    runner_end(&r);
}

/* Where's size depends on data: what follows it is shaped when it runs. */
TEST(sizes_that_depend_on_data)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val where = emit(&g, "Where", emit(&g, "Greater", x, float_value(&g, 0)));
    graph_add_output(&g, emit(&g, "Mul", emit(&g, "GatherNd", x, where), float_value(&g, 2)));
    graph_add_output(&g, emit(&g, "Shape", where));
    function          *f = compile(&r, &g);
    shape              s = shape_vector(4);
    tensor            *out[2] = { NULL };
    static const float rows[3][4] = { { 1, -1, 2, -2 }, { -1, -1, -1, -1 }, { 1, 2, 3, 4 } };
    for (int i = 0; i < 3; i++) {
        tensor *in = new_tensor(SM_FLOAT, &s, rows[i]);
        call_with(f, in, out);
        int n = 0;
        for (int k = 0; k < 4; k++)
            if (rows[i][k] > 0) assert_true(elements(out[0])[n++] == 2 * rows[i][k]);
        assert_int_equal(tensor_count(out[0]), n);
        assert_ints(tensor_ref(out[1]), 2, n, 1);
        tensor_unref(in);
    }
    assert_int_equal(count_layouts(f), 1);
    tensor_unref(out[0]);
    tensor_unref(out[1]);
    function_free(f);
    runner_end(&r);
}

TEST(strings_live_in_runs)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_STRING);
    val upper = emit(&g, "StringUpper", emit(&g, "StringLower", x));
    graph_add_output(&g, emit(&g, "Identity", upper));
    graph_add_output(&g, x);
    function *f = compile(&r, &g);
    shape     s = shape_vector(2);
    tensor   *in = new_texts(&s, (const char *const[]){ "a", "a text too long to live inside of its header" });
    tensor   *out[2] = { NULL };
    for (int i = 0; i < 3; i++) call_with(f, in, out);
    assert_ptr_equal(out[1], in);
    assert_texts(out[0], "A|A TEXT TOO LONG TO LIVE INSIDE OF ITS HEADER");
    tensor_unref(out[1]);
    tensor_unref(in);
    function_free(f);
    runner_end(&r);
}

/* -- Memory that is shared -------------------------------------------------------------------------------------------------- */

/* n = -x dies as itself at exp(n), but a view of it is used afterwards: exp must not write over it. */
TEST(a_view_keeps_its_base)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val n = emit(&g, "Neg", x);
    val view = emit(&g, "Reshape", n, ints_value(&g, 4));
    val square = emit(&g, "Square", n);
    val flat = emit(&g, "Reshape", square, ints_value(&g, -1));
    graph_add_output(&g, emit(&g, "AddV2", emit(&g, "Neg", flat), view));
    function *f = compile(&r, &g);
    shape     s = shape_matrix(2, 2);
    tensor   *in = floats(&s, 1), *out = NULL;
    for (int i = 0; i < 2; i++) call_with(f, in, &out);
    assert_floats(out, 4, -2, -6, -12, -20);
    tensor_unref(in);
    function_free(f);
    runner_end(&r);
}

/* A chain of elementwise steps takes one place in the workspace. */
TEST(steps_write_over_what_dies)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val v = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    for (int i = 0; i < 9; i++) v = emit(&g, "Neg", v);
    graph_add_output(&g, emit(&g, "AddV2", v, v));
    function *f = compile(&r, &g);
    shape     s = shape_vector(1000);
    tensor   *in = floats(&s, 0), *out = NULL;
    call_with(f, in, &out);
    assert_true(elements(out)[999] == -1998);
    assert_true(f->layouts->workspace <= 4096);
    tensor_unref(in);
    tensor_unref(out);
    function_free(f);
    runner_end(&r);
}

/* x, x again, a view of x, a constant, a computed value twice. */
TEST(outputs_that_are_something_else_too)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val       x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val       n = emit(&g, "Neg", x), c = floats_value(&g, 7, 8);
    const val outputs[] = { x, x, emit(&g, "Reshape", x, ints_value(&g, 2, 1)), c,
                            n, n, emit(&g, "Reshape", n, ints_value(&g, 1, 2)) };
    for (size_t i = 0; i < 7; i++) graph_add_output(&g, outputs[i]);
    function *f = compile(&r, &g);
    tensor   *out[7] = { NULL };
    for (int round = 0; round < 3; round++) { /* what comes back is handed in again */
        shape   s = shape_vector(2);
        tensor *in = floats(&s, (float)round);
        float   a = (float)round, b = a + 1;
        call_with(f, in, out);
        assert_ptr_equal(out[0], in);
        assert_ptr_equal(out[1], in);
        for (int i = 0; i < 7; i++) {
            const float *y = elements(out[i]);
            float        sign = i < 3 ? 1 : -1;
            if (i == 3)
                assert_true(y[0] == 7 && y[1] == 8);
            else
                assert_true(y[0] == sign * a && y[1] == sign * b);
        }
        assert_shape(out[2], "[2,1]");
        assert_shape(out[6], "[1,2]");
        tensor_unref(in);
    }
    for (int i = 0; i < 7; i++) tensor_unref(out[i]);
    function_free(f);
    runner_end(&r);
}

/* -- The caller's tensors ------------------------------------------------------------------------------------------------------ */

static function *doubling(runner *r)
{
    graph g;
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    graph_add_output(&g, emit(&g, "AddV2", x, x));
    return compile(r, &g);
}

TEST(outputs_are_written_in_place_when_nobody_else_sees_them)
{
    runner r;
    runner_start(&r);
    function *f = doubling(&r);
    shape     two = shape_vector(2), three = shape_vector(3);
    tensor   *in = floats(&two, 1), *longer = floats(&three, 1), *out = NULL;
    call_with(f, in, &out);
    const tensor *first = out;
    ((float *)in->data)[0] = 5;
    call_with(f, in, &out);
    assert_ptr_equal(out, first); /* the same tensor, written again */
    assert_true(elements(out)[0] == 10);
    tensor *held = tensor_ref(out);
    ((float *)in->data)[0] = 6;
    call_with(f, in, &out);
    assert_ptr_not_equal(out, held); /* somebody else has it: left alone */
    assert_floats(held, 2, 10, 4);
    assert_true(elements(out)[0] == 12);
    call_with(f, longer, &out); /* does not fit: another one */
    assert_floats(out, 3, 2, 4, 6);
    tensor_unref(in);
    tensor_unref(longer);
    function_free(f);
    runner_end(&r);
}

TEST(an_output_may_be_the_next_input)
{
    runner r;
    runner_start(&r);
    function *f = doubling(&r);
    shape     s = shape_vector(2);
    tensor   *x = floats(&s, 1);
    for (int i = 0; i < 4; i++) {
        const tensor *in = x;
        call_with(f, in, &x); /* reads and replaces x */
    }
    assert_floats(x, 2, 16, 32);
    function_free(f);
    runner_end(&r);
}

/* A failure in the middle leaves the outputs as they were, and the next call is as if nothing had been. */
TEST(a_failed_call_leaves_no_trace)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val n = emit(&g, "Neg", x);
    val checked = node_with(&g, "CheckNumerics", INPUTS(n), attr_of_string("message", SLICE("bad number")));
    graph_add_output(&g, emit(&g, "Square", n));
    graph_add_output(&g, emit(&g, "Mul", checked, float_value(&g, 3)));
    function *f = compile(&r, &g);
    shape     s = shape_vector(2);
    tensor   *good = floats(&s, 1), *bad = new_tensor(SM_FLOAT, &s, (const float[]){ 1, NAN }), *out[2] = { NULL };
    call_with(f, good, out);
    tensor *was = out[1];
    for (int i = 0; i < 3; i++) {
        const tensor *in = bad;
        assert_fails(function_run(f, &in, 1, out, 2, NULL, err), SM_INVALID_ARGUMENT, "bad number");
        assert_ptr_equal(out[1], was);
        assert_non_null(out[0]);
        call_with(f, good, out);
        assert_floats(tensor_ref(out[0]), 2, 1, 4);
        assert_floats(tensor_ref(out[1]), 2, -3, -6);
    }
    tensor_unref(good);
    tensor_unref(bad);
    tensor_unref(out[0]);
    tensor_unref(out[1]);
    function_free(f);
    runner_end(&r);
}

TEST(wrong_arguments_are_refused)
{
    runner r;
    runner_start(&r);
    function     *f = doubling(&r);
    shape         s = shape_vector(1);
    tensor       *x = new_tensor(SM_INT32, &s, (const int32_t[]){ 1 }), *out = NULL;
    const tensor *in = x;
    assert_fails(function_run(f, &in, 1, &out, 1, NULL, err), SM_INVALID_ARGUMENT,
                 "input #0(zero-based) was expected to be a float tensor but is a int32 tensor");
    assert_fails(function_run(f, &in, 0, &out, 1, NULL, err), SM_INVALID_ARGUMENT, "takes 1 inputs and gives 1 outputs");
    tensor_unref(x);
    function_free(f);
    runner_end(&r);
}

/* A budget that is too small for one call is an error of that call alone. */
TEST(the_budget_holds)
{
    sm_runtime_options o = SM_RUNTIME_OPTIONS_INIT;
    runner             r;
    graph              g;
    runner_start(&r);
    runtime_unref(r.runtime);
    o.threads = 1;
    o.max_bytes = 1 << 20;
    assert_ok(runtime_new(&o, &r.runtime, err));
    r.env.runtime = r.runtime;
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    graph_add_output(&g, emit(&g, "Sum", emit(&g, "Neg", emit(&g, "Tile", x, ints_value(&g, 1000))), int_value(&g, 0)));
    function *f = compile(&r, &g);
    shape     large = shape_vector(1000), small = shape_vector(10);
    tensor   *big = floats(&large, 1), *few = floats(&small, 1), *out = NULL;
    for (int i = 0; i < 2; i++) {
        const tensor *in = big;
        assert_fails(function_run(f, &in, 1, &out, 1, NULL, err), SM_RESOURCE_EXHAUSTED, "out of memory");
        call_with(f, few, &out);
        assert_floats(tensor_ref(out), 1, -55000);
    }
    tensor_unref(big);
    tensor_unref(few);
    tensor_unref(out);
    function_free(f);
    runner_end(&r);
}

/* -- Rows that compute in float ------------------------------------------------------------------------------------------------ */

TEST(half_rows_are_widened)
{
    runner r;
    graph  g;
    runner_start(&r);
    static const sm_dtype types[] = { SM_HALF, SM_BFLOAT16 };
    for (int i = 0; i < 2; i++) {
        graph_init(&g, 0);
        val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
        val narrow = node_with(&g, "Cast", INPUTS(x), attr_of_type("DstT", types[i]));
        val y = emit(&g, "Softmax", emit(&g, "MatMul", narrow, narrow));
        graph_add_output(&g, node_with(&g, "Cast", INPUTS(y), attr_of_type("DstT", SM_FLOAT)));
        function *f = compile(&r, &g);
        shape     s = shape_matrix(2, 2);
        tensor   *in = new_tensor(SM_FLOAT, &s, (const float[]){ 0, 1, 1, 0 }), *out = NULL;
        for (int k = 0; k < 2; k++) call_with(f, in, &out);
        assert_true(fabsf(elements(out)[0] - 0.7310586f) < 4e-3f); /* the width of a bfloat16 */
        assert_true(elements(out)[0] == elements(out)[3] && elements(out)[1] == elements(out)[2]);
        tensor_unref(in);
        tensor_unref(out);
        function_free(f);
    }
    runner_end(&r);
}

/* -- Observers ------------------------------------------------------------------------------------------------------------------- */

typedef struct seen {
    char   names[256];
    double sum;
} seen;

static void see(void *context, const char *name, const char *op, int output, const sm_tensor *t)
{
    seen *s = context;
    (void)name;
    (void)output;
    (void)snprintf(s->names + strlen(s->names), sizeof s->names - strlen(s->names), "%s ", op);
    for (size_t i = 0; i < tensor_count(t); i++) s->sum += tensor_real(t, i);
}

TEST(an_observer_sees_every_node_when_it_may)
{
    for (int all = 0; all < 2; all++) {
        runner r;
        graph  g;
        runner_start(&r);
        r.env.observable = all;
        graph_init(&g, 0);
        val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
        graph_add_output(&g, emit(&g, "Mul", emit(&g, "Neg", x), emit(&g, "Square", float_value(&g, 3))));
        function     *f = compile(&r, &g);
        shape         s = shape_vector(2);
        tensor       *in = floats(&s, 1), *out = NULL;
        const tensor *input = in;
        seen          log = { "", 0 };
        run_observer  o = { .see = see, .context = &log };
        assert_ok(function_run(f, &input, 1, &out, 1, &o, err));
        assert_string_equal(log.names, all ? "Neg Const Square Mul " : "Neg Mul ");
        assert_true(log.sum == (all ? -3 + 3 + 9 - 27 : -3 - 27));
        tensor_unref(in);
        tensor_unref(out);
        function_free(f);
        runner_end(&r);
    }
}

/* -- Threads ---------------------------------------------------------------------------------------------------------------------- */

enum { CALLERS = 4, CALLS = 300 };

typedef struct caller {
    function   *f;
    const char *complaint;
} caller;

/* x * v^2 with v = (w, w): whichever w it was, both elements come from the same one. */
static void *call_often(void *context)
{
    caller *c = context;
    shape   s = shape_vector(2);
    tensor *x = NULL, *out = NULL;
    if (tensor_from(NULL, SM_FLOAT, &s, (const float[]){ 1, 1 }, &x, NULL) != SM_OK) return NULL;
    for (int i = 0; i < CALLS && !c->complaint; i++) {
        const tensor *in = x;
        if (function_run(c->f, &in, 1, &out, 1, NULL, NULL) != SM_OK) {
            c->complaint = "a call fails";
            break;
        }
        float root = sqrtf(elements(out)[0]);
        if (elements(out)[0] != elements(out)[1]) c->complaint = "halves of different values";
        if (root != floorf(root) || root < 1 || root > 50) c->complaint = "no value that was ever assigned";
    }
    tensor_unref(x);
    tensor_unref(out);
    return NULL;
}

TEST(threads_call_while_a_variable_moves)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *v = new_variable(&r, "v", 1, 1);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    graph_add_output(&g, emit(&g, "Mul", x, emit(&g, "Square", read_of(&g, handle_of(&g, "v")))));
    function *f = compile(&r, &g);
    pthread_t threads[CALLERS];
    caller    callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){ f, NULL };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 400; i++) {
        float w = (float)(1 + i % 50);
        assign(v, w, w);
    }
    assign(v, 50, 50);
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (callers[i].complaint) fail_msg("%s", callers[i].complaint);
    }
    shape   s = shape_vector(2);
    tensor *in = floats(&s, 1), *out = NULL;
    call_with(f, in, &out);
    assert_floats(out, 2, 2500, 5000); /* the last write is seen */
    tensor_unref(in);
    function_free(f);
    drop_variable(v);
    runner_end(&r);
}

TEST(results_do_not_depend_on_the_number_of_threads)
{
    static const int counts[] = { 1, 2, 8 };
    tensor          *want = NULL;
    for (int i = 0; i < 3; i++) {
        sm_runtime_options o = SM_RUNTIME_OPTIONS_INIT;
        runner             r;
        graph              g;
        runner_start(&r);
        runtime_unref(r.runtime);
        o.threads = counts[i];
        assert_ok(runtime_new(&o, &r.runtime, err));
        r.env.runtime = r.runtime;
        graph_init(&g, 0);
        val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
        val y = emit(&g, "Softmax", emit(&g, "MatMul", x, emit(&g, "Transpose", x, ints_value(&g, 1, 0))));
        graph_add_output(&g, emit(&g, "Mean", emit(&g, "Tanh", y), ints_value(&g, 0, 1)));
        graph_add_output(&g, emit(&g, "Sum", emit(&g, "Exp", emit(&g, "Neg", x)), int_value(&g, 0)));
        graph_add_output(&g, y);
        function *f = compile(&r, &g);
        shape     s = shape_matrix(211, 307);
        tensor   *in = NULL, *out[3] = { NULL };
        uint64_t  state = 1;
        assert_ok(tensor_new(NULL, SM_FLOAT, &s, &in, err));
        for (size_t k = 0; k < tensor_count(in); k++)
            ((float *)in->data)[k] = (float)(unit_random(&state) % 1000) / 1000 - 0.5f;
        call_with(f, in, out);
        if (!want) {
            shape flat = shape_vector(1 + 307 + 211 * 211);
            assert_ok(tensor_new(NULL, SM_FLOAT, &flat, &want, err));
            for (size_t k = 0, at = 0; k < 3; at += tensor_count(out[k]), k++)
                memcpy((float *)want->data + at, out[k]->data, tensor_bytes(out[k]));
        }
        for (size_t k = 0, at = 0; k < 3; at += tensor_count(out[k]), k++) {
            assert_memory_equal(out[k]->data, elements(want) + at, tensor_bytes(out[k]));
            if (k == 2) assert_int_equal(at + tensor_count(out[k]), tensor_count(want));
        }
        for (int k = 0; k < 3; k++) tensor_unref(out[k]);
        tensor_unref(in);
        function_free(f);
        runner_end(&r);
    }
    tensor_unref(want);
}

/* -- Warm calls ---------------------------------------------------------------------------------------------------------------------- */

/* Neither the account nor the heap is asked for a single block by a warm call into the caller's outputs. */
TEST(a_warm_call_takes_no_memory)
{
    runner r;
    graph  g;
    runner_start(&r);
    variable *v = new_variable(&r, "v", 1, 2);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    val y = emit(&g, "Mul", emit(&g, "Neg", x), emit(&g, "Square", read_of(&g, handle_of(&g, "v"))));
    val flat = emit(&g, "Reshape", y, emit(&g, "Shape", x));
    graph_add_output(&g, emit(&g, "Relu", emit(&g, "Neg", flat)));
    function *f = compile(&r, &g);
    shape     s = shape_matrix(50, 2);
    tensor   *in = floats(&s, 1), *out = NULL;
    for (int i = 0; i < 3; i++) call_with(f, in, &out);
    uint64_t mallocs = memory_mallocs(r.runtime->memory);
    heap_fail_at(1 << 20);
    for (int i = 0; i < 10; i++) call_with(f, in, &out);
    int64_t left = heap_fail_left();
    heap_fail_at(0);
    assert_int_equal(memory_mallocs(r.runtime->memory), mallocs);
    assert_int_equal((1 << 20) - left, 0);
    tensor_unref(in);
    tensor_unref(out);
    function_free(f);
    drop_variable(v);
    runner_end(&r);
}
