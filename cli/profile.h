/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - where the time of a signature's calls goes: collected by an sm_profiler, shown as a table or as JSON. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include <savedmodel.h>

#include "textbuf.h"

/* A node, or in a sum by op all nodes of one. What runs many times in a call (in a loop) is one entry. */
typedef struct profile_entry {
    const char *function, *node, *op, *kernel;
    sm_dtype    dtype;
    int         rank;
    int64_t    *dims;
    int         depth;
    size_t      nodes, runs;  /* in one call                                      */
    double     *us;           /* of each call, without the functions that it called */
    double      flops, bytes; /* of one call                                      */
    double      median_us;
} profile_entry;

typedef struct profile {
    const char    *signature;
    size_t         calls, call; /* to be collected; the current one                          */
    profile_entry *entries;     /* in the order in which they first ran                      */
    size_t         count, room, cursor;
    double        *nested_us; /* by depth: of what ran since the last node one level up    */
    size_t         prologue_nodes;
    double         prologue_us;
    double         first_us; /* the first call, before anything was planned               */
    double         plain_us; /* median of calls that were not profiled                    */
    double         call_us;  /* median of those that were                                 */
    double         total_us; /* sum of all medians                                        */
    double         peak;     /* of the machine, operations per second                     */
} profile;

typedef enum profile_order { PROFILE_BY_TIME, PROFILE_BY_ORDER, PROFILE_BY_OP } profile_order;

void profile_init(profile *p, size_t calls);
/* An sm_profiler; context is the profile. Nodes of the prologue are counted and not kept. */
void profile_see(void *context, const sm_step *s);
void profile_next_call(profile *p);
/* The medians; sorts. */
void profile_finish(profile *p, profile_order order);
/* The largest `most` entries (0: all), then a sum for each op. */
void  profile_text(textbuf *b, const profile *p, profile_order order, size_t most, size_t width);
char *profile_json(const profile *p); /* kept; NULL: built without JSON */

#endif
