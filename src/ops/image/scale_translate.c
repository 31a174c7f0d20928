/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/scale_translate.c - ScaleAndTranslate: resampling with a filter of choice; tf.image.resize uses it for lanczos,
 * gaussian, mitchell and whatever is to be antialiased.
 *
 *   output position x samples input position  p = (x + 0.5) / scale - translation / scale
 *   weight of input pixel i                   filter(|i + 0.5 - p| / width), scaled to sum 1
 *
 * width is 1, or the factor of shrinking with antialias. A sample outside of the picture is 0. The gradient gathers with the
 * same weights, sorted by input pixel. Tests: scale_translate.test. */
#include "ops/image/resize.h"

#include <float.h>
#include <math.h>

/* -- Filters ----------------------------------------------------------------------------------------------------------- */

typedef struct filter {
    const char *name;
    float       radius;
    float (*weight)(float x, float radius); /* x >= 0 */
} filter;

static float lanczos(float x, float radius)
{
    const float pi = 3.14159265359f;
    if (x > radius) return 0;
    if ((double)x <= 1e-3) return 1;
    return radius * sinf(pi * x) * sinf(pi * x / radius) / (pi * pi * x * x);
}

static float gaussian(float x, float radius)
{
    float sigma = radius / 3.0f;
    return x >= radius ? 0 : (float)exp((double)(-x * x) / (2.0 * (double)sigma * (double)sigma));
}

static float box(float x, float radius)
{
    (void)radius;
    return x < 0.5f ? 1 : x == 0.5f ? 0.5f : 0;
}

static float triangle(float x, float radius)
{
    (void)radius;
    return x < 1 ? 1 - x : 0;
}

static float keys_cubic(float x, float radius)
{
    if (x >= radius) return 0;
    return x >= 1 ? ((-0.5f * x + 2.5f) * x - 4.0f) * x + 2.0f : ((1.5f * x - 2.5f) * x) * x + 1.0f;
}

static float mitchell_cubic(float x, float radius)
{
    if (x >= radius) return 0;
    return x >= 1 ? (((-7.0f / 18.0f) * x + 2.0f) * x - 10.0f / 3.0f) * x + 16.0f / 9.0f
                  : (((7.0f / 6.0f) * x - 2.0f) * x) * x + 8.0f / 9.0f;
}

static const filter filters[] = {
    { "lanczos1", 1, lanczos },
    { "lanczos3", 3, lanczos },
    { "lanczos5", 5, lanczos },
    { "gaussian", 1.5f, gaussian },
    { "box", 1, box },
    { "triangle", 1, triangle },
    { "keyscubic", 2, keys_cubic },
    { "mitchellcubic", 2, mitchell_cubic },
};

typedef struct scale_params {
    const filter *filter;
    bool          antialias;
} scale_params;

static sm_status prepare_scale(call *c)
{
    scale_params *p = call_params(c, sizeof *p);
    if (!p) return SM_RESOURCE_EXHAUSTED;
    slice name = node_string(c->node, "kernel_type");
    p->antialias = node_bool(c->node, "antialias");
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (slice_is(name, filters[i].name)) p->filter = &filters[i];
    if (!p->filter) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Unrecognized kernel type: " SLICE_FMT, SLICE_ARG(name));
    return SM_OK;
}

/* -- Taps ---------------------------------------------------------------------------------------------------------------- */

static int64_t clamp_index(double x, int64_t limit)
{
    return x >= (double)(limit - 1) ? limit - 1 : x > 0 ? (int64_t)x : 0;
}

/* The taps of the output position that samples `at`; as many as the widest has, those that are not needed weigh 0. */
static void filter_taps(const filter *f, float at, float width, int64_t in, int64_t per, int64_t *index, float *weight)
{
    int64_t start = 0, count = 0;
    float   sum = 0;
    if (at >= 0 && at <= (float)in) {
        start = clamp_index(ceilf(at - f->radius * width - 0.5f), in);
        count = clamp_index(floorf(at + f->radius * width - 0.5f), in) + 1 - start;
        if (count > per) count = per;
    }
    for (int64_t k = 0; k < per; k++) {
        float from = (float)(start + k) + 0.5f - at;
        index[k] = start + k < in ? start + k : -1;
        weight[k] = k < count ? f->weight(fabsf(from * (1.0f / width)), f->radius) : 0;
        sum += weight[k];
    }
    bool  usable = fabsf(sum) >= 1000.0f * FLT_MIN;
    float inverse = usable ? 1.0f / sum : 0;
    for (int64_t k = 0; k < per; k++) weight[k] = usable ? weight[k] * inverse : 0;
}

/* From `in` to `out` pixels. */
static sm_status scale_taps(call *c, int64_t in, int64_t out, float scale, float translation, taps *t)
{
    const scale_params *p = c->params;
    float               inverse = (float)(1.0 / (double)scale), shift = -inverse * translation;
    float               width = p->antialias && inverse > 1 ? inverse : 1;
    float               reach = ceilf(p->filter->radius * width);
    int64_t             per = reach < (float)in ? 2 * (int64_t)reach + 1 : in;
    if (!taps_new(c, out, per < in ? per : in, t)) return SM_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < out; i++)
        filter_taps(p->filter, ((float)i + 0.5f) * inverse + shift, width, in, t->per, t->index + i * t->per,
                    t->weight + i * t->per);
    return SM_OK;
}

/* The same weights seen from the input: position i of `from` has the outputs that it went to, a contiguous span. */
static sm_status transposed_taps(call *c, const taps *from, int64_t in, taps *t)
{
    int64_t *first = call_scratch(c, (size_t)in * sizeof *first), *last = call_scratch(c, (size_t)in * sizeof *last);
    int64_t  per = 0;
    if (!first || !last) return SM_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < in; i++) first[i] = -1, last[i] = -1;
    for (int64_t k = 0; k < from->n * from->per; k++) {
        int64_t i = from->index[k], o = k / from->per;
        if (i < 0 || from->weight[k] == 0) continue;
        if (first[i] < 0) first[i] = o;
        last[i] = o;
        if (o - first[i] + 1 > per) per = o - first[i] + 1;
    }
    if (!taps_new(c, in, per, t)) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < in * per; k++) {
        int64_t o = (first[k / per] < 0 ? 0 : first[k / per]) + k % per;
        t->index[k] = o < from->n ? o : -1;
        t->weight[k] = 0;
    }
    for (int64_t k = 0; k < from->n * from->per; k++) {
        int64_t i = from->index[k], o = k / from->per;
        if (i >= 0 && from->weight[k] != 0) t->weight[i * per + o - first[i]] += from->weight[k];
    }
    return SM_OK;
}

/* -- The ops ------------------------------------------------------------------------------------------------------------- */

static sm_status check_scale(infer *c)
{
    for (int i = 2; i < 4; i++) {
        const shape *s = &c->in[i];
        TRY(infer_rank(c, i, 1));
        if (s->rank == 1 && s->dims[0] >= 0 && s->dims[0] != 2)
            return INFER_FAIL(c, "t must have two elements[%lld]", (long long)s->dims[0]);
    }
    return SM_OK;
}

static sm_status infer_scale(infer *c)
{
    TRY(check_scale(c));
    return infer_resize(c);
}

static sm_status infer_scale_grad(infer *c)
{
    TRY(infer_rank(c, 0, 4));
    TRY(infer_rank(c, 1, 4));
    TRY(check_scale(c));
    c->out[0] = c->in[1].rank == 4 ? c->in[1] : shape_unknown_dims(4);
    c->out[0].dims[0] = c->in[0].rank == 4 ? c->in[0].dims[0] : UNKNOWN_DIM;
    c->out[0].dims[3] = c->in[0].rank == 4 ? c->in[0].dims[3] : UNKNOWN_DIM;
    return SM_OK;
}

/* Both taps from `in` to `out`; rows and columns have their own scale. */
static sm_status both_taps(call *c, const shape *in, const shape *out, taps *ys, taps *xs)
{
    const float *scale = c->in[2]->data, *translation = c->in[3]->data;
    if (!(scale[0] > 0 && scale[1] > 0)) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Scale must be greater than zero.");
    TRY(scale_taps(c, in->dims[1], out->dims[1], scale[0], translation[0], ys));
    return scale_taps(c, in->dims[2], out->dims[2], scale[1], translation[1], xs);
}

static sm_status run_scale(call *c)
{
    taps         ys, xs;
    const shape *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    const float *pixels = image_floats(c, 0);
    if (!pixels) return SM_RESOURCE_EXHAUSTED;
    TRY(both_taps(c, in, out, &ys, &xs));
    return shape_count(out) ? taps_run(c, pixels, in, &ys, &xs, c->out[0]->data) : SM_OK;
}

static sm_status run_scale_grad(call *c)
{
    taps         ys, xs, back_ys, back_xs;
    const shape *grads = &c->in[0]->shape, *out = &c->out[0]->shape;
    if (shape_count(out) == 0) return SM_OK;
    TRY(both_taps(c, out, grads, &ys, &xs));
    TRY(transposed_taps(c, &ys, out->dims[1], &back_ys));
    TRY(transposed_taps(c, &xs, out->dims[2], &back_xs));
    return taps_run(c, c->in[0]->data, grads, &back_ys, &back_xs, c->out[0]->data);
}

/* -- The table ------------------------------------------------------------------------------------------------------------ */

static const kernel scale_and_translate[] = { { .run = run_scale, .prepare = prepare_scale }, { 0 } };
static const kernel scale_and_translate_grad[] = { { .run = run_scale_grad, .prepare = prepare_scale }, { 0 } };

/* clang-format off */
const op_def scale_translate_ops[] = {
    { "ScaleAndTranslate", "images:T size:int32 scale:float translation:float -> resized_images:float | "
      "T: {int8, uint8, int16, uint16, int32, int64, bfloat16, half, float, double}, kernel_type: string = \"lanczos3\", "
      "antialias: bool = true",
      infer_scale, scale_and_translate, NULL, 0, "pictures of another size and place, resampled with a filter" },
    { "ScaleAndTranslateGrad", "grads:T original_image:T scale:float translation:float -> output:T | T: {float}, "
      "kernel_type: string = \"lanczos3\", antialias: bool = true",
      infer_scale_grad, scale_and_translate_grad, NULL, 0, "gradient of ScaleAndTranslate" },
    { 0 },
};
