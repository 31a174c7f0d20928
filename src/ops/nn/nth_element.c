/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/nth_element.c - NthElement: the n-th smallest of each row (the n-th
 * largest when `reverse`).
 *
 * A row is the last dim. Each is sorted in a copy; where NaN lands is not
 * defined, in TensorFlow neither.
 *
 * Tests: nth_element.test, beside this file. */
#include "ops/formula.h"

#include <stdlib.h>

typedef struct nth_element {
    int64_t columns, at;
    void   *rows, *out;
} nth_element;

#define NTH_ROWS(T, tf, wide, f)                                         \
    static int f##_order_##tf(const void *a, const void *b)              \
    {                                                                    \
        const T x = *(const T *)a, y = *(const T *)b;                    \
        return (x > y) - (x < y);                                        \
    }                                                                    \
    static void f##_rows_##tf(void *context, int64_t begin, int64_t end) \
    {                                                                    \
        const nth_element *p = context;                                  \
        for (int64_t r = begin; r < end; r++) {                          \
            T *row = (T *)p->rows + r * p->columns;                      \
            qsort(row, (size_t)p->columns, sizeof *row, f##_order_##tf); \
            ((T *)p->out)[r] = row[p->at];                               \
        }                                                                \
    }                                                                    \
    static sm_status f##_##tf(call *c)                                   \
    {                                                                    \
        return nth_run(c, f##_rows_##tf);                                \
    }

static sm_status nth_fits(int64_t n, int64_t columns, sm_error *err)
{
    if (n < 0) return FAIL(err, SM_INVALID_ARGUMENT, "n must be non-negative but is %lld", (long long)n);
    if (columns < 0 || n < columns) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "Input must have last dimension > n = %lld", (long long)n);
}

static sm_status nth_run(call *c, pool_work *rows)
{
    const shape *s = &c->in[0]->shape;
    nth_element  p = { .columns = s->dims[s->rank - 1], .at = tensor_int(c->in[1], 0), .out = c->out[0]->data };
    TRY(nth_fits(p.at, p.columns, c->err)); /* n may not have been known before */
    if (node_bool(c->node, "reverse")) p.at = p.columns - 1 - p.at;
    if (tensor_count(c->out[0]) == 0) return SM_OK;
    p.rows = call_scratch(c, tensor_bytes(c->in[0]));
    if (!p.rows) return SM_RESOURCE_EXHAUSTED;
    memcpy(p.rows, c->in[0]->data, tensor_bytes(c->in[0]));
    call_for(c, (int64_t)tensor_count(c->out[0]), 2048 / (p.columns + 1) + 1, rows, &p);
    return SM_OK;
}
REAL(NTH_ROWS, nth)
static const kernel nth_kernels[] = { RUN_ROWS(nth, REAL){ 0 } };

static sm_status infer_nth(infer *c)
{
    const shape *s = &c->in[0];
    int64_t      n;
    if (c->in[1].rank > 0) return INFER_FAIL(c, "N must be scalar but has rank %d", c->in[1].rank);
    if (s->rank == 0) return INFER_FAIL(c, "Input must be at least rank 1 but is rank 0");
    if (s->rank < 0) return SM_OK;
    c->out[0] = *s;
    c->out[0].rank--;
    return infer_int_value(c, 1, &n) ? nth_fits(n, s->dims[s->rank - 1], c->err) : SM_OK;
}

const op_def nth_element_ops[] = {
    { "NthElement", "input:T n:int32 -> values:T | reverse: bool = false, T: real", infer_nth, nth_kernels, NULL, 0,
      "the n-th smallest of each row" },
    { 0 },
};
