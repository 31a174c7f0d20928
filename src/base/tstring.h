/* SPDX-License-Identifier: Apache-2.0 */
/* base/tstring.h - one element of a string tensor, in TF_TString's layout (24 bytes, little-endian).
 *
 *   small   (type 0): byte 0 = size << 2, bytes 1..22 the string, terminated
 *   large   (type 1): size << 2 | 1, capacity, pointer to the heap (owned)
 *   offset  (type 2): u32 size << 2 | 2, u32 offset from this struct, u32 count
 *   view    (type 3): size << 2 | 3, pointer (borrowed)
 *
 * All zero bytes are the empty string, so zeroed memory is a valid string tensor. */
#ifndef BASE_TSTRING_H
#define BASE_TSTRING_H

#include "base/slice.h"

typedef union tstring {
    uint8_t small[24];
    struct {
        size_t size_type;
        size_t capacity;
        char  *ptr;
    } large;
    struct {
        uint32_t size_type, offset, count;
    } offset;
    struct {
        size_t      size_type;
        const char *ptr;
    } view;
} tstring;

slice tstring_get(const tstring *s);
bool  tstring_set(tstring *s, slice bytes);      /* copies; false when out of memory (s is unchanged) */
void  tstring_set_view(tstring *s, slice bytes); /* borrows                                           */
bool  tstring_copy(tstring *to, const tstring *from);
void  tstring_clear(tstring *s); /* frees; s is the empty string                      */

#endif
