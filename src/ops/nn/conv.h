/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv.h - what the portable and the vector convolutions share: parameters, and the sizes of one call. */
#ifndef OPS_NN_CONV_H
#define OPS_NN_CONV_H

#include "kernels/depthwise.h"
#include "ops/nn/fused.h"
#include "ops/nn/window.h"
#include "ops/product.h"

typedef struct conv_params {
    window       w;
    fused        fused;
    const shape *filter;   /* of a packed filter, which does not show it itself; NULL: input 1 is the filter */
    int          winograd; /* side of the tiles of outputs that a packed filter was transformed for; 0: none  */
} conv_params;

typedef struct convolution {
    grid        g;
    const void *in, *filter;
    void       *out;
    int64_t     out_channels, filter_depth, groups;
} convolution;

/* Sizes of the call c with channels-last data at in and out. */
sm_status convolution_init(convolution *v, call *c, const void *in, void *out) CHECKED;

/* conv_vector.c: Conv2D and _PackedConv2D, with what of fused_ops the micro-kernel can do. */
sm_status conv_vector(call *c, const gemm_kernels *kernels) CHECKED;
/* conv_winograd.c: the same for a filter that was transformed for it. */
sm_status conv_winograd(call *c, const gemm_kernels *kernels, const convolution *v) CHECKED;
/* Depthwise with one filter per channel, and at least as many channels as a vector holds. */
sm_status depthwise_vector(call *c, const depthwise_kernels *kernels) CHECKED;

#endif
