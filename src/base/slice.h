/* SPDX-License-Identifier: Apache-2.0 */
/* base/slice.h - a borrowed run of bytes: names, protobuf fields, file contents. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct slice {
    const char *ptr; /* may be NULL when len is 0 */
    size_t      len;
} slice;

#define SLICE(literal) ((slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) ((s).len > 1024 ? 1024 : (int)(s).len), ((s).ptr ? (s).ptr : "") /* for printf */

static inline slice slice_of(const char *text)
{
    return (slice){ text, text ? strlen(text) : 0 };
}

static inline slice slice_make(const void *ptr, size_t len)
{
    return (slice){ (const char *)ptr, len };
}

static inline bool slice_eq(slice a, slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(slice a, const char *text)
{
    return slice_eq(a, slice_of(text));
}

/* Bytewise, as protobuf and tables sort: <0, 0, >0. */
static inline int slice_cmp(slice a, slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int    c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_starts(slice a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.len >= n && (n == 0 || memcmp(a.ptr, prefix, n) == 0);
}

static inline bool slice_ends(slice a, const char *suffix)
{
    size_t n = strlen(suffix);
    return a.len >= n && (n == 0 || memcmp(a.ptr + a.len - n, suffix, n) == 0);
}

/* The first n bytes; without the first n bytes. n is clipped to the length. */
static inline slice slice_head(slice a, size_t n)
{
    return (slice){ a.ptr, n < a.len ? n : a.len };
}

static inline slice slice_tail(slice a, size_t n)
{
    n = n < a.len ? n : a.len;
    return n ? (slice){ a.ptr + n, a.len - n } : a;
}

/* Index of the first / last byte c, or -1. */
ptrdiff_t slice_find(slice a, char c);
ptrdiff_t slice_rfind(slice a, char c);
/* Decimal integer that fills the whole slice; false when it is none or does not fit. */
bool slice_int(slice a, int64_t *value);

#endif
