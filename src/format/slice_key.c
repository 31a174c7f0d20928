/* SPDX-License-Identifier: Apache-2.0 */
/* format/slice_key.c - OrderedCode: an encoding whose bytewise order is the order of the values.
 *
 *     key        = number 0 | string name | number rank | for each dim: signed start, signed length
 *     number     = one byte n, then the value big-endian in n bytes (none for 0)
 *     string     = the bytes with 00 -> 00 ff and ff -> ff 00, then 00 01
 *     signed     = big-endian two's complement in the fewest bytes that hold 7 bits per byte and a
 *                  sign, with a header of as many one bits as there are bytes xor-ed onto the
 *                  front: 80 | c0 | e0 | ... | ff c0
 *
 * Every such key begins with a byte 0 and so stands before all ordinary names. */
#include "format/slice_key.h"

static void add_number(str *out, uint64_t v)
{
    char n = 0;

    while (n < 8 && v >> 8 * n) n++;
    str_addc(out, n);
    for (int i = n - 1; i >= 0; i--) str_addc(out, (char)(v >> 8 * i));
}

static void add_escaped(str *out, slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        str_addc(out, s.ptr[i]);
        if (s.ptr[i] == 0)
            str_addc(out, (char)0xff);
        else if ((uint8_t)s.ptr[i] == 0xff)
            str_addc(out, 0);
    }
    str_add(out, slice_make("\0\1", 2));
}

static void add_signed(str *out, int64_t v)
{
    static const uint8_t header[][2] = { { 0 },       { 0x80, 0 },    { 0xc0, 0 },   { 0xe0, 0 },
                                         { 0xf0, 0 }, { 0xf8, 0 },    { 0xfc, 0 },   { 0xfe, 0 },
                                         { 0xff, 0 }, { 0xff, 0x80 }, { 0xff, 0xc0 } };
    uint64_t             magnitude = v < 0 ? ~(uint64_t)v : (uint64_t)v;
    int                  n = 1;

    while (n < 10 && magnitude >> (7 * n - 1)) n++;
    for (int i = 0; i < n; i++) {
        int     shift = 8 * (n - 1 - i);
        uint8_t byte = (uint8_t)(shift > 56 ? (uint64_t)(v < 0 ? 0xff : 0) : (uint64_t)v >> shift);
        str_addc(out, (char)(i < 2 ? byte ^ header[n][i] : byte));
    }
}

void slice_key(str *out, slice name, int rank, const int64_t *start, const int64_t *length)
{
    add_number(out, 0);
    add_escaped(out, name);
    add_number(out, (uint64_t)rank);
    for (int i = 0; i < rank; i++) {
        add_signed(out, start[i]);
        add_signed(out, length[i]);
    }
}
