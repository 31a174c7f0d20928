/* SPDX-License-Identifier: Apache-2.0 */
/* base/arena.c - bump allocation in blocks that double.
 *
 * A block knows how far it has ever been used (`dirty`): memory beyond is still zero from calloc
 * and need not be cleared, so a large fresh array costs no more than its pages. A request too
 * large for the newest block opens a new one; what is left of the old one is given up. arena_reset
 * merges the blocks into one as large as all of them, so an arena that is filled and reset in turn
 * stops allocating in its second round.
 *
 * Under address sanitizer each allocation is followed by a poisoned gap, and what has not been
 * handed out or was forgotten by a reset is poisoned. */
#include "base/arena.h"

#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
enum { GAP = 16 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum { ALIGNMENT = 16, FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

struct arena_block {
    arena_block *next; /* older */
    size_t       size; /* of data */
    size_t       used;
    size_t       dirty; /* data[dirty..size) has never been written */
    _Alignas(ALIGNMENT) char data[];
};

void arena_init(arena *a, size_t budget)
{
    *a = (arena){ .budget = budget };
}

static void free_blocks(arena *a)
{
    while (a->block) {
        arena_block *b = a->block;
        a->block = b->next;
        UNPOISON(b->data, b->size);
        heap_free(b);
    }
    a->reserved = 0;
}

void arena_clear(arena *a)
{
    free_blocks(a);
    arena_init(a, a->budget);
}

/* A new newest block with room for `size` bytes of data, counted against the budget. */
static bool add_block(arena *a, size_t size)
{
    arena_block *b;
    size_t       left = a->budget ? a->budget - a->reserved : SIZE_MAX;

    if (left < sizeof *b || size > left - sizeof *b) return false;
    b = heap_zero(sizeof *b + size);
    if (!b) return false;
    b->next = a->block;
    b->size = size;
    a->block = b;
    a->reserved += sizeof *b + size;
    POISON(b->data, b->size);
    return true;
}

void arena_reset(arena *a)
{
    size_t total = 0;

    for (arena_block *b = a->block; b; b = b->next) total += b->size;
    if (a->block && a->block->next) {
        free_blocks(a);
        (void)add_block(a, total); /* failing is no harm: the next use tries again */
    }
    if (a->block) {
        a->block->used = 0;
        POISON(a->block->data, a->block->size);
    }
    a->used = 0;
    a->failed = false;
}

/* As much as all blocks so far, within limits; only what is needed when the budget is nearly
 * spent. */
static bool make_room(arena *a, size_t size)
{
    size_t step = a->reserved;

    if (step < FIRST_BLOCK) step = FIRST_BLOCK;
    if (step > LARGEST_STEP) step = LARGEST_STEP;
    step -= sizeof(arena_block);
    return (size < step && add_block(a, step)) || add_block(a, size);
}

void *arena_alloc(arena *a, size_t size)
{
    arena_block *b;
    size_t       need;
    char        *p;

    if (a->failed) return NULL;
    need = (size + (size == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + GAP;
    if (size > SIZE_MAX / 2 || heap_refuses() ||
        ((!a->block || need > a->block->size - a->block->used) && !make_room(a, need))) {
        a->failed = true;
        return NULL;
    }
    b = a->block;
    p = b->data + b->used;
    UNPOISON(p, size);
    if (b->used < b->dirty) memset(p, 0, size < b->dirty - b->used ? size : b->dirty - b->used);
    b->used += need;
    if (b->dirty < b->used) b->dirty = b->used;
    a->used += size;
    return p;
}

void *arena_alloc_array(arena *a, size_t count, size_t size)
{
    return arena_alloc(a, size && count > SIZE_MAX / size ? SIZE_MAX : count * size);
}

void *arena_grow(arena *a, void *old, size_t old_size, size_t new_size)
{
    void *p;

    if (old && new_size <= old_size) return old;
    p = arena_alloc(a, new_size);
    if (p && old && old_size) memcpy(p, old, old_size);
    return p;
}

slice arena_copy(arena *a, slice s)
{
    char *p = arena_alloc(a, s.len < SIZE_MAX ? s.len + 1 : s.len);

    if (!p) return (slice){ NULL, 0 };
    if (s.len) memcpy(p, s.ptr, s.len);
    return (slice){ p, s.len };
}

char *arena_strdup(arena *a, slice s)
{
    return (char *)(uintptr_t)arena_copy(a, s).ptr;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list arguments;
    char   *p = NULL;
    int     n;

    va_start(arguments, format);
    n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0) {
        a->failed = true;
        return NULL;
    }
    p = arena_alloc(a, (size_t)n + 1);
    if (!p) return NULL;
    va_start(arguments, format);
    (void)vsnprintf(p, (size_t)n + 1, format, arguments);
    va_end(arguments);
    return p;
}

sm_status arena_check(const arena *a, const char *doing, sm_error *err)
{
    if (a->failed) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory while %s", doing);
    return SM_OK;
}

/* `items` may be the address of any object pointer: it is read and written bytewise. */
void *arena_push(arena *a, void *items, size_t *count, size_t *capacity, size_t size)
{
    char *array;

    memcpy(&array, items, sizeof array);
    if (*count == *capacity) {
        size_t capacity_new = *capacity ? *capacity * 2 : 8;
        if (capacity_new < *capacity || (size && capacity_new > SIZE_MAX / 2 / size)) {
            a->failed = true;
            return NULL;
        }
        array = arena_grow(a, array, *count * size, capacity_new * size);
        if (!array) return NULL;
        memcpy(items, &array, sizeof array);
        *capacity = capacity_new;
    }
    return array + (*count)++ * size;
}
