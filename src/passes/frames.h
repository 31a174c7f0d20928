/* SPDX-License-Identifier: Apache-2.0 */
/* passes/frames.h - the while loops of TensorFlow 1 in a graph: which nodes run in which loop ("frame"). */
#ifndef PASSES_FRAMES_H
#define PASSES_FRAMES_H

#include "passes/passes_int.h"

/* What a node does for the loop that it is in; a reference's op (RefEnter ...) has the role of the plain one. */
typedef enum flow_role { ROLE_NONE, ROLE_ENTER, ROLE_EXIT, ROLE_NEXT, ROLE_COND, ROLE_SWITCH, ROLE_MERGE } flow_role;

flow_role frame_role(const node *n);

typedef struct frame {
    slice    name;
    uint32_t parent, top;  /* the frame around it (0: the graph itself), and the outermost that it is in (itself) */
    uint32_t first, count; /* of an outermost frame: its nodes, those of frames in it included, in frames.members */
} frame;

typedef struct frames {
    frame    *all; /* all[0] is the graph itself                              */
    size_t    count, capacity;
    uint32_t *of;      /* per node: the frame that it runs in (an Enter: the one that it enters) */
    node_id  *members; /* nodes of outermost frames, in an order in which they could run */
} frames;

/* Is there anything to do? */
bool frames_any(const graph *g);
/* INVALID_ARGUMENT, in TensorFlow's words, when a node has inputs from different frames, and when something inside a frame is an
 * output or a target. All memory lives in a. */
sm_status frames_find(frames *f, const graph *g, arena *a, const node_id *order, size_t order_count, sm_error *err) CHECKED;

#endif
