/* SPDX-License-Identifier: Apache-2.0 */
/* base/map.c - entries in an array, found through slots of 32-bit indices with linear probing.
 *
 * The hash is SipHash-1-3, keyed with bytes that the kernel gave this process at its start and the
 * map's address: whoever wrote the file cannot know it, so colliding names cannot be prepared. The
 * order of iteration is that of insertion and does not depend on the seed. */
#define _GNU_SOURCE 1

#include "base/map.h"

#if defined(__linux__)
#include <sys/auxv.h>
#endif

/* Entries; there are twice as many slots, so half of them stay empty. */
enum { FIRST_CAPACITY = 8 };

/* -- The hash ---------------------------------------------------------------------------------- */

typedef struct sip {
    uint64_t a, b, c, d;
} sip;

static inline uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static inline void sip_round(sip *s)
{
    s->a += s->b, s->b = rotate(s->b, 13) ^ s->a, s->a = rotate(s->a, 32);
    s->c += s->d, s->d = rotate(s->d, 16) ^ s->c;
    s->a += s->d, s->d = rotate(s->d, 21) ^ s->a;
    s->c += s->b, s->b = rotate(s->b, 17) ^ s->c, s->c = rotate(s->c, 32);
}

uint64_t slice_hash(slice s, uint64_t seed)
{
    uint64_t key = seed ^ 0x9e3779b97f4a7c15u, word, last = (uint64_t)s.len << 56;
    sip h = { seed ^ 0x736f6d6570736575u, key ^ 0x646f72616e646f6du, seed ^ 0x6c7967656e657261u, key ^ 0x7465646279746573u };
    size_t i = 0;

    for (; i + 8 <= s.len; i += 8) {
        memcpy(&word, s.ptr + i, 8);
        h.d ^= word;
        sip_round(&h);
        h.a ^= word;
    }
    for (int shift = 0; i < s.len; i++, shift += 8) last |= (uint64_t)(unsigned char)s.ptr[i] << shift;
    h.d ^= last;
    sip_round(&h);
    h.a ^= last;
    h.c ^= 0xff;
    for (int round = 0; round < 3; round++) sip_round(&h);
    return h.a ^ h.b ^ h.c ^ h.d;
}

static uint64_t new_seed(const map *m)
{
    uint64_t secret[2] = { 0x243f6a8885a308d3u, 0x13198a2e03707344u };
#if defined(__linux__)
    const void *random = (const void *)getauxval(AT_RANDOM); /* 16 bytes, different in each process */
    if (random) memcpy(secret, random, sizeof secret);
#endif
    return slice_hash(slice_make(secret, sizeof secret), (uint64_t)(uintptr_t)m);
}

/* -- The table --------------------------------------------------------------------------------- */

void map_init(map *m, arena *a)
{
    *m = (map){ .arena = a };
    m->seed = new_seed(m);
}

/* The slot that holds key, or the empty one where it belongs. There must be slots. */
static uint32_t *find_slot(const map *m, slice key)
{
    size_t mask = m->slot_count - 1, i = (size_t)slice_hash(key, m->seed) & mask;

    while (m->slots[i] && !slice_eq(m->entries[m->slots[i] - 1].key, key)) i = (i + 1) & mask;
    return &m->slots[i];
}

/* Twice the entries and slots; the old arrays stay in the arena. */
static bool enlarge(map *m)
{
    size_t     capacity = m->capacity ? m->capacity * 2 : FIRST_CAPACITY;
    map_entry *entries;
    uint32_t  *slots;

    if (capacity > UINT32_MAX / 2) {
        m->arena->failed = true;
        return false;
    }
    entries = ARENA_ARRAY(m->arena, map_entry, capacity);
    slots = ARENA_ARRAY(m->arena, uint32_t, capacity * 2);
    if (!entries || !slots) return false;
    if (m->count) memcpy(entries, m->entries, m->count * sizeof *entries);
    m->entries = entries;
    m->capacity = capacity;
    m->slots = slots;
    m->slot_count = capacity * 2;
    for (size_t i = 0; i < m->count; i++) *find_slot(m, entries[i].key) = (uint32_t)i + 1;
    return true;
}

uint64_t *map_at(map *m, slice key, bool *fresh)
{
    uint32_t *slot = m->slot_count ? find_slot(m, key) : NULL;

    if (fresh) *fresh = !slot || !*slot;
    if (slot && *slot) return &m->entries[*slot - 1].value;
    if (m->count == m->capacity) {
        if (!enlarge(m)) return NULL;
        slot = find_slot(m, key);
    }
    m->entries[m->count] = (map_entry){ key, 0 };
    *slot = (uint32_t)++m->count;
    return &m->entries[m->count - 1].value;
}

void map_set(map *m, slice key, uint64_t value)
{
    uint64_t *at = map_at(m, key, NULL);
    if (at) *at = value;
}

bool map_get(const map *m, slice key, uint64_t *value)
{
    uint32_t slot = m->slot_count ? *find_slot(m, key) : 0;

    if (slot && value) *value = m->entries[slot - 1].value;
    return slot != 0;
}
