/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise_avx2.c - depthwise_vector.inl with 8 floats in a vector. */
#if defined(__x86_64__)
#define VL 8
#define KERNELS depthwise_avx2
#include "kernels/depthwise_vector.inl"
#else
typedef int depthwise_avx2_is_empty;
#endif
