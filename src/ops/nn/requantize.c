/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/requantize.c - QuantizeAndDequantize, V2, V3, V4 and V4Grad: floats rounded to num_bits integers times one
 * scale, for the whole tensor or for each slice of an axis.
 *
 * The scale is the largest that maps neither bound outside the integers; zero stays zero. Bounds that are given are moved to
 * what the integers reach, and values are cut to them; without, they are the least and the largest value.
 *
 * TensorFlow 2.21 refuses bounds for each slice in V2 and V4, which their definition and V3 allow; here they are taken.
 *
 * Tests: requantize.test, beside this file. */
#include "ops/formula.h"

#include <float.h>

typedef struct requantize {
    int64_t     outer, slices, inner; /* x is [outer, slices, inner] */
    const void *x, *dy;
    const void *low, *high; /* bounds, one for each slice; NULL: measured */
    void       *out;
    int64_t     bits;
    bool        with_sign, narrow, half_up;
} requantize;

/* -- Loops ----------------------------------------------------------------------------------------------------------------- */

/* The scale of a slice, its inverse, and the bounds moved to what the integers reach. */
#define SCALE_OF(T, tf, wide, f, limit)                                                         \
    static T f##_##tf(const requantize *p, T *low, T *high, T *inverse)                         \
    {                                                                                           \
        const int64_t half = (int64_t)((uint64_t)1 << (p->bits - 1));                           \
        const int64_t first = p->with_sign ? (p->narrow ? 1 - half : -half) : 0;                \
        const int64_t last = p->with_sign ? half - 1 : (int64_t)(((uint64_t)1 << p->bits) - 1); \
        const T       below = (T)first * *low > 0 ? (T)first / *low : limit;                    \
        const T       above = (T)last * *high > 0 ? (T)last / *high : limit;                    \
        const bool    by_low = below < above;                                                   \
        *inverse = by_low ? *low / (T)first : *high / (T)last;                                  \
        *(by_low ? high : low) = (T)(by_low ? last : first) * *inverse;                         \
        return by_low ? below : above;                                                          \
    }
SCALE_OF(float, float, false, scale_of, FLT_MAX)
SCALE_OF(double, double, false, scale_of, DBL_MAX)

/* The least and the largest value of slice k. */
#define MEASURE(T, tf, wide, f)                                            \
    static void f##_##tf(const requantize *p, int64_t k, T *low, T *high)  \
    {                                                                      \
        *low = (T)INFINITY;                                                \
        *high = -(T)INFINITY;                                              \
        for (int64_t o = 0; o < p->outer; o++) {                           \
            const T *x = (const T *)p->x + (o * p->slices + k) * p->inner; \
            for (int64_t i = 0; i < p->inner; i++) {                       \
                *low = x[i] < *low ? x[i] : *low;                          \
                *high = x[i] > *high ? x[i] : *high;                       \
            }                                                              \
        }                                                                  \
    }
#define ROUND_SLICES(T, tf, wide, f)                                              \
    static void f##_##tf(void *context, int64_t begin, int64_t end)               \
    {                                                                             \
        const requantize *p = context;                                            \
        for (int64_t k = begin; k < end; k++) {                                   \
            T    low, high, inverse;                                              \
            bool cut = p->low != NULL;                                            \
            if (cut) {                                                            \
                low = ((const T *)p->low)[k];                                     \
                high = ((const T *)p->high)[k];                                   \
            } else                                                                \
                slice_measure_##tf(p, k, &low, &high);                            \
            const T scale = scale_of_##tf(p, &low, &high, &inverse);              \
            for (int64_t o = 0; o < p->outer; o++)                                \
                for (int64_t i = 0; i < p->inner; i++) {                          \
                    int64_t at = (o * p->slices + k) * p->inner + i;              \
                    T       x = ((const T *)p->x)[at];                            \
                    if (cut) x = x > high ? high : x;                             \
                    if (cut) x = x < low ? low : x;                               \
                    x = p->half_up ? floor(x * scale + (T)0.5) : rint(x * scale); \
                    ((T *)p->out)[at] = x * inverse;                              \
                }                                                                 \
        }                                                                         \
    }
#define PASS_SLICES(T, tf, wide, f)                                                               \
    static void f##_##tf(void *context, int64_t begin, int64_t end)                               \
    {                                                                                             \
        const requantize *p = context;                                                            \
        for (int64_t k = begin; k < end; k++)                                                     \
            for (int64_t o = 0; o < p->outer; o++)                                                \
                for (int64_t i = 0; i < p->inner; i++) {                                          \
                    int64_t at = (o * p->slices + k) * p->inner + i;                              \
                    T       x = ((const T *)p->x)[at];                                            \
                    bool    inside = x >= ((const T *)p->low)[k] && x <= ((const T *)p->high)[k]; \
                    ((T *)p->out)[at] = ((const T *)p->dy)[at] * (T)inside;                       \
                }                                                                                 \
    }
WIDE_FLOATING(MEASURE, slice_measure)
WIDE_FLOATING(ROUND_SLICES, round_slices)
WIDE_FLOATING(PASS_SLICES, pass_slices)

/* -- Running ---------------------------------------------------------------------------------------------------------------- */

static void slices_of(const node *n, const shape *s, requantize *p)
{
    int64_t axis = node_attr(n, "axis") ? node_int(n, "axis") : -1;
    p->outer = axis < 0 ? 1 : shape_count_range(s, 0, (int)axis);
    p->slices = axis < 0 ? 1 : s->dims[axis];
    p->inner = axis < 0 ? shape_count(s) : shape_count_range(s, (int)axis + 1, s->rank);
}

static sm_status bits_fit(const requantize *p, const char *quote, sm_error *err)
{
    if (p->bits > 0 && p->bits < (p->with_sign ? 62 : 63)) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "num_bits is out of range: %lld with %ssigned_input_%s %d",
                (long long)p->bits, quote, quote, p->with_sign);
}

static sm_status round_run(call *c, pool_work *slices)
{
    const node *n = c->node;
    requantize  p = { .x = c->in[0]->data, .out = c->out[0]->data };
    p.with_sign = node_bool(n, "signed_input");
    p.narrow = node_attr(n, "narrow_range") && node_bool(n, "narrow_range");
    p.half_up = node_attr(n, "round_mode") && slice_is(node_string(n, "round_mode"), "HALF_UP");
    p.bits = c->n_in > 3 ? tensor_int(c->in[3], 0) : node_int(n, "num_bits");
    TRY(bits_fit(&p, c->n_in > 3 ? "`" : "", c->err));
    slices_of(n, &c->in[0]->shape, &p);
    if (node_bool(n, "range_given")) {
        p.low = c->in[1]->data;
        p.high = c->in[2]->data;
        for (int64_t k = 0; k < p.slices; k++) {
            double low = tensor_real(c->in[1], (size_t)k), high = tensor_real(c->in[2], (size_t)k);
            if (low > high)
                return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid range: input_min %g > input_max %g", low, high);
        }
    }
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    call_for(c, p.slices, 16384 / (p.outer * p.inner + 1) + 1, slices, &p);
    return SM_OK;
}

static sm_status pass_run(call *c, pool_work *slices)
{
    requantize p = {
        .dy = c->in[0]->data, .x = c->in[1]->data, .low = c->in[2]->data, .high = c->in[3]->data, .out = c->out[0]->data
    };
    slices_of(c->node, &c->in[1]->shape, &p);
    for (int i = 1; i < 3; i++) memset(c->out[i]->data, 0, tensor_bytes(c->out[i]));
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    call_for(c, p.slices, 16384 / (p.outer * p.inner + 1) + 1, slices, &p);
    return SM_OK;
}

#define REQUANTIZE_RUNS(T, tf, wide, f)         \
    static sm_status f##_##tf(call *c)          \
    {                                           \
        return round_run(c, round_slices_##tf); \
    }                                           \
    static sm_status f##_grad_##tf(call *c)     \
    {                                           \
        return pass_run(c, pass_slices_##tf);   \
    }
WIDE_FLOATING(REQUANTIZE_RUNS, requantized)

static const kernel requantized[] = { RUN_ROWS(requantized, WIDE_FLOATING){ 0 } };
static const kernel requantized_grad[] = { RUN_ROWS(requantized_grad, WIDE_FLOATING){ 0 } };

/* -- Shapes ------------------------------------------------------------------------------------------------------------------ */

static sm_status bounds_fit(infer *c, int x, bool given)
{
    static const char *const names[] = { "input_min", "input_max" };
    const shape             *s = &c->in[x];
    int64_t                  axis = node_attr(c->node, "axis") ? node_int(c->node, "axis") : -1, slices = 1;
    if (axis < -1) return INFER_FAIL(c, "Axis must be at least -1. Found %lld", (long long)axis);
    if (s->rank < 0) return SM_OK;
    if (axis >= s->rank)
        return INFER_FAIL(c, "Shape must be at least rank %lld but is rank %d", (long long)axis + 1, s->rank);
    if (axis >= 0) slices = s->dims[axis];
    for (int i = 0; i < 2 && given; i++) {
        const shape *b = &c->in[x + 1 + i];
        if (axis < 0 && b->rank > 0 && shape_count(b) != 1) return INFER_FAIL(c, "%s must be a scalar.", names[i]);
        if (axis < 0 || b->rank < 0) continue;
        if (b->rank != 1)
            return INFER_FAIL(c, "Shape must be rank 1 for %s_tensor when the axis is specified", names[i]);
        if (b->dims[0] >= 0 && slices >= 0 && b->dims[0] != slices)
            return INFER_FAIL(c, "%s_tensor has incorrect size, was %lld expected %lld to match dim %lld of the input [%lld]",
                              names[i], (long long)b->dims[0], (long long)slices, (long long)axis, (long long)b->dims[0]);
    }
    return SM_OK;
}

static sm_status infer_requantized(infer *c)
{
    TRY(bounds_fit(c, 0, node_bool(c->node, "range_given")));
    return infer_same(c);
}

static sm_status infer_requantized_grad(infer *c)
{
    TRY(bounds_fit(c, 1, true));
    shape both;
    if (!shape_merge(&c->in[0], &c->in[1], &both)) return INFER_FAIL(c, "gradient and input must be the same size");
    c->out[0] = both;
    c->out[1] = c->in[2];
    c->out[2] = c->in[3];
    return SM_OK;
}

/* -- The table --------------------------------------------------------------------------------------------------------------- */

#define BOUNDED "input:T input_min:T input_max:T "
#define FIXED                                                                                                          \
    "-> output:T | signed_input: bool = true, num_bits: int = 8, range_given: bool = false, T: floating, round_mode: " \
    "{\"HALF_TO_EVEN\", \"HALF_UP\"} = \"HALF_TO_EVEN\", narrow_range: bool = false, axis: int = -1"

const op_def requantize_ops[] = {
    { "QuantizeAndDequantizeV2", BOUNDED FIXED, infer_requantized, requantized, NULL, OP_INPLACE,
      "rounded to integers of num_bits bits times a scale" },
    { "QuantizeAndDequantizeV3",
      BOUNDED
      "num_bits:int32 -> output:T | signed_input: bool = true, range_given: bool = true, T: floating, narrow_range: "
      "bool = false, axis: int = -1",
      infer_requantized, requantized, NULL, OP_INPLACE, "the same with num_bits as an input" },
    { "QuantizeAndDequantizeV4", BOUNDED FIXED, infer_requantized, requantized, NULL, OP_INPLACE,
      "the same with a gradient that is cut" },
    { "QuantizeAndDequantizeV4Grad",
      "gradients:T input:T input_min:T input_max:T -> input_backprop:T input_min_backprop:T input_max_backprop:T | T: "
      "floating, axis: int = -1",
      infer_requantized_grad, requantized_grad, NULL, 0, "dy inside the bounds" },
    { 0 },
};
