/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_volume.tmpl.h - the portable convolution of volumes, of one type; included by conv_volume.c with T and NAME.
 *
 *   y[n, o, f] = sum over the taps k inside x of x[n, o s + k d - p, c] * filter[k, c, f]
 *
 * A piece is some pixels of y. */

static void NAME(volume_tap)(const volume_conv *g, const T *x, const T *filter, T *y)
{
    const int64_t group = g->out_channels / g->groups;
    for (int64_t c = 0; c < g->channels; c++) {
        const T one = x[c], *w = filter + c % g->depth * g->out_channels + c / g->depth * group;
        T *restrict to = y + c / g->depth * group;
        for (int64_t f = 0; f < group; f++) to[f] = (T)(to[f] + one * w[f]);
    }
}

static void NAME(volume_pixels)(void *context, int64_t begin, int64_t end)
{
    const volume_conv *g = context;
    const window_axis *a = g->axis;
    const int64_t      outs[3] = { a[0].out, a[1].out, a[2].out };
    for (int64_t p = begin; p < end; p++) {
        int64_t at[3], n = volume_at(p, outs, at), first[3], from[3], to[3];
        T      *y = (T *)g->result + p * g->out_channels;
        for (int i = 0; i < 3; i++) window_taps(&a[i], at[i], &first[i], &from[i], &to[i]);
        for (int64_t f = 0; f < g->out_channels; f++) y[f] = 0;
        for (int64_t i = from[0]; i < to[0]; i++)
            for (int64_t j = from[1]; j < to[1]; j++)
                for (int64_t k = from[2]; k < to[2]; k++) {
                    int64_t row = (n * a[0].in + first[0] + i * a[0].dilation) * a[1].in + first[1] + j * a[1].dilation;
                    int64_t pixel = row * a[2].in + first[2] + k * a[2].dilation;
                    int64_t tap = (i * a[1].size + j) * a[2].size + k;
                    NAME(volume_tap)
                    (g, (const T *)g->x + pixel * g->channels, (const T *)g->filter + tap * g->depth * g->out_channels, y);
                }
    }
}
