/* SPDX-License-Identifier: Apache-2.0 */
/* base/arena.h - memory that is freed all at once, under a budget.
 *
 * A spent arena (budget or malloc) returns NULL from then on and stays `failed`; what is built on it
 * (str, map, graph, message) ignores further work, so that a stage checks once, at its end. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"
#include "base/status.h"

typedef struct arena_block arena_block;

typedef struct arena {
    arena_block *block;    /* newest first                                    */
    size_t       used;     /* bytes handed out                                */
    size_t       reserved; /* bytes taken from malloc                         */
    size_t       budget;   /* most that may be reserved; 0: no limit          */
    bool         failed;   /* an allocation was refused; sticky               */
} arena;

void arena_init(arena *a, size_t budget);
void arena_clear(arena *a); /* frees everything; a is as after arena_init     */
void arena_reset(arena *a); /* forgets everything, `failed` too; keeps one block as large as all */

void *arena_alloc(arena *a, size_t size);                     /* zeroed, 16-byte aligned; NULL when spent       */
void *arena_alloc_array(arena *a, size_t count, size_t size); /* checks the product                 */
void *arena_grow(arena *a, void *old, size_t old_size, size_t new_size); /* copies; tail zeroed     */
char *arena_strdup(arena *a, slice s); /* terminated copy                                */
slice arena_copy(arena *a, slice s);   /* a copy in the arena (terminated too)           */
char *arena_printf(arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
/* SM_OK, or RESOURCE_EXHAUSTED "out of memory while <doing>" when the arena has failed. */
sm_status arena_check(const arena *a, const char *doing, sm_error *err) CHECKED;

#define ARENA_NEW(a, type) ((type *)arena_alloc(a, sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_alloc_array(a, count, sizeof(type)))

/* Appends room for one element to an array that lives in an arena: doubles its capacity when full and returns
 * the new zeroed element, or NULL. `items` is the address of the array pointer. */
void *arena_push(arena *a, void *items, size_t *count, size_t *capacity, size_t size);

#endif
