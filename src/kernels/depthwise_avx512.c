/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise_avx512.c - depthwise_vector.inl with 16 floats in a vector. */
#if defined(__x86_64__)
#define VL 16
#define KERNELS depthwise_avx512
#include "kernels/depthwise_vector.inl"
#else
typedef int depthwise_avx512_is_empty;
#endif
