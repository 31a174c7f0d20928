/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, looking and importing: what a model says of itself, and the sentences for models that are wrong.
 *
 * Wrong models are written as text into a directory of their own: a function is half_graph(...) with other nodes. */
#include "unit.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODELS SOURCE_DIR "/tests/models/"

static sm_model *open_model(const char *name)
{
    char      path[512];
    sm_model *m = NULL;

    (void)snprintf(path, sizeof path, MODELS "%s/saved_model", name);
    assert_ok(sm_model_load(path, NULL, &m, err));
    return m;
}

/* -- What a model says of itself ------------------------------------------------------------------------------- */

TEST(signatures_describe_themselves)
{
    sm_model       *m = open_model("strings");
    sm_function    *f = sm_model_signature(m, "join");
    const sm_param *p;

    assert_string_equal(sm_function_name(f), "join");
    assert_string_equal(sm_function_method_name(f), "tensorflow/serving/predict");
    assert_int_equal(sm_function_input_count(f), 2);
    p = sm_function_input(f, 0);
    assert_string_equal(p->name, "end");
    assert_string_equal(p->tensor_name, "join_end:0");
    assert_int_equal(p->dtype, SM_STRING);
    assert_int_equal(p->rank, 0);
    assert_false(p->has_default);
    p = sm_function_input(f, 1);
    assert_int_equal(p->rank, 1);
    assert_int_equal(p->dims[0], -1);
    assert_null(sm_function_input(f, 2));
    assert_string_equal(sm_function_output(f, 1)->name, "length");
    assert_int_equal(sm_function_output(f, 1)->dtype, SM_INT32);
    assert_string_equal(sm_model_tag(m, 0), "serve");
    assert_true(strlen(sm_model_tensorflow_version(m)) > 0);
    sm_model_free(m);
}

TEST(saved_models_list_their_tags)
{
    sm_saved_model *s = NULL;
    sm_model       *m = NULL;

    assert_ok(sm_saved_model_open(MODELS "two_meta_graphs/saved_model", NULL, &s, err));
    assert_int_equal(sm_saved_model_meta_graph_count(s), 2);
    assert_int_equal(sm_saved_model_tag_count(s, 1), 2);
    assert_string_equal(sm_saved_model_tag(s, 1, 1), "gpu");
    assert_null(sm_saved_model_tag(s, 2, 0));
    assert_fails(sm_saved_model_load(s, 2, NULL, &m, err), SM_INVALID_ARGUMENT, "no MetaGraph 2 among 2");
    assert_ok(sm_saved_model_load(s, 1, NULL, &m, err));
    sm_saved_model_close(s); /* the model keeps what it needs */
    assert_int_equal(sm_function_input(sm_model_signature(m, "serving_default"), 0)->has_default, 1);
    assert_int_equal(sm_model_object_count(m), 0);
    sm_model_free(m);
}

TEST(variables_have_names_keys_and_values)
{
    sm_model  *m = open_model("variables");
    sm_tensor *t = NULL;
    size_t     seen = 0;

    assert_int_equal(sm_model_variable_count(m), 5);
    for (size_t i = 0; i < 5; i++) {
        sm_variable *v = sm_model_variable(m, i);
        if (strcmp(sm_variable_path(v), "named/a..b.Sc/.ATTRIBUTES/VARIABLE_VALUE") == 0) {
            size_t n;
            assert_int_equal(sm_variable_dtype(v), SM_STRING);
            assert_ok(sm_variable_read(v, &t, err));
            assert_memory_equal(sm_tensor_string(t, 0, &n), "text", 4);
            assert_int_equal(n, 4);
            sm_tensor_unref(t);
            seen++;
        }
        if (strcmp(sm_variable_name(v), "scale") == 0) {
            assert_string_equal(sm_variable_path(v), "scale/.ATTRIBUTES/VARIABLE_VALUE");
            assert_int_equal(sm_variable_rank(v), 2);
            assert_int_equal(sm_variable_dims(v)[1], 2);
            assert_true(sm_variable_trainable(v));
            assert_ok(sm_variable_read(v, &t, err));
            assert_true(((const float *)sm_tensor_data(t))[1] == -2.0f);
            assert_null(sm_tensor_mutable_data(t)); /* it lies in the file */
            sm_tensor_unref(t);
            seen++;
        }
        if (strcmp(sm_variable_path(v), "parts/1/.ATTRIBUTES/VARIABLE_VALUE") == 0) {
            assert_false(sm_variable_trainable(v));
            seen++;
        }
    }
    assert_int_equal(seen, 3);
    sm_model_free(m);
}

TEST(parts_of_variables_are_restored)
{
    sm_model  *m = open_model("partitioned");
    sm_tensor *t = NULL;

    assert_int_equal(sm_model_variable_count(m), 2);
    assert_string_equal(sm_variable_name(sm_model_variable(m, 1)), "w/part_1");
    assert_ok(sm_variable_read(sm_model_variable(m, 1), &t, err));
    assert_int_equal(sm_tensor_dim(t, 0), 2);
    assert_true(sm_variable_trainable(sm_model_variable(m, 1)));
    sm_tensor_unref(t);
    sm_model_free(m);
}

static const sm_object *child_of(const sm_object *o, const char *name)
{
    for (size_t i = 0; i < sm_object_child_count(o); i++)
        if (strcmp(sm_object_child_name(o, i), name) == 0) return sm_object_child(o, i);
    fail_msg("no child '%s'", name);
    return NULL;
}

TEST(objects_show_functions_and_traces)
{
    sm_model        *m = open_model("nested");
    const sm_object *root = sm_model_object(m, 0), *run = child_of(root, "run");
    const sm_value  *v, *spec;

    assert_int_equal(sm_object_kind_of(root), SM_OBJECT_USER);
    assert_string_equal(sm_object_identifier(root), "_generic_user_object");
    assert_int_equal(sm_object_kind_of(run), SM_OBJECT_FUNCTION);
    assert_int_equal(sm_object_trace_count(run), 1);
    assert_int_equal(strncmp(sm_object_trace_name(run, 0), "__inference_run_", 16), 0);
    v = sm_object_trace_input(run, 0);
    assert_int_equal(sm_value_kind_of(v), SM_VALUE_TUPLE);
    assert_int_equal(sm_value_count(v), 2);
    spec = sm_value_item(sm_value_item(v, 0), 1);
    assert_int_equal(sm_value_kind_of(spec), SM_VALUE_TENSOR_SPEC);
    assert_string_equal(sm_value_text(spec), "n");
    assert_int_equal(sm_value_dtype(spec), SM_INT32);
    assert_int_equal(sm_value_rank(spec), 0);
    v = sm_object_trace_output(run, 0);
    assert_int_equal(sm_value_kind_of(v), SM_VALUE_DICT);
    assert_string_equal(sm_value_key(v, 0), "i");
    v = sm_object_fullargspec(run);
    assert_string_equal(sm_value_text(v), "FullArgSpec");
    assert_string_equal(sm_value_key(v, 0), "args");
    assert_null(sm_object_trace_name(run, 1));
    assert_null(sm_model_object(m, sm_model_object_count(m)));
    sm_model_free(m);
}

TEST(nodes_are_listed)
{
    sm_model *m = open_model("nested");
    char      text[64], cut[5];
    bool      found = false;

    assert_true(sm_model_graph_count(m) > 3);
    assert_string_equal(sm_graph_name(sm_model_graph(m, 0)), "");
    const sm_graph *g = sm_model_graph(m, 0);
    for (size_t i = 0; i < sm_graph_node_count(g); i++) {
        sm_node n = sm_graph_node(g, i);
        if (strcmp(n.name, "run_x") != 0) continue;
        found = true;
        assert_string_equal(n.op, "Placeholder");
        assert_int_equal(n.input_count, 0);
        size_t length = sm_graph_node_attr(g, i, "dtype", text, sizeof text);
        assert_non_null(strstr(text, "DT_FLOAT"));
        assert_int_equal(length, strlen(text));
        assert_int_equal(sm_graph_node_attr(g, i, "dtype", cut, sizeof cut), length);
        assert_int_equal(strlen(cut), 4);
        assert_int_equal(sm_graph_node_attr(g, i, "nothing", text, sizeof text), 0);
    }
    assert_true(found);
    sm_model_free(m);
}

/* -- Models that are wrong ---------------------------------------------------------------------------------------- */

typedef struct wrong_model {
    char     *directory;
    sm_model *m;
} wrong_model;

#define FLOAT_X "node { name: 'x' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } } "
#define IDENTITY(name, from) \
    "node { name: '" name "' op: 'Identity' input: '" from "' attr { key: 'T' value { type: DT_FLOAT } } } "

/* One MetaGraph: these nodes, this library, and signature s from x:0 to y:0. */
static wrong_model write_model(const char *nodes, const char *library)
{
    wrong_model w = { unit_directory(), NULL };
    char        path[512];
    FILE       *f;

    (void)snprintf(path, sizeof path, "%s/saved_model.pbtxt", w.directory);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(
        f,
        "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: 'serve' } graph_def { %s library { %s } } "
        "signature_def { key: 's' value { inputs { key: 'x' value { name: 'x:0' dtype: DT_FLOAT tensor_shape { "
        "unknown_rank: true } } } "
        "outputs { key: 'y' value { name: 'y:0' dtype: DT_FLOAT tensor_shape { unknown_rank: true } } } } } }",
        nodes, library);
    fclose(f);
    assert_ok(sm_model_load(w.directory, NULL, &w.m, err));
    return w;
}

static void remove_model(wrong_model *w)
{
    char path[512];

    sm_model_free(w->m);
    (void)snprintf(path, sizeof path, "%s/saved_model.pbtxt", w->directory);
    unlink(path);
    rmdir(w->directory);
    free(w->directory);
}

static void assert_import_fails(const char *nodes, const char *library, sm_status status, const char *words)
{
    wrong_model w = write_model(nodes, library);

    assert_fails(sm_function_compile(sm_model_signature(w.m, "s"), err), status, words);
    remove_model(&w);
}

TEST(a_text_model_runs)
{
    wrong_model  w = write_model(FLOAT_X IDENTITY("y", "x"), "");
    sm_function *f = sm_model_signature(w.m, "s");
    const float  seven = 7;
    sm_tensor   *x = NULL, *y = NULL;

    assert_ok(sm_tensor_from(SM_FLOAT, 0, NULL, &seven, sizeof seven, &x, err));
    assert_ok(sm_function_run(f, &x, 1, &y, 1, err));
    assert_true(*(const float *)sm_tensor_data(y) == 7);
    sm_tensor_unref(x);
    sm_tensor_unref(y);
    remove_model(&w);
}

TEST(wrong_graphs_get_a_sentence)
{
    assert_import_fails(FLOAT_X, "", SM_INVALID_ARGUMENT, "The name 'y:0' refers to a Tensor which does not exist");
    assert_import_fails(FLOAT_X "node { name: 'y' op: 'NoSuchOp' input: 'x' }", "", SM_UNIMPLEMENTED,
                        "s: op 'NoSuchOp' (node 'y') is not built in");
    assert_import_fails(FLOAT_X "node { name: 'y' op: 'Identity' input: 'x' }", "", SM_INVALID_ARGUMENT,
                        "NodeDef missing attr 'T' from Op<");
    assert_import_fails(FLOAT_X IDENTITY("y", "nothing"), "", SM_INVALID_ARGUMENT,
                        "Node 'y': Unknown input node 'nothing'");
    assert_import_fails(FLOAT_X IDENTITY("a", "x") IDENTITY("y", "a:3"), "", SM_INVALID_ARGUMENT,
                        "Node 'y': Connecting to invalid output 3 of source node a which has 1 outputs.");
    assert_import_fails(FLOAT_X IDENTITY("a", "y") IDENTITY("y", "a"), "", SM_INVALID_ARGUMENT, "cycle");
    assert_import_fails(FLOAT_X IDENTITY("y", "x") IDENTITY("y", "x"), "", SM_INVALID_ARGUMENT, "Node 'y' is not unique");
    assert_import_fails(FLOAT_X
                        "node { name: 'y' op: 'Identity' input: 'x' attr { key: 'T' value { type: DT_INT32 } } }",
                        "", SM_INVALID_ARGUMENT, "was passed float from x:0 incompatible with expected int32");
    assert_import_fails("node { name: 'y' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } } " FLOAT_X, "",
                        SM_FAILED_PRECONDITION, "constant tensor but no value has been provided");
    assert_import_fails("node { name: 'y' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: "
                        "'value' value { tensor { "
                        "dtype: DT_FLOAT tensor_shape { dim { size: 4 } } tensor_content: 'abc' } } } } " FLOAT_X,
                        "", SM_INVALID_ARGUMENT, "node 'y'");
}

#define FUNCTION(name, nodes, result)                                                                        \
    "function { signature { name: '" name "' input_arg { name: 'a' type: DT_FLOAT } output_arg { name: 'r' " \
    "type: DT_FLOAT } } " nodes " ret { key: 'r' value: '" result "' } } "
#define IN_FUNCTION(name, from) \
    "node_def { name: '" name "' op: 'Identity' input: '" from "' attr { key: 'T' value { type: DT_FLOAT } } } "
#define CALLS(op, to)                                                                                          \
    FLOAT_X "node { name: 'y' op: '" op "' input: 'x' attr { key: 'Tin' value { list { type: DT_FLOAT } } } "  \
            "attr { key: 'Tout' value { list { type: DT_FLOAT } } } attr { key: 'f' value { func { name: '" to \
            "' } } } }"

TEST(wrong_functions_get_a_sentence)
{
    assert_import_fails(CALLS("PartitionedCall", "g"), "", SM_NOT_FOUND, "Function g is not defined");
    assert_import_fails(CALLS("PartitionedCall", "g"), FUNCTION("g", "", "a:7"), SM_INVALID_ARGUMENT,
                        "function 'g' returns 'a:7'");
    assert_import_fails(CALLS("PartitionedCall", "g"), FUNCTION("g", "", "b:out:0"), SM_INVALID_ARGUMENT,
                        "function 'g' returns 'b:out:0'");
    assert_import_fails(CALLS("PartitionedCall", "g"), FUNCTION("g", IN_FUNCTION("i", "a"), "i:nothing:0"),
                        SM_INVALID_ARGUMENT, "function 'g' returns 'i:nothing:0'");
    assert_import_fails(CALLS("PartitionedCall", "g"),
                        "function { signature { name: 'g' output_arg { name: 'r' type: DT_FLOAT } } }",
                        SM_INVALID_ARGUMENT, "is missing output 'r'");
    assert_import_fails(FLOAT_X "node { name: 'y' op: 'g' input: 'x' }",
                        FUNCTION("g", "node_def { name: 'c' op: 'g' input: 'a' }", "c:r:0"), SM_INVALID_ARGUMENT,
                        "function 'g' calls itself");
}

TEST(direct_calls_run)
{
    wrong_model w = write_model(
        FLOAT_X "node { name: 'y' op: 'g' input: 'x' attr { key: 'T' value { type: DT_FLOAT } } }",
        "function { signature { name: 'g' attr { name: 'T' type: 'type' } input_arg { name: 'a' type_attr: 'T' } "
        "output_arg { name: 'r' type_attr: 'T' } } node_def { name: 'i' op: 'Identity' input: 'a' "
        "attr { key: 'T' value { placeholder: 'T' } } } ret { key: 'r' value: 'i:output:0' } }");
    const float three = 3;
    sm_tensor  *x = NULL, *y = NULL;

    assert_ok(sm_tensor_from(SM_FLOAT, 0, NULL, &three, sizeof three, &x, err));
    assert_ok(sm_function_run(sm_model_signature(w.m, "s"), &x, 1, &y, 1, err));
    assert_true(*(const float *)sm_tensor_data(y) == 3);
    sm_tensor_unref(x);
    sm_tensor_unref(y);
    remove_model(&w);
}

/* -- Check ----------------------------------------------------------------------------------------------------------- */

typedef struct findings {
    int  count;
    char text[4096];
} findings;

static void note_problem(void *context, const sm_problem *p)
{
    findings *f = context;
    size_t    n = strlen(f->text);

    f->count++;
    (void)snprintf(f->text + n, sizeof f->text - n, "%s|%s|%s|%s|%s\n", p->signature ? p->signature : "-", p->function,
                   p->node, p->op, p->reason);
}

TEST(check_finds_everything_at_once)
{
    findings    f = { 0, "" };
    wrong_model w = write_model(
        FLOAT_X "node { name: 'b' op: 'NoSuchOp' input: 'x' } node { name: 'y' op: 'g' input: 'b' }"
                "node { name: 'unused' op: 'NorThisOne' }",
        FUNCTION("g", "node_def { name: 'c' op: 'AnotherOp' input: 'a' } node_def { name: 'd' op: 'Identity' input: 'c:o:0' }",
                 "d:output:0") FUNCTION("alone", "node_def { name: 'e' op: 'ThirdOp' input: 'a' }", "e:o:0"));

    assert_ok(sm_model_check(w.m, note_problem, &f, err));
    assert_non_null(strstr(f.text, "s||b|NoSuchOp|op 'NoSuchOp' is not built in\n"));
    assert_non_null(strstr(f.text, "s|g|c|AnotherOp|op 'AnotherOp' is not built in\n"));
    assert_non_null(strstr(f.text, "s|g|d|Identity|NodeDef missing attr 'T'"));
    assert_non_null(strstr(f.text, "-|alone|e|ThirdOp|op 'ThirdOp' is not built in\n"));
    assert_null(strstr(f.text, "NorThisOne"));
    assert_int_equal(f.count, 4);
    remove_model(&w);
}

TEST(check_finds_nothing_in_good_models)
{
    static const char *const good[] = { "variables", "table", "nested", "strings", "partitioned" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        findings  f = { 0, "" };
        sm_model *m = open_model(good[i]);
        assert_ok(sm_model_check(m, note_problem, &f, err));
        if (f.count) fail_msg("%s: %s", good[i], f.text);
        sm_model_free(m);
    }
}

/* -- Files that are damaged ------------------------------------------------------------------------------------------- */

static void write_file(const char *directory, const char *bytes, size_t size)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/saved_model.pb", directory);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* Looks at everything and runs nothing; must end with a status, whatever the bytes. */
static void look_at_all(const char *directory)
{
    sm_load_options o = SM_LOAD_OPTIONS_INIT;
    sm_model       *m = NULL;
    sm_error        e = { .status = SM_OK };

    if (sm_model_load(directory, &o, &m, &e) != SM_OK) {
        assert_true(strlen(e.message) > 0);
        return;
    }
    findings f = { 0, "" };
    (void)!sm_model_check(m, note_problem, &f, &e);
    for (size_t i = 0; i < sm_model_signature_count(m); i++) {
        sm_function *s = sm_model_signature(m, sm_model_signature_key(m, i));
        if (s && sm_function_compile(s, &e) != SM_OK) assert_true(strlen(e.message) > 0);
    }
    for (size_t i = 0; i < sm_model_object_count(m); i++) {
        const sm_object *object = sm_model_object(m, i);
        for (size_t k = 0; k < sm_object_trace_count(object); k++) (void)sm_object_trace_input(object, k);
        (void)sm_object_fullargspec(object);
    }
    for (size_t i = 0; i < sm_model_graph_count(m); i++) {
        const sm_graph *g = sm_model_graph(m, i);
        (void)sm_model_function_load_order(m, sm_graph_name(g));
        for (size_t k = 0; k < sm_graph_node_count(g); k++) (void)sm_graph_node(g, k);
    }
    sm_model_free(m);
}

TEST(damaged_files_end_in_a_status)
{
    static const char *const names[] = { "nested", "table", "two_meta_graphs" };
    char                    *directory = unit_directory(), path[512];
    uint64_t                 seed = 1;

    for (size_t n = 0; n < 3; n++) {
        static char bytes[65536], changed[65536];
        (void)snprintf(path, sizeof path, MODELS "%s/saved_model/saved_model.pb", names[n]);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t size = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        for (int i = 0; i < 60; i++) {
            memcpy(changed, bytes, size);
            for (int k = 0; k < 1 + i % 5; k++) changed[unit_random(&seed) % size] = (char)unit_random(&seed);
            write_file(directory, changed, i % 7 ? size : unit_random(&seed) % size);
            look_at_all(directory);
        }
    }
    (void)snprintf(path, sizeof path, "%s/saved_model.pb", directory);
    unlink(path);
    rmdir(directory);
    free(directory);
}
