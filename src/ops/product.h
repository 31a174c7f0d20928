/* SPDX-License-Identifier: Apache-2.0 */
/* ops/product.h - a float matrix product on the runtime's threads: kernels/gemm.h cut into pieces. */
#ifndef OPS_PRODUCT_H
#define OPS_PRODUCT_H

#include "graph/op.h"
#include "kernels/gemm.h"

/* Scratch floats that the packed B of k rows and n columns takes. */
size_t product_packed_size(const gemm_kernels *k, int64_t rows, int64_t columns);
/* Packs B (element (i, j) is b[i * k_step + j * n_step]) into `packed`. */
void product_pack(call *c, const gemm_kernels *kernels, const float *b, int64_t k_step, int64_t n_step, int64_t k,
                  int64_t n, float *packed);
/* Runs g, whose b is packed. */
void product_run(call *c, const gemm_kernels *kernels, const gemm *g);
/* Is B better read as it lies? (few rows) Then: */
static inline bool product_is_thin(int64_t m)
{
    return m <= 4;
}
void product_run_thin(call *c, const gemm_kernels *kernels, const gemm *g, const float *b, int64_t b_step);

/* Rows of a kernel table for each instruction set: f##_avx512 ... are the .run functions that PRODUCT_RUNS(f) makes from
 * sm_status f(call *, const gemm_kernels *). */
#if GEMM_VECTOR
#define PRODUCT_RUNS(f)                  \
    static sm_status f##_avx512(call *c) \
    {                                    \
        return f(c, &gemm_avx512);       \
    }                                    \
    static sm_status f##_avx2(call *c)   \
    {                                    \
        return f(c, &gemm_avx2);         \
    }                                    \
    static sm_status f##_sse2(call *c)   \
    {                                    \
        return f(c, &gemm_sse2);         \
    }
#define PRODUCT_ROW(f, set, number, pattern, ...) \
    { .types = pattern, .run = f##_##set, .isa = number, .widen = true, .name = #set, __VA_ARGS__ },
#define PRODUCT_ROWS(f, pattern, ...)                        \
    PRODUCT_ROW(f, avx512, ISA_AVX512, pattern, __VA_ARGS__) \
    PRODUCT_ROW(f, avx2, ISA_AVX2, pattern, __VA_ARGS__) PRODUCT_ROW(f, sse2, ISA_SSE2, pattern, __VA_ARGS__)
#else
#define PRODUCT_RUNS(f)
#define PRODUCT_ROWS(f, pattern, ...)
#endif

#endif
