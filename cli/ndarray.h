/* SPDX-License-Identifier: Apache-2.0 */
/* ndarray.h - the part of numpy's arrays that inputs need: from Python values, casts, arithmetic.
 *
 * Rules are numpy 2's: casts as astype() makes them, promotion by type with weak Python scalars,
 * broadcasting, wrapping integers. Half and bfloat16 compute in float and round once. */
#ifndef CLI_NDARRAY_H
#define CLI_NDARRAY_H

#include "python_value.h"

/* One element, in the widest type of its kind: 'b' bool, 'i' and 'u' integers, 'f' real, 'c' complex. */
typedef struct cell {
    char    kind;
    int64_t i; /* 'u' holds its bits here, 'b' 0 or 1 */
    double  re, im;
} cell;

int  ndarray_castable(sm_dtype t); /* cells of this type can be read and written */
cell ndarray_load(sm_dtype t, const void *data, size_t i);
void ndarray_store(sm_dtype t, void *data, size_t i, cell c);
/* Element i as a double; 0 where there are no numbers, the real part of complex ones. */
double ndarray_number(const sm_tensor *t, size_t i);
char   ndarray_kind(sm_dtype t); /* the letters above; 0 for other types      */

/* A new zeroed tensor, within KEEP_LIMIT. */
sm_status ndarray_new(sm_dtype t, int rank, const int64_t *dims, sm_tensor **out, sm_error *err);

/* np.asarray(v): an array (or array of objects) of the type that the values suggest. */
sm_status ndarray_from(const py *v, const py **out, sm_error *err);
/* np.asarray(v, dtype): for bool, string and narrow floats each element is converted by itself. */
sm_status ndarray_astype(const py *v, sm_dtype t, const py **out, sm_error *err);
sm_status ndarray_reshape(const py *array, int rank, const int64_t *dims, const py **out, sm_error *err);

/* op is one of + - * / and 'f' for //, '%', 'p' for **. At least one of a and b is an array. */
sm_status ndarray_binary(char op, const py *a, const py *b, const py **out, sm_error *err);
sm_status ndarray_negative(const py *a, const py **out, sm_error *err);

/* "(2, 3)" as Python prints a shape. */
char *ndarray_shape_text(int rank, const int64_t *dims);

#endif
