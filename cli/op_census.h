/* SPDX-License-Identifier: Apache-2.0 */
/* op_census.h - which ops a MetaGraph uses, counted as TensorFlow counts them. */
#ifndef CLI_OP_CENSUS_H
#define CLI_OP_CENSUS_H

#include <savedmodel.h>

#include "textbuf.h"

typedef struct op_count {
    const char *op;
    size_t      nodes;
} op_count;

/* The ops of the MetaGraph's graph and of the library functions that it reaches through ops named
 * after functions or through (Stateful)PartitionedCall; sorted, functions' own names left out. */
size_t op_census_used(sm_model *m, const char ***ops);
/* Every op of every graph with its number of nodes, most frequent first. */
size_t op_census_all(sm_model *m, op_count **counts);
/* Python's {'A', 'B'}; "set()" when empty. */
void op_census_print(textbuf *b, const char *const *ops, size_t n);

#endif
