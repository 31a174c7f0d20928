/* SPDX-License-Identifier: Apache-2.0 */
/* ops/formula.c - the driver of all elementwise ops: it walks the output, the loops of formula.h compute runs of it.
 *
 * The output's dims are collapsed while every input either runs through both neighbours without a gap or is broadcast
 * over both: [8,32,32,16] + [16] has two dims left, [4,5] + [4,5] has one. The last dim is the loop's; the others are
 * counted like an odometer. Work is cut into pieces of GRAIN elements by the data alone, so that a result does not depend
 * on the number of threads. A widening loop runs on blocks of BLOCK elements in floats on the stack. */
#include "ops/formula.h"

#include <string.h>

#define GRAIN 16384
#define BLOCK 512

typedef struct operand {
    const char *data;
    size_t      size;                   /* bytes of an element                                  */
    sm_dtype    narrow;                 /* half or bfloat16 when the loop wants float, else 0   */
    int64_t     stride[SHAPE_MAX_RANK]; /* in elements; 0: broadcast                            */
} operand;

typedef struct map_walk {
    const call *c;
    void (*loop)(const map_args *);
    int         n_in, rank;
    int64_t     dims[SHAPE_MAX_RANK]; /* the output's, collapsed                              */
    operand     in[3], out;
    _Atomic int failed;
} map_walk;

static void operand_init(operand *o, const tensor *t, bool widen)
{
    o->data = t->data;
    o->size = dtype_size(t->dtype);
    o->narrow = widen && (t->dtype == SM_HALF || t->dtype == SM_BFLOAT16) ? t->dtype : SM_INVALID;
}

/* The strides of an input of shape s under the output's shape, right-aligned; false: they do not fit. */
static bool operand_strides(operand *o, const shape *s, const shape *out)
{
    int64_t step = 1;
    int     shift = out->rank - s->rank;
    if (shift < 0) return false;
    for (int d = out->rank - 1; d >= 0; d--) {
        int64_t dim = d < shift ? 1 : s->dims[d - shift];
        if (dim != 1 && dim != out->dims[d]) return false;
        o->stride[d] = dim == 1 ? 0 : step;
        step *= dim;
    }
    return true;
}

/* Joins neighbouring dims, outermost first, and drops those of size 1. */
static void walk_collapse(map_walk *w, const shape *out)
{
    int64_t stride[3][SHAPE_MAX_RANK];
    for (int i = 0; i < w->n_in; i++) memcpy(stride[i], w->in[i].stride, sizeof stride[i]);
    w->rank = 0;
    for (int d = 0; d < out->rank; d++) {
        if (out->dims[d] == 1) continue;
        bool join = w->rank > 0;
        for (int i = 0; join && i < w->n_in; i++) join = w->in[i].stride[w->rank - 1] == stride[i][d] * out->dims[d];
        if (join)
            w->dims[w->rank - 1] *= out->dims[d];
        else
            w->dims[w->rank++] = out->dims[d];
        for (int i = 0; i < w->n_in; i++) w->in[i].stride[w->rank - 1] = stride[i][d];
    }
    if (w->rank == 0) {
        w->dims[w->rank++] = 1;
        for (int i = 0; i < w->n_in; i++) w->in[i].stride[0] = 0;
    }
}

/* Computes a->n elements where some operands are narrow: block by block through floats. */
static void run_widened(const map_walk *w, const map_args *a)
{
    float    block[4][BLOCK];
    map_args b = *a;
    for (size_t at = 0; at < a->n; at += b.n) {
        b.n = a->n - at < BLOCK ? a->n - at : BLOCK;
        for (int i = 0; i < w->n_in; i++) {
            const char *x = (const char *)a->x[i] + at * a->step[i] * w->in[i].size;
            b.x[i] = x;
            if (!w->in[i].narrow) continue;
            narrow_to_float(w->in[i].narrow, (const uint16_t *)x, block[i], a->step[i] ? b.n : 1);
            b.x[i] = block[i];
        }
        char *out = (char *)a->out + at * w->out.size;
        b.out = w->out.narrow ? (void *)block[3] : out;
        w->loop(&b);
        if (w->out.narrow) float_to_narrow(w->out.narrow, block[3], (uint16_t *)out, b.n);
    }
}

static void run_piece(void *context, int64_t begin, int64_t end)
{
    map_walk *w = context;
    int       last = w->rank - 1;
    int64_t   inner = w->dims[last], index[SHAPE_MAX_RANK], row = begin / inner, column = begin % inner;
    bool      narrow = w->out.narrow != SM_INVALID;
    for (int d = last - 1; d >= 0; d--) {
        index[d] = row % w->dims[d];
        row /= w->dims[d];
    }
    for (int i = 0; i < w->n_in; i++) narrow |= w->in[i].narrow != SM_INVALID;
    while (begin < end) {
        int64_t  n = inner - column < end - begin ? inner - column : end - begin;
        map_args a = { .n = (size_t)n, .params = w->c->params, .node = w->c->node, .failed = &w->failed };
        for (int i = 0; i < w->n_in; i++) {
            int64_t at = column * w->in[i].stride[last];
            for (int d = 0; d < last; d++) at += index[d] * w->in[i].stride[d];
            a.x[i] = w->in[i].data + (size_t)at * w->in[i].size;
            a.step[i] = w->in[i].stride[last] != 0;
        }
        a.out = (char *)w->c->out[0]->data + (size_t)begin * w->out.size;
        if (narrow)
            run_widened(w, &a);
        else
            w->loop(&a);
        begin += n;
        column = 0;
        for (int d = last - 1; d >= 0 && ++index[d] == w->dims[d]; d--) index[d] = 0;
    }
}

static sm_status map_failure(call *c, int why)
{
    switch (why) {
    case MAP_OK: return SM_OK;
    case MAP_DIVISION_BY_ZERO: return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Integer division by zero");
    case MAP_NEGATIVE_POWER:
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Integers to negative integer powers are not allowed");
    case MAP_OUT_OF_MEMORY: return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for strings");
    default: return CALL_FAIL(c, SM_INTERNAL, "an elementwise loop failed");
    }
}

sm_status map_apply(call *c, void (*loop)(const map_args *), bool widen, const shape *shapes)
{
    map_walk     w = { .c = c, .loop = loop, .n_in = c->n_in };
    const shape *out = &c->out[0]->shape;
    int64_t      n = (int64_t)tensor_count(c->out[0]);
    if (c->n_in < 1 || c->n_in > 3) return CALL_FAIL(c, SM_INTERNAL, "an elementwise op of %d inputs", c->n_in);
    operand_init(&w.out, c->out[0], widen);
    for (int i = 0; i < c->n_in; i++) {
        operand_init(&w.in[i], c->in[i], widen);
        if (!operand_strides(&w.in[i], &shapes[i], out))
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input %d does not broadcast to the output's shape", i);
    }
    if (n == 0) return SM_OK;
    walk_collapse(&w, out);
    if (n <= GRAIN)
        run_piece(&w, 0, n);
    else
        call_for(c, n, GRAIN, run_piece, &w);
    return map_failure(c, atomic_load_explicit(&w.failed, memory_order_relaxed));
}

sm_status map_run(call *c)
{
    shape shapes[3];
    for (int i = 0; i < c->n_in && i < 3; i++) shapes[i] = c->in[i]->shape;
    return map_apply(c, c->kernel->map, c->kernel->widen, shapes);
}
