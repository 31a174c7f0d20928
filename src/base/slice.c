/* SPDX-License-Identifier: Apache-2.0 */
/* base/slice.c - searching in a slice, and reading a number that fills one. */
#include "base/slice.h"

ptrdiff_t slice_find(slice a, char c)
{
    const char *at = a.len ? memchr(a.ptr, c, a.len) : NULL;
    return at ? at - a.ptr : -1;
}

ptrdiff_t slice_rfind(slice a, char c)
{
    for (size_t i = a.len; i-- > 0;)
        if (a.ptr[i] == c) return (ptrdiff_t)i;
    return -1;
}

/* Counts downwards from zero, because INT64_MIN has no positive twin. */
bool slice_int(slice a, int64_t *value)
{
    bool    negative = a.len > 0 && a.ptr[0] == '-';
    slice   digits = slice_tail(a, negative);
    int64_t v = 0;

    if (digits.len == 0) return false;
    for (size_t i = 0; i < digits.len; i++) {
        int d = digits.ptr[i] - '0';
        if (d < 0 || d > 9) return false;
        if (v < (INT64_MIN + d) / 10) return false;
        v = v * 10 - d;
    }
    if (!negative && v == INT64_MIN) return false;
    *value = negative ? v : -v;
    return true;
}
