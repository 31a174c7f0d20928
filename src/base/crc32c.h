/* SPDX-License-Identifier: Apache-2.0 */
/* base/crc32c.h - CRC-32C (Castagnoli), with SSE4.2 where the CPU has it; LevelDB's masking. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/slice.h"

uint32_t crc32c(slice bytes);
uint32_t crc32c_extend(uint32_t crc, slice bytes);   /* crc of a ++ bytes, from crc of a */
uint32_t crc32c_portable(uint32_t crc, slice bytes); /* the same without special instructions: the oracle */

static inline uint32_t crc32c_mask(uint32_t c)
{
    return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

static inline uint32_t crc32c_unmask(uint32_t m)
{
    uint32_t r = m - 0xa282ead8u;
    return (r >> 17) | (r << 15);
}

#endif
