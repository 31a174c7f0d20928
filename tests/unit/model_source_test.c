/* SPDX-License-Identifier: Apache-2.0 */
/* Where a model's files may be: a directory, a zip archive with or without a folder around it, memory. One model with
 * variables and an asset, and the same answer from each. */
#include "unit.h"

#include "base/arena.h"
#include "base/file.h"
#include "format/archive.h"

#include <unistd.h>

#define MODEL SOURCE_DIR "/tests/models/table/saved_model"

static const char *const names[] = { "saved_model.pb", "variables/variables.index",
                                     "variables/variables.data-00000-of-00001", "assets/vocabulary.txt" };
enum { FILES = sizeof names / sizeof *names };

static file_view views[FILES];

static void open_files(void)
{
    for (int i = 0; i < FILES; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, MODEL "/%s", names[i]);
        assert_ok(file_open(path, false, &views[i], err));
    }
}

static void close_files(void)
{
    for (int i = 0; i < FILES; i++) file_close(&views[i]);
}

/* Runs "find" and gives its three outputs for two words. */
static void run_find(sm_model *m, sm_tensor **out)
{
    const int64_t dims[] = { 2 };
    sm_tensor    *words = NULL;
    sm_function  *f = sm_model_signature(m, "find");

    assert_non_null(f);
    assert_ok(sm_tensor_new(SM_STRING, 1, dims, &words, err));
    assert_ok(sm_tensor_set_string(words, 0, "one", 3, err));
    assert_ok(sm_tensor_set_string(words, 1, "banana", 6, err));
    assert_ok(sm_function_run(f, &words, 1, out, 3, err));
    sm_tensor_unref(words);
}

/* m (consumed) answers as the model in the directory does. */
static void assert_answers(sm_model *m)
{
    sm_tensor *got[3] = { NULL }, *want[3] = { NULL };
    sm_model  *original = NULL;

    assert_ok(sm_model_load(MODEL, NULL, &original, err));
    run_find(original, want);
    run_find(m, got);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sm_tensor_bytes(got[i]), sm_tensor_bytes(want[i]));
        assert_memory_equal(sm_tensor_data(got[i]), sm_tensor_data(want[i]), sm_tensor_bytes(want[i]));
        sm_tensor_unref(got[i]);
        sm_tensor_unref(want[i]);
    }
    sm_model_free(original);
    sm_model_free(m);
}

static sm_model *only_model(sm_saved_model *s)
{
    sm_model *m = NULL;
    size_t    at = 9;

    assert_ok(sm_saved_model_choose(s, NULL, 0, &at, err));
    assert_ok(sm_saved_model_load(s, at, NULL, &m, err));
    sm_saved_model_close(s);
    return m;
}

static void write_archive(const char *path, const char *folder, bool compress)
{
    archive_member members[FILES];
    arena          a;

    arena_init(&a, 0);
    for (int i = 0; i < FILES; i++)
        members[i] = (archive_member){ arena_printf(&a, "%s%s", folder, names[i]), views[i].bytes, SLICE("") };
    assert_ok(archive_write(path, members, FILES, compress, err));
    arena_clear(&a);
}

TEST(archives)
{
    static const struct {
        const char *folder;
        bool        compress;
    } rows[] = { { "", true }, { "a/model/", false } };
    char path[] = "/tmp/model_source_XXXXXX";

    assert_true(mkstemp(path) >= 0);
    open_files();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sm_model       *m = NULL;
        sm_saved_model *s = NULL;
        file_view       bytes;
        write_archive(path, rows[i].folder, rows[i].compress);
        assert_ok(sm_model_load(path, NULL, &m, err));
        assert_string_equal(sm_model_directory(m), path);
        assert_answers(m);
        assert_ok(file_open(path, true, &bytes, err));
        assert_ok(sm_saved_model_open_zip(bytes.bytes.ptr, bytes.bytes.len, NULL, &s, err));
        m = only_model(s);
        assert_string_equal(sm_model_directory(m), "");
        assert_answers(m);
        file_close(&bytes);
    }
    close_files();
    assert_int_equal(unlink(path), 0);
}

TEST(a_damaged_archive_is_refused)
{
    char            path[] = "/tmp/model_source_XXXXXX";
    sm_model       *m = NULL;
    sm_saved_model *s = NULL;
    file_view       bytes;

    assert_true(mkstemp(path) >= 0);
    open_files();
    write_archive(path, "", false);
    assert_ok(file_open(path, true, &bytes, err));
    assert_ok(file_write(path, slice_head(bytes.bytes, bytes.bytes.len / 2), err));
    assert_fails(sm_model_load(path, NULL, &m, err), SM_DATA_LOSS, "not a zip archive");
    assert_fails(sm_saved_model_open_zip("nonsense", 8, NULL, &s, err), SM_DATA_LOSS, "not a zip archive");
    assert_ok(file_write(path, SLICE("nonsense"), err));
    assert_fails(sm_model_load(path, NULL, &m, err), SM_NOT_FOUND, "does not exist");
    file_close(&bytes);
    close_files();
    assert_int_equal(unlink(path), 0);
}

TEST(files_in_memory)
{
    sm_file files[FILES];

    open_files();
    for (int i = 0; i < FILES; i++) files[i] = (sm_file){ names[i], views[i].bytes.ptr, views[i].bytes.len };
    for (int copy = 0; copy < 2; copy++) {
        sm_load_options o = SM_LOAD_OPTIONS_INIT;
        sm_saved_model *s = NULL;
        o.copy = copy;
        assert_ok(sm_saved_model_open_files(files, FILES, &o, &s, err));
        assert_answers(only_model(s));
    }
    sm_saved_model *s = NULL;
    assert_fails(sm_saved_model_open_files(files + 1, FILES - 1, NULL, &s, err), SM_NOT_FOUND, "does not exist");
    assert_ok(sm_saved_model_open_files(files, 1, NULL, &s, err)); /* without variables and asset */
    sm_model    *m = only_model(s);
    sm_function *f = sm_model_signature(m, "find");
    sm_tensor   *words = NULL, *out[3] = { NULL };
    assert_ok(sm_tensor_new(SM_STRING, 1, (const int64_t[]){ 1 }, &words, err));
    assert_fails(sm_function_run(f, &words, 1, out, 3, err), SM_NOT_FOUND, "assets/vocabulary.txt: no such file");
    sm_tensor_unref(words);
    sm_model_free(m);
    close_files();
}
