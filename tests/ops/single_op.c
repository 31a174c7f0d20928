/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/single_op.c - a graph of one node, compiled and run.
 *
 * Inputs marked "var:" become variables that are made for the run; what they hold afterwards is appended to the results. */
#include "single_op.h"

sm_status bench_open(bench *b, isa wanted, int threads, sm_error *err)
{
    sm_runtime_options o = SM_RUNTIME_OPTIONS_INIT;
    o.threads = threads;
    o.isa = isa_name(wanted);
    b->isa = wanted;
    b->threads = threads;
    return runtime_new(&o, &b->runtime, err);
}

void bench_close(bench *b)
{
    runtime_unref(b->runtime);
}

void result_clear(result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        tensor_unref(r->out[i]);
        r->out[i] = NULL;
    }
    r->count = 0;
}

/* x as a value that only its user needs: a Tile by ones makes a copy. */
static val fresh(graph *g, val x, int rank)
{
    tensor *ones;
    shape   s = shape_vector(rank);
    if (tensor_new(NULL, SM_INT32, &s, &ones, &g->error) != SM_OK) return x;
    for (int i = 0; i < rank; i++) ((int32_t *)ones->data)[i] = 1;
    val multiples = graph_constant(g, SLICE("ones"), ones);
    tensor_unref(ones);
    return emit(g, "Tile", x, multiples);
}

static sm_status build(const line *l, tensor *const *in, const bool *constant, bool fresh_first, graph *g, node_id *n,
                       sm_error *err)
{
    val  values[LINE_MOST];
    attr attrs[LINE_MOST];
    for (size_t i = 0; i < l->in_count; i++) {
        sm_dtype t = l->is_variable[i] ? SM_RESOURCE : in[i]->dtype;
        values[i] = constant[i] && !l->is_variable[i] ? graph_constant(g, SLICE("input"), in[i])
                                                      : graph_add_input(g, SLICE("input"), t);
        if (i == 0 && fresh_first && !l->is_variable[i]) values[i] = fresh(g, values[i], in[i]->shape.rank);
    }
    memcpy(attrs, l->attrs, sizeof attrs);
    *n = graph_add_node(g, l->op, SLICE("x"), values, l->in_count, attrs, l->attr_count);
    TRY(graph_check(g, err));
    const node *made = graph_node(g, *n);
    for (uint32_t i = 0; i < made->output_count; i++) graph_add_output(g, made->outputs + i);
    graph_add_target(g, *n);
    return graph_check(g, err);
}

sm_status line_graph(const line *l, tensor *const *in, const bool *constant, graph *g, node_id *n, sm_error *err)
{
    graph_init(g, 64 << 20);
    return build(l, in, constant, false, g, n, err);
}

/* Handles of new variables in place of their values. */
static sm_status make_variables(const line *l, tensor *const *in, variable **made, tensor **arguments, sm_error *err)
{
    for (size_t i = 0; i < l->in_count; i++) {
        if (!l->is_variable[i]) {
            arguments[i] = tensor_ref(in[i]);
            continue;
        }
        TRY(variable_new(SLICE("v"), in[i]->dtype, &in[i]->shape, &made[i], err));
        TRY(variable_assign(made[i], in[i], err));
        TRY(tensor_object_scalar(NULL, SM_RESOURCE, (object *)(void *)made[i], &arguments[i], err));
    }
    return SM_OK;
}

static sm_status run_function(const bench *b, const line *l, tensor *const *in, feed how, int times, result *r,
                              sm_error *err)
{
    variable     *made[LINE_MOST] = { NULL };
    tensor       *arguments[LINE_MOST] = { NULL };
    const tensor *given[LINE_MOST];
    bool          constant[LINE_MOST];
    environment   env = { .runtime = b->runtime, .registry = registry_new() };
    function     *f = NULL;
    graph         g;
    node_id       n;
    size_t        arguments_given = 0;
    sm_status     s = env.registry ? SM_OK : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < l->in_count; i++) constant[i] = how == FEED_CONSTANTS;
    graph_init(&g, 64 << 20);
    if (s == SM_OK) s = make_variables(l, in, made, arguments, err);
    if (s == SM_OK) s = build(l, in, constant, how == FEED_FRESH, &g, &n, err);
    if (s == SM_OK) r->count = g.output_count;
    if (s == SM_OK)
        s = function_new(&env, SLICE("test"), &g, &f, err);
    else
        graph_clear(&g);
    for (size_t i = 0; i < l->in_count; i++)
        if (!constant[i] || l->is_variable[i]) given[arguments_given++] = arguments[i];
    for (int k = 0; k < times && s == SM_OK; k++)
        s = function_run(f, given, arguments_given, r->out, r->count, NULL, err);
    for (size_t i = 0; i < l->in_count && s == SM_OK; i++)
        if (made[i] && r->count < LINE_MOST) s = variable_read(made[i], &r->out[r->count++], err);
    function_free(f);
    for (size_t i = 0; i < l->in_count; i++) {
        tensor_unref(arguments[i]);
        object_unref((object *)(void *)made[i]);
    }
    registry_free(env.registry);
    return s;
}

sm_status run_line(const bench *b, const line *l, tensor *const *in, feed how, int times, result *out, sm_error *err)
{
    memset(out, 0, sizeof *out);
    return run_function(b, l, in, how, times, out, err);
}
