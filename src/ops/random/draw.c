/* SPDX-License-Identifier: Apache-2.0 */
/* ops/random/draw.c - what stateless and stateful random ops share. */
#include "ops/random/draw.h"

#include "ops/array/move.h"

static sm_status infer_shape_from(infer *c, int input)
{
    if (!c->value[input]) {
        if (c->in[input].rank == 1 && c->in[input].dims[0] >= 0 && c->in[input].dims[0] <= SHAPE_MAX_RANK)
            c->out[0] = shape_unknown_dims((int)c->in[input].dims[0]);
        return SM_OK;
    }
    TRY(move_dims(c->value[input], &c->out[0], c->err));
    for (int i = 0; i < c->out[0].rank; i++)
        if (c->out[0].dims[i] < 0) return INFER_FAIL(c, "Dimension %lld must be >= 0", (long long)c->out[0].dims[i]);
    return SM_OK;
}

sm_status infer_draw(infer *c)
{
    return infer_shape_from(c, 0);
}

sm_status infer_draw_third(infer *c)
{
    return infer_shape_from(c, 2);
}

sm_status draw_shape(call *c, int input)
{
    shape s;
    TRY(move_dims(c->in[input], &s, c->err));
    for (int i = 0; i < s.rank; i++)
        if (s.dims[i] < 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s.dims[i]);
    return move_output(c, 0, &s);
}

sm_status draw_check_algorithm(call *c, int64_t algorithm)
{
    if (algorithm == 1 || algorithm == 3) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Unsupported algorithm id: %lld", (long long)algorithm);
}

typedef struct drawing {
    philox              from;
    philox_distribution d;
    tensor             *out;
    int64_t             count;
    uint64_t            low, range;
} drawing;

static void draw_groups(void *context, int64_t begin, int64_t end)
{
    const drawing *w = context;
    philox_fill(w->from, w->d, w->out->dtype, begin, end, w->count, w->low, w->range, w->out->data);
}

sm_status draw_fill(call *c, philox from, philox_distribution d, int low, int high)
{
    drawing w = { from, d, c->out[0], (int64_t)tensor_count(c->out[0]), 0, 1 };
    int     group = philox_group(d, c->out[0]->dtype);
    if (low >= 0) {
        if (tensor_count(c->in[low]) != 1 || tensor_count(c->in[high]) != 1)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "minval and maxval must be scalars");
        int64_t a = tensor_int(c->in[low], 0), b = tensor_int(c->in[high], 0);
        bool    empty = dtype_is(c->in[low]->dtype, DTYPE_UNSIGNED) ? (uint64_t)a >= (uint64_t)b : a >= b;
        if (empty && w.count)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Need minval < maxval, got %lld >= %lld", (long long)a, (long long)b);
        w.low = (uint64_t)a;
        w.range = empty ? 1 : (uint64_t)b - (uint64_t)a;
    }
    call_for(c, (w.count + group - 1) / group, 1024, draw_groups, &w);
    return SM_OK;
}
