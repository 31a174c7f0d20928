/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/hex.h - bytes of a test written as hexadecimal text. */
#ifndef UNIT_HEX_H
#define UNIT_HEX_H

#include "base/arena.h"
#include "unit.h"

static inline int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* "0a03 616263": digits in pairs, blanks ignored; the bytes live in a, in a piece of exactly their size. */
static inline slice unhex(arena *a, const char *text)
{
    size_t digits = 0, n = 0;

    for (const char *p = text; *p; p++) digits += *p != ' ';
    char *bytes = arena_alloc(a, digits / 2);
    assert_non_null(bytes);
    for (const char *p = text; *p; p++) {
        if (*p == ' ') continue;
        bytes[n++] = (char)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
        p++;
    }
    return slice_make(bytes, n);
}

#endif
