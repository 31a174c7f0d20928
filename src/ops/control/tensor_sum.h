/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_sum.h - adding one tensor to another of the same type and shape, where no node stands for it. */
#ifndef OPS_CONTROL_TENSOR_SUM_H
#define OPS_CONTROL_TENSOR_SUM_H

#include "graph/tensor.h"

/* to += from; false when their type is no number's. */
bool tensor_sum(tensor *to, const tensor *from);

#endif
