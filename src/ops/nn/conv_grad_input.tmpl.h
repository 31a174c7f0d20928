/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_grad_input.tmpl.h - the gradient of a convolution by its input, of one type, as its formula says; included by
 * conv_grad_input.c with T and NAME.
 *
 *   dx[n, i, c] = sum over the taps k and the outputs o that read input i through k of dy[n, o, f] * filter[k, c, f]
 *
 * A piece is some pixels of dx. */

static void NAME(grad_input_tap)(const volume_conv *g, const T *dy, const T *filter, T *dx)
{
    const int64_t group = g->out_channels / g->groups;
    for (int64_t c = 0; c < g->channels; c++) {
        const T *y = dy + c / g->depth * group, *w = filter + c % g->depth * g->out_channels + c / g->depth * group;
        T        sum = dx[c];
        for (int64_t f = 0; f < group; f++) sum = (T)(sum + y[f] * w[f]);
        dx[c] = sum;
    }
}

static void NAME(grad_input_pixels)(void *context, int64_t begin, int64_t end)
{
    const volume_conv *g = context;
    const window_axis *a = g->axis;
    const int64_t      dims[3] = { a[0].in, a[1].in, a[2].in };
    for (int64_t p = begin; p < end; p++) {
        int64_t at[3], n = volume_at(p, dims, at), o[3];
        T      *dx = (T *)g->result + p * g->channels;
        for (int64_t c = 0; c < g->channels; c++) dx[c] = 0;
        for (int64_t k = 0; k < axes_taps(a); k++) {
            const int64_t tap[3] = { k / a[2].size / a[1].size, k / a[2].size % a[1].size, k % a[2].size };
            for (int i = 0; i < 3; i++) o[i] = axis_reader(&a[i], at[i], tap[i]);
            if (o[0] < 0 || o[1] < 0 || o[2] < 0) continue;
            int64_t pixel = ((n * a[0].out + o[0]) * a[1].out + o[1]) * a[2].out + o[2];
            NAME(grad_input_tap)
            (g, (const T *)g->y + pixel * g->out_channels, (const T *)g->filter + k * g->depth * g->out_channels, dx);
        }
    }
}
