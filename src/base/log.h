/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.h - rare diagnostics to standard error, off unless SAVEDMODEL_LOG is 1 (info) or 2 (debug). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"

bool log_enabled(int level);
void log_print(int level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
