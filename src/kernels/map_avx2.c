/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/map_avx2.c - map_vector.inl with 8 floats in a vector. */
#if defined(__x86_64__)
#define VL 8
#define SUFFIX avx2
#include "kernels/map_vector.inl"
#else
typedef int map_avx2_is_empty;
#endif
