/* SPDX-License-Identifier: Apache-2.0 */
/* The narrow floats against a reference that thinks in numbers instead of bits: scale by the ulp,
 * round to an even integer, scale back. Every half and bfloat16 is widened; every float that could
 * be a rounding boundary, with its neighbours, is narrowed; and all of it again while denormals
 * are flushed. */
#include "base/cpu.h"
#include "base/dtype.h"
#include "unit.h"

#include <math.h>

typedef struct format {
    sm_dtype type;
    int      mantissa, bias, last_exponent;
} format;

static const format formats[] = {
    { SM_HALF, 10, 15, 31 },
    { SM_BFLOAT16, 7, 127, 255 },
};

static float float_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, 4);
    return f;
}

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    return u;
}

static double reference_value(const format *k, unsigned bits)
{
    int    exponent = (int)(bits >> k->mantissa) & k->last_exponent;
    int    mantissa = (int)bits & ((1 << k->mantissa) - 1);
    double value;

    if (exponent == k->last_exponent)
        value = mantissa ? (double)NAN : (double)INFINITY;
    else
        value = ldexp(mantissa + (exponent ? 1 << k->mantissa : 0), (exponent ? exponent : 1) - k->bias - k->mantissa);
    return bits & 0x8000 ? -value : value;
}

/* The bits of the nearest number; d is not NaN. */
static unsigned reference_bits(const format *k, double d)
{
    unsigned sign = signbit(d) ? 0x8000 : 0;
    double   limit = ldexp(2 - ldexp(1, -k->mantissa - 1), k->last_exponent - 1 - k->bias);
    int      exponent;
    double   scaled;

    d = fabs(d);
    if (d >= limit) return sign | (unsigned)k->last_exponent << k->mantissa;
    if (d == 0) return sign;
    (void)frexp(d, &exponent);
    exponent += k->bias - 1;
    if (exponent < 1) exponent = 1; /* of the ulp; denormals share that of 1 */
    scaled = rint(ldexp(d, k->mantissa + k->bias - exponent));
    return sign | ((unsigned)scaled + ((unsigned)(exponent - 1) << k->mantissa));
}

static void widen_all(const format *k)
{
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        uint16_t narrow = (uint16_t)bits;
        float    f = k->type == SM_HALF ? half_to_float(narrow) : bfloat16_to_float(narrow), array;
        double   want = reference_value(k, bits);
        narrow_to_float(k->type, &narrow, &array, 1);
        assert_int_equal(bits_of(array), bits_of(f));
        assert_int_equal(bits_of(f) >> 31, bits >> 15);
        if (isnan(want))
            assert_true((bits_of(f) & 0x7fffffff) > 0x7f800000);
        else
            assert_int_equal(bits_of(f), bits_of((float)want));
    }
}

TEST(widening_every_value)
{
    widen_all(&formats[0]);
    widen_all(&formats[1]);
}

static unsigned narrow_of(sm_dtype t, float f)
{
    return t == SM_HALF ? float_to_half(f) : float_to_bfloat16(f);
}

static void check_narrow(const format *k, uint32_t u)
{
    unsigned got = narrow_of(k->type, float_of(u));

    if ((u & 0x7fffffff) > 0x7f800000) {
        unsigned rest = got & 0x7fff, infinity = (unsigned)k->last_exponent << k->mantissa;
        if (rest <= infinity || got >> 15 != u >> 31) fail_msg("nan %08x gives %04x", u, got);
    } else if (got != reference_bits(k, (double)float_of(u))) {
        fail_msg("%08x gives %04x, not %04x", u, got, reference_bits(k, (double)float_of(u)));
    }
}

/* Each upper half of a float's bits with the lower halves where a rounding of either type can
 * turn. */
static void narrow_boundaries(const format *k)
{
    static const uint32_t lows[] = { 0,      1,      0x0fff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000,
                                     0x5000, 0x7000, 0x7fff, 0x8000, 0x8001, 0xefff, 0xf000, 0xffff };
    for (uint32_t high = 0; high < 0x10000; high++)
        for (size_t i = 0; i < sizeof lows / sizeof *lows; i++) check_narrow(k, high << 16 | lows[i]);
}

TEST(narrowing_at_every_boundary)
{
    narrow_boundaries(&formats[0]);
    narrow_boundaries(&formats[1]);
}

TEST(narrowing_every_float_near_half_denormals)
{
    for (uint32_t u = 0x32800000; u < 0x39000000; u += 13) /* 2^-26 to 2^-13 */
        check_narrow(&formats[0], u);
}

TEST(there_and_back)
{
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        if ((bits & 0x7fff) <= 0x7c00) assert_int_equal(float_to_half(half_to_float((uint16_t)bits)), bits);
        if ((bits & 0x7fff) <= 0x7f80) assert_int_equal(float_to_bfloat16(bfloat16_to_float((uint16_t)bits)), bits);
    }
}

TEST(not_a_number_as_in_tensorflow)
{
    assert_int_equal(float_to_half(float_of(0x7f812345)), 0x7e09);
    assert_int_equal(float_to_half(float_of(0xff812345)), 0xfe09);
    assert_int_equal(float_to_half(float_of(0x7fffffff)), 0x7fff);
    assert_int_equal(float_to_bfloat16(float_of(0x7f812345)), 0x7fc0);
    assert_int_equal(float_to_bfloat16(float_of(0xff812345)), 0xffc0);
}

/* The same bits come out while denormals are flushed; asked of the arrays, vector code and
 * tails. */
TEST(flushing_denormals_changes_nothing)
{
    enum { N = 1003 };
    static float    f[N], widened[2][N];
    static uint16_t bits[N], narrowed[2][N];
    uint64_t        seed = 9;

    for (size_t k = 0; k < 2; k++) {
        sm_dtype t = formats[k].type;
        for (int i = 0; i < N; i++) {
            uint32_t u = (uint32_t)unit_random(&seed);
            f[i] = float_of(i % 3 ? u : u & 0x80ffffff); /* a third are tiny or denormal */
            if (i % 5 == 0) f[i] = float_of((u & 0x83ffffff) + 0x32000000);
            bits[i] = (uint16_t)(i % 3 ? u >> 7 : u & 0x83ff);
        }
        narrow_to_float(t, bits, widened[0], N);
        float_to_narrow(t, f, narrowed[0], N);
        fp_state old = fp_flush_denormals();
        narrow_to_float(t, bits, widened[1], N);
        float_to_narrow(t, f, narrowed[1], N);
        fp_restore(old);
        assert_memory_equal(widened[0], widened[1], sizeof widened[0]);
        assert_memory_equal(narrowed[0], narrowed[1], sizeof narrowed[0]);
        for (int i = 0; i < N; i++) assert_int_equal(narrowed[0][i], narrow_of(t, f[i]));
    }
}

static void check_double(const format *k, double d)
{
    unsigned got = k->type == SM_HALF ? double_to_half(d) : double_to_bfloat16(d);

    if (isnan(d))
        assert_true((got & 0x7fff) > (unsigned)k->last_exponent << k->mantissa);
    else if (got != reference_bits(k, d))
        fail_msg("%a gives %04x, not %04x", d, got, reference_bits(k, d));
}

/* Around every number and every midpoint: what two roundings, by way of float, would get wrong. */
TEST(doubles_are_rounded_once)
{
    for (size_t i = 0; i < 2; i++) {
        const format *k = &formats[i];
        for (unsigned bits = 0; bits < (unsigned)k->last_exponent << k->mantissa; bits++) {
            double low = reference_value(k, bits);
            double ulp = ldexp(1, (int)(bits >> k->mantissa ? bits >> k->mantissa : 1) - k->bias - k->mantissa);
            double middle = low + ulp / 2;
            check_double(k, low);
            check_double(k, middle);
            check_double(k, nextafter(middle, 0));
            check_double(k, -nextafter(middle, INFINITY));
            check_double(k, nextafter(low, INFINITY));
        }
        check_double(k, 5e-324);
        check_double(k, 1e-45);
        check_double(k, -1e300);
        check_double(k, (double)INFINITY);
        check_double(k, (double)NAN);
    }
    assert_int_equal(double_to_half(1 + 0x1p-11 + 0x1p-40), 0x3c01);
    assert_int_equal(float_to_half((float)(1 + 0x1p-11 + 0x1p-40)), 0x3c00);
}

/* Sums of the magnitudes of all finite values and counts of NaN, made with ml_dtypes 0.5. */
TEST(eight_bit_floats)
{
    static const struct {
        sm_dtype type;
        double   sum;
        int      nans, infinities;
        float    of_one, of_0x38, of_0x7b, of_0x81;
    } rows[] = {
        { SM_FLOAT8_E5M2, 720895.9995117188, 6, 2, 0x1p-16f, 0.5f, 57344, -0x1p-16f },
        { SM_FLOAT8_E4M3FN, 10815.75, 2, 0, 0x1p-9f, 1, 352, -0x1p-9f },
        { SM_FLOAT8_E4M3FNUZ, 5887.875, 1, 0, 0x1p-10f, 0.5f, 176, -0x1p-10f },
        { SM_FLOAT8_E4M3B11FNUZ, 735.984375, 1, 0, 0x1p-13f, 0.0625f, 22, -0x1p-13f },
        { SM_FLOAT8_E5M2FNUZ, 720895.9997558594, 1, 0, 0x1p-17f, 0.25f, 28672, -0x1p-17f },
    };
    static const float four_bits[16] = { 0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.f, -.5f, -1, -1.5f, -2, -3, -4, -6 };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double sum = 0;
        int    nans = 0, infinities = 0;
        for (int bits = 0; bits < 256; bits++) {
            float f = float8_to_float(rows[i].type, (uint8_t)bits);
            nans += isnan(f) != 0;
            infinities += isinf(f) != 0;
            if (isfinite(f)) sum += fabs((double)f);
        }
        assert_true(fabs(sum - rows[i].sum) < 1e-9);
        assert_int_equal(nans, rows[i].nans);
        assert_int_equal(infinities, rows[i].infinities);
        assert_true(float8_to_float(rows[i].type, 1) == rows[i].of_one);
        assert_true(float8_to_float(rows[i].type, 0x38) == rows[i].of_0x38);
        assert_true(float8_to_float(rows[i].type, 0x7b) == rows[i].of_0x7b);
        assert_true(float8_to_float(rows[i].type, 0x81) == rows[i].of_0x81);
    }
    for (int bits = 0; bits < 16; bits++)
        assert_int_equal(bits_of(float8_to_float(SM_FLOAT4_E2M1FN, (uint8_t)bits)), bits_of(four_bits[bits]));
    assert_true(isnan(float8_to_float(SM_FLOAT, 0)));
}
