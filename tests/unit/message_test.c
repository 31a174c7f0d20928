/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf messages on the wire: what is read, what is refused, and that writing gives the same
 * bytes again. */
#include "format/message_int.h"
#include "hex.h"

/* Decodes the hexadecimal text and encodes it again. */
#define ROUND_TRIP(type_name, in, expected)                          \
    do {                                                             \
        tf_##type_name message = { 0 };                              \
        check_round_trip(&type_##type_name, &message, in, expected); \
    } while (0)
#define SAME(type_name, text) ROUND_TRIP(type_name, text, text)

static arena a;

static void check_round_trip(const message_type *type, void *message, const char *in, const char *expected)
{
    slice  got, want = unhex(&a, expected);
    size_t size = 0;

    assert_ok(message_decode(type, unhex(&a, in), &a, message, err));
    assert_ok(message_encode(type, message, &a, &got, err));
    assert_ok(message_size(type, message, &size, err));
    assert_int_equal(size, got.len);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.ptr, want.ptr, want.len);
}

TEST(tables_are_sound)
{
    static const char *const names[] = { "tensorflow.SavedModel", "tensorflow.NodeDef", "google.protobuf.Any" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(message_type_find(slice_of(names[i]))->name, names[i]);
    assert_null(message_type_find(SLICE("tensorflow.None")));
    assert_null(message_type_find(SLICE("")));
#define MESSAGE(message, full_name)                              \
    assert_true(type_##message.field_end <= MESSAGE_MAX_FIELDS); \
    assert_ptr_equal(message_type_find(slice_of(full_name)), &type_##message);
#include "format/tf_messages.def"
}

TEST(enumerations_by_name_and_number)
{
    int32_t n = 0;

    assert_string_equal(enum_name(&type_DataType, SM_HALF), "DT_HALF");
    assert_string_equal(enum_name(&type_DataType, 101), "DT_FLOAT_REF");
    assert_null(enum_name(&type_DataType, 99));
    assert_true(enum_number(&type_DataType, SLICE("DT_BFLOAT16"), &n));
    assert_int_equal(n, SM_BFLOAT16);
    assert_false(enum_number(&type_DataType, SLICE("DT_NONE"), &n));
}

TEST(a_node)
{
    tf_NodeDef m = { 0 };
    slice      wire;

    arena_init(&a, 0);
    wire = unhex(&a, "0a0161 1203416464 1a0162 1a0163 2a09 0a0154 1204 30 01 4001");
    assert_ok(message_decode(&type_NodeDef, wire, &a, &m, err));
    assert_true(slice_is(m.name, "a"));
    assert_ptr_equal(m.name.ptr, wire.ptr + 2); /* in place */
    assert_true(slice_is(m.op, "Add"));
    assert_int_equal(m.input_count, 2);
    assert_true(slice_is(m.input[1], "c"));
    assert_int_equal(m.attr_count, 1);
    const tf_NodeDef_attr_entry *e = MAP_FIND(&m, attr, SLICE("T"));
    assert_non_null(e);
    assert_int_equal(e->value.which, tf_AttrValue_type);
    assert_int_equal(e->value.type, SM_FLOAT);
    assert_null(MAP_FIND(&m, attr, SLICE("U")));
    arena_clear(&a);
}

TEST(numbers_of_every_kind)
{
    tf_StructuredValue s = { 0 };
    tf_VersionDef      v = { 0 };

    arena_init(&a, 0);
    assert_ok(message_decode(&type_StructuredValue, unhex(&a, "6003"), &a, &s, err));
    assert_int_equal(s.which, tf_StructuredValue_int64_value);
    assert_true(s.int64_value == -2); /* zig-zag */
    assert_ok(message_decode(&type_VersionDef, unhex(&a, "08ffffffffffffffffff01"), &a, &v, err));
    assert_int_equal(v.producer, -1);
    SAME(VersionDef, "08ffffffffffffffffff01 1080808080f8ffffffff01");
    SAME(StructuredValue, "6003");
    SAME(StructuredValue, "60ffffffffffffffffff01"); /* the smallest int64 */
    SAME(StructuredValue, "59000000000000f83f");
    SAME(StructuredValue, "7001");
    SAME(StructuredValue, "0a00"); /* an empty message is there */
    SAME(BundleEntryProto, "0801 12021200 1801 20ac02 2807 3578563412");
    SAME(AttrValue, "2500000080"); /* -0.0 in a oneof */
    SAME(SaverDef, "3500000080");  /* -0.0 is not the default */
    arena_clear(&a);
}

TEST(packed_and_unpacked)
{
    tf_TensorProto t = { 0 };

    arena_init(&a, 0);
    assert_ok(message_decode(&type_TensorProto, unhex(&a, "3801 3a03 02ac02 3803 3a00"), &a, &t, err));
    assert_int_equal(t.int_val_count, 4);
    assert_int_equal(t.int_val[0], 1);
    assert_int_equal(t.int_val[2], 300);
    assert_int_equal(t.int_val[3], 3);
    ROUND_TRIP(TensorProto, "3801 3a03 02ac02 3803 3a00", "3a05 0102ac0203");
    ROUND_TRIP(TensorProto, "2d0000803f 2a08 0000004000004040", "2a0c 0000803f0000004000004040");
    assert_fails(message_decode(&type_TensorProto, unhex(&a, "2a03000000"), &a, &t, err), SM_DATA_LOSS, "packed");
    assert_fails(message_decode(&type_TensorProto, unhex(&a, "3a0180"), &a, &t, err), SM_DATA_LOSS, "packed");
    arena_clear(&a);
}

TEST(later_scalars_replace_and_messages_merge)
{
    tf_MetaGraphDef m = { 0 };
    tf_AttrValue    v = { 0 };

    arena_init(&a, 0);
    /* meta_info_def twice: tags join, the version is the later one */
    assert_ok(message_decode(&type_MetaGraphDef, unhex(&a, "0a06 220161 2a0178 0a06 220162 2a0179"), &a, &m, err));
    assert_int_equal(m.meta_info_def->tags_count, 2);
    assert_true(slice_is(m.meta_info_def->tags[0], "a"));
    assert_true(slice_is(m.meta_info_def->tags[1], "b"));
    assert_true(slice_is(m.meta_info_def->tensorflow_version, "y"));
    /* a oneof: the later member wins, also over a message */
    assert_ok(message_decode(&type_AttrValue, unhex(&a, "0a00 1807"), &a, &v, err));
    assert_int_equal(v.which, tf_AttrValue_i);
    assert_int_equal(v.i, 7);
    ROUND_TRIP(AttrValue, "0a021801 0a021802", "0a041a02 0102");    /* the same message twice merges */
    ROUND_TRIP(AttrValue, "0a021801 1801 0a021802", "0a031a01 02"); /* not across another member */
    arena_clear(&a);
}

TEST(maps)
{
    tf_FunctionDef f = { 0 };

    arena_init(&a, 0);
    /* keys sort; the last of equal keys wins; a missing key or value is written as its default */
    ROUND_TRIP(FunctionDef, "2206 0a0162 120131 2206 0a0161 120132 2206 0a0162 120133",
               "2206 0a0161 120132 2206 0a0162 120133");
    ROUND_TRIP(FunctionDef, "2200", "2204 0a00 1200");
    ROUND_TRIP(FunctionDef, "4204 0802 1001 4205 088001 1001 4204 0801 1005",
               "4204 0801 1005 4204 0802 1001 4205 088001 1001");
    ROUND_TRIP(FunctionDef, "4204 0801 1001 4204 0801 1002 4204 0802 1003 4204 0803 1004 4204 0802 1005",
               "4204 0801 1002 4204 0802 1005 4204 0803 1004"); /* entries move over others */
    ROUND_TRIP(FunctionDef, "2a05 0a0178 1200", "2a05 0a0178 1200");
    assert_ok(message_decode(&type_FunctionDef, unhex(&a, "2206 0a0162 120131 2206 0a0162 120133"), &a, &f, err));
    assert_int_equal(f.ret_count, 1);
    assert_true(slice_is(f.ret[0].value, "3"));
    arena_clear(&a);
}

/* More entries than pairs are compared for: the hashed way must agree. */
TEST(large_maps_keep_the_last_value)
{
    enum { ENTRIES = 600, KEYS = 200 };
    tf_FunctionDef f = { 0 };
    str            wire;

    arena_init(&a, 0);
    str_init(&wire);
    for (int i = 0; i < ENTRIES; i++) {
        char entry[32];
        int  n = snprintf(entry, sizeof entry, "\x22\x0c\x0a\x04%04d\x12\x04%04d", i % KEYS, i);
        str_add(&wire, slice_make(entry, (size_t)n));
    }
    assert_ok(message_decode(&type_FunctionDef, str_slice(&wire), &a, &f, err));
    assert_int_equal(f.ret_count, KEYS);
    for (int i = 0; i < KEYS; i++) {
        int64_t value = 0, key = -1;
        assert_true(slice_int(f.ret[i].key, &key));
        assert_int_equal(key % KEYS, i); /* in the order in which they first came */
        assert_true(slice_int(f.ret[i].value, &value));
        assert_int_equal(value, ENTRIES - KEYS + i);
    }
    str_clear(&wire);
    arena_clear(&a);
}

TEST(unknown_fields_come_back)
{
    tf_VersionDef v = { 0 };

    arena_init(&a, 0);
    SAME(VersionDef, "0801 a20603616263 a80601 ad0601020304 a1060102030405060708");
    SAME(VersionDef, "0801 a306 0801 a306 a406 a406");                  /* groups, one in the other */
    SAME(VersionDef, "0a0161");                                         /* a known number of another wire type */
    ROUND_TRIP(VersionDef, "a80601 0801 a80602", "0801 a80601 a80602"); /* they stand last */
    ROUND_TRIP(FunctionDef, "2208 0a0162 120131 1805", "2208 0a0162 120131 1805");
    assert_ok(message_decode(&type_VersionDef, unhex(&a, "a80601"), &a, &v, err));
    assert_ok(message_decode(&type_VersionDef, unhex(&a, "a80602"), &a, &v, err));
    assert_non_null(v.unknown->next);
    arena_clear(&a);
}

TEST(optional_fields_know_that_they_are_zero)
{
    tf_ChunkedMessage m = { 0 };

    arena_init(&a, 0);
    assert_ok(message_decode(&type_ChunkedMessage, unhex(&a, "0800"), &a, &m, err));
    assert_true(m.has_chunk_index);
    SAME(ChunkedMessage, "0800");
    SAME(ChunkedMessage, "");
    ROUND_TRIP(VersionDef, "0800", "");
    arena_clear(&a);
}

TEST(damaged_messages_are_refused)
{
    static const struct {
        const char *wire, *words;
    } rows[] = {
        { "0a", "truncated" },
        { "0a05616263", "truncated" },
        { "00", "bad tag" },
        { "0f", "malformed" },
        { "0c", "malformed" },
        { "ffffffffffff7f", "bad tag" },
        { "0a02ff7f", "UTF-8" },
        { "0a01c3", "UTF-8" },
        { "0a03eda080", "UTF-8" },
        { "a306", "malformed" },
        { "a3060801", "malformed" },
        { "a306ac06", "malformed" },
        { "1affffffffffffffffff01", "truncated" },
    };

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tf_NodeDef m = { 0 };
        assert_fails(message_decode(&type_NodeDef, unhex(&a, rows[i].wire), &a, &m, err), SM_DATA_LOSS, rows[i].words);
    }
    arena_clear(&a);
}

/* A type inside a list inside a type ...: as deep as `depth`. */
static slice nested(size_t depth)
{
    slice inner = { NULL, 0 };

    for (size_t i = 0; i < depth; i++) {
        char *p = arena_alloc(&a, inner.len + 8);
        char *q = put_varint(p + 1, inner.len);
        p[0] = 0x12; /* FullTypeDef.args */
        if (inner.len) memcpy(q, inner.ptr, inner.len);
        inner = slice_make(p, (size_t)(q - p) + inner.len);
    }
    return inner;
}

TEST(nesting_is_limited)
{
    tf_FullTypeDef *deep;
    slice           wire;

    arena_init(&a, 0);
    deep = ARENA_NEW(&a, tf_FullTypeDef);
    assert_ok(message_decode(&type_FullTypeDef, nested(MESSAGE_MAX_DEPTH - 1), &a, deep, err));
    deep = ARENA_NEW(&a, tf_FullTypeDef);
    assert_fails(message_decode(&type_FullTypeDef, nested(MESSAGE_MAX_DEPTH), &a, deep, err), SM_DATA_LOSS, "deep");
    deep->args = deep; /* a cycle made by hand */
    deep->args_count = 1;
    assert_fails(message_encode(&type_FullTypeDef, deep, &a, &wire, err), SM_INVALID_ARGUMENT, "deep");
    arena_clear(&a);
}

TEST(a_spent_arena_is_an_error)
{
    slice wire;
    str   many;

    arena_init(&a, 0);
    str_init(&many);
    for (int i = 0; i < 100000; i++)
        str_add(&many, slice_make("\x0a\x00", 2)); /* GraphDef.node, empty: 2 bytes become a struct */
    wire = str_slice(&many);
    for (size_t budget = 1000; budget < 1000000; budget *= 10) {
        arena       small;
        tf_GraphDef g = { 0 };
        arena_init(&small, budget);
        assert_fails(message_decode(&type_GraphDef, wire, &small, &g, err), SM_RESOURCE_EXHAUSTED, "out of memory");
        arena_clear(&small);
    }
    str_clear(&many);
    arena_clear(&a);
}

/* Every prefix of a message, and every byte of it changed: an answer, whatever it is. */
TEST(mutations_do_no_harm)
{
    slice wire;

    arena_init(&a, 0);
    wire = unhex(&a, "0801 1229 0a0e 220173 2a03 312e31 4206 0a0161 120162 "
                     "1217 0a12 0a0178 120143 2a0a 0a0176 1205 4203 080142 2201 08");
    for (size_t i = 0; i < wire.len; i++) {
        for (int flip = 0; flip < 256; flip++) {
            tf_SavedModel m = { 0 };
            slice         copy = arena_copy(&a, wire), out;
            ((char *)(uintptr_t)copy.ptr)[i] ^= (char)flip;
            if (!flip) copy = slice_head(copy, i);
            if (message_decode(&type_SavedModel, copy, &a, &m, NULL) == SM_OK)
                assert_ok(message_encode(&type_SavedModel, &m, &a, &out, err));
        }
        arena_reset(&a);
        wire = unhex(&a, "0801 1229 0a0e 220173 2a03 312e31 4206 0a0161 120162 "
                         "1217 0a12 0a0178 120143 2a0a 0a0176 1205 4203 080142 2201 08");
    }
    arena_clear(&a);
}
