/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/pool_walk.h - what the pools that look at volumes have in common: pool_volume.c and pool_max_grad.c. */
#ifndef OPS_NN_POOL_WALK_H
#define OPS_NN_POOL_WALK_H

#include "ops/nn/volume.h"

/* A pool of x [images, x dims, channels] to y [images, y dims, channels], channels last. */
typedef struct pool_walk {
    int64_t     images, channels;
    window_axis axis[3]; /* in: x, out: y */
} pool_walk;

/* Of the pool v over a tensor of shape x, which may be unknown in parts; *y is the shape of what comes. */
sm_status pool_shapes(const volume *v, const shape *x, pool_walk *w, shape *y, sm_error *err) CHECKED;
/* INVALID_ARGUMENT "Expected NAME shape to be ..., but got ..." */
sm_status pool_expect(const char *name, const shape *want, const shape *got, sm_error *err) CHECKED;

/* Calls `tap` for each input pixel of the window of output pixel p, in order, until it returns false; the pixels are counted
 * over all images. */
typedef bool pool_tap(void *context, int64_t output, int64_t input);

void pool_each_input(const pool_walk *w, int64_t output, pool_tap *tap, void *context);
/* The same for each output pixel whose window holds input pixel p, in order. */
void pool_each_output(const pool_walk *w, int64_t input, pool_tap *tap, void *context);
/* How many pixels of the window of this output lie inside. */
int64_t pool_window_count(const pool_walk *w, int64_t output);
/* Pixels in a piece of work. */
int64_t pool_grain(const pool_walk *w);

#endif
