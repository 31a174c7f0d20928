/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/fake_quant.c - FakeQuantWithMinMaxArgs, Vars and VarsPerChannel, and their gradients: floats rounded to what
 * num_bits bits can say of [min, max], as training for quantised inference inserts them.
 *
 * The range is nudged first so that zero is one of the steps: zero has to stay zero when convolutions pad with it. Values are
 * cut to the nudged range and rounded to the nearest step, halves upwards. The gradient passes inside the range; what lies
 * below goes to min's gradient, what lies above to max's. A range of [0, 0] gives zeros, and passes every gradient.
 *
 * Tests: fake_quant.test, beside this file. */
#include "ops/formula.h"

typedef struct fake_range {
    float low, high, scale, zero; /* nudged; zero: the step that stands for zero, from low */
    bool  empty;                  /* [0, 0] */
} fake_range;

typedef struct fake_quant {
    int64_t      rows, channels; /* x is [rows, channels] */
    fake_range  *range;          /* one for each channel  */
    const float *x, *dy;
    float       *out, *low, *high;
} fake_quant;

static fake_range nudge(const node *n, float min, float max)
{
    int64_t bits = node_int(n, "num_bits");
    float   first = node_bool(n, "narrow_range") ? 1 : 0, last = (float)((1 << bits) - 1);
    if (min == 0 && max == 0) return (fake_range){ .empty = true };
    float      scale = (max - min) / (last - first), zero = first - min / scale;
    float      nudged = zero < first ? first : zero > last ? last : roundf(zero);
    fake_range r = { .low = (first - nudged) * scale, .high = (last - nudged) * scale, .scale = scale };
    r.zero = floorf(-r.low * (1 / scale) + 0.5F);
    return r;
}

static void quant_rows(void *context, int64_t begin, int64_t end)
{
    const fake_quant *p = context;
    for (int64_t i = begin * p->channels; i < end * p->channels; i++) {
        const fake_range *r = &p->range[i % p->channels];
        float             x = p->x[i] > r->high ? r->high : p->x[i], inverse = 1 / r->scale;
        x = x < r->low ? r->low : x;
        p->out[i] = r->empty ? 0 : floorf((x - r->low) * inverse - r->zero + 0.5F) * r->scale;
    }
}

static void quant_grad_rows(void *context, int64_t begin, int64_t end)
{
    const fake_quant *p = context;
    for (int64_t i = begin * p->channels; i < end * p->channels; i++) {
        const fake_range *r = &p->range[i % p->channels];
        bool              inside = r->empty || (p->x[i] >= r->low && p->x[i] <= r->high);
        p->out[i] = p->dy[i] * (inside ? 1.0F : 0.0F);
    }
}

/* The gradients of min and max of channels [begin, end). */
static void quant_grad_bounds(void *context, int64_t begin, int64_t end)
{
    const fake_quant *p = context;
    for (int64_t k = begin; k < end; k++) {
        const fake_range *r = &p->range[k];
        double            low = 0, high = 0;
        for (int64_t i = k; i < p->rows * p->channels && !r->empty; i += p->channels) {
            if (p->x[i] < r->low) low += (double)p->dy[i];
            if (p->x[i] > r->high) high += (double)p->dy[i];
        }
        p->low[k] = (float)low;
        p->high[k] = (float)high;
    }
}

/* -- Running ------------------------------------------------------------------------------------------------------------- */

/* x is input `x`; min and max are the two inputs behind it, or attributes. */
static sm_status fake_quant_init(call *c, int x, fake_quant *p)
{
    const shape *s = &c->in[x]->shape;
    bool         vars = c->n_in > x + 1;
    bool         each = vars && c->in[x + 1]->shape.rank == 1;
    *p = (fake_quant){ .channels = each ? c->in[x + 1]->shape.dims[0] : 1, .x = c->in[x]->data, .out = c->out[0]->data };
    p->rows = p->channels ? shape_count(s) / p->channels : 0;
    p->range = call_scratch(c, (size_t)p->channels * sizeof *p->range + 1);
    if (!p->range) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < p->channels; k++) {
        float min = vars ? ((const float *)c->in[x + 1]->data)[k] : node_float(c->node, "min");
        float max = vars ? ((const float *)c->in[x + 2]->data)[k] : node_float(c->node, "max");
        p->range[k] = nudge(c->node, min, max);
    }
    return SM_OK;
}

static sm_status fake_quant_run(call *c)
{
    fake_quant p;
    TRY(fake_quant_init(c, 0, &p));
    call_for(c, p.rows, 16384 / (p.channels + 1) + 1, quant_rows, &p);
    return SM_OK;
}

static sm_status fake_quant_grad_run(call *c)
{
    fake_quant p;
    TRY(fake_quant_init(c, 1, &p));
    p.dy = c->in[0]->data;
    call_for(c, p.rows, 16384 / (p.channels + 1) + 1, quant_grad_rows, &p);
    if (c->n_out < 3) return SM_OK;
    p.low = c->out[1]->data;
    p.high = c->out[2]->data;
    call_for(c, p.channels, 16384 / (p.rows + 1) + 1, quant_grad_bounds, &p);
    return SM_OK;
}

static const kernel fake_quant_kernels[] = { { .run = fake_quant_run }, { 0 } };
static const kernel fake_quant_grad_kernels[] = { { .run = fake_quant_grad_run }, { 0 } };

/* -- Shapes ---------------------------------------------------------------------------------------------------------------- */

static sm_status infer_fake(infer *c, int x)
{
    int64_t bits = node_int(c->node, "num_bits");
    if (bits < 2 || bits > 16) return INFER_FAIL(c, "num_bits must be between 2 and 16, inclusive");
    c->out[0] = c->in[0];
    if (x == 1) TRY(infer_same_pair(c));
    if (c->n_in > x + 1) return SM_OK;
    float min = node_float(c->node, "min"), max = node_float(c->node, "max");
    if (min < max) return SM_OK;
    return INFER_FAIL(c, "min has to be smaller than max, was: %g >= %g", (double)min, (double)max);
}

/* min and max are scalars. */
static sm_status infer_bounds(infer *c, int x)
{
    static const char *const names[] = { "min", "max" };
    TRY(infer_fake(c, x));
    for (int i = 0; i < 2; i++) {
        const shape *s = &c->in[x + 1 + i];
        if (s->rank > 0) {
            str text;
            str_init(&text);
            shape_print(&text, s);
            sm_status status = INFER_FAIL(c, "`%s` must be rank 0 but is rank %d", names[i], s->rank);
            str_clear(&text);
            return status;
        }
        if (x == 1) c->out[1 + i] = shape_scalar();
    }
    return SM_OK;
}

/* min and max have one element for each channel, the last dim. */
static sm_status infer_channels(infer *c, int x)
{
    static const char *const names[] = { "min", "max" };
    TRY(infer_fake(c, x));
    const shape *s = &c->in[x];
    if (s->rank == 0) return INFER_FAIL(c, "Shape must be at least rank 1 but is rank 0");
    int64_t depth = s->rank > 0 ? s->dims[s->rank - 1] : UNKNOWN_DIM;
    for (int i = 0; i < 2; i++) {
        const shape *b = &c->in[x + 1 + i];
        if (b->rank >= 0 && b->rank != 1) return INFER_FAIL(c, "`%s` must be rank 1 but is rank %d", names[i], b->rank);
        int64_t n = b->rank == 1 ? b->dims[0] : UNKNOWN_DIM;
        if (n >= 0 && depth >= 0 && n != depth)
            return INFER_FAIL(c, "%s has incorrect size, expected %lld was %lld", names[i], (long long)depth, (long long)n);
        if (x == 1) c->out[1 + i] = shape_vector(depth);
    }
    return SM_OK;
}

static sm_status infer_args(infer *c)
{
    return infer_fake(c, 0);
}

static sm_status infer_args_grad(infer *c)
{
    return infer_fake(c, 1);
}

static sm_status infer_vars(infer *c)
{
    return infer_bounds(c, 0);
}

static sm_status infer_vars_grad(infer *c)
{
    return infer_bounds(c, 1);
}

static sm_status infer_per_channel(infer *c)
{
    return infer_channels(c, 0);
}

static sm_status infer_per_channel_grad(infer *c)
{
    return infer_channels(c, 1);
}

/* -- The table -------------------------------------------------------------------------------------------------------------- */

#define BITS "num_bits: int = 8, narrow_range: bool = false"
#define BACKPROPS "backprops_wrt_input:float backprop_wrt_min:float backprop_wrt_max:float"

const op_def fake_quant_ops[] = {
    { "FakeQuantWithMinMaxArgs", "inputs:float -> outputs:float | min: float = -6, max: float = 6, " BITS, infer_args,
      fake_quant_kernels, NULL, OP_INPLACE, "rounded to the steps of a quantised range" },
    { "FakeQuantWithMinMaxArgsGradient",
      "gradients:float inputs:float -> backprops:float | min: float = -6, max: float = 6, " BITS, infer_args_grad,
      fake_quant_grad_kernels, NULL, OP_INPLACE, "dy inside the range" },
    { "FakeQuantWithMinMaxVars", "inputs:float min:float max:float -> outputs:float | " BITS, infer_vars,
      fake_quant_kernels, NULL, OP_INPLACE, "rounded to the steps of a quantised range" },
    { "FakeQuantWithMinMaxVarsGradient", "gradients:float inputs:float min:float max:float -> " BACKPROPS " | " BITS,
      infer_vars_grad, fake_quant_grad_kernels, NULL, 0, "dy inside the range, and the sums below and above" },
    { "FakeQuantWithMinMaxVarsPerChannel", "inputs:float min:float max:float -> outputs:float | " BITS,
      infer_per_channel, fake_quant_kernels, NULL, OP_INPLACE, "the same with a range for each channel" },
    { "FakeQuantWithMinMaxVarsPerChannelGradient",
      "gradients:float inputs:float min:float max:float -> " BACKPROPS " | " BITS, infer_per_channel_grad,
      fake_quant_grad_kernels, NULL, 0, "the same with a range for each channel" },
    { 0 },
};
