/* SPDX-License-Identifier: Apache-2.0 */
/* format/slice_key.h - the key under which a checkpoint keeps one part of a partitioned tensor. */
#ifndef FORMAT_SLICE_KEY_H
#define FORMAT_SLICE_KEY_H

#include "base/str.h"

/* Appends the key of the part of `name` that covers [start[i], start[i] + length[i]) in each of
 * `rank` dimensions; a dimension that is covered whole has start 0 and length -1. */
void slice_key(str *out, slice name, int rank, const int64_t *start, const int64_t *length);

#endif
