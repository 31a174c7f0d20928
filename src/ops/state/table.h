/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/table.h - a lookup table: keys to values, both in tensors, found through a hash of the key's bytes. */
#ifndef OPS_STATE_TABLE_H
#define OPS_STATE_TABLE_H

#include "graph/op.h"

#include <pthread.h>

typedef enum table_kind { TABLE_STATIC, TABLE_MUTABLE, TABLE_DENSE } table_kind;

typedef struct table {
    object     base;
    table_kind kind;
    sm_dtype   key_type, value_type;
    shape      value_shape;         /* of one value                                          */
    int64_t    width;               /* elements of one value                                 */
    memory    *memory;              /* account of the tensors                                */
    tensor    *empty_key, *deleted_key;    /* dense tables: keys that may not be used        */

    pthread_mutex_t lock;           /* guards everything below                               */
    tensor    *keys, *values;       /* [capacity], [capacity, width]; rows [0, count) are set */
    size_t     count, capacity;
    uint32_t  *slots;               /* row + 1; 0: free                                      */
    size_t     slot_count;          /* a power of two                                        */
    uint64_t   seed;
    bool       initialised;         /* a static table has been filled                        */
} table;

extern const object_type table_type;      /* "LookupTable" */

sm_status table_new(memory *m, table_kind kind, sm_dtype key, sm_dtype value, const shape *value_shape, table **out, sm_error *err) CHECKED;

/* The following want the lock held, except table_find_row's caller may hold it for many keys. */
void      table_lock(table *t);
void      table_unlock(table *t);
/* The row of key i of keys; -1: none. */
int64_t   table_find_row(const table *t, const tensor *keys, size_t i);
/* Sets key i of keys to value i of values, replacing what was (same: it must be equal if it is there). */
sm_status table_put(table *t, const tensor *keys, const tensor *values, size_t i, bool same, sm_error *err) CHECKED;
void      table_remove_row(table *t, size_t row);
void      table_clear(table *t);
/* Makes a static table of these; when it is one already, the numbers of entries must agree. */
sm_status table_initialise(table *t, const tensor *keys, const tensor *values, sm_error *err) CHECKED;

#endif
