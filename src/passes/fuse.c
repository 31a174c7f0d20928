/* SPDX-License-Identifier: Apache-2.0 */
/* passes/fuse.c - a convolution or MatMul takes over the BiasAdd and the activation behind it, as TensorFlow's own
 * _FusedConv2D, _FusedDepthwiseConv2dNative and _FusedMatMul: attribute fused_ops lists what was taken over. */
#include "passes/passes_int.h"

static const struct {
    const char *op, *fused;
} fusable[] = {
    { "Conv2D", "_FusedConv2D" },
    { "DepthwiseConv2dNative", "_FusedDepthwiseConv2dNative" },
    { "MatMul", "_FusedMatMul" },
};

static const char *const activations[] = { "Relu", "Relu6", "Elu", "LeakyRelu", "Tanh", "Sigmoid" };

/* The fused form of op `name`, when it is built in. */
static const char *fused_form(const char *name)
{
    for (size_t i = 0; i < sizeof fusable / sizeof *fusable; i++)
        if (strcmp(fusable[i].op, name) == 0 && op_find(slice_of(fusable[i].fused))) return fusable[i].fused;
    return NULL;
}

static bool is_fused(const char *name)
{
    for (size_t i = 0; i < sizeof fusable / sizeof *fusable; i++)
        if (strcmp(fusable[i].fused, name) == 0) return true;
    return false;
}

/* Channels last, in both (MatMul has no format): the fused kernels know nothing else. */
static bool formats_fit(const node *a, const node *b)
{
    const attr *x = node_attr(a, "data_format"), *y = node_attr(b, "data_format");
    return !x || (slice_is(x->v.s, "NHWC") && (!y || slice_eq(x->v.s, y->v.s)));
}

static attr fused_ops(graph *g, const slice *before, size_t count, const char *name)
{
    slice *list = ARENA_ARRAY(&g->arena, slice, count + 1);
    for (size_t i = 0; list && i < count; i++) list[i] = before[i];
    if (list) list[count] = slice_of(name);
    return attr_of_strings("fused_ops", list, list ? count + 1 : 0);
}

static void replace_with(graph *g, node_id id, val fused)
{
    if (fused == VAL_NONE) return;
    graph_replace(g, g->nodes[id].outputs, fused);
    graph_replace_controls(g, id, graph_node_of(g, fused));
}

/* -- Bias ------------------------------------------------------------------------------------------------------------- */

static void fuse_bias_at(graph *g, const facts *f, node_id id)
{
    const node *bias = &g->nodes[id];
    if (!node_is(bias, "BiasAdd") || bias->control_count) return;
    node        base = *graph_producer(g, bias->inputs[0]);
    const char *form = fused_form(base.op->name);
    if (!form || node_type(bias, "T") != SM_FLOAT || !facts_single_use(f, g, bias->inputs[0]) || !formats_fit(&base, bias))
        return;
    int64_t *type_list = ARENA_ARRAY(&g->arena, int64_t, 1);
    if (!type_list) return;
    type_list[0] = SM_FLOAT;
    attr list = attr_of_ints("TArgs", type_list, 1);
    list.kind = ATTR_TYPE;
    attr extra[] = { fused_ops(g, NULL, 0, "BiasAdd"), attr_of_int("num_args", 1), list };
    val  inputs[] = { base.inputs[0], base.inputs[1], bias->inputs[1] };
    replace_with(g, id, graph_remake(g, form, &base, inputs, 3, extra, 3));
}

sm_status pass_fuse_bias(graph *g, sm_error *err)
{
    facts f;
    TRY(facts_find(&f, g, err));
    for (size_t k = 0; k < f.order_count; k++) fuse_bias_at(g, &f, f.order[k]);
    facts_clear(&f);
    return pass_prune(g, err);
}

/* -- Activation ------------------------------------------------------------------------------------------------------ */

static void fuse_activation_at(graph *g, const facts *f, node_id id)
{
    const node *act = &g->nodes[id];
    size_t      i = 0, count = sizeof activations / sizeof *activations;
    while (i < count && !node_is(act, activations[i])) i++;
    if (i == count || act->control_count || !facts_single_use(f, g, act->inputs[0])) return;
    node base = *graph_producer(g, act->inputs[0]);
    if (!is_fused(base.op->name)) return;
    const attr *ops = node_attr(&base, "fused_ops");
    if (!ops || ops->count != 1) return;
    attr   extra[2] = { fused_ops(g, ops->v.strings, ops->count, activations[i]) };
    size_t n = 1;
    if (node_is(act, "LeakyRelu")) extra[n++] = attr_of_float("leakyrelu_alpha", node_float(act, "alpha"));
    replace_with(g, id, graph_remake(g, base.op->name, &base, base.inputs, base.input_count, extra, n));
}

sm_status pass_fuse_activation(graph *g, sm_error *err)
{
    facts f;
    TRY(facts_find(&f, g, err));
    for (size_t k = 0; k < f.order_count; k++) fuse_activation_at(g, &f, f.order[k]);
    facts_clear(&f);
    return pass_prune(g, err);
}
