/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/conv_volume.c - Conv3D.
 *
 * The portable kernel is the formula (conv_volume.tmpl.h). In vectors, each image is a product whose rows are the windows, as
 * in conv.c: kernels/gemm.h reads a window where it lies, as one segment per row of the window (per tap when dilated); a
 * volume whose windows reach over its border is copied with its padding first.
 *
 * TensorFlow has groups in no 3-D convolution; nor are there any here.
 *
 * Tests: conv_volume.test, beside this file. */
#include "ops/formula.h"
#include "ops/nn/volume.h"
#include "ops/product.h"

static sm_status infer_conv_3d(infer *c)
{
    const shape *x = &c->in[0], *filter = &c->in[1];
    volume       v;
    window_axis  axis[3];
    int64_t      size[3];
    TRY(volume_read(c->node, 3, &v, c->err));
    TRY(infer_rank(c, 0, 5));
    TRY(infer_rank(c, 1, 5));
    c->out[0] = shape_unknown_dims(5);
    if (x->rank != 5 || filter->rank != 5) return SM_OK;
    int64_t depth = x->dims[volume_channel_dim(&v)];
    if (filter->dims[3] == 0) return INFER_FAIL(c, "filter depth must be strictly positive, got 0");
    if (depth >= 0 && filter->dims[3] >= 0 && depth != filter->dims[3])
        return INFER_FAIL(c, "input and filter must have the same depth: %lld vs %lld", (long long)depth,
                          (long long)filter->dims[3]);
    volume_filter_size(&v, filter, size);
    for (int a = 0; a < 3; a++)
        if (size[a] == 0)
            return INFER_FAIL(c, "filter must not have zero elements (i.e. all dimensions must be non-zero)");
    TRY(volume_axes(&v, x, size, axis, c->err));
    c->out[0] = volume_shape(&v, x->dims[0], (const int64_t[]){ axis[0].out, axis[1].out, axis[2].out }, filter->dims[4]);
    return SM_OK;
}

/* -- One call --------------------------------------------------------------------------------------------------------- */

typedef sm_status volume_work(call *c, volume_conv *g, const void *context);

static sm_status conv_volume_run(call *c, volume_work *work, const void *context)
{
    const volume *v = c->params;
    volume_conv   g;
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    TRY(volume_conv_of(v, &c->in[0]->shape, &c->in[1]->shape, &c->out[0]->shape, false, &g, c->err));
    g.filter = c->in[1]->data;
    g.x = volume_last(c, v, 0);
    g.result = volume_room(c, v, 0);
    if (!g.x || !g.result) return SM_RESOURCE_EXHAUSTED;
    TRY(work(c, &g, context));
    volume_back(c, v, 0, g.result);
    return SM_OK;
}

#define NAME(f) f##_float
#define T float
#include "ops/nn/conv_volume.tmpl.h"
#undef NAME
#undef T
#define NAME(f) f##_double
#define T double
#include "ops/nn/conv_volume.tmpl.h"
#undef NAME
#undef T

static sm_status formula_work(call *c, volume_conv *g, const void *context)
{
    pool_work *const *pixels = context;
    int64_t           work = axes_taps(g->axis) * g->depth * g->out_channels;
    call_for(c, g->images * axes_outputs(g->axis), 32768 / (work + 1) + 1, *pixels, g);
    return SM_OK;
}

static sm_status conv_volume_float(call *c)
{
    pool_work *pixels = volume_pixels_float;
    return conv_volume_run(c, formula_work, &pixels);
}

static sm_status conv_volume_double(call *c)
{
    pool_work *pixels = volume_pixels_double;
    return conv_volume_run(c, formula_work, &pixels);
}

/* -- In vectors --------------------------------------------------------------------------------------------------------- */

typedef struct padded_volume {
    const volume_conv *g;
    float             *out;
    int64_t            dims[3]; /* with the padding */
} padded_volume;

static void pad_volume_rows(void *context, int64_t begin, int64_t end)
{
    const padded_volume *p = context;
    const window_axis   *a = p->g->axis;
    const int64_t        c = p->g->channels, rows[3] = { 1, p->dims[0], p->dims[1] };
    for (int64_t r = begin; r < end; r++) {
        int64_t at[3], n = volume_at(r, rows, at), z = at[1] - a[0].before, y = at[2] - a[1].before;
        float  *to = p->out + r * p->dims[2] * c;
        memset(to, 0, (size_t)(p->dims[2] * c) * sizeof *to);
        int64_t width = p->dims[2] - a[2].before < a[2].in ? p->dims[2] - a[2].before : a[2].in;
        if (z < 0 || z >= a[0].in || y < 0 || y >= a[1].in || width <= 0) continue;
        const float *from = (const float *)p->g->x + ((n * a[0].in + z) * a[1].in + y) * a[2].in * c;
        memcpy(to + a[2].before * c, from, (size_t)(width * c) * sizeof *to);
    }
}

/* Makes every window lie inside; false: no memory. */
static bool pad_volume(call *c, volume_conv *g)
{
    padded_volume p = { .g = g };
    bool          inside = true;
    for (int i = 0; i < 3; i++) {
        const window_axis *a = &g->axis[i];
        p.dims[i] = (a->out - 1) * a->stride + (a->size - 1) * a->dilation + 1;
        inside &= a->before == 0 && p.dims[i] <= a->in;
    }
    if (inside) return true;
    p.out = volume_scratch(c, g->images * p.dims[0], p.dims[1], p.dims[2], g->channels, sizeof *p.out);
    if (!p.out) return false;
    call_for(c, g->images * p.dims[0] * p.dims[1], 16384 / (p.dims[2] * g->channels + 1) + 1, pad_volume_rows, &p);
    g->x = p.out;
    for (int i = 0; i < 3; i++) {
        g->axis[i].in = p.dims[i];
        g->axis[i].before = 0;
    }
    return true;
}

static int64_t volume_segments(const volume_conv *g, int64_t *at, int64_t *length)
{
    const window_axis *a = g->axis;
    bool               whole = a[2].dilation == 1;
    int64_t            n = 0;
    *length = (whole ? a[2].size : 1) * g->channels;
    for (int64_t z = 0; z < a[0].size; z++)
        for (int64_t y = 0; y < a[1].size; y++)
            for (int64_t x = 0; x < (whole ? 1 : a[2].size); x++)
                at[n++] = ((z * a[0].dilation * a[1].in + y * a[1].dilation) * a[2].in + x * a[2].dilation) * g->channels;
    return n;
}

static sm_status product_work(call *c, volume_conv *g, const void *context)
{
    const gemm_kernels *kernels = context;
    const window_axis  *a = g->axis;
    const int64_t       k = axes_taps(a) * g->channels, n = g->out_channels;
    int64_t             length;
    int64_t            *segment = volume_scratch(c, axes_taps(a), 1, 1, 1, sizeof *segment);
    float              *packed = call_scratch(c, product_packed_size(kernels, k, n));
    if (!segment || !packed || !pad_volume(c, g)) return SM_RESOURCE_EXHAUSTED;
    int64_t segments = volume_segments(g, segment, &length), plane = a[1].in * a[2].in * g->channels;
    gemm    p = { .m = axes_outputs(a),
                  .n = n,
                  .width = a[2].out,
                  .height = a[1].out,
                  .x_step = a[2].stride * g->channels,
                  .y_step = a[1].stride * a[2].in * g->channels,
                  .image_step = a[0].stride * plane,
                  .segments = segments,
                  .length = length,
                  .segment = segment,
                  .b = packed,
                  .c_step = n,
                  .low = -INFINITY,
                  .high = INFINITY };
    product_pack(c, kernels, g->filter, n, 1, k, n, packed);
    for (int64_t i = 0; i < g->images; i++) {
        p.a = (const float *)g->x + i * a[0].in * plane;
        p.c = (float *)g->result + i * p.m * n;
        product_run(c, kernels, &p);
    }
    return SM_OK;
}

static sm_status conv_volume_vector(call *c, const gemm_kernels *kernels)
{
    return conv_volume_run(c, product_work, kernels);
}
PRODUCT_RUNS(conv_volume_vector)

/* -- The table ------------------------------------------------------------------------------------------------------------ */

static sm_status conv_volume_prepare(call *c)
{
    volume *v = call_params(c, sizeof *v);
    if (!v) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    return volume_read(c->node, 3, v, c->err);
}

/* clang-format off */
static const kernel conv_3d[] = {
    PRODUCT_ROWS(conv_volume_vector, "T: float", .prepare = conv_volume_prepare)
    { .types = "T: float", .run = conv_volume_float, .prepare = conv_volume_prepare, .widen = true },
    { .types = "T: double", .run = conv_volume_double, .prepare = conv_volume_prepare },
    { 0 },
};
/* clang-format on */

const op_def conv_volume_ops[] = {
    { "Conv3D",
      "input:T filter:T -> output:T | T: floating, strides: list(int) >= 5, padding: {\"SAME\", \"VALID\"}, "
      "data_format: "
      "{\"NDHWC\", \"NCDHW\"} = \"NDHWC\", dilations: list(int) = [1, 1, 1, 1, 1]",
      infer_conv_3d, conv_3d, NULL, 0, "3-D convolution" },
    { 0 },
};
