/* SPDX-License-Identifier: Apache-2.0 */
/* The planner of a call's memory: what lives at the same time lies apart, and the block is hardly larger than needed. */
#include "unit.h"

#include "runner.h"

#include "runtime/plan.h"

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

static val zero_indices(graph *g, int64_t n)
{
    tensor *t = NULL;
    shape   s = shape_vector(n);
    assert_ok(tensor_new(NULL, SM_INT32, &s, &t, err));
    memset(t->data, 0, (size_t)n * sizeof(int32_t));
    val v = graph_constant(g, SLICE("indices"), t);
    tensor_unref(t);
    return v;
}

static val element(graph *g, val v, int64_t times)
{
    return emit(g, "GatherV2", v, zero_indices(g, times), int_value(g, 0));
}

/* A chain of steps of all sizes, each of which also reads a value from anywhere before it: 1 for an input of 1, always. */
static function *random_function(runner *r, uint64_t seed, uint32_t count)
{
    graph     g;
    val       values[64];
    function *f = NULL;
    graph_init(&g, 0);
    values[0] = graph_add_input(&g, SLICE("x"), SM_FLOAT);
    for (uint32_t i = 1; i < count; i++) {
        int64_t n = 1 + random_below(&seed, 1u << (4 + random_below(&seed, 10)));
        val     a = element(&g, values[i - 1], n), b = element(&g, values[random_below(&seed, i)], n);
        values[i] = emit(&g, i % 3 ? "Mul" : "Maximum", a, b);
    }
    graph_add_output(&g, element(&g, values[count - 1], 3));
    assert_ok(function_new(&r->env, SLICE("test"), &g, &f, err));
    return f;
}

/* The step that computes each slot. */
static void find_makers(const plan *p, uint32_t *maker)
{
    for (uint32_t i = 0; i < p->body.slot_count; i++) maker[i] = SLOT_NONE;
    for (uint32_t k = 0; k < p->body.count; k++)
        for (uint32_t i = 0; i < p->body.steps[k].n->output_count; i++) maker[p->body.steps[k].out + i] = k;
}

static size_t bytes_of(const plan *p, const layout *l, uint32_t slot)
{
    return (size_t)shape_count(&l->shapes[slot]) * dtype_size(p->body.dtypes[slot]);
}

/* Both are needed at a time, and one is not written over the other. */
static bool live_together(const plan *p, const layout *l, const uint32_t *maker, uint32_t i, uint32_t j)
{
    if (maker[i] > p->last_use[j] || maker[j] > p->last_use[i]) return false;
    bool handover = maker[i] == p->last_use[j] || maker[j] == p->last_use[i];
    return !(handover && l->offsets[i] == l->offsets[j]);
}

static void expect_apart(const function *f)
{
    const plan   *p = &f->plan;
    const layout *l = f->layouts;
    uint32_t      maker[1024], placed = 0;
    assert_true(p->body.slot_count <= 1024);
    find_makers(p, maker);
    for (uint32_t i = 0; i < p->body.slot_count; i++) {
        if (l->offsets[i] == OFFSET_NONE || p->root[i] != i) continue;
        placed++;
        assert_int_equal(l->offsets[i] % 64, 0);
        assert_true(l->offsets[i] + bytes_of(p, l, i) <= l->workspace);
        for (uint32_t j = 0; j < i; j++) {
            if (l->offsets[j] == OFFSET_NONE || p->root[j] != j || !live_together(p, l, maker, i, j)) continue;
            bool apart = l->offsets[i] + bytes_of(p, l, i) <= l->offsets[j] ||
                         l->offsets[j] + bytes_of(p, l, j) <= l->offsets[i];
            assert_true(apart);
        }
    }
    assert_true(placed > p->body.count / 2);
}

TEST(what_lives_at_the_same_time_lies_apart)
{
    size_t workspace = 0, live = 0;
    runner r;
    shape  s = shape_vector(2);
    runner_start(&r);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        function *f = random_function(&r, seed, 8 + (uint32_t)seed);
        tensor   *x = new_tensor(SM_FLOAT, &s, (const float[]){ 1, 5 }), *out = NULL;
        for (int i = 0; i < 2; i++) assert_ok(function_run(f, (const tensor *const *)&x, 1, &out, 1, NULL, err));
        assert_floats(out, 3, 1, 1, 1);
        expect_apart(f);
        assert_true(f->layouts->workspace >= f->layouts->live);
        assert_true(f->layouts->workspace <= f->layouts->live + f->layouts->live / 4);
        workspace += f->layouts->workspace;
        live += f->layouts->live;
        tensor_unref(x);
        function_free(f);
    }
    assert_true(workspace <= live + live / 20);
    runner_end(&r);
}

/* x - y where y dies: the difference is written over y, since x is needed later; and never over what is broadcast. */
TEST(any_input_of_a_map_may_be_written_over)
{
    runner r;
    graph  g;
    runner_start(&r);
    graph_init(&g, 0);
    val x = graph_add_input(&g, SLICE("x"), SM_FLOAT), n = emit(&g, "Neg", x), sum = emit(&g, "Sum", n, int_value(&g, 0));
    val d = emit(&g, "Sub", n, emit(&g, "Square", x)), e = emit(&g, "Sub", sum, d);
    graph_add_output(&g, emit(&g, "Mul", e, n));
    function *f = NULL;
    assert_ok(function_new(&r.env, SLICE("test"), &g, &f, err));
    shape   s = shape_vector(1024);
    tensor *in = NULL, *out = NULL;
    assert_ok(tensor_new(NULL, SM_FLOAT, &s, &in, err));
    for (int i = 0; i < 1024; i++) ((float *)in->data)[i] = (float)(i % 2);
    for (int i = 0; i < 2; i++) assert_ok(function_run(f, (const tensor *const *)&in, 1, &out, 1, NULL, err));
    for (int i = 0; i < 1024; i++)
        assert_true(((float *)out->data)[i] == (i % 2 ? 510.0f : 0.0f)); /* (-512 + 2) * -1 */
    assert_int_equal(f->layouts->workspace, 2 * 4096 + 64);
    tensor_unref(in);
    tensor_unref(out);
    function_free(f);
    runner_end(&r);
}
