/* SPDX-License-Identifier: Apache-2.0 */
/* mersenne.c - numpy's legacy random numbers: MT19937 (Matsumoto and Nishimura) and what numpy makes of it.
 *
 * Bounded numbers are drawn by mask and rejection. Types below 32 bits take several numbers from one
 * word; mersenne_bounded() forgets left-over bits when `spares` is reset, as each numpy call does. */
#include "mersenne.h"

#include <math.h>

enum { N = 624, M = 397 };

void mersenne_seed(mersenne *m, uint32_t seed)
{
    for (uint32_t i = 0; i < N; i++) {
        m->key[i] = seed;
        seed = 1812433253u * (seed ^ seed >> 30) + i + 1;
    }
    m->at = N;
    m->has_normal = 0;
    m->spares = 0;
}

static void refill(mersenne *m)
{
    for (int i = 0; i < N; i++) {
        uint32_t y = (m->key[i] & 0x80000000u) | (m->key[(i + 1) % N] & 0x7fffffffu);
        m->key[i] = m->key[(i + M) % N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    m->at = 0;
}

static uint32_t next_word(mersenne *m)
{
    if (m->at == N) refill(m);
    uint32_t y = m->key[m->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double mersenne_uniform(mersenne *m)
{
    uint32_t a = next_word(m) >> 5, b = next_word(m) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

double mersenne_normal(mersenne *m)
{
    double x, y, r, f;
    if (m->has_normal) {
        m->has_normal = 0;
        return m->normal;
    }
    do {
        x = 2.0 * mersenne_uniform(m) - 1.0;
        y = 2.0 * mersenne_uniform(m) - 1.0;
        r = x * x + y * y;
    } while (r >= 1.0 || r == 0.0);
    f = sqrt(-2.0 * log(r) / r);
    m->normal = f * x;
    m->has_normal = 1;
    return f * y;
}

static uint32_t narrow(mersenne *m, int bits)
{
    if (m->spares == 0) {
        m->spare = next_word(m);
        m->spares = 32 / bits - 1;
    } else {
        m->spare >>= bits;
        m->spares--;
    }
    return m->spare & ((1u << bits) - 1);
}

uint64_t mersenne_bounded(mersenne *m, uint64_t most, int bits)
{
    uint64_t mask = most, v;
    if (most == 0) return 0;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do {
        if (bits < 32)
            v = narrow(m, bits);
        else if (most <= UINT32_MAX)
            v = next_word(m);
        else
            v = (uint64_t)next_word(m) << 32, v |= next_word(m);
        v &= mask;
    } while (v > most);
    return v;
}
