/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/resize.h - what the resizing ops share: their sizes, the scale, elements as floats, and the loop over rows. */
#ifndef OPS_IMAGE_RESIZE_H
#define OPS_IMAGE_RESIZE_H

#include "graph/op.h"

/* [batch, height, width, channels] and a size [2] -> [batch, size[0], size[1], channels], with TensorFlow's errors. */
sm_status infer_resize(infer *c);
sm_status infer_resize_centers(infer *c); /* the same for ops that have half_pixel_centers */
/* gradients [batch, height, width, channels] and the original pictures: a picture of their size. */
sm_status infer_resize_grad(infer *c);

/* Input pixels for one output pixel: in / out, or (in - 1) / (out - 1) with align_corners and out > 1. */
float resize_scale(int64_t in, int64_t out, bool align_corners);

/* For each of `out` positions the nearest one of `in`, by the node's attributes; in scratch, NULL: out of memory. */
int64_t *nearest_samples(call *c, int64_t in, int64_t out);

/* The elements of an input of any real type as floats: its own, or converted in scratch. NULL: out of memory (err is set). */
const float *image_floats(call *c, int input);

/* -- Resampling by taps: every output position is a weighted sum of input positions --------------------------------- */

typedef struct taps {
    int64_t  n, per; /* positions, and how many taps each has        */
    int64_t *index;  /* [n, per]; -1: the taps of this one end here   */
    float   *weight; /* [n, per]                                     */
} taps;

/* Room for them in scratch, no taps yet; false: out of memory (err is set). */
bool taps_new(call *c, int64_t n, int64_t per, taps *t);

/* out [batch, ys.n, xs.n, channels] = in [batch, height, width, channels], down the columns first, then along the rows;
 * sums go in the order of the taps. */
sm_status taps_run(call *c, const float *in, const shape *in_shape, const taps *ys, const taps *xs, float *out);

#endif
