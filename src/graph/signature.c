/* SPDX-License-Identifier: Apache-2.0 */
/* graph/signature.c - a recursive descent over signature text, one function per rule of the
 * grammar in the header.
 *
 * Arguments name attributes that come later in the text, so their types are kept as words first
 * and resolved when the attributes are known. An attribute's name wins over a dtype's. The words
 * of kinds ("float", "bool", "string") are dtypes too: alone they are the kind, joined by "+" or
 * in braces they are types. */
#include "graph/signature.h"

#include <stdlib.h>

typedef struct reader {
    arena      *a;
    const char *op;
    const char *start;
    slice       rest;
    const char *problem; /* what is wrong; the first one stays */
    const char *where;
    int         depth; /* of list( */
} reader;

/* An argument whose type is still words: "number*type". */
typedef struct raw_arg {
    slice name, number, type;
    bool  is_ref;
} raw_arg;

/* -- Words ------------------------------------------------------------------------------------- */

static bool sig_problem(reader *r, const char *what)
{
    if (!r->problem) {
        r->problem = what;
        r->where = r->rest.ptr;
    }
    return false;
}

/* The same for a word that was read already. */
static bool bad_word(reader *r, slice w, const char *what)
{
    r->rest.len += (size_t)(r->rest.ptr - w.ptr);
    r->rest.ptr = w.ptr;
    return sig_problem(r, what);
}

static void skip_spaces(reader *r)
{
    while (r->rest.len && (*r->rest.ptr == ' ' || *r->rest.ptr == '\n')) r->rest = slice_tail(r->rest, 1);
}

static bool peek(const reader *r, const char *text)
{
    return slice_starts(r->rest, text);
}

static bool accept(reader *r, const char *text)
{
    skip_spaces(r);
    if (!peek(r, text)) return false;
    r->rest = slice_tail(r->rest, strlen(text));
    return true;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static slice word(reader *r)
{
    size_t n = 0;
    slice  w;

    skip_spaces(r);
    while (n < r->rest.len && is_word_char(r->rest.ptr[n])) n++;
    w = slice_head(r->rest, n);
    r->rest = slice_tail(r->rest, n);
    return w;
}

/* The characters of a number: up to a separator. */
static slice number_text(reader *r)
{
    size_t n = 0;
    slice  w;

    skip_spaces(r);
    while (n < r->rest.len && (is_word_char(r->rest.ptr[n]) || strchr("+-.", r->rest.ptr[n]))) n++;
    w = slice_head(r->rest, n);
    r->rest = slice_tail(r->rest, n);
    return w;
}

static bool read_int(reader *r, int64_t *value)
{
    slice t = number_text(r);

    return slice_int(t, value) || bad_word(r, t, "an integer is missing");
}

static bool read_float(reader *r, float *value)
{
    slice t = number_text(r);
    char  text[64], *end;

    if (!t.len || t.len >= sizeof text) return bad_word(r, t, "a number is missing");
    memcpy(text, t.ptr, t.len);
    text[t.len] = 0;
    *value = strtof(text, &end);
    return *end == 0 || bad_word(r, t, "a number is missing");
}

/* "text", where a backslash takes the next character as it is (\n: a newline). Without any it
 * stays where it is. */
static bool read_string(reader *r, slice *value)
{
    char  *text;
    size_t n = 0, end = 0;

    if (!accept(r, "\"")) return sig_problem(r, "a string is missing");
    while (end < r->rest.len && r->rest.ptr[end] != '"') end += r->rest.ptr[end] == '\\' ? 2 : 1;
    if (end >= r->rest.len) return sig_problem(r, "a string does not end");
    *value = slice_head(r->rest, end);
    r->rest = slice_tail(r->rest, end + 1);
    if (slice_find(*value, '\\') < 0) return true;
    text = arena_alloc(r->a, end);
    if (!text) return sig_problem(r, "out of memory");
    for (size_t i = 0; i < end; i++) {
        char c = value->ptr[i];
        if (c == '\\') c = value->ptr[++i] == 'n' ? '\n' : value->ptr[i];
        text[n++] = c;
    }
    *value = slice_make(text, n);
    return true;
}

/* -- Kinds ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    attr_kind   kind;
} kind_words[] = {
    { "int", ATTR_INT },   { "float", ATTR_FLOAT }, { "bool", ATTR_BOOL },     { "string", ATTR_STRING },
    { "type", ATTR_TYPE }, { "shape", ATTR_SHAPE }, { "tensor", ATTR_TENSOR }, { "func", ATTR_FUNC },
};

/* The types that a word names: a dtype, or a set. 0: neither. `any` is all of them. */
uint64_t signature_types(slice w)
{
    static const struct {
        const char *name;
        unsigned    classes;
    } sets[] = {
        { "numeric", DTYPE_NUMERIC },
        { "real", DTYPE_REAL },
        { "floating", DTYPE_FLOATING },
        { "integral", DTYPE_INTEGRAL },
        { "complex", DTYPE_COMPLEX },
        { "plain", DTYPE_NUMERIC | DTYPE_BOOL | DTYPE_QUANTISED | DTYPE_STORAGE },
        { "any", ~0u },
    };
    sm_dtype t = dtype_parse(w);
    uint64_t bits = 0;

    if (t != SM_INVALID && (int)t < DTYPE_LAST) return UINT64_C(1) << (int)t;
    if (slice_is(w, "index")) return UINT64_C(1) << SM_INT32 | UINT64_C(1) << SM_INT64;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (!slice_is(w, sets[i].name)) continue;
        for (int k = 1; k < DTYPE_LAST; k++)
            if (dtype_is((sm_dtype)k, sets[i].classes)) bits |= UINT64_C(1) << k;
    }
    return bits;
}

/* "{" dtype or string {"," ...} "}" behind its brace. */
static bool read_braces(reader *r, op_attr *o)
{
    slice *strings = NULL;
    size_t capacity = 0;

    do {
        skip_spaces(r);
        if (peek(r, "\"")) {
            slice *s = arena_push(r->a, &strings, &o->allowed_string_count, &capacity, sizeof *s);
            if (!s || !read_string(r, s)) return sig_problem(r, "a string is missing");
            o->allowed_strings = strings;
        } else {
            slice    w = word(r);
            uint64_t bits = signature_types(w);
            if (!bits) return bad_word(r, w, "a type is missing");
            o->allowed_types |= bits;
        }
    } while (accept(r, ","));
    o->kind = o->allowed_strings ? ATTR_STRING : ATTR_TYPE;
    if (o->allowed_strings && o->allowed_types) return sig_problem(r, "types and strings in one set");
    return accept(r, "}") || sig_problem(r, "'}' is missing");
}

static bool read_kind(reader *r, op_attr *o)
{
    reader before;
    slice  w;

    if (accept(r, "{")) return read_braces(r, o);
    if (accept(r, "list(")) {
        if (r->depth++) return sig_problem(r, "a list in a list");
        o->is_list = true;
        return read_kind(r, o) && (accept(r, ")") || sig_problem(r, "')' is missing"));
    }
    before = *r;
    w = word(r);
    skip_spaces(r);
    for (size_t i = 0; i < sizeof kind_words / sizeof *kind_words && !peek(r, "+"); i++) {
        if (!slice_is(w, kind_words[i].name)) continue;
        o->kind = kind_words[i].kind;
        return true;
    }
    o->kind = ATTR_TYPE;
    *r = before;
    do {
        slice    t = word(r);
        uint64_t bits = signature_types(t);
        if (!bits) return bad_word(r, t, "not a kind of attribute");
        o->allowed_types |= bits;
    } while (accept(r, "+"));
    return true;
}

/* -- Defaults ---------------------------------------------------------------------------------- */

/* {2,?} or ? */
static bool read_shape(reader *r, shape *s)
{
    *s = shape_unknown();
    if (accept(r, "?")) return true;
    if (!accept(r, "{")) return sig_problem(r, "a shape is missing");
    s->rank = 0;
    if (accept(r, "}")) return true;
    do {
        if (s->rank == SHAPE_MAX_RANK) return sig_problem(r, "a shape with too many dimensions");
        if (accept(r, "?"))
            s->dims[s->rank++] = UNKNOWN_DIM;
        else if (!read_int(r, &s->dims[s->rank++]))
            return false;
    } while (accept(r, ","));
    return accept(r, "}") || sig_problem(r, "'}' is missing");
}

typedef union attr_item {
    slice   s;
    int64_t i;
    float   f;
    shape   dims;
} attr_item;

static bool read_item(reader *r, attr_kind kind, attr_item *item)
{
    sm_dtype t;
    slice    w;

    switch (kind) {
    case ATTR_INT: return read_int(r, &item->i);
    case ATTR_FLOAT: return read_float(r, &item->f);
    case ATTR_STRING: return read_string(r, &item->s);
    case ATTR_SHAPE: return read_shape(r, &item->dims);
    case ATTR_BOOL:
        item->i = accept(r, "true");
        return item->i || accept(r, "false") || sig_problem(r, "true or false is missing");
    case ATTR_TYPE:
        w = word(r);
        t = dtype_parse(w);
        item->i = (int64_t)t;
        return t != SM_INVALID || bad_word(r, w, "a type is missing");
    case ATTR_NONE:
    case ATTR_TENSOR:
    case ATTR_FUNC: break;
    }
    return sig_problem(r, "a default of this kind cannot be written");
}

/* "[" item {"," item} "]" */
static bool read_list_default(reader *r, attr *to)
{
    static const size_t sizes[] = {
        [ATTR_STRING] = sizeof(slice), [ATTR_INT] = sizeof(int64_t),  [ATTR_FLOAT] = sizeof(float),
        [ATTR_BOOL] = sizeof(int64_t), [ATTR_TYPE] = sizeof(int64_t), [ATTR_SHAPE] = sizeof(shape)
    };
    size_t capacity = 0, size = to->kind < sizeof sizes / sizeof *sizes ? sizes[to->kind] : 0;
    char  *items = NULL;

    to->count = 0;
    if (!accept(r, "[")) return sig_problem(r, "'[' is missing");
    if (accept(r, "]")) return true;
    if (!size) return sig_problem(r, "a default of this kind cannot be written");
    do {
        attr_item item;
        void     *at;
        if (!read_item(r, to->kind, &item)) return false;
        at = arena_push(r->a, &items, &to->count, &capacity, size);
        if (!at) return sig_problem(r, "out of memory");
        memcpy(at, &item, size);
    } while (accept(r, ","));
    to->v.ints = (const int64_t *)(const void *)items; /* the member that is read has the kind's type */
    return accept(r, "]") || sig_problem(r, "']' is missing");
}

static bool read_default(reader *r, op_attr *o)
{
    attr_item item = { .i = 0 };
    attr     *to = &o->fallback;
    shape    *s;

    o->has_default = true;
    *to = (attr){ .name = o->name, .kind = o->kind, .is_list = o->is_list, .count = 1 };
    if (o->is_list) return read_list_default(r, to);
    if (!read_item(r, o->kind, &item)) return false;
    switch (o->kind) {
    case ATTR_STRING: to->v.s = item.s; break;
    case ATTR_FLOAT: to->v.f = item.f; break;
    case ATTR_SHAPE:
        s = ARENA_NEW(r->a, shape);
        if (!s) return sig_problem(r, "out of memory");
        *s = item.dims;
        to->v.shape = s;
        break;
    default: to->v.i = item.i; break;
    }
    return true;
}

/* -- Arguments and attributes ------------------------------------------------------------------ */

/* name ":" ["&"] [number "*"] type */
static bool read_arg(reader *r, raw_arg *to)
{
    to->name = word(r);
    if (!to->name.len) return sig_problem(r, "an argument's name is missing");
    if (!accept(r, ":")) return sig_problem(r, "':' is missing");
    to->is_ref = accept(r, "&");
    to->type = word(r);
    if (accept(r, "*")) {
        to->number = to->type;
        to->type = word(r);
    }
    return to->type.len || sig_problem(r, "an argument's type is missing");
}

static bool read_args(reader *r, raw_arg **args, size_t *count)
{
    size_t capacity = 0;

    for (skip_spaces(r); r->rest.len && !peek(r, "->") && !peek(r, "|"); skip_spaces(r)) {
        raw_arg *to = arena_push(r->a, args, count, &capacity, sizeof *to);
        if (!to) return sig_problem(r, "out of memory");
        if (!read_arg(r, to)) return false;
    }
    return true;
}

/* name ":" kind [">=" int] ["=" default] */
static bool read_attr(reader *r, op_attr *o)
{
    r->depth = 0;
    o->name = word(r);
    if (!o->name.len) return sig_problem(r, "an attribute's name is missing");
    if (!accept(r, ":")) return sig_problem(r, "':' is missing");
    if (!read_kind(r, o)) return false;
    if (accept(r, ">=")) {
        o->has_minimum = true;
        if (!read_int(r, &o->minimum)) return false;
    }
    return !accept(r, "=") || read_default(r, o);
}

static bool read_attrs(reader *r, op_signature *s)
{
    op_attr *attrs = NULL;
    size_t   capacity = 0;

    if (!accept(r, "|")) return true;
    do {
        op_attr *o = arena_push(r->a, &attrs, &s->attr_count, &capacity, sizeof *o);
        if (!o) return sig_problem(r, "out of memory");
        if (!read_attr(r, o)) return false;
        s->attrs = attrs;
        for (size_t i = 0; i + 1 < s->attr_count; i++)
            if (slice_eq(attrs[i].name, o->name)) return sig_problem(r, "an attribute comes twice");
    } while (accept(r, ","));
    return true;
}

int signature_attr(const op_signature *s, slice name)
{
    for (size_t i = 0; i < s->attr_count; i++)
        if (slice_eq(s->attrs[i].name, name)) return (int)i;
    return -1;
}

/* Words to attributes and types. */
static bool resolve_args(reader *r, const op_signature *s, const raw_arg *raw, size_t count, const op_arg **out)
{
    op_arg *args = ARENA_ARRAY(r->a, op_arg, count);

    if (!args) return sig_problem(r, "out of memory");
    for (size_t i = 0; i < count; i++) {
        int type = signature_attr(s, raw[i].type), number = signature_attr(s, raw[i].number);
        args[i] = (op_arg){ raw[i].name, SM_INVALID, -1, number, -1, raw[i].is_ref };
        r->rest = raw[i].type;
        if (raw[i].number.len && (number < 0 || s->attrs[number].kind != ATTR_INT || s->attrs[number].is_list))
            return sig_problem(r, "the number of an argument is no int attribute");
        if (type < 0)
            args[i].dtype = dtype_parse(raw[i].type);
        else if (s->attrs[type].kind != ATTR_TYPE || (s->attrs[type].is_list && raw[i].number.len))
            return sig_problem(r, "the type of an argument is no type attribute");
        else if (s->attrs[type].is_list)
            args[i].list_attr = type;
        else
            args[i].type_attr = type;
        if (type < 0 && args[i].dtype == SM_INVALID) return sig_problem(r, "neither a type nor an attribute");
    }
    *out = args;
    return true;
}

sm_status signature_parse(arena *a, const char *op, const char *text, const op_signature **out, sm_error *err)
{
    op_signature *s = ARENA_NEW(a, op_signature);
    reader        r = { .a = a, .op = op, .start = text, .rest = slice_of(text) };
    raw_arg      *inputs = NULL, *outputs = NULL;
    bool          ok;

    ok = s && read_args(&r, &inputs, &s->input_count) && (accept(&r, "->") || sig_problem(&r, "'->' is missing")) &&
         read_args(&r, &outputs, &s->output_count) && read_attrs(&r, s);
    skip_spaces(&r);
    if (ok && r.rest.len) ok = sig_problem(&r, "',' is missing");
    ok = ok && resolve_args(&r, s, inputs, s->input_count, &s->inputs) &&
         resolve_args(&r, s, outputs, s->output_count, &s->outputs);
    TRY(arena_check(a, "reading a signature", err));
    if (!ok) return FAIL(err, SM_INTERNAL, "%s: signature: %s at '%.60s'", op, r.problem, r.where);
    *out = s;
    return SM_OK;
}
