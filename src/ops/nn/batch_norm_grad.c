/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/batch_norm_grad.c - FusedBatchNormGrad, V2 and V3; and BatchNormWithGlobalNormalization, the op before fused ones.
 *
 * With r = 1 / sqrt(variance + epsilon) and means over all pixels of a channel:
 *
 *     d offset = sum(dy)        d scale = sum(dy * (x - mean)) * r
 *     dx = scale * r * (dy - mean(dy) - (x - mean) * r^2 * mean(dy * (x - mean)))      training
 *     dx = scale * r * dy                                                              inference: mean, variance are inputs
 *
 * Reserve spaces 1 and 2 are mean and variance, as the forward op leaves them on a CPU. Sums are made in double.
 *
 * Tests: batch_norm_grad.test, beside this file. */
#include "ops/formula.h"

typedef struct norm_grad {
    const float *dy, *x, *scale, *mean, *variance;
    float       *dx, *d_scale, *d_offset;
    int64_t      outer, channels, inner; /* x is [outer, channels, inner] */
    float        epsilon;
    bool         training;
    double      *sums, *products; /* of dy and of dy * (x - mean), by channel */
} norm_grad;

static int norm_channel(const node *n, int rank)
{
    return slice_starts(node_string(n, "data_format"), "NC") ? 1 : rank - 1;
}

/* -- Shapes -------------------------------------------------------------------------------------------------------------- */

static sm_status norm_rank(infer *c, const char *name, int rank, const shape *s)
{
    str text;
    str_init(&text);
    shape_print(&text, s);
    sm_status status = INFER_FAIL(c, "%s must be %d-dimensional%s", name, rank, str_text(&text));
    str_clear(&text);
    return status;
}

static sm_status differing(infer *c)
{
    str x, dy;
    str_init(&x);
    str_init(&dy);
    shape_print(&x, &c->in[1]);
    shape_print(&dy, &c->in[0]);
    sm_status s = INFER_FAIL(c, "x and y_backprop must have same shape, but x has shape %s and y_backprop has shape %s",
                             str_text(&x), str_text(&dy));
    str_clear(&x);
    str_clear(&dy);
    return s;
}

static sm_status infer_norm_grad(infer *c)
{
    static const char *const names[] = { "scale", "saved mean", "saved variance" };
    const shape             *x = &c->in[1];
    int                      rank = node_string(c->node, "data_format").len == 5 ? 5 : 4;
    int64_t                  channels = UNKNOWN_DIM;
    for (int i = 0; i < 2; i++)
        if (c->in[i].rank >= 0 && c->in[i].rank != rank) return norm_rank(c, "input", rank, &c->in[i]);
    if (!shape_merge(&c->in[0], x, &c->out[0])) return differing(c);
    if (c->out[0].rank > 0) channels = c->out[0].dims[norm_channel(c->node, c->out[0].rank)];
    for (int i = 0; i < 3; i++) {
        const shape *s = &c->in[2 + i];
        if (s->rank >= 0 && s->rank != 1) return norm_rank(c, names[i], 1, s);
        if (s->rank == 1 && s->dims[0] >= 0 && channels >= 0 && s->dims[0] != channels)
            return INFER_FAIL(c, "%s must have the same number of elements as the channels of x, got %lld and %lld",
                              names[i], (long long)s->dims[0], (long long)channels);
    }
    for (int i = 1; i < 3; i++) c->out[i] = shape_vector(channels);
    for (int i = 3; i < 5; i++) c->out[i] = rank == 5 ? shape_vector(0) : shape_scalar();
    return SM_OK;
}

/* -- Loops ---------------------------------------------------------------------------------------------------------------- */

/* The sums of channels [begin, end). */
static void sum_channels(void *context, int64_t begin, int64_t end)
{
    const norm_grad *p = context;
    for (int64_t k = begin; k < end; k++) {
        double sum = 0, product = 0;
        for (int64_t o = 0; o < p->outer; o++)
            for (int64_t i = 0; i < p->inner; i++) {
                int64_t at = (o * p->channels + k) * p->inner + i;
                sum += (double)p->dy[at];
                product += (double)p->dy[at] * ((double)p->x[at] - (double)p->mean[k]);
            }
        p->sums[k] = sum;
        p->products[k] = product;
        p->d_offset[k] = (float)sum;
        p->d_scale[k] = (float)(product / sqrt((double)p->variance[k] + (double)p->epsilon));
    }
}

/* Rows [begin, end) of [outer * channels, inner] of dx. */
static void grad_rows(void *context, int64_t begin, int64_t end)
{
    const norm_grad *p = context;
    double           count = (double)(p->outer * p->inner);
    for (int64_t r = begin; r < end; r++) {
        int64_t k = r % p->channels;
        float   spread = p->variance[k] + p->epsilon, factor = p->scale[k] / sqrtf(spread);
        float   mean = p->training ? (float)(p->sums[k] / count) : 0;
        float   slope = p->training ? (float)(p->products[k] / count) / spread : 0;
        for (int64_t i = r * p->inner; i < (r + 1) * p->inner; i++)
            p->dx[i] = (p->dy[i] - mean - (p->x[i] - p->mean[k]) * slope) * factor;
    }
}

static sm_status norm_grad_run(call *c)
{
    const shape *s = &c->in[1]->shape;
    int          d = norm_channel(c->node, s->rank);
    norm_grad    p = { .dy = c->in[0]->data,
                       .x = c->in[1]->data,
                       .scale = c->in[2]->data,
                       .mean = c->in[3]->data,
                       .variance = c->in[4]->data,
                       .dx = c->out[0]->data,
                       .d_scale = c->out[1]->data,
                       .d_offset = c->out[2]->data,
                       .outer = shape_count_range(s, 0, d),
                       .channels = s->dims[d],
                       .inner = shape_count_range(s, d + 1, s->rank),
                       .epsilon = node_float(c->node, "epsilon"),
                       .training = node_bool(c->node, "is_training") };
    for (int i = 3; i < 5; i++) memset(c->out[i]->data, 0, tensor_bytes(c->out[i]));
    if (p.channels == 0) return SM_OK;
    p.sums = call_scratch(c, (size_t)p.channels * sizeof *p.sums);
    p.products = call_scratch(c, (size_t)p.channels * sizeof *p.products);
    if (!p.sums || !p.products) return SM_RESOURCE_EXHAUSTED;
    call_for(c, p.channels, 8192 / (p.outer * p.inner + 1) + 1, sum_channels, &p);
    call_for(c, p.outer * p.channels, 16384 / (p.inner + 1) + 1, grad_rows, &p);
    return SM_OK;
}

static const kernel norm_grad_kernels[] = { { .types = "T: float", .run = norm_grad_run, .widen = true }, { 0 } };

/* -- BatchNormWithGlobalNormalization ----------------------------------------------------------------------------------- */

typedef struct old_norm {
    const void *t, *mean, *variance, *beta, *gamma;
    void       *out;
    int64_t     channels;
    float       epsilon;
    bool        scales;
} old_norm;

#define OLD_NORM(T, tf, wide, f)                                                                               \
    static void f##_pixels_##tf(void *context, int64_t begin, int64_t end)                                     \
    {                                                                                                          \
        const old_norm *p = context;                                                                           \
        for (int64_t i = begin * p->channels; i < end * p->channels; i++) {                                    \
            const int64_t k = i % p->channels;                                                                 \
            const T       gamma = p->scales ? ((const T *)p->gamma)[k] : 1;                                    \
            const T       r = 1 / sqrt(((const T *)p->variance)[k] + (T)p->epsilon) * gamma;                   \
            ((T *)p->out)[i] = (((const T *)p->t)[i] - ((const T *)p->mean)[k]) * r + ((const T *)p->beta)[k]; \
        }                                                                                                      \
    }                                                                                                          \
    static sm_status f##_##tf(call *c)                                                                         \
    {                                                                                                          \
        return old_norm_run(c, f##_pixels_##tf);                                                               \
    }

static sm_status old_norm_run(call *c, pool_work *pixels)
{
    const shape *s = &c->in[0]->shape;
    old_norm     p = { .t = c->in[0]->data,
                       .mean = c->in[1]->data,
                       .variance = c->in[2]->data,
                       .beta = c->in[3]->data,
                       .gamma = c->in[4]->data,
                       .out = c->out[0]->data,
                       .channels = s->dims[3],
                       .epsilon = node_float(c->node, "variance_epsilon"),
                       .scales = node_bool(c->node, "scale_after_normalization") };
    call_for(c, shape_count_range(s, 0, 3), 8192 / (p.channels + 1) + 1, pixels, &p);
    return SM_OK;
}
FLOATING(OLD_NORM, old_norm)
static const kernel old_norm_kernels[] = { RUN_ROWS(old_norm, FLOATING){ 0 } };

static sm_status infer_old_norm(infer *c)
{
    static const char *const names[] = { "input", "mean", "var", "beta", "gamma" };
    c->out[0] = c->in[0];
    for (int i = 0; i < 5; i++) {
        const shape *s = &c->in[i];
        int          rank = i ? 1 : 4;
        if (s->rank >= 0 && s->rank != rank) return INFER_FAIL(c, "%s must be %d-dimensional", names[i], rank);
        int64_t channels = c->in[0].rank == 4 ? c->in[0].dims[3] : UNKNOWN_DIM;
        if (i && s->rank == 1 && s->dims[0] >= 0 && channels >= 0 && s->dims[0] != channels)
            return INFER_FAIL(c, "%s must have as many elements as the input has channels: %lld vs %lld", names[i],
                              (long long)s->dims[0], (long long)channels);
    }
    return SM_OK;
}

/* -- The table --------------------------------------------------------------------------------------------------------------- */

#define ATTRS(formats) "epsilon: float = 0.0001, data_format: {" formats "} = \"NHWC\", is_training: bool = true"
#define IMAGES "\"NHWC\", \"NCHW\""
#define VOLUMES "\"NHWC\", \"NCHW\", \"NDHWC\", \"NCDHW\""
#define TYPES "T: {half, bfloat16, float}, U: {float}"
#define OUT(u) "x_backprop:T scale_backprop:" u " offset_backprop:" u " "

const op_def batch_norm_grad_ops[] = {
    { "FusedBatchNormGrad",
      "y_backprop:T x:T scale:T reserve_space_1:T reserve_space_2:T -> " OUT(
          "T") "reserve_space_3:T reserve_space_4:T | T: "
               "{float}, " ATTRS(IMAGES),
      infer_norm_grad, norm_grad_kernels, NULL, 0, "the gradients of FusedBatchNorm" },
    { "FusedBatchNormGradV2",
      "y_backprop:T x:T scale:float reserve_space_1:U reserve_space_2:U -> " OUT(
          "U") "reserve_space_3:U reserve_space_4:U | " TYPES ", " ATTRS(IMAGES),
      infer_norm_grad, norm_grad_kernels, NULL, 0, "the gradients of FusedBatchNormV2" },
    { "FusedBatchNormGradV3",
      "y_backprop:T x:T scale:float reserve_space_1:U reserve_space_2:U reserve_space_3:U -> " OUT(
          "U") "reserve_space_4:U reserve_space_5:U | " TYPES ", " ATTRS(VOLUMES),
      infer_norm_grad, norm_grad_kernels, NULL, 0, "the gradients of FusedBatchNormV3" },
    { "BatchNormWithGlobalNormalization",
      "t:T m:T v:T beta:T gamma:T -> result:T | T: {float, double, int32, uint8, int16, int8, complex64, int64, qint8, "
      "quint8, qint32, bfloat16, qint16, quint16, uint16, complex128, half, uint32, uint64}, variance_epsilon: float, "
      "scale_after_normalization: bool",
      infer_old_norm, old_norm_kernels, NULL, 0, "(t - m) / sqrt(v + epsilon) * gamma + beta by channel" },
    { 0 },
};
