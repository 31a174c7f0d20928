/* SPDX-License-Identifier: Apache-2.0 */
/* command_show.c - saved_model_cli show, line for line as TensorFlow prints it.
 *
 * --all shows everything and looks at no other flag; without --tag_set only the tag sets are shown.
 * Text is collected and printed once what it needs has been read, so that a failure prints nothing,
 * except where TensorFlow prints part of it first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "concrete_functions.h"
#include "model_choice.h"
#include "op_census.h"

static void flush(textbuf *b)
{
    fwrite(textbuf_string(b), 1, b->length, stdout);
    textbuf_clear(b);
}

/* -- Pieces -------------------------------------------------------------------------------------------- */

static void print_parameter(textbuf *b, const sm_param *p, const char *which, const char *indent)
{
    textbuf_format(b, "%s  %s['%s'] tensor_info:\n", indent, which, p->name);
    textbuf_format(b, "%s      dtype: %s\n", indent, p->dtype == SM_INVALID ? "DT_INVALID" : sm_dtype_proto_name(p->dtype));
    textbuf_format(b, "%s      shape: ", indent);
    if (p->rank < 0) textbuf_text(b, "unknown_rank");
    for (int i = 0; i < p->rank; i++) textbuf_format(b, "%s%lld", i ? ", " : "(", (long long)p->dims[i]);
    textbuf_text(b, p->rank == 0 ? "()" : p->rank > 0 ? ")" : "");
    textbuf_format(b, "\n%s      name: %s\n", indent, p->tensor_name);
}

static void print_signature(textbuf *b, const sm_function *f, const char *indent)
{
    textbuf_format(b, "%sThe given SavedModel SignatureDef contains the following input(s):\n", indent);
    for (size_t i = 0; i < sm_function_input_count(f); i++)
        print_parameter(b, sm_function_input(f, i), "inputs", indent);
    textbuf_format(b, "%sThe given SavedModel SignatureDef contains the following output(s):\n", indent);
    for (size_t i = 0; i < sm_function_output_count(f); i++)
        print_parameter(b, sm_function_output(f, i), "outputs", indent);
    textbuf_format(b, "%sMethod name is: %s\n", indent, sm_function_method_name(f));
}

static void print_ops(textbuf *b, const sm_saved_model *s, size_t g, sm_model *m)
{
    const char **ops;
    size_t       n = op_census_used(m, &ops);
    textbuf_format(b, "The MetaGraph with tag set %s contains the following ops: ", model_choice_tag_list(s, g));
    op_census_print(b, ops, n);
    textbuf_char(b, '\n');
}

/* -- Without --tag_set, and with --all ------------------------------------------------------------------- */

typedef struct graph_order {
    const sm_saved_model *s;
    size_t                g;
} graph_order;

/* Lists of tags compare as Python compares lists: item by item, in the file's order. */
static int by_tags(const void *a, const void *b)
{
    const graph_order *x = a, *y = b;
    size_t             n = sm_saved_model_tag_count(x->s, x->g), k = sm_saved_model_tag_count(y->s, y->g);
    for (size_t i = 0; i < n && i < k; i++) {
        int c = strcmp(sm_saved_model_tag(x->s, x->g, i), sm_saved_model_tag(y->s, y->g, i));
        if (c) return c;
    }
    return n != k ? (n < k ? -1 : 1) : x->g < y->g ? -1 : 1;
}

static size_t sorted_graphs(const sm_saved_model *s, graph_order **order)
{
    size_t n = sm_saved_model_meta_graph_count(s);
    *order = keep_array(n + 1, sizeof **order);
    for (size_t g = 0; g < n; g++) (*order)[g] = (graph_order){ s, g };
    if (n) qsort(*order, n, sizeof **order, by_tags);
    return n;
}

static sm_status show_tag_sets(const invocation *v, const sm_saved_model *s, textbuf *b)
{
    graph_order *order;
    size_t       n = sorted_graphs(s, &order);
    (void)v;
    textbuf_text(b, "The given SavedModel contains the following tag-sets:\n");
    for (size_t i = 0; i < n; i++) textbuf_format(b, "'%s'\n", model_choice_tags_joined(s, order[i].g, ", ", 1));
    return SM_OK;
}

static sm_status show_meta_graph(sm_saved_model *s, size_t g, textbuf *b, sm_error *err)
{
    sm_model    *m = NULL;
    const char **keys;
    sm_status    status = sm_saved_model_load(s, g, NULL, &m, err);
    if (status != SM_OK) return status;
    textbuf_format(b, "\nMetaGraphDef with tag-set: '%s' contains the following SignatureDefs:\n",
                   model_choice_tags_joined(s, g, ", ", 0));
    size_t n = model_choice_keys(m, &keys);
    for (size_t i = 0; i < n; i++) {
        textbuf_format(b, "\nsignature_def['%s']:\n", keys[i]);
        print_signature(b, sm_model_signature(m, keys[i]), "  ");
    }
    print_ops(b, s, g, m);
    sm_model_free(m);
    return SM_OK;
}

/* tf.saved_model.load takes no tags here, so a model with several MetaGraphs cannot be listed. */
static void show_functions(sm_saved_model *s, textbuf *b)
{
    size_t n = sm_saved_model_meta_graph_count(s), with_objects = 0;
    for (size_t g = 0; g < n; g++) {
        sm_model *m = NULL;
        if (sm_saved_model_load(s, g, NULL, &m, NULL) != SM_OK) continue;
        with_objects += sm_model_object_count(m) > 0;
        if (n == 1 && with_objects) {
            textbuf_text(b, "\nConcrete Functions:");
            concrete_functions_print(b, m);
        }
        sm_model_free(m);
    }
    if (n > 1 && with_objects)
        textbuf_text(b, "\nConcrete Functions: N/A (could not be listed due to unknown reasons)\n");
}

static sm_status show_all(sm_saved_model *s, textbuf *b, sm_error *err)
{
    graph_order *order;
    size_t       n = sorted_graphs(s, &order);
    sm_status    status = SM_OK;
    for (size_t i = 0; i < n && status == SM_OK; i++) status = show_meta_graph(s, order[i].g, b, err);
    if (status == SM_OK) show_functions(s, b);
    return status;
}

/* -- With --tag_set ------------------------------------------------------------------------------------------ */

/* --list_ops and --signature_def insist on a tag; the list of keys takes --tag_set "" for no tags. */
static sm_status show_chosen(const invocation *v, sm_saved_model *s, textbuf *b, sm_error *err)
{
    const char  *tag_set = program_flag(v, "tag_set"), *key = program_flag(v, "signature_def");
    int          strict = program_switch(v, "list_ops") || key;
    tag_list     tags;
    size_t       g;
    sm_model    *m = NULL;
    sm_function *f = NULL;
    sm_status    status = SM_OK;
    if (strict)
        status = model_choice_tags(tag_set, &tags, err);
    else
        model_choice_raw_tags(tag_set, &tags);
    if (status == SM_OK) status = model_choice_meta_graph(s, &tags, strict ? NULL : tag_set, &g, err);
    if (status == SM_OK) status = sm_saved_model_load(s, g, NULL, &m, err);
    if (status != SM_OK) return status;
    if (program_switch(v, "list_ops")) print_ops(b, s, g, m);
    if (key) {
        status = model_choice_signature(m, key, &f, err);
        if (status == SM_OK) print_signature(b, f, "");
    } else {
        const char **keys;
        size_t       n = model_choice_keys(m, &keys);
        textbuf_text(b, "The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:\n");
        for (size_t i = 0; i < n; i++) textbuf_format(b, "SignatureDef key: \"%s\"\n", keys[i]);
    }
    sm_model_free(m);
    return status;
}

int command_show(invocation *v)
{
    sm_saved_model *s = NULL;
    sm_error        err = { 0 };
    textbuf         b = { 0 };
    int             all = program_switch(v, "all"), tagged = program_flag(v, "tag_set") != NULL;
    if (!all && !tagged && program_switch(v, "list_ops"))
        textbuf_text(&b, "--list_ops must be paired with a tag-set or with --all.\n");
    sm_status status = sm_saved_model_open(program_dir(v), NULL, &s, &err);
    if (status == SM_OK)
        status = all ? show_all(s, &b, &err) : tagged ? show_chosen(v, s, &b, &err) : show_tag_sets(v, s, &b);
    flush(&b);
    sm_saved_model_close(s);
    return status == SM_OK ? 0 : program_error(v, &err);
}
