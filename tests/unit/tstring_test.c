/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in TF_TString's layout: all four forms, and from each to each. */
#include "base/heap.h"
#include "base/tstring.h"
#include "unit.h"

TEST(zeroed_memory_is_empty_strings)
{
    tstring t = { { 0 } };

    assert_int_equal(tstring_get(&t).len, 0);
    tstring_clear(&t);
}

TEST(layout)
{
    tstring t = { { 0 } };

    assert_true(tstring_set(&t, SLICE("abc")));
    assert_memory_equal(t.small,
                        "\x0c"
                        "abc\0",
                        5);
    assert_true(tstring_set(&t, SLICE("1234567890123456789012"))); /* 22: the longest small one */
    assert_memory_equal(t.small,
                        "\x58"
                        "1234567890123456789012\0",
                        24);
    assert_true(tstring_set(&t, SLICE("12345678901234567890123")));
    assert_int_equal(t.large.size_type, 23 << 2 | 1);
    assert_int_equal(t.large.capacity, 31);
    assert_string_equal(t.large.ptr, "12345678901234567890123");
    tstring_clear(&t);
    tstring_set_view(&t, SLICE("view"));
    assert_int_equal(t.view.size_type, 4 << 2 | 3);
    tstring_clear(&t);
}

TEST(offset_form)
{
    struct {
        tstring t[2];
        char    bytes[16];
    } block = { .bytes = "hello, world" };
    tstring copy = { { 0 } };

    block.t[1].offset.size_type = 5 << 2 | 2;
    block.t[1].offset.offset = (uint32_t)(block.bytes + 7 - (char *)&block.t[1]);
    assert_true(slice_is(tstring_get(&block.t[1]), "world"));
    assert_true(tstring_copy(&copy, &block.t[1]));
    memset(block.bytes, 0, sizeof block.bytes);
    assert_true(slice_is(tstring_get(&copy), "world"));
    assert_int_equal(copy.small[0] & 3, 0);
    assert_true(tstring_set(&block.t[1], SLICE("a string that is set over an offset one")));
    tstring_clear(&block.t[1]);
}

TEST(every_length_over_every_length)
{
    char text[80];

    memset(text, 'x', sizeof text);
    for (size_t from = 0; from < 70; from++)
        for (size_t to = 0; to < 70; to++) {
            tstring t = { { 0 } }, u = { { 0 } };
            text[to] = '!';
            assert_true(tstring_set(&t, slice_make(text, from)));
            assert_true(tstring_set(&t, slice_make(text + 1, to)));
            assert_true(slice_eq(tstring_get(&t), slice_make(text + 1, to)));
            assert_true(tstring_copy(&u, &t));
            tstring_clear(&t);
            assert_true(slice_eq(tstring_get(&u), slice_make(text + 1, to)));
            tstring_clear(&u);
            text[to] = 'x';
        }
}

/* A string set to a part of itself, in each form. */
TEST(parts_of_itself)
{
    char text[200];

    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
    for (size_t n = 0; n < sizeof text; n += 7)
        for (size_t from = 0; from <= n; from += 5) {
            tstring t = { { 0 } };
            assert_true(tstring_set(&t, slice_make(text, n)));
            assert_true(tstring_set(&t, slice_tail(tstring_get(&t), from)));
            assert_true(slice_eq(tstring_get(&t), slice_make(text + from, n - from)));
            assert_true(tstring_copy(&t, &t));
            assert_true(slice_eq(tstring_get(&t), slice_make(text + from, n - from)));
            tstring_clear(&t);
        }
}

TEST(views)
{
    char    text[] = "a view of some longer text, not copied";
    tstring t = { { 0 } }, copy = { { 0 } };

    assert_true(tstring_set(&t, SLICE("a heap string that the view releases")));
    tstring_set_view(&t, slice_of(text));
    assert_ptr_equal(tstring_get(&t).ptr, text);
    assert_true(tstring_copy(&copy, &t));
    text[0] = 'A';
    assert_int_equal(tstring_get(&t).ptr[0], 'A');
    assert_int_equal(tstring_get(&copy).ptr[0], 'a');
    tstring_clear(&t);
    tstring_clear(&copy);
}

TEST(out_of_memory_leaves_it_as_it_was)
{
    tstring t = { { 0 } };

    assert_true(tstring_set(&t, SLICE("before")));
    heap_fail_at(1);
    assert_false(tstring_set(&t, SLICE("a string too long to be small")));
    assert_true(slice_is(tstring_get(&t), "before"));
    assert_false(tstring_set(&t, slice_make("x", SIZE_MAX / 4)));
    assert_true(slice_is(tstring_get(&t), "before"));
    tstring_clear(&t);
}
