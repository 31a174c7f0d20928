/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd_avx512.c - winograd_vector.inl with 16 floats in a vector. */
#if defined(__x86_64__)
#define VL 16
#define KERNELS winograd_avx512
#include "kernels/winograd_vector.inl"
#else
typedef int winograd_avx512_is_empty;
#endif
