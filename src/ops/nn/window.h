/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/window.h - where a sliding window goes along one dimension: convolutions and pools of any rank.
 *
 *   VALID     windows that lie inside            out = ceil((in - effective + 1) / stride)
 *   SAME      out = ceil(in / stride); what is missing is padded, the odd element at the end
 *   EXPLICIT  `before` and `after` are given     out as for VALID on the padded input
 *
 * effective = (size - 1) * dilation + 1. */
#ifndef OPS_NN_WINDOW_H
#define OPS_NN_WINDOW_H

#include "graph/op.h"

typedef enum padding_kind { PADDING_VALID, PADDING_SAME, PADDING_EXPLICIT } padding_kind;

typedef struct window {
    int64_t in, size, stride, dilation;      /* in: UNKNOWN_DIM while it is not known */
    int64_t out, before, after;              /* solved                                */
} window;

/* Reads attribute "padding"; INVALID_ARGUMENT for another word. */
sm_status window_padding(const node *n, padding_kind *out, sm_error *err) CHECKED;
/* Fills out, before and after (with PADDING_EXPLICIT before and after are given). UNKNOWN_DIM in, UNKNOWN_DIM out.
 * "Computed output size would be negative: ..." */
sm_status window_solve(window *w, padding_kind padding, sm_error *err) CHECKED;

/* Dimensions of a 4-d (or 5-d) tensor by meaning, for "NHWC", "NCHW", "NDHWC", "NCDHW". */
typedef struct layout_axes {
    int batch, channel, space;               /* space: first of the spatial dims, which are consecutive */
} layout_axes;
static inline layout_axes window_axes(slice data_format, int rank)
{
    bool channel_first = data_format.len > 1 && data_format.ptr[1] == 'C';
    return channel_first ? (layout_axes){ 0, 1, 2 } : (layout_axes){ 0, rank - 1, 1 };
}

#endif
