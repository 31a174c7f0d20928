/* SPDX-License-Identifier: Apache-2.0 */
/* command_describe.c - savedmodel show: a model for people, or for programs with --json. */
#include <stdio.h>

#include "description.h"
#include "model_choice.h"
#include "python_value.h"

/* The MetaGraphs to show: that of --tag_set, else all. */
static sm_status choose(const invocation *v, const sm_saved_model *s, size_t **graphs, size_t *n, sm_error *err)
{
    const char *tag_set = program_flag(v, "tag_set");
    tag_list    tags;
    sm_status   status;
    *graphs = keep_array(sm_saved_model_meta_graph_count(s) + 1, sizeof **graphs);
    *n = 0;
    if (!tag_set) {
        for (; *n < sm_saved_model_meta_graph_count(s); ++*n) (*graphs)[*n] = *n;
        return SM_OK;
    }
    *n = 1;
    status = model_choice_tags(tag_set, &tags, err);
    return status == SM_OK ? model_choice_meta_graph(s, &tags, NULL, *graphs, err) : status;
}

static sm_status print_all(const invocation *v, const sm_saved_model *s, const size_t *graphs, sm_model *const *models,
                           size_t n, sm_error *err)
{
    const char *dir = program_dir(v);
    textbuf     b = { 0 };
    if (program_switch(v, "json")) {
        char *json = description_json(dir, s, graphs, models, n);
        if (!json) return py_fail(err, SM_UNIMPLEMENTED, "", "this program was built without JSON");
        puts(json);
        return SM_OK;
    }
    textbuf_format(&b, "%s: %s on disk\n", dir, description_size(description_bytes_on_disk(dir, 0)));
    for (size_t i = 0; i < n; i++) description_text(&b, s, graphs[i], models[i], program_switch(v, "all"));
    fwrite(textbuf_string(&b), 1, b.length, stdout);
    textbuf_clear(&b);
    return SM_OK;
}

int command_describe(invocation *v)
{
    sm_saved_model *s = NULL;
    sm_model      **models = NULL;
    sm_error        err = { 0 };
    size_t         *graphs = NULL, n = 0, loaded = 0;
    sm_status       status = sm_saved_model_open(program_dir(v), NULL, &s, &err);
    if (status == SM_OK) status = choose(v, s, &graphs, &n, &err);
    if (status == SM_OK) models = keep_array(n + 1, sizeof *models);
    for (; status == SM_OK && loaded < n; loaded++)
        status = sm_saved_model_load(s, graphs[loaded], NULL, &models[loaded], &err);
    if (status == SM_OK) status = print_all(v, s, graphs, models, n, &err);
    for (size_t i = 0; i < loaded; i++) sm_model_free(models[i]);
    sm_saved_model_close(s);
    return status == SM_OK ? 0 : program_error(v, &err);
}
