/* SPDX-License-Identifier: Apache-2.0 */
/* format/sstable.h - LevelDB's sorted table, read: the format of variables.index. */
#ifndef FORMAT_SSTABLE_H
#define FORMAT_SSTABLE_H

#include "base/arena.h"

/* One entry, in ascending order of keys. key lives until the next call; value lies in the file or
 * (compressed blocks) in the arena given to sstable_each. The first status that is not SM_OK ends
 * the walk. */
typedef sm_status sstable_entry(void *context, slice key, slice value, sm_error *err);

/* Walks the whole table, verifying every block's checksum and the order of keys. DATA_LOSS when it
 * is damaged. */
sm_status sstable_each(slice file, arena *a, sstable_entry *entry, void *context, sm_error *err) CHECKED;

#endif
