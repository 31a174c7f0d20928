/* SPDX-License-Identifier: Apache-2.0 */
/* The thread pool: pieces, results that do not depend on threads, many callers, nesting,
 * sleeping. */
#include "base/cpu.h"
#include "base/heap.h"
#include "base/pool.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static pool *new_pool(int threads)
{
    pool *p = NULL;
    assert_ok(pool_new(threads, &p, err));
    return p;
}

/* Every element is visited once, in pieces of the grain. */

typedef struct visits {
    atomic_int *count;
    int64_t     n, grain;
    atomic_int  wrong;
} visits;

static void visit(void *context, int64_t begin, int64_t end)
{
    visits *v = context;

    if (begin % v->grain != 0 || end <= begin || end > v->n || (end - begin != v->grain && end != v->n))
        atomic_fetch_add(&v->wrong, 1);
    for (int64_t i = begin; i < end; i++) atomic_fetch_add(&v->count[i], 1);
}

TEST(pieces)
{
    static const int64_t sizes[][2] = { { 1, 1 },  { 7, 1 },    { 7, 3 },      { 7, 7 },       { 7, 100 },
                                        { 64, 8 }, { 1000, 1 }, { 10000, 37 }, { 10000, 9999 } };
    for (int threads = 1; threads <= 8; threads++) {
        pool *p = threads == 1 ? NULL : new_pool(threads);
        assert_true(pool_threads(p) == threads);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            visits v = { .n = sizes[i][0], .grain = sizes[i][1] };
            v.count = calloc((size_t)v.n, sizeof *v.count);
            pool_for(p, v.n, v.grain, visit, &v);
            assert_int_equal(v.wrong, 0);
            for (int64_t k = 0; k < v.n; k++) assert_int_equal(v.count[k], 1);
            free(v.count);
        }
        pool_free(p);
    }
}

static void never(void *context, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    *(bool *)context = true;
}

static void add_size(void *context, int64_t begin, int64_t end)
{
    atomic_fetch_add((atomic_llong *)context, end - begin);
}

TEST(edges)
{
    pool        *p = new_pool(2);
    bool         called = false;
    atomic_llong total = 0;

    pool_for(p, 0, 1, never, &called);
    pool_for(p, -5, 1, never, &called);
    assert_false(called);
    pool_for(p, 5, 0, add_size, &total); /* a grain below 1 is 1 */
    assert_int_equal(total, 5);
    total = 0;
    pool_for(p, INT64_MAX, INT64_MAX / 3, add_size, &total); /* nothing overflows */
    assert_true(total == INT64_MAX);
    pool_free(p);
    pool_free(NULL);
    assert_fails(pool_new(-1, &p, err), SM_INVALID_ARGUMENT, "number of threads is -1");
    heap_fail_at(1);
    assert_fails(pool_new(2, &p, err), SM_RESOURCE_EXHAUSTED, "out of memory");
    assert_int_equal(pool_threads(NULL), 1);
    p = new_pool(0);
    assert_int_equal(pool_threads(p), pool_default_threads());
    pool_free(p);
}

/* A sum per piece, then over the pieces in order: the same bits for any number of threads. */

enum { VALUES = 100003, GRAIN = 1000 };

typedef struct sums {
    const float *values;
    float        piece[VALUES / GRAIN + 1];
} sums;

static void sum_piece(void *context, int64_t begin, int64_t end)
{
    sums *s = context;
    float sum = 0;

    for (int64_t i = begin; i < end; i++) sum += s->values[i];
    s->piece[begin / GRAIN] = sum;
}

static float total_of(pool *p, const float *values)
{
    sums  s = { .values = values };
    float total = 0;

    pool_for(p, VALUES, GRAIN, sum_piece, &s);
    for (size_t i = 0; i < sizeof s.piece / sizeof *s.piece; i++) total += s.piece[i];
    return total;
}

static float *random_values(void)
{
    float   *values = malloc(VALUES * sizeof *values);
    uint64_t seed = 11;

    for (int i = 0; i < VALUES; i++) values[i] = (float)(int64_t)unit_random(&seed) * 0x1p-60f;
    return values;
}

TEST(results_do_not_depend_on_threads)
{
    float *values = random_values();
    float  want = total_of(NULL, values);

    for (int threads = 2; threads <= 16; threads += 7) {
        pool *p = new_pool(threads);
        for (int i = 0; i < 50; i++) {
            float got = total_of(p, values);
            assert_memory_equal(&got, &want, sizeof got);
        }
        pool_free(p);
    }
    free(values);
}

/* More callers than the pool has desks, all at once. */

typedef struct caller {
    pool        *p;
    const float *values;
    float        want;
    int          wrong;
} caller;

static void *call_often(void *argument)
{
    caller *c = argument;

    for (int i = 0; i < 40; i++) {
        float got = total_of(c->p, c->values);
        c->wrong += memcmp(&got, &c->want, sizeof got) != 0;
    }
    return NULL;
}

TEST(many_callers)
{
    enum { CALLERS = 24 };
    pthread_t threads[CALLERS];
    caller    callers[CALLERS];
    float    *values = random_values(), want = total_of(NULL, values);
    pool     *p = new_pool(4);

    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){ p, values, want, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    pool_free(p);
    free(values);
}

/* Calls from inside a piece. */

typedef struct nest {
    pool        *p;
    int          depth;
    atomic_llong total;
} nest;

static void descend(void *context, int64_t begin, int64_t end)
{
    nest *outer = context;

    for (int64_t i = begin; i < end; i++) {
        nest inner = { .p = outer->p, .depth = outer->depth - 1 };
        if (inner.depth == 0)
            inner.total = 1;
        else
            pool_for(inner.p, 6, 1, descend, &inner);
        atomic_fetch_add(&outer->total, inner.total);
    }
}

TEST(nesting)
{
    pool *p = new_pool(4);

    for (int i = 0; i < 20; i++) {
        nest n = { .p = p, .depth = 5 };
        pool_for(p, 6, 1, descend, &n);
        assert_int_equal(n.total, 6 * 6 * 6 * 6 * 6);
    }
    pool_free(p);
}

/* Two pieces that each wait for the other finish only when two threads are at work. */

typedef struct meeting {
    pool      *p;
    atomic_int arrived;
} meeting;

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void meet(void *context, int64_t begin, int64_t end)
{
    meeting *m = context;
    double   limit = seconds() + 20;

    (void)begin, (void)end;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < 2 && seconds() < limit) sched_yield();
}

static void sleep_ms(int ms)
{
    struct timespec t = { 0, ms * 1000000L };
    (void)nanosleep(&t, NULL);
}

TEST(workers_take_part)
{
    pool *p = new_pool(2);

    for (int pause = 0; pause < 30; pause += 3) { /* also after they have gone to sleep */
        meeting m = { .p = p };
        double  before = seconds();
        sleep_ms(pause);
        pool_for(p, 2, 1, meet, &m);
        assert_int_equal(m.arrived, 2);
        assert_true(seconds() - before < 20);
    }
    pool_free(p);
}

static void one_piece(void *context, int64_t begin, int64_t end)
{
    meeting *m = context;

    (void)begin, (void)end;
    pool_for(m->p, 2, 1, meet, m);
}

TEST(a_single_piece_may_share_out_its_own_work)
{
    meeting m = { .p = new_pool(2) };
    double  before = seconds();

    pool_for(m.p, 1, 1, one_piece, &m);
    assert_true(seconds() - before < 20);
    pool_free(m.p);
}

/* Each thread computes under the caller's floating-point state, and goes back to its own. */

typedef struct states {
    meeting    meeting;
    atomic_int flushed;
} states;

static void look_at_state(void *context, int64_t begin, int64_t end)
{
    states        *s = context;
    volatile float tiny = 0x1p-126f, result;
    float          f;
    uint32_t       bits;

    meet(&s->meeting, begin, end);
    result = tiny * 0.5f;
    f = result;
    memcpy(&bits, &f, sizeof bits);
    atomic_fetch_add(&s->flushed, bits == 0);
}

TEST(floating_point_state_is_the_callers)
{
#if defined(__SSE2__) || defined(__aarch64__)
    if (getenv("UNIT_MEMCHECK")) skip(); /* valgrind does not model flush to zero */
    pool    *p = new_pool(2);
    states   flushing = { .flushed = 0 }, plain = { .flushed = 0 };
    fp_state old = fp_flush_denormals();

    pool_for(p, 2, 1, look_at_state, &flushing);
    fp_restore(old);
    pool_for(p, 2, 1, look_at_state, &plain);
    assert_int_equal(flushing.flushed, 2);
    assert_int_equal(plain.flushed, 0);
    pool_free(p);
#endif
}

TEST(starting_and_ending)
{
    for (int i = 0; i < 100; i++) {
        pool        *p = new_pool(1 + i % 5);
        atomic_llong total = 0;
        if (i % 3) pool_for(p, 20, 1, add_size, &total);
        if (i % 3) assert_int_equal(total, 20);
        pool_free(p);
    }
}
