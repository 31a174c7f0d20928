/* SPDX-License-Identifier: Apache-2.0 */
/* ops/composition.h - several elementwise ops of floats as one: x * sigmoid(x), a clip, a PReLU, gelu written out.
 *
 * A composition is a list of steps. A step is an op's name and what it reads, by number: 0 is the input x, 1 to k the other
 * operands, k + 1 the result of the first step, and so on; the result of the last is the output. swish(x) is
 *
 *     ops = ["Sigmoid", "Mul"]     operands = [0, -1, -1,  0, 1, -1]       (three numbers per step; -1: none)
 *
 * With no operands at all each step reads the result of the one before it. It is computed block by block with the ops' own
 * loops, so its numbers are those of the ops one after the other, but all between stays in the first cache. Operands
 * are as large as x, or one element, or a vector along the last dimension. */
#ifndef OPS_COMPOSITION_H
#define OPS_COMPOSITION_H

#include "graph/op.h"

#define COMPOSITION_STEPS 16
#define COMPOSITION_OPERANDS 8

typedef struct composition_step {
    void (*map)(const map_args *);
    int n_in;
    int in[3]; /* operand, or COMPOSITION_BUFFER + b */
    int out;   /* buffer; -1: the output             */
} composition_step;
#define COMPOSITION_BUFFER (1 + COMPOSITION_OPERANDS)
#define COMPOSITION_ALPHA (-2) /* in[]: the slope of LeakyRelu */

typedef struct composition {
    int              steps, operands; /* operands besides x */
    composition_step step[COMPOSITION_STEPS];
    float            alpha;
} composition;

/* What the operands are in one call. */
typedef struct composition_operand {
    const float *data;
    int64_t      period; /* 0: one element; -1: as large as x; else repeats after so many */
} composition_operand;

typedef struct composition_call {
    const composition  *p;
    composition_operand operand[COMPOSITION_OPERANDS];
    const float        *out; /* where element 0 of the result is: for composition_finish */
} composition_call;

/* Steps [from, ...) of the list `ops`, with the loops of instruction sets up to `most`. INVALID_ARGUMENT for what is none. */
sm_status composition_read(composition *p, const attr *ops, size_t from, const attr *operands, int operand_count,
                           float alpha, isa most, sm_error *err) CHECKED;
/* May a tensor of shape s be an operand beside x of shape `x`? */
bool composition_takes(const shape *x, const shape *s);
/* false: no memory. */
bool composition_bind(composition_call *b, call *c, const composition *p, const tensor *const *operands);
/* Elements [at, at + n) of the result; x and y point at element `at` (and may be the same). */
void composition_run(const composition_call *b, const float *x, float *y, int64_t at, int64_t n);
/* The same in place, as kernels want it: y is part of b->out. */
void composition_finish(const void *b, float *y, int64_t n);

#endif
