/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv.tmpl.h - the portable convolutions of one type, as their formulas say; included by conv.c with T and NAME.
 *
 *   conv:       out[n, y, x, o]     = sum of in[n, y s + i d - p, x s + j d - p, c] * filter[i, j, c, o]
 *   depthwise:  out[n, y, x, c m + k] = sum of in[n, ..., c] * filter[i, j, c, k]
 *
 * A piece is one or more rows (n, y) of the output. Group g of a convolution sees its own input channels. */

static void NAME(conv_rows)(void *context, int64_t begin, int64_t end)
{
    const convolution *v = context;
    const int64_t      depth = v->filter_depth, group = v->out_channels / v->groups, columns = v->g.x.out;
    for (int64_t p = begin * columns; p < end * columns; p++) {
        int64_t n = p / columns / v->g.y.out, y = p / columns % v->g.y.out, y0, y_from, y_to, x0, x_from, x_to;
        T      *out = (T *)v->out + p * v->out_channels;
        window_taps(&v->g.y, y, &y0, &y_from, &y_to);
        window_taps(&v->g.x, p % columns, &x0, &x_from, &x_to);
        for (int64_t o = 0; o < v->out_channels; o++) out[o] = 0;
        for (int64_t i = y_from; i < y_to; i++)
            for (int64_t j = x_from; j < x_to; j++) {
                int64_t  row = n * v->g.y.in + y0 + i * v->g.y.dilation, column = x0 + j * v->g.x.dilation;
                const T *in = (const T *)v->in + (row * v->g.x.in + column) * v->g.channels;
                const T *filter = (const T *)v->filter + (i * v->g.x.size + j) * depth * v->out_channels;
                for (int64_t k = 0; k < v->groups * depth; k++) {
                    const T x = in[k], *w = filter + k % depth * v->out_channels + k / depth * group;
                    T *restrict to = out + k / depth * group;
                    for (int64_t o = 0; o < group; o++) to[o] = (T)(to[o] + x * w[o]);
                }
            }
    }
}

#ifdef WITH_DEPTHWISE
static void NAME(depthwise_rows)(void *context, int64_t begin, int64_t end)
{
    const convolution *v = context;
    const int64_t      channels = v->g.channels, times = v->out_channels / channels, columns = v->g.x.out;
    for (int64_t p = begin * columns; p < end * columns; p++) {
        int64_t n = p / columns / v->g.y.out, y = p / columns % v->g.y.out, y0, y_from, y_to, x0, x_from, x_to;
        T      *out = (T *)v->out + p * v->out_channels;
        window_taps(&v->g.y, y, &y0, &y_from, &y_to);
        window_taps(&v->g.x, p % columns, &x0, &x_from, &x_to);
        for (int64_t o = 0; o < v->out_channels; o++) out[o] = 0;
        for (int64_t i = y_from; i < y_to; i++)
            for (int64_t j = x_from; j < x_to; j++) {
                int64_t  row = n * v->g.y.in + y0 + i * v->g.y.dilation, column = x0 + j * v->g.x.dilation;
                const T *in = (const T *)v->in + (row * v->g.x.in + column) * channels;
                const T *filter = (const T *)v->filter + (i * v->g.x.size + j) * v->out_channels;
                for (int64_t k = 0; k < channels; k++)
                    for (int64_t m = 0; m < times; m++) out[k * times + m] += in[k] * filter[k * times + m];
            }
    }
}
#endif
