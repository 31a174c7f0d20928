/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto: typed lists of every type, short lists, tensor_content, shapes, and making one. */
#include "format/tensor_proto.h"
#include "hex.h"

static arena a;

/* Reads the text form of a TensorProto; the elements' bytes must be the hexadecimal ones. */
static void check_elements(const char *text, const char *bytes)
{
    tf_TensorProto p = { 0 };
    tensor_header  h;

    arena_init(&a, 0);
    assert_ok(message_parse_text(&type_TensorProto, slice_of(text), &a, &p, err));
    assert_ok(tensor_proto_header(&p, &h, err));
    slice want = unhex(&a, bytes);
    assert_int_equal(h.bytes, want.len);
    char *out = arena_alloc(&a, h.bytes);
    assert_ok(tensor_proto_read(&p, &h, out, err));
    assert_memory_equal(out, want.ptr, want.len);
    slice view = tensor_proto_view(&p, &h);
    if (view.ptr) assert_memory_equal(view.ptr, want.ptr, want.len);
    arena_clear(&a);
}

#define SHAPE(n) " tensor_shape { dim { size: " #n " } }"

TEST(typed_lists)
{
    check_elements("dtype: DT_FLOAT float_val: 1", "0000803f");
    check_elements("dtype: DT_FLOAT float_val: [1, 2]" SHAPE(4), "0000803f 00000040 00000040 00000040");
    check_elements("dtype: DT_FLOAT float_val: [1, 2, 3]" SHAPE(2), "0000803f 00000040");
    check_elements("dtype: DT_FLOAT" SHAPE(2), "0000000000000000");
    check_elements("dtype: DT_FLOAT float_val: 1" SHAPE(0), "");
    check_elements("dtype: DT_DOUBLE double_val: -2" SHAPE(1), "00000000000000c0");
    check_elements("dtype: DT_INT8 int_val: [-1, 127]" SHAPE(3), "ff7f7f");
    check_elements("dtype: DT_UINT8 int_val: 255", "ff");
    check_elements("dtype: DT_INT16 int_val: [-2, 1]" SHAPE(2), "feff 0100");
    check_elements("dtype: DT_UINT16 int_val: 65535", "ffff");
    check_elements("dtype: DT_INT32 int_val: -1" SHAPE(1), "ffffffff");
    check_elements("dtype: DT_INT64 int64_val: -1", "ffffffffffffffff");
    check_elements("dtype: DT_UINT32 uint32_val: 4294967295", "ffffffff");
    check_elements("dtype: DT_UINT64 uint64_val: 1", "0100000000000000");
    check_elements("dtype: DT_BOOL bool_val: [true, false]" SHAPE(3), "010000");
    check_elements("dtype: DT_HALF half_val: [15360, 16384]" SHAPE(2), "003c 0040");
    check_elements("dtype: DT_BFLOAT16 half_val: 16256" SHAPE(2), "803f 803f");
    check_elements("dtype: DT_COMPLEX64 scomplex_val: [1, 2]" SHAPE(2), "0000803f00000040 0000803f00000040");
    check_elements("dtype: DT_COMPLEX128 dcomplex_val: [1, 0]", "000000000000f03f0000000000000000");
    check_elements("dtype: DT_QINT8 int_val: -128", "80");
    check_elements("dtype: DT_QINT32 int_val: 5", "05000000");
    check_elements("dtype: DT_QUINT16 int_val: 5", "0500");
    check_elements("dtype: DT_INT4 int_val: [7, -8]" SHAPE(2), "07f8");
    check_elements("dtype: DT_FLOAT8_E5M2 float8_val: '\\001\\002'" SHAPE(3), "010202");
}

TEST(content)
{
    check_elements("dtype: DT_FLOAT tensor_content: '\\000\\000\\200?\\000\\000\\000@'" SHAPE(2), "0000803f 00000040");
    check_elements("dtype: DT_BOOL tensor_content: '\\001'", "01");
}

TEST(strings)
{
    tf_TensorProto p = { 0 };
    tensor_header  h;
    tstring        out[3] = { 0 };

    arena_init(&a, 0);
    assert_ok(
        message_parse_text(&type_TensorProto, SLICE("dtype: DT_STRING string_val: ['x', 'yz']" SHAPE(3)), &a, &p, err));
    assert_ok(tensor_proto_header(&p, &h, err));
    assert_null(tensor_proto_view(&p, &h).ptr);
    assert_ok(tensor_proto_read_strings(&p, &h, out, err));
    assert_true(slice_is(tstring_get(&out[0]), "x"));
    assert_true(slice_is(tstring_get(&out[2]), "yz"));
    assert_fails(tensor_proto_read(&p, &h, out, err), SM_INVALID_ARGUMENT, "no numbers");
    p.string_val_count = 0;
    assert_int_equal(tensor_proto_string(&p, 0).len, 0);
    arena_clear(&a);
}

TEST(what_is_refused)
{
    static const char *const rows[][2] = {
        { "dtype: 0", "type 0" },
        { "dtype: 101", "type 101" },
        { "dtype: -1", "type -1" },
        { "dtype: DT_FLOAT tensor_shape { dim { size: -1 } }", "not fully known" },
        { "dtype: DT_FLOAT tensor_shape { unknown_rank: true }", "not fully known" },
        { "dtype: DT_FLOAT tensor_shape { dim { size: -2 } }", "size -2" },
        { "dtype: DT_FLOAT tensor_content: 'abc'", "3 bytes" },
        { "dtype: DT_FLOAT tensor_shape { dim {size: 4611686018427387904} dim {size: 4} }", "too many" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tf_TensorProto p = { 0 };
        tensor_header  h;
        arena_init(&a, 0);
        assert_ok(message_parse_text(&type_TensorProto, slice_of(rows[i][0]), &a, &p, err));
        assert_fails(tensor_proto_header(&p, &h, err), SM_INVALID_ARGUMENT, rows[i][1]);
        arena_clear(&a);
    }
}

TEST(shapes)
{
    shape s;

    arena_init(&a, 0);
    assert_ok(shape_from_proto(NULL, &s, err));
    assert_int_equal(s.rank, 0);
    const shape rows[] = { shape_unknown(), shape_scalar(), shape_matrix(2, UNKNOWN_DIM), shape_unknown_dims(3) };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(shape_from_proto(shape_to_proto(&a, &rows[i]), &s, err));
        assert_true(shape_eq(&s, &rows[i]));
    }
    tf_TensorShapeProto deep = { .dim = ARENA_ARRAY(&a, tf_TensorShapeProto_Dim, 17), .dim_count = 17 };
    assert_fails(shape_from_proto(&deep, &s, err), SM_INVALID_ARGUMENT, "17 dimensions");
    arena_clear(&a);
}

TEST(making_one)
{
    const float    data[] = { 1, 2, 3, 4 };
    tstring        strings[2] = { 0 };
    shape          s = shape_matrix(2, 2), two = shape_vector(2);
    tf_TensorProto p = { 0 }, q = { 0 };
    tensor_header  h;

    arena_init(&a, 0);
    assert_ok(tensor_proto_make(&a, SM_FLOAT, &s, data, &p, err));
    assert_ok(tensor_proto_header(&p, &h, err));
    assert_ptr_equal(tensor_proto_view(&p, &h).ptr, data);
    tstring_set_view(&strings[1], SLICE("abc"));
    assert_ok(tensor_proto_make(&a, SM_STRING, &two, strings, &q, err));
    assert_true(slice_is(tensor_proto_string(&q, 1), "abc"));
    assert_fails(tensor_proto_make(&a, SM_RESOURCE, &s, data, &q, err), SM_UNIMPLEMENTED, "resource");
    arena_clear(&a);
}
