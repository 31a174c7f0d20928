/* SPDX-License-Identifier: Apache-2.0 */
/* format/highway.h - HighwayHash, 64 bits: the checksum of Riegeli files.
 *
 * J. Alakuijala, B. Cox, J. Wassenberg, "Fast keyed hash/pseudo-random function using SIMD multiply and permute",
 * arXiv:1612.06257; the portable form. */
#ifndef FORMAT_HIGHWAY_H
#define FORMAT_HIGHWAY_H

#include "base/slice.h"

uint64_t highway_hash64(const uint64_t key[4], slice bytes);

#endif
