/* SPDX-License-Identifier: Apache-2.0 */
/* The map: against a plain array, with hostile keys, out of memory. */
#include "base/map.h"
#include "unit.h"

TEST(agrees_with_an_array)
{
    enum { KEYS = 5000 };
    arena    a;
    map      m;
    uint64_t values[KEYS], seed = 7;
    bool     there[KEYS] = { false };
    size_t   count = 0;

    arena_init(&a, 0);
    map_init(&m, &a);
    assert_false(map_get(&m, SLICE("x"), NULL));
    for (int i = 0; i < 40000; i++) {
        size_t   k = (size_t)(unit_random(&seed) % KEYS);
        uint64_t value = 0;
        slice    key = slice_of(arena_printf(&a, "model/layer_%zu/kernel", k));
        assert_int_equal(map_get(&m, key, &value), there[k]);
        if (there[k]) assert_int_equal(value, values[k]);
        count += !there[k];
        there[k] = true;
        map_set(&m, key, values[k] = unit_random(&seed));
        assert_int_equal(m.count, count);
    }
    arena_clear(&a);
}

TEST(order_of_insertion)
{
    arena a;
    map   m;
    bool  fresh;

    arena_init(&a, 0);
    map_init(&m, &a);
    for (uint64_t i = 0; i < 1000; i++)
        *map_at(&m, slice_of(arena_printf(&a, "%d", (int)(i * 7919 % 1000))), &fresh) = i;
    map_set(&m, SLICE("0"), 5);
    (void)map_at(&m, SLICE("0"), &fresh);
    assert_false(fresh);
    assert_int_equal(m.entries[0].value, 5);
    for (uint64_t i = 1; i < 1000; i++) assert_int_equal(m.entries[i].value, i);
    arena_clear(&a);
}

/* Keys of zero bytes of every length, that differ in one bit, in one block, or only in the
 * length. */
TEST(hostile_keys)
{
    static char       keys[64 * 8 + 64][64];
    static const char zeros[512];
    arena             a;
    map               m;
    size_t            n = 0;

    arena_init(&a, 0);
    map_init(&m, &a);
    for (size_t bit = 0; bit < 64 * 8; bit++, n++) {
        keys[n][bit / 8] = (char)(1 << bit % 8);
        map_set(&m, slice_make(keys[n], 64), n);
    }
    for (size_t length = 0; length < 512; length++, n++) map_set(&m, slice_make(zeros, length), n);
    assert_int_equal(m.count, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;
        assert_true(map_get(&m, m.entries[i].key, &value));
        assert_int_equal(value, i);
    }
    assert_true(map_get(&m, (slice){ NULL, 0 }, NULL));
    arena_clear(&a);
}

/* Keys chosen to collide in the low bits under one seed are spread under another. */
TEST(collisions_do_not_carry_over)
{
    enum { WANTED = 64, BITS = 10 };
    slice    keys[WANTED];
    arena    a;
    int      found = 0, same[2] = { 0, 0 };
    uint64_t mask = (1 << BITS) - 1;

    arena_init(&a, 0);
    for (int i = 0; found < WANTED; i++) {
        slice key = slice_of(arena_printf(&a, "k%d", i));
        if ((slice_hash(key, 1) & mask) == 0) keys[found++] = key;
    }
    for (int i = 0; i < WANTED; i++)
        for (int j = 0; j < i; j++)
            for (uint64_t seed = 1; seed <= 2; seed++)
                same[seed - 1] += (slice_hash(keys[i], seed) & mask) == (slice_hash(keys[j], seed) & mask);
    assert_int_equal(same[0], WANTED * (WANTED - 1) / 2);
    assert_true(same[1] < 20); /* 2 are expected */
    arena_clear(&a);
}

TEST(seeds_differ)
{
    arena a;
    map   m[2];

    arena_init(&a, 0);
    map_init(&m[0], &a);
    map_init(&m[1], &a);
    assert_true(m[0].seed != m[1].seed);
    arena_clear(&a);
}

TEST(spent_arena)
{
    arena  a;
    map    m;
    size_t count;

    arena_init(&a, 20000);
    map_init(&m, &a);
    for (int i = 0; i < 10000; i++) map_set(&m, slice_of(arena_printf(&a, "%d", i)), (uint64_t)i);
    assert_true(a.failed);
    count = m.count;
    assert_true(count > 10 && count < 1000);
    for (size_t i = 0; i < count && m.entries[i].key.len; i++) assert_true(map_get(&m, m.entries[i].key, NULL));
    arena_clear(&a);
}
