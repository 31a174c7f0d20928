/* SPDX-License-Identifier: Apache-2.0 */
/* graph/memory.c - size classes, one list of free blocks for each, and the counters of an account.
 *
 * A request is rounded up to its class: eight classes between one power of two and the next, so at
 * most an eighth is wasted, and a block that comes back serves any later request of its class.
 * What is kept for that never makes the account hold more than it once needed at its peak (or
 * KEEP_ALWAYS, when that is more): a warm call finds all its blocks, an idle account costs no more
 * than a busy one. A list keeps KEEP_MOST blocks.
 *
 * The limit counts what is in use, rounded up as above; blocks kept for later do not count, and
 * are given back to the system when malloc has nothing left. Each request counts as an allocation
 * that a test may make fail, also when a kept block would serve it. */
#include "graph/memory.h"

#include "base/heap.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEEP_ALWAYS ((size_t)64 << 20)
#define LARGEST ((size_t)1 << 62)

enum { SMALLEST_BITS = 6, STEPS = 8, CLASSES = 1 + (62 - SMALLEST_BITS) * STEPS, KEEP_MOST = 32 };

typedef struct free_block {
    struct free_block *next;
} free_block;

struct memory {
    _Atomic uint32_t refs;
    size_t           limit;
    _Atomic size_t   in_use, peak;
    _Atomic uint64_t mallocs;
    pthread_mutex_t  lock; /* of what follows */
    size_t           kept; /* bytes in the lists */
    free_block      *lists[CLASSES];
    uint8_t          lengths[CLASSES];
};

/* The class of a request of 1 .. LARGEST bytes, and the size of its blocks. */
static int class_of(size_t size, size_t *rounded)
{
    int    bits;
    size_t step, k;

    if (size <= (size_t)1 << SMALLEST_BITS) {
        *rounded = (size_t)1 << SMALLEST_BITS;
        return 0;
    }
    bits = 63 - __builtin_clzll((unsigned long long)(size - 1)); /* 2^bits < size <= 2^(bits+1) */
    step = (size_t)1 << (bits - 3);
    k = (size - 1 - ((size_t)1 << bits)) / step + 1; /* 1 .. STEPS */
    *rounded = ((size_t)1 << bits) + k * step;
    return (bits - SMALLEST_BITS) * STEPS + (int)k;
}

memory *memory_new(size_t max_bytes)
{
    memory *m = heap_zero(sizeof *m);

    if (!m) return NULL;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        heap_free(m);
        return NULL;
    }
    atomic_init(&m->refs, 1);
    m->limit = max_bytes ? max_bytes : SIZE_MAX;
    return m;
}

memory *memory_ref(memory *m)
{
    if (m) atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

/* Gives the kept blocks back to malloc; false when there were none. */
static bool drop_kept(memory *m)
{
    bool any;

    pthread_mutex_lock(&m->lock);
    any = m->kept != 0;
    for (int i = 0; i < CLASSES; i++) {
        while (m->lists[i]) {
            free_block *b = m->lists[i];
            m->lists[i] = b->next;
            heap_free(b);
        }
        m->lengths[i] = 0;
    }
    m->kept = 0;
    pthread_mutex_unlock(&m->lock);
    return any;
}

void memory_unref(memory *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    (void)drop_kept(m);
    pthread_mutex_destroy(&m->lock);
    heap_free(m);
}

/* Counts size bytes as in use, unless that passes the limit. */
static bool charge(memory *m, size_t size)
{
    size_t used = atomic_load_explicit(&m->in_use, memory_order_relaxed), peak;

    do {
        if (used > m->limit || size > m->limit - used) return false;
    } while (!atomic_compare_exchange_weak(&m->in_use, &used, used + size));
    used += size;
    peak = atomic_load_explicit(&m->peak, memory_order_relaxed);
    while (peak < used && !atomic_compare_exchange_weak(&m->peak, &peak, used)) {
    }
    return true;
}

static void *take_kept(memory *m, int class, size_t rounded)
{
    free_block *b;

    pthread_mutex_lock(&m->lock);
    b = m->lists[class];
    if (b) {
        m->lists[class] = b->next;
        m->lengths[class]--;
        m->kept -= rounded;
    }
    pthread_mutex_unlock(&m->lock);
    return b;
}

static sm_status exhausted(const memory *m, size_t size, sm_error *err)
{
    if (m && m->limit != SIZE_MAX)
        return FAIL(err, SM_RESOURCE_EXHAUSTED,
                    "out of memory: a tensor of %zu bytes, with %zu of at most %zu bytes in use", size,
                    memory_in_use(m), m->limit);
    return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory: a tensor of %zu bytes", size);
}

sm_status memory_take(memory *m, size_t size, void **out, sm_error *err)
{
    void  *block;
    size_t rounded;
    int class;

    if (size > LARGEST || heap_refuses()) return exhausted(m, size, err);
    if (!m) {
        block = heap_aligned(size);
        if (!block) return exhausted(m, size, err);
        *out = block;
        return SM_OK;
    }
    class = class_of(size, &rounded);
    if (!charge(m, rounded)) return exhausted(m, size, err);
    block = take_kept(m, class, rounded);
    if (!block) {
        atomic_fetch_add_explicit(&m->mallocs, 1, memory_order_relaxed);
        block = heap_aligned(rounded);
        if (!block && drop_kept(m)) block = heap_aligned(rounded);
    }
    if (!block) {
        atomic_fetch_sub(&m->in_use, rounded);
        return exhausted(m, size, err);
    }
    *out = block;
    return SM_OK;
}

void memory_give(memory *m, void *block, size_t size)
{
    size_t rounded, most;
    int class;
    bool keep;

    if (!block) return;
    if (!m) {
        heap_free(block);
        return;
    }
    class = class_of(size, &rounded);
    most = atomic_load_explicit(&m->peak, memory_order_relaxed);
    if (most < KEEP_ALWAYS) most = KEEP_ALWAYS;
    pthread_mutex_lock(&m->lock);
    keep = m->lengths[class] < KEEP_MOST && rounded <= most && m->kept <= most - rounded;
    if (keep) {
        free_block *b = block;
        b->next = m->lists[class];
        m->lists[class] = b;
        m->lengths[class]++;
        m->kept += rounded;
    }
    pthread_mutex_unlock(&m->lock);
    atomic_fetch_sub(&m->in_use, rounded);
    if (!keep) heap_free(block);
}

void memory_trim(memory *m)
{
    if (m && drop_kept(m)) heap_trim();
}

size_t memory_in_use(const memory *m)
{
    return m ? atomic_load(&m->in_use) : 0;
}

size_t memory_peak(const memory *m)
{
    return m ? atomic_load(&m->peak) : 0;
}

size_t memory_limit(const memory *m)
{
    return m ? m->limit : SIZE_MAX;
}

uint64_t memory_mallocs(const memory *m)
{
    return m ? atomic_load(&m->mallocs) : 0;
}
