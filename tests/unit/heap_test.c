/* SPDX-License-Identifier: Apache-2.0 */
/* The door to malloc: alignment, products, and the allocation that fails on request. */
#include "base/heap.h"
#include "base/map.h"
#include "base/str.h"
#include "base/tstring.h"
#include "unit.h"

#include <pthread.h>

TEST(sizes)
{
    void *p = heap_alloc(0), *q = heap_aligned(0);
    assert_non_null(p);
    assert_non_null(q);
    heap_free(p);
    heap_free(q);
    heap_free(NULL);
    assert_null(heap_array(SIZE_MAX / 2, 3));
    for (size_t size = 1; size < 300; size += 37) {
        char *a = heap_aligned(size), *z = heap_zero(size);
        assert_int_equal((uintptr_t)a % HEAP_ALIGNMENT, 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(z[i], 0);
        heap_free(a);
        heap_free(z);
    }
}

TEST(fails_once)
{
    void *p[4];

    heap_fail_at(3);
    for (int i = 0; i < 4; i++) p[i] = heap_alloc(1);
    assert_non_null(p[0]);
    assert_non_null(p[1]);
    assert_null(p[2]);
    assert_non_null(p[3]);
    assert_int_equal(heap_fail_left(), 0);
    for (int i = 0; i < 4; i++) heap_free(p[i]);
}

static void *allocate_often(void *failures)
{
    for (int i = 0; i < 10000; i++) {
        void *p = heap_alloc(8);
        *(int *)failures += !p;
        heap_free(p);
    }
    return NULL;
}

TEST(fails_once_among_threads)
{
    pthread_t threads[4];
    int       failures[4] = { 0 };

    heap_fail_at(20000);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, allocate_often, &failures[i]), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    heap_fail_at(0);
    assert_int_equal(failures[0] + failures[1] + failures[2] + failures[3], 1);
}

/* What the containers hold after any one allocation failed: either all, or a failure that can be
 * seen. */
static bool work(void)
{
    arena   a;
    map     m;
    str     s;
    tstring t = { { 0 } };
    bool    ok, stored;

    arena_init(&a, 0);
    map_init(&m, &a);
    str_init(&s);
    for (int i = 0; i < 200; i++) {
        map_set(&m, slice_of(arena_printf(&a, "key %d", i)), (uint64_t)i);
        str_addf(&s, "%d,", i);
    }
    stored = tstring_set(&t, str_slice(&s));
    ok = !a.failed && !s.failed && stored;
    if (ok) {
        uint64_t value = 0;
        assert_true(map_get(&m, SLICE("key 199"), &value));
        assert_int_equal(value, 199);
        assert_true(slice_eq(tstring_get(&t), str_slice(&s)));
        assert_int_equal(s.len, 10 * 2 + 90 * 3 + 100 * 4);
    } else {
        assert_true(s.len == 0 || s.ptr[s.len] == 0);
    }
    tstring_clear(&t);
    str_clear(&s);
    arena_clear(&a);
    return ok;
}

TEST(every_allocation_failing)
{
    int64_t n = 1;

    assert_true(work());
    for (;; n++) {
        bool ok;
        heap_fail_at(n);
        ok = work();
        if (heap_fail_left() > 0) {
            assert_true(ok);
            break;
        }
    }
    heap_fail_at(0);
    assert_true(n > 200);
}
