/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/value_equal.h - Python's == for what is not a tensor. */
#ifndef MODEL_CALL_VALUE_EQUAL_H
#define MODEL_CALL_VALUE_EQUAL_H

#include "model/values.h"

/* 1 == True == 1.0; tensors and composites equal nothing. */
bool value_equal(const sm_value *a, const sm_value *b);

#endif
