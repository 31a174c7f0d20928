/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction sets and the flushing of denormals. */
#include "base/cpu.h"
#include "unit.h"

#include <stdlib.h>

TEST(names)
{
    for (int i = 0; i < ISA_COUNT; i++) {
        isa parsed = ISA_COUNT;
        assert_true(isa_parse(slice_of(isa_name((isa)i)), &parsed));
        assert_int_equal(parsed, i);
    }
    isa kept = ISA_AVX2;
    assert_false(isa_parse(SLICE("avx3"), &kept));
    assert_false(isa_parse(SLICE(""), &kept));
    assert_int_equal(kept, ISA_AVX2);
    assert_string_equal(isa_name(ISA_COUNT), "unknown");
}

/* The compiler's own answer, which asks CPUID and XGETBV by other code. */
TEST(agrees_with_the_compiler)
{
#if defined(__x86_64__)
    isa want = ISA_SSE2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) want = ISA_AVX2;
    if (want == ISA_AVX2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        want = ISA_AVX512;
    assert_int_equal(cpu_isa(), want);
#else
    assert_int_equal(cpu_isa(), ISA_PORTABLE);
#endif
}

/* The bits of x + y and x / 2, computed now: a comparison of floats would itself flush its
 * operands. */
static uint32_t sum_bits(float a, float b)
{
    volatile float x = a, y = b, sum = x + y;
    uint32_t       bits;
    float          f = sum;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static uint32_t half_bits(float a)
{
    volatile float x = a, half = x * 0.5f;
    uint32_t       bits;
    float          f = half;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

TEST(flushing)
{
    const float tiny = 0x1p-126f, denormal = 0x1p-140f;
    fp_state    before = fp_current(), old;
    uint32_t    result, operand;

    if (getenv("UNIT_MEMCHECK")) skip(); /* valgrind does not model flush to zero */
    old = fp_flush_denormals();
    assert_int_equal(old, before);
    result = half_bits(tiny);
    operand = sum_bits(denormal, denormal);
    assert_int_equal(fp_flush_denormals(), fp_current()); /* again: nothing changes */
    fp_restore(old);
#if defined(__SSE2__) || defined(__aarch64__)
    assert_int_equal(result, 0);
    assert_int_equal(operand, 0);
#endif
    assert_int_equal(fp_current(), before);
    assert_int_equal(half_bits(tiny), 0x00400000);
    assert_int_equal(sum_bits(denormal, denormal), 0x00000400);
    (void)half_bits(0x1.000002p-126f); /* sets "inexact", which is no state */
    assert_int_equal(fp_current(), before);
}
