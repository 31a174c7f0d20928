/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/philox.h - the counter-based generator Philox 4x32-10 and the numbers that TensorFlow makes of its words.
 *
 * A draw depends on the key and the counter alone, so any element of a tensor can be computed on its own: element group g
 * is what comes after skipping g steps. Results do not depend on threads. */
#ifndef KERNELS_PHILOX_H
#define KERNELS_PHILOX_H

#include "base/dtype.h"

typedef struct philox {
    uint32_t counter[4]; /* least significant first */
    uint32_t key[2];
} philox;

void philox_next(philox *p, uint32_t out[4]); /* four words; the counter goes on by one */
void philox_skip(philox *p, uint64_t steps);
/* Key and counter from words; a stateless op's seed pair, scrambled. */
philox philox_make(uint64_t key, uint64_t low, uint64_t high);
philox philox_from_seed(uint64_t first, uint64_t second);

typedef enum philox_distribution {
    PHILOX_UNIFORM,
    PHILOX_NORMAL,
    PHILOX_TRUNCATED,
    PHILOX_INT,
    PHILOX_FULL_INT
} philox_distribution;

/* Elements that one group makes in type t; groups are the unit of work. */
int philox_group(philox_distribution d, sm_dtype t);
/* Elements [begin * group, ...) up to count of a tensor whose first group is at p. low and range: of PHILOX_INT. */
void philox_fill(philox p, philox_distribution d, sm_dtype t, int64_t begin, int64_t end, int64_t count, uint64_t low,
                 uint64_t range, void *out);

#endif
