/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/peak_vector.inl - chains of multiply-adds on vectors of VL floats, as many side by side as keep every unit busy;
 * included by peak.c, peak_avx2.c and peak_avx512.c, which define VL and NAME. */
#include "kernels/peak.h"

typedef float vf __attribute__((vector_size(VL * 4)));

float NAME(int64_t rounds)
{
    const vf x = 0.999999f - (vf){ 0 }, y = 1e-7f - (vf){ 0 };
    vf       sums[PEAK_CHAINS], all = { 0 };
    float    total = 0;
    for (int i = 0; i < PEAK_CHAINS; i++) sums[i] = x;
    for (int64_t k = 0; k < rounds; k++)
        for (int i = 0; i < PEAK_CHAINS; i++) sums[i] = sums[i] * x + y;
    for (int i = 0; i < PEAK_CHAINS; i++) all += sums[i];
    for (int i = 0; i < VL; i++) total += all[i];
    return total;
}
