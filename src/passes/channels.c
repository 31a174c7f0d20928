/* SPDX-License-Identifier: Apache-2.0 */
/* passes/channels.c - arithmetic with one number per channel, after a convolution or MatMul.
 *
 *     conv(x, w) * s = conv(x, w * s)          y + b = BiasAdd(y, b)
 *
 * That is how Keras 3 writes what Keras 2 wrote as FusedBatchNorm and BiasAdd: batch norm as Mul and AddV2, the bias of a
 * layer as AddV2, with vectors of shape [channels] or [1, 1, 1, channels]. Whether a value is such a vector says its
 * shape, and shapes are known here of what depends on constants and variables only. */
#include "passes/passes_int.h"

/* -- What fits ----------------------------------------------------------------------------------------------------- */

typedef struct match {
    val     product, vector; /* the two inputs, in either order          */
    int64_t channels;
    int64_t inner; /* of a depthwise filter: channels = inner * multiplier */
} match;

/* Output channels of a channels-last convolution or a MatMul with a constant filter of known shape; 0: none. */
static int64_t count_channels(const graph *g, const facts *f, const shape *shapes, const node *n, int *rank, int64_t *inner)
{
    const attr *format = node_attr(n, "data_format");
    if (format && !slice_is(format->v.s, "NHWC")) return 0;
    bool dense = node_is(n, "MatMul"), depthwise = node_is(n, "DepthwiseConv2dNative");
    if (!dense && !depthwise && !node_is(n, "Conv2D")) return 0;
    if (!facts_constant(f, g, n->inputs[1]) || n->inputs[1] >= f->value_count) return 0;
    const shape *s = &shapes[n->inputs[1]];
    *rank = dense ? 2 : 4;
    if (!shape_known(s) || s->rank != *rank || shape_count(s) <= 0) return 0;
    *inner = depthwise ? s->dims[2] : 1;
    if (depthwise) return s->dims[2] * s->dims[3];
    return dense && node_bool(n, "transpose_b") ? s->dims[0] : s->dims[*rank - 1];
}

static bool is_channel_vector(const shape *s, int most_rank, int64_t channels)
{
    if (!shape_known(s) || s->rank < 1 || s->rank > most_rank || s->dims[s->rank - 1] != channels) return false;
    return shape_count(s) == channels;
}

/* Is n `product op vector`, with a product that nobody else needs? */
static bool match_node(const graph *g, const facts *f, const shape *shapes, const node *n, match *m)
{
    if (n->control_count || node_type(n, "T") != SM_FLOAT) return false;
    for (uint32_t i = 0; i < 2; i++) {
        int rank = 0;
        m->product = n->inputs[i];
        m->vector = n->inputs[1 - i];
        if (!facts_single_use(f, g, m->product) || !facts_constant(f, g, m->vector) || m->vector >= f->value_count)
            continue;
        m->channels = count_channels(g, f, shapes, graph_producer(g, m->product), &rank, &m->inner);
        if (m->channels && is_channel_vector(&shapes[m->vector], rank, m->channels)) return true;
    }
    return false;
}

static val integers(graph *g, const int32_t *x, int64_t n)
{
    tensor *t = NULL;
    shape   s = shape_vector(n);
    if (tensor_from(NULL, SM_INT32, &s, x, &t, NULL) != SM_OK) {
        graph_fail(g, SM_RESOURCE_EXHAUSTED, "out of memory");
        return VAL_NONE;
    }
    val v = graph_constant(g, SLICE("channels"), t);
    tensor_unref(t);
    return v;
}

static void replace_node(graph *g, node_id id, val with)
{
    if (with == VAL_NONE) return;
    graph_replace(g, g->nodes[id].outputs, with);
    graph_replace_controls(g, id, graph_node_of(g, with));
}

/* -- The passes ---------------------------------------------------------------------------------------------------- */

static void fold_scale(graph *g, node_id id, const match *m)
{
    const node    product = *graph_producer(g, m->product); /* a copy: adding nodes moves the array */
    const int32_t dims[] = { (int32_t)m->inner, (int32_t)(m->channels / m->inner) };
    bool          depthwise = node_is(&product, "DepthwiseConv2dNative");
    val           factor = emit(g, "Reshape", m->vector,
                      depthwise ? integers(g, dims, 2) : integers(g, (const int32_t[]){ (int32_t)m->channels }, 1));
    val           filter = emit(g, "Mul", product.inputs[1], factor);
    replace_node(g, id,
                 graph_remake(g, product.op->name, &product, (const val[]){ product.inputs[0], filter }, 2, NULL, 0));
}

static void make_bias(graph *g, node_id id, const match *m)
{
    const node sum = g->nodes[id];
    val        bias = emit(g, "Reshape", m->vector, integers(g, (const int32_t[]){ (int32_t)m->channels }, 1));
    replace_node(g, id, graph_remake(g, "BiasAdd", &sum, (const val[]){ m->product, bias }, 2, NULL, 0));
}

typedef void rewrite(graph *g, node_id id, const match *m);

static sm_status rewrite_all(graph *g, const char *name, const char *other, bool convolutions_only, rewrite *work,
                             sm_error *err)
{
    facts f;
    TRY(facts_find(&f, g, err));
    shape    *shapes = facts_shapes(&f, g);
    sm_status s = arena_check(&f.tmp, "optimising a function", err);
    for (size_t k = 0; k < f.order_count && s == SM_OK; k++) {
        const node *n = &g->nodes[f.order[k]];
        match       m;
        if (!node_is(n, name) && !node_is(n, other)) continue;
        if (!match_node(g, &f, shapes, n, &m) || m.channels > INT32_MAX) continue;
        if (convolutions_only && node_is(graph_producer(g, m.product), "MatMul")) continue;
        work(g, f.order[k], &m);
    }
    facts_clear(&f);
    return s == SM_OK ? pass_prune(g, err) : s;
}

sm_status pass_fold_scale(graph *g, sm_error *err)
{
    return rewrite_all(g, "Mul", "Mul", true, fold_scale, err);
}

sm_status pass_make_bias(graph *g, sm_error *err)
{
    return rewrite_all(g, "AddV2", "Add", false, make_bias, err);
}
