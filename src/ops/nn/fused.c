/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/fused.c - the bias, batch norm, residual and elementwise ops at the end of a _Fused op. */
#include "ops/nn/fused.h"

#include <math.h>

/* Steps that a micro-kernel does by cutting its results. */
static const struct {
    const char *name;
    float       high;
} clamps[] = { { "Relu", INFINITY }, { "Relu6", 6 } };

/* -- Reading ---------------------------------------------------------------------------------------------------------- */

/* What fused_ops begins with; returns how many of its names that takes. */
static size_t read_prefix(const attr *ops, fused *f)
{
    size_t n = ops->count, at = 0;
    if (at < n && slice_is(ops->v.strings[at], "BiasAdd")) {
        f->bias = true;
        f->args = 1;
        at++;
    } else if (at < n && slice_is(ops->v.strings[at], "FusedBatchNorm")) {
        f->norm = true;
        f->args = 4;
        at++;
    }
    if (at < n && slice_is(ops->v.strings[at], "Add")) {
        f->residual = true;
        f->args++;
        at++;
    }
    return at;
}

/* A Relu at the head of the steps, which alone reads the product, becomes a clamp. Its result takes the product's number. */
static size_t read_clamp(const attr *ops, size_t at, fused *f, attr *operands, int64_t *numbers, int extra)
{
    size_t count = operands->count / 3;
    for (size_t i = 0; i < sizeof clamps / sizeof clamps[0] && at < ops->count; i++) {
        if (!slice_is(ops->v.strings[at], clamps[i].name) || f->norm) continue;
        if (operands->count && operands->v.ints[0] != 0) continue;
        for (size_t k = 3; k < operands->count; k++)
            if (operands->v.ints[k] == 0) return at;
        for (size_t k = 3; k < operands->count; k++) {
            int64_t x = operands->v.ints[k];
            numbers[k - 3] = x == extra + 1 ? 0 : x > extra ? x - 1 : x;
        }
        if (count) *operands = (attr){ .v.ints = numbers, .count = 3 * (count - 1), .is_list = true, .kind = ATTR_INT };
        f->low = 0;
        f->high = clamps[i].high;
        return at + 1;
    }
    return at;
}

sm_status fused_prepare(call *c, fused *f)
{
    const attr *ops = node_attr(c->node, "fused_ops"), *given = node_attr(c->node, "operands");
    attr        operands = given ? *given : (attr){ 0 };
    int64_t     numbers[3 * COMPOSITION_STEPS];
    *f = (fused){ .epsilon = node_float(c->node, "epsilon"), .low = -INFINITY, .high = INFINITY };
    size_t at = read_prefix(ops, f);
    int    extra = c->n_in - FUSED_ARGS - f->args;
    if (extra < 0 || (extra > 0 && operands.count == 0))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Fused %s must have %d extra arguments, got %d", c->node->op->name,
                         f->args, c->n_in - FUSED_ARGS);
    if (operands.count <= 3 * COMPOSITION_STEPS) at = read_clamp(ops, at, f, &operands, numbers, extra);
    return composition_read(&f->rest, ops, at, &operands, extra, node_float(c->node, "leakyrelu_alpha"), c->kernel->isa,
                            c->err);
}

/* -- In the micro-kernel ---------------------------------------------------------------------------------------------- */

static const float *residual_of(const fused *f, const call *c)
{
    return f->residual ? c->in[FUSED_ARGS + f->args - 1]->data : NULL;
}

static composition_call *bind_rest(const fused *f, call *c)
{
    composition_call *b = f->rest.steps ? call_scratch(c, sizeof *b) : NULL;
    return b && composition_bind(b, c, &f->rest, c->in + FUSED_ARGS + f->args) ? b : NULL;
}

void fused_into_gemm(const fused *f, call *c, gemm *g)
{
    if (f->norm || f->low == f->high) return; /* the latter: zeroed */
    if (f->bias) g->bias = c->in[FUSED_ARGS]->data;
    g->residual = residual_of(f, c);
    g->low = f->low;
    g->high = f->high;
    g->finish_context = bind_rest(f, c);
    g->finish = g->finish_context ? composition_finish : NULL;
}

/* -- Over the output -------------------------------------------------------------------------------------------------- */

typedef struct finish {
    const fused            *f;
    float                  *y;
    int64_t                 channels;
    const float            *bias, *residual; /* NULL: none */
    const float            *scale, *offset, *mean, *variance;
    const composition_call *rest;
} finish;

static void finish_rows(void *context, int64_t begin, int64_t end)
{
    const finish *p = context;
    int64_t       n = p->channels;
    for (int64_t r = begin; r < end; r++) {
        float       *y = p->y + r * n;
        const float *residual = p->residual ? p->residual + r * n : NULL;
        for (int64_t i = 0; i < n && p->bias; i++) y[i] += p->bias[i];
        for (int64_t i = 0; i < n && p->mean; i++)
            y[i] = (y[i] - p->mean[i]) * (p->scale[i] / sqrtf(p->variance[i] + p->f->epsilon)) + p->offset[i];
        for (int64_t i = 0; i < n && residual; i++) y[i] += residual[i];
        for (int64_t i = 0; i < n; i++) y[i] = y[i] < p->f->low ? p->f->low : y[i] > p->f->high ? p->f->high : y[i];
    }
    if (p->rest) composition_finish(p->rest, p->y + begin * n, (end - begin) * n);
}

void fused_finish(const fused *f, call *c, bool in_gemm)
{
    const shape *s = &c->out[0]->shape;
    finish       p = { .f = f, .y = c->out[0]->data, .channels = s->dims[s->rank - 1] };
    if (tensor_count(c->out[0]) == 0 || (in_gemm && !f->norm)) return;
    p.residual = residual_of(f, c);
    p.rest = bind_rest(f, c);
    if (f->bias) p.bias = c->in[FUSED_ARGS]->data;
    if (f->norm) {
        p.scale = c->in[FUSED_ARGS]->data;
        p.offset = c->in[FUSED_ARGS + 1]->data;
        p.mean = c->in[FUSED_ARGS + 2]->data;
        p.variance = c->in[FUSED_ARGS + 3]->data;
    }
    call_for(c, (int64_t)tensor_count(c->out[0]) / p.channels, 8192 / p.channels + 1, finish_rows, &p);
}

/* -- Inference -------------------------------------------------------------------------------------------------------- */

static sm_status wrong_arg(infer *c, int i, const char *what)
{
    str s, out;
    str_init(&s);
    str_init(&out);
    shape_print(&s, &c->in[i]);
    shape_print(&out, &c->out[0]);
    sm_status status = INFER_FAIL(c, "input %d has shape %s, which is no %s for an output of shape %s", i, str_text(&s),
                                  what, str_text(&out));
    str_clear(&s);
    str_clear(&out);
    return status;
}

sm_status fused_infer(infer *c)
{
    fused        f = { 0 };
    const shape *out = &c->out[0];
    int64_t      channels = out->rank > 0 ? out->dims[out->rank - 1] : UNKNOWN_DIM;
    (void)read_prefix(node_attr(c->node, "fused_ops"), &f);
    for (int i = FUSED_ARGS; i < c->n_in; i++) {
        int at = i - FUSED_ARGS;
        if (at < f.args - f.residual) {
            TRY(infer_rank(c, i, 1));
            if (channels >= 0 && c->in[i].rank == 1 && c->in[i].dims[0] >= 0 && c->in[i].dims[0] != channels)
                return INFER_FAIL(c, "input %d has %lld values for %lld output channels", i,
                                  (long long)c->in[i].dims[0], (long long)channels);
        } else if (shape_known(out) && shape_known(&c->in[i])) {
            if (at < f.args && !shape_eq(out, &c->in[i])) return wrong_arg(c, i, "residual");
            if (!composition_takes(out, &c->in[i])) return wrong_arg(c, i, "operand");
        }
    }
    return SM_OK;
}
