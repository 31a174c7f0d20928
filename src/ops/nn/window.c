/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/window.c - sizes and paddings of windows.
 *
 * SAME gives ceil(in / stride) outputs and puts the odd row of padding after; VALID pads nothing; EXPLICIT says it all. */
#include "ops/nn/window.h"

static sm_status read_pair(const node *n, const char *attr_name, int rows, const char *what, int64_t pair[2], sm_error *err)
{
    size_t         count;
    const attr    *a = node_attr(n, attr_name);
    const int64_t *v;
    pair[0] = pair[1] = 1;
    if (!a) return SM_OK;
    v = node_ints(n, attr_name, &count);
    if (count != 4) return FAIL(err, SM_INVALID_ARGUMENT, "Sliding window %s field must specify 4 dimensions", what);
    if (v[0] != 1 || v[rows == 2 ? 1 : 3] != 1)
        return FAIL(err, SM_UNIMPLEMENTED,
                    "Current implementation does not yet support %s in the batch and depth dimensions.", what);
    pair[0] = v[rows];
    pair[1] = v[rows + 1];
    if (pair[0] <= 0 || pair[1] <= 0)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    *what == 's' ? "Row and column strides should be larger than 0."
                                 : "Dilated rates should be larger than 0.");
    if (pair[0] > INT32_MAX || pair[1] > INT32_MAX) return FAIL(err, SM_INVALID_ARGUMENT, "%s are too large", what);
    return SM_OK;
}

static sm_status read_explicit(const node *n, int rows, window *w, sm_error *err)
{
    size_t         count = 0;
    const attr    *a = node_attr(n, "explicit_paddings");
    const int64_t *v = a ? node_ints(n, "explicit_paddings", &count) : NULL;
    if (w->padding != WINDOW_EXPLICIT) {
        if (count == 0) return SM_OK;
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT");
    }
    if (count != 8)
        return FAIL(err, SM_INVALID_ARGUMENT, "explicit_paddings attribute must contain 8 values, but got: %zu", count);
    for (size_t i = 0; i < count; i++) {
        bool inside = (int)i / 2 == rows || (int)i / 2 == rows + 1;
        if (v[i] < 0 || v[i] > INT32_MAX)
            return FAIL(err, SM_INVALID_ARGUMENT, "All elements of explicit_paddings must be nonnegative");
        if (v[i] != 0 && !inside)
            return FAIL(err, SM_INVALID_ARGUMENT,
                        "Nonzero explicit padding in the batch or depth dimensions is not supported");
    }
    for (int d = 0; d < 2; d++) {
        w->before[d] = v[2 * (rows + d)];
        w->after[d] = v[2 * (rows + d) + 1];
    }
    return SM_OK;
}

sm_status window_read_format(const node *n, window *w, sm_error *err)
{
    const attr *format = node_attr(n, "data_format");
    slice       padding = node_string(n, "padding");
    *w = (window){ .channels_first = format && slice_is(format->v.s, "NCHW") };
    if (format && !w->channels_first && !slice_is(format->v.s, "NHWC"))
        return FAIL(err, SM_UNIMPLEMENTED, "data_format " SLICE_FMT " is not supported", SLICE_ARG(format->v.s));
    w->padding = slice_is(padding, "SAME") ? WINDOW_SAME : slice_is(padding, "VALID") ? WINDOW_VALID : WINDOW_EXPLICIT;
    return read_explicit(n, w->channels_first ? 2 : 1, w, err);
}

sm_status window_read(const node *n, window *w, sm_error *err)
{
    TRY(window_read_format(n, w, err));
    int rows = w->channels_first ? 2 : 1;
    TRY(read_pair(n, "strides", rows, "strides", w->stride, err));
    return read_pair(n, "dilations", rows, "dilations", w->dilation, err);
}

sm_status window_axis_of(const window *w, int d, int64_t in, int64_t size, window_axis *a, sm_error *err)
{
    *a = (window_axis){ .in = in, .size = size, .stride = w->stride[d], .dilation = w->dilation[d], .out = UNKNOWN_DIM };
    if (in < 0 || size < 0) return SM_OK;
    if (in > INT32_MAX || size > INT32_MAX)
        return FAIL(err, SM_INVALID_ARGUMENT, "an image of %lld rows is too large", (long long)in);
    int64_t reach = size > 0 ? (size - 1) * a->dilation + 1 : 0, padded = in, need;
    switch (w->padding) {
    case WINDOW_SAME:
        a->out = (in + a->stride - 1) / a->stride;
        need = (a->out - 1) * a->stride + reach - in;
        a->before = need > 0 ? need / 2 : 0;
        return SM_OK;
    case WINDOW_EXPLICIT:
        a->before = w->before[d];
        padded += w->before[d] + w->after[d];
        break;
    case WINDOW_VALID: break;
    }
    if (padded - reach + a->stride < 0)
        return FAIL(
            err,
            SM_INVALID_ARGUMENT, "Computed output size would be negative: %lld [input_size: %lld, effective_filter_size: %lld, stride: %lld]",
            (long long)((padded - reach + a->stride) / a->stride), (long long)in, (long long)reach, (long long)a->stride);
    a->out = (padded - reach + a->stride) / a->stride;
    return SM_OK;
}

int64_t window_rows(const window *w, const shape *s)
{
    return s->dims[w->channels_first ? 2 : 1];
}

int64_t window_columns(const window *w, const shape *s)
{
    return s->dims[w->channels_first ? 3 : 2];
}

int64_t window_channels(const window *w, const shape *s)
{
    return s->dims[w->channels_first ? 1 : 3];
}

shape window_shape(const window *w, int64_t images, int64_t rows, int64_t columns, int64_t channels)
{
    if (w->channels_first) return shape_of(4, (const int64_t[]){ images, channels, rows, columns });
    return shape_of(4, (const int64_t[]){ images, rows, columns, channels });
}

/* -- NCHW ------------------------------------------------------------------------------------------------------------- */

typedef struct turn {
    const char *from;
    char       *to;
    int64_t     rows, columns; /* of each matrix */
    size_t      size;
} turn;

/* Row [begin, end) of the results: each is a column of a matrix of `from`. */
static void turn_rows(void *context, int64_t begin, int64_t end)
{
    const turn *t = context;
    for (int64_t i = begin; i < end; i++) {
        const char *from = t->from + (size_t)(i / t->columns * t->rows * t->columns + i % t->columns) * t->size;
        char       *to = t->to + (size_t)(i * t->rows) * t->size;
        for (int64_t r = 0; r < t->rows; r++)
            memcpy(to + (size_t)r * t->size, from + (size_t)(r * t->columns) * t->size, t->size);
    }
}

void window_turn(call *c, const void *from, void *to, int64_t count, int64_t rows, int64_t columns, size_t size)
{
    turn t = { from, to, rows, columns, size };
    call_for(c, count * columns, 8192 / (rows + 1) + 1, turn_rows, &t);
}

sm_status window_channels_last(call *c, const window *w, window_work *work, void *context)
{
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    if (!w->channels_first) return work(c, c->in[0]->data, c->out[0]->data, context);
    void *x = call_scratch(c, tensor_bytes(c->in[0]) + 1), *y = call_scratch(c, tensor_bytes(c->out[0]) + 1);
    if (!x || !y) return SM_RESOURCE_EXHAUSTED;
    window_turn(c, c->in[0]->data, x, in->dims[0], in->dims[1], in->dims[2] * in->dims[3], dtype_size(c->in[0]->dtype));
    TRY(work(c, x, y, context));
    window_turn(c, y, c->out[0]->data, out->dims[0], out->dims[2] * out->dims[3], out->dims[1],
                dtype_size(c->out[0]->dtype));
    return SM_OK;
}
