/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/patches.c - ExtractImagePatches and ExtractVolumePatches: every window of a picture (or volume) as one pixel of
 * kernel rows x columns x channels values; zeros outside. Elements are only copied, so any plain type will do.
 *
 * Tests: patches.test. */
#include "graph/op.h"

#define MOST_SPACE 3

typedef struct patch_axis {
    int64_t in, size, stride, rate, out, before;
} patch_axis;

typedef struct patch_params {
    int        space; /* 2 or 3 axes */
    bool       same;
    patch_axis axis[MOST_SPACE];
} patch_params;

static sm_status read_list(const node *n, const char *name, int space, int64_t *to, sm_error *err)
{
    size_t         count;
    const int64_t *v = node_ints(n, name, &count);
    if (count != (size_t)space + 2)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s must have %d elements, got %zu", name, space + 2, count);
    if (v[0] != 1 || v[space + 1] != 1) return FAIL(err, SM_UNIMPLEMENTED, "Only support %s across space.", name);
    for (int i = 0; i < space; i++) {
        if (v[i + 1] < 1 || v[i + 1] > INT32_MAX) return FAIL(err, SM_OUT_OF_RANGE, "%s is out of range.", name);
        to[i] = v[i + 1];
    }
    return SM_OK;
}

static sm_status read_patches(const node *n, int space, patch_params *p, sm_error *err)
{
    int64_t size[MOST_SPACE], stride[MOST_SPACE], rate[MOST_SPACE] = { 1, 1, 1 };
    *p = (patch_params){ .space = space, .same = slice_is(node_string(n, "padding"), "SAME") };
    TRY(read_list(n, "ksizes", space, size, err));
    TRY(read_list(n, "strides", space, stride, err));
    if (space == 2) TRY(read_list(n, "rates", space, rate, err));
    for (int i = 0; i < space; i++) p->axis[i] = (patch_axis){ .size = size[i], .stride = stride[i], .rate = rate[i] };
    return SM_OK;
}

/* The axis on an input of `in` pixels; a window larger than the input has no place. */
static sm_status place_axis(patch_axis *a, int64_t in, bool same, sm_error *err)
{
    int64_t reach = (a->size - 1) * a->rate + 1;
    a->in = in;
    a->out = same ? (in + a->stride - 1) / a->stride : (in - reach + a->stride) / a->stride;
    if (!same && in - reach + a->stride < 0)
        return FAIL(
            err,
            SM_INVALID_ARGUMENT, "Computed output size would be negative: %lld [input_size: %lld, effective_filter_size: %lld, stride: %lld]",
            (long long)a->out, (long long)in, (long long)reach, (long long)a->stride);
    int64_t padding = (a->out - 1) * a->stride + reach - in;
    a->before = same && padding > 0 ? padding / 2 : 0;
    return SM_OK;
}

static sm_status infer_patches(infer *c, int space)
{
    patch_params p;
    const shape *in = &c->in[0];
    TRY(infer_rank(c, 0, space + 2));
    TRY(read_patches(c->node, space, &p, c->err));
    c->out[0] = in->rank == UNKNOWN_RANK ? shape_unknown_dims(space + 2) : *in;
    int64_t *depth = &c->out[0].dims[space + 1];
    for (int i = 0; i < space; i++) {
        if (c->out[0].dims[i + 1] >= 0) {
            TRY(place_axis(&p.axis[i], c->out[0].dims[i + 1], p.same, c->err));
            c->out[0].dims[i + 1] = p.axis[i].out;
        }
        if (*depth >= 0 && __builtin_mul_overflow(*depth, p.axis[i].size, depth))
            return INFER_FAIL(c, "Output size would overflow");
    }
    return SM_OK;
}

static sm_status infer_image_patches(infer *c)
{
    return infer_patches(c, 2);
}
static sm_status infer_volume_patches(infer *c)
{
    return infer_patches(c, 3);
}

static sm_status prepare_patches(call *c, int space)
{
    patch_params *p = call_params(c, sizeof *p);
    return p ? read_patches(c->node, space, p, c->err) : SM_RESOURCE_EXHAUSTED;
}

static sm_status prepare_image(call *c)
{
    return prepare_patches(c, 2);
}
static sm_status prepare_volume(call *c)
{
    return prepare_patches(c, 3);
}

/* -- Copying: pictures are volumes of one plane ------------------------------------------------------------------------ */

typedef struct patch_work {
    const char *in;
    char       *out;
    patch_axis  axis[MOST_SPACE]; /* planes, rows, columns */
    size_t      pixel;            /* bytes */
} patch_work;

/* Output pixels, counted over all pictures. */
static void copy_patches(void *context, int64_t begin, int64_t end)
{
    const patch_work *w = context;
    const patch_axis *z = &w->axis[0], *y = &w->axis[1], *x = &w->axis[2];
    int64_t           taps = z->size * y->size * x->size;
    for (int64_t i = begin; i < end; i++) {
        int64_t     column = i % x->out, row = i / x->out % y->out, plane = i / x->out / y->out % z->out;
        const char *image = w->in + (size_t)(i / x->out / y->out / z->out * z->in * y->in * x->in) * w->pixel;
        char       *out = w->out + (size_t)(i * taps) * w->pixel;
        for (int64_t t = 0; t < taps; t++, out += w->pixel) {
            int64_t at_x = column * x->stride - x->before + t % x->size * x->rate;
            int64_t at_y = row * y->stride - y->before + t / x->size % y->size * y->rate;
            int64_t at_z = plane * z->stride - z->before + t / x->size / y->size * z->rate;
            bool    inside = at_x >= 0 && at_x < x->in && at_y >= 0 && at_y < y->in && at_z >= 0 && at_z < z->in;
            if (inside)
                memcpy(out, image + (size_t)((at_z * y->in + at_y) * x->in + at_x) * w->pixel, w->pixel);
            else
                memset(out, 0, w->pixel);
        }
    }
}

static sm_status run_patches(call *c)
{
    const patch_params *p = c->params;
    const shape        *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    patch_work          w = { .in = c->in[0]->data, .out = c->out[0]->data };
    w.axis[0] = (patch_axis){ .in = 1, .size = 1, .stride = 1, .rate = 1, .out = 1 };
    for (int i = 0; i < p->space; i++) {
        patch_axis *a = &w.axis[MOST_SPACE - p->space + i];
        *a = p->axis[i];
        TRY(place_axis(a, in->dims[i + 1], p->same, c->err));
    }
    w.pixel = (size_t)in->dims[p->space + 1] * dtype_size(c->in[0]->dtype);
    if (shape_count(out) == 0) return SM_OK;
    int64_t taps = w.axis[0].size * w.axis[1].size * w.axis[2].size;
    call_for(c, shape_count_range(out, 0, p->space + 1), 1024 / taps + 1, copy_patches, &w);
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------------- */

static const kernel image_rows[] = { { .run = run_patches, .prepare = prepare_image }, { 0 } };
static const kernel volume_rows[] = { { .run = run_patches, .prepare = prepare_volume }, { 0 } };

/* clang-format off */
const op_def patches_ops[] = {
    { "ExtractImagePatches", "images:T -> patches:T | ksizes: list(int) >= 4, strides: list(int) >= 4, rates: list(int) >= 4, "
      "T: {bfloat16, half, float, double, int8, int16, int32, int64, uint8, uint16, uint32, uint64, complex64, complex128, bool}, "
      "padding: {\"SAME\", \"VALID\"}",
      infer_image_patches, image_rows, NULL, 0, "every window of a picture as one pixel of many channels" },
    { "ExtractVolumePatches", "input:T -> patches:T | ksizes: list(int) >= 5, strides: list(int) >= 5, "
      "T: {float, double, int32, uint8, int16, int8, int64, bfloat16, uint16, half, uint32, uint64}, padding: {\"SAME\", \"VALID\"}",
      infer_volume_patches, volume_rows, NULL, 0, "the same in three dimensions" },
    { 0 },
};
