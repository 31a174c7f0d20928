/* SPDX-License-Identifier: Apache-2.0 */
/* description.h - what `savedmodel show` tells about a model, as text or as JSON. */
#ifndef CLI_DESCRIPTION_H
#define CLI_DESCRIPTION_H

#include <savedmodel.h>

#include "textbuf.h"

/* Bytes of the regular files under a directory. */
uint64_t description_bytes_on_disk(const char *dir, int depth);
/* "1.2 MiB" */
char *description_size(uint64_t bytes);
/* Elements of a variable; -1 when a dimension is unknown. */
int64_t description_parameters(const sm_variable *v);
/* "user", "function", "variable" ... */
const char *description_kind(sm_object_kind k);

void description_text(textbuf *b, const sm_saved_model *s, size_t meta_graph, sm_model *m, int everything);
/* A JSON object; NULL when the program was built without it. Kept. */
char *description_json(const char *dir, const sm_saved_model *s, size_t const *graphs, sm_model *const *models, size_t n);

#endif
