/* SPDX-License-Identifier: Apache-2.0 */
/* base/shape.h - the shape of a tensor, known or partly unknown. */
#ifndef BASE_SHAPE_H
#define BASE_SHAPE_H

#include "base/str.h"

#define SHAPE_MAX_RANK 16
#define UNKNOWN_RANK (-1)
#define UNKNOWN_DIM (-1)

typedef struct shape {
    int     rank;                 /* UNKNOWN_RANK: nothing is known       */
    int64_t dims[SHAPE_MAX_RANK]; /* row-major; UNKNOWN_DIM               */
} shape;

shape shape_unknown(void);
shape shape_scalar(void);
shape shape_vector(int64_t n);
shape shape_matrix(int64_t rows, int64_t columns);
shape shape_of(int rank, const int64_t *dims);          /* a rank out of range: unknown      */
shape shape_unknown_dims(int rank);                     /* rank known, every dim unknown     */
bool  shape_known(const shape *s);                      /* rank and every dim                */
bool  shape_eq(const shape *a, const shape *b);         /* the same, unknowns included       */
bool  shape_compatible(const shape *a, const shape *b); /* could be the same tensor          */
/* What both say together; false when they contradict each other. */
bool shape_merge(const shape *a, const shape *b, shape *out);
/* Number of elements; -1 when a dim is unknown or the product overflows int64. */
int64_t shape_count(const shape *s);
/* Elements in dims [from, to). */
int64_t shape_count_range(const shape *s, int from, int to);
/* Checks 0 <= dims, rank <= SHAPE_MAX_RANK, and that count * element_size fits in max_bytes. */
sm_status shape_check(const shape *s, size_t element_size, size_t max_bytes, sm_error *err) CHECKED;
/* NumPy's broadcasting; unknown dims are allowed. false: incompatible. */
bool shape_broadcast(const shape *a, const shape *b, shape *out);
void shape_strides(const shape *s, int64_t *strides); /* in elements, row-major            */
void shape_print(str *out, const shape *s);           /* "[2,?,3]", "<unknown>": C++ TensorFlow's form */
void shape_print_tuple(str *out, const shape *s);     /* "(2, None, 3)", "(2,)": Python's  */

#endif
