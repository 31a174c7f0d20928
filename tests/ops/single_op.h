/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/single_op.h - one op, run once through the engine. */
#ifndef TESTS_OPS_SINGLE_OP_H
#define TESTS_OPS_SINGLE_OP_H

#include "line.h"
#include "runtime/function.h"

typedef struct bench { /* where ops are run                                  */
    sm_runtime *runtime;
    isa         isa; /* as the runtime's                                   */
    int         threads;
} bench;

sm_status bench_open(bench *b, isa isa, int threads, sm_error *err) CHECKED;
void      bench_close(bench *b);

/* How the inputs reach the node: as arguments of the function, as constants (the engine may then run the node when it is
 * compiled), or, input 0, as a fresh value that nobody else needs (the node may write over it). */
typedef enum feed { FEED_ARGUMENTS, FEED_CONSTANTS, FEED_FRESH } feed;

typedef struct result {
    tensor *out[LINE_MOST];
    size_t  count;
} result;

/* Runs the line's op on `in` (the line's inputs, or other types of them) `times` times; the last results are kept. */
sm_status run_line(const bench *b, const line *l, tensor *const *in, feed how, int times, result *out, sm_error *err) CHECKED;
void result_clear(result *r);

/* The line's node in a graph of its own, for looking at it (graph_clear when done). */
sm_status line_graph(const line *l, tensor *const *in, const bool *constant, graph *g, node_id *n, sm_error *err) CHECKED;

#endif
