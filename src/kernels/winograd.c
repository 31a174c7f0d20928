/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd.c - U = G filter G'. Row i of G is 1, p, p^2 at the interpolation point p_i, over the product of its
 * distances to the other points; the last point is infinity. Points: winograd.h. */
#include "kernels/winograd.h"

#define A WINOGRAD_A
#define B WINOGRAD_B
#define NEAR (1 / (2 * A * A * (A * A - B * B)))
#define FAR (1 / (2 * B * B * (B * B - A * A)))

/* clang-format off */
static const double g2[4][3] = { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, -0.5, 0.5 }, { 0, 0, 1 } };
static const double g4[6][3] = {
    { 1 / (A * A * B * B), 0, 0 },
    { NEAR,  A * NEAR, A * A * NEAR },
    { NEAR, -A * NEAR, A * A * NEAR },
    { FAR,   B * FAR,  B * B * FAR },
    { FAR,  -B * FAR,  B * B * FAR },
    { 0, 0, 1 },
};
/* clang-format on */

void winograd_filter(int side, const float *filter, int64_t n, int64_t from, int64_t to, float *u)
{
    const double(*g)[3] = side == 2 ? g2 : g4;
    const int wide = side + 2;
    for (int64_t i = from; i < to; i++) {
        double left[6][3];
        for (int r = 0; r < wide; r++)
            for (int c = 0; c < 3; c++)
                left[r][c] = g[r][0] * (double)filter[c * n + i] + g[r][1] * (double)filter[(3 + c) * n + i] +
                             g[r][2] * (double)filter[(6 + c) * n + i];
        for (int r = 0; r < wide; r++)
            for (int c = 0; c < wide; c++)
                u[(r * wide + c) * n + i] = (float)(left[r][0] * g[c][0] + left[r][1] * g[c][1] + left[r][2] * g[c][2]);
    }
}
