/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/map_vector.inl - exp, tanh, sigmoid and erf on vectors of VL floats; included by map_sse2.c, map_avx2.c and
 * map_avx512.c, which define VL and SUFFIX and are compiled for their instruction set. GCC's vector extensions, no
 * intrinsics.
 *
 * exp(x): x = n ln 2 + r with |r| <= ln 2 / 2; a polynomial of degree 6 in r; times 2^n in two steps, so that neither
 * overflows too early. Results below the smallest normal float are 0, as with denormals flushed.
 * sigmoid(x): 1 / (1 + exp(-x)).
 * tanh(x): (1 - e) / (1 + e) with e = exp(-2 |x|), and an odd polynomial below 0.625, where that would cancel.
 * erf(x): an odd polynomial for |x| < 1, else 1 - exp(-x^2) times a polynomial in 1 / (1 + |x| / 2).
 * NaN goes through every one of them. */
#include "kernels/map_vector.h"

#include <stdint.h>
#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(f) JOIN(vector_##f##_, SUFFIX)
#define INLINE static inline __attribute__((always_inline))

typedef float   vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));

INLINE vf splat(float x)
{
    return x - (vf){ 0 };
}

/* a where the mask's lanes are -1, b where they are 0. */
INLINE vf choose(vi mask, vf a, vf b)
{
    return (vf)(((vi)a & mask) | ((vi)b & ~mask));
}

INLINE vf abs_of(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

INLINE vf with_sign(vf size, vf sign)
{
    return (vf)((vi)size | ((vi)sign & (int32_t)0x80000000));
}

INLINE vf exp_of(vf x)
{
    const vf high = splat(88.72284f), low = splat(-87.33655f), magic = splat(12582912.0f);   /* 1.5 * 2^23: rounds */
    vf inside = choose(x > high, high, choose(x < low, low, x));
    vf n = inside * 1.44269504f + magic - magic;
    vf r = inside - n * 0.693359375f + n * 2.12194440e-4f;
    vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    vi whole = (vi)(n + magic) - (vi)magic, half = whole >> 1;
    vf y = p * (vf)((half + 127) << 23) * (vf)((whole - half + 127) << 23);
    y = choose(x > high, splat(__builtin_inff()), choose(x < low, splat(0), y));
    return choose(x == x, y, x);
}

INLINE vf sigmoid_of(vf x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

INLINE vf tanh_of(vf x)
{
    vf size = abs_of(x), z = x * x, e = exp_of(size * -2.0f);
    vf p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    vf small = x + x * (z * p), large = with_sign((1.0f - e) / (1.0f + e), x);
    return choose(x == x, choose(size < 0.625f, small, large), x);
}

INLINE vf erf_of(vf x)
{
    vf size = abs_of(x), z = x * x;
    vf p = z * 7.853861353153693e-5f - 8.010193625184903e-4f;
    p = p * z + 5.188327685732524e-3f;
    p = p * z - 2.685381193529856e-2f;
    p = p * z + 1.128358514861418e-1f;
    p = p * z - 3.761262582423300e-1f;
    p = p * z + 1.128379165726710f;
    vf small = x * p;
    vf t = 1.0f / (1.0f + 0.5f * size);      /* a Chebyshev fit of log(erfc(x) / t) + x^2 */
    vf q = t * 0.17087277f - 0.82215223f;
    q = q * t + 1.48851587f;
    q = q * t - 1.13520398f;
    q = q * t + 0.27886807f;
    q = q * t - 0.18628806f;
    q = q * t + 0.09678418f;
    q = q * t + 0.37409196f;
    q = q * t + 1.00002368f;
    q = q * t - 1.26551223f;
    vf large = with_sign(1.0f - t * exp_of(q - z), x);
    return choose(x == x, choose(size < 1.0f, small, large), x);
}

#define DEFINE(f)                                                                                            \
    void NAME(f)(size_t n, const float *in, float *out)                                                      \
    {                                                                                                        \
        vf     x;                                                                                            \
        size_t i = 0;                                                                                        \
        for (; i + VL <= n; i += VL) {                                                                       \
            memcpy(&x, in + i, sizeof x);                                                                    \
            x = f##_of(x);                                                                                   \
            memcpy(out + i, &x, sizeof x);                                                                   \
        }                                                                                                    \
        if (i == n) return;                                                                                  \
        x = splat(0);                                                                                        \
        memcpy(&x, in + i, (n - i) * sizeof(float));                                                         \
        x = f##_of(x);                                                                                       \
        memcpy(out + i, &x, (n - i) * sizeof(float));                                                        \
    }
MAP_VECTOR_LIST(DEFINE)
