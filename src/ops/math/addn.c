/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/addn.c - AddN and AccumulateNV2: the sum of any number of tensors of one shape, in the order they are given; and
 * L2Loss, half the sum of a tensor's squares.
 *
 * half and bfloat16 are summed in float and rounded once at the end. L2Loss sums in double, in pieces that the size alone
 * determines.
 *
 * Tests: addn.test, beside this file. */
#include "ops/control/tensor_list_ops.h"
#include "ops/formula.h"

typedef struct sum_of {
    call *c;
} sum_of;

#define ADD_N_LOOP(T, tf, wide, f)                                                               \
    static void f##_piece_##tf(void *context, int64_t begin, int64_t end)                        \
    {                                                                                            \
        const call *c = ((sum_of *)context)->c;                                                  \
        T          *out = c->out[0]->data;                                                       \
        const T    *first = c->in[0]->data;                                                      \
        if (out != first) memcpy(out + begin, first + begin, (size_t)(end - begin) * sizeof(T)); \
        for (int k = 1; k < c->n_in; k++) {                                                      \
            const T *x = c->in[k]->data;                                                         \
            MAP_EACH for (int64_t i = begin; i < end; i++) out[i] = (T)(out[i] + x[i]);          \
        }                                                                                        \
    }                                                                                            \
    static sm_status f##_##tf(call *c)                                                           \
    {                                                                                            \
        return add_n_run(c, f##_piece_##tf);                                                     \
    }

static sm_status add_n_run(call *c, pool_work *work)
{
    sum_of s = { c };
    call_for(c, (int64_t)tensor_count(c->out[0]), 16384, work, &s);
    return SM_OK;
}
NUMERIC(ADD_N_LOOP, add_n)
static const kernel add_n[] = { RUN_ROWS(add_n, NUMERIC){ .types = "T: variant", .run = tensor_list_add_n }, { 0 } };

static sm_status infer_add_n(infer *c)
{
    c->out[0] = c->in[0];
    for (int i = 1; i < c->n_in; i++) {
        str a, b;
        if (shape_merge(&c->out[0], &c->in[i], &c->out[0])) continue;
        str_init(&a);
        str_init(&b);
        shape_print(&a, &c->in[0]);
        shape_print(&b, &c->in[i]);
        sm_status s = INFER_FAIL(c,
                                 "Inputs to operation " SLICE_FMT " of type %s must have the same size and shape.  "
                                 "Input 0: %s != input %d: %s",
                                 SLICE_ARG(c->node->name), c->node->op->name, str_text(&a), i, str_text(&b));
        str_clear(&a);
        str_clear(&b);
        return s;
    }
    return SM_OK;
}

/* -- L2Loss ---------------------------------------------------------------------------------------------------------- */

#define SQUARES_PIECE 8192

typedef struct squares {
    const void *x;
    double     *partial; /* one per piece */
} squares;

#define SQUARES_LOOP(T, tf, wide, f)                                              \
    static void f##_piece_##tf(void *context, int64_t begin, int64_t end)         \
    {                                                                             \
        const squares *p = context;                                               \
        const T       *v = p->x;                                                  \
        double         sum = 0;                                                   \
        for (int64_t i = begin; i < end; i++) sum += (double)v[i] * (double)v[i]; \
        p->partial[begin / SQUARES_PIECE] = sum;                                  \
    }                                                                             \
    static sm_status f##_##tf(call *c)                                            \
    {                                                                             \
        double sum;                                                               \
        TRY(sum_of_squares(c, f##_piece_##tf, &sum));                             \
        *(T *)c->out[0]->data = (T)(sum / 2);                                     \
        return SM_OK;                                                             \
    }

static sm_status sum_of_squares(call *c, pool_work *work, double *sum)
{
    int64_t n = (int64_t)tensor_count(c->in[0]), pieces = (n + SQUARES_PIECE - 1) / SQUARES_PIECE;
    squares p = { c->in[0]->data, call_scratch(c, (size_t)(pieces + 1) * sizeof(double)) };
    if (!p.partial) return SM_RESOURCE_EXHAUSTED;
    call_for(c, n, SQUARES_PIECE, work, &p);
    *sum = 0;
    for (int64_t i = 0; i < pieces; i++) *sum += p.partial[i];
    return SM_OK;
}
FLOATING(SQUARES_LOOP, l2_loss)
static const kernel l2_loss[] = { RUN_ROWS(l2_loss, FLOATING){ 0 } };

/* -- The table ------------------------------------------------------------------------------------------------------- */

const op_def addn_ops[] = {
    { "AddN", "inputs:N*T -> sum:T | N: int >= 1, T: numeric+variant", infer_add_n, add_n, NULL, 0, "the sum of all inputs" },
    { "AccumulateNV2", "inputs:N*T -> sum:T | N: int >= 1, T: numeric, shape: shape", infer_add_n, add_n, NULL, 0,
      "the sum of all inputs" },
    { "L2Loss", "t:T -> output:T | T: floating", infer_scalar, l2_loss, NULL, 0, "half the sum of squares" },
    { 0 },
};
