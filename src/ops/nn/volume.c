/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/volume.c - attributes of windows over volumes, and turning their formats.
 *
 * Convolutions of images take window_read's checks and texts; those of volumes have texts of their own in TensorFlow. */
#include "ops/nn/volume.h"

/* Dim of a tensor of this format that holds axis a. Axis 0 of an image has none: -1. */
static int volume_dim(const volume *v, int a)
{
    return a + v->spatial < 3 ? -1 : (v->channels_first ? 2 : 1) + a - (3 - v->spatial);
}

/* The size of axis a: 1 where there is none. */
static int64_t volume_of(const volume *v, const shape *s, int a)
{
    int d = volume_dim(v, a);
    return d < 0 ? 1 : s->dims[d];
}

/* -- Attributes ------------------------------------------------------------------------------------------------------ */

static void volume_of_window(const window *w, volume *v)
{
    *v = (volume){ .spatial = 2, .channels_first = w->channels_first, .padding = w->padding };
    for (int a = 0; a < 3; a++) {
        v->stride[a] = a ? w->stride[a - 1] : 1;
        v->dilation[a] = a ? w->dilation[a - 1] : 1;
        v->size[a] = 1;
        v->before[a] = a ? w->before[a - 1] : 0;
        v->after[a] = a ? w->after[a - 1] : 0;
    }
}

/* Five numbers, of which those of batch and channels are 1; absent: all 1. */
static sm_status read_five(const node *n, const char *name, bool first, const char *missing, const char *what,
                           int64_t out[3], sm_error *err)
{
    size_t               count = 5;
    static const int64_t ones[5] = { 1, 1, 1, 1, 1 };
    const int64_t       *v = node_attr(n, name) ? node_ints(n, name, &count) : ones;
    if (count != 5) return FAIL(err, SM_INVALID_ARGUMENT, "%s field must specify 5 dimensions", missing);
    if (v[0] != 1 || v[first ? 1 : 4] != 1)
        return FAIL(err, *what == 's' ? SM_UNIMPLEMENTED : SM_INVALID_ARGUMENT,
                    "Current implementation does not yet support %s in the batch and depth dimensions.", what);
    for (int a = 0; a < 3; a++) {
        out[a] = v[(first ? 2 : 1) + a];
        if (out[a] <= 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "%s must be > 0, but got %lld", *what == 's' ? "Stride" : "Dilation",
                        (long long)out[a]);
        if (out[a] > INT32_MAX) return FAIL(err, SM_INVALID_ARGUMENT, "%s are too large", what);
    }
    return SM_OK;
}

static void read_format(const node *n, volume *v)
{
    const attr *format = node_attr(n, "data_format");
    slice       padding = node_string(n, "padding");
    *v = (volume){ .spatial = 3, .size = { 1, 1, 1 }, .dilation = { 1, 1, 1 } };
    v->channels_first = format && slice_is(format->v.s, "NCDHW");
    v->padding = slice_is(padding, "SAME") ? WINDOW_SAME : WINDOW_VALID;
}

sm_status volume_read(const node *n, int spatial, volume *v, sm_error *err)
{
    if (spatial == 2) {
        window w;
        TRY(window_read(n, &w, err));
        volume_of_window(&w, v);
        return SM_OK;
    }
    read_format(n, v);
    TRY(read_five(n, "strides", v->channels_first, "Sliding window strides", "strides", v->stride, err));
    return read_five(n, "dilations", v->channels_first, "Dilation rates", "dilations rates", v->dilation, err);
}

/* Numbers of an attribute, or of a tensor that stands for it. */
static sm_status pool_numbers(const node *n, const char *name, const tensor *t, int rank, int64_t out[5], sm_error *err)
{
    size_t         count = 0;
    const int64_t *v = t ? NULL : node_ints(n, name, &count);
    if (t) count = tensor_count(t);
    if (count != (size_t)rank)
        return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window %s field must specify %d dimensions", name, rank);
    for (size_t i = 0; i < count; i++) out[i] = t ? tensor_int(t, i) : v[i];
    return SM_OK;
}

static sm_status bad_pool_size(const int64_t *size, int rank, sm_error *err)
{
    str text;
    str_init(&text);
    for (int i = 0; i < rank; i++) str_addf(&text, "%s%lld", i ? "," : "", (long long)size[i]);
    sm_status s = FAIL(err, SM_INVALID_ARGUMENT,
                       "Sliding window ksize must be positive. The specified or inferred ksize is: %s", str_text(&text));
    str_clear(&text);
    return s;
}

sm_status volume_read_pool(const node *n, int spatial, const tensor *ksize, const tensor *strides,
                           const char *over_channels, volume *v, sm_error *err)
{
    int64_t size[5], stride[5];
    int     rank = spatial + 2;
    if (spatial == 2) {
        window w;
        TRY(window_read_format(n, &w, err));
        volume_of_window(&w, v);
        for (int a = 0; a < 3; a++) v->dilation[a] = 1;
    } else {
        read_format(n, v);
    }
    TRY(pool_numbers(n, "ksize", ksize, rank, size, err));
    TRY(pool_numbers(n, "strides", strides, rank, stride, err));
    for (int i = 0; i < rank; i++) {
        if (size[i] <= 0) return bad_pool_size(size, rank, err);
        if (stride[i] <= 0 || stride[i] > INT32_MAX || size[i] > INT32_MAX)
            return FAIL(err, SM_INVALID_ARGUMENT, "Stride must be > 0, but got %lld", (long long)stride[i]);
    }
    int channel = volume_channel_dim(v);
    if (size[0] != 1 || stride[0] != 1)
        return FAIL(err, SM_UNIMPLEMENTED, "Pooling is not yet supported on the batch dimension.");
    if (size[channel] != 1 || stride[channel] != 1) return FAIL(err, SM_UNIMPLEMENTED, "%s", over_channels);
    for (int a = 0; a < 3; a++) {
        v->size[a] = volume_dim(v, a) < 0 ? 1 : size[volume_dim(v, a)];
        v->stride[a] = volume_dim(v, a) < 0 ? 1 : stride[volume_dim(v, a)];
    }
    return SM_OK;
}

/* -- Shapes ---------------------------------------------------------------------------------------------------------- */

int volume_channel_dim(const volume *v)
{
    return v->channels_first ? 1 : v->spatial + 1;
}

shape volume_shape(const volume *v, int64_t images, const int64_t dims[3], int64_t channels)
{
    shape s = shape_unknown_dims(v->spatial + 2);
    s.dims[0] = images;
    s.dims[volume_channel_dim(v)] = channels;
    for (int a = 3 - v->spatial; a < 3; a++) s.dims[volume_dim(v, a)] = dims[a];
    return s;
}

sm_status volume_axes(const volume *v, const shape *s, const int64_t size[3], window_axis axis[3], sm_error *err)
{
    for (int a = 0; a < 3; a++) {
        window w = { .stride = { v->stride[a] },
                     .dilation = { v->dilation[a] },
                     .padding = v->padding,
                     .before = { v->before[a] },
                     .after = { v->after[a] } };
        TRY(window_axis_of(&w, 0, volume_of(v, s, a), size[a], &axis[a], err));
    }
    return SM_OK;
}

void volume_filter_size(const volume *v, const shape *filter, int64_t size[3])
{
    for (int a = 0; a < 3; a++) size[a] = a + v->spatial < 3 ? 1 : filter->dims[a + v->spatial - 3];
}

sm_status volume_conv_of(const volume *v, const shape *x, const shape *filter, const shape *y, bool per_channel,
                         volume_conv *g, sm_error *err)
{
    int64_t size[3];
    int     channel = volume_channel_dim(v);
    *g = (volume_conv){ .images = x->dims[0], .channels = x->dims[channel], .out_channels = y->dims[channel] };
    g->depth = per_channel ? 1 : filter->dims[v->spatial];
    g->groups = g->depth > 0 ? g->channels / g->depth : 1;
    volume_filter_size(v, filter, size);
    return volume_axes(v, x, size, g->axis, err);
}

/* -- Do three shapes belong together? --------------------------------------------------------------------------------- */

static bool differ(int64_t a, int64_t b)
{
    return a >= 0 && b >= 0 && a != b;
}

static sm_status check_channels(const volume *v, int64_t in, const shape *filter, int64_t out, bool per_channel,
                                sm_error *err)
{
    int64_t depth = filter->dims[v->spatial], last = filter->dims[v->spatial + 1];
    if (depth == 0) return FAIL(err, SM_INVALID_ARGUMENT, "filter depth must be strictly greater than zero");
    if (v->spatial == 3 && differ(in, depth))
        return FAIL(err, SM_INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld", (long long)in,
                    (long long)depth);
    if (in < 0 || depth < 0) return SM_OK;
    if (per_channel ? in != depth : in % depth != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "input depth must be evenly divisible by filter depth: %lld vs %lld",
                    (long long)in, (long long)depth);
    if (last < 0) return SM_OK;
    if (!per_channel && in > 0 && last % (in / depth) != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "output depth must be evenly divisible by number of groups: %lld vs %lld",
                    (long long)last, (long long)(in / depth));
    if (per_channel && last > INT32_MAX) return FAIL(err, SM_INVALID_ARGUMENT, "filter is too large");
    if (differ(per_channel ? last * depth : last, out))
        return FAIL(err, SM_INVALID_ARGUMENT, "filter and out_backprop must have the same out_depth");
    return SM_OK;
}

sm_status volume_check_gradient(const node *n, const volume *v, const shape *x, const shape *filter, const shape *y,
                                bool per_channel, sm_error *err)
{
    int64_t     size[3];
    window_axis axis[3];
    int         channel = volume_channel_dim(v);
    if (x->rank < 0 || filter->rank < 0 || y->rank < 0) return SM_OK;
    if (differ(x->dims[0], y->dims[0]))
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "%s: input and out_backprop must have the same batch size. Input batch: %lld, outbackprop batch: "
                    "%lld, batch_dim: 0",
                    n->op->name, (long long)x->dims[0], (long long)y->dims[0]);
    TRY(check_channels(v, x->dims[channel], filter, y->dims[channel], per_channel, err));
    volume_filter_size(v, filter, size);
    TRY(volume_axes(v, x, size, axis, err));
    for (int a = 0; a < 3; a++) {
        int64_t out = volume_of(v, y, a);
        if (!differ(axis[a].out, out)) continue;
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "%s: Size of out_backprop doesn't match computed: actual = %lld, computed = %lld spatial_dim: %d "
                    "input: %lld filter: %lld output: %lld stride: %lld dilation: %lld",
                    n->op->name, (long long)out, (long long)axis[a].out, volume_dim(v, a), (long long)axis[a].in,
                    (long long)size[a], (long long)out, (long long)v->stride[a], (long long)v->dilation[a]);
    }
    return SM_OK;
}

/* -- Formats --------------------------------------------------------------------------------------------------------- */

static int64_t spatial_count(const volume *v, const shape *s)
{
    return shape_count_range(s, v->channels_first ? 2 : 1, v->channels_first ? v->spatial + 2 : v->spatial + 1);
}

const void *volume_last(call *c, const volume *v, int i)
{
    const tensor *t = c->in[i];
    if (!v->channels_first) return t->data;
    void *to = call_scratch(c, tensor_bytes(t) + 1);
    if (to)
        window_turn(c, t->data, to, t->shape.dims[0], t->shape.dims[1], spatial_count(v, &t->shape), dtype_size(t->dtype));
    return to;
}

void *volume_room(call *c, const volume *v, int i)
{
    return v->channels_first ? call_scratch(c, tensor_bytes(c->out[i]) + 1) : c->out[i]->data;
}

void volume_back(call *c, const volume *v, int i, const void *from)
{
    const tensor *t = c->out[i];
    if (!v->channels_first) return;
    window_turn(c, from, t->data, t->shape.dims[0], spatial_count(v, &t->shape), t->shape.dims[1], dtype_size(t->dtype));
}

void *volume_scratch(call *c, int64_t a, int64_t b, int64_t d, int64_t e, size_t size)
{
    const shape   s = shape_of(4, (const int64_t[]){ a, b, d, e });
    const int64_t count = shape_count(&s);
    if (count < 0 || (uint64_t)count > (SIZE_MAX / 4) / size) {
        (void)CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for scratch");
        return NULL;
    }
    return call_scratch(c, (size_t)count * size + 1);
}
