/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/addn.c - AddN and AccumulateNV2: the sum of any number of tensors of one shape, in the order they are given.
 *
 * half and bfloat16 are summed in float and rounded once at the end.
 *
 * Tests: addn.test, beside this file. */
#include "ops/formula.h"

typedef struct sum_of {
    call *c;
} sum_of;

#define ADD_N_LOOP(T, tf, wide, f)                                                                           \
    static void f##_piece_##tf(void *context, int64_t begin, int64_t end)                                    \
    {                                                                                                        \
        const call *c = ((sum_of *)context)->c;                                                              \
        T          *out = c->out[0]->data;                                                                   \
        const T    *first = c->in[0]->data;                                                                  \
        if (out != first) memcpy(out + begin, first + begin, (size_t)(end - begin) * sizeof(T));             \
        for (int k = 1; k < c->n_in; k++) {                                                                  \
            const T *x = c->in[k]->data;                                                                     \
            MAP_EACH for (int64_t i = begin; i < end; i++) out[i] = (T)(out[i] + x[i]);                      \
        }                                                                                                    \
    }                                                                                                        \
    static sm_status f##_##tf(call *c) { return add_n_run(c, f##_piece_##tf); }

static sm_status add_n_run(call *c, pool_work *work)
{
    sum_of s = { c };
    call_for(c, (int64_t)tensor_count(c->out[0]), 16384, work, &s);
    return SM_OK;
}
NUMERIC(ADD_N_LOOP, add_n)
static const kernel add_n[] = { RUN_ROWS(add_n, NUMERIC) { 0 } };

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
        sm_status s = INFER_FAIL(c, "Inputs to operation " SLICE_FMT " of type %s must have the same size and shape.  "
                                    "Input 0: %s != input %d: %s",
                                 SLICE_ARG(c->node->name), c->node->op->name, str_text(&a), i, str_text(&b));
        str_clear(&a);
        str_clear(&b);
        return s;
    }
    return SM_OK;
}

const op_def addn_ops[] = {
    { "AddN", "inputs:N*T -> sum:T | N: int >= 1, T: numeric+variant", infer_add_n, add_n, NULL, 0, "the sum of all inputs" },
    { "AccumulateNV2", "inputs:N*T -> sum:T | N: int >= 1, T: numeric, shape: shape", infer_add_n, add_n, NULL, 0,
      "the sum of all inputs" },
    { 0 },
};
