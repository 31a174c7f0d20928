/* SPDX-License-Identifier: Apache-2.0 */
/* base/pool.h - the thread pool: the caller takes part, workers spin briefly and then sleep on a futex.
 *
 * Work is split by data, never by the number of threads: `grain` and `n` alone fix the pieces, so a result that
 * is computed per piece is the same for 1, 2 or 64 threads. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/status.h"

typedef struct pool pool;

/* threads counts the caller; 0: what the process may use (affinity and cgroup quota). */
sm_status pool_new(int threads, pool **out, sm_error *err) CHECKED;
void      pool_free(pool *p);
int       pool_threads(const pool *p); /* 1 for NULL */

/* Calls work(context, begin, end) for pieces [k*grain, min((k+1)*grain, n)) until all are done. Pieces run on any
 * thread in any order; several callers may use one pool at a time (each helps itself; nothing deadlocks, also when
 * called from inside a piece: then it runs inline). p may be NULL: everything runs here. */
typedef void pool_work(void *context, int64_t begin, int64_t end);

void pool_for(pool *p, int64_t n, int64_t grain, pool_work *work, void *context);

int pool_default_threads(void);

#endif
