/* SPDX-License-Identifier: Apache-2.0 */
/* Files: mapped and copied, counted, written whole or not at all, refused with a sentence. */
#include "base/file.h"
#include "base/heap.h"
#include "base/str.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

/* "<directory>/<name>" in one of a few static places. */
static const char *in(const char *directory, const char *name)
{
    static char paths[4][512];
    static int  at;

    at = (at + 1) % 4;
    (void)snprintf(paths[at], sizeof paths[at], "%s/%s", directory, name);
    return paths[at];
}

static void remove_directory(char *directory)
{
    assert_int_equal(rmdir(directory), 0); /* fails when a test left something there */
    free(directory);
}

TEST(reading_mapped_and_copied)
{
    char *d = unit_directory();
    char  text[10000];

    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7);
    assert_ok(file_write(in(d, "f"), slice_make(text, sizeof text), err));
    assert_int_equal(file_size(in(d, "f")), sizeof text);
    for (int copy = 0; copy < 2; copy++) {
        file_view v, w;
        assert_ok(file_open(in(d, "f"), copy, &v, err));
        assert_true(slice_eq(v.bytes, slice_make(text, sizeof text)));
        w = file_ref(v);
        file_close(&v);
        assert_int_equal(v.bytes.len, 0);
        assert_true(slice_eq(w.bytes, slice_make(text, sizeof text)));
        assert_int_equal(file_is_mapped(&w), !copy);
        if (!copy) file_forget(w.bytes.ptr + 1, w.bytes.len - 1); /* it comes back */
        assert_true(slice_eq(w.bytes, slice_make(text, sizeof text)));
        file_close(&w);
        file_close(&w); /* empty: nothing happens */
    }
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d);
}

TEST(empty_files)
{
    char *d = unit_directory();

    assert_ok(file_write(in(d, "f"), (slice){ NULL, 0 }, err));
    for (int copy = 0; copy < 2; copy++) {
        file_view v, w;
        assert_ok(file_open(in(d, "f"), copy, &v, err));
        w = file_ref(v);
        assert_int_equal(v.bytes.len, 0);
        file_close(&v);
        file_close(&w);
    }
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d);
}

/* A copy does not change when the file is cut short behind it. */
TEST(truncation_behind_a_copy)
{
    char     *d = unit_directory();
    char      text[20000];
    file_view v;

    memset(text, 'x', sizeof text);
    assert_ok(file_write(in(d, "f"), slice_make(text, sizeof text), err));
    assert_ok(file_open(in(d, "f"), true, &v, err));
    assert_int_equal(truncate(in(d, "f"), 5), 0);
    assert_true(slice_eq(v.bytes, slice_make(text, sizeof text)));
    file_close(&v);
    assert_ok(file_open(in(d, "f"), false, &v, err));
    assert_true(slice_is(v.bytes, "xxxxx"));
    file_close(&v);
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d);
}

TEST(what_cannot_be_read)
{
    char     *d = unit_directory();
    file_view v;

    assert_fails(file_open(in(d, "none"), false, &v, err), SM_NOT_FOUND, "none: no such file");
    assert_fails(file_open(d, false, &v, err), SM_FAILED_PRECONDITION, "is a directory");
    assert_int_equal(mkfifo(in(d, "pipe"), 0600), 0);
    assert_fails(file_open(in(d, "pipe"), true, &v, err), SM_FAILED_PRECONDITION, "not a regular file");
    assert_fails(file_open("/dev/zero", true, &v, err), SM_FAILED_PRECONDITION, "not a regular file");
    assert_int_equal(unlink(in(d, "pipe")), 0);
    assert_ok(file_write(in(d, "f"), SLICE("x"), err));
    assert_fails(file_open(in(d, "f/g"), false, &v, err), SM_NOT_FOUND, "no such file");
    if (geteuid() != 0) {
        assert_int_equal(chmod(in(d, "f"), 0), 0);
        assert_fails(file_open(in(d, "f"), false, &v, err), SM_PERMISSION_DENIED, "permission denied");
    }
    assert_int_equal(unlink(in(d, "f")), 0);
    assert_int_equal(file_size(in(d, "f")), -1);
    assert_false(file_exists(in(d, "f")) || file_is_directory(in(d, "f")));
    assert_true(file_exists(d) && file_is_directory(d));
    remove_directory(d);
}

static void expect_content(const char *path, const char *text)
{
    file_view v;
    assert_ok(file_open(path, true, &v, err));
    assert_true(slice_is(v.bytes, text));
    file_close(&v);
}

TEST(writing_is_all_or_nothing)
{
    char        *d = unit_directory();
    file_writer *w;

    assert_ok(file_write(in(d, "f"), SLICE("old"), err));
    assert_ok(file_writer_begin(in(d, "f"), &w, err));
    assert_ok(file_writer_add(w, SLICE("new "), err));
    expect_content(in(d, "f"), "old");
    assert_ok(file_writer_add(w, SLICE("content"), err));
    assert_ok(file_writer_commit(w, err));
    expect_content(in(d, "f"), "new content");
    assert_ok(file_writer_begin(in(d, "f"), &w, err));
    assert_ok(file_writer_add(w, SLICE("never"), err));
    file_writer_abandon(w);
    file_writer_abandon(NULL);
    expect_content(in(d, "f"), "new content");
    assert_fails(file_write(in(d, "no/f"), SLICE("x"), err), SM_NOT_FOUND, "no/f: no such file");
    assert_fails(file_write(d, SLICE("x"), err), SM_FAILED_PRECONDITION, "is a directory");
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d); /* no temporary file is left */
}

TEST(two_writers_of_one_file)
{
    char        *d = unit_directory();
    file_writer *a, *b;

    assert_ok(file_writer_begin(in(d, "f"), &a, err));
    assert_ok(file_writer_begin(in(d, "f"), &b, err));
    assert_ok(file_writer_add(a, SLICE("a"), err));
    assert_ok(file_writer_add(b, SLICE("b"), err));
    assert_ok(file_writer_commit(a, err));
    expect_content(in(d, "f"), "a");
    assert_ok(file_writer_commit(b, err));
    expect_content(in(d, "f"), "b");
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d);
}

TEST(mode_links_and_devices)
{
    char       *d = unit_directory();
    struct stat st;
    mode_t      before = umask(027);

    assert_ok(file_write(in(d, "f"), SLICE("x"), err));
    (void)umask(before);
    assert_int_equal(stat(in(d, "f"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(symlink("f", in(d, "link")), 0);
    assert_ok(file_write(in(d, "link"), SLICE("through the link"), err));
    expect_content(in(d, "f"), "through the link");
    assert_int_equal(lstat(in(d, "link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_ok(file_write("/dev/null", SLICE("x"), err));
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    if (file_exists("/dev/full"))
        assert_fails(file_write("/dev/full", SLICE("x"), err), SM_RESOURCE_EXHAUSTED,
                     "/dev/full: no space left on the device");
    assert_int_equal(unlink(in(d, "link")), 0);
    assert_int_equal(unlink(in(d, "f")), 0);
    remove_directory(d);
}

TEST(directories)
{
    char              *d = unit_directory();
    arena              a;
    const char *const *names = NULL;
    size_t             count = 9;

    arena_init(&a, 0);
    assert_ok(file_list(d, &a, &names, &count, err));
    assert_int_equal(count, 0);
    assert_ok(file_make_directories(in(d, "a//b/c/"), err));
    assert_ok(file_make_directories(in(d, "a/b/c"), err));
    assert_true(file_is_directory(in(d, "a/b/c")));
    assert_ok(file_write(in(d, "B"), SLICE(""), err));
    assert_fails(file_make_directories(in(d, "B"), err), SM_FAILED_PRECONDITION, "not a directory");
    assert_fails(file_make_directories(in(d, "B/c"), err), SM_FAILED_PRECONDITION, "B: not a directory");
    assert_ok(file_list(d, &a, &names, &count, err));
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "B");
    assert_string_equal(names[1], "a");
    assert_fails(file_list(in(d, "none"), &a, &names, &count, err), SM_NOT_FOUND, "no such file");
    arena_clear(&a);
    assert_int_equal(unlink(in(d, "B")), 0);
    assert_int_equal(rmdir(in(d, "a/b/c")), 0);
    assert_int_equal(rmdir(in(d, "a/b")), 0);
    assert_int_equal(rmdir(in(d, "a")), 0);
    remove_directory(d);
}

/* With the n-th allocation failing, each step works or says so, and leaves no file behind. */
TEST(every_allocation_failing)
{
    char *d = unit_directory();

    for (int64_t n = 1;; n++) {
        sm_error  e = { .status = SM_OK };
        file_view v;
        sm_status written, read = SM_OK;
        heap_fail_at(n);
        written = file_write(in(d, "f"), SLICE("content"), &e);
        if (written == SM_OK) read = file_open(in(d, "f"), true, &v, &e);
        int64_t left = heap_fail_left();
        heap_fail_at(0);
        assert_int_equal(file_exists(in(d, "f")), written == SM_OK);
        if (written == SM_OK && read == SM_OK) {
            assert_true(slice_is(v.bytes, "content"));
            file_close(&v);
        } else {
            assert_int_equal(e.status, SM_RESOURCE_EXHAUSTED);
            assert_non_null(strstr(e.message, "out of memory"));
        }
        if (written == SM_OK) assert_int_equal(unlink(in(d, "f")), 0);
        if (left > 0) break;
        assert_true(written != SM_OK || read != SM_OK);
    }
    remove_directory(d);
}
