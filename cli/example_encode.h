/* SPDX-License-Identifier: Apache-2.0 */
/* example_encode.h - Python values to serialised tf.Example messages, for --input_examples. */
#ifndef CLI_EXAMPLE_ENCODE_H
#define CLI_EXAMPLE_ENCODE_H

#include "python_value.h"

/* [{"feature": [values]}, ...] to a list of bytes, one serialised Example for each dict. */
sm_status example_encode(const py *list, const py **out, sm_error *err);

#endif
