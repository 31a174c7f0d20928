/* SPDX-License-Identifier: Apache-2.0 */
/* narrow_float.c - half and bfloat16 to double and back, rounded to nearest even. */
#include "narrow_float.h"

#include <math.h>
#include <string.h>

double narrow_from_half(uint16_t bits)
{
    int    exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double v;
    if (exponent == 31)
        v = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexp(mantissa, -24);
    else
        v = ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -v : v;
}

double narrow_from_bfloat16(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float    f;
    memcpy(&f, &wide, sizeof f);
    return (double)f;
}

uint16_t narrow_to_half(double value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double   v = fabs(value);
    int      exponent;
    if (isnan(value)) return (uint16_t)(sign | 0x7e00);
    if (v >= 65520) return (uint16_t)(sign | 0x7c00);
    if (v < ldexp(1, -14)) return (uint16_t)(sign | (uint16_t)nearbyint(ldexp(v, 24)));
    frexp(v, &exponent); /* v in [2^(e-1), 2^e) */
    double mantissa = nearbyint(ldexp(v, 11 - exponent));
    if (mantissa >= 2048) {
        mantissa = 1024;
        exponent++;
    }
    return (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | ((unsigned)mantissa - 1024));
}

uint16_t narrow_to_bfloat16(double value)
{
    float    f = (float)value;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (isnan(value)) return (uint16_t)((bits >> 16 & 0x8000) | 0x7fc0);
    bits += 0x7fff + (bits >> 16 & 1);
    return (uint16_t)(bits >> 16);
}
