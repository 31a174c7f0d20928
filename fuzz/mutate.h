/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/mutate.h - changes to a SavedModel that keep it readable: fields of the messages, and bytes of a checkpoint's index
 * with its checksums made right again. So a mutant gets past the parsers and tests what lies behind them. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "format/message.h"

/* splitmix64 */
typedef struct mutate_random {
    uint64_t state;
} mutate_random;
uint64_t mutate_next(mutate_random *r);
uint64_t mutate_below(mutate_random *r, uint64_t n); /* [0, n); 0 for n = 0 */

/* Changes `count` fields of a decoded message, of types chosen evenly among those that occur. New memory is from a. */
void mutate_message(const message_type *type, void *message, int count, mutate_random *r, arena *a);
/* Changes a few bytes in one block of a table file (variables.index) and repairs the block's checksum. false: the
 * file is too short to be one. */
bool mutate_table(char *bytes, size_t size, mutate_random *r);

#endif
