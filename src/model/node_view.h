/* SPDX-License-Identifier: Apache-2.0 */
/* model/node_view.h - a node of the file in the form that the public header shows. */
#ifndef MODEL_NODE_VIEW_H
#define MODEL_NODE_VIEW_H

#include "model/definitions.h"

/* Node i of d, which is decoded; strings live as long as the model. Model's lock held. */
sm_node node_view(definition *d, size_t i);
/* The attribute in protobuf's text format, cut to size with its end marked; the whole length, 0 when n has none such. */
size_t node_attr_text(const tf_NodeDef *n, const char *name, char *text, size_t size);

#endif
