/* SPDX-License-Identifier: Apache-2.0 */
/* graph/attr.c - comparing and printing attributes: both work on one element and loop over lists. */
#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>

/* Element i of a, as an attribute of its own that is no list. */
static attr attr_element(const attr *a, size_t i)
{
    attr e = *a;

    if (!a->is_list) return e;
    e.is_list = false;
    e.count = 1;
    switch (a->kind) {
    case ATTR_STRING: e.v.s = a->v.strings[i]; break;
    case ATTR_INT:
    case ATTR_BOOL:
    case ATTR_TYPE: e.v.i = a->v.ints[i]; break;
    case ATTR_FLOAT: e.v.f = a->v.floats[i]; break;
    case ATTR_SHAPE: e.v.shape = &a->v.shapes[i]; break;
    case ATTR_TENSOR: e.v.tensor = a->v.tensors[i]; break;
    case ATTR_FUNC: e.v.func = &a->v.funcs[i]; break;
    case ATTR_NONE: break;
    }
    return e;
}

/* -- Comparing --------------------------------------------------------------------------------- */

/* Bytes; strings by value. Objects are never in attributes. */
static bool same_tensor(const tensor *a, const tensor *b)
{
    size_t n;

    if (a == b) return true;
    if (!a || !b || a->dtype != b->dtype || !shape_eq(&a->shape, &b->shape)) return false;
    n = tensor_count(a);
    if (a->dtype != SM_STRING) return !tensor_bytes(a) || memcmp(a->data, b->data, tensor_bytes(a)) == 0;
    for (size_t i = 0; i < n; i++)
        if (!slice_eq(tensor_text(a, i), tensor_text(b, i))) return false;
    return true;
}

static bool same_func(const func_ref *a, const func_ref *b)
{
    if (a == b) return true;
    if (!slice_eq(a->name, b->name) || a->attr_count != b->attr_count) return false;
    for (size_t i = 0; i < a->attr_count; i++)
        if (!slice_eq(a->attrs[i].name, b->attrs[i].name) || !attr_eq(&a->attrs[i], &b->attrs[i])) return false;
    return true;
}

static uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static bool same_element(const attr *a, const attr *b)
{
    switch (a->kind) {
    case ATTR_NONE: return true;
    case ATTR_STRING: return slice_eq(a->v.s, b->v.s);
    case ATTR_INT:
    case ATTR_BOOL:
    case ATTR_TYPE: return a->v.i == b->v.i;
    case ATTR_FLOAT: return float_bits(a->v.f) == float_bits(b->v.f); /* so NaN equals itself */
    case ATTR_SHAPE: return shape_eq(a->v.shape, b->v.shape);
    case ATTR_TENSOR: return same_tensor(a->v.tensor, b->v.tensor);
    case ATTR_FUNC: return same_func(a->v.func, b->v.func);
    }
    return false;
}

bool attr_eq(const attr *a, const attr *b)
{
    size_t n = a->is_list ? a->count : 1;

    if (a->is_list != b->is_list) return false;
    if (a->is_list && a->count == 0 && b->count == 0) return true;
    if (a->kind != b->kind || (a->is_list && a->count != b->count)) return false;
    for (size_t i = 0; i < n; i++) {
        attr x = attr_element(a, i), y = attr_element(b, i);
        if (!same_element(&x, &y)) return false;
    }
    return true;
}

/* -- Printing ---------------------------------------------------------------------------------- */

enum { SHOWN_BYTES = 64, SHOWN_ELEMENTS = 8, SHOWN_ITEMS = 32 };

static void print_text(str *out, slice s)
{
    str_addc(out, '"');
    for (size_t i = 0; i < s.len && i < SHOWN_BYTES; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            str_addf(out, "\\%c", c);
        else if (c < 32 || c >= 127)
            str_addf(out, "\\%03o", c);
        else
            str_addc(out, (char)c);
    }
    str_addz(out, s.len > SHOWN_BYTES ? "...\"" : "\"");
}

static void print_float(str *out, float f)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%g", (double)f);
    if (strtof(text, NULL) != f) (void)snprintf(text, sizeof text, "%.9g", (double)f);
    str_addz(out, text);
}

static void print_shape(str *out, const shape *s)
{
    if (s->rank == UNKNOWN_RANK) {
        str_addc(out, '?');
        return;
    }
    str_addc(out, '{');
    for (int i = 0; i < s->rank; i++) {
        if (i) str_addc(out, ',');
        if (s->dims[i] < 0)
            str_addc(out, '?');
        else
            str_addf(out, "%lld", (long long)s->dims[i]);
    }
    str_addc(out, '}');
}

static void print_tensor(str *out, const tensor *t)
{
    if (!t) {
        str_addz(out, "Tensor<>");
        return;
    }
    str_addf(out, "Tensor<type: %s shape: ", dtype_short_name(t->dtype));
    shape_print(out, &t->shape);
    str_addz(out, " values: ");
    tensor_print(out, t, SHOWN_ELEMENTS);
    str_addc(out, '>');
}

static void print_func(str *out, const func_ref *f)
{
    str_add(out, f->name);
    str_addc(out, '(');
    for (size_t i = 0; i < f->attr_count; i++) {
        if (i) str_addz(out, ", ");
        str_add(out, f->attrs[i].name);
        str_addc(out, '=');
        attr_print(out, &f->attrs[i]);
    }
    str_addc(out, ')');
}

static void print_attr_element(str *out, const attr *a)
{
    switch (a->kind) {
    case ATTR_NONE: str_addz(out, "<none>"); break;
    case ATTR_STRING: print_text(out, a->v.s); break;
    case ATTR_INT: str_addf(out, "%lld", (long long)a->v.i); break;
    case ATTR_BOOL: str_addz(out, a->v.i ? "true" : "false"); break;
    case ATTR_TYPE: str_addz(out, dtype_proto_name((sm_dtype)a->v.i)); break;
    case ATTR_FLOAT: print_float(out, a->v.f); break;
    case ATTR_SHAPE: print_shape(out, a->v.shape); break;
    case ATTR_TENSOR: print_tensor(out, a->v.tensor); break;
    case ATTR_FUNC: print_func(out, a->v.func); break;
    }
}

void attr_print(str *out, const attr *a)
{
    if (!a->is_list) {
        print_attr_element(out, a);
        return;
    }
    str_addc(out, '[');
    for (size_t i = 0; i < a->count; i++) {
        attr e = attr_element(a, i);
        if (i) str_addz(out, ", ");
        if (i == SHOWN_ITEMS) {
            str_addz(out, "...");
            break;
        }
        print_attr_element(out, &e);
    }
    str_addc(out, ']');
}

/* -- Making ------------------------------------------------------------------------------------ */

attr attr_of_int(const char *name, int64_t i)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_INT, .count = 1, .v.i = i };
}

attr attr_of_bool(const char *name, bool b)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_BOOL, .count = 1, .v.i = b };
}

attr attr_of_float(const char *name, float f)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_FLOAT, .count = 1, .v.f = f };
}

attr attr_of_type(const char *name, sm_dtype t)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_TYPE, .count = 1, .v.i = (int64_t)t };
}

attr attr_of_string(const char *name, slice s)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_STRING, .count = 1, .v.s = s };
}

attr attr_of_ints(const char *name, const int64_t *items, size_t n)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_INT, .is_list = true, .count = n, .v.ints = items };
}

attr attr_of_strings(const char *name, const slice *items, size_t n)
{
    return (attr){ .name = slice_of(name), .kind = ATTR_STRING, .is_list = true, .count = n, .v.strings = items };
}
