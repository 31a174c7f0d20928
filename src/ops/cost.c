/* SPDX-License-Identifier: Apache-2.0 */
/* ops/cost.c - how many additions and multiplications a convolution or a matrix product does, for profiles.
 *
 * Counted is what the definition of the op asks for, a multiplication and an addition apart: a kernel that does with
 * fewer (Winograd) shows more than it did. Padding counts as if it were multiplied, as in TensorFlow's profiler. */
#include "graph/op.h"

static double elements(const tensor *t)
{
    return t ? (double)tensor_count(t) : 0;
}

/* Elements of a filter but for its last `less` dims. */
static double taps(const shape *filter, int less)
{
    return filter->rank > less ? (double)shape_count_range(filter, 0, filter->rank - less) : 0;
}

/* The filter's shape; of a packed one the node keeps it. */
static const shape *filter_of(const call *c)
{
    const attr *a = node_attr(c->node, "filter_shape");
    return a && a->kind == ATTR_SHAPE && a->v.shape ? a->v.shape : &c->in[1]->shape;
}

/* Filter [spatial ..., in, out]: each output is a sum over space and input channels. */
static double conv_flops(const call *c)
{
    return 2 * elements(c->out[0]) * taps(filter_of(c), 1);
}

/* Filter [spatial ..., in, multiplier]: a sum over space. */
static double depthwise_flops(const call *c)
{
    return 2 * elements(c->out[0]) * taps(filter_of(c), 2);
}

/* Inputs: sizes, filter, out_backprop. */
static double conv_transposed_flops(const call *c)
{
    return 2 * elements(c->in[2]) * taps(filter_of(c), 1);
}

static double depthwise_transposed_flops(const call *c)
{
    return 2 * elements(c->in[2]) * taps(filter_of(c), 2);
}

/* Inputs: input, sizes, out_backprop; the output is a filter. */
static double conv_filter_flops(const call *c)
{
    return 2 * elements(c->in[2]) * taps(&c->out[0]->shape, 1);
}

static double product_flops(const call *c)
{
    const shape *a = &c->in[0]->shape;
    const attr  *turn = node_attr(c->node, "transpose_a");
    if (!turn) turn = node_attr(c->node, "adj_x");
    int dim = a->rank - (turn && turn->v.i ? 2 : 1);
    return dim < 0 ? 0 : 2 * elements(c->out[0]) * (double)a->dims[dim];
}

static const struct {
    const char *op;
    double (*flops)(const call *c);
    int inputs; /* at least */
} costs[] = {
    { "Conv2D", conv_flops, 2 },
    { "_FusedConv2D", conv_flops, 2 },
    { "_PackedConv2D", conv_flops, 2 },
    { "Conv3D", conv_flops, 2 },
    { "DepthwiseConv2dNative", depthwise_flops, 2 },
    { "_FusedDepthwiseConv2dNative", depthwise_flops, 2 },
    { "Conv2DBackpropInput", conv_transposed_flops, 3 },
    { "Conv3DBackpropInputV2", conv_transposed_flops, 3 },
    { "DepthwiseConv2dNativeBackpropInput", depthwise_transposed_flops, 3 },
    { "Conv2DBackpropFilter", conv_filter_flops, 3 },
    { "Conv3DBackpropFilterV2", conv_filter_flops, 3 },
    { "MatMul", product_flops, 2 },
    { "_FusedMatMul", product_flops, 2 },
    { "_PackedMatMul", product_flops, 2 },
    { "BatchMatMul", product_flops, 2 },
    { "BatchMatMulV2", product_flops, 2 },
    { "BatchMatMulV3", product_flops, 2 },
};

double op_flops(const call *c)
{
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++)
        if (strcmp(costs[i].op, c->node->op->name) == 0)
            return c->n_in >= costs[i].inputs && c->n_out == 1 ? costs[i].flops(c) : 0;
    return 0;
}
