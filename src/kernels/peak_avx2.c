/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak_avx2.c - peak_vector.inl with 8 floats in a vector. */
#if defined(__x86_64__)
#define VL 8
#define NAME peak_avx2
#include "kernels/peak_vector.inl"
#else
typedef int peak_avx2_is_empty;
#endif
