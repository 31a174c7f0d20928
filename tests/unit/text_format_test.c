/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf's text format: what is understood, what is refused where, and that printing gives
 * Python's text. */
#include "format/message.h"
#include "hex.h"

static arena a;

/* Parses text as a NodeDef and prints it again. */
static void check_node(const char *text, const char *printed)
{
    tf_NodeDef m = { 0 };
    str        out;

    arena_init(&a, 0);
    str_init(&out);
    assert_ok(message_parse_text(&type_NodeDef, slice_of(text), &a, &m, err));
    message_print(&type_NodeDef, &m, &out);
    assert_string_equal(str_text(&out), printed);
    str_clear(&out);
    arena_clear(&a);
}

TEST(forms_of_the_same_message)
{
    static const char *const attr = "attr {\n  key: \"T\"\n  value {\n    type: DT_FLOAT\n  }\n}\n";

    check_node("", "");
    check_node("name: 'a' op: \"Add\"", "name: \"a\"\nop: \"Add\"\n");
    check_node("name:\"a\",op:'Add';", "name: \"a\"\nop: \"Add\"\n");
    check_node("attr { key: 'T' value { type: DT_FLOAT } }", attr);
    check_node("attr < key: 'T' value: < type: 1 > >", attr);
    check_node("attr: [{key: 'T', value {type: DT_FLOAT}}]", attr);
    check_node("# a comment\nattr{value{type:DT_FLOAT}key:'T'}# the end", attr);
    check_node("input: ['a', \"b\"] input: 'c'", "input: \"a\"\ninput: \"b\"\ninput: \"c\"\n");
    check_node("input: []", "");
    check_node("attr{key:'b'} attr{key:'a'} attr{key:'b' value{i:1}}",
               "attr {\n  key: \"a\"\n  value {\n  }\n}\nattr {\n  key: \"b\"\n  value {\n    i: "
               "1\n  }\n}\n");
}

TEST(strings)
{
    check_node("name: 'a' \"b\"\n'c'", "name: \"abc\"\n");
    check_node("name: 'h\\u00e9\\U0001f600\\ud83d\\ude00'", "name: \"h\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"\n");
    check_node("name: '\\x41\\102\\1033\\?\\\"'", "name: \"ABC3?\\\"\"\n");
    check_node("attr{value{s: '\\377\\000\\001\\n\\r\\t\\'\\\\'}}",
               "attr {\n  value {\n    s: \"\\377\\000\\001\\n\\r\\t\\'\\\\\"\n  }\n}\n");
    check_node("attr{value{s: '\xff\x7f'}}", "attr {\n  value {\n    s: \"\\377\\177\"\n  }\n}\n");
}

static void check_float(const char *text, const char *printed)
{
    char in[128], want[128];

    (void)snprintf(in, sizeof in, "attr{value{f: %s}}", text);
    (void)snprintf(want, sizeof want, "attr {\n  value {\n    f: %s\n  }\n}\n", printed);
    check_node(in, want);
}

TEST(floats_print_as_python_prints_them)
{
    static const char *const rows[][2] = {
        { "1", "1.0" },
        { "0.1", "0.1" },
        { "-2.5f", "-2.5" },
        { "1e10", "10000000000.0" },
        { "1e15", "1000000000000000.0" },
        { "1e16", "1e+16" },
        { "1.5e-5", "1.5e-05" },
        { "0.0001", "0.0001" },
        { "16777216", "16777216.0" },
        { "3.4028235e38", "3.4028235e+38" },
        { "1e-45", "1.4013e-45" },
        { "inf", "inf" },
        { "-Infinity", "-inf" },
        { "nan", "nan" },
        { "0.333333343", "0.33333334" },
        { "-0.0", "-0.0" },
        { "1e39", "inf" },
        { ".5", "0.5" },
        { "123456.789", "123456.79" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check_float(rows[i][0], rows[i][1]);
}

TEST(numbers)
{
    check_node("attr{value{i: -0x10}}", "attr {\n  value {\n    i: -16\n  }\n}\n");
    check_node("attr{value{i: 010}}", "attr {\n  value {\n    i: 8\n  }\n}\n");
    check_node("attr{value{i: -9223372036854775808}}", "attr {\n  value {\n    i: -9223372036854775808\n  }\n}\n");
    check_node("attr{value{b: t}}", "attr {\n  value {\n    b: true\n  }\n}\n");
    check_node("attr{value{b: 0}}", "attr {\n  value {\n    b: false\n  }\n}\n");
    check_node("attr{value{type: -7}}", "attr {\n  value {\n    type: -7\n  }\n}\n");
    check_node("attr{value{list{i: [1, -2] f: [] b: [true]}}}",
               "attr {\n  value {\n    list {\n      i: 1\n      i: -2\n      b: true\n    }\n  }\n}\n");
}

TEST(what_is_refused_and_where)
{
    static const char *const rows[][2] = {
        { "nmae: 'a'", "1:1: no field named nmae" },
        { "name: 'a'\n  name: 'b'", "2:8: field given twice: name" },
        { "name: 'a", "1:7: string is not closed" },
        { "name: 'a\n'", "string is not closed" },
        { "name: 'a\\", "string is not closed" },
        { "name: '\\q'", "1:8: bad escape" },
        { "name: '\\400'", "bad escape" },
        { "name: '\\ud800'", "bad escape" },
        { "name: '\\377'", "UTF-8" },
        { "name 'a'", "expected : after name" },
        { "name: 5", "expected a string" },
        { "attr {", "ends inside a message" },
        { "attr { key: 'a' >", "expected the name of a field" },
        { "attr: 5", "expected { or <" },
        { "attr{value{i: 9223372036854775808}}", "integer that fits" },
        { "attr{value{i: 1.5}}", "integer that fits" },
        { "attr{value{i: 08}}", "integer that fits" },
        { "attr{value{f: 0x10}}", "expected a number" },
        { "attr{value{f: 1e}}", "expected a number" },
        { "attr{value{b: yes}}", "true or false" },
        { "attr{value{type: DT_NONE}}", "unknown enumeration value DT_NONE" },
        { "attr{value{i: 1 f: 2}}", "another member of the same oneof" },
        { "[tensorflow.x]: 1", "no extensions" },
        { "}", "expected the name of a field" },
        { "input: ['a'", "expected , or ]" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tf_NodeDef m = { 0 };
        arena_init(&a, 0);
        assert_fails(message_parse_text(&type_NodeDef, slice_of(rows[i][0]), &a, &m, err), SM_DATA_LOSS, rows[i][1]);
        arena_clear(&a);
    }
}

TEST(an_any_is_spelled_out)
{
    static const char *const spelled = "any_info {\n  [type.googleapis.com/tensorflow.OpList] {\n  "
                                       "  op {\n      name: \"Add\"\n    }\n  }\n}\n";
    static const char *const raw = "any_info {\n  type_url: \"x/unknown.Type\"\n  value: \"\\001\"\n}\n";
    const char *const        texts[] = { spelled, raw };

    for (int i = 0; i < 2; i++) {
        tf_MetaGraphDef_MetaInfoDef m = { 0 };
        str                         out;
        arena_init(&a, 0);
        str_init(&out);
        assert_ok(message_parse_text(&type_MetaGraphDef_MetaInfoDef, slice_of(texts[i]), &a, &m, err));
        if (!i) {
            slice want = unhex(&a, "0a050a03416464");
            assert_true(slice_is(m.any_info->type_url, "type.googleapis.com/tensorflow.OpList"));
            assert_true(slice_eq(m.any_info->value, want));
        }
        message_print(&type_MetaGraphDef_MetaInfoDef, &m, &out);
        assert_string_equal(str_text(&out), texts[i]);
        str_clear(&out);
        arena_clear(&a);
    }
}

TEST(nesting_is_limited)
{
    str            text;
    tf_FullTypeDef m = { 0 };

    arena_init(&a, 0);
    str_init(&text);
    for (int i = 0; i < 100000; i++) str_addz(&text, "args{");
    assert_fails(message_parse_text(&type_FullTypeDef, str_slice(&text), &a, &m, err), SM_DATA_LOSS, "nested");
    str_clear(&text);
    arena_clear(&a);
}
