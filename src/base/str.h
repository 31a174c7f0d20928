/* SPDX-License-Identifier: Apache-2.0 */
/* base/str.h - a growing string on the heap; sticky: after a failed growth it ignores further work. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdarg.h>

typedef struct str {
    char  *ptr; /* terminated; NULL while empty and never grown */
    size_t len, cap;
    bool   failed;
} str;

void        str_init(str *s);
void        str_clear(str *s); /* frees                                       */
void        str_reset(str *s); /* empties, keeps the memory                   */
void        str_add(str *s, slice text);
void        str_addz(str *s, const char *text);
void        str_addc(str *s, char c);
void        str_addf(str *s, const char *format, ...) PRINTF_LIKE(2, 3);
void        str_pad(str *s, char c, size_t times);
const char *str_text(const str *s); /* "" when empty                               */
slice       str_slice(const str *s);
char       *str_take(str *s);           /* the heap string itself (free() it), NULL when it failed; s is empty after */
slice       str_move(str *s, arena *a); /* its text, now in a, which fails when s has; s is cleared        */

#endif
