/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/fused.h - what follows a product in the _Fused ops: TensorFlow's fused_ops attribute, prepared.
 *
 *     fused_ops = ["BiasAdd" or "FusedBatchNorm"] ["Add"] step ...
 *
 * "Add" adds a residual: a tensor of the output's shape. The steps are a composition (ops/composition.h): TensorFlow's own
 * list has at most one, an activation; a pass may put in any elementwise ops, with attribute `operands` to say what each of
 * them reads. The inputs from FUSED_ARGS on belong to all of these in turn: the bias, or scale, offset, mean and variance,
 * one value per output channel; the residual; the operands of the steps. */
#ifndef OPS_NN_FUSED_H
#define OPS_NN_FUSED_H

#include "kernels/gemm.h"
#include "ops/composition.h"

typedef struct fused {
    bool        bias, norm, residual;
    float       epsilon;
    float       low, high; /* a Relu or Relu6 that comes first */
    int         args;      /* inputs before the operands       */
    composition rest;
} fused;

#define FUSED_ARGS 2 /* the first input that belongs to fused_ops */
/* What the signature of a _Fused op says besides fused_ops, epsilon and leakyrelu_alpha. */
#define FUSED_OPERANDS "operands: list(int) = []"

/* Reads fused_ops; UNIMPLEMENTED for what is no elementwise op, INVALID_ARGUMENT for a wrong number of args. */
sm_status fused_prepare(call *c, fused *f) CHECKED;
/* Puts into g what its micro-kernel does: bias, residual, clamp and the rest. A zeroed `fused` adds nothing; without memory
 * the call fails later. */
void fused_into_gemm(const fused *f, call *c, gemm *g);
/* What is left, over the float output of c, channels last; in_gemm: fused_into_gemm's part has been done. */
void fused_finish(const fused *f, call *c, bool in_gemm);
/* The args must be vectors of as many values as there are output channels (the last dim of out), a residual as large as out,
 * operands one of these or one element. */
sm_status fused_infer(infer *c) CHECKED;

#endif
