/* SPDX-License-Identifier: Apache-2.0 */
/* model_choice.h - which MetaGraph and which signature a command line means.
 *
 * Errors carry TensorFlow's sentences, which list what there is to choose from. */
#ifndef CLI_MODEL_CHOICE_H
#define CLI_MODEL_CHOICE_H

#include "program.h"

/* --tag_set split at commas, blanks trimmed; without any non-empty tag: ValueError. */
typedef struct tag_list {
    const char **tags;
    size_t       count;
} tag_list;
sm_status model_choice_tags(const char *tag_set, tag_list *out, sm_error *err);
/* The same with TensorFlow's other rule: empty tags are dropped, blanks stay, none at all is fine. */
void model_choice_raw_tags(const char *tag_set, tag_list *out);

/* The MetaGraph whose tags are exactly these. `shown` is how the message names them; NULL: as listed. */
sm_status model_choice_meta_graph(const sm_saved_model *s, const tag_list *tags, const char *shown, size_t *index,
                                  sm_error *err);

/* All signature keys of m, sorted, with __saved_model_init_op and __saved_model_train_op. */
size_t    model_choice_keys(sm_model *m, const char ***keys);
sm_status model_choice_signature(sm_model *m, const char *key, sm_function **out, sm_error *err);
/* serving_default, or the only signature. */
sm_status model_choice_default_signature(sm_model *m, sm_function **out, sm_error *err);

/* Python's ['serve', 'gpu'] of a MetaGraph's tags, in the file's order; sorted and joined by `glue`. */
char *model_choice_tag_list(const sm_saved_model *s, size_t meta_graph);
char *model_choice_tags_joined(const sm_saved_model *s, size_t meta_graph, const char *glue, int sorted);

/* --dir opened and the MetaGraph of --tag_set loaded (the only one when it is not given). */
sm_status model_choice_load(const invocation *v, const sm_load_options *o, sm_saved_model **s, sm_model **m, sm_error *err);
/* --threads, --allow_files: a runtime of their own, or NULL when neither is given. */
sm_status model_choice_runtime(const invocation *v, sm_runtime **out, sm_error *err);

#endif
