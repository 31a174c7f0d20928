/* SPDX-License-Identifier: Apache-2.0 */
/* base/heap.h - the one door to malloc: every byte that the library takes comes through here.
 *
 * What it returns is plain malloc memory, so that a result handed to the user is released with
 * free(). A test may ask for the n-th allocation to fail; arenas count each of their allocations
 * too, so that a torture test reaches every place that has to cope. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/slice.h"

#define HEAP_ALIGNMENT 64 /* of tensor buffers: a cache line, the widest vector */

/* NULL when there is no memory. A size of 0 is a valid request and gives a pointer to release. */
void *heap_alloc(size_t size);               /* not initialised */
void *heap_zero(size_t size);                /* all bytes 0 */
void *heap_array(size_t count, size_t size); /* all bytes 0; checks the product */
void *heap_realloc(void *old, size_t size);  /* NULL: old is as it was */
void *heap_aligned(size_t size);             /* HEAP_ALIGNMENT; not initialised */
void  heap_free(void *p);                    /* of any of them; NULL is fine */

/* Gives memory that was freed back to the system, where the C library would hold on to it. Takes its time. */
void heap_trim(void);

/* For tests. The n-th allocation from now on (1: the next) fails, of all threads together, once;
 * 0: none. heap_fail_left tells how many are left until then: > 0: it has not happened. */
void    heap_fail_at(int64_t n);
int64_t heap_fail_left(void);
bool    heap_refuses(void); /* counts one allocation; true: there is no memory */

#endif
