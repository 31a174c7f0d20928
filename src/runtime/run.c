/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/run.c - one execution's memory: made once for a layout, used again by later calls.
 *
 * Headers of placed slots point into the block for good; everything else in a header lives for one call. */
#include "runtime/plan.h"

#include "base/heap.h"

static void *new_array(size_t count, size_t size)
{
    return heap_zero((count + 1) * size);
}

static sm_status run_allocate(function *f, layout *l, run *r, sm_error *err)
{
    const plan *p = &f->plan;
    uint32_t    slots = p->body.slot_count;
    r->headers = new_array(slots, sizeof *r->headers);
    r->values = new_array(slots, sizeof *r->values);
    r->in = new_array(p->most_inputs, sizeof *r->in);
    r->out = new_array(p->most_outputs, sizeof *r->out);
    r->results = new_array(p->output_count, sizeof *r->results);
    r->dead = new_array(p->has_flow ? slots : 0, sizeof *r->dead);
    r->step_dead = new_array(p->has_flow ? p->body.count : 0, sizeof *r->step_dead);
    if (!r->headers || !r->values || !r->in || !r->out || !r->results || !r->dead || !r->step_dead)
        return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    if (l->workspace) TRY(memory_take(f->env->runtime->memory, l->workspace, &r->workspace, err));
    for (uint32_t i = 0; i < slots; i++) {
        tensor_init(&r->headers[i], p->body.dtypes[i]);
        r->values[i] = l->constants[i] ? l->constants[i] : &r->headers[i];
        if (l->offsets[i] == OFFSET_NONE) continue;
        r->headers[i].shape = l->shapes[i];
        r->headers[i].data = (char *)r->workspace + l->offsets[i];
    }
    return SM_OK;
}

void run_free(const function *f, run *r)
{
    for (uint32_t i = 0; r->headers && i < f->plan.body.slot_count; i++) tensor_drop(&r->headers[i]);
    if (r->workspace) memory_give(f->env->runtime->memory, r->workspace, r->layout->workspace);
    arena_clear(&r->scratch);
    heap_free(r->headers);
    heap_free(r->values);
    heap_free(r->in);
    heap_free(r->out);
    heap_free(r->results);
    heap_free(r->dead);
    heap_free(r->step_dead);
    heap_free(r);
}

sm_status run_take(function *f, layout *l, run **out, sm_error *err)
{
    run *r = l->idle;
    if (r) {
        l->idle = r->next;
    } else {
        r = heap_zero(sizeof *r);
        if (!r) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
        r->layout = l;
        arena_init(&r->scratch, 0);
        sm_status s = run_allocate(f, l, r, err);
        if (s != SM_OK) {
            run_free(f, r);
            return s;
        }
    }
    l->refs++;
    *out = r;
    return SM_OK;
}

/* Drops what belonged to the call; f's lock is held. */
void run_give_back(function *f, run *r)
{
    const plan *p = &f->plan;
    layout     *l = r->layout;
    for (uint32_t i = p->input_count + p->frontier_count; i < p->body.slot_count; i++)
        if (l->offsets[i] == OFFSET_NONE) tensor_drop(&r->headers[i]);
    arena_reset(&r->scratch);
    r->next = l->idle;
    l->idle = r;
    layout_unref(f, l);
}
