/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/vector_rows.h - kernel rows for the vector functions of kernels/map_vector.h: VECTOR_ROWS(exp) is a row per
 * instruction set, best first; it goes before the portable rows. On other architectures it is nothing. */
#ifndef OPS_MATH_VECTOR_ROWS_H
#define OPS_MATH_VECTOR_ROWS_H

#include "kernels/map_vector.h"
#include "ops/formula.h"

#if MAP_VECTOR
#define VECTOR_LOOP(f, isa)                                               \
    __attribute__((unused)) static void f##_rows_##isa(const map_args *a) \
    {                                                                     \
        vector_##f##_##isa(a->n, a->x[0], a->out);                        \
    }
#define VECTOR_LOOPS(f) VECTOR_LOOP(f, avx512) VECTOR_LOOP(f, avx2) VECTOR_LOOP(f, sse2)
MAP_VECTOR_LIST(VECTOR_LOOPS)

#define VECTOR_PAIR(f, isa)                                                         \
    __attribute__((unused)) static void f##_rows_##isa(const map_args *a)           \
    {                                                                               \
        vector_##f##_##isa(a->n, a->x[0], a->step[0], a->x[1], a->step[1], a->out); \
    }
#define VECTOR_PAIRS(f) VECTOR_PAIR(f, avx512) VECTOR_PAIR(f, avx2) VECTOR_PAIR(f, sse2)
MAP_VECTOR_PAIRS(VECTOR_PAIRS)

#define VECTOR_ROW(f, set, number) \
    { .types = "T: float", .map = f##_rows_##set, .isa = number, .widen = true, .name = #set },
#define VECTOR_ROWS(f) VECTOR_ROW(f, avx512, ISA_AVX512) VECTOR_ROW(f, avx2, ISA_AVX2) VECTOR_ROW(f, sse2, ISA_SSE2)
#else
#define VECTOR_ROWS(f)
#endif

#endif
