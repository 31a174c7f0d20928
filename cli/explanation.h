/* SPDX-License-Identifier: Apache-2.0 */
/* explanation.h - what `savedmodel explain` tells, as text and as JSON. */
#ifndef CLI_EXPLANATION_H
#define CLI_EXPLANATION_H

#include <savedmodel.h>

#include "textbuf.h"

typedef struct explanation {
    sm_function      *f;
    sm_tensor *const *in;
    const char       *node; /* part of the names to show; NULL: all                            */
    int               all;  /* also nodes that are computed once or for new shapes */
} explanation;

/* Is e one of the nodes to show? */
int explanation_shows(const explanation *x, const sm_explanation *e);

sm_status explanation_text(textbuf *b, const explanation *x, size_t width, sm_error *err);
/* *text: kept; NULL: built without JSON. */
sm_status explanation_json(const explanation *x, char **text, sm_error *err);

#endif
