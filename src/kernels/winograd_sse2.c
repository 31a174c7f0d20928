/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/winograd_sse2.c - winograd_vector.inl with 4 floats in a vector. */
#if defined(__x86_64__)
#define VL 4
#define KERNELS winograd_sse2
#include "kernels/winograd_vector.inl"
#else
typedef int winograd_sse2_is_empty;
#endif
