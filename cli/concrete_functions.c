/* SPDX-License-Identifier: Apache-2.0 */
/* concrete_functions.c - the functions of a model's root with the arguments of each trace.
 *
 * TensorFlow loads the model for this and sorts a function's traces by the names that they get at
 * loading: the saved name with a new number, compared as strings. Odd things that are kept because
 * scripts read them: a keyword argument prints its bare name, a list ends in ", " and two backspaces
 * before the bracket. */
#include "concrete_functions.h"

#include <stdlib.h>
#include <string.h>

#include "structured_text.h"

/* -- Order ---------------------------------------------------------------------------------------- */

typedef struct trace_key {
    size_t      index;
    const char *loaded_name;
} trace_key;

/* The saved name with its number replaced by the one that loading gives. */
static const char *loaded_name(sm_model *m, const char *name)
{
    size_t n = strlen(name), end = n;
    while (end && name[end - 1] >= '0' && name[end - 1] <= '9') end--;
    if (end == 0 || end == n || name[end - 1] != '_')
        return keep_format("%s_%lld", name, (long long)sm_model_function_load_order(m, name));
    return keep_format("%.*s%lld", (int)end, name, (long long)sm_model_function_load_order(m, name));
}

static int by_trace(const void *a, const void *b)
{
    const trace_key *x = a, *y = b;
    int              c = strcmp(x->loaded_name, y->loaded_name);
    return c ? c : x->index < y->index ? -1 : 1;
}

size_t concrete_functions_order(sm_model *m, const sm_object *o, size_t **order)
{
    size_t     n = sm_object_trace_count(o);
    trace_key *keys = keep_array(n + 1, sizeof *keys);
    *order = keep_array(n + 1, sizeof **order);
    for (size_t i = 0; i < n; i++) keys[i] = (trace_key){ i, n > 1 ? loaded_name(m, sm_object_trace_name(o, i)) : "" };
    if (n) qsort(keys, n, sizeof *keys, by_trace);
    for (size_t i = 0; i < n; i++) (*order)[i] = keys[i].index;
    return n;
}

/* -- Arguments -------------------------------------------------------------------------------------- */

static int is_iterable(sm_value_kind k)
{
    return k == SM_VALUE_LIST || k == SM_VALUE_TUPLE || k == SM_VALUE_NAMED_TUPLE;
}

static void quoted(textbuf *b, const sm_value *v)
{
    int text = v && sm_value_kind_of(v) == SM_VALUE_STRING;
    textbuf_text(b, text ? "'" : "");
    structured_text_str(b, v);
    textbuf_text(b, text ? "'" : "");
}

/* Of a dict TensorFlow prints the items in the order of a hash map, which changes from run to run; here the
 * last key comes first, as in the recorded outputs that this is compared with. */
static void print_items(textbuf *b, const sm_value *v, char open, char close)
{
    size_t n = sm_value_count(v);
    int    dict = sm_value_kind_of(v) == SM_VALUE_DICT;
    textbuf_format(b, "          Value: %c", open);
    for (size_t i = 0; i < n; i++) {
        size_t at = dict ? n - 1 - i : i;
        if (dict) textbuf_format(b, "'%s': ", sm_value_key(v, at));
        quoted(b, sm_value_item(v, at));
        textbuf_text(b, ", ");
    }
    textbuf_format(b, "\b\b%c\n", close);
}

static void print_shape_items(textbuf *b, const sm_value *v)
{
    textbuf_text(b, "          Value: [");
    for (int i = 0; i < sm_value_rank(v); i++)
        if (sm_value_dims(v)[i] < 0)
            textbuf_text(b, "None, ");
        else
            textbuf_format(b, "%lld, ", (long long)sm_value_dims(v)[i]);
    textbuf_text(b, "\b\b]\n");
}

static void print_argument(textbuf *b, const sm_value *v)
{
    sm_value_kind k = v ? sm_value_kind_of(v) : SM_VALUE_NONE;
    if (k == SM_VALUE_STRING) {
        textbuf_format(b, "          %s\n", sm_value_text(v) ? sm_value_text(v) : "");
        return;
    }
    if (k == SM_VALUE_TENSOR_SPEC) {
        textbuf_format(b, "          %s: ", sm_value_text(v) ? sm_value_text(v) : "None");
        structured_text_repr(b, v);
        textbuf_char(b, '\n');
        return;
    }
    textbuf_format(b, "          DType: %s\n", v ? structured_text_type(v) : "NoneType");
    if (is_iterable(k)) {
        print_items(b, v, '[', ']');
    } else if (k == SM_VALUE_DICT) {
        print_items(b, v, '{', '}');
    } else if (k == SM_VALUE_SHAPE) {
        print_shape_items(b, v);
    } else {
        textbuf_text(b, "          Value: ");
        structured_text_str(b, v);
        textbuf_char(b, '\n');
    }
}

/* The place of a keyword argument among the function's own; those that it does not name come last. */
static size_t keyword_place(const sm_object *function, const char *key)
{
    const sm_value *spec = sm_object_fullargspec(function), *names = NULL;
    size_t          n;
    for (size_t i = 0; spec && i < sm_value_count(spec); i++)
        if (sm_value_key(spec, i) && strcmp(sm_value_key(spec, i), "kwonlyargs") == 0) names = sm_value_item(spec, i);
    n = names ? sm_value_count(names) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = sm_value_text(sm_value_item(names, i));
        if (name && strcmp(name, key) == 0) return i;
    }
    return n;
}

/* Keyword arguments as the function declares them. */
static void print_keywords(textbuf *b, const sm_value *keywords, const sm_object *function)
{
    size_t n = keywords ? sm_value_count(keywords) : 0, printed = 0;
    for (size_t place = 0; printed < n; place++)
        for (size_t i = 0; i < n; i++)
            if (keyword_place(function, sm_value_key(keywords, i)) == place)
                textbuf_format(b, "        Named Argument #%zu\n          %s\n", ++printed, sm_value_key(keywords, i));
}

/* What the trace's canonical input holds: tuple(tuple of arguments, dict of keyword arguments). */
static void print_trace(textbuf *b, const sm_object *function, const sm_value *input, size_t number)
{
    const sm_value *args = input && sm_value_count(input) > 0 ? sm_value_item(input, 0) : NULL;
    const sm_value *keywords = input && sm_value_count(input) > 1 ? sm_value_item(input, 1) : NULL;
    size_t          n = args ? sm_value_count(args) : 0;
    if (n) textbuf_format(b, "    Option #%zu\n      Callable with:\n", number);
    for (size_t i = 0; i < n; i++) {
        textbuf_format(b, "        Argument #%zu\n", i + 1);
        print_argument(b, sm_value_item(args, i));
    }
    print_keywords(b, keywords, function);
}

typedef struct named_child {
    const char      *name;
    const sm_object *object;
} named_child;

static int by_child_name(const void *a, const void *b)
{
    return strcmp(((const named_child *)a)->name, ((const named_child *)b)->name);
}

void concrete_functions_print(textbuf *b, sm_model *m)
{
    const sm_object *root = sm_model_object(m, 0);
    size_t           n = sm_object_child_count(root), functions = 0;
    named_child     *children = keep_array(n + 1, sizeof *children);
    for (size_t i = 0; i < n; i++) {
        sm_object_kind k = sm_object_kind_of(sm_object_child(root, i));
        if (k == SM_OBJECT_FUNCTION || k == SM_OBJECT_BARE_FUNCTION)
            children[functions++] = (named_child){ sm_object_child_name(root, i), sm_object_child(root, i) };
    }
    if (functions) qsort(children, functions, sizeof *children, by_child_name);
    for (size_t i = 0; i < functions; i++) {
        size_t *order, traces = concrete_functions_order(m, children[i].object, &order);
        textbuf_format(b, "\n  Function Name: '%s'\n", children[i].name);
        for (size_t k = 0; k < traces; k++)
            print_trace(b, children[i].object, sm_object_trace_input(children[i].object, order[k]), k + 1);
    }
}
