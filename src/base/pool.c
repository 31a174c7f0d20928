/* SPDX-License-Identifier: Apache-2.0 */
/* base/pool.c - the thread pool.
 *
 * A caller takes one of a fixed number of desks, puts its job on it, wakes the workers and starts
 * on the pieces itself. Workers go round the desks and help wherever a job is open; a piece is
 * taken by adding 1 to the desk's counter. A caller that finds no free desk does its job alone.
 *
 *    desk.open     the job on the desk may be joined
 *    desk.inside   workers at the desk
 *    desk.next     the next piece
 *
 * The end of a job: the pieces are all taken, the caller closes the desk and waits until nobody is
 * inside. A worker enters first and looks at `open` then; the caller closes first and looks at
 * `inside` then. With both sequentially consistent, either the worker sees the desk closed and
 * leaves without touching the job, or the caller sees the worker and waits. So workers that wake
 * too late cost the caller nothing, which matters more than the speed of the wake: the caller of a
 * short job has often finished before a sleeping worker runs.
 *
 * Waiting is a bounded spin, then a futex. Workers sleep on `epoch`, which each new job increases;
 * callers on the desk's `inside`. Hot, a fork and join costs well below a microsecond; a wake from
 * sleep some tens.
 *
 * A job runs with its caller's floating-point state on every thread (a run flushes denormals),
 * else results would depend on which thread took which piece. */
#define _GNU_SOURCE 1

#include "base/pool.h"

#include "base/cpu.h"
#include "base/heap.h"
#include "base/quota.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

enum {
    DESKS = 16,
    WORKER_SPINS = 4000, /* 30 to 150 microseconds */
    CALLER_SPINS = 4000,
    CACHE_LINE = 64,
    MOST_THREADS = 1024
};

typedef struct desk {
    _Alignas(CACHE_LINE) atomic_bool taken; /* belongs to a caller */
    atomic_bool open;
    pool_work  *work;
    void       *context;
    int64_t     n, grain, pieces;
    fp_state    state;
    _Alignas(CACHE_LINE) _Atomic int64_t next;
    _Alignas(CACHE_LINE) _Atomic uint32_t inside;
    atomic_bool waiting; /* the caller sleeps on `inside` */
} desk;

typedef struct worker {
    pool     *pool;
    pthread_t thread;
    int       index;
} worker;

struct pool {
    desk desks[DESKS];
    _Alignas(CACHE_LINE) _Atomic uint32_t epoch;  /* grows with each job */
    _Alignas(CACHE_LINE) _Atomic uint32_t asleep; /* workers that sleep */
    atomic_bool quit;
    int         worker_count;
    worker      workers[];
};

/* Whether this thread is inside a piece of a shared job: a call from there runs inline. */
static _Thread_local bool in_piece;

/* -- Waiting ----------------------------------------------------------------------------------- */

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Sleeps while *word is `seen`; may return early. */
static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
#if defined(__linux__)
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
    (void)word, (void)seen, (void)sched_yield();
#endif
}

static void futex_wake(_Atomic uint32_t *word, int threads)
{
#if defined(__linux__)
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
#else
    (void)word, (void)threads;
#endif
}

/* -- Pieces ------------------------------------------------------------------------------------ */

static void run_piece(pool_work *work, void *context, int64_t k, int64_t grain, int64_t n)
{
    int64_t begin = k * grain;
    work(context, begin, n - begin < grain ? n : begin + grain);
}

static void run_pieces(desk *d)
{
    int64_t k;

    while ((k = atomic_fetch_add_explicit(&d->next, 1, memory_order_relaxed)) < d->pieces)
        run_piece(d->work, d->context, k, d->grain, d->n);
}

/* -- Workers ----------------------------------------------------------------------------------- */

static void help(desk *d)
{
    fp_state mine;

    atomic_fetch_add(&d->inside, 1);
    if (atomic_load(&d->open) && atomic_load_explicit(&d->next, memory_order_relaxed) < d->pieces) {
        mine = fp_current();
        fp_restore(d->state);
        run_pieces(d);
        fp_restore(mine);
    }
    if (atomic_fetch_sub(&d->inside, 1) == 1 && atomic_load(&d->waiting)) futex_wake(&d->inside, 1);
}

/* Goes round the desks once, beginning at another one for each worker. */
static void help_everywhere(worker *w)
{
    for (int i = 0; i < DESKS; i++) {
        desk *d = &w->pool->desks[(w->index + i) % DESKS];
        if (atomic_load_explicit(&d->open, memory_order_relaxed)) help(d);
    }
}

/* Returns the new epoch. */
static uint32_t await_job(pool *p, uint32_t seen)
{
    uint32_t epoch;

    for (int spin = 0; spin < WORKER_SPINS; spin++) {
        if ((epoch = atomic_load_explicit(&p->epoch, memory_order_acquire)) != seen) return epoch;
        relax();
    }
    atomic_fetch_add(&p->asleep, 1);
    while ((epoch = atomic_load(&p->epoch)) == seen) futex_wait(&p->epoch, seen);
    atomic_fetch_sub(&p->asleep, 1);
    return epoch;
}

static void *worker_main(void *argument)
{
    worker  *w = argument;
    pool    *p = w->pool;
    uint32_t seen = 0;

    in_piece = true;
    while (!atomic_load(&p->quit)) {
        seen = await_job(p, seen);
        help_everywhere(w);
    }
    return NULL;
}

/* -- Callers ----------------------------------------------------------------------------------- */

static desk *take_desk(pool *p)
{
    for (int i = 0; i < DESKS; i++) {
        desk *d = &p->desks[i];
        if (!atomic_load_explicit(&d->taken, memory_order_relaxed) && !atomic_exchange(&d->taken, true)) return d;
    }
    return NULL;
}

static void wake_workers(pool *p, int64_t most)
{
    int threads = most < p->worker_count ? (int)most : p->worker_count;

    atomic_fetch_add(&p->epoch, 1);
    if (atomic_load(&p->asleep) != 0) futex_wake(&p->epoch, threads);
}

/* Waits until no worker is at the desk. */
static void await_helpers(desk *d)
{
    uint32_t inside;

    for (int spin = 0; spin < CALLER_SPINS; spin++) {
        if (atomic_load(&d->inside) == 0) return;
        relax();
    }
    atomic_store(&d->waiting, true);
    while ((inside = atomic_load(&d->inside)) != 0) futex_wait(&d->inside, inside);
    atomic_store(&d->waiting, false);
}

static void run_shared(pool *p, desk *d)
{
    atomic_store(&d->open, true);
    wake_workers(p, d->pieces - 1);
    in_piece = true;
    run_pieces(d);
    in_piece = false;
    atomic_store(&d->open, false);
    await_helpers(d);
}

/* Leaves in_piece alone: what a single piece calls may still be shared out. */
static void run_alone(int64_t n, int64_t grain, int64_t pieces, pool_work *work, void *context)
{
    for (int64_t k = 0; k < pieces; k++) run_piece(work, context, k, grain, n);
}

void pool_for(pool *p, int64_t n, int64_t grain, pool_work *work, void *context)
{
    desk   *d;
    int64_t pieces;

    if (n <= 0) return;
    if (grain < 1) grain = 1;
    pieces = n / grain + (n % grain != 0);
    d = p && p->worker_count && pieces > 1 && !in_piece ? take_desk(p) : NULL;
    if (!d) {
        run_alone(n, grain, pieces, work, context);
        return;
    }
    d->work = work;
    d->context = context;
    d->n = n;
    d->grain = grain;
    d->pieces = pieces;
    d->state = fp_current();
    atomic_store_explicit(&d->next, 0, memory_order_relaxed);
    run_shared(p, d);
    atomic_store_explicit(&d->taken, false, memory_order_release);
}

/* -- Making and ending ------------------------------------------------------------------------- */

int pool_default_threads(void)
{
    int cpus = quota_affinity(), quota = quota_cgroup("");
    return quota && quota < cpus ? quota : cpus;
}

/* A process may run out of threads. A smaller pool gives the same results, so that is no error.
 * Signals are the program's: workers take none. */
static void start_workers(pool *p, int count)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < count; i++) {
        p->workers[i] = (worker){ .pool = p, .index = i };
        if (pthread_create(&p->workers[i].thread, NULL, worker_main, &p->workers[i]) != 0) break;
        p->worker_count = i + 1;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

sm_status pool_new(int threads, pool **out, sm_error *err)
{
    size_t size;
    pool  *p;

    if (threads < 0) return FAIL(err, SM_INVALID_ARGUMENT, "the number of threads is %d, must be >= 0", threads);
    if (threads == 0) threads = pool_default_threads();
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    size = sizeof *p + sizeof *p->workers * (size_t)(threads - 1);
    p = heap_aligned(size);
    if (!p) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory while starting threads");
    memset(p, 0, size);
    start_workers(p, threads - 1);
    *out = p;
    return SM_OK;
}

void pool_free(pool *p)
{
    if (!p) return;
    atomic_store(&p->quit, true);
    wake_workers(p, p->worker_count);
    for (int i = 0; i < p->worker_count; i++) (void)pthread_join(p->workers[i].thread, NULL);
    heap_free(p);
}

int pool_threads(const pool *p)
{
    return p ? p->worker_count + 1 : 1;
}
