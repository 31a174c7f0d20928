/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/gemm_avx512.c - gemm_vector.inl with 16 floats in a vector: a tile of 14 x 32 in 28 of 32 registers. */
#if defined(__x86_64__)
#define VL 16
#define MR 14
#define NR 2
#define HEIGHTS(X) X(1) X(2) X(4) X(8) X(14)
#define KERNELS gemm_avx512
#include "kernels/gemm_vector.inl"
#else
typedef int gemm_avx512_is_empty;
#endif
