/* SPDX-License-Identifier: Apache-2.0 */
/* base/str.c - a string that grows by doubling. */
#include "base/str.h"

#include "base/heap.h"

#include <stdio.h>

void str_init(str *s)
{
    *s = (str){ 0 };
}

void str_clear(str *s)
{
    heap_free(s->ptr);
    str_init(s);
}

void str_reset(str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->ptr) s->ptr[0] = 0;
}

/* Room for `extra` more bytes and the terminator. */
static bool reserve(str *s, size_t extra)
{
    size_t cap;
    char  *p;

    if (s->failed) return false;
    if (s->ptr && extra < s->cap - s->len) return true;
    if (extra >= SIZE_MAX / 4 - s->len) {
        s->failed = true;
        return false;
    }
    cap = s->cap < 64 ? 64 : s->cap * 2;
    while (cap <= s->len + extra) cap *= 2;
    p = heap_realloc(s->ptr, cap);
    if (!p) {
        s->failed = true;
        return false;
    }
    s->ptr = p;
    s->cap = cap;
    return true;
}

void str_add(str *s, slice text)
{
    if (!reserve(s, text.len)) return;
    if (text.len) memcpy(s->ptr + s->len, text.ptr, text.len);
    s->len += text.len;
    s->ptr[s->len] = 0;
}

void str_addz(str *s, const char *text)
{
    str_add(s, slice_of(text));
}

void str_addc(str *s, char c)
{
    str_add(s, slice_make(&c, 1));
}

static void add_format(str *s, const char *format, va_list arguments)
{
    va_list again;
    int     n;

    if (!reserve(s, 0)) return;
    va_copy(again, arguments);
    n = vsnprintf(s->ptr + s->len, s->cap - s->len, format, arguments);
    if (n < 0) s->failed = true;
    if (n >= 0 && (size_t)n >= s->cap - s->len && reserve(s, (size_t)n))
        (void)vsnprintf(s->ptr + s->len, s->cap - s->len, format, again);
    va_end(again);
    if (!s->failed) s->len += (size_t)n;
    s->ptr[s->len] = 0;
}

void str_addf(str *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_format(s, format, arguments);
    va_end(arguments);
}

void str_pad(str *s, char c, size_t times)
{
    if (!reserve(s, times)) return;
    memset(s->ptr + s->len, c, times);
    s->len += times;
    s->ptr[s->len] = 0;
}

const char *str_text(const str *s)
{
    return s->ptr ? s->ptr : "";
}

slice str_slice(const str *s)
{
    return slice_make(s->ptr, s->len);
}

slice str_move(str *s, arena *a)
{
    slice copy = s->failed ? slice_of(NULL) : arena_copy(a, str_slice(s));

    a->failed |= s->failed;
    str_clear(s);
    return copy;
}

char *str_take(str *s)
{
    char *text;

    str_addz(s, ""); /* an empty string is memory too */
    if (s->failed) str_clear(s);
    text = s->ptr;
    str_init(s);
    return text;
}
