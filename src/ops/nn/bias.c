/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/bias.c - one value per channel added to a tensor, and the sum over everything else that its gradient is.
 *
 * Channels are the last dim (NHWC) or the second (NCHW; the last one of a matrix). BiasAdd is the elementwise driver with
 * the bias shaped to fit.
 *
 * Tests: bias.test, beside this file. */
#include "ops/formula.h"

/* The dim that holds the channels of a tensor of this rank. */
static int channel_dim(const node *n, int rank)
{
    const attr *format = node_attr(n, "data_format");
    bool        first = format && slice_is(format->v.s, "NCHW");
    return first && rank > 1 ? 1 : rank - 1;
}

static sm_status bias_add(call *c, void (*loop)(const map_args *), bool widen)
{
    const shape *s = &c->in[0]->shape;
    shape        shapes[2] = { *s, shape_unknown_dims(s->rank) };
    int          channel = channel_dim(c->node, s->rank);
    for (int d = 0; d < s->rank; d++) shapes[1].dims[d] = d == channel ? s->dims[d] : 1;
    return map_apply(c, loop, widen, shapes);
}

/* The driver does the widening, so the row does not ask the executor for it: half and bfloat16 are named. */
#define BIAS_LOOP(ctype, tf, widens, f)       \
    LOOP2(ctype, tf, widens, f, T, x + y)     \
    static sm_status f##_run_##tf(call *c)    \
    {                                         \
        return bias_add(c, f##_##tf, widens); \
    }
NUMERIC(BIAS_LOOP, add_bias)

#define BIAS_ROW(ctype, tf, widens, f) { .types = "T: " #tf, .run = f##_run_##tf },
/* clang-format off */
static const kernel bias_kernels[] = { { .types = "T: half|bfloat16", .run = add_bias_run_float },
                                       NUMERIC(BIAS_ROW, add_bias) { 0 } };
/* clang-format on */

static sm_status infer_bias(infer *c)
{
    const shape *x = &c->in[0], *bias = &c->in[1];
    str          text;
    sm_status    s = SM_OK;
    c->out[0] = *x;
    str_init(&text);
    if (x->rank >= 0 && x->rank < 2) {
        shape_print(&text, x);
        s = INFER_FAIL(c, "Input tensor must be at least 2D: %s", str_text(&text));
    } else if (bias->rank >= 0 && bias->rank != 1) {
        shape_print(&text, bias);
        s = INFER_FAIL(c, "Biases must be 1D: %s", str_text(&text));
    } else if (x->rank > 0 && bias->rank == 1) {
        int64_t channels = x->dims[channel_dim(c->node, x->rank)];
        shape_print(&text, bias);
        str_addz(&text, " vs. ");
        shape_print(&text, x);
        if (channels >= 0 && bias->dims[0] >= 0 && channels != bias->dims[0])
            s = INFER_FAIL(c, "Must provide as many biases as the last dimension of the input tensor: %s", str_text(&text));
    }
    str_clear(&text);
    return s;
}

/* -- BiasAddGrad: [outer, channels, inner] summed over outer and inner ---------------------------------------------------- */

typedef struct bias_grad {
    const void *in;
    void       *out;
    int64_t     outer, channels, inner;
} bias_grad;

static bias_grad bias_grad_of(call *c)
{
    const shape *s = &c->in[0]->shape;
    int          d = channel_dim(c->node, s->rank);
    return (bias_grad){ c->in[0]->data, c->out[0]->data, shape_count_range(s, 0, d), s->dims[d],
                        shape_count_range(s, d + 1, s->rank) };
}

#define BIAS_GRAD_LOOP(ctype, tf, widens, A_)                                                   \
    static void bias_grad_piece_##tf(void *context, int64_t begin, int64_t end)                 \
    {                                                                                           \
        const bias_grad *g = context;                                                           \
        for (int64_t k = begin; k < end; k++) {                                                 \
            A_ sum = 0;                                                                         \
            for (int64_t o = 0; o < g->outer; o++) {                                            \
                const ctype *x = (const ctype *)g->in + (o * g->channels + k) * g->inner;       \
                for (int64_t i = 0; i < g->inner; i++) sum = (A_)(sum + (A_)x[i]);              \
            }                                                                                   \
            ((ctype *)g->out)[k] = (ctype)sum;                                                  \
        }                                                                                       \
    }                                                                                           \
    static sm_status bias_grad_##tf(call *c)                                                    \
    {                                                                                           \
        bias_grad g = bias_grad_of(c);                                                          \
        call_for(c, g.channels, 16384 / (g.outer * g.inner + 1) + 1, bias_grad_piece_##tf, &g); \
        return SM_OK;                                                                           \
    }
FLOATING(BIAS_GRAD_LOOP, double)
SIGNED(BIAS_GRAD_LOOP, int64_t)
UNSIGNED(BIAS_GRAD_LOOP, uint64_t)
COMPLEX(BIAS_GRAD_LOOP, double complex)
/* clang-format off */
static const kernel bias_grad_kernels[] = { RUN_ROWS(bias_grad, NUMERIC) { 0 } };
/* clang-format on */

static sm_status infer_bias_grad(infer *c)
{
    const shape *s = &c->in[0];
    if (s->rank >= 0 && s->rank < 2) {
        str text;
        str_init(&text);
        shape_print(&text, s);
        sm_status status = INFER_FAIL(c, "Input tensor must be at least 2D: %s", str_text(&text));
        str_clear(&text);
        return status;
    }
    c->out[0] = shape_vector(s->rank < 0 ? UNKNOWN_DIM : s->dims[channel_dim(c->node, s->rank)]);
    return SM_OK;
}

/* -- The table --------------------------------------------------------------------------------------------------------------- */

#define FORMAT "data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\""

const op_def bias_ops[] = {
    { "BiasAdd", "value:T bias:T -> output:T | T: numeric, " FORMAT, infer_bias, bias_kernels, NULL, OP_INPLACE,
      "adds bias[k] to channel k" },
    { "BiasAddV1", "value:T bias:T -> output:T | T: numeric", infer_bias, bias_kernels, NULL, OP_INPLACE,
      "BiasAdd with channels last" },
    { "BiasAddGrad", "out_backprop:T -> output:T | T: numeric, " FORMAT, infer_bias_grad, bias_grad_kernels, NULL, 0,
      "the sum of each channel" },
    { 0 },
};
