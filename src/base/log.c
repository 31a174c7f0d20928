/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.c - one line per call, written at once, so that threads do not mix theirs. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool log_enabled(int level)
{
    const char *text = getenv("SAVEDMODEL_LOG");
    return text && *text >= '0' && *text <= '9' && level <= *text - '0';
}

void log_print(int level, const char *format, ...)
{
    char    line[1024];
    va_list arguments;

    if (!log_enabled(level)) return;
    va_start(arguments, format);
    if (vsnprintf(line, sizeof line, format, arguments) < 0) line[0] = 0;
    va_end(arguments);
    (void)fprintf(stderr, "savedmodel: %s\n", line);
}
