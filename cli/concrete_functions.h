/* SPDX-License-Identifier: Apache-2.0 */
/* concrete_functions.h - the "Concrete Functions:" part of saved_model_cli show --all. */
#ifndef CLI_CONCRETE_FUNCTIONS_H
#define CLI_CONCRETE_FUNCTIONS_H

#include <savedmodel.h>

#include "textbuf.h"

void concrete_functions_print(textbuf *b, sm_model *m);
/* The traces of a function in the order in which TensorFlow lists them: indices into its traces. */
size_t concrete_functions_order(sm_model *m, const sm_object *o, size_t **order);

#endif
