/* SPDX-License-Identifier: Apache-2.0 */
/* graph/memory.h - the account that tensor memory is taken from: a limit, what is in use, and recycled blocks.
 *
 * A runtime has one. It is counted, because a tensor that the user keeps may outlive the runtime it came from.
 * Freed blocks are kept per size class (up to a bound) and handed out again, so a warm call does no malloc. */
#ifndef GRAPH_MEMORY_H
#define GRAPH_MEMORY_H

#include "base/status.h"

typedef struct memory memory;

memory *memory_new(size_t max_bytes); /* 0: no limit; NULL: out of memory                */
memory *memory_ref(memory *m);
void    memory_unref(memory *m); /* NULL is fine                                    */
/* 64-byte aligned, not zeroed. RESOURCE_EXHAUSTED names the size and the limit. m NULL: no account. */
sm_status memory_take(memory *m, size_t size, void **out, sm_error *err) CHECKED;
void      memory_give(memory *m, void *block, size_t size);
/* Kept blocks go back to the system: after work that will not come again. */
void     memory_trim(memory *m);
size_t   memory_in_use(const memory *m);
size_t   memory_peak(const memory *m);
size_t   memory_limit(const memory *m);   /* SIZE_MAX when there is none                     */
uint64_t memory_mallocs(const memory *m); /* blocks that had to come from malloc, ever       */

#endif
