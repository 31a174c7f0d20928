/* SPDX-License-Identifier: Apache-2.0 */
/* The account of tensor memory: limit, recycling, what it counts. */
#include "base/heap.h"
#include "graph/memory.h"
#include "unit.h"

TEST(blocks_come_back)
{
    memory *m = memory_new(0);
    void   *a, *b, *again;

    assert_ok(memory_take(m, 1000, &a, err));
    assert_ok(memory_take(m, 1000, &b, err));
    assert_true(a != b);
    assert_int_equal((uintptr_t)a % HEAP_ALIGNMENT, 0);
    memset(a, 1, 1000);
    memory_give(m, a, 1000);
    assert_ok(memory_take(m, 990, &again, err)); /* the same class */
    assert_ptr_equal(again, a);
    assert_int_equal(memory_mallocs(m), 2);
    memory_give(m, again, 990);
    memory_give(m, b, 1000);
    assert_int_equal(memory_in_use(m), 0);
    assert_true(memory_peak(m) >= 2000 && memory_peak(m) <= 2000 * 9 / 8 + 128);
    assert_int_equal(memory_limit(m), SIZE_MAX);
    memory_unref(m);
}

/* Each size gets a block that it fits into, and a block serves only requests that fit. */
TEST(classes_fit)
{
    memory  *m = memory_new(0);
    uint64_t random = 1;

    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)(unit_random(&random) >> (40 + unit_random(&random) % 22));
        size_t before;
        void  *p;
        assert_ok(memory_take(m, size, &p, err));
        before = memory_in_use(m);
        assert_true(before >= size);
        assert_true(before <= size + size / 8 + 64);
        if (size) ((char *)p)[0] = ((char *)p)[size - 1] = 1; /* the sanitizer sees a block too small */
        memory_give(m, p, size);
        assert_int_equal(memory_in_use(m), 0);
    }
    memory_unref(m);
}

/* A warm sequence needs no malloc, also when it is larger than what is always kept. */
TEST(warm_is_free)
{
    memory  *m = memory_new(0);
    uint64_t cold = 0;

    for (int round = 0; round < 3; round++) {
        void *p[3];
        for (size_t i = 0; i < 3; i++) assert_ok(memory_take(m, (40 + i * 10) << 20, &p[i], err));
        if (round == 0) cold = memory_mallocs(m);
        for (size_t i = 0; i < 3; i++) memory_give(m, p[i], (40 + i * 10) << 20);
    }
    assert_int_equal(cold, 3);
    assert_int_equal(memory_mallocs(m), cold);
    memory_unref(m);
}

TEST(limit)
{
    memory *m = memory_new(1 << 20);
    void   *a, *b;

    assert_int_equal(memory_limit(m), 1 << 20);
    assert_fails(memory_take(m, (1 << 20) + 1, &a, err), SM_RESOURCE_EXHAUSTED, "1048577 bytes");
    assert_ok(memory_take(m, 1 << 20, &a, err));
    assert_fails(memory_take(m, 1, &b, err), SM_RESOURCE_EXHAUSTED, "1048576 of at most 1048576");
    memory_give(m, a, 1 << 20);
    assert_ok(memory_take(m, 1 << 19, &b, err));
    memory_give(m, b, 1 << 19);
    assert_fails(memory_take(m, SIZE_MAX, &a, err), SM_RESOURCE_EXHAUSTED, "out of memory");
    assert_fails(memory_take(NULL, SIZE_MAX, &a, err), SM_RESOURCE_EXHAUSTED, "out of memory");
    memory_unref(m);
}

TEST(no_account)
{
    void *p;

    assert_ok(memory_take(NULL, 100, &p, err));
    memory_give(NULL, p, 100);
    memory_give(NULL, NULL, 100);
    assert_null(memory_ref(NULL));
    memory_unref(NULL);
}

TEST(failing_on_request)
{
    memory *m = memory_new(0);
    void   *p = NULL;

    heap_fail_at(1);
    assert_fails(memory_take(m, 64, &p, err), SM_RESOURCE_EXHAUSTED, "64 bytes");
    assert_int_equal(memory_in_use(m), 0);
    assert_ok(memory_take(m, 64, &p, err));
    memory_give(m, p, 64);
    heap_fail_at(1); /* a recycled block counts as an allocation too */
    assert_fails(memory_take(m, 64, &p, err), SM_RESOURCE_EXHAUSTED, "64 bytes");
    heap_fail_at(1);
    assert_null(memory_new(0));
    heap_fail_at(0);
    memory_unref(m);
}

TEST(trimming_gives_kept_blocks_back)
{
    memory *m = memory_new(0);
    void   *block = NULL;
    assert_non_null(m);
    for (uint64_t round = 1; round <= 2; round++) {
        assert_ok(memory_take(m, 5000, &block, err));
        memory_give(m, block, 5000);
        assert_ok(memory_take(m, 5000, &block, err)); /* the kept one */
        assert_int_equal(memory_mallocs(m), round);
        memory_give(m, block, 5000);
        memory_trim(m);
    }
    memory_trim(NULL);
    memory_unref(m);
}
