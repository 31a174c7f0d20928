/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak_avx512.c - peak_vector.inl with 16 floats in a vector. */
#if defined(__x86_64__)
#define VL 16
#define NAME peak_avx512
#include "kernels/peak_vector.inl"
#else
typedef int peak_avx512_is_empty;
#endif
