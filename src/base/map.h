/* SPDX-License-Identifier: Apache-2.0 */
/* base/map.h - slice -> uint64_t, open addressing, in an arena. Keys are borrowed. Hash is seeded per map,
 * so that a hostile file cannot choose collisions. Iteration is in order of insertion. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

typedef struct map_entry {
    slice    key;
    uint64_t value;
} map_entry;

typedef struct map {
    arena     *arena;
    map_entry *entries; /* in order of insertion: entries[0..count) */
    size_t     count, capacity;
    uint32_t  *slots;      /* index + 1 into entries; 0: empty         */
    size_t     slot_count; /* a power of two                           */
    uint64_t   seed;
} map;

void map_init(map *m, arena *a);
/* Sets key to value, replacing an older value; ignored when the arena is spent. */
void map_set(map *m, slice key, uint64_t value);
bool map_get(const map *m, slice key, uint64_t *value); /* value may be NULL */
/* The value's place, made (0) when absent; NULL only when the arena is spent. *fresh (may be NULL) says which. */
uint64_t *map_at(map *m, slice key, bool *fresh);

uint64_t slice_hash(slice s, uint64_t seed);

#endif
