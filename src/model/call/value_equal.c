/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/value_equal.c - Python's == for what is not a tensor: numbers by value whatever their type, nests by their items. */
#include "model/call/value_equal.h"

static bool is_number(const sm_value *v)
{
    return v->kind == SM_VALUE_BOOL || v->kind == SM_VALUE_INT || v->kind == SM_VALUE_FLOAT;
}

/* Exact, as Python compares: no integer is rounded to a double. */
static bool numbers_equal(const sm_value *a, const sm_value *b)
{
    if (a->kind != SM_VALUE_FLOAT && b->kind != SM_VALUE_FLOAT) return a->integer == b->integer;
    if (a->kind == SM_VALUE_FLOAT && b->kind == SM_VALUE_FLOAT) return a->real == b->real;
    double  d = a->kind == SM_VALUE_FLOAT ? a->real : b->real;
    int64_t i = a->kind == SM_VALUE_FLOAT ? b->integer : a->integer;
    return d >= -0x1p63 && d < 0x1p63 && (int64_t)d == i && (double)(int64_t)d == d;
}

static bool items_equal(const sm_value *a, const sm_value *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const sm_value *other = value_is_mapping(a) ? value_find(b, a->keys[i]) : &b->items[i];
        if (!other || !value_equal(&a->items[i], other)) return false;
    }
    return true;
}

static bool is_tuple(const sm_value *v)
{
    return v->kind == SM_VALUE_TUPLE || v->kind == SM_VALUE_NAMED_TUPLE;
}

bool value_equal(const sm_value *a, const sm_value *b)
{
    if (is_number(a) && is_number(b)) return numbers_equal(a, b);
    if (is_tuple(a) && is_tuple(b)) return items_equal(a, b);
    if (value_is_mapping(a) && value_is_mapping(b)) return items_equal(a, b);
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case SM_VALUE_NONE: return true;
    case SM_VALUE_STRING:
    case SM_VALUE_BYTES: return slice_eq(value_text(a), value_text(b));
    case SM_VALUE_SHAPE: return a->shape.rank >= 0 && shape_eq(&a->shape, &b->shape);
    case SM_VALUE_DTYPE: return a->dtype == b->dtype;
    case SM_VALUE_LIST: return items_equal(a, b);
    default: return false;
    }
}
