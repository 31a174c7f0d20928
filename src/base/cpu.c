/* SPDX-License-Identifier: Apache-2.0 */
/* base/cpu.c - what the CPU can do and what the operating system lets it do.
 *
 * A CPU that knows AVX is of no use when the system does not save its registers: XGETBV tells
 * which it saves. Machines other than x86 have the portable level only. */
#include "base/cpu.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <immintrin.h>
#define CPU_X86 1
#endif

/* -- Instruction sets -------------------------------------------------------------------------- */

static const char *const isa_names[ISA_COUNT] = { "portable", "sse2", "avx2", "avx512" };

const char *isa_name(isa i)
{
    return (unsigned)i < ISA_COUNT ? isa_names[i] : "unknown";
}

bool isa_parse(slice name, isa *out)
{
    for (int i = 0; i < ISA_COUNT; i++) {
        if (!slice_is(name, isa_names[i])) continue;
        *out = (isa)i;
        return true;
    }
    return false;
}

#ifdef CPU_X86

enum {
    SAVES_SSE_AVX = 0x06, /* XCR0: xmm and upper halves of ymm */
    SAVES_AVX512 = 0xe6   /* and mask registers, upper halves of zmm, zmm16..31 */
};

static uint64_t saved_registers(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_all(unsigned features, unsigned wanted)
{
    return (features & wanted) == wanted;
}

isa cpu_isa(void)
{
    const unsigned avx = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    const unsigned avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    unsigned       a, b, c, d, b7, c7, d7;
    uint64_t       saved;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_all(d, bit_SSE2)) return ISA_PORTABLE;
    if (!has_all(c, avx) || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return ISA_SSE2;
    saved = saved_registers();
    if (!has_all(b7, bit_AVX2) || (saved & SAVES_SSE_AVX) != SAVES_SSE_AVX) return ISA_SSE2;
    if (!has_all(b7, avx512) || (saved & SAVES_AVX512) != SAVES_AVX512) return ISA_AVX2;
    return ISA_AVX512;
}

#else

isa cpu_isa(void)
{
    return ISA_PORTABLE;
}

#endif

/* -- Floating-point state ---------------------------------------------------------------------- */

#if defined(__SSE2__)

enum {
    MXCSR_STICKY = 0x3f,        /* exceptions that have happened: not part of the state */
    MXCSR_FLUSH = 0x8000 | 0x40 /* results (FTZ) and operands (DAZ)                        */
};

static fp_state read_state(void)
{
    return _mm_getcsr() & ~(unsigned)MXCSR_STICKY;
}

static void write_state(fp_state s)
{
    _mm_setcsr(s | (_mm_getcsr() & MXCSR_STICKY));
}

enum { FLUSH_BITS = MXCSR_FLUSH };

#elif defined(__aarch64__)

static fp_state read_state(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (fp_state)fpcr;
}

static void write_state(fp_state s)
{
    uint64_t fpcr = s;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}

enum { FLUSH_BITS = 1 << 24 }; /* FPCR.FZ */

#else

static fp_state read_state(void)
{
    return 0;
}

static void write_state(fp_state s)
{
    (void)s;
}

enum { FLUSH_BITS = 0 };

#endif

fp_state fp_current(void)
{
    return read_state();
}

fp_state fp_flush_denormals(void)
{
    fp_state old = read_state();
    fp_restore(old | FLUSH_BITS);
    return old;
}

void fp_restore(fp_state s)
{
    if (read_state() != s) write_state(s);
}
