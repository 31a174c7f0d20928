/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/map_sse2.c - map_vector.inl with 4 floats in a vector. */
#if defined(__x86_64__)
#define VL 4
#define SUFFIX sse2
#include "kernels/map_vector.inl"
#else
typedef int map_sse2_is_empty;
#endif
