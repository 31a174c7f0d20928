/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/quantize.c - QuantizeV2 and Dequantize: floats to quantised integers and back; models keep weights that way.
 *
 *   MIN_COMBINED   integer 0 .. its largest stand for min .. max; those with a sign are shifted by half their range
 *   MIN_FIRST      the same with steps on whole multiples of the scale, so that zero is one of them
 *   SCALED         x = integer * scale: zero is zero; both bounds say the scale
 *
 * With an axis each of its slices has bounds of its own. QuantizeV2 widens bounds that are too close or on one side of zero,
 * and says what it used. Arithmetic is TensorFlow's, in float where it is, so that integers agree.
 *
 * Tests: quantize.test, beside this file. */
#include "ops/formula.h"

#include <float.h>

typedef enum quantize_mode { MIN_COMBINED, MIN_FIRST, SCALED } quantize_mode;

typedef struct quantise {
    quantize_mode mode;
    int64_t       outer, slices, inner; /* the tensor is [outer, slices, inner] */
    const void   *in;
    void         *out;
    const float  *low, *high; /* bounds by slice                         */
    float        *used_low, *used_high;
    bool          narrow, half_to_even;
} quantise;

/* What an integer type holds. */
typedef struct quantum {
    int64_t least, most;
    int     bits;
} quantum;

static quantum quantum_of(sm_dtype t)
{
    int  bits = 8 * (int)dtype_size(t);
    bool with_sign = t == SM_QINT8 || t == SM_QINT16 || t == SM_QINT32;
    return (quantum){ with_sign ? -((int64_t)1 << (bits - 1)) : 0,
                      with_sign ? ((int64_t)1 << (bits - 1)) - 1 : ((int64_t)1 << bits) - 1, bits };
}

static float half_range(const quantum *q)
{
    return q->least < 0 ? ((float)q->most - (float)q->least + 1) / 2 : 0;
}

/* range * steps / (steps - 1), where the steps are all integers of the type. */
static float wider_range(const quantum *q, float low, float high)
{
    double steps = (double)((int64_t)1 << q->bits);
    return (float)((double)(high - low) * (steps / (steps - 1)));
}

/* -- Dequantize: y = (integer + shift) * scale + offset ---------------------------------------------------------------------- */

typedef struct line {
    float shift, scale, offset;
} line;

static line dequantize_line(const quantise *p, const quantum *q, float low, float high)
{
    float least = (float)(q->least + p->narrow), most = (float)q->most, scale;
    switch (p->mode) {
    case MIN_COMBINED: return (line){ half_range(q), (high - low) / ((float)q->most - (float)q->least), low };
    case SCALED:
        scale = q->least == 0 ? high / most : low / least > high / most ? low / least : high / most;
        return (line){ 0, scale, 0 };
    case MIN_FIRST:
    default:
        scale = wider_range(q, low, high) / (float)((int64_t)1 << q->bits);
        float first = low == high ? low : roundf(low / scale) * scale;
        return (line){ 0, scale, first - (float)q->least * scale };
    }
}

#define DEQUANTIZE(T, tf, wide, f)                                                                      \
    static void f##_slices_##tf(void *context, int64_t begin, int64_t end)                              \
    {                                                                                                   \
        const quantise *p = context;                                                                    \
        const quantum   q = quantum_of(SM_##wide);                                                      \
        for (int64_t r = begin; r < end; r++) {                                                         \
            const line l = dequantize_line(p, &q, p->low[r % p->slices], p->high[r % p->slices]);       \
            const T   *x = (const T *)p->in + r * p->inner;                                             \
            float     *y = (float *)p->out + r * p->inner;                                              \
            for (int64_t i = 0; i < p->inner; i++) y[i] = ((float)x[i] + l.shift) * l.scale + l.offset; \
        }                                                                                               \
    }                                                                                                   \
    static sm_status f##_##tf(call *c)                                                                  \
    {                                                                                                   \
        return quantise_run(c, f##_slices_##tf, false);                                                 \
    }

/* -- QuantizeV2 ---------------------------------------------------------------------------------------------------------------- */

/* Bounds with zero between them and some room. */
static void widen_bounds(const node *n, float *low, float *high)
{
    float most = fabsf(*low) > fabsf(*high) ? fabsf(*low) : fabsf(*high);
    float room = (most > 1 ? most : 1) * node_float(n, "ensure_minimum_range");
    float first = *low < 0 ? *low : 0, last = *high > first + room ? *high : first + room;
    *low = first;
    *high = last > 0 ? last : 0;
}

/* SCALED: the scale, and the bounds moved to what the integers reach. */
static float quantize_scale(const quantise *p, const quantum *q, float *low, float *high)
{
    float least = (float)(q->least + p->narrow), most = (float)q->most;
    float below = least * *low > 0 ? least / *low : FLT_MAX, above = most * *high > 0 ? most / *high : FLT_MAX;
    float scale = below < above ? below : above;
    *low = least / scale;
    *high = most / scale;
    return scale;
}

static float cut_to(float x, float low, float high)
{
    x = x > high ? high : x;
    return x < low ? low : x;
}

/* As C++ casts on x86: what does not fit gives the least integer. */
static int64_t whole(float x, const quantum *q)
{
    if (q->bits == 32 && !(x >= -2147483648.0F && x < 2147483648.0F)) return INT32_MIN;
    return x >= -9.2e18F && x <= 9.2e18F ? (int64_t)x : INT64_MIN;
}

/* The integer of x; low and high are the bounds in use. */
static int64_t quantize_one(const quantise *p, const quantum *q, float x, float low, float high, float scale)
{
    float steps, first;
    switch (p->mode) {
    case MIN_COMBINED:
        steps = (float)((double)q->most - (double)q->least) / (high - low);
        x = (cut_to(x, low, high) - low) * steps;
        return q->least < 0 ? whole(roundf(x - half_range(q)), q) : whole(x + 0.5F, q);
    case SCALED: x = cut_to(x, low, high) * scale; return whole(p->half_to_even ? rintf(x) : roundf(x), q);
    case MIN_FIRST:
    default:
        steps = low == high ? 0 : (float)((int64_t)1 << q->bits) / wider_range(q, low, high);
        first = roundf(low * steps);
        x = roundf(x * steps) - (first - (float)q->least);
        return whole(cut_to(x, (float)q->least, q->bits == 32 ? 2147483520.0F : (float)q->most), q);
    }
}

#define QUANTIZE(T, tf, wide, f)                                                                          \
    static void f##_slices_##tf(void *context, int64_t begin, int64_t end)                                \
    {                                                                                                     \
        const quantise *p = context;                                                                      \
        const quantum   q = quantum_of(SM_##wide);                                                        \
        for (int64_t r = begin; r < end; r++) {                                                           \
            float        low = p->low[r % p->slices], high = p->high[r % p->slices];                      \
            const float *x = (const float *)p->in + r * p->inner;                                         \
            const float  scale = p->mode == SCALED ? quantize_scale(p, &q, &low, &high) : 0;              \
            T           *y = (T *)p->out + r * p->inner;                                                  \
            for (int64_t i = 0; i < p->inner; i++) y[i] = (T)quantize_one(p, &q, x[i], low, high, scale); \
            if (r >= p->slices) continue;                                                                 \
            p->used_low[r] = low;                                                                         \
            p->used_high[r] = high;                                                                       \
        }                                                                                                 \
    }                                                                                                     \
    static sm_status f##_##tf(call *c)                                                                    \
    {                                                                                                     \
        return quantise_run(c, f##_slices_##tf, true);                                                    \
    }

/* -- Running --------------------------------------------------------------------------------------------------------------------- */

static quantize_mode mode_of(const node *n)
{
    slice mode = node_string(n, "mode");
    return slice_is(mode, "SCALED") ? SCALED : slice_is(mode, "MIN_FIRST") ? MIN_FIRST : MIN_COMBINED;
}

/* Bounds of QuantizeV2 in scratch, widened. */
static sm_status bounds_to_use(call *c, quantise *p)
{
    float *low = call_scratch(c, (size_t)p->slices * 2 * sizeof *low + 1), *high = low + p->slices;
    if (!low) return SM_RESOURCE_EXHAUSTED;
    for (int64_t k = 0; k < p->slices; k++) {
        low[k] = p->low[k];
        high[k] = p->high[k];
        if (high[k] < low[k])
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input_max_range must be larger than input_min_range.");
        widen_bounds(c->node, &low[k], &high[k]);
        p->used_low[k] = low[k];
        p->used_high[k] = high[k];
    }
    p->low = low;
    p->high = high;
    return SM_OK;
}

static sm_status quantise_run(call *c, pool_work *slices, bool to_integers)
{
    const shape *s = &c->in[0]->shape;
    int64_t      axis = node_int(c->node, "axis");
    quantise     p = { .mode = mode_of(c->node),
                       .outer = axis < 0 ? 1 : shape_count_range(s, 0, (int)axis),
                       .slices = axis < 0 ? 1 : s->dims[axis],
                       .inner = axis < 0 ? shape_count(s) : shape_count_range(s, (int)axis + 1, s->rank),
                       .in = c->in[0]->data,
                       .out = c->out[0]->data,
                       .low = c->in[1]->data,
                       .high = c->in[2]->data,
                       .narrow = node_bool(c->node, "narrow_range") };
    if (to_integers) {
        p.used_low = c->out[1]->data;
        p.used_high = c->out[2]->data;
        p.half_to_even = slice_is(node_string(c->node, "round_mode"), "HALF_TO_EVEN");
        TRY(bounds_to_use(c, &p));
    }
    call_for(c, p.outer * p.slices, 16384 / (p.inner + 1) + 1, slices, &p);
    return SM_OK;
}

#define QUANTISED(X, f)           \
    X(int8_t, qint8, QINT8, f)    \
    X(uint8_t, quint8, QUINT8, f) \
    X(int16_t, qint16, QINT16, f) X(uint16_t, quint16, QUINT16, f) X(int32_t, qint32, QINT32, f)
QUANTISED(DEQUANTIZE, dequantize)
QUANTISED(QUANTIZE, quantize)

#define DEQUANTIZE_ROW(T, tf, wide, f) { .types = "T: " #tf ", dtype: float", .run = f##_##tf, .widen = true },
#define QUANTIZE_ROW(T, tf, wide, f) { .types = "T: " #tf, .run = f##_##tf },
/* clang-format off */
static const kernel dequantize[] = { QUANTISED(DEQUANTIZE_ROW, dequantize) { 0 } };
static const kernel quantize[] = { QUANTISED(QUANTIZE_ROW, quantize) { 0 } };
/* clang-format on */

/* -- Shapes ---------------------------------------------------------------------------------------------------------------------- */

static sm_status infer_quantised(infer *c)
{
    static const char *const names[] = { "input_min_tensor", "input_max_tensor" };
    const shape             *x = &c->in[0];
    int64_t                  axis = node_int(c->node, "axis"), slices = 1;
    if (axis < -1) return INFER_FAIL(c, "axis should be at least -1, got %lld", (long long)axis);
    c->out[0] = *x;
    for (int i = 1; i < c->n_out; i++) c->out[i] = shape_unknown();
    if (x->rank < 0) return SM_OK;
    if (axis >= x->rank)
        return INFER_FAIL(c, "Axis must be less than input dimension(%d), got %lld", x->rank, (long long)axis);
    if (axis >= 0) slices = x->dims[axis];
    for (int i = 0; i < 2; i++) {
        int64_t n = shape_count(&c->in[i + 1]);
        if (n >= 0 && slices >= 0 && n != slices)
            return INFER_FAIL(c,
                              "%s must have as many elements as input on the dequantization axis (%lld), got %lld, "
                              "expected %lld",
                              names[i], (long long)axis, (long long)n, (long long)slices);
    }
    for (int i = 1; i < c->n_out; i++) c->out[i] = axis < 0 ? shape_scalar() : shape_vector(slices);
    return SM_OK;
}

static sm_status infer_dequantize(infer *c)
{
    if (mode_of(c->node) == MIN_FIRST && node_int(c->node, "axis") >= 0)
        return error_set(c->err, SM_UNIMPLEMENTED, "MIN_FIRST mode is not implemented for Dequantize with axis != -1.");
    return infer_quantised(c);
}

static sm_status infer_quantize(infer *c)
{
    if (mode_of(c->node) != SCALED && slice_is(node_string(c->node, "round_mode"), "HALF_TO_EVEN"))
        return INFER_FAIL(c, "Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED', but mode is '" SLICE_FMT "'.",
                          SLICE_ARG(node_string(c->node, "mode")));
    return infer_quantised(c);
}

/* -- The table -------------------------------------------------------------------------------------------------------------------- */

#define INTEGERS "T: {qint8, quint8, qint32, qint16, quint16}"
#define MODES "mode: {\"MIN_COMBINED\", \"MIN_FIRST\", \"SCALED\"} = \"MIN_COMBINED\""

const op_def quantize_ops[] = {
    { "QuantizeV2",
      "input:float min_range:float max_range:float -> output:T output_min:float output_max:float | " INTEGERS ", " MODES ", round_mode: {\"HALF_AWAY_FROM_ZERO\", \"HALF_TO_EVEN\"} = \"HALF_AWAY_FROM_ZERO\", narrow_range: bool = false, "
      "axis: int = -1, ensure_minimum_range: float = 0.01",
      infer_quantize, quantize, NULL, 0, "floats to integers over a range" },
    { "Dequantize",
      "input:T min_range:float max_range:float -> output:dtype | " INTEGERS ", " MODES
      ", narrow_range: bool = false, axis: int = -1, dtype: {bfloat16, float} = float",
      infer_dequantize, dequantize, NULL, 0, "integers over a range to floats" },
    { 0 },
};
