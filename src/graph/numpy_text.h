/* SPDX-License-Identifier: Apache-2.0 */
/* graph/numpy_text.h - a tensor as numpy's str(array) and repr(array) print it.
 *
 * The layout is numpy 2.4's with its default options: precision 8, floatmode maxprec, 75 columns,
 * summarised with "..." above 1000 elements. Strings print as Python bytes, narrow types as
 * ml_dtypes prints them; str() of a tensor without dimensions is its scalar. */
#ifndef GRAPH_NUMPY_TEXT_H
#define GRAPH_NUMPY_TEXT_H

#include "graph/tensor.h"

void numpy_text(str *b, const tensor *t);
void numpy_text_repr(str *b, const tensor *t); /* array([1., 2.], dtype=float32)                             */
void numpy_text_item(str *b, const tensor *t); /* repr() of the only element as a Python object: 1.0, b'a' */
/* Python's repr() of bytes: b'\x00ab' */
void numpy_text_bytes(str *b, slice bytes);

#endif
