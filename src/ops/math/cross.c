/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/cross.c - Cross: the cross products of vectors of three elements.
 *
 * Tests: cross.test, beside this file. */
#include "ops/formula.h"

typedef struct vectors {
    const void *a, *b;
    void       *out;
} vectors;

#define CROSS_LOOP(T, tf, wide, ...)                                                     \
    static void cross_vectors_##tf(void *context, int64_t begin, int64_t end)            \
    {                                                                                    \
        const vectors *p = context;                                                      \
        for (int64_t i = begin; i < end; i++) {                                          \
            const T *a = (const T *)p->a + 3 * i, *b = (const T *)p->b + 3 * i;          \
            T       *out = (T *)p->out + 3 * i;                                          \
            for (int k = 0; k < 3; k++) {                                                \
                int next = (k + 1) % 3, last = (k + 2) % 3;                              \
                out[k] = (T)(a[next] * b[last] - a[last] * b[next]);                     \
            }                                                                            \
        }                                                                                \
    }                                                                                    \
    static sm_status cross_##tf(call *c)                                                 \
    {                                                                                    \
        vectors p = { c->in[0]->data, c->in[1]->data, c->out[0]->data };                 \
        call_for(c, (int64_t)tensor_count(c->out[0]) / 3, 4096, cross_vectors_##tf, &p); \
        return SM_OK;                                                                    \
    }
REAL(CROSS_LOOP, )
static const kernel cross[] = { RUN_ROWS(cross, REAL){ 0 } };

static sm_status infer_cross(infer *c)
{
    const shape *a = &c->in[0], *b = &c->in[1];
    if (a->rank >= 0 && b->rank >= 0 && !shape_merge(a, b, &c->out[0])) {
        str x, y;
        str_init(&x);
        str_init(&y);
        shape_print(&x, a);
        shape_print(&y, b);
        (void)INFER_FAIL(c, "Both inputs must be of same shape: %s vs. %s", str_text(&x), str_text(&y));
        str_clear(&x);
        str_clear(&y);
        return SM_INVALID_ARGUMENT;
    }
    if (a->rank < 0 || b->rank < 0) c->out[0] = a->rank < 0 ? *b : *a;
    const shape *s = &c->out[0];
    if (s->rank == 0) return INFER_FAIL(c, "Input must be at least 1D[]");
    if (s->rank > 0 && s->dims[s->rank - 1] >= 0 && s->dims[s->rank - 1] != 3)
        return error_set(c->err, SM_FAILED_PRECONDITION, "Cross-products are only defined for 3-element vectors.");
    return SM_OK;
}

const op_def cross_ops[] = {
    { "Cross", "a:T b:T -> product:T | T: real", infer_cross, cross, NULL, 0, "the cross products of vectors of three" },
    { 0 },
};
