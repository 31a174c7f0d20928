/* SPDX-License-Identifier: Apache-2.0 */
/* ops/random/draw.h - output 0 filled from a generator, on all threads. */
#ifndef OPS_RANDOM_DRAW_H
#define OPS_RANDOM_DRAW_H

#include "graph/op.h"
#include "kernels/philox.h"

/* Output 0 gets the shape that input 0 says. */
sm_status draw_shape(call *c, int input) CHECKED;
/* Fills output 0. low and high: inputs with the bounds of PHILOX_INT, else -1. */
sm_status draw_fill(call *c, philox from, philox_distribution d, int low, int high) CHECKED;
/* The shape is the value of input 0, or of input 2 (Stateful...). */
sm_status infer_draw(infer *c);
sm_status infer_draw_third(infer *c);
/* INVALID_ARGUMENT unless the algorithm is Philox (1) or the default (3). */
sm_status draw_check_algorithm(call *c, int64_t algorithm) CHECKED;

#endif
