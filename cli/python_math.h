/* SPDX-License-Identifier: Apache-2.0 */
/* python_math.h - arithmetic of Python's own values: numbers, and + and * of strings and sequences. */
#ifndef CLI_PYTHON_MATH_H
#define CLI_PYTHON_MATH_H

#include "python_value.h"

/* op as in ndarray.h: + - * / f % p. Arrays are handed on to ndarray_binary(). */
sm_status python_math_binary(char op, const py *a, const py *b, const py **out, sm_error *err);
sm_status python_math_unary(char op, const py *a, const py **out, sm_error *err); /* + or - */

#endif
