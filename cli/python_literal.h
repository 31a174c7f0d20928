/* SPDX-License-Identifier: Apache-2.0 */
/* python_literal.h - reads Python's number and string literals. */
#ifndef CLI_PYTHON_LITERAL_H
#define CLI_PYTHON_LITERAL_H

#include "python_value.h"

typedef struct literal_text {
    const char *at, *end;
    const char *problem; /* set when a literal is malformed */
} literal_text;

/* Both return NULL with t->problem NULL when no such literal starts here, and t->problem set when
 * one starts but is malformed. Adjacent string literals are one value, as in Python. */
const py *python_literal_number(literal_text *t);
const py *python_literal_string(literal_text *t);
void      python_literal_blank(literal_text *t); /* skips blanks, line ends, comments */

#endif
