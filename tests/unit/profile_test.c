/* SPDX-License-Identifier: Apache-2.0 */
/* What a profiler is told: each node that runs, in order, with its place in the function, its kernel, shape and work. */
#include "unit.h"

#include "runner.h"

#include "kernels/peak.h"

enum { MOST_SEEN = 32 };

typedef struct seen {
    size_t  count;
    sm_step steps[MOST_SEEN]; /* strings: only those of op tables are looked at later */
    char    nodes[MOST_SEEN][32];
    int64_t first_dim[MOST_SEEN];
} seen;

static void see(void *context, const sm_step *s)
{
    seen *w = context;
    assert_true(w->count < MOST_SEEN);
    w->steps[w->count] = *s;
    w->first_dim[w->count] = s->rank > 0 ? s->dims[0] : -1;
    snprintf(w->nodes[w->count], sizeof w->nodes[0], "%s", s->node);
    w->count++;
}

static function *compile(runner *r, graph *g)
{
    function *f = NULL;
    assert_ok(function_new(&r->env, SLICE("test"), g, &f, err));
    return f;
}

static void call_profiled(function *f, const tensor *x, seen *w)
{
    run_observer o = { .profile = see, .context = w };
    tensor      *out = NULL;
    assert_ok(function_run(f, &x, 1, &out, 1, &o, err));
    tensor_unref(out);
}

static tensor *zeros(shape s)
{
    tensor *t = NULL;
    assert_ok(tensor_new(NULL, SM_FLOAT, &s, &t, err));
    memset(t->data, 0, tensor_count(t) * sizeof(float));
    return t;
}

/* relu(x . square(w)): the square once, the product and Relu at each call. */
TEST(a_profiler_sees_each_node_that_runs)
{
    runner r;
    graph  g;
    seen   w = { 0 };
    runner_start(&r);
    graph_init(&g, 0);
    tensor *weights = zeros(shape_matrix(8, 16)), *in = zeros(shape_matrix(4, 8));
    val     x = graph_add_input(&g, SLICE("x"), SM_FLOAT), c = graph_constant(&g, SLICE("w"), weights);
    graph_add_output(&g, emit(&g, "Relu", emit(&g, "MatMul", x, emit(&g, "Square", c))));
    function *f = compile(&r, &g);
    call_profiled(f, in, &w);
    size_t once = 0;
    for (size_t i = 0; i < w.count; i++) once += w.steps[i].prologue != 0;
    assert_int_equal(once, w.count - 2);
    assert_string_equal(w.steps[once - 1].op, "Square");
    w.count = 0;
    call_profiled(f, in, &w);
    assert_int_equal(w.count, 2);
    assert_string_equal(w.steps[0].op, "MatMul");
    assert_string_equal(w.steps[1].op, "Relu");
    assert_true(w.steps[0].flops == 2.0 * 4 * 8 * 16);
    assert_true(w.steps[0].bytes == 4.0 * (4 * 8 + 8 * 16 + 4 * 16));
    assert_true(w.steps[1].flops == 0);
    assert_int_equal(w.steps[0].rank, 2);
    assert_int_equal(w.first_dim[0], 4);
    assert_int_equal(w.steps[0].dtype, SM_FLOAT);
    assert_int_equal(w.steps[0].depth, 0);
    assert_non_null(w.steps[0].kernel);
    function_free(f);
    tensor_unref(weights);
    tensor_unref(in);
    runner_end(&r);
}

static void expect_flops(const char *op, const shape *in, size_t n, const attr *attrs, size_t attr_count, double want)
{
    runner r;
    graph  g;
    seen   w = { 0 };
    val    inputs[3];
    runner_start(&r);
    graph_init(&g, 0);
    tensor *x = zeros(in[0]), *others[3] = { 0 };
    inputs[0] = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    for (size_t i = 1; i < n; i++) {
        others[i] = zeros(in[i]);
        inputs[i] = graph_constant(&g, SLICE("c"), others[i]);
    }
    graph_add_output(&g, graph_emit_with(&g, op, inputs, n, attrs, attr_count));
    function *f = compile(&r, &g);
    call_profiled(f, x, &w);
    assert_true(w.steps[w.count - 1].flops == want);
    function_free(f);
    tensor_unref(x);
    for (size_t i = 1; i < n; i++) tensor_unref(others[i]);
    runner_end(&r);
}

TEST(flops_are_those_of_the_definition)
{
    const int64_t ones[] = { 1, 1, 1, 1 }, image[] = { 2, 8, 8, 6 }, filter[] = { 3, 3, 6, 4 }, grouped[] = { 3, 3, 3, 4 };
    const int64_t a[] = { 5, 2, 7, 3 }, b[] = { 5, 2, 3, 4 }, b_turned[] = { 5, 2, 7, 4 };
    const attr    same[] = { attr_of_ints("strides", ones, 4), attr_of_string("padding", SLICE("SAME")) };
    const attr    turned[] = { attr_of_bool("adj_x", true) };
    expect_flops("Conv2D", (shape[]){ shape_of(4, image), shape_of(4, filter) }, 2, same, 2, 2.0 * 2 * 8 * 8 * 4 * 9 * 6);
    expect_flops("Conv2D", (shape[]){ shape_of(4, image), shape_of(4, grouped) }, 2, same, 2, 2.0 * 2 * 8 * 8 * 4 * 9 * 3);
    expect_flops("DepthwiseConv2dNative", (shape[]){ shape_of(4, image), shape_of(4, filter) }, 2, same, 2,
                 2.0 * 2 * 8 * 8 * 24 * 9);
    expect_flops("BatchMatMulV2", (shape[]){ shape_of(4, a), shape_of(4, b) }, 2, NULL, 0, 2.0 * 10 * 7 * 4 * 3);
    expect_flops("BatchMatMulV2", (shape[]){ shape_of(4, a), shape_of(4, b_turned) }, 2, turned, 1, 2.0 * 10 * 3 * 4 * 7);
    expect_flops("Relu", (shape[]){ shape_of(4, a) }, 1, NULL, 0, 0);
}

TEST(the_peak_is_a_plausible_number)
{
    if (getenv("UNIT_MEMCHECK")) skip(); /* valgrind computes some hundred times slower */
    double base = peak_measure(ISA_PORTABLE, NULL), best = peak_measure(cpu_isa(), NULL);
    assert_true(base > 1e8 && base < 1e13);
    assert_true(best > base / 4 && best < 1e13);
}
