/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/function.h - a compiled function: a plan, the last few layouts, and the values derived from variables.
 *
 *   graph (after passes) ──function_new──▶ plan ──function_run(shapes)──▶ layout ──▶ run
 *
 * A function belongs to one model (its environment) and may be run by many threads at once. */
#ifndef RUNTIME_FUNCTION_H
#define RUNTIME_FUNCTION_H

#include "base/folder.h"
#include "graph/op.h"
#include "runtime/runtime.h"

/* What the functions of one model share. Outlives them. */
typedef struct environment {
    sm_runtime *runtime;
    registry   *registry;        /* named resources                                            */
    const char *asset_directory; /* ops may read files below it ...                            */
    folder     *files;           /* ... which are assets/ of this; NULL: the file system's     */
    /* The compiled library function that a node refers to (borrowed: the model keeps it). */
    sm_status (*find_function)(void *context, const func_ref *ref, function **out, sm_error *err);
    void *context;
    bool  observable; /* compute every node at each call, so that an observer sees them all */
} environment;

/* Sees every node's outputs while a function runs; functions called by nodes included. The engine adds until when the
 * call may go on. */
typedef struct run_observer {
    sm_observer *see;      /* NULL: nobody looks                                         */
    sm_profiler *profile;  /* NULL: nobody measures                                      */
    void        *context;  /* of both                                                    */
    uint64_t     deadline; /* nanoseconds of the monotonic clock; 0: none                */
} run_observer;

/* Makes a plan of g, which is consumed (cleared) also on failure. name is copied. UNIMPLEMENTED names an op or a
 * dtype that is not built in, with its node. */
sm_status function_new(const environment *env, slice name, graph *g, function **out, sm_error *err) CHECKED;
void      function_free(function *f);

size_t function_input_count(const function *f);
size_t function_output_count(const function *f);
/* Runs f. in: borrowed, types checked. out[i]: NULL, or a tensor to write into when it fits and nobody else owns it (else it is released);
 * afterwards an owned counted tensor. On failure out is as it was. observer may be NULL. */
sm_status function_run(function *f, const tensor *const *in, size_t in_count, tensor **out, size_t out_count,
                       const run_observer *observer, sm_error *err) CHECKED;
/* Plans f for these inputs and tells how each node is computed; as sm_function_explain. */
sm_status function_explain(function *f, const tensor *const *in, size_t in_count, sm_plan_summary *summary,
                           sm_explainer *see, void *context, sm_error *err) CHECKED;

#endif
