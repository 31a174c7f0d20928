/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/plan.h - the engine's own types, private to this room.
 *
 *   plan     immutable: steps in order, split into a prologue (constants and variables only) and a body
 *   derived  what the prologue computed from which versions of which variables; immutable, counted
 *   layout   a plan for one set of input shapes: all shapes, chosen kernels, offsets in one block; immutable
 *   run      one execution: value headers, the block, scratch; reused by later calls with the same layout
 *
 * Values that the engine touches are numbered densely (`slot`): function inputs, then what the prologue hands to the
 * body (frontier), then what the body computes. */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include "runtime/function.h"

#include <pthread.h>

#define SLOT_NONE UINT32_MAX
#define STEP_MOST_KERNELS 8

typedef struct step {
    const node   *n;
    const kernel *kernels[STEP_MOST_KERNELS]; /* rows that fit the types and the machine, best first */
    void         *params[STEP_MOST_KERNELS];  /* what each row's prepare made                        */
    uint32_t      kernel_count;
    uint32_t     *in;      /* slots                                                    */
    uint32_t      out;     /* first slot of n->output_count consecutive ones           */
    uint32_t     *release; /* slots that nobody needs after this step; inputs go if given */
    uint32_t      release_count;
    uint32_t     *after; /* control inputs, as steps of the same list (dead tokens)  */
    uint32_t      after_count;
    function    **functions; /* that func attributes refer to, in order of attributes    */
    uint32_t      function_count;
    object       *state; /* call_state: guarded by the function's lock               */
} step;

typedef struct step_list {
    step     *steps;
    uint32_t  count;
    uint32_t  slot_count; /* slots of this list's own numbering                       */
    sm_dtype *dtypes;     /* of each slot                                             */
} step_list;

typedef struct plan {
    arena     arena;
    graph     graph;          /* what the steps point into                                */
    step_list prologue, body; /* each numbers its slots on its own                        */
    /* body slots: [0, inputs) function inputs; [inputs, inputs + frontier) derived; then body values */
    uint32_t  input_count, frontier_count;
    uint32_t *frontier; /* prologue slots of the frontier values                    */
    uint32_t *outputs;  /* body slots of the function's outputs                     */
    uint32_t  output_count;
    bool     *brought;  /* per body slot: its kernel hands it over (OP_GIVES)        */
    uint32_t *root;     /* body slot whose elements a slot shares through OP_VIEW   */
    uint32_t *last_use; /* last step that uses a slot's root; body.count: an output */
    uint32_t  most_inputs, most_outputs;
    bool      has_flow;   /* Switch and Merge: values may be dead                     */
    bool      has_writes; /* changes a variable or table                              */
} plan;

/* g is moved into the plan. */
sm_status plan_build(plan *p, const environment *env, graph *g, sm_error *err) CHECKED;
void      plan_clear(plan *p);

typedef struct derived {
    _Atomic uint32_t refs;
    arena            arena;
    uint32_t         count;      /* frontier values                                          */
    tensor         **values;     /* of them, owned                                           */
    uint32_t         read_count; /* steps of the prologue that read a variable               */
    variable       **variables;  /* what each of them reads (one reference)                  */
    uint64_t        *versions;   /* of it, when read                                         */
    size_t           words;      /* of a bit set over the reads                              */
    uint64_t        *depends;    /* one bit set per prologue slot: the reads it depends on   */
} derived;

typedef struct layout {
    _Atomic uint32_t refs;
    arena            arena;
    shape           *input_shapes;
    shape           *shapes;    /* of body slots; rank UNKNOWN_RANK: decided at run time    */
    tensor         **constants; /* values that follow from shapes (owned), else NULL        */
    size_t          *offsets;   /* in the workspace; OFFSET_NONE: allocated when it runs    */
    uint32_t        *bound;     /* output index that a slot is written to directly, or SLOT_NONE */
    uint8_t         *kernel;    /* chosen row of each step, or KERNEL_LATE                  */
    bool            *skip;      /* steps whose outputs are constants here                   */
    size_t           workspace;
    size_t           live; /* the most bytes of it that are in use at one step */
    struct run      *idle; /* runs waiting to be used again; guarded by the function   */
    struct layout   *next;
} layout;
#define OFFSET_NONE SIZE_MAX
#define KERNEL_LATE 255

typedef struct run {
    layout        *layout;
    derived       *derived;
    tensor        *headers; /* one per body slot                                        */
    const tensor **values;  /* what each body slot is now                               */
    bool          *dead;    /* per slot; only with has_flow                             */
    bool          *step_dead;
    void          *workspace;
    const tensor **in; /* arguments of the current step                            */
    tensor       **out;
    tensor       **results; /* the function's outputs while they are being made         */
    tensor       **given;   /* per input: the caller's tensor that may go, or NULL      */
    arena          scratch;
    struct run    *next;
} run;

struct function {
    const environment *env;
    char              *name;
    plan               plan;
    pthread_mutex_t    lock;
    derived           *derived; /* newest; guarded                                          */
    layout            *layouts; /* most recent first; guarded                               */
};
#define FUNCTION_MOST_LAYOUTS 4

/* What a call_ function finds behind call.engine. */
typedef struct engine {
    function           *f;
    step               *step;
    uint32_t            index; /* of the step in its list                                  */
    bool                in_body;
    run                *run; /* NULL in a prologue                                       */
    const run_observer *observer;
    int                 depth; /* of nested functions                                      */
    bool               *dead;  /* of the outputs; NULL: no flow                            */
    bool                spent; /* call_scratch or call_params failed                       */
} engine;
#define FUNCTION_MOST_DEPTH 64

/* Does output i of s get its memory from the kernel itself (a view, or a tensor that it hands over)? */
static inline bool step_brings(const step *s, uint32_t i)
{
    return (s->n->op->traits & OP_GIVES) || (i == 0 && (s->n->op->traits & OP_VIEW));
}

/* executor.c: one step, with its arguments and output headers in place. */
sm_status step_run(call *c, const kernel *k, void *params) CHECKED;
/* The same, with the clock when the call is profiled. */
sm_status step_run_watched(call *c, const kernel *k, void *params) CHECKED;
sm_status step_infer(const step *s, call *c, shape *out, const tensor *const *values, sm_error *err) CHECKED;
/* Why row k refuses these shapes, or NULL. */
const char *step_refusal(const step *s, uint32_t k, const call *c);
/* The first row that does not refuse them, else the last: its index. */
uint32_t  step_choose(const step *s, const call *c);
sm_status run_body(function *f, run *r, const run_observer *observer, int depth, sm_error *err) CHECKED;
/* given: NULL, or as call_run_given. */
sm_status function_run_nested(function *f, const tensor *const *in, tensor **given, size_t in_count, tensor **out,
                              size_t out_count, const run_observer *observer, int depth, sm_error *err) CHECKED;

/* profile.c: tells the profiler of the step that has just run. */
void profile_step(const call *c, uint64_t nanoseconds);

/* function.c: numbers and types of a call's tensors. */
sm_status function_check_inputs(const function *f, const tensor *const *in, size_t in_count, size_t out_count,
                                sm_error *err) CHECKED;

/* function.c: the monotonic clock, in nanoseconds. */
uint64_t clock_now(void);

/* derived.c: the newest derived values (one reference), made anew where variables have moved. f's lock is held. */
sm_status derived_update(function *f, const run_observer *observer, int depth, derived **out, sm_error *err) CHECKED;
void      derived_unref(derived *d);
bool      derived_constant(const function *f, const derived *d, uint32_t i); /* depends on no variable */

/* function.c: the derived values and the layout for these inputs, one reference each. f's lock is held. */
sm_status function_lay_out(function *f, const tensor *const *in, const run_observer *observer, int depth, derived **d,
                           layout **l, sm_error *err) CHECKED;

/* layout.c, workspace.c */
sm_status layout_build(function *f, const derived *d, const tensor *const *in, layout **out, sm_error *err) CHECKED;
void      layout_unref(const function *f, layout *l);
void      workspace_plan(const plan *p, layout *l);

/* run.c: a run of layout l, new or used before; back to the layout afterwards. */
sm_status run_take(function *f, layout *l, run **out, sm_error *err) CHECKED;
void      run_give_back(function *f, run *r);
void      run_free(const function *f, run *r);

#endif
