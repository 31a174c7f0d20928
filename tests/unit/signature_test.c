/* SPDX-License-Identifier: Apache-2.0 */
/* Signature text: TensorFlow's op definitions in it, every kind of default, what is wrong with a text. */
#include "graph/signature.h"
#include "unit.h"

static arena memory_of_test;

static const op_signature *parse(const char *text)
{
    const op_signature *s = NULL;

    arena_clear(&memory_of_test);
    assert_ok(signature_parse(&memory_of_test, "Op", text, &s, err));
    return s;
}

static const op_attr *attr_named(const op_signature *s, const char *name)
{
    int i = signature_attr(s, slice_of(name));

    assert_true(i >= 0);
    return &s->attrs[i];
}

static void assert_default(const char *kind_and_default, const char *printed)
{
    char           text[256];
    str            out;
    const op_attr *o;

    (void)snprintf(text, sizeof text, "-> | a: %s", kind_and_default);
    o = attr_named(parse(text), "a");
    assert_true(o->has_default);
    str_init(&out);
    attr_print(&out, &o->fallback);
    assert_string_equal(str_text(&out), printed);
    str_clear(&out);
}

TEST(plain_op)
{
    const op_signature *s =
        parse("value:T bias:T -> output:T | T: numeric, data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\"");
    const op_attr *format = attr_named(s, "data_format"), *type = attr_named(s, "T");

    assert_int_equal(s->input_count, 2);
    assert_int_equal(s->output_count, 1);
    assert_int_equal(s->attr_count, 2);
    assert_true(slice_is(s->inputs[1].name, "bias"));
    assert_int_equal(s->inputs[1].type_attr, 0);
    assert_int_equal(s->inputs[1].number_attr, -1);
    assert_int_equal(s->inputs[1].list_attr, -1);
    assert_false(s->inputs[1].is_ref);
    assert_int_equal(type->kind, ATTR_TYPE);
    assert_false(type->has_default);
    assert_true(type->allowed_types >> SM_COMPLEX64 & 1);
    assert_false(type->allowed_types >> SM_BOOL & 1);
    assert_int_equal(format->kind, ATTR_STRING);
    assert_int_equal(format->allowed_string_count, 2);
    assert_true(slice_is(format->allowed_strings[1], "NCHW"));
    assert_true(slice_is(format->fallback.v.s, "NHWC"));
    assert_int_equal(signature_attr(s, SLICE("nothing")), -1);
}

TEST(lists_of_inputs)
{
    const op_signature *s = parse("concat_dim:int32 shape:N*int32 -> offset:N*int32 | N: int >= 2");
    const op_attr      *n = attr_named(s, "N");

    assert_int_equal(s->inputs[0].dtype, SM_INT32);
    assert_int_equal(s->inputs[1].dtype, SM_INT32);
    assert_int_equal(s->inputs[1].number_attr, 0);
    assert_true(n->has_minimum);
    assert_int_equal(n->minimum, 2);

    s = parse("cond:Tcond input:Tin -> output:Tout | Tcond: type, Tin: list(type) >= 0, Tout: "
              "list(type) >= 0, "
              "then_branch: func, else_branch: func, output_shapes: list(shape) = []");
    assert_int_equal(s->inputs[0].type_attr, 0);
    assert_int_equal(s->inputs[1].list_attr, 1);
    assert_int_equal(s->inputs[1].type_attr, -1);
    assert_int_equal(s->outputs[0].list_attr, 2);
    assert_true(attr_named(s, "Tin")->is_list);
    assert_int_equal(attr_named(s, "Tin")->minimum, 0);
    assert_int_equal(attr_named(s, "then_branch")->kind, ATTR_FUNC);
    assert_int_equal(attr_named(s, "output_shapes")->kind, ATTR_SHAPE);

    s = parse("inputs:N*T -> sum:T | N: int >= 1, T: numeric+variant");
    assert_int_equal(s->inputs[0].number_attr, 0);
    assert_int_equal(s->inputs[0].type_attr, 1);
    assert_true(s->attrs[1].allowed_types >> SM_VARIANT & 1);
}

TEST(references_and_names)
{
    const op_signature *s = parse("ref:&T value:T -> output_ref:&T | T: type, use_locking: bool = true");

    assert_true(s->inputs[0].is_ref);
    assert_false(s->inputs[1].is_ref);
    assert_true(s->outputs[0].is_ref);
    s = parse("inputs:&N*T -> output:&T | N: int >= 1, T: type");
    assert_true(s->inputs[0].is_ref);
    assert_int_equal(s->inputs[0].number_attr, 0);
    s = parse("input:T -> output:type | T: plain, type: plain"); /* Bitcast: an attribute called type */
    assert_int_equal(s->outputs[0].type_attr, 1);
    s = parse("-> handle:&string value:float | float: type"); /* an attribute's name wins over a type's */
    assert_int_equal(s->outputs[0].dtype, SM_STRING);
    assert_int_equal(s->outputs[1].type_attr, 0);
    s = parse("->");
    assert_int_equal(s->input_count + s->output_count + s->attr_count, 0);
    s = parse("\n  x:half\n  -> y:bfloat16\n | a: int = 1,\n   b: int = 2 ");
    assert_int_equal(s->inputs[0].dtype, SM_HALF);
    assert_int_equal(s->attrs[1].fallback.v.i, 2);
}

TEST(defaults)
{
    assert_default("int = -3", "-3");
    assert_default("int >= 1 = 9223372036854775807", "9223372036854775807");
    assert_default("int = -9223372036854775808", "-9223372036854775808");
    assert_default("float = 0.0001", "0.0001");
    assert_default("float = 1e-05", "1e-05");
    assert_default("float = -6", "-6");
    assert_default("float = 0.95", "0.95");
    assert_default("bool = true", "true");
    assert_default("bool=false", "false");
    assert_default("string = \"\"", "\"\"");
    assert_default("string = \"a, b | -> {x}\"", "\"a, b | -> {x}\"");
    assert_default("string = \"a\\\"b\\\\\\n\"", "\"a\\\"b\\\\\\012\"");
    assert_default("type = float", "DT_FLOAT");
    assert_default("{int32, int64} = int32", "DT_INT32");
    assert_default("real+bool = bool", "DT_BOOL");
    assert_default("shape = ?", "?");
    assert_default("shape = {}", "{}");
    assert_default("shape = {2,?,3}", "{2,?,3}");
    assert_default("list(int) = [1, 1, 1, 1]", "[1, 1, 1, 1]");
    assert_default("list(int) = []", "[]");
    assert_default("list(float) = [0.75, 1.33]", "[0.75, 1.33]");
    assert_default("list(string) = [\"a\", \"b,c\"]", "[\"a\", \"b,c\"]");
    assert_default("list(type) = [float, int32]", "[DT_FLOAT, DT_INT32]");
    assert_default("list({half, float}) = [half]", "[DT_HALF]");
    assert_default("list(bool) = [true, false]", "[true, false]");
    assert_default("list(shape) = [{}, {1}, ?]", "[{}, {1}, ?]");
    assert_default("list(func) = []", "[]");
    assert_default("list(type) >= 0 = []", "[]");
}

/* The classes of types, by what is in them and what is not. */
TEST(sets)
{
    static const struct {
        const char *set, *in, *out;
    } rows[] = {
        { "numeric", "half bfloat16 float double int8 uint64 complex128", "bool string qint8 resource" },
        { "real", "half float double int8 uint8 int64 uint32", "complex64 bool string" },
        { "floating", "half bfloat16 float double", "int32 complex64" },
        { "integral", "int8 int16 int32 int64 uint8 uint16 uint32 uint64", "float bool qint8" },
        { "complex", "complex64 complex128", "float" },
        { "index", "int32 int64", "int16 uint32" },
        { "plain", "bool float complex64 qint8 float8_e5m2 int4", "string resource variant" },
        { "any", "bool float string resource variant qint32 int4", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t bits = signature_types(slice_of(rows[i].set));
        for (int in = 0; in < 2; in++) {
            char words[128], *save = NULL;
            (void)snprintf(words, sizeof words, "%s", in ? rows[i].in : rows[i].out);
            for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
                if ((bits >> dtype_parse(slice_of(w)) & 1) != (uint64_t)in) fail_msg("%s and %s", rows[i].set, w);
        }
    }
    assert_int_equal(signature_types(SLICE("float")), 1u << SM_FLOAT);
    assert_int_equal(signature_types(SLICE("nothing")), 0);
    assert_int_equal(signature_types(SLICE("")), 0);
    assert_int_equal(signature_types(SLICE("float_ref")), 0);
}

TEST(mistakes)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "", "'->' is missing at ''" },
        { "x:T", "'->' is missing" },
        { "x -> y:T | T: type", "':' is missing at '-> y:T" },
        { ":T -> | T: type", "name is missing" },
        { "x: -> | T: type", "type is missing" },
        { "x:U -> | T: type", "neither a type nor an attribute at 'U ->" },
        { "x:N*float -> | N: float", "no int attribute" },
        { "x:M*float -> ", "no int attribute" },
        { "x:N*Ts -> | N: int, Ts: list(type)", "no type attribute" },
        { "x:N -> | N: int", "no type attribute" },
        { "-> | a: thing", "not a kind of attribute at 'thing'" },
        { "-> | a", "':' is missing" },
        { "-> | a: int b: int", "',' is missing at 'b: int'" },
        { "-> | a: int, a: float", "comes twice" },
        { "-> | a: int,", "name is missing" },
        { "-> | a: int = x", "an integer is missing" },
        { "-> | a: int = 99999999999999999999", "an integer is missing" },
        { "-> | a: float = 1x", "a number is missing" },
        { "-> | a: bool = 1", "true or false" },
        { "-> | a: string = \"x", "does not end" },
        { "-> | a: string = \"x\\", "does not end" },
        { "-> | a: string = x", "a string is missing" },
        { "-> | a: type = x", "a type is missing" },
        { "-> | a: {float, \"x\"}", "types and strings in one set" },
        { "-> | a: {float", "'}' is missing" },
        { "-> | a: {}", "a type is missing" },
        { "-> | a: list(list(int))", "a list in a list" },
        { "-> | a: list(int", "')' is missing" },
        { "-> | a: list(int) = [1", "']' is missing" },
        { "-> | a: list(func) = [f]", "cannot be written" },
        { "-> | a: tensor = 1", "cannot be written" },
        { "-> | a: shape = {1", "'}' is missing" },
        { "-> | a: shape = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}", "too many dimensions" },
        { "-> | a: int >= x", "an integer is missing" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const op_signature *s;
        arena_clear(&memory_of_test);
        assert_fails(signature_parse(&memory_of_test, "Op", rows[i].text, &s, err), SM_INTERNAL, "Op: signature: ");
        assert_fails(signature_parse(&memory_of_test, "Op", rows[i].text, &s, err), SM_INTERNAL, rows[i].words);
    }
    arena_clear(&memory_of_test);
}

TEST(without_memory)
{
    arena               a;
    const op_signature *s;

    arena_init(&a, 64);
    assert_fails(signature_parse(&a, "Op", "x:T -> y:T | T: type", &s, err), SM_RESOURCE_EXHAUSTED, "out of memory");
    arena_clear(&a);
    arena_clear(&memory_of_test);
}
