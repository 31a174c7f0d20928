/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/tensor_compare.h - are two tensors the same, and what a tensor looks like in other types. */
#ifndef TESTS_OPS_TENSOR_COMPARE_H
#define TESTS_OPS_TENSOR_COMPARE_H

#include "graph/tensor.h"

/* tolerance, relative and absolute, for floats; < 0: the type's own. Everything else must be equal; NaN equals NaN. On
 * a difference, why says where. */
bool compare_tensors(const tensor *want, const tensor *got, double tolerance, char why[256]);
bool compare_bits(const tensor *a, const tensor *b);
/* The type's own tolerance. */
double compare_tolerance(sm_dtype t);

/* t in another type, as a new tensor; NULL when an element cannot be represented there (a fraction among integers, a
 * number out of range) or either type is not real or bool. Rounding to a narrower float is fine. */
tensor *compare_convert(const tensor *t, sm_dtype to);

#endif
