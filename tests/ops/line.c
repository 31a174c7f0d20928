/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/line.c - the parser of .test lines.
 *
 * A line is cut into tokens at spaces outside of brackets and quotes; each token is then a tensor, an attribute, or an
 * outcome. Attributes are read by the kind that the op's signature gives them. */
#include "line.h"

#include <math.h>
#include <stdlib.h>

/* -- Tokens ----------------------------------------------------------------------------------------------------------- */

static slice next_token(slice *rest)
{
    while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t')) *rest = slice_tail(*rest, 1);
    int    depth = 0;
    bool   quoted = false;
    size_t n = 0;
    for (; n < rest->len; n++) {
        char ch = rest->ptr[n];
        if (quoted && ch == '\\')
            n++;
        else if (ch == '"')
            quoted = !quoted;
        else if (!quoted && strchr("{[(", ch))
            depth++;
        else if (!quoted && strchr("}])", ch))
            depth--;
        else if (!quoted && depth == 0 && (ch == ' ' || ch == '\t'))
            break;
    }
    slice token = slice_head(*rest, n);
    *rest = slice_tail(*rest, n);
    return token;
}

static slice trimmed(slice s)
{
    while (s.len && strchr(" \t,", s.ptr[0])) s = slice_tail(s, 1);
    while (s.len && strchr(" \t\r,", s.ptr[s.len - 1])) s.len--;
    return s;
}

/* The next element of a list: up to a space or comma outside of quotes and brackets. */
static slice next_element(slice *rest)
{
    *rest = trimmed(*rest);
    int    depth = 0;
    bool   quoted = false;
    size_t n = 0;
    for (; n < rest->len; n++) {
        char ch = rest->ptr[n];
        if (quoted && ch == '\\')
            n++;
        else if (ch == '"')
            quoted = !quoted;
        else if (!quoted && strchr("{[(", ch))
            depth++;
        else if (!quoted && strchr("}])", ch))
            depth--;
        else if (!quoted && depth == 0 && (ch == ' ' || ch == ','))
            break;
    }
    slice e = slice_head(*rest, n);
    *rest = slice_tail(*rest, n);
    return e;
}

static const struct {
    const char *name;
    sm_dtype    type;
} type_names[] = {
    { "f16", SM_HALF },  { "bf16", SM_BFLOAT16 }, { "f32", SM_FLOAT },     { "f64", SM_DOUBLE },
    { "i8", SM_INT8 },   { "i16", SM_INT16 },     { "i32", SM_INT32 },     { "i64", SM_INT64 },
    { "u8", SM_UINT8 },  { "u16", SM_UINT16 },    { "u32", SM_UINT32 },    { "u64", SM_UINT64 },
    { "bool", SM_BOOL }, { "str", SM_STRING },    { "c64", SM_COMPLEX64 }, { "c128", SM_COMPLEX128 },
};

static sm_dtype type_of(slice name)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        if (slice_is(name, type_names[i].name)) return type_names[i].type;
    return dtype_parse(name);
}

/* -- Values ----------------------------------------------------------------------------------------------------------- */

uint64_t line_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double unit(uint64_t *state)
{
    return (double)(line_random(state) >> 11) * 0x1p-53;
}

typedef struct generator {
    enum { UNIFORM, NORMAL, INTEGER } kind;
    uint64_t state;
    double   low, high, spare;
    bool     has_spare;
} generator;

/* Box-Muller: both numbers of a pair are used, the cosine first. */
static double draw(generator *g)
{
    if (g->kind == UNIFORM) return g->low + (g->high - g->low) * unit(&g->state);
    if (g->kind == INTEGER) return g->low + (double)(line_random(&g->state) % (uint64_t)(g->high - g->low));
    if (g->has_spare) {
        g->has_spare = false;
        return g->spare;
    }
    double u = 1 - unit(&g->state), v = unit(&g->state), r = sqrt(-2 * log(u));
    g->spare = r * sin(6.283185307179586 * v);
    g->has_spare = true;
    return r * cos(6.283185307179586 * v);
}

static void put_real(tensor *t, size_t i, double x, double imaginary, int64_t integer)
{
    switch (t->dtype) {
    case SM_HALF: ((uint16_t *)t->data)[i] = double_to_half(x); break;
    case SM_BFLOAT16: ((uint16_t *)t->data)[i] = double_to_bfloat16(x); break;
    case SM_FLOAT: ((float *)t->data)[i] = (float)x; break;
    case SM_DOUBLE: ((double *)t->data)[i] = x; break;
    case SM_COMPLEX64: ((float *)t->data)[2 * i] = (float)x, ((float *)t->data)[2 * i + 1] = (float)imaginary; break;
    case SM_COMPLEX128: ((double *)t->data)[2 * i] = x, ((double *)t->data)[2 * i + 1] = imaginary; break;
    default: memcpy((char *)t->data + i * dtype_size(t->dtype), &integer, dtype_size(t->dtype));
    }
}

static bool parse_string(slice text, arena *a, slice *out)
{
    if (text.len < 2 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"') return false;
    char  *bytes = arena_alloc(a, text.len);
    size_t n = 0;
    for (size_t i = 1; bytes && i + 1 < text.len; i++) {
        char ch = text.ptr[i];
        if (ch == '\\' && i + 2 < text.len) {
            ch = text.ptr[++i];
            if (ch == 'x' && i + 3 < text.len) {
                char hex[3] = { text.ptr[i + 1], text.ptr[i + 2], 0 };
                ch = (char)strtol(hex, NULL, 16);
                i += 2;
            } else {
                ch = ch == 'n' ? '\n' : ch == 't' ? '\t' : ch == 'r' ? '\r' : ch;
            }
        }
        bytes[n++] = ch;
    }
    *out = slice_make(bytes, n);
    return bytes != NULL;
}

static bool parse_number(slice e, tensor *t, size_t i)
{
    char text[80], *end;
    if (e.len == 0 || e.len >= sizeof text) return false;
    memcpy(text, e.ptr, e.len);
    text[e.len] = 0;
    if (t->dtype == SM_BOOL) {
        bool yes = slice_is(e, "true") || slice_is(e, "1");
        put_real(t, i, 0, 0, yes);
        return yes || slice_is(e, "false") || slice_is(e, "0");
    }
    if (dtype_is(t->dtype, DTYPE_INTEGRAL | DTYPE_QUANTISED)) {
        uint64_t x = text[0] == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
        put_real(t, i, 0, 0, (int64_t)x);
        return *end == 0;
    }
    double re = strtod(text, &end), im = 0;
    if (*end == 'j') {
        im = re;
        re = 0;
        end++;
    } else if (*end == '+' || *end == '-') {
        im = strtod(end, &end);
        if (*end++ != 'j') return false;
    }
    put_real(t, i, re, im, 0);
    return *end == 0 && end != text;
}

static sm_status parse_elements(line *l, slice list, tensor *t, sm_error *err)
{
    size_t n = tensor_count(t);
    for (size_t i = 0; i < n; i++) {
        slice e = next_element(&list), text;
        if (t->dtype == SM_STRING) {
            if (!parse_string(e, &l->arena, &text) || !tstring_set((tstring *)t->data + i, text))
                return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no string", SLICE_ARG(e));
        } else if (!parse_number(e, t, i)) {
            return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no %s (element %zu of %zu)", SLICE_ARG(e),
                        dtype_short_name(t->dtype), i, n);
        }
    }
    if (trimmed(list).len) return FAIL(err, SM_INVALID_ARGUMENT, "more than %zu elements", n);
    return SM_OK;
}

/* "normal(7)", "uniform(7,-1,1)", "int(7,0,10)" */
static sm_status parse_random(slice text, tensor *t, sm_error *err)
{
    generator g = { .low = 0, .high = 1 };
    ptrdiff_t open = slice_find(text, '(');
    double    numbers[3] = { 0, 0, 1 };
    if (open < 0) return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no generator", SLICE_ARG(text));
    slice name = slice_head(text, (size_t)open), rest = slice_tail(text, (size_t)open + 1);
    if (rest.len) rest.len--;
    for (int i = 0; i < 3 && trimmed(rest).len; i++) numbers[i] = strtod(next_element(&rest).ptr, NULL);
    if (slice_is(name, "normal"))
        g.kind = NORMAL;
    else if (slice_is(name, "uniform"))
        g.kind = UNIFORM;
    else if (slice_is(name, "int"))
        g.kind = INTEGER;
    else
        return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no generator", SLICE_ARG(name));
    g.state = (uint64_t)numbers[0];
    g.low = numbers[1];
    g.high = numbers[2];
    for (size_t i = 0; i < tensor_count(t); i++) {
        double x = draw(&g), y = dtype_is(t->dtype, DTYPE_COMPLEX) ? draw(&g) : 0;
        put_real(t, i, x, y, (int64_t)x);
    }
    return SM_OK;
}

static sm_status parse_shape(slice text, shape *out, sm_error *err)
{
    *out = shape_scalar();
    if (slice_is(text, "?")) {
        *out = shape_unknown();
        return SM_OK;
    }
    if (text.len < 2) return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no shape", SLICE_ARG(text));
    text = slice_head(slice_tail(text, 1), text.len - 2);
    while (trimmed(text).len) {
        slice   e = next_element(&text);
        int64_t dim = UNKNOWN_DIM;
        if (out->rank == SHAPE_MAX_RANK || (!slice_is(e, "?") && !slice_int(e, &dim)))
            return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no dimension", SLICE_ARG(e));
        out->dims[out->rank++] = dim;
    }
    return SM_OK;
}

/* f32[2,3]{1 2 3 4 5 6} f32[4]~normal(7) i32{5} */
static sm_status parse_tensor(line *l, slice token, tensor **out, sm_error *err)
{
    size_t n = 0;
    shape  s = shape_scalar();
    while (n < token.len && !strchr("[{~", token.ptr[n])) n++;
    sm_dtype t = type_of(slice_head(token, n));
    slice    rest = slice_tail(token, n);
    if (t == SM_INVALID) return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no tensor", SLICE_ARG(token));
    if (rest.len && rest.ptr[0] == '[') {
        ptrdiff_t close = slice_find(rest, ']');
        if (close < 0) return FAIL(err, SM_INVALID_ARGUMENT, "no ']' in '" SLICE_FMT "'", SLICE_ARG(token));
        TRY(parse_shape(slice_head(rest, (size_t)close + 1), &s, err));
        rest = slice_tail(rest, (size_t)close + 1);
    }
    TRY(tensor_new(NULL, t, &s, out, err));
    if (rest.len && rest.ptr[0] == '~') return parse_random(slice_tail(rest, 1), *out, err);
    if (rest.len >= 2 && rest.ptr[0] == '{' && rest.ptr[rest.len - 1] == '}')
        return parse_elements(l, slice_head(slice_tail(rest, 1), rest.len - 2), *out, err);
    return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' has no elements", SLICE_ARG(token));
}

/* -- Attributes --------------------------------------------------------------------------------------------------------- */

static sm_status parse_scalar_attr(line *l, attr *a, slice text, sm_error *err)
{
    char copy[64] = { 0 };
    memcpy(copy, text.ptr, text.len < 63 ? text.len : 63);
    switch (a->kind) {
    case ATTR_INT: a->v.i = strtoll(copy, NULL, 10); return SM_OK;
    case ATTR_BOOL: a->v.i = slice_is(text, "true"); return SM_OK;
    case ATTR_FLOAT: a->v.f = strtof(copy, NULL); return SM_OK;
    case ATTR_TYPE:
        a->v.i = type_of(text);
        return a->v.i ? SM_OK : FAIL(err, SM_INVALID_ARGUMENT, "'%s' is no type", copy);
    case ATTR_STRING:
        return parse_string(text, &l->arena, &a->v.s) ? SM_OK : FAIL(err, SM_INVALID_ARGUMENT, "'%s' is no string", copy);
    case ATTR_SHAPE: {
        shape *s = ARENA_NEW(&l->arena, shape);
        a->v.shape = s;
        return parse_shape(text, s, err);
    }
    case ATTR_TENSOR: {
        tensor **place = &l->attr_tensors[l->attr_count];
        TRY(parse_tensor(l, text, place, err));
        a->v.tensor = *place;
        return SM_OK;
    }
    default: return FAIL(err, SM_UNIMPLEMENTED, "attributes of this kind cannot be written");
    }
}

static sm_status parse_list_attr(line *l, attr *a, slice text, sm_error *err)
{
    int64_t *ints = ARENA_ARRAY(&l->arena, int64_t, LINE_MOST);
    float   *floats = ARENA_ARRAY(&l->arena, float, LINE_MOST);
    slice   *strings = ARENA_ARRAY(&l->arena, slice, LINE_MOST);
    shape   *shapes = ARENA_ARRAY(&l->arena, shape, LINE_MOST);
    if (text.len < 2 || text.ptr[0] != '[')
        return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no list", SLICE_ARG(text));
    text = slice_head(slice_tail(text, 1), text.len - 2);
    for (a->count = 0; trimmed(text).len && a->count < LINE_MOST; a->count++) {
        attr one = { .kind = a->kind };
        TRY(parse_scalar_attr(l, &one, next_element(&text), err));
        if (a->kind == ATTR_FLOAT)
            floats[a->count] = one.v.f;
        else if (a->kind == ATTR_STRING)
            strings[a->count] = one.v.s;
        else if (a->kind == ATTR_SHAPE)
            shapes[a->count] = *one.v.shape;
        else
            ints[a->count] = one.v.i;
    }
    if (a->kind == ATTR_FLOAT)
        a->v.floats = floats;
    else if (a->kind == ATTR_STRING)
        a->v.strings = strings;
    else if (a->kind == ATTR_SHAPE)
        a->v.shapes = shapes;
    else
        a->v.ints = ints;
    return SM_OK;
}

static sm_status parse_attr(line *l, slice name, slice text, sm_error *err)
{
    int i = signature_attr(l->signature, name);
    if (slice_is(name, "tol")) {
        l->tolerance = strtod(text.ptr, NULL);
        return SM_OK;
    }
    if (slice_is(name, "types")) {
        l->one_type = true;
        return slice_is(text, "none") ? SM_OK : FAIL(err, SM_INVALID_ARGUMENT, "types=none is all there is");
    }
    if (slice_is(name, "certified")) /* for bless.py alone */
        return slice_is(text, "no") ? SM_OK : FAIL(err, SM_INVALID_ARGUMENT, "certified=no is all there is");
    if (i < 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s has no attribute '" SLICE_FMT "'", l->op->name, SLICE_ARG(name));
    if (l->attr_count == LINE_MOST) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d attributes", LINE_MOST);
    attr *a = &l->attrs[l->attr_count];
    *a = (attr){ .name = l->signature->attrs[i].name,
                 .kind = l->signature->attrs[i].kind,
                 .is_list = l->signature->attrs[i].is_list,
                 .count = 1 };
    TRY(a->is_list ? parse_list_attr(l, a, text, err) : parse_scalar_attr(l, a, text, err));
    l->attr_count++;
    return SM_OK;
}

/* -- The line ----------------------------------------------------------------------------------------------------------- */

/* Where "name=" ends: 0 when the token is a tensor. */
static size_t attr_name_length(slice token)
{
    for (size_t i = 0; i < token.len; i++) {
        char ch = token.ptr[i];
        if (ch == '=') return i;
        if (!(ch == '_' || (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z'))) return 0;
    }
    return 0;
}

static sm_status parse_input(line *l, slice token, sm_error *err)
{
    if (l->in_count == LINE_MOST) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d inputs", LINE_MOST);
    if (slice_starts(token, "var:")) {
        l->is_variable[l->in_count] = true;
        token = slice_tail(token, 4);
    }
    TRY(parse_tensor(l, token, &l->in[l->in_count], err));
    l->in_count++;
    return SM_OK;
}

static sm_status parse_failure(line *l, slice rest, sm_error *err)
{
    slice name = next_token(&rest), text = next_token(&rest);
    l->fails = true;
    l->pending = slice_is(name, "?");
    if (l->pending) return SM_OK;
    for (int s = 1; s < 17; s++)
        if (slice_is(name, status_name((sm_status)s))) l->status = (sm_status)s;
    if (l->status == SM_OK) return FAIL(err, SM_INVALID_ARGUMENT, "'" SLICE_FMT "' is no status", SLICE_ARG(name));
    return parse_string(text, &l->arena, &l->message) ? SM_OK
                                                      : FAIL(err, SM_INVALID_ARGUMENT, "the message must be quoted");
}

static sm_status parse_outcome(line *l, slice rest, sm_error *err)
{
    while (trimmed(rest).len) {
        slice token = next_token(&rest);
        if (slice_is(token, "?")) {
            l->pending = true;
            return SM_OK;
        }
        if (l->out_count == LINE_MOST) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d outputs", LINE_MOST);
        TRY(parse_tensor(l, token, &l->out[l->out_count], err));
        l->out_count++;
    }
    return SM_OK;
}

sm_status line_parse(slice text, line *l, sm_error *err)
{
    memset(l, 0, sizeof *l);
    l->tolerance = -1;
    arena_init(&l->arena, 0);
    l->text = text = trimmed(text);
    if (text.len == 0 || text.ptr[0] == '#') return SM_OK;
    slice rest = text, name = next_token(&rest);
    l->op = op_find(name);
    if (!l->op) return FAIL(err, SM_NOT_FOUND, "there is no op '" SLICE_FMT "'", SLICE_ARG(name));
    TRY(signature_parse(&l->arena, l->op->name, l->op->signature, &l->signature, err));
    while (trimmed(rest).len) {
        slice  token = next_token(&rest);
        size_t n = attr_name_length(token);
        if (slice_is(token, "->")) return parse_outcome(l, rest, err);
        if (slice_is(token, "!")) return parse_failure(l, trimmed(rest), err);
        if (n)
            TRY(parse_attr(l, slice_head(token, n), slice_tail(token, n + 1), err));
        else
            TRY(parse_input(l, token, err));
    }
    return FAIL(err, SM_INVALID_ARGUMENT, "the line has no '->' and no '!'");
}

void line_clear(line *l)
{
    for (size_t i = 0; i < LINE_MOST; i++) {
        tensor_unref(l->in[i]);
        tensor_unref(l->out[i]);
        tensor_unref(l->attr_tensors[i]);
    }
    arena_clear(&l->arena);
}
