/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/fused.h - what follows a product in the _Fused ops: TensorFlow's fused_ops attribute, prepared.
 *
 * fused_ops is "BiasAdd" or "FusedBatchNorm", then at most one activation: Relu, Relu6, Elu, LeakyRelu, Tanh, Sigmoid. Their
 * inputs are those from `args` on: the bias, or scale, offset, mean and variance; one value per output channel. */
#ifndef OPS_NN_FUSED_H
#define OPS_NN_FUSED_H

#include "graph/op.h"
#include "kernels/gemm.h"

typedef enum fused_activation {
    FUSED_NONE,
    FUSED_RELU,
    FUSED_RELU6,
    FUSED_ELU,
    FUSED_LEAKY_RELU,
    FUSED_TANH,
    FUSED_SIGMOID
} fused_activation;

typedef struct fused {
    bool             bias, norm;
    fused_activation activation;
    float            epsilon, alpha;
} fused;

#define FUSED_ARGS 2 /* the first input that belongs to fused_ops */

/* Reads fused_ops; UNIMPLEMENTED for a chain that is none of these, INVALID_ARGUMENT for a wrong number of args. */
sm_status fused_prepare(call *c, fused *f) CHECKED;
/* Puts into g what its micro-kernel can do: the bias and a clamp. A zeroed `fused` adds nothing. */
void fused_into_gemm(const fused *f, const call *c, gemm *g);
/* The rest, over the float output of c, channels last; in_gemm: fused_into_gemm's part has been done. */
void fused_finish(const fused *f, call *c, bool in_gemm);
/* The args must be vectors of as many values as there are output channels (the last dim of out). */
sm_status fused_infer(infer *c) CHECKED;

#endif
