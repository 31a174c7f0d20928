/* SPDX-License-Identifier: Apache-2.0 */
/* The table of element types. */
#include "base/dtype.h"
#include "unit.h"

#include <ctype.h>

TEST(every_row_is_whole)
{
    for (int i = 1; i < DTYPE_LAST; i++) {
        sm_dtype    t = (sm_dtype)i;
        const char *proto = dtype_proto_name(t);
        unsigned    classes = dtype_class(t);
        char        lower[32] = "";
        assert_true(dtype_size(t) > 0);
        assert_true(classes != 0 && (classes & (classes - 1)) == 0); /* exactly one */
        assert_memory_equal(proto, "DT_", 3);
        for (size_t k = 3; proto[k]; k++) lower[k - 3] = (char)tolower((unsigned char)proto[k]);
        assert_string_equal(dtype_short_name(t), lower);
        assert_int_equal(dtype_parse(slice_of(dtype_name(t))), t);
        assert_int_equal(dtype_parse(slice_of(proto)), t);
        assert_int_equal(dtype_parse(slice_of(lower)), t);
        assert_int_equal(dtype_plain(t), !dtype_is(t, DTYPE_OBJECT));
    }
}

TEST(names)
{
    assert_string_equal(dtype_name(SM_HALF), "float16");
    assert_string_equal(dtype_short_name(SM_HALF), "half");
    assert_string_equal(dtype_proto_name(SM_HALF), "DT_HALF");
    assert_string_equal(dtype_short_name(SM_FLOAT), "float");
    assert_string_equal(dtype_short_name(SM_DOUBLE), "double");
    assert_string_equal(dtype_short_name(SM_FLOAT8_E4M3FN), "float8_e4m3fn");
    assert_int_equal(dtype_parse(SLICE("Float32")), SM_INVALID);
    assert_int_equal(dtype_parse(SLICE("")), SM_INVALID);
    assert_int_equal(dtype_parse(SLICE("invalid")), SM_INVALID);
}

TEST(unknown_numbers)
{
    static const int numbers[] = { 0, -1, 34, 99, 100, 134, 1000, INT32_MAX };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sm_dtype t = (sm_dtype)numbers[i];
        assert_int_equal(dtype_size(t), 0);
        assert_int_equal(dtype_class(t), 0);
        assert_false(dtype_plain(t));
        assert_string_equal(dtype_name(t), "invalid");
        assert_string_equal(dtype_proto_name(t), "DT_INVALID");
    }
}

TEST(references)
{
    sm_dtype t = (sm_dtype)(SM_FLOAT + DTYPE_REF);

    assert_string_equal(dtype_name(t), "float32_ref");
    assert_string_equal(dtype_short_name(t), "float_ref");
    assert_string_equal(dtype_proto_name(t), "DT_FLOAT_REF");
    assert_int_equal(dtype_parse(SLICE("DT_FLOAT_REF")), t);
    assert_int_equal(dtype_size(t), 0);
    assert_false(dtype_plain(t));
}

TEST(classes)
{
    assert_true(dtype_is(SM_BFLOAT16, DTYPE_FLOATING) && dtype_is(SM_UINT64, DTYPE_REAL));
    assert_true(dtype_is(SM_COMPLEX64, DTYPE_NUMERIC) && !dtype_is(SM_COMPLEX64, DTYPE_REAL));
    assert_true(!dtype_is(SM_BOOL, DTYPE_NUMERIC) && !dtype_is(SM_QINT8, DTYPE_NUMERIC));
    assert_true(dtype_is(SM_STRING, DTYPE_OBJECT) && dtype_is(SM_INT4, DTYPE_STORAGE));
}
