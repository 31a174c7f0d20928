/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/fused.c - the bias, batch norm and activation at the end of a _Fused op. */
#include "ops/nn/fused.h"

#include <math.h>

static const struct {
    const char      *name;
    fused_activation activation;
} activations[] = {
    { "Relu", FUSED_RELU }, { "Relu6", FUSED_RELU6 },     { "Elu", FUSED_ELU }, { "LeakyRelu", FUSED_LEAKY_RELU },
    { "Tanh", FUSED_TANH }, { "Sigmoid", FUSED_SIGMOID },
};

static bool find_activation(slice name, fused_activation *out)
{
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (slice_is(name, activations[i].name)) {
            *out = activations[i].activation;
            return true;
        }
    return false;
}

sm_status fused_prepare(call *c, fused *f)
{
    const attr *ops = node_attr(c->node, "fused_ops");
    size_t      n = ops->count, at = 0;
    int         args = 0;
    *f = (fused){ .epsilon = node_float(c->node, "epsilon"), .alpha = node_float(c->node, "leakyrelu_alpha") };
    if (at < n && slice_is(ops->v.strings[at], "BiasAdd")) {
        f->bias = true;
        args = 1;
        at++;
    } else if (at < n && slice_is(ops->v.strings[at], "FusedBatchNorm")) {
        f->norm = true;
        args = 4;
        at++;
    }
    if (at < n && find_activation(ops->v.strings[at], &f->activation)) at++;
    if (at < n)
        return CALL_FAIL(c, SM_UNIMPLEMENTED, "Fusion is not implemented: '" SLICE_FMT "'", SLICE_ARG(ops->v.strings[at]));
    if (c->n_in != FUSED_ARGS + args)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Fused %s must have %d extra arguments, got %d", c->node->op->name,
                         args, c->n_in - FUSED_ARGS);
    return SM_OK;
}

void fused_into_gemm(const fused *f, const call *c, gemm *g)
{
    if (f->bias) g->bias = c->in[FUSED_ARGS]->data;
    if (f->norm) return;
    if (f->activation == FUSED_RELU || f->activation == FUSED_RELU6) g->low = 0;
    if (f->activation == FUSED_RELU6) g->high = 6;
}

static float activate(fused_activation a, float alpha, float x)
{
    switch (a) {
    case FUSED_NONE: return x;
    case FUSED_RELU: return x < 0 ? 0 : x;
    case FUSED_RELU6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case FUSED_ELU: return x < 0 ? expm1f(x) : x;
    case FUSED_LEAKY_RELU: return x > 0 ? x : alpha * x;
    case FUSED_TANH: return tanhf(x);
    case FUSED_SIGMOID: return 1 / (1 + expf(-x));
    }
    return x;
}

typedef struct finish {
    const fused *f;
    float       *y;
    int64_t      channels;
    const float *factor, *shift; /* per channel: y * factor + shift; NULL: 1, 0 */
    const float *mean, *variance;
} finish;

static void finish_rows(void *context, int64_t begin, int64_t end)
{
    const finish *p = context;
    for (int64_t r = begin; r < end; r++) {
        float *y = p->y + r * p->channels;
        for (int64_t i = 0; i < p->channels; i++) {
            float x = y[i];
            if (p->mean) x = (x - p->mean[i]) * (p->factor[i] / sqrtf(p->variance[i] + p->f->epsilon));
            if (p->shift) x += p->shift[i];
            y[i] = activate(p->f->activation, p->f->alpha, x);
        }
    }
}

void fused_finish(const fused *f, call *c, bool in_gemm)
{
    const shape *s = &c->out[0]->shape;
    finish       p = { .f = f, .y = c->out[0]->data, .channels = s->dims[s->rank - 1] };
    bool         clamp = f->activation == FUSED_NONE || f->activation == FUSED_RELU || f->activation == FUSED_RELU6;
    if (p.channels == 0 || (in_gemm && !f->norm && clamp)) return;
    if (f->bias && !in_gemm) p.shift = c->in[FUSED_ARGS]->data;
    if (f->norm) {
        p.factor = c->in[FUSED_ARGS]->data;
        p.shift = c->in[FUSED_ARGS + 1]->data;
        p.mean = c->in[FUSED_ARGS + 2]->data;
        p.variance = c->in[FUSED_ARGS + 3]->data;
    }
    call_for(c, (int64_t)tensor_count(c->out[0]) / p.channels, 8192 / p.channels + 1, finish_rows, &p);
}

sm_status fused_infer(infer *c)
{
    int64_t channels = c->out[0].rank > 0 ? c->out[0].dims[c->out[0].rank - 1] : UNKNOWN_DIM;
    for (int i = FUSED_ARGS; i < c->n_in; i++) {
        TRY(infer_rank(c, i, 1));
        if (channels >= 0 && c->in[i].rank == 1 && c->in[i].dims[0] >= 0 && c->in[i].dims[0] != channels)
            return INFER_FAIL(c, "input %d has %lld values for %lld output channels", i, (long long)c->in[i].dims[0],
                              (long long)channels);
    }
    return SM_OK;
}
