/* SPDX-License-Identifier: Apache-2.0 */
/* base/status.c - filling an sm_error.
 *
 * A message is formatted in a buffer of its own first, so that its arguments may point into the
 * error that it replaces. Names in a message come from hostile files and messages go to terminals:
 * control characters other than tab and newline are shown as '?'. What does not fit ends in
 * "...". */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = sizeof(((sm_error *)0)->message) };

static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) *text = '?';
    }
}

/* Ends a message that was cut at the buffer's size in "...", not inside a UTF-8 sequence. */
static void mark_cut(char *text)
{
    size_t end = MESSAGE_SIZE - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) end--;
    memcpy(text + end, "...", 4);
}

static void set_message(sm_error *err, sm_status status, const char *kind, const char *format, va_list arguments)
{
    char text[MESSAGE_SIZE];
    int  n;

    if (!err) return;
    n = vsnprintf(text, sizeof text, format, arguments);
    if (n < 0) text[0] = 0;
    if (n >= (int)sizeof text) mark_cut(text);
    make_printable(text);
    err->status = status;
    err->kind = kind;
    memcpy(err->message, text, strlen(text) + 1);
}

sm_status error_set(sm_error *err, sm_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_message(err, status, "", format, arguments);
    va_end(arguments);
    return status;
}

sm_status error_set_kind(sm_error *err, sm_status status, const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_message(err, status, kind, format, arguments);
    va_end(arguments);
    return status;
}

sm_status error_prefix(sm_error *err, sm_status status, const char *format, ...)
{
    char    prefix[MESSAGE_SIZE];
    va_list arguments;

    if (!err) return status;
    va_start(arguments, format);
    if (vsnprintf(prefix, sizeof prefix, format, arguments) < 0) prefix[0] = 0;
    va_end(arguments);
    return error_set_kind(err, status, err->kind ? err->kind : "", "%s: %s", prefix, err->message);
}

void error_clear(sm_error *err)
{
    if (err) *err = (sm_error){ .status = SM_OK, .kind = "" };
}

#define STATUS_ROW(name, number) [number] = #name,
static const char *const status_names[] = { SM_STATUS_LIST(STATUS_ROW) };
#undef STATUS_ROW

const char *status_name(sm_status s)
{
    unsigned i = (unsigned)s;
    return i < sizeof status_names / sizeof *status_names ? status_names[i] : "UNKNOWN";
}
