/* SPDX-License-Identifier: Apache-2.0 */
/* command_scan.c - scan: does a model use ops that touch the outside world?
 *
 * Exits 0 whatever it finds, as TensorFlow does; a script reads the line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_choice.h"
#include "op_census.h"

typedef struct denylist {
    const char **ops;
    size_t       count;
} denylist;

static int by_op(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ops of a comma-separated list, sorted, each once. */
static denylist read_denylist(const char *text)
{
    denylist d = { keep_array(strlen(text) + 1, sizeof *d.ops), 0 };
    size_t   kept = 0;
    while (*text) {
        size_t      n = strcspn(text, ","), width = n;
        const char *from = text;
        while (width && strchr(" \t\n", *from)) from++, width--;
        while (width && strchr(" \t\n", from[width - 1])) width--;
        if (width) d.ops[d.count++] = keep_bytes(from, width);
        text += n + (text[n] == ',');
    }
    if (d.count) qsort(d.ops, d.count, sizeof *d.ops, by_op);
    for (size_t i = 0; i < d.count; i++)
        if (kept == 0 || strcmp(d.ops[i], d.ops[kept - 1]) != 0) d.ops[kept++] = d.ops[i];
    d.count = kept;
    return d;
}

static sm_status scan_meta_graph(sm_saved_model *s, size_t g, const denylist *d, sm_error *err)
{
    sm_model    *m = NULL;
    const char **used, **found = keep_array(d->count + 1, sizeof *found);
    size_t       n = 0, used_count;
    textbuf      b = { 0 };
    sm_status    status = sm_saved_model_load(s, g, NULL, &m, err);
    if (status != SM_OK) return status;
    used_count = op_census_used(m, &used);
    for (size_t i = 0; i < d->count; i++)
        if (used_count && bsearch(&d->ops[i], used, used_count, sizeof *used, by_op)) found[n++] = d->ops[i];
    textbuf_format(&b, "MetaGraph with tag set %s %s: ", model_choice_tag_list(s, g),
                   n ? "contains the following denylisted ops" : "does not contain the default denylisted ops");
    op_census_print(&b, n ? found : d->ops, n ? n : d->count);
    puts(textbuf_string(&b));
    textbuf_clear(&b);
    sm_model_free(m);
    return SM_OK;
}

int command_scan(invocation *v)
{
    const char     *tag_set = program_flag(v, "tag_set"), *list = program_flag(v, "op_denylist");
    denylist        d = read_denylist(list && *list ? list : "WriteFile,ReadFile,PrintV2");
    sm_saved_model *s = NULL;
    sm_error        err = { 0 };
    tag_list        tags;
    size_t          g = 0, end;
    sm_status       status = SM_OK;
    int             chosen = tag_set && *tag_set;
    if (chosen) status = model_choice_tags(tag_set, &tags, &err);
    if (status == SM_OK) status = sm_saved_model_open(program_dir(v), NULL, &s, &err);
    if (status == SM_OK && chosen) status = model_choice_meta_graph(s, &tags, NULL, &g, &err);
    if (status == SM_OK) {
        end = chosen ? g + 1 : sm_saved_model_meta_graph_count(s);
        for (; g < end && status == SM_OK; g++) status = scan_meta_graph(s, g, &d, &err);
    }
    sm_saved_model_close(s);
    return status == SM_OK ? 0 : program_error(v, &err);
}
