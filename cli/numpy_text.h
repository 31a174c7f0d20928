/* SPDX-License-Identifier: Apache-2.0 */
/* numpy_text.h - a tensor as numpy's str(array) prints it.
 *
 * The layout is numpy 2.4's with its default options: precision 8, floatmode maxprec, 75 columns,
 * summarised with "..." above 1000 elements. Strings print as Python bytes, narrow types as
 * ml_dtypes prints them, a tensor without dimensions as its scalar. */
#ifndef CLI_NUMPY_TEXT_H
#define CLI_NUMPY_TEXT_H

#include <savedmodel.h>

#include "textbuf.h"

void numpy_text(textbuf *b, const sm_tensor *t);
/* Python's repr() of bytes: b'\x00ab' */
void numpy_text_bytes(textbuf *b, const char *bytes, size_t n);
/* Element i as a double; strings and complex give 0 and the real part. */
double numpy_text_number(const sm_tensor *t, size_t i);

#endif
