/* SPDX-License-Identifier: Apache-2.0 */
/* base/status.h - how a failure travels: a status up the stack, a sentence in sm_error.
 *
 *     TRY(block_read(b, at, &block, err));
 *     if (crc != want)
 *         return FAIL(err, SM_DATA_LOSS, "%s: crc %08x, expected %08x", path, crc, want);
 *     TRY_IN(node_compile(p, n, err), err, "node '%s'", n->name);
 *
 * err may be NULL everywhere. A message is lower case, without a full stop, in the user's words. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "savedmodel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

#define CHECKED SM_CHECKED

/* Fills err (kind "") and returns status. */
sm_status error_set(sm_error *err, sm_status status, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same with the exception that TensorFlow's Python raises: "ValueError", "RuntimeError" ... */
sm_status error_set_kind(sm_error *err, sm_status status, const char *kind, const char *format, ...) PRINTF_LIKE(4, 5);
/* Puts "prefix: " before the message, once, on the way up; returns status. */
sm_status error_prefix(sm_error *err, sm_status status, const char *format, ...) PRINTF_LIKE(3, 4);
void      error_clear(sm_error *err);

const char *status_name(sm_status s); /* "INVALID_ARGUMENT"; "UNKNOWN" for other numbers */

#define FAIL(err, status, ...) error_set(err, status, __VA_ARGS__)
#define FAIL_KIND(err, status, kind, ...) error_set_kind(err, status, kind, __VA_ARGS__)

#define TRY(expression)                             \
    do {                                            \
        sm_status try_status = (expression);        \
        if (try_status != SM_OK) return try_status; \
    } while (0)

#define TRY_IN(expression, err, ...)                                                \
    do {                                                                            \
        sm_status try_status = (expression);                                        \
        if (try_status != SM_OK) return error_prefix(err, try_status, __VA_ARGS__); \
    } while (0)

#endif
