/* SPDX-License-Identifier: Apache-2.0 */
/* pickle.h - reads pickled numpy arrays, and the plain Python values around them.
 *
 * A pickle is a program for a stack machine. This one knows the opcodes that build numbers, strings,
 * lists, tuples, sets, dicts and numpy arrays, and the dozen functions named in the table of pickle.c;
 * everything else is refused by name. Nothing is imported and nothing is called. */
#ifndef CLI_PICKLE_H
#define CLI_PICKLE_H

#include "python_value.h"

sm_status pickle_read(const void *bytes, size_t size, const py **out, sm_error *err);

#endif
