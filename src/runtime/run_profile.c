/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/run_profile.c - what a profiler is told of a step: facts that the call has at hand, looked up only when asked.
 *
 * Times are of the kernel alone: the engine's own work between two steps (headers, memory of values that have no place in
 * the block) shows as the difference between the time of a call and the sum of its steps. */
#include "runtime/plan.h"

static double bytes_of(const tensor *t)
{
    return t ? (double)tensor_count(t) * (double)dtype_size(t->dtype) : 0;
}

void profile_step(const call *c, uint64_t nanoseconds)
{
    const engine       *e = c->engine;
    const run_observer *o = e->observer;
    const char         *name = arena_strdup(c->scratch, c->node->name);
    const tensor       *out = c->n_out ? c->out[0] : NULL;
    sm_step             s = { .function = e->f->name,
                              .node = name ? name : "",
                              .op = c->node->op->name,
                              .kernel = c->kernel->name ? c->kernel->name : "portable",
                              .prologue = !e->in_body,
                              .depth = e->depth,
                              .nanoseconds = nanoseconds,
                              .flops = op_flops(c) };
    if (out) {
        s.dtype = out->dtype;
        s.rank = out->shape.rank;
        s.dims = out->shape.dims;
    }
    for (int i = 0; i < c->n_in; i++) s.bytes += bytes_of(c->in[i]);
    for (int i = 0; i < c->n_out; i++) s.bytes += bytes_of(c->out[i]);
    o->profile(o->context, &s);
}
