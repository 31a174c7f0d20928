/* SPDX-License-Identifier: Apache-2.0 */
/* expression.h - the safe evaluator behind --input_exprs.
 *
 * It knows Python's literals, arithmetic, the numpy functions of the table in expression_calls.c and
 * file("name"). There are no variables, no attributes but those of that table, and no way to reach
 * anything else: what it does not know is an error. Nesting and sizes are limited. */
#ifndef CLI_EXPRESSION_H
#define CLI_EXPRESSION_H

#include "python_value.h"

enum { EXPRESSION_DEPTH = 90, EXPRESSION_ARGUMENTS = 64 };

/* The error's kind is RuntimeError with TensorFlow's text for what is no expression, and numpy's or
 * Python's for a call that fails. */
sm_status expression_evaluate(const char *text, size_t n, const py **out, sm_error *err);

#endif
