/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/philox.c - ten rounds of multiply and xor, then words into numbers.
 *
 *   uniform     mantissa bits under the exponent of 1, minus 1: [0, 1)
 *   normal      Box-Muller on pairs; float arithmetic for everything but double
 *   truncated   normal, redrawn until |x| < 2; each group has 256 steps (double: 128) of the counter for itself
 *   int         low + word mod range: biased, as TensorFlow's is
 *
 * half and bfloat16 are drawn as floats and rounded, but uniform ones from 10 and 7 bits of their own. */
#include "kernels/philox.h"

#include <math.h>

#define TRUNCATED_STEPS 256 /* for four elements */

/* -- The generator ------------------------------------------------------------------------------------------------ */

void philox_next(philox *p, uint32_t out[4])
{
    uint32_t c[4], k0 = p->key[0], k1 = p->key[1];
    memcpy(c, p->counter, sizeof c);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a };
        memcpy(c, next, sizeof c);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof c);
    philox_skip(p, 1);
}

void philox_skip(philox *p, uint64_t steps)
{
    uint64_t low = p->counter[0] | (uint64_t)p->counter[1] << 32, high = p->counter[2] | (uint64_t)p->counter[3] << 32;
    uint64_t sum = low + steps;
    high += sum < low;
    *p = philox_make(p->key[0] | (uint64_t)p->key[1] << 32, sum, high);
}

philox philox_make(uint64_t key, uint64_t low, uint64_t high)
{
    return (philox){ { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) },
                     { (uint32_t)key, (uint32_t)(key >> 32) } };
}

philox philox_from_seed(uint64_t first, uint64_t second)
{
    philox   scramble = philox_make(0x02461e293ec8f720u, first, second);
    uint32_t m[4];
    philox_next(&scramble, m);
    return philox_make(m[0] | (uint64_t)m[1] << 32, 0, m[2] | (uint64_t)m[3] << 32);
}

/* -- Words into numbers --------------------------------------------------------------------------------------------- */

static float unit_float(uint32_t x)
{
    uint32_t bits = 127u << 23 | (x & 0x7fffffu);
    float    f;
    memcpy(&f, &bits, sizeof f);
    return f - 1.0f;
}

static double unit_double(uint32_t x0, uint32_t x1)
{
    uint64_t bits = (uint64_t)1023 << 52 | (uint64_t)(x0 & 0xfffffu) << 32 | x1;
    double   d;
    memcpy(&d, &bits, sizeof d);
    return d - 1.0;
}

static void normal_floats(uint32_t x0, uint32_t x1, float out[2])
{
    float u = unit_float(x0), v = (float)(2.0f * 3.14159265358979323846 * unit_float(x1));
    if (u < 1.0e-7f) u = 1.0e-7f;
    float r = sqrtf(-2.0f * logf(u));
    out[0] = sinf(v) * r;
    out[1] = cosf(v) * r;
}

static void normal_doubles(const uint32_t x[4], double out[2])
{
    double u = unit_double(x[0], x[1]), v = 2 * 3.14159265358979323846 * unit_double(x[2], x[3]);
    if (u < 1.0e-7) u = 1.0e-7;
    double r = sqrt(-2.0 * log(u));
    out[0] = sin(v) * r;
    out[1] = cos(v) * r;
}

/* Up to four elements of one group as doubles (exact for every type that is not an integer). */
static void floating_group(philox *p, philox_distribution d, sm_dtype t, double out[4])
{
    uint32_t s[4];
    float    pair[2];
    int      n = t == SM_DOUBLE ? 2 : 4;
    philox_next(p, s);
    for (int i = 0; i < n; i += d == PHILOX_UNIFORM ? 1 : 2) {
        if (d == PHILOX_UNIFORM) {
            out[i] = t == SM_DOUBLE     ? unit_double(s[2 * i], s[2 * i + 1])
                     : t == SM_HALF     ? (double)half_to_float((uint16_t)(15u << 10 | (s[i] & 0x3ffu))) - 1
                     : t == SM_BFLOAT16 ? (double)bfloat16_to_float((uint16_t)(127u << 7 | (s[i] & 0x7fu))) - 1
                                        : (double)unit_float(s[i]);
        } else if (t == SM_DOUBLE) {
            normal_doubles(s, out);
        } else {
            normal_floats(s[i], s[i + 1], pair);
            out[i] = pair[0];
            out[i + 1] = pair[1];
        }
    }
}

static void truncated_group(philox *p, sm_dtype t, double out[4])
{
    uint32_t s[4];
    float    pair[2];
    double   doubles[2];
    int      n = 0, wanted = t == SM_DOUBLE ? 2 : 4;
    for (;;) {
        philox_next(p, s);
        for (int half = 0; half < (t == SM_DOUBLE ? 1 : 2); half++) {
            if (t == SM_DOUBLE) {
                normal_doubles(s, doubles);
            } else {
                normal_floats(s[2 * half], s[2 * half + 1], pair);
                doubles[0] = pair[0];
                doubles[1] = pair[1];
            }
            for (int i = 0; i < 2; i++) {
                if (fabs(doubles[i]) >= 2) continue;
                out[n++] = doubles[i];
                if (n == wanted) return;
            }
        }
    }
}

/* -- Tensors ---------------------------------------------------------------------------------------------------------- */

static bool wide(sm_dtype t)
{
    return t == SM_DOUBLE || t == SM_INT64 || t == SM_UINT64;
}

int philox_group(philox_distribution d, sm_dtype t)
{
    (void)d;
    return wide(t) ? 2 : 4;
}

static void put(sm_dtype t, void *out, int64_t i, double x, uint64_t integer)
{
    switch (t) {
    case SM_FLOAT: ((float *)out)[i] = (float)x; break;
    case SM_DOUBLE: ((double *)out)[i] = x; break;
    case SM_HALF: ((uint16_t *)out)[i] = float_to_half((float)x); break;
    case SM_BFLOAT16: ((uint16_t *)out)[i] = float_to_bfloat16((float)x); break;
    case SM_INT64:
    case SM_UINT64: ((uint64_t *)out)[i] = integer; break;
    default: ((uint32_t *)out)[i] = (uint32_t)integer;
    }
}

void philox_fill(philox p, philox_distribution d, sm_dtype t, int64_t begin, int64_t end, int64_t count, uint64_t low,
                 uint64_t range, void *out)
{
    int      group = philox_group(d, t);
    uint64_t stride = d == PHILOX_TRUNCATED ? (uint64_t)(TRUNCATED_STEPS * group / 4) : 1;
    for (int64_t g = begin; g < end; g++) {
        philox   here = p;
        uint32_t s[4] = { 0 };
        double   x[4] = { 0 };
        philox_skip(&here, (uint64_t)g * stride);
        if (d == PHILOX_INT || d == PHILOX_FULL_INT)
            philox_next(&here, s);
        else if (d == PHILOX_TRUNCATED)
            truncated_group(&here, t, x);
        else
            floating_group(&here, d, t, x);
        for (int i = 0; i < group && g * group + i < count; i++) {
            uint64_t word = group == 2 ? s[2 * i] | (uint64_t)s[2 * i + 1] << 32 : s[i];
            put(t, out, g * group + i, x[i], d == PHILOX_INT ? low + word % range : word);
        }
    }
}
