/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/scan.c - running sums and products along one axis: Cumsum, Cumprod, CumulativeLogsumexp.
 *
 * `reverse` walks from the end, `exclusive` writes the sum before it takes the element. Each line along the axis is one
 * walk, so its rounding does not depend on threads.
 *
 * Tests: scan.test, beside this file. */
#include "ops/formula.h"

typedef struct scan {
    const void *in;
    void       *out;
    int64_t     n, inner;
    bool        reverse, exclusive;
} scan;

/* log(exp(a) + exp(b)) without overflow. */
static double log_add(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;
    if (low == -INFINITY || high == INFINITY) return a != a ? a : b != b ? b : high;
    return high + log1p(exp(low - high));
}

/* Lines [begin, end): s is the running value of type A (T_: the element's own), x the element. */
#define SCAN_LOOP(T, tf, wide, f, A, none, take)                                          \
    static void f##_lines_##tf(void *context, int64_t begin, int64_t end)                 \
    {                                                                                     \
        typedef T T_;                                                                     \
        (void)sizeof(T_);                                                                 \
        const scan *p = context;                                                          \
        for (int64_t l = begin; l < end; l++) {                                           \
            int64_t  at = l / p->inner * p->n * p->inner + l % p->inner, step = p->inner; \
            const T *in = (const T *)p->in + at;                                          \
            T       *out = (T *)p->out + at;                                              \
            A        s = none;                                                            \
            for (int64_t k = 0; k < p->n; k++) {                                          \
                int64_t i = (p->reverse ? p->n - 1 - k : k) * step;                       \
                const T x = in[i];                                                        \
                if (p->exclusive) out[i] = (T)s;                                          \
                s = (A)(take);                                                            \
                if (!p->exclusive) out[i] = (T)s;                                         \
            }                                                                             \
        }                                                                                 \
    }                                                                                     \
    static sm_status f##_##tf(call *c)                                                    \
    {                                                                                     \
        return scan_run(c, f##_lines_##tf);                                               \
    }

static sm_status scan_run(call *c, pool_work *work)
{
    const shape *s = &c->in[0]->shape;
    int64_t      d = tensor_int(c->in[1], 0);
    if (d < -s->rank || d >= s->rank)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "ScanOp: Expected scan axis in the range [%d, %d), but got %lld",
                         -s->rank, s->rank, (long long)d);
    if (d < 0) d += s->rank;
    scan p = { .in = c->in[0]->data,
               .out = c->out[0]->data,
               .n = s->dims[d],
               .inner = shape_count_range(s, (int)d + 1, s->rank),
               .reverse = node_bool(c->node, "reverse"),
               .exclusive = node_bool(c->node, "exclusive") };
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    call_for(c, (int64_t)tensor_count(c->out[0]) / p.n, 16384 / (p.n + 1) + 1, work, &p);
    return SM_OK;
}

NUMERIC(SCAN_LOOP, cumsum, T_, 0, s + x)
NUMERIC(SCAN_LOOP, cumprod, T_, 1, s *x)
FLOATING(SCAN_LOOP, cumulative_logsumexp, double, -INFINITY, log_add(s, (double)x))
static const kernel cumsum[] = { RUN_ROWS(cumsum, NUMERIC){ 0 } };
static const kernel cumprod[] = { RUN_ROWS(cumprod, NUMERIC){ 0 } };
static const kernel cumulative_logsumexp[] = { RUN_ROWS(cumulative_logsumexp, FLOATING){ 0 } };

static sm_status infer_scan(infer *c)
{
    int64_t      d;
    const shape *s = &c->in[0];
    if (c->in[1].rank > 0) {
        str text;
        str_init(&text);
        shape_print(&text, &c->in[1]);
        sm_status status = INFER_FAIL(c, "ScanOp: axis must be a scalar, not %s", str_text(&text));
        str_clear(&text);
        return status;
    }
    if (s->rank >= 0 && infer_int_value(c, 1, &d) && (d < -s->rank || d >= s->rank))
        return INFER_FAIL(c, "ScanOp: Expected scan axis in the range [%d, %d), but got %lld", -s->rank, s->rank,
                          (long long)d);
    return infer_same(c);
}

#define SCAN(type) \
    "x:T axis:Tidx -> out:T | exclusive: bool = false, reverse: bool = false, T: " type ", Tidx: index = int32"

const op_def scan_ops[] = {
    { "Cumsum", SCAN("numeric"), infer_scan, cumsum, NULL, OP_INPLACE, "running sums along an axis" },
    { "Cumprod", SCAN("numeric"), infer_scan, cumprod, NULL, OP_INPLACE, "running products along an axis" },
    { "CumulativeLogsumexp", SCAN("floating"), infer_scan, cumulative_logsumexp, NULL, OP_INPLACE,
      "running log(sum(exp(x))) along an axis" },
    { 0 },
};
