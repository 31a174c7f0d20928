/* SPDX-License-Identifier: Apache-2.0 */
/* api/arguments.h - the checks that every entry point makes of its own arguments. */
#ifndef API_ARGUMENTS_H
#define API_ARGUMENTS_H

#include "base/status.h"

#define NEED(pointer, err)                                                          \
    do {                                                                            \
        if (!(pointer)) return FAIL(err, SM_INVALID_ARGUMENT, #pointer " is NULL"); \
    } while (0)

#endif
