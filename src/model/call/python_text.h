/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/python_text.h - values as Python and TensorFlow print them; messages about calls are made of this. */
#ifndef MODEL_CALL_PYTHON_TEXT_H
#define MODEL_CALL_PYTHON_TEXT_H

#include "model/values.h"

/* repr(). A tensor with a symbolic name prints as the placeholder that stands for it while a function is traced:
 * <tf.Tensor 'x:0' shape=(2,) dtype=float32>. */
void python_repr(str *b, const sm_value *v);
/* str() of a value that stands inside of a message: text without quotes, else as repr(). */
void python_str(str *b, const sm_value *v);
/* pprint.pformat() with its default options: 80 columns, dicts sorted by key. */
void python_pformat(str *b, const sm_value *v);
/* repr() of the trace type of which v is a description: List[TensorSpec(...), Literal[1]], Dict[['a', ...]]. */
void   python_type(str *b, const sm_value *v);
size_t python_bad_utf8(slice text); /* where it stops being UTF-8; SIZE_MAX: nowhere */
/* "int", "str", "dict" ...: type(v).__name__ */
const char *python_type_name(const sm_value *v);

#endif
