/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/window.h - windows over images: what Conv2D, DepthwiseConv2dNative and the pools have in common.
 *
 * Attributes (strides, dilations, padding, data_format) become a `window`, once per plan; a window over an image of known
 * size becomes a `grid`. Kernels work on NHWC; NCHW tensors are turned around them (window_channels_last). */
#ifndef OPS_NN_WINDOW_H
#define OPS_NN_WINDOW_H

#include "graph/op.h"

typedef enum window_padding { WINDOW_SAME, WINDOW_VALID, WINDOW_EXPLICIT } window_padding;

typedef struct window {
    bool           channels_first;         /* NCHW                          */
    int64_t        stride[2], dilation[2]; /* rows, columns                 */
    window_padding padding;
    int64_t        before[2], after[2]; /* of EXPLICIT                   */
} window;

/* One axis: how many outputs, how much padding before the first input. */
typedef struct window_axis {
    int64_t in, size, stride, dilation, out, before;
} window_axis;

typedef struct grid {
    int64_t     images, channels; /* of the input                  */
    window_axis y, x;
} grid;

/* Reads data_format, padding and explicit_paddings; errors are TensorFlow's. */
sm_status window_read_format(const node *n, window *w, sm_error *err) CHECKED;
/* ... and a convolution's strides and dilations. */
sm_status window_read(const node *n, window *w, sm_error *err) CHECKED;
/* The outputs along axis d (0 rows, 1 columns) of an input of `in` (may be unknown) under a window of `size`.
 * INVALID_ARGUMENT when the window is larger than the padded input. */
sm_status window_axis_of(const window *w, int d, int64_t in, int64_t size, window_axis *out, sm_error *err) CHECKED;
/* Dims of s, of which the rank is 4, under either format. */
int64_t window_rows(const window *w, const shape *s);
int64_t window_columns(const window *w, const shape *s);
int64_t window_channels(const window *w, const shape *s);
shape   window_shape(const window *w, int64_t images, int64_t rows, int64_t columns, int64_t channels);

/* Runs work on channels-last data: for NCHW turns input 0 into scratch before, and output 0 back after. `in` and `out` are
 * where work finds them. */
typedef sm_status window_work(call *c, const void *in, void *out, void *context);

sm_status window_channels_last(call *c, const window *w, window_work *work, void *context) CHECKED;

/* `count` matrices of rows x columns elements of `size` bytes, each turned over: NCHW to NHWC and back. */
void window_turn(call *c, const void *from, void *to, int64_t count, int64_t rows, int64_t columns, size_t size);

/* The taps [*from, *to) of an axis that output i sees inside the input; tap k reads input *first + k * dilation. */
static inline void window_taps(const window_axis *a, int64_t i, int64_t *first, int64_t *from, int64_t *to)
{
    int64_t start = i * a->stride - a->before;
    *first = start;
    *from = start < 0 ? (-start + a->dilation - 1) / a->dilation : 0;
    *to = start >= a->in ? 0 : (a->in - start + a->dilation - 1) / a->dilation;
    if (*to > a->size) *to = a->size;
    if (*from > *to) *from = *to;
}

#endif
