/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/pool_walk.c - walks over the windows of pools, from outputs to inputs and back. */
#include "ops/nn/pool_walk.h"

sm_status pool_shapes(const volume *v, const shape *x, pool_walk *w, shape *y, sm_error *err)
{
    if (x->rank != v->spatial + 2) {
        *y = shape_unknown_dims(v->spatial + 2);
        return SM_OK;
    }
    w->images = x->dims[0];
    w->channels = x->dims[volume_channel_dim(v)];
    TRY(volume_axes(v, x, v->size, w->axis, err));
    *y = volume_shape(v, w->images, (const int64_t[]){ w->axis[0].out, w->axis[1].out, w->axis[2].out }, w->channels);
    return SM_OK;
}

sm_status pool_expect(const char *name, const shape *want, const shape *got, sm_error *err)
{
    str       a, b;
    sm_status s = SM_OK;
    if (shape_compatible(want, got)) return SM_OK;
    str_init(&a);
    str_init(&b);
    shape_print(&a, want);
    shape_print(&b, got);
    s = FAIL(err, SM_INVALID_ARGUMENT, "Expected %s shape to be %s, but got %s", name, str_text(&a), str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return s;
}

void pool_each_input(const pool_walk *w, int64_t output, pool_tap *tap, void *context)
{
    const window_axis *a = w->axis;
    const int64_t      outs[3] = { a[0].out, a[1].out, a[2].out };
    int64_t            at[3], first[3], from[3], to[3], n = volume_at(output, outs, at);
    for (int d = 0; d < 3; d++) window_taps(&a[d], at[d], &first[d], &from[d], &to[d]);
    for (int64_t i = from[0]; i < to[0]; i++)
        for (int64_t j = from[1]; j < to[1]; j++)
            for (int64_t k = from[2]; k < to[2]; k++) {
                int64_t row = (n * a[0].in + first[0] + i) * a[1].in + first[1] + j;
                if (!tap(context, output, row * a[2].in + first[2] + k)) return;
            }
}

/* The outputs [*from, *to) of an axis whose windows hold input i. */
static void window_readers(const window_axis *a, int64_t i, int64_t *from, int64_t *to)
{
    int64_t last = (i + a->before) / a->stride, behind = i + a->before - a->size;
    *from = behind < 0 ? 0 : behind / a->stride + 1;
    *to = last + 1 < a->out ? last + 1 : a->out;
}

void pool_each_output(const pool_walk *w, int64_t input, pool_tap *tap, void *context)
{
    const window_axis *a = w->axis;
    const int64_t      ins[3] = { a[0].in, a[1].in, a[2].in };
    int64_t            at[3], from[3], to[3], n = volume_at(input, ins, at);
    for (int d = 0; d < 3; d++) window_readers(&a[d], at[d], &from[d], &to[d]);
    for (int64_t i = from[0]; i < to[0]; i++)
        for (int64_t j = from[1]; j < to[1]; j++)
            for (int64_t k = from[2]; k < to[2]; k++)
                if (!tap(context, ((n * a[0].out + i) * a[1].out + j) * a[2].out + k, input)) return;
}

int64_t pool_window_count(const pool_walk *w, int64_t output)
{
    const window_axis *a = w->axis;
    const int64_t      outs[3] = { a[0].out, a[1].out, a[2].out };
    int64_t            at[3], first, from, to, count = 1;
    volume_at(output, outs, at);
    for (int d = 0; d < 3; d++) {
        window_taps(&a[d], at[d], &first, &from, &to);
        count *= to - from;
    }
    return count;
}

int64_t pool_grain(const pool_walk *w)
{
    double taps = (double)w->axis[0].size * (double)w->axis[1].size * (double)w->axis[2].size;
    return (int64_t)(16384 / (taps * (double)w->channels + 1)) + 1;
}
