/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_grad_filter.tmpl.h - the gradient of a convolution by its filter, of one type, as its formula says; included
 * by conv_grad_filter.c with T and NAME.
 *
 *   dw[k, c, f] = sum over images and outputs o whose tap k lies inside x of x[n, o s + k d - p, c] * dy[n, o, f]
 *
 * A piece is some rows (k, c) of dw; each is summed over all pixels in their order. */

/* Adds one pixel: x holds the input's channels there, y the output's. */
static void NAME(grad_filter_pixel)(const volume_conv *g, const T *x, const T *y, T *restrict dw)
{
    const int64_t group = g->out_channels / g->groups;
    for (int64_t i = 0; i < g->groups; i++) {
        const T one = x[i * g->depth];
        for (int64_t f = i * group; f < (i + 1) * group; f++) dw[f] = (T)(dw[f] + one * y[f]);
    }
}

static void NAME(grad_filter_rows)(void *context, int64_t begin, int64_t end)
{
    const volume_conv *g = context;
    const window_axis *a = g->axis;
    const int64_t      outs[3] = { a[0].out, a[1].out, a[2].out }, pixels = g->images * axes_outputs(a);
    for (int64_t r = begin; r < end; r++) {
        const int64_t k = r / g->depth, tap[3] = { k / a[2].size / a[1].size, k / a[2].size % a[1].size, k % a[2].size };
        T *dw = (T *)g->result + r * g->out_channels;
        for (int64_t f = 0; f < g->out_channels; f++) dw[f] = 0;
        for (int64_t p = 0; p < pixels; p++) {
            int64_t at[3], pixel = volume_at(p, outs, at);
            bool    inside = true;
            for (int i = 0; i < 3; i++) {
                int64_t in = at[i] * a[i].stride + tap[i] * a[i].dilation - a[i].before;
                inside &= in >= 0 && in < a[i].in;
                pixel = pixel * a[i].in + in;
            }
            if (!inside) continue;
            NAME(grad_filter_pixel)
            (g, (const T *)g->x + pixel * g->channels + r % g->depth, (const T *)g->y + p * g->out_channels, dw);
        }
    }
}
