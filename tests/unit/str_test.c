/* SPDX-License-Identifier: Apache-2.0 */
/* Strings on the heap, slices, and the sentence in an error. */
#include "base/heap.h"
#include "base/str.h"
#include "unit.h"

TEST(building)
{
    str   s;
    char *text;

    str_init(&s);
    assert_string_equal(str_text(&s), "");
    str_add(&s, SLICE("ab"));
    str_addc(&s, 'c');
    str_addf(&s, "%d%s", 12, "x");
    str_pad(&s, '-', 3);
    str_addz(&s, "");
    assert_string_equal(str_text(&s), "abc12x---");
    assert_int_equal(str_slice(&s).len, 9);
    text = str_take(&s);
    assert_string_equal(text, "abc12x---");
    free(text);
    assert_string_equal(str_text(&s), "");
    text = str_take(&s);
    assert_string_equal(text, "");
    free(text);
}

TEST(growing)
{
    str s;

    str_init(&s);
    for (size_t i = 0; i < 3000; i++) /* formatting meets every distance to the end of the memory */
        str_addf(&s, "%0*d", (int)(i % 71) + 1, 7);
    for (size_t i = 0, at = 0; i < 3000; at += i % 71 + 1, i++) {
        assert_int_equal(s.ptr[at + i % 71], '7');
        if (i % 71) assert_int_equal(s.ptr[at], '0');
    }
    str_reset(&s);
    assert_int_equal(s.len, 0);
    str_pad(&s, 'x', 100000);
    assert_int_equal(strlen(s.ptr), 100000);
    str_clear(&s);
}

TEST(sticky)
{
    str s;

    str_init(&s);
    str_addz(&s, "ab");
    str_pad(&s, 'x', SIZE_MAX / 2);
    assert_true(s.failed);
    str_addz(&s, "c");
    assert_string_equal(str_text(&s), "ab");
    assert_null(str_take(&s));
    heap_fail_at(2);
    str_addz(&s, "ab");
    str_addf(&s, "%500d", 1);
    heap_fail_at(0);
    assert_true(s.failed);
    assert_string_equal(str_text(&s), "ab");
    str_clear(&s);
}

TEST(slices)
{
    slice s = SLICE("a/b/c"), none = { NULL, 0 };

    assert_int_equal(slice_find(s, '/'), 1);
    assert_int_equal(slice_rfind(s, '/'), 3);
    assert_int_equal(slice_find(s, 'x'), -1);
    assert_int_equal(slice_find(none, 'x'), -1);
    assert_int_equal(slice_rfind(none, 'x'), -1);
    assert_true(slice_is(slice_head(s, 3), "a/b"));
    assert_true(slice_is(slice_tail(s, 2), "b/c"));
    assert_int_equal(slice_tail(s, 99).len, 0);
    assert_int_equal(slice_tail(none, 1).len, 0);
    assert_true(slice_eq(none, SLICE("")));
    assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_cmp(SLICE("b"), SLICE("ab")) > 0);
    assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
    assert_int_equal(slice_cmp(none, none), 0);
    assert_true(slice_starts(s, "a/") && !slice_starts(s, "b") && !slice_starts(none, "a"));
    assert_true(slice_ends(s, "/c") && !slice_ends(s, "b") && slice_ends(none, ""));
}

TEST(numbers)
{
    static const struct {
        const char *text;
        bool        ok;
        int64_t     value;
    } rows[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "0012", true, 12 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+1", false, 0 },
        { "--1", false, 0 },
        { "1 ", false, 0 },
        { "0x1", false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = 0;
        assert_int_equal(slice_int(slice_of(rows[i].text), &value), rows[i].ok);
        assert_true(value == rows[i].value);
    }
}

TEST(errors)
{
    sm_error e;

    error_clear(&e);
    assert_int_equal(e.status, SM_OK);
    assert_int_equal(FAIL(&e, SM_NOT_FOUND, "no %s", "x"), SM_NOT_FOUND);
    assert_string_equal(e.message, "no x");
    assert_string_equal(e.kind, "");
    assert_int_equal(FAIL_KIND(&e, SM_INVALID_ARGUMENT, "ValueError", "was: %s", e.message), SM_INVALID_ARGUMENT);
    assert_int_equal(error_prefix(&e, SM_INVALID_ARGUMENT, "node '%s'", "n"), SM_INVALID_ARGUMENT);
    assert_string_equal(e.message, "node 'n': was: no x");
    assert_string_equal(e.kind, "ValueError");
    assert_int_equal(FAIL(NULL, SM_INTERNAL, "nobody listens"), SM_INTERNAL);
    assert_int_equal(error_prefix(NULL, SM_INTERNAL, "nobody"), SM_INTERNAL);
    error_clear(NULL);
}

TEST(errors_are_fit_for_a_terminal)
{
    sm_error e;
    char     text[5000];

    (void)FAIL(&e, SM_INTERNAL, "%s", "a\x1b[31m\r\nb\tc\x7f");
    assert_string_equal(e.message, "a?[31m?\nb\tc?");
    for (size_t lead = 0; lead < 3; lead++) { /* two-byte characters, cut at either byte */
        memset(text, 'x', lead);
        for (size_t i = lead; i + 2 < sizeof text; i += 2) memcpy(text + i, "\xc3\xa9", 3);
        (void)FAIL(&e, SM_INTERNAL, "%s", text);
        size_t n = strlen(e.message);
        assert_true(n <= sizeof e.message - 1 && n > sizeof e.message - 6);
        assert_string_equal(e.message + n - 3, "...");
        assert_int_equal((unsigned char)e.message[n - 4], 0xa9);
        (void)error_prefix(&e, SM_INTERNAL, "node");
        assert_memory_equal(e.message, "node: ", 6);
    }
}

TEST(status_names)
{
    assert_string_equal(status_name(SM_OK), "OK");
    assert_string_equal(status_name(SM_DATA_LOSS), "DATA_LOSS");
    assert_string_equal(status_name((sm_status)16), "UNKNOWN");
    assert_string_equal(status_name((sm_status)-1), "UNKNOWN");
}
