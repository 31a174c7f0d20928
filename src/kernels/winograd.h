/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd.h - 3 x 3 convolutions with fewer multiplications (Winograd; Lavin and Gray 2015).
 *
 * The output is cut into tiles of side x side pixels, side 2 or 4. A tile comes from a patch of (side + 2)^2 inputs:
 *
 *     V = B' patch B      per channel                                        (in)
 *     M_q = V_q U_q       for each of the (side + 2)^2 places q: a product of matrices, tiles x channels by channels x outputs
 *     tile = A' M A       per output channel, then bias, residual, cut, finish as in gemm.h        (out)
 *
 * with U = G filter G' made once. 2.25 (side 2) or 4 times fewer multiplications than the formula, and another rounding:
 * docs/performance.md states how much. Side 2 interpolates at 0, 1, -1 and infinity; side 4 at 0, 3/4, -3/4, 3/2, -3/2 and
 * infinity, which loses a sixth of what the usual 1, -1, 2, -2 do (1.7e-6 instead of 1.1e-5 of the largest result, over 128
 * channels), and is exact in binary.
 *
 * V and M hold `tiles` tiles from tile `first` on, counted row by row through all images: element (q, t, channel) of V is
 * v[(q * tiles + t - first) * channels + channel]. Channels on both sides are multiples of `lanes`. */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H

#include "kernels/gemm.h"

#define WINOGRAD_A 0.75
#define WINOGRAD_B 1.5

typedef struct winograd {
    int          side;
    int64_t      in_rows, in_columns, channels;
    int64_t      out_rows, out_columns, out_channels;
    int64_t      y_before, x_before; /* padding */
    int64_t      down, across;       /* tiles of an image */
    const float *in;
    float       *out;
    float       *v, *m;
    int64_t      first, tiles;
    const float *bias, *residual; /* NULL: none */
    float        low, high;
    gemm_finish *finish;
    const void  *finish_context;
} winograd;

typedef struct winograd_kernels {
    int lanes;
    /* Tiles [from, to): inputs to V; M to outputs. */
    void (*in)(const winograd *w, int64_t from, int64_t to);
    void (*out)(const winograd *w, int64_t from, int64_t to);
} winograd_kernels;

extern const winograd_kernels winograd_sse2, winograd_avx2, winograd_avx512;

static inline int winograd_places(int side)
{
    return (side + 2) * (side + 2);
}

/* U of n filters at once: filter is [3][3][n], u is [places][n]. Computed in double. */
void winograd_filter(int side, const float *filter, int64_t n, int64_t from, int64_t to, float *u);

#endif
