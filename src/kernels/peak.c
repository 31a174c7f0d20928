/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak.c - measures the machine's float operations per second. */
#include "kernels/peak.h"

#include <stdatomic.h>
#include <time.h>

#define ROUNDS 400000 /* of one piece: a few milliseconds */
#define TRIES 5

static const struct {
    peak_loop *loop;
    int        width; /* floats in a vector */
} loops[ISA_COUNT] = {
    { peak_base, 4 },
    { peak_base, 4 },
#if defined(__x86_64__)
    { peak_avx2, 8 },
    { peak_avx512, 16 },
#endif
};

typedef struct trial {
    peak_loop       *loop;
    double           operations; /* of one piece                */
    _Atomic uint64_t rate;       /* all pieces together, per second */
    _Atomic int      sink;       /* keeps the compiler from dropping the loop */
} trial;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_trial(void *context, int64_t begin, int64_t end)
{
    trial *t = context;
    for (int64_t i = begin; i < end; i++) {
        double start = cpu_seconds();
        float  x = t->loop(ROUNDS);
        double seconds = cpu_seconds() - start;
        t->sink = x > 0;
        if (seconds > 0) t->rate += (uint64_t)(t->operations / seconds);
    }
}

double peak_measure(isa i, pool *p)
{
    double best = 0;
    while (i > ISA_PORTABLE && !loops[i].loop) i--;
    for (int k = 0; k < TRIES; k++) {
        trial t = { .loop = loops[i].loop, .operations = 2.0 * PEAK_CHAINS * loops[i].width * ROUNDS };
        pool_for(p, pool_threads(p), 1, run_trial, &t);
        double rate = (double)atomic_load(&t.rate);
        best = rate > best ? rate : best;
    }
    return best;
}
