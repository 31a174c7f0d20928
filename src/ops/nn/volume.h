/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/volume.h - windows over images and volumes: what 3-D convolutions and pools and all gradients of windows share.
 *
 * window.h knows images, this knows two or three spatial dims at once: there are always three axes (planes, rows, columns),
 * and that of an image's planes has one input, one tap and one output. Kernels work on channels-last data; volume_last and
 * volume_back turn the other format. A depthwise convolution is a grouped one whose groups are its channels. */
#ifndef OPS_NN_VOLUME_H
#define OPS_NN_VOLUME_H

#include "ops/nn/window.h"

typedef struct volume {
    int            spatial; /* dims: 2 or 3                              */
    bool           channels_first;
    int64_t        size[3]; /* of a pool; a convolution asks its filter  */
    int64_t        stride[3], dilation[3];
    window_padding padding;
    int64_t        before[3], after[3]; /* of EXPLICIT                               */
} volume;

/* A convolution of x [images, x dims, channels] to y [images, y dims, out_channels], channels last. */
typedef struct volume_conv {
    int64_t     images, channels, out_channels;
    int64_t     groups, depth; /* depth: input channels that a group sees    */
    window_axis axis[3];       /* in: x, out: y                              */
    const void *x, *filter, *y;
    void       *result;
} volume_conv;

/* Reads strides, dilations, data_format, padding and explicit_paddings of a convolution of `spatial` dims. */
sm_status volume_read(const node *n, int spatial, volume *v, sm_error *err) CHECKED;
/* The same for a pool: ksize and strides, which the tensors replace when they are not NULL (MaxPoolGradV2). A pool over
 * channels is UNIMPLEMENTED in the words of over_channels. */
sm_status volume_read_pool(const node *n, int spatial, const tensor *ksize, const tensor *strides,
                           const char *over_channels, volume *v, sm_error *err) CHECKED;

int   volume_channel_dim(const volume *v); /* dim of a tensor of this format that holds the channels */
shape volume_shape(const volume *v, int64_t images, const int64_t dims[3], int64_t channels);
/* All axes of a window of `size` over a tensor of shape s; sizes may be unknown. */
sm_status volume_axes(const volume *v, const shape *s, const int64_t size[3], window_axis axis[3], sm_error *err) CHECKED;

/* The taps of a filter of this shape along each axis. */
void volume_filter_size(const volume *v, const shape *filter, int64_t size[3]);
/* The convolution of x to y, of which all shapes are known; per_channel: depthwise, filter [..., channels, multiplier]. */
sm_status volume_conv_of(const volume *v, const shape *x, const shape *filter, const shape *y, bool per_channel,
                         volume_conv *g, sm_error *err) CHECKED;
/* Could y be the convolution of x with filter? Unknown dims pass. INVALID_ARGUMENT in TensorFlow's words. */
sm_status volume_check_gradient(const node *n, const volume *v, const shape *x, const shape *filter, const shape *y,
                                bool per_channel, sm_error *err) CHECKED;

/* Input i with channels last: as it lies, or turned into scratch. NULL: no memory. */
const void *volume_last(call *c, const volume *v, int i);
/* Where output i is to be computed with channels last: itself, or scratch that volume_back turns into it. */
void *volume_room(call *c, const volume *v, int i);
void  volume_back(call *c, const volume *v, int i, const void *from);

/* Scratch for a product of sizes; NULL when it overflows or memory is spent. */
void *volume_scratch(call *c, int64_t a, int64_t b, int64_t d, int64_t e, size_t size);

/* The image and the three coordinates of pixel p of a volume of these dims. */
static inline int64_t volume_at(int64_t p, const int64_t dims[3], int64_t at[3])
{
    for (int a = 2; a >= 0; a--) {
        at[a] = p % dims[a];
        p /= dims[a];
    }
    return p;
}

static inline int64_t axes_outputs(const window_axis axis[3])
{
    return axis[0].out * axis[1].out * axis[2].out;
}

static inline int64_t axes_inputs(const window_axis axis[3])
{
    return axis[0].in * axis[1].in * axis[2].in;
}

static inline int64_t axes_taps(const window_axis axis[3])
{
    return axis[0].size * axis[1].size * axis[2].size;
}

/* The output that reads input i through tap k; -1: none does. */
static inline int64_t axis_reader(const window_axis *a, int64_t i, int64_t k)
{
    int64_t at = i + a->before - k * a->dilation;
    return at < 0 || at % a->stride != 0 || at / a->stride >= a->out ? -1 : at / a->stride;
}

#endif
