/* SPDX-License-Identifier: Apache-2.0 */
/* mersenne.h - numpy's legacy random numbers: np.random.RandomState(seed), np.random.seed(seed).
 *
 * MT19937 with numpy's way of making doubles, normal and bounded numbers from its output, so that a
 * seed gives the values that numpy gives. */
#ifndef CLI_MERSENNE_H
#define CLI_MERSENNE_H

#include <stdint.h>

typedef struct mersenne {
    uint32_t key[624];
    int      at;
    int      has_normal;
    double   normal; /* the second of a pair of normal numbers */
    uint32_t spare;  /* bits left over by 1, 8 and 16 bit draws */
    int      spares;
} mersenne;

void   mersenne_seed(mersenne *m, uint32_t seed);
double mersenne_uniform(mersenne *m); /* [0, 1), 53 bits */
double mersenne_normal(mersenne *m);
/* Uniform in [0, most]; bits is the width of the type asked for: 1, 8, 16, 32 or 64. */
uint64_t mersenne_bounded(mersenne *m, uint64_t most, int bits);

#endif
