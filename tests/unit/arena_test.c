/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: zeroed and aligned memory, budgets, sticky failure, reuse. */
#include "base/arena.h"
#include "unit.h"

static bool all_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

TEST(memory_is_zeroed_aligned_and_apart)
{
    arena    a;
    char    *p[300];
    size_t   size[300];
    uint64_t seed = 1;

    arena_init(&a, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++) {
            size[i] = (size_t)(unit_random(&seed) % (i % 50 == 0 ? 100000 : 200));
            p[i] = arena_alloc(&a, size[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 16, 0);
            assert_true(all_zero(p[i], size[i]));
            memset(p[i], i, size[i]);
        }
        for (int i = 0; i < 300; i++)
            for (size_t j = 0; j < size[i]; j++) assert_int_equal((unsigned char)p[i][j], i & 255);
        arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    arena_clear(&a);
    assert_int_equal(a.reserved, 0);
}

TEST(second_round_reserves_nothing)
{
    arena  a;
    size_t reserved = 0;

    arena_init(&a, 0);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 64; i++) assert_non_null(arena_alloc(&a, 50000));
        if (round == 1) reserved = a.reserved;
        if (round > 1) assert_int_equal(a.reserved, reserved);
        arena_reset(&a);
    }
    arena_clear(&a);
}

TEST(budget)
{
    arena a;
    int   n = 0;

    arena_init(&a, 100000);
    while (arena_alloc(&a, 1000)) n++;
    assert_true(n >= 80 && n < 100);
    assert_true(a.reserved <= 100000);
    assert_true(a.failed);
    assert_null(arena_alloc(&a, 1)); /* sticky */
    assert_fails(arena_check(&a, "reading x.pb", err), SM_RESOURCE_EXHAUSTED, "out of memory while reading x.pb");
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 1000));
    assert_ok(arena_check(&a, "reading", err));
    assert_null(arena_alloc(&a, 100001));
    arena_clear(&a);
    assert_int_equal(a.budget, 100000);
    assert_false(a.failed);
    assert_non_null(arena_alloc(&a, 99000)); /* nearly all of it in one piece */
    arena_clear(&a);
}

TEST(hostile_sizes)
{
    static const size_t sizes[][2] = {
        { SIZE_MAX, 1 }, { SIZE_MAX / 2, 3 }, { SIZE_MAX - 15, 1 }, { (size_t)1 << 32, (size_t)1 << 32 }
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        arena a;
        arena_init(&a, 1 << 20);
        assert_null(arena_alloc_array(&a, sizes[i][0], sizes[i][1]));
        assert_true(a.failed);
        arena_clear(&a);
    }
}

TEST(copies)
{
    arena a;
    slice s = { "a\0b", 3 };
    char *grown;

    arena_init(&a, 0);
    assert_true(slice_eq(arena_copy(&a, s), s));
    assert_string_equal(arena_strdup(&a, SLICE("word")), "word");
    assert_string_equal(arena_strdup(&a, (slice){ NULL, 0 }), "");
    assert_string_equal(arena_printf(&a, "%s=%d", "x", 7), "x=7");
    grown = arena_grow(&a, arena_strdup(&a, SLICE("ab")), 2, 20);
    assert_memory_equal(grown, "ab", 2);
    assert_true(all_zero(grown + 2, 18));
    assert_ptr_equal(arena_grow(&a, grown, 20, 5), grown);
    arena_clear(&a);
}

TEST(push)
{
    arena  a;
    int   *items = NULL;
    size_t count = 0, capacity = 0;

    arena_init(&a, 0);
    for (int i = 0; i < 1000; i++) {
        int *item = arena_push(&a, &items, &count, &capacity, sizeof *items);
        assert_non_null(item);
        assert_int_equal(*item, 0);
        *item = i;
    }
    assert_int_equal(count, 1000);
    for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
    arena_clear(&a);
    arena_init(&a, 8192);
    items = NULL;
    count = capacity = 0;
    while (arena_push(&a, &items, &count, &capacity, sizeof *items))
        ;
    assert_true(count > 100 && count <= 8192 / sizeof *items); /* what was pushed is still counted right */
    arena_clear(&a);
}
