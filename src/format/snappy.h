/* SPDX-License-Identifier: Apache-2.0 */
/* format/snappy.h - raw snappy blocks, decompressed. */
#ifndef FORMAT_SNAPPY_H
#define FORMAT_SNAPPY_H

#include "base/arena.h"

/* Decompresses the whole block into the arena. DATA_LOSS when it is damaged. */
sm_status snappy_decode(slice compressed, arena *a, slice *out, sm_error *err) CHECKED;

#endif
