/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/vocabulary.h - a text file read into the keys and values of a lookup table. */
#ifndef OPS_STATE_VOCABULARY_H
#define OPS_STATE_VOCABULARY_H

#include "graph/op.h"

enum { COLUMN_WHOLE_LINE = -2, COLUMN_LINE_NUMBER = -1 };

typedef struct vocabulary {
    slice    path, bytes;              /* name and contents of the file                      */
    int64_t  key_column, value_column; /* 0 ...: after splitting at the delimiter            */
    sm_dtype key_type, value_type;
    int64_t  size;   /* lines wanted; -1: all                              */
    int64_t  offset; /* added to int32 columns and line numbers            */
    char     delimiter;
} vocabulary;

sm_status vocabulary_read(const vocabulary *v, memory *m, tensor **keys, tensor **values, sm_error *err) CHECKED;

#endif
