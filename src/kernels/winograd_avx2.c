/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd_avx2.c - winograd_vector.inl with 8 floats in a vector. */
#if defined(__x86_64__)
#define VL 8
#define KERNELS winograd_avx2
#include "kernels/winograd_vector.inl"
#else
typedef int winograd_avx2_is_empty;
#endif
