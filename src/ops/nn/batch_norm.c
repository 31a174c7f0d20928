/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/batch_norm.c - FusedBatchNorm, V2, V3: per channel, over batch and space.
 *
 *     y = (x - mean) * scale * rsqrt(variance + epsilon) + offset
 *
 * Inference takes mean and variance from its inputs and passes them on. Training computes them: y uses the biased
 * variance, the output batch_variance is the unbiased one, mixed with the input by exponential_avg_factor; the reserve
 * outputs keep what a gradient needs. Half and bfloat16 x are computed in float. Tests: batch_norm.test. */
#include "ops/nn/window.h"

#include <math.h>

/* -- Inference ---------------------------------------------------------------------------------------------------- */

static sm_status infer_batch_norm(infer *c)
{
    static const char *const names[] = { "scale", "offset", "mean", "variance" };
    bool training = node_bool(c->node, "is_training");
    if (c->in[0].rank >= 0 && c->in[0].rank != 4) {
        str text;
        str_init(&text);
        shape_print(&text, &c->in[0]);
        sm_status s = INFER_FAIL(c, "input must be 4-dimensional%s", str_text(&text));
        str_clear(&text);
        return s;
    }
    layout_axes axes = window_axes(node_string(c->node, "data_format"), 4);
    int64_t     channels = c->in[0].rank == 4 ? c->in[0].dims[axes.channel] : UNKNOWN_DIM;
    for (int i = 1; i < 5; i++) {
        TRY(infer_rank(c, i, 1));
        if (c->in[i].rank != 1 || channels < 0 || c->in[i].dims[0] < 0 || c->in[i].dims[0] == channels) continue;
        if (i >= 3 && training && c->in[i].dims[0] == 0 && node_float(c->node, "exponential_avg_factor") == 1) continue;
        if (i >= 3 && !training)
            return INFER_FAIL(c, "When is_training=false, %s must have the same number of elements as the channels of x, got %lld and %lld",
                              names[i - 1], (long long)c->in[i].dims[0], (long long)channels);
        return INFER_FAIL(c, "%s must have the same number of elements as the channels of x, got %lld and %lld", names[i - 1],
                          (long long)c->in[i].dims[0], (long long)channels);
    }
    c->out[0] = c->in[0];
    for (int o = 1; o < c->n_out; o++) c->out[o] = shape_vector(o == 5 ? 0 : channels);
    return SM_OK;
}

/* -- The loops ----------------------------------------------------------------------------------------------------------- */

typedef struct norm_work {
    const float *x;
    float       *y;
    const float *scale, *offset, *mean, *variance;
    float       *factor;                      /* per channel: y = (x - mean) * factor + offset */
    float       *batch_mean, *batch_variance; /* biased                                          */
    float        epsilon;
    int64_t      outer, channels, inner;      /* x as [outer, channels, inner] */
} norm_work;

static void normalise_rows(void *context, int64_t begin, int64_t end)
{
    const norm_work *w = context;
    if (w->inner == 1) {
        for (int64_t i = begin; i < end; i++)
            for (int64_t k = 0; k < w->channels; k++)
                w->y[i * w->channels + k] = (w->x[i * w->channels + k] - w->mean[k]) * w->factor[k] + w->offset[k];
        return;
    }
    for (int64_t i = begin; i < end; i++)
        for (int64_t k = 0; k < w->channels; k++) {
            int64_t at = (i * w->channels + k) * w->inner;
            for (int64_t j = 0; j < w->inner; j++) w->y[at + j] = (w->x[at + j] - w->mean[k]) * w->factor[k] + w->offset[k];
        }
}

/* Mean and biased variance of channels [begin, end), summed in double. */
static void measure_channels(void *context, int64_t begin, int64_t end)
{
    const norm_work *w = context;
    double           n = (double)(w->outer * w->inner);
    for (int64_t k = begin; k < end; k++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < w->outer; i++)
            for (int64_t j = 0; j < w->inner; j++) sum += (double)w->x[(i * w->channels + k) * w->inner + j];
        double mean = n > 0 ? sum / n : 0;
        for (int64_t i = 0; i < w->outer; i++)
            for (int64_t j = 0; j < w->inner; j++) {
                double d = (double)w->x[(i * w->channels + k) * w->inner + j] - mean;
                squares += d * d;
            }
        w->batch_mean[k] = (float)mean;
        w->batch_variance[k] = n > 0 ? (float)(squares / n) : 0;
    }
}

static void normalise(call *c, norm_work *w)
{
    for (int64_t k = 0; k < w->channels; k++) w->factor[k] = w->scale[k] / sqrtf(w->variance[k] + w->epsilon);
    int64_t row = w->channels * w->inner;
    if (w->outer && row) call_for(c, w->outer, row < 16384 ? 16384 / row + 1 : 1, normalise_rows, w);
}

/* The running statistics: old ones (absent: zero) mixed with those of the batch. */
static void mix(const norm_work *w, const tensor *old, const float *batch, double correction, float factor, float *out)
{
    const float *before = old->data;
    for (int64_t k = 0; k < w->channels; k++) {
        float now = (float)((double)batch[k] * correction);
        out[k] = factor == 1 ? now : (1 - factor) * before[k] + factor * now;
    }
}

static sm_status run_batch_norm(call *c)
{
    const shape *s = &c->in[0]->shape;
    layout_axes  axes = window_axes(node_string(c->node, "data_format"), 4);
    norm_work    w = { .x = c->in[0]->data, .y = c->out[0]->data, .scale = c->in[1]->data, .offset = c->in[2]->data,
                       .mean = c->in[3]->data, .variance = c->in[4]->data, .epsilon = node_float(c->node, "epsilon"),
                       .channels = s->dims[axes.channel] };
    w.outer = axes.channel == 1 ? s->dims[0] : s->dims[0] * s->dims[1] * s->dims[2];
    w.inner = axes.channel == 1 ? s->dims[2] * s->dims[3] : 1;
    size_t bytes = (size_t)w.channels * sizeof(float);
    w.factor = call_scratch(c, bytes + 1);
    if (!w.factor) return SM_RESOURCE_EXHAUSTED;
    float *mean = c->out[1]->data, *variance = c->out[2]->data;
    w.batch_mean = c->out[3]->data;
    w.batch_variance = c->out[4]->data;
    if (w.channels == 0) return SM_OK;
    if (!node_bool(c->node, "is_training")) {
        memcpy(mean, w.mean, bytes);
        memcpy(variance, w.variance, bytes);
        memcpy(w.batch_mean, w.mean, bytes);
        memcpy(w.batch_variance, w.variance, bytes);
        normalise(c, &w);
        return SM_OK;
    }
    double count = (double)(w.outer * w.inner);
    float  factor = node_float(c->node, "exponential_avg_factor");
    call_for(c, w.channels, count < 16384 ? (int64_t)(16384 / (count + 1)) + 1 : 1, measure_channels, &w);
    mix(&w, c->in[3], w.batch_mean, count > 0 ? 1 : (double)NAN, factor, mean);
    mix(&w, c->in[4], w.batch_variance, count > 1 ? count / (count - 1) : count > 0 ? 1 : (double)NAN, factor, variance);
    w.mean = w.batch_mean;
    w.variance = w.batch_variance;
    normalise(c, &w);
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------- */

static const kernel batch_norm[] = { { .types = "T: float", .run = run_batch_norm, .widen = true }, { 0 } };

#define BATCH_NORM(U, extra, types)                                                                                          \
    "x:T scale:" U " offset:" U " mean:" U " variance:" U " -> y:T batch_mean:" U " batch_variance:" U " reserve_space_1:" U \
    " reserve_space_2:" U extra " | T: " types ", epsilon: float = 0.0001, exponential_avg_factor: float = 1.0, "
#define BATCH_NORM_END "data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\", is_training: bool = true"

/* clang-format off */
const op_def batch_norm_ops[] = {
    { "FusedBatchNorm", BATCH_NORM("T", "", "{float}") BATCH_NORM_END,
      infer_batch_norm, batch_norm, NULL, 0, "normalises each channel over batch and space" },
    { "FusedBatchNormV2", BATCH_NORM("U", "", "{half, bfloat16, float}, U: {float}") BATCH_NORM_END,
      infer_batch_norm, batch_norm, NULL, 0, "normalises each channel over batch and space" },
    { "FusedBatchNormV3", BATCH_NORM("U", " reserve_space_3:U", "{half, bfloat16, float}, U: {float, bfloat16}") BATCH_NORM_END,
      infer_batch_norm, batch_norm, NULL, 0, "normalises each channel over batch and space" },
    { 0 },
};
