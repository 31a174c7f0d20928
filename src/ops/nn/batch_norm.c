/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/batch_norm.c - FusedBatchNorm, V2 and V3: y = (x - mean) / sqrt(variance + epsilon) * scale + offset per channel.
 *
 * In inference mean and variance are inputs. In training they are the batch's: y uses the biased variance (over n), the
 * output batch_variance is unbiased (over n - 1), and exponential_avg_factor blends both with the inputs. Reserve spaces hold
 * what the gradient needs: the batch's mean and biased variance; in inference the inputs. x has 4 dimensions, or 5 (NDHWC,
 * NCDHW); channels are first or last. What TensorFlow's third reserve space holds is empty on a CPU.
 *
 * Tests: batch_norm.test, beside this file. */
#include "ops/formula.h"

typedef struct norm {
    const float *x, *scale, *offset;
    float       *y;
    int64_t      outer, channels, inner; /* x is [outer, channels, inner] */
    float       *mean, *variance;        /* that y is made with           */
    double       epsilon;
} norm;

static bool channels_first(const node *n)
{
    return slice_starts(node_string(n, "data_format"), "NC");
}

static int channel_dim_of(const node *n, int rank)
{
    return channels_first(n) ? 1 : rank - 1;
}

/* -- Shapes ----------------------------------------------------------------------------------------------------------- */

static sm_status infer_norm(infer *c)
{
    static const char *const names[] = { "x", "scale", "offset", "mean", "variance" };
    const shape             *x = &c->in[0];
    bool                     training = node_bool(c->node, "is_training");
    int64_t                  channels = UNKNOWN_DIM;
    int                      rank = node_string(c->node, "data_format").len == 5 ? 5 : 4;
    if (x->rank >= 0 && x->rank != rank) {
        str text;
        str_init(&text);
        shape_print(&text, x);
        sm_status s = INFER_FAIL(c, "input must be %d-dimensional%s", rank, str_text(&text));
        str_clear(&text);
        return s;
    }
    if (x->rank > 0) channels = x->dims[channel_dim_of(c->node, x->rank)];
    for (int i = 1; i < 5; i++) {
        const shape *s = &c->in[i];
        if (s->rank >= 0 && s->rank != 1) return INFER_FAIL(c, "%s must be 1-dimensional", names[i]);
        if (s->rank < 0 || s->dims[0] < 0 || channels < 0 || s->dims[0] == channels) continue;
        if (i > 2 && training && s->dims[0] == 0) continue;
        return INFER_FAIL(c, "%s%s must have the same number of elements as the channels of x, got %lld and %lld",
                          i > 2 && !training ? "When is_training=false, " : "", names[i], (long long)s->dims[0],
                          (long long)channels);
    }
    c->out[0] = *x;
    for (int i = 1; i < 5; i++) c->out[i] = shape_vector(channels);
    if (c->n_out > 5) c->out[5] = shape_vector(0);
    return SM_OK;
}

/* -- The loops --------------------------------------------------------------------------------------------------------- */

/* Mean and biased variance of channels [begin, end): two passes, in double. */
static void measure_channels(void *context, int64_t begin, int64_t end)
{
    const norm *p = context;
    double      n = (double)(p->outer * p->inner);
    for (int64_t k = begin; k < end; k++) {
        double sum = 0, squares = 0;
        for (int64_t o = 0; o < p->outer; o++)
            for (int64_t i = 0; i < p->inner; i++) sum += (double)p->x[(o * p->channels + k) * p->inner + i];
        double mean = sum / n;
        for (int64_t o = 0; o < p->outer; o++)
            for (int64_t i = 0; i < p->inner; i++) {
                double d = (double)p->x[(o * p->channels + k) * p->inner + i] - mean;
                squares += d * d;
            }
        p->mean[k] = (float)mean;
        p->variance[k] = (float)(squares / n);
    }
}

/* Rows [begin, end) of [outer * channels, inner]; with channels last a row is one element, so they come in runs. */
static void norm_rows(void *context, int64_t begin, int64_t end)
{
    const norm *p = context;
    for (int64_t r = begin; r < end; r++) {
        int64_t      k = r % p->channels;
        float        factor = p->scale[k] / sqrtf(p->variance[k] + (float)p->epsilon);
        const float *x = p->x + r * p->inner;
        float       *y = p->y + r * p->inner;
        for (int64_t i = 0; i < p->inner; i++) y[i] = (x[i] - p->mean[k]) * factor + p->offset[k];
    }
}

/* The same with channels last, in rows of all channels; scale is the factor by now. */
static void norm_pixels(void *context, int64_t begin, int64_t end)
{
    const norm *p = context;
    const float *restrict scale = p->scale, *restrict offset = p->offset, *restrict mean = p->mean;
    for (int64_t r = begin; r < end; r++) {
        const float *x = p->x + r * p->channels;
        float       *y = p->y + r * p->channels;
        MAP_EACH for (int64_t k = 0; k < p->channels; k++) y[k] = (x[k] - mean[k]) * scale[k] + offset[k];
    }
}

static sm_status norm_apply(call *c, norm *p)
{
    if (p->inner != 1) {
        call_for(c, p->outer * p->channels, 16384 / (p->inner + 1) + 1, norm_rows, p);
        return SM_OK;
    }
    float *factor = call_scratch(c, (size_t)p->channels * sizeof *factor + 1);
    if (!factor) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < p->channels; k++) factor[k] = p->scale[k] / sqrtf(p->variance[k] + (float)p->epsilon);
    p->scale = factor;
    call_for(c, p->outer, 16384 / (p->channels + 1) + 1, norm_pixels, p);
    return SM_OK;
}

/* -- Running ------------------------------------------------------------------------------------------------------------ */

static float *floats_of(const tensor *t)
{
    return t->data;
}

/* What the outputs say of a batch: blended with the inputs when the factor is not 1. */
static void norm_blend(const call *c, const norm *p)
{
    int64_t count = p->outer * p->inner;
    float   f = node_float(c->node, "exponential_avg_factor");
    double  unbiased = count > 1 ? (double)count / (double)(count - 1) : 1;
    bool    old = f != 1 && tensor_count(c->in[3]) && tensor_count(c->in[4]);
    for (int64_t k = 0; k < p->channels; k++) {
        float mean = p->mean[k], variance = (float)(p->variance[k] * unbiased);
        floats_of(c->out[3])[k] = mean;
        floats_of(c->out[4])[k] = p->variance[k];
        floats_of(c->out[1])[k] = old ? (1 - f) * floats_of(c->in[3])[k] + f * mean : mean;
        floats_of(c->out[2])[k] = old ? (1 - f) * floats_of(c->in[4])[k] + f * variance : variance;
    }
}

static sm_status batch_norm(call *c)
{
    const shape *s = &c->in[0]->shape;
    int          d = channel_dim_of(c->node, s->rank);
    size_t       bytes = (size_t)s->dims[d] * sizeof(float);
    norm         p = { .x = c->in[0]->data,
                       .scale = c->in[1]->data,
                       .offset = c->in[2]->data,
                       .y = c->out[0]->data,
                       .outer = shape_count_range(s, 0, d),
                       .channels = s->dims[d],
                       .inner = shape_count_range(s, d + 1, s->rank),
                       .epsilon = (double)node_float(c->node, "epsilon") };
    if (p.channels == 0) return SM_OK;
    p.mean = call_scratch(c, bytes);
    p.variance = call_scratch(c, bytes);
    if (!p.mean || !p.variance) return SM_RESOURCE_EXHAUSTED;
    if (node_bool(c->node, "is_training")) {
        call_for(c, p.channels, 8192 / (p.outer * p.inner + 1) + 1, measure_channels, &p);
        norm_blend(c, &p);
    } else {
        memcpy(p.mean, c->in[3]->data, bytes);
        memcpy(p.variance, c->in[4]->data, bytes);
        memcpy(c->out[1]->data, p.mean, bytes);
        memcpy(c->out[2]->data, p.variance, bytes);
        memcpy(c->out[3]->data, p.mean, bytes);
        memcpy(c->out[4]->data, p.variance, bytes);
    }
    return norm_apply(c, &p);
}

static const kernel batch_norm_kernels[] = { { .types = "T: float", .run = batch_norm }, { 0 } };
static const kernel batch_norm_v2_kernels[] = { { .types = "T: float, U: float", .run = batch_norm, .widen = true }, { 0 } };

/* -- The table ------------------------------------------------------------------------------------------------------------ */

#define ATTRS(formats)                                                                                    \
    "epsilon: float = 0.0001, exponential_avg_factor: float = 1, data_format: {" formats "} = \"NHWC\", " \
    "is_training: bool = true"
#define IMAGES "\"NHWC\", \"NCHW\""
#define VOLUMES "\"NHWC\", \"NCHW\", \"NDHWC\", \"NCDHW\""
#define INPUTS(u) "x:T scale:" u " offset:" u " mean:" u " variance:" u
#define OUTPUTS(u) "y:T batch_mean:" u " batch_variance:" u " reserve_space_1:" u " reserve_space_2:" u

const op_def batch_norm_ops[] = {
    { "FusedBatchNorm", INPUTS("T") " -> " OUTPUTS("T") " | T: {float}, " ATTRS(IMAGES), infer_norm, batch_norm_kernels,
      NULL, 0, "batch normalisation" },
    { "FusedBatchNormV2",
      INPUTS("U") " -> " OUTPUTS("U") " | T: {half, bfloat16, float}, U: {bfloat16, float}, " ATTRS(IMAGES), infer_norm,
      batch_norm_v2_kernels, NULL, 0, "batch normalisation" },
    { "FusedBatchNormV3",
      INPUTS("U") " -> " OUTPUTS("U") " reserve_space_3:U | T: {half, bfloat16, float}, U: {bfloat16, float}, " ATTRS(VOLUMES),
      infer_norm, batch_norm_v2_kernels, NULL, 0, "batch normalisation" },
    { 0 },
};
