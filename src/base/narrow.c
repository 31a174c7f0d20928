/* SPDX-License-Identifier: Apache-2.0 */
/* base/narrow.c - the conversions that dtype.h declares: half, bfloat16 and the 8-bit floats.
 *
 *   half       s eeeee mmmmmmmmmm         bias 15
 *   bfloat16   s eeeeeeee mmmmmmm         the upper half of a float
 *
 * The conversions to and from float have no branches, only selections, so the compiler turns the
 * loops over arrays into vector code. They must also work while denormals are flushed, as they are
 * during a run: no floating-point operation here takes or gives a denormal float; a half's
 * denormals are rebuilt by adding and subtracting powers of two that are normal numbers. */
#include "base/dtype.h"

#include <math.h>

static inline uint32_t float_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* -- half -------------------------------------------------------------------------------------- */

/* The bits are put where a float has them. Normal: the exponent's bias is changed by adding.
 * Denormal: with the exponent of 2^-14 put before it, the number reads 2^-14 + value; 2^-14 is
 * subtracted again. */
static inline float widen_half(uint16_t h)
{
    uint32_t rest = (uint32_t)(h & 0x7fff) << 13;
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t normal = rest + ((127u - 15u) << 23);
    uint32_t special = rest | 0x7f800000u;
    uint32_t tiny = float_bits(bits_float(rest + (113u << 23)) - bits_float(113u << 23));
    uint32_t quiet = rest > (0x1fu << 23) ? 0x400000u : 0;

    normal = rest >= (0x1fu << 23) ? special | quiet : normal;
    return bits_float(sign | (rest < (1u << 23) ? tiny : normal));
}

/* Normal: half an ulp less one is added, and one more when the last bit kept is odd; a carry runs
 * into the exponent, as it should. Denormal: adding 0.5 makes the FPU round at 2^-24. NaN keeps
 * its upper bits. */
static inline uint16_t narrow_half(float f)
{
    uint32_t u = float_bits(f);
    uint32_t sign = (u >> 16) & 0x8000u, rest = u & 0x7fffffffu;
    uint32_t odd = (rest >> 13) & 1;
    uint32_t normal = (rest - ((127u - 15u) << 23) + 0xfffu + odd) >> 13;
    uint32_t tiny = float_bits(bits_float(rest) + 0.5f) - 0x3f000000u;
    uint32_t nan = 0x7e00u | ((rest >> 13) & 0x3ffu);
    uint32_t h = rest < (113u << 23) ? tiny : normal;

    h = rest >= (143u << 23) ? 0x7c00u : h;
    h = rest > 0x7f800000u ? nan : h;
    return (uint16_t)(sign | h);
}

float half_to_float(uint16_t h)
{
    return widen_half(h);
}

uint16_t float_to_half(float f)
{
    return narrow_half(f);
}

/* -- bfloat16 ---------------------------------------------------------------------------------- */

static inline float widen_bfloat16(uint16_t b)
{
    return bits_float((uint32_t)b << 16);
}

/* NaN becomes the one quiet NaN of its sign, as in TensorFlow. */
static inline uint16_t narrow_bfloat16(float f)
{
    uint32_t u = float_bits(f);
    uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1)) >> 16;
    uint32_t nan = ((u >> 16) & 0x8000u) | 0x7fc0u;
    return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

float bfloat16_to_float(uint16_t b)
{
    return widen_bfloat16(b);
}

uint16_t float_to_bfloat16(float f)
{
    return narrow_bfloat16(f);
}

/* -- Arrays ------------------------------------------------------------------------------------ */

void narrow_to_float(sm_dtype t, const uint16_t *restrict from, float *restrict to, size_t n)
{
    if (t == SM_HALF)
        for (size_t i = 0; i < n; i++) to[i] = widen_half(from[i]);
    else
        for (size_t i = 0; i < n; i++) to[i] = widen_bfloat16(from[i]);
}

void float_to_narrow(sm_dtype t, const float *restrict from, uint16_t *restrict to, size_t n)
{
    if (t == SM_HALF)
        for (size_t i = 0; i < n; i++) to[i] = narrow_half(from[i]);
    else
        for (size_t i = 0; i < n; i++) to[i] = narrow_bfloat16(from[i]);
}

/* -- From double, in one rounding -------------------------------------------------------------- */

/* A double to the nearest float to odd: what is cut off is remembered in the last bit. The 13 or
 * 16 bits that are cut next are more than two, so rounding that is rounding the double. */
static float float_to_odd(double d)
{
    uint64_t u;
    uint32_t sign, bits;
    int      exponent;
    uint64_t mantissa, cut;

    memcpy(&u, &d, sizeof u);
    sign = (uint32_t)(u >> 32) & 0x80000000u;
    exponent = (int)((u >> 52) & 0x7ff) - 1023;
    mantissa = (u & 0xfffffffffffffu) | 0x10000000000000u;
    if (exponent > 127) /* too large, infinite or NaN: float says the same */
        return (float)d;
    if (exponent < -150) return bits_float(sign | (u << 1 != 0));
    int shift = exponent < -126 ? 29 + (-126 - exponent) : 29;
    cut = mantissa & ((1ull << shift) - 1);
    bits = (uint32_t)(mantissa >> shift); /* with the leading one, unless denormal */
    if (exponent >= -126) bits += (uint32_t)(exponent + 126) << 23;
    return bits_float(sign | bits | (cut != 0));
}

uint16_t double_to_half(double d)
{
    return narrow_half(float_to_odd(d));
}

uint16_t double_to_bfloat16(double d)
{
    return narrow_bfloat16(float_to_odd(d));
}

/* -- 8-bit floats ------------------------------------------------------------------------------ */

typedef enum specials {
    IEEE,          /* the last exponent is infinity and NaN */
    FINITE,        /* one NaN: all bits but the sign set */
    UNSIGNED_ZERO, /* one NaN: what would be minus zero */
    NUMBERS_ONLY
} specials;

typedef struct small_float {
    int      width, mantissa, bias;
    specials specials;
} small_float;

static const small_float small_floats[DTYPE_LAST] = {
    [SM_FLOAT8_E5M2] = { 8, 2, 15, IEEE },
    [SM_FLOAT8_E4M3FN] = { 8, 3, 7, FINITE },
    [SM_FLOAT8_E4M3FNUZ] = { 8, 3, 8, UNSIGNED_ZERO },
    [SM_FLOAT8_E4M3B11FNUZ] = { 8, 3, 11, UNSIGNED_ZERO },
    [SM_FLOAT8_E5M2FNUZ] = { 8, 2, 16, UNSIGNED_ZERO },
    [SM_FLOAT4_E2M1FN] = { 4, 1, 1, NUMBERS_ONLY },
};

float float8_to_float(sm_dtype t, uint8_t bits)
{
    const small_float *k = &small_floats[(unsigned)t < DTYPE_LAST ? t : 0];
    unsigned           sign, rest, all, exponent, mantissa;
    float              f;

    if (!k->width) return NAN;
    sign = (bits >> (k->width - 1)) & 1u;
    all = (1u << (k->width - 1)) - 1;
    rest = bits & all;
    exponent = rest >> k->mantissa;
    mantissa = rest & ((1u << k->mantissa) - 1);
    if (k->specials == FINITE && rest == all) return NAN;
    if (k->specials == UNSIGNED_ZERO && rest == 0 && sign) return NAN;
    if (k->specials == IEEE && exponent == all >> k->mantissa)
        f = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        f = ldexpf((float)mantissa, 1 - k->bias - k->mantissa);
    else
        f = ldexpf((float)(mantissa | 1u << k->mantissa), (int)exponent - k->bias - k->mantissa);
    return sign ? -f : f;
}
