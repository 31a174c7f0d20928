/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise.h - depthwise convolution of float images, channels last, one filter per channel.
 *
 * A vector holds neighbouring channels; two rows of four neighbouring outputs share each load of the filter. The last
 * channels that do not fill a vector are computed by one that overlaps its neighbour, so there must be at least `lanes`. */
#ifndef KERNELS_DEPTHWISE_H
#define KERNELS_DEPTHWISE_H

#include <stddef.h>
#include <stdint.h>

typedef struct depthwise {
    int64_t      channels;
    int64_t      in_rows, in_columns, out_rows, out_columns;
    int64_t      filter_rows, filter_columns;
    int64_t      y_stride, x_stride, y_dilation, x_dilation, y_before, x_before;
    const float *in, *filter, *bias; /* bias: NULL: none                              */
    float       *out;
    const float *residual;  /* laid out as out, added before the cut; not the result itself. NULL: none */
    float        low, high; /* results are cut to these                      */
    /* Applied to each run of n neighbouring results once they are cut (see gemm.h). NULL: none. */
    void (*finish)(const void *context, float *y, int64_t n);
    const void *finish_context;
} depthwise;

typedef struct depthwise_kernels {
    int lanes;
    /* Rows [row, row_end) of the output, counted through all images. */
    void (*run)(const depthwise *d, int64_t row, int64_t row_end);
} depthwise_kernels;

extern const depthwise_kernels depthwise_sse2, depthwise_avx2, depthwise_avx512;

#endif
