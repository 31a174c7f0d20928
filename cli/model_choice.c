/* SPDX-License-Identifier: Apache-2.0 */
/* model_choice.c - which MetaGraph and which signature a command line means. */
#include "model_choice.h"

#include <stdlib.h>
#include <string.h>

#include "python_value.h"

/* -- Tags ------------------------------------------------------------------------------------------- */

static void split_tags(const char *text, int trim, tag_list *out)
{
    out->tags = keep_array(strlen(text) + 1, sizeof *out->tags);
    out->count = 0;
    while (*text) {
        size_t      n = strcspn(text, ","), width = n;
        const char *from = text;
        while (trim && width && strchr(" \t\n", *from)) from++, width--;
        while (trim && width && strchr(" \t\n", from[width - 1])) width--;
        if (width) out->tags[out->count++] = keep_bytes(from, width);
        text += n + (text[n] == ',');
    }
}

sm_status model_choice_tags(const char *tag_set, tag_list *out, sm_error *err)
{
    split_tags(tag_set, 1, out);
    if (out->count) return SM_OK;
    return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "tag_set must contain at least one non-empty item.");
}

void model_choice_raw_tags(const char *tag_set, tag_list *out)
{
    split_tags(tag_set, 0, out);
}

static int has_tag(const sm_saved_model *s, size_t g, const char *tag)
{
    for (size_t i = 0; i < sm_saved_model_tag_count(s, g); i++)
        if (strcmp(sm_saved_model_tag(s, g, i), tag) == 0) return 1;
    return 0;
}

static int listed(const tag_list *tags, const char *tag)
{
    for (size_t i = 0; i < tags->count; i++)
        if (strcmp(tags->tags[i], tag) == 0) return 1;
    return 0;
}

static int same_tags(const sm_saved_model *s, size_t g, const tag_list *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        if (!has_tag(s, g, tags->tags[i])) return 0;
    for (size_t i = 0; i < sm_saved_model_tag_count(s, g); i++)
        if (!listed(tags, sm_saved_model_tag(s, g, i))) return 0;
    return 1;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *model_choice_tags_joined(const sm_saved_model *s, size_t g, const char *glue, int sorted)
{
    size_t       n = sm_saved_model_tag_count(s, g);
    const char **tags = keep_array(n + 1, sizeof *tags);
    textbuf      b = { 0 };
    for (size_t i = 0; i < n; i++) tags[i] = sm_saved_model_tag(s, g, i);
    if (sorted && n) qsort(tags, n, sizeof *tags, by_text);
    for (size_t i = 0; i < n; i++) {
        textbuf_text(&b, i ? glue : "");
        textbuf_text(&b, tags[i]);
    }
    char *text = keep_text(textbuf_string(&b));
    textbuf_clear(&b);
    return text;
}

char *model_choice_tag_list(const sm_saved_model *s, size_t g)
{
    size_t     n = sm_saved_model_tag_count(s, g);
    const py **tags = keep_array(n + 1, sizeof *tags);
    for (size_t i = 0; i < n; i++)
        tags[i] = py_string(PY_STR, sm_saved_model_tag(s, g, i), strlen(sm_saved_model_tag(s, g, i)));
    return py_repr_text(py_sequence(PY_LIST, tags, n));
}

static char *all_tag_sets(const sm_saved_model *s)
{
    size_t     n = sm_saved_model_meta_graph_count(s);
    const py **sets = keep_array(n + 1, sizeof *sets);
    for (size_t g = 0; g < n; g++) {
        char *text = model_choice_tags_joined(s, g, ",", 1);
        sets[g] = py_string(PY_STR, text, strlen(text));
    }
    return py_repr_text(py_sequence(PY_LIST, sets, n));
}

sm_status model_choice_meta_graph(const sm_saved_model *s, const tag_list *tags, const char *shown, size_t *index,
                                  sm_error *err)
{
    textbuf joined = { 0 };
    for (size_t g = 0; g < sm_saved_model_meta_graph_count(s); g++)
        if (same_tags(s, g, tags)) {
            *index = g;
            return SM_OK;
        }
    for (size_t i = 0; !shown && i < tags->count; i++) textbuf_format(&joined, "%s%s", i ? "," : "", tags->tags[i]);
    shown = shown ? shown : keep_text(textbuf_string(&joined));
    textbuf_clear(&joined);
    return py_fail(
        err, SM_NOT_FOUND, "RuntimeError",
        "MetaGraphDef associated with tag-set %s could not be found in the SavedModel. Please use one of the "
        "following tag-sets: %s",
        shown, all_tag_sets(s));
}

/* The only MetaGraph, or an error that lists them. */
static sm_status only_meta_graph(const sm_saved_model *s, size_t *index, sm_error *err)
{
    *index = 0;
    if (sm_saved_model_meta_graph_count(s) == 1) return SM_OK;
    return py_fail(err, SM_INVALID_ARGUMENT, "RuntimeError",
                   "the SavedModel has %zu MetaGraphs; choose one with --tag_set: %s",
                   sm_saved_model_meta_graph_count(s), all_tag_sets(s));
}

/* -- Signatures ----------------------------------------------------------------------------------------- */

size_t model_choice_keys(sm_model *m, const char ***keys)
{
    static const char *const reserved[] = { "__saved_model_init_op", "__saved_model_train_op" };
    size_t                   n = sm_model_signature_count(m);
    *keys = keep_array(n + 3, sizeof **keys);
    for (size_t i = 0; i < n; i++) (*keys)[i] = sm_model_signature_key(m, i);
    for (size_t i = 0; i < 2; i++)
        if (sm_model_signature(m, reserved[i])) (*keys)[n++] = reserved[i];
    if (n) qsort(*keys, n, sizeof **keys, by_text);
    return n;
}

static sm_status no_signature(sm_model *m, const char *key, sm_error *err)
{
    const char **keys;
    size_t       n = model_choice_keys(m, &keys);
    textbuf      b = { 0 };
    for (size_t i = 0; i < n; i++) textbuf_format(&b, "%s%s", i ? ", " : "", keys[i]);
    py_fail(err, SM_NOT_FOUND, "ValueError", "Could not find signature \"%s\". Please choose from: %s", key,
            textbuf_string(&b));
    textbuf_clear(&b);
    return SM_NOT_FOUND;
}

sm_status model_choice_signature(sm_model *m, const char *key, sm_function **out, sm_error *err)
{
    *out = sm_model_signature(m, key);
    return *out ? SM_OK : no_signature(m, key, err);
}

sm_status model_choice_default_signature(sm_model *m, sm_function **out, sm_error *err)
{
    *out = sm_model_signature(m, "serving_default");
    if (!*out && sm_model_signature_count(m) == 1) *out = sm_model_signature(m, sm_model_signature_key(m, 0));
    return *out ? SM_OK : no_signature(m, "serving_default", err);
}

/* -- Loading ------------------------------------------------------------------------------------------------ */

sm_status model_choice_runtime(const invocation *v, sm_runtime **out, sm_error *err)
{
    sm_runtime_options o = SM_RUNTIME_OPTIONS_INIT;
    long               threads;
    *out = NULL;
    if (!program_flag(v, "threads") && !program_flag(v, "isa") && !program_switch(v, "allow_files")) return SM_OK;
    if (program_number(v, "threads", 1, 0, &threads, err) != SM_OK) return SM_INVALID_ARGUMENT;
    o.threads = (int)threads;
    o.isa = program_flag(v, "isa");
    o.allow_files = program_switch(v, "allow_files");
    return sm_runtime_new(&o, out, err);
}

sm_status model_choice_load(const invocation *v, const sm_load_options *o, sm_saved_model **s, sm_model **m, sm_error *err)
{
    const char *tag_set = program_flag(v, "tag_set");
    tag_list    tags;
    size_t      index = 0;
    sm_status   status = sm_saved_model_open(program_dir(v), o, s, err);
    if (status == SM_OK && tag_set) status = model_choice_tags(tag_set, &tags, err);
    if (status == SM_OK)
        status = tag_set ? model_choice_meta_graph(*s, &tags, NULL, &index, err) : only_meta_graph(*s, &index, err);
    return status == SM_OK ? sm_saved_model_load(*s, index, o, m, err) : status;
}
