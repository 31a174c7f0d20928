/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/depthwise_sse2.c - depthwise_vector.inl with 4 floats in a vector. */
#if defined(__x86_64__)
#define VL 4
#define KERNELS depthwise_sse2
#include "kernels/depthwise_vector.inl"
#else
typedef int depthwise_sse2_is_empty;
#endif
