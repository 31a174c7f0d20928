/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak_base.c - peak_vector.inl with what every machine has: 4 floats in a vector. */
#define VL 4
#define NAME peak_base
#include "kernels/peak_vector.inl"
