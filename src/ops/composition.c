/* SPDX-License-Identifier: Apache-2.0 */
/* ops/composition.c - reads compositions and runs them.
 *
 * Results between steps live in buffers of a block each on the stack; a buffer is used again when nobody reads its result
 * any more. A vector along the last dimension is repeated once per call until every block of it lies in one piece. */
#include "ops/composition.h"

#include <stdatomic.h>

#define BLOCK 512
#define BUFFERS COMPOSITION_STEPS

/* -- Reading ---------------------------------------------------------------------------------------------------------- */

/* Reads step s: values[] says where each number so far is found (an operand, or a buffer). */
static sm_status read_step(composition *p, int s, slice name, const int64_t *in, const int *values, int value_count,
                           isa most, sm_error *err)
{
    composition_step *step = &p->step[s];
    bool              leaky = slice_is(name, "LeakyRelu");
    const op_def     *op = op_find(leaky ? SLICE("_Prelu") : name);
    const kernel     *k = op ? op_float_map(op, most, &step->n_in) : NULL;
    if (!k) return FAIL(err, SM_UNIMPLEMENTED, "Fusion is not implemented: '" SLICE_FMT "'", SLICE_ARG(name));
    step->map = k->map;
    for (int i = 0; i < 3; i++) {
        bool read = i < step->n_in - leaky;
        if (read != (in[i] >= 0) || in[i] >= value_count)
            return FAIL(err, SM_INVALID_ARGUMENT, "step %d (" SLICE_FMT ") reads the wrong values", s, SLICE_ARG(name));
        step->in[i] = read ? values[in[i]] : COMPOSITION_ALPHA;
    }
    return SM_OK;
}

/* The last step that reads each of the values; numbers that name none are refused later. */
static void find_last_uses(const attr *operands, int64_t value_count, int *last_use)
{
    for (size_t i = 0; i < operands->count; i++)
        if (operands->v.ints[i] >= 0 && operands->v.ints[i] < value_count) last_use[operands->v.ints[i]] = (int)(i / 3);
}

sm_status composition_read(composition *p, const attr *ops, size_t from, const attr *operands, int operand_count,
                           float alpha, isa most, sm_error *err)
{
    size_t count = ops->count - from, given = operands ? operands->count : 0;
    int    values[1 + COMPOSITION_OPERANDS + COMPOSITION_STEPS], n = 0;
    int    last_use[1 + COMPOSITION_OPERANDS + COMPOSITION_STEPS];
    bool   busy[BUFFERS] = { false };
    if (count > COMPOSITION_STEPS || operand_count < 0 || operand_count > COMPOSITION_OPERANDS)
        return FAIL(err, SM_UNIMPLEMENTED, "a composition of %zu steps and %d operands", count, operand_count);
    if (given ? given != 3 * count : operand_count != 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "%zu steps with %zu numbers of operands", count, given);
    *p = (composition){ .steps = (int)count, .operands = operand_count, .alpha = alpha };
    for (; n <= operand_count; n++) values[n] = n;
    memset(last_use, -1, sizeof last_use);
    if (given) find_last_uses(operands, operand_count + 1 + (int64_t)count, last_use);
    for (int s = 0; s < p->steps; s++, n++) {
        const int64_t chain[3] = { s ? n - 1 : 0, -1, -1 }, *in = given ? operands->v.ints + 3 * s : chain;
        TRY(read_step(p, s, ops->v.strings[from + (size_t)s], in, values, n, most, err));
        for (int i = 0; i < 3; i++) /* what dies here gives its buffer to the result */
            if (in[i] > operand_count && (!given || last_use[in[i]] == s))
                busy[values[in[i]] - COMPOSITION_BUFFER] = false;
        int b = 0;
        while (busy[b]) b++;
        busy[b] = true;
        p->step[s].out = s + 1 < p->steps ? b : -1;
        values[n] = COMPOSITION_BUFFER + b;
    }
    return SM_OK;
}

/* -- Running ------------------------------------------------------------------------------------------------------------ */

bool composition_takes(const shape *x, const shape *s)
{
    if (shape_eq(x, s)) return true;
    if (s->rank > x->rank) return false;
    return shape_count(s) == 1 ||
           (s->rank > 0 && s->dims[s->rank - 1] == x->dims[x->rank - 1] && shape_count(s) == s->dims[s->rank - 1]);
}

bool composition_bind(composition_call *b, call *c, const composition *p, const tensor *const *operands)
{
    const shape *out = &c->out[0]->shape;
    *b = (composition_call){ .p = p, .out = c->out[0]->data };
    for (int i = 0; i < p->operands; i++) {
        const tensor        *t = operands[i];
        composition_operand *o = &b->operand[i];
        int64_t              n = (int64_t)tensor_count(t);
        *o = (composition_operand){ t->data, shape_eq(&t->shape, out) ? -1 : n == 1 ? 0 : n };
        if (o->period <= 0) continue;
        float *tile = call_scratch(c, (size_t)(n + BLOCK) * sizeof *tile);
        if (!tile) return false;
        memcpy(tile, t->data, (size_t)n * sizeof *tile);
        for (int64_t j = 0; j < BLOCK; j++) tile[n + j] = tile[j];
        o->data = tile;
    }
    return true;
}

typedef struct block {
    const float *x;
    float       *y;
    const float *operand[COMPOSITION_OPERANDS]; /* of its first element */
    float (*buffer)[BLOCK];
} block;

static void run_block(const composition_call *b, const block *k, size_t n)
{
    const composition *p = b->p;
    _Atomic int        failed = 0; /* no loop of floats does */
    for (int s = 0; s < p->steps; s++) {
        const composition_step *step = &p->step[s];
        map_args                a = { .n = n, .failed = &failed };
        for (int i = 0; i < step->n_in; i++) {
            int in = step->in[i];
            a.step[i] = in != COMPOSITION_ALPHA && (in < 1 || in >= COMPOSITION_BUFFER || b->operand[in - 1].period);
            a.x[i] = in == COMPOSITION_ALPHA    ? &p->alpha
                     : in == 0                  ? k->x
                     : in >= COMPOSITION_BUFFER ? k->buffer[in - COMPOSITION_BUFFER]
                                                : k->operand[in - 1];
        }
        a.out = step->out < 0 ? k->y : k->buffer[step->out];
        step->map(&a);
    }
}

void composition_run(const composition_call *b, const float *x, float *y, int64_t at, int64_t n)
{
    float   blocks[BUFFERS][BLOCK];
    int64_t phase[COMPOSITION_OPERANDS];
    for (int i = 0; i < b->p->operands; i++) phase[i] = b->operand[i].period > 0 ? at % b->operand[i].period : 0;
    for (int64_t done = 0; done < n; done += BLOCK) {
        int64_t m = n - done < BLOCK ? n - done : BLOCK;
        block   k = { .x = x + done, .y = y + done, .buffer = blocks };
        for (int i = 0; i < b->p->operands; i++) {
            const composition_operand *o = &b->operand[i];
            k.operand[i] = o->period < 0 ? o->data + at + done : o->data + phase[i];
            if (o->period > 0) phase[i] = (phase[i] + m) % o->period;
        }
        run_block(b, &k, (size_t)m);
    }
}

void composition_finish(const void *b, float *y, int64_t n)
{
    composition_run(b, y, y, y - ((const composition_call *)b)->out, n);
}
