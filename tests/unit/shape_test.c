/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes. A shape is written as it prints: "[2,?,3]", "<unknown>". */
#include "base/shape.h"
#include "unit.h"

static shape parse(const char *text)
{
    shape s = shape_scalar();

    if (*text == '<') return shape_unknown();
    for (text++; *text != ']'; text += *text == ',') {
        char *end = NULL;
        if (*text == '?')
            s.dims[s.rank++] = UNKNOWN_DIM, text++;
        else
            s.dims[s.rank++] = strtoll(text, &end, 10), text = end;
    }
    return s;
}

static void expect(const shape *s, const char *text)
{
    str printed = { 0 };
    shape_print(&printed, s);
    assert_string_equal(str_text(&printed), text);
    str_clear(&printed);
}

static void expect_tuple(const char *text, const char *tuple)
{
    shape s = parse(text);
    str   printed = { 0 };
    expect(&s, text);
    shape_print_tuple(&printed, &s);
    assert_string_equal(str_text(&printed), tuple);
    str_clear(&printed);
}

TEST(printing)
{
    expect_tuple("[2,?,3]", "(2, None, 3)");
    expect_tuple("[]", "()");
    expect_tuple("[?]", "(None,)");
    expect_tuple("[0]", "(0,)");
    expect_tuple("[9223372036854775807,1]", "(9223372036854775807, 1)");
    expect_tuple("<unknown>", "<unknown>");
}

TEST(making)
{
    shape   s;
    int64_t dims[17] = { 0 };

    s = shape_vector(3), expect(&s, "[3]");
    s = shape_matrix(3, 4), expect(&s, "[3,4]");
    s = shape_unknown_dims(2), expect(&s, "[?,?]");
    s = shape_unknown_dims(17), expect(&s, "<unknown>");
    s = shape_of(17, dims), expect(&s, "<unknown>");
    s = shape_of(-1, NULL), expect(&s, "<unknown>");
    s = shape_of(0, NULL), expect(&s, "[]");
    s = shape_of(16, dims), assert_int_equal(s.rank, 16);
}

/* What two shapes say together; NULL: they contradict each other. */
TEST(merging)
{
    static const char *rows[][3] = {
        { "[2,3]", "[2,3]", "[2,3]" },
        { "[2,?]", "[?,3]", "[2,3]" },
        { "[?,?]", "[?,3]", "[?,3]" },
        { "<unknown>", "[2]", "[2]" },
        { "[2]", "[3]", NULL },
        { "[2]", "[2,2]", NULL },
        { "<unknown>", "<unknown>", "<unknown>" },
        { "[]", "[]", "[]" },
        { "[1]", "[2]", NULL },
        { "[]", "[?]", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int swap = 0; swap < 2; swap++) {
            shape a = parse(rows[i][swap]), b = parse(rows[i][!swap]), both = shape_vector(99);
            assert_int_equal(shape_merge(&a, &b, &both), rows[i][2] != NULL);
            assert_int_equal(shape_compatible(&a, &b), rows[i][2] != NULL);
            expect(&both, rows[i][2] ? rows[i][2] : "[99]");
            assert_int_equal(shape_eq(&a, &b), strcmp(rows[i][0], rows[i][1]) == 0);
        }
}

TEST(broadcasting)
{
    static const char *rows[][3] = {
        { "[2,3]", "[3]", "[2,3]" },
        { "[2,1]", "[1,3]", "[2,3]" },
        { "[]", "[4]", "[4]" },
        { "[2]", "[3]", NULL },
        { "[0]", "[1]", "[0]" },
        { "[0]", "[2]", NULL },
        { "[?]", "[3]", "[3]" },
        { "[?]", "[1]", "[?]" },
        { "[?]", "[?]", "[?]" },
        { "[?]", "[0]", "[?]" },
        { "<unknown>", "[3]", "<unknown>" },
        { "[5,1,?]", "[7,2]", "[5,7,2]" },
        { "[4,2,3]", "[5,2,3]", NULL },
        { "[]", "[]", "[]" },
        { "[?,3]", "[2,1,1]", "[2,?,3]" },
        { "[0,1]", "[1,0]", "[0,0]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int swap = 0; swap < 2; swap++) {
            shape a = parse(rows[i][swap]), b = parse(rows[i][!swap]), out = shape_vector(99);
            assert_int_equal(shape_broadcast(&a, &b, &out), rows[i][2] != NULL);
            expect(&out, rows[i][2] ? rows[i][2] : "[99]");
            if (rows[i][2]) assert_true(shape_broadcast(&a, &b, &a)); /* out may be an input */
        }
}

TEST(counting)
{
    static const struct {
        const char *text;
        int64_t     count;
        bool        known;
    } rows[] = {
        { "[2,3,4]", 24, true },
        { "[]", 1, true },
        { "[0]", 0, true },
        { "[2,?]", -1, false },
        { "<unknown>", -1, false },
        { "[0,?]", -1, false },
        { "[4294967296,2147483648]", -1, true },
        { "[4294967296,4294967296,0]", 0, true },
        { "[9223372036854775807]", INT64_MAX, true },
    };
    shape   s = parse("[2,3,4]");
    int64_t strides[3];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shape r = parse(rows[i].text);
        assert_true(shape_count(&r) == rows[i].count);
        assert_int_equal(shape_known(&r), rows[i].known);
    }
    assert_int_equal(shape_count_range(&s, 1, 3), 12);
    assert_int_equal(shape_count_range(&s, 1, 1), 1);
    shape_strides(&s, strides);
    assert_int_equal(strides[0], 12);
    assert_int_equal(strides[1], 4);
    assert_int_equal(strides[2], 1);
}

TEST(checking)
{
    static const struct {
        const char *text;
        size_t      element;
        sm_status   status;
        const char *words;
    } rows[] = {
        { "[2,3]", 4, SM_OK, "" },
        { "[25]", 4, SM_OK, "" },
        { "[26]", 4, SM_RESOURCE_EXHAUSTED, "shape [26] takes 104 bytes, the limit is 100" },
        { "[0,1000]", 4, SM_OK, "" },
        { "[?]", 4, SM_INVALID_ARGUMENT, "dimension 0 is -1" },
        { "[-5]", 4, SM_INVALID_ARGUMENT, "dimension 0 is -5" },
        { "<unknown>", 4, SM_INVALID_ARGUMENT, "0 to 16 dimensions" },
        { "[4294967296,4294967296]", 1, SM_INVALID_ARGUMENT, "shape [4294967296,4294967296] has too many elements" },
        { "[4294967296,4294967296,0]", 1, SM_INVALID_ARGUMENT, "too many elements" },
        { "[4611686018427387904]", 8, SM_INVALID_ARGUMENT, "too many elements" },
    };
    shape deep = { .rank = 17 };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shape s = parse(rows[i].text);
        if (rows[i].status == SM_OK)
            assert_ok(shape_check(&s, rows[i].element, 100, err));
        else
            assert_fails(shape_check(&s, rows[i].element, 100, err), rows[i].status, rows[i].words);
    }
    assert_fails(shape_check(&deep, 4, 100, err), SM_INVALID_ARGUMENT, "not 17");
}
