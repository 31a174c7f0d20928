/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak.h - how many float operations the machine can do: what the time of a kernel is held against. */
#ifndef KERNELS_PEAK_H
#define KERNELS_PEAK_H

#include "base/cpu.h"
#include "base/pool.h"

enum { PEAK_CHAINS = 12 }; /* independent sums: more than latency times throughput of any processor known to us */

/* `rounds` times PEAK_CHAINS vector multiply-adds in registers; the result is of no use. */
typedef float peak_loop(int64_t rounds);

float peak_base(int64_t rounds); /* 4 floats in a vector, a multiplication and an addition */
float peak_avx2(int64_t rounds);
float peak_avx512(int64_t rounds);

/* Operations per second (a multiply-add is two) with the vectors of instruction set i on all threads of p: the best of
 * a few tries of some milliseconds, counted in processor time, so that other programs disturb it little. */
double peak_measure(isa i, pool *p);

#endif
