/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/map_avx512.c - map_vector.inl with 16 floats in a vector. */
#if defined(__x86_64__)
#define VL 16
#define SUFFIX avx512
#include "kernels/map_vector.inl"
#else
typedef int map_avx512_is_empty;
#endif
