/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - Python values to the tensors that a signature's inputs take, by the rules of a TensorFlow
 * session: lists are cast to the input's type, a lone integer must survive its cast. */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include "python_value.h"

/* A counted tensor for input p of function f, type and shape checked. */
sm_status feed_tensor(const py *v, const sm_param *p, sm_tensor **out, sm_error *err);
/* The sentence for an input that was not given. */
sm_status feed_missing(const sm_param *p, sm_error *err);

#endif
