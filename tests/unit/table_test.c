/* SPDX-License-Identifier: Apache-2.0 */
/* Lookup tables: each kind with its errors, files, many threads. Texts and values were observed with TensorFlow 2.21. */
#include "unit.h"

#include "runner.h"

#include <pthread.h>
#include <unistd.h>

/* -- Tables in a graph ------------------------------------------------------------------------------------------------------ */

static val named_table(graph *g, const char *op, const char *name, sm_dtype key, sm_dtype value_dtype)
{
    const attr attrs[] = { attr_of_string("shared_name", slice_of(name)), attr_of_type("key_dtype", key),
                           attr_of_type("value_dtype", value_dtype) };
    return graph_emit_with(g, op, NULL, 0, attrs, 3);
}

static val words(graph *g) /* the static table that most tests use: text -> int64 */
{
    return named_table(g, "HashTableV2", "words", SM_STRING, SM_INT64);
}

static val counts(graph *g) /* the mutable one */
{
    return named_table(g, "MutableHashTableV2", "counts", SM_STRING, SM_INT64);
}

static val vectors(graph *g)
{
    const attr attrs[] = { attr_of_string("shared_name", SLICE("vectors")), attr_of_type("key_dtype", SM_STRING),
                           attr_of_type("value_dtype", SM_INT64), attr_of_shape(g, "value_shape", shape_vector(2)) };
    return graph_emit_with(g, "MutableHashTableOfTensorsV2", NULL, 0, attrs, 4);
}

static val dense_with(graph *g, val empty_key, val deleted_key, shape value_shape, int64_t buckets, float load)
{
    return node_with(g, "MutableDenseHashTableV2", INPUTS(empty_key, deleted_key),
                     attr_of_string("shared_name", SLICE("dense")), attr_of_type("value_dtype", SM_INT64),
                     attr_of_shape(g, "value_shape", value_shape), attr_of_int("initial_num_buckets", buckets),
                     attr_of_float("max_load_factor", load));
}

static val dense(graph *g)
{
    return dense_with(g, long_value(g, 0), long_value(g, -1), shape_scalar(), 4, 0.8f);
}

static val find(graph *g, val table, val keys, val fallback)
{
    return emit(g, "LookupTableFindV2", table, keys, fallback);
}

static val size_of_table(graph *g, val table)
{
    return emit(g, "LookupTableSizeV2", table);
}

/* Runs op(table, keys, values) for its effect. */
static sm_status change(runner *r, graph *g, const char *op, val table, val keys, val values, sm_error *err)
{
    tensor *none = NULL;
    if (values == VAL_NONE)
        (void)emit(g, op, table, keys);
    else
        (void)emit(g, op, table, keys, values);
    graph_add_target(g, last_node(g));
    return run_graph(r, g, 1, NULL, 0, &none, err);
}

#define CHANGE(r, op, table, keys, values)                      \
    do {                                                        \
        graph g;                                                \
        graph_init(&g, 0);                                      \
        assert_ok(change(r, &g, op, table, keys, values, err)); \
    } while (0)

#define CHANGE_FAILS(r, op, table, keys, values, status, text)                   \
    do {                                                                         \
        graph g;                                                                 \
        graph_init(&g, 0);                                                       \
        assert_fails(change(r, &g, op, table, keys, values, err), status, text); \
    } while (0)

#define FOUND(r, expression, n, ...)                  \
    do {                                              \
        graph g;                                      \
        graph_init(&g, 0);                            \
        graph_add_output(&g, expression);             \
        assert_longs(run_one(r, &g), n, __VA_ARGS__); \
    } while (0)

#define FAILS(r, expression, status, text)       \
    do {                                         \
        graph g;                                 \
        graph_init(&g, 0);                       \
        graph_add_output(&g, expression);        \
        assert_graph_fails(r, &g, status, text); \
    } while (0)

#define INVALID SM_INVALID_ARGUMENT
#define INITIALISE "InitializeTableV2"
#define INSERT "LookupTableInsertV2"
#define REMOVE "LookupTableRemoveV2"
#define IMPORT "LookupTableImportV2"

/* -- Static tables --------------------------------------------------------------------------------------------------------- */

TEST(static_tables_are_filled_once)
{
    runner r;
    runner_start(&r);
    FAILS(&r, find(&g, words(&g), texts_value(&g, "a"), long_value(&g, 1)), SM_FAILED_PRECONDITION,
          "Table not initialized.");
    FOUND(&r, size_of_table(&g, words(&g)), 1, 0);
    CHANGE(&r, INITIALISE, words(&g), texts_value(&g, "a", "b", "a long word that needs memory"), longs_value(&g, 1, 2, 3));
    FOUND(&r, find(&g, words(&g), texts_value(&g, "a", "x", "a long word that needs memory"), long_value(&g, -1)), 3, 1,
          -1, 3);
    FOUND(&r, find(&g, words(&g), text_value(&g, "b"), long_value(&g, -1)), 1, 2);
    FOUND(&r, find(&g, words(&g), texts_value(&g, "a", "x"), longs_value(&g, -1, -2)), 2, 1, -1); /* the first serves all */
    CHANGE(&r, INITIALISE, words(&g), texts_value(&g, "p", "q", "r"), longs_value(&g, 7, 8, 9)); /* as many: nothing changes */
    FOUND(&r, find(&g, words(&g), texts_value(&g, "a", "p"), long_value(&g, -1)), 2, 1, -1);
    CHANGE_FAILS(&r, INITIALISE, words(&g), texts_value(&g, "p"), longs_value(&g, 7), SM_FAILED_PRECONDITION,
                 "Table was already initialized with different data.");
    CHANGE_FAILS(&r, INSERT, words(&g), texts_value(&g, "p"), longs_value(&g, 7), SM_UNIMPLEMENTED,
                 "Insert not supported by InitializableLookupTable implementations");
    CHANGE_FAILS(&r, REMOVE, words(&g), texts_value(&g, "p"), VAL_NONE, SM_UNIMPLEMENTED,
                 "Remove not supported by InitializableLookupTable implementations");
    runner_end(&r);
}

TEST(static_table_errors)
{
    runner r;
    runner_start(&r);
    FAILS(&r, size_of_table(&g, named_table(&g, "HashTableV2", "real", SM_FLOAT, SM_INT64)), SM_UNIMPLEMENTED,
          "no kernel of HashTableV2");
    FAILS(&r,
          node_with(&g, "LookupTableExportV2", INPUTS(words(&g)), attr_of_type("Tkeys", SM_STRING),
                    attr_of_type("Tvalues", SM_INT64)),
          SM_ABORTED, "HashTable is not initialized.");
    CHANGE_FAILS(&r, INITIALISE, words(&g), texts_value(&g, "a", "a"), longs_value(&g, 1, 2), SM_FAILED_PRECONDITION,
                 "HashTable has different value for same key. Key a has 1 and trying to add value 2");
    FOUND(&r, size_of_table(&g, words(&g)), 1, 0);
    CHANGE_FAILS(&r, INITIALISE, words(&g), texts_value(&g, "a", "b"), longs_value(&g, 1), INVALID,
                 "Keys and values must have the same size 2 vs 1");
    CHANGE_FAILS(&r, INITIALISE, words(&g), matrix_of(&g, texts_value(&g, "a", "b"), 1, 2), longs_value(&g, 1, 2),
                 INVALID, "Keys must be a vector, but received shape[1,2]");
    CHANGE_FAILS(&r, INITIALISE, words(&g), texts_value(&g, "a"), ints_value(&g, 1), INVALID,
                 "Signature mismatch, have: resource, string, int32-> expected: resource, string, int64->");
    CHANGE_FAILS(&r, INITIALISE, words(&g), texts_vector(&g, NULL, 0), vector_value(&g, SM_INT64, NULL, 0), INVALID,
                 "keys and values cannot be empty tensors.");
    CHANGE_FAILS(&r, INITIALISE, counts(&g), texts_value(&g, "a"), longs_value(&g, 1), INVALID, "not initializable");
    CHANGE(&r, INITIALISE, words(&g), texts_value(&g, "a", "a"), longs_value(&g, 2, 2));
    FOUND(&r, size_of_table(&g, words(&g)), 1, 1);
    FAILS(&r, find(&g, words(&g), ints_value(&g, 1), long_value(&g, -1)), INVALID,
          "Signature mismatch, have: resource, int32, int64->int64 expected: resource, string, int64->int64");
    FAILS(&r, find(&g, words(&g), texts_value(&g, "a"), float_value(&g, -1)), INVALID,
          "have: resource, string, float->float expected: resource, string, int64->int64");
    FAILS(&r, find(&g, words(&g), texts_value(&g, "a", "b"), longs_value(&g, 1, 2, 3)), INVALID,
          "Expected shape [] or [2] for default value, got [3]");
    FAILS(&r, size_of_table(&g, named_table(&g, "HashTableV2", "words", SM_STRING, SM_STRING)), INVALID,
          "Conflicting key/value dtypes string->string with string-int64 for table words");
    runner_end(&r);
}

/* A handle of TensorFlow 1 is a reference, and there may be a find before an initialisation in the same graph. */
TEST(tables_of_tensorflow_1)
{
    runner  r;
    graph   g;
    tensor *t = NULL;
    runner_start(&r);
    graph_init(&g, 0);
    val h = named_table(&g, "HashTable", "old", SM_INT64, SM_STRING);
    (void)emit(&g, "InitializeTable", h, longs_value(&g, 1, 2), texts_value(&g, "one", "two"));
    node_id filled = last_node(&g);
    val     found = emit(&g, "LookupTableFind", h, longs_value(&g, 2, 3), text_value(&g, "?"));
    run_after(&g, found, filled);
    graph_add_output(&g, found);
    assert_ok(run_graph(&r, &g, 2, NULL, 0, &t, err));
    assert_texts(t, "two|?");
    graph_init(&g, 0);
    h = named_table(&g, "HashTable", "old", SM_INT64, SM_STRING);
    graph_add_output(&g, emit(&g, "LookupTableFind", h, ints_value(&g, 2, 3), text_value(&g, "?")));
    assert_graph_fails(&r, &g, INVALID,
                       "have: string_ref, int32, string->string expected: string_ref, int64, string->string");
    runner_end(&r);
}

/* -- Mutable tables ---------------------------------------------------------------------------------------------------------- */

TEST(mutable_tables)
{
    runner  r;
    graph   g0;
    tensor *out[2] = { NULL };
    runner_start(&r);
    CHANGE(&r, INSERT, counts(&g), texts_value(&g, "a", "b", "a"), longs_value(&g, 1, 2, 3));
    FOUND(&r, find(&g, counts(&g), texts_value(&g, "a", "z"), long_value(&g, 9)), 2, 3, 9);
    FOUND(&r, find(&g, counts(&g), texts_value(&g, "a", "z"), longs_value(&g, 9, 8)), 2, 3, 8);
    CHANGE_FAILS(&r, INSERT, counts(&g), texts_value(&g, "a", "b", "c"), longs_value(&g, 1, 2), INVALID,
                 "Expected shape [3] for value, got [2]");
    CHANGE(&r, REMOVE, counts(&g), texts_value(&g, "a", "zz"), VAL_NONE);
    CHANGE_FAILS(&r, REMOVE, counts(&g), ints_value(&g, 1), VAL_NONE, INVALID,
                 "Signature mismatch, have: resource, int32-> expected: resource, string->");
    graph_init(&g0, 0);
    val e = node_with(&g0, "LookupTableExportV2", INPUTS(counts(&g0)), attr_of_type("Tkeys", SM_STRING),
                      attr_of_type("Tvalues", SM_INT64));
    graph_add_output(&g0, e);
    graph_add_output(&g0, e + 1);
    assert_ok(run_graph(&r, &g0, 1, NULL, 0, out, err));
    assert_texts(out[0], "b");
    assert_longs(out[1], 1, 2);
    CHANGE(&r, IMPORT, counts(&g), texts_value(&g, "q", "s"), longs_value(&g, 5, 6));
    FOUND(&r, find(&g, counts(&g), texts_value(&g, "b", "q", "s"), long_value(&g, 0)), 3, 0, 5, 6);
    runner_end(&r);
}

TEST(tables_of_vectors)
{
    runner r;
    runner_start(&r);
    CHANGE(&r, INSERT, vectors(&g), texts_value(&g, "a"), matrix_of(&g, longs_value(&g, 1, 2), 1, 2));
    CHANGE_FAILS(&r, INSERT, vectors(&g), texts_value(&g, "a"), matrix_of(&g, longs_value(&g, 1, 2, 3), 1, 3), INVALID,
                 "Expected shape [1,2] for value, got [1,3]");
    FOUND(&r, find(&g, vectors(&g), matrix_of(&g, texts_value(&g, "a", "z"), 2, 1), longs_value(&g, 9, 8)), 4, 1, 2, 9, 8);
    FOUND(&r, find(&g, vectors(&g), texts_value(&g, "a", "z"), matrix_of(&g, longs_value(&g, 9, 8, 7, 6), 2, 2)), 4, 1,
          2, 7, 6);
    FAILS(&r, find(&g, vectors(&g), texts_value(&g, "a", "z"), long_value(&g, 9)), INVALID,
          "Expected shape [2] or [2,2] for default value, got []");
    graph      g;
    const attr types[] = { attr_of_type("key_dtype", SM_STRING), attr_of_type("value_dtype", SM_INT64) };
    graph_init(&g, 0);
    graph_add_output(&g, size_of_table(&g, graph_emit_with(&g, "AnonymousMutableHashTableOfTensors", NULL, 0, types, 2)));
    assert_graph_fails(&r, &g, INVALID, "Default value must be a vector, got shape []");
    runner_end(&r);
}

TEST(dense_tables)
{
    runner r;
    runner_start(&r);
    CHANGE(&r, INSERT, dense(&g), longs_value(&g, 1, 2, 3), longs_value(&g, 10, 20, 30));
    FOUND(&r, find(&g, dense(&g), longs_value(&g, 1, 5), long_value(&g, -7)), 2, 10, -7);
    FOUND(&r, find(&g, dense(&g), longs_value(&g, 1, 5), longs_value(&g, -7, -8)), 2, 10, -7);
    FAILS(&r, find(&g, dense(&g), longs_value(&g, 0), long_value(&g, -7)), INVALID,
          "Using the empty_key as a table key is not allowed");
    FAILS(&r, find(&g, dense(&g), longs_value(&g, -1), long_value(&g, -7)), INVALID,
          "Using the deleted_key as a table key is not allowed");
    CHANGE_FAILS(&r, INSERT, dense(&g), longs_value(&g, 4, 0), longs_value(&g, 1, 1), INVALID,
                 "Using the empty_key as a table key is not allowed");
    CHANGE(&r, REMOVE, dense(&g), longs_value(&g, 1, 9), VAL_NONE);
    FOUND(&r, size_of_table(&g, dense(&g)), 1, 2);
    /* TensorFlow's exports are its buckets: empty and deleted ones among them */
    CHANGE(&r, IMPORT, dense(&g), matrix_of(&g, longs_value(&g, 0, 1, 2, -1), 4, 1),
           matrix_of(&g, longs_value(&g, 0, 10, 20, 7), 4, 1));
    FOUND(&r, find(&g, dense(&g), longs_value(&g, 1, 2, 3), long_value(&g, -7)), 3, 10, 20, -7);
    runner_end(&r);
}

TEST(dense_table_errors)
{
    runner r;
    runner_start(&r);
    FAILS(&r, size_of_table(&g, dense_with(&g, long_value(&g, 5), long_value(&g, 5), shape_scalar(), 4, .8f)), INVALID,
          "Empty and deleted keys cannot be equal");
    FAILS(&r, size_of_table(&g, dense_with(&g, long_value(&g, 5), longs_value(&g, 5), shape_scalar(), 4, .8f)), INVALID,
          "Empty and deleted keys must have same shape, got shapes: [] and [1]");
    FAILS(&r,
          size_of_table(&g, dense_with(&g, matrix_of(&g, longs_value(&g, 0), 1, 1),
                                       matrix_of(&g, longs_value(&g, 1), 1, 1), shape_scalar(), 4, .8f)),
          INVALID, "Empty key must be a scalar or a vector, got shape [1,1]");
    FAILS(&r, size_of_table(&g, dense_with(&g, long_value(&g, 0), long_value(&g, 1), shape_matrix(2, 2), 4, .8f)),
          INVALID, "Empty value must be a scalar or a vector, got shape [2,2]");
    FAILS(&r, size_of_table(&g, dense_with(&g, long_value(&g, 0), long_value(&g, 1), shape_scalar(), 5, .8f)), INVALID,
          "Number of buckets must be at least 4 and a power of 2, got: 5");
    FAILS(&r, size_of_table(&g, dense_with(&g, long_value(&g, 0), long_value(&g, 1), shape_scalar(), 4, 1.5f)), INVALID,
          "max_load_factor must be between 0 and 1, got: 1.5");
    runner_end(&r);
}

/* Keys of two elements, values of three. */
TEST(dense_tables_of_vectors)
{
    runner r;
    runner_start(&r);
#define PAIRS dense_with(&g, longs_value(&g, 0, 0), longs_value(&g, -1, -1), shape_vector(3), 4, .8f)
    CHANGE(&r, INSERT, PAIRS, matrix_of(&g, longs_value(&g, 1, 2, 3, 4), 2, 2),
           matrix_of(&g, longs_value(&g, 1, 2, 3, 4, 5, 6), 2, 3));
    FOUND(&r, find(&g, PAIRS, matrix_of(&g, longs_value(&g, 1, 2, 3, 5), 2, 2), longs_value(&g, 7, 8, 9)), 6, 1, 2, 3,
          7, 8, 9);
    FOUND(&r, find(&g, PAIRS, longs_value(&g, 3, 4), longs_value(&g, 7, 8, 9)), 3, 4, 5, 6);
    FAILS(&r, find(&g, PAIRS, longs_value(&g, 1, 2, 3), longs_value(&g, 7, 8, 9)), INVALID,
          "Input key shape [3] must end with the table's key shape [2]");
    CHANGE(&r, REMOVE, PAIRS, matrix_of(&g, longs_value(&g, 1, 2), 1, 2), VAL_NONE);
    FOUND(&r, find(&g, PAIRS, matrix_of(&g, longs_value(&g, 1, 2, 3, 4), 2, 2), longs_value(&g, 7, 8, 9)), 6, 7, 8, 9,
          4, 5, 6);
    runner_end(&r);
}

/* Thousands of keys come and go; an array says what has to be there. */
TEST(agrees_with_an_array)
{
    enum { KEYS = 600, ROUNDS = 60, BATCH = 50 };
    static int64_t there[KEYS];
    uint64_t       seed = 3;
    runner         r;
    runner_start(&r);
    memset(there, 0, sizeof there);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t keys[BATCH], values[BATCH];
        graph   g;
        for (int i = 0; i < BATCH; i++) {
            keys[i] = (int64_t)(unit_random(&seed) % KEYS);
            values[i] = (int64_t)(unit_random(&seed) % 1000) + 1;
            there[keys[i]] = round % 3 == 2 ? 0 : values[i];
        }
        graph_init(&g, 0);
        val table = named_table(&g, "MutableHashTableV2", "many", SM_INT64, SM_INT64),
            k = vector_value(&g, SM_INT64, keys, BATCH);
        if (round % 3 == 2)
            assert_ok(change(&r, &g, REMOVE, table, k, VAL_NONE, err));
        else
            assert_ok(change(&r, &g, INSERT, table, k, vector_value(&g, SM_INT64, values, BATCH), err));
    }
    int64_t all[KEYS];
    graph   g;
    for (int i = 0; i < KEYS; i++) all[i] = i;
    graph_init(&g, 0);
    graph_add_output(&g, find(&g, named_table(&g, "MutableHashTableV2", "many", SM_INT64, SM_INT64),
                              vector_value(&g, SM_INT64, all, KEYS), long_value(&g, 0)));
    tensor *t = run_one(&r, &g);
    for (int i = 0; i < KEYS; i++) assert_int_equal(((const int64_t *)t->data)[i], there[i]);
    tensor_unref(t);
    runner_end(&r);
}

/* -- Files ----------------------------------------------------------------------------------------------------------------------- */

typedef struct file_case {
    const char *text;
    sm_dtype    key, value_dtype;
    int         key_index, value_index;
    int         vocab_size, offset;
    const char *fails; /* "%s" stands for the path */
    const char *find;  /* a key (text tables) */
    int64_t     want;
} file_case;

#define S SM_STRING
#define L SM_INT64
static const file_case file_cases[] = {
    { "a\nb\nc\n", S, L, -2, -1, -1, 0, NULL, "c", 2 },
    { "a\r\nb\nc", S, L, -2, -1, -1, 0, NULL, "a", 0 },
    { "a\r\nb\nc", S, L, -2, -1, -1, 0, NULL, "c", 2 },
    { "a\r\r\nb\rc\n", S, L, -2, -1, -1, 0, NULL, "b\rc", 1 },
    { "a\nb\nc\n", S, L, -2, -1, 2, 0, NULL, "c", -9 },
    { "a\t1\nb\t2\n", S, L, 0, 1, -1, 0, NULL, "b", 2 },
    { "a\t 1 \nb\t+2\n", S, L, 0, 1, -1, 0, NULL, "b", 2 },
    { "a\nb\n", S, L, -2, -1, -1, 10, NULL, "b", 11 },
    { "a\t1\nb\t2\n", S, L, 0, 1, -1, 10, NULL, "b", 2 },
    { "a\n\nc\n", S, L, -2, -1, -1, 0, "Invalid content in %s: empty line found at position 3.", NULL, 0 },
    { "a\n\r\nc\n", S, L, -2, -1, -1, 0, "Invalid content in %s: empty line found at position 4.", NULL, 0 },
    { "a\nb\nc\n", S, L, -2, -1, 5, 0, "Invalid vocab_size in %s: expected 5 but got 3", NULL, 0 },
    { "a\t1\nb\n", S, L, 0, 1, -1, 0, "Invalid number of columns in %s line 1 (b) : expected at least 2 got 1", NULL, 0 },
    { "a\t1\nb\tx\n", S, L, 0, 1, -1, 0, "Field x in line 1 is not a valid int64.", NULL, 0 },
    { "a\nb\na\n", S, L, -2, -1, -1, 0,
      "HashTable has different value for same key. Key a has 0 and trying to add value 2", NULL, 0 },
    { "a\n", S, S, -2, -1, -1, 0, "Value index for line number requires table value dtype of int64, got string", NULL, 0 },
    { "a\n", L, S, -1, -2, -1, 0, NULL, NULL, 0 },
    { "a\n", S, L, -1, -1, -1, 0, "Key index for line number requires table key dtype of int64, got string", NULL, 0 },
    { "a\n", S, SM_FLOAT, 0, -2, -1, 0,
      "Value index for whole line requires table value dtype of integer or string, got float", NULL, 0 },
    { "a\t1.5x\n", S, SM_FLOAT, 0, 1, -1, 0, "Field 1.5x in line 0 is not a valid float.", NULL, 0 },
    { "a\t1\n", S, SM_BOOL, 0, 1, -1, 0, "Data type bool not supported.", NULL, 0 },
    { "a\t300000000000\n", S, SM_INT32, 0, 1, -1, 0, "Field 300000000000 in line 0 is not a valid int32.", NULL, 0 },
    { "", S, L, -2, -1, -1, 0, "Read less bytes than requested", NULL, 0 },
};
#undef S
#undef L

static sm_status fill_from_file(runner *r, const char *name, const char *path, const file_case *f, sm_error *err)
{
    graph   g;
    tensor *none = NULL;
    graph_init(&g, 0);
    val h = named_table(&g, "HashTableV2", name, f->key, f->value_dtype);
    node_with(&g, "InitializeTableFromTextFileV2", INPUTS(h, text_value(&g, path)),
              attr_of_int("key_index", f->key_index), attr_of_int("value_index", f->value_index),
              attr_of_int("vocab_size", f->vocab_size), attr_of_int("offset", f->offset));
    graph_add_target(&g, last_node(&g));
    return run_graph(r, &g, 1, NULL, 0, &none, err);
}

TEST(tables_from_files)
{
    runner r;
    char  *directory = unit_directory(), path[300], name[32], want[600];
    (void)snprintf(path, sizeof path, "%s/vocabulary.txt", directory);
    runner_start(&r);
    r.runtime->allow_files = true;
    for (size_t i = 0; i < sizeof file_cases / sizeof *file_cases; i++) {
        const file_case *f = &file_cases[i];
        FILE            *file = fopen(path, "wb");
        assert_non_null(file);
        fwrite(f->text, 1, strlen(f->text), file);
        fclose(file);
        (void)snprintf(name, sizeof name, "table%zu", i);
        if (f->fails) {
            sm_error    e = { .status = SM_OK };
            const char *at = strstr(f->fails, "%s");
            if (at)
                (void)snprintf(want, sizeof want, "%.*s%s%s", (int)(at - f->fails), f->fails, path, at + 2);
            else
                (void)snprintf(want, sizeof want, "%s", f->fails);
            assert_true(fill_from_file(&r, name, path, f, &e) != SM_OK);
            if (!strstr(e.message, want)) fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, e.message, want);
            continue;
        }
        assert_ok(fill_from_file(&r, name, path, f, err));
        if (f->find)
            FOUND(&r,
                  find(&g, named_table(&g, "HashTableV2", name, SM_STRING, SM_INT64), text_value(&g, f->find),
                       long_value(&g, -9)),
                  1, (double)f->want);
    }
    r.runtime->allow_files = false;
    assert_fails(fill_from_file(&r, "denied", path, &file_cases[0], err), SM_PERMISSION_DENIED, "refused");
    r.env.asset_directory = directory; /* what belongs to the model may be read */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("x\ny\n", file);
    fclose(file);
    assert_ok(fill_from_file(&r, "allowed", path, &file_cases[0], err));
    assert_ok(fill_from_file(&r, "table0", path, &file_cases[0], err)); /* filled before: stays as it is */
    FOUND(&r,
          find(&g, named_table(&g, "HashTableV2", "table0", SM_STRING, SM_INT64), texts_value(&g, "c", "x"),
               long_value(&g, -9)),
          2, 2, -9);
    assert_int_equal(unlink(path), 0);
    assert_fails(fill_from_file(&r, "missing", path, &file_cases[0], err), SM_NOT_FOUND, path);
    assert_int_equal(rmdir(directory), 0);
    free(directory);
    runner_end(&r);
}

/* -- Threads ---------------------------------------------------------------------------------------------------------------------- */

typedef struct worker {
    function *insert, *find;
    int       number, failures;
} worker;

static void *work(void *context)
{
    worker *w = context;
    shape   s = shape_vector(8);
    for (int round = 0; round < 50; round++) {
        int64_t data[8];
        tensor *keys = NULL, *out = NULL;
        for (int i = 0; i < 8; i++) data[i] = (w->number * 50 + round) * 8 + i;
        if (tensor_from(NULL, SM_INT64, &s, data, &keys, NULL) != SM_OK) return NULL;
        const tensor *in[] = { keys };
        w->failures += function_run(w->insert, in, 1, NULL, 0, NULL, NULL) != SM_OK;
        w->failures += function_run(w->find, in, 1, &out, 1, NULL, NULL) != SM_OK;
        for (int i = 0; out && i < 8; i++) w->failures += ((const int64_t *)out->data)[i] != data[i];
        tensor_unref(out);
        tensor_unref(keys);
    }
    return NULL;
}

TEST(many_threads_fill_one_table)
{
    enum { THREADS = 4 };
    runner    r;
    graph     built;
    worker    workers[THREADS];
    pthread_t threads[THREADS];
    function *insert_keys = NULL, *find_keys = NULL;
    runner_start(&r);
    graph_init(&built, 0);
    val keys = graph_add_input(&built, SLICE("keys"), SM_INT64);
    (void)emit(&built, INSERT, named_table(&built, "MutableHashTableV2", "shared", SM_INT64, SM_INT64), keys, keys);
    graph_add_target(&built, last_node(&built));
    assert_ok(function_new(&r.env, SLICE("insert"), &built, &insert_keys, err));
    graph_init(&built, 0);
    keys = graph_add_input(&built, SLICE("keys"), SM_INT64);
    graph_add_output(&built, find(&built, named_table(&built, "MutableHashTableV2", "shared", SM_INT64, SM_INT64), keys,
                                  long_value(&built, -1)));
    assert_ok(function_new(&r.env, SLICE("find"), &built, &find_keys, err));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ insert_keys, find_keys, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    function_free(insert_keys);
    function_free(find_keys);
    FOUND(&r, size_of_table(&g, named_table(&g, "MutableHashTableV2", "shared", SM_INT64, SM_INT64)), 1, THREADS * 50 * 8);
    runner_end(&r);
}
