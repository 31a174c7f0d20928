/* SPDX-License-Identifier: Apache-2.0 */
/* base/heap.c - malloc behind one door, and the counter that makes an allocation fail on request.
 *
 * The counter is the only mutable global of the library. It is a test's instrument: 0 means off,
 * and then an allocation costs one relaxed load more. It counts down and reports failure on the
 * step from 1 to 0; threads that pass 0 together leave it negative, which never fires again. */
#define _GNU_SOURCE 1

#include "base/heap.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic int64_t fail_countdown;

void heap_fail_at(int64_t n)
{
    atomic_store(&fail_countdown, n);
}

int64_t heap_fail_left(void)
{
    return atomic_load(&fail_countdown);
}

bool heap_refuses(void)
{
    return atomic_load_explicit(&fail_countdown, memory_order_relaxed) > 0 && atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *heap_alloc(size_t size)
{
    return heap_refuses() ? NULL : malloc(size ? size : 1);
}

void *heap_zero(size_t size)
{
    return heap_refuses() ? NULL : calloc(1, size ? size : 1);
}

void *heap_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) return NULL;
    return heap_zero(count * size);
}

void *heap_realloc(void *old, size_t size)
{
    return heap_refuses() ? NULL : realloc(old, size ? size : 1);
}

void *heap_aligned(size_t size)
{
    void *p = NULL;
    if (heap_refuses() || posix_memalign(&p, HEAP_ALIGNMENT, size ? size : 1) != 0) return NULL;
    return p;
}

void heap_free(void *p)
{
    free(p);
}

void heap_trim(void)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}
