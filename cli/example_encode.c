/* SPDX-License-Identifier: Apache-2.0 */
/* example_encode.c - Python values to serialised tf.Example messages.
 *
 *   Example  { Features features = 1 }           Features { map<string, Feature> feature = 1 }
 *   Feature  { BytesList 1 | FloatList 2 | Int64List 3 }, each { repeated value = 1 }, numbers packed
 *
 * The first value of a feature decides the kind of its list, as in TensorFlow. */
#include "example_encode.h"

#include <string.h>

static void put_varint(textbuf *b, uint64_t v)
{
    for (; v > 127; v >>= 7) textbuf_char(b, (char)((v & 127) | 128));
    textbuf_char(b, (char)v);
}

static void put_field(textbuf *b, int number, const textbuf *message)
{
    put_varint(b, (uint64_t)(number << 3 | 2));
    put_varint(b, message->length);
    textbuf_add(b, textbuf_string(message), message->length);
}

static sm_status bad_value(const py *v, const char *wanted, sm_error *err)
{
    return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "%s has type %s, but expected one of: %s", py_repr_text(v),
                   py_type_name(v), wanted);
}

/* -- The three lists; each appends the body of its message ------------------------------------------- */

static sm_status put_bytes_list(textbuf *b, const py *list, sm_error *err)
{
    py_kind kind = list->items[0]->kind;
    for (size_t i = 0; i < list->length; i++) {
        const py *v = list->items[i];
        textbuf   value = { 0 };
        if (v->kind != kind) return bad_value(v, kind == PY_STR ? "str" : "bytes", err);
        textbuf_add(&value, v->bytes, v->length);
        put_field(b, 1, &value);
        textbuf_clear(&value);
    }
    return SM_OK;
}

static sm_status put_float_list(textbuf *b, const py *list, sm_error *err)
{
    textbuf packed = { 0 };
    for (size_t i = 0; i < list->length; i++) {
        const py *v = list->items[i];
        if (!py_is_number(v) || v->kind == PY_COMPLEX) {
            textbuf_clear(&packed);
            return bad_value(v, "int, float", err);
        }
        float    f = (float)py_double(v);
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        for (int k = 0; k < 4; k++) textbuf_char(&packed, (char)(bits >> 8 * k & 255));
    }
    put_field(b, 1, &packed);
    textbuf_clear(&packed);
    return SM_OK;
}

static sm_status put_int_list(textbuf *b, const py *list, sm_error *err)
{
    textbuf packed = { 0 };
    for (size_t i = 0; i < list->length; i++) {
        int64_t v;
        if (list->items[i]->kind == PY_ARRAY || !py_int64(list->items[i], &v)) {
            int whole = list->items[i]->kind == PY_INT;
            textbuf_clear(&packed);
            if (whole)
                return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "Value out of range: %s",
                               py_repr_text(list->items[i]));
            return bad_value(list->items[i], "int", err);
        }
        put_varint(&packed, (uint64_t)v);
    }
    put_field(b, 1, &packed);
    textbuf_clear(&packed);
    return SM_OK;
}

/* -- Messages ------------------------------------------------------------------------------------------ */

static sm_status put_feature(textbuf *features, const py *name, const py *list, sm_error *err)
{
    textbuf   body = { 0 }, feature = { 0 }, entry = { 0 }, key = { 0 };
    sm_status s;
    int       field;
    if (name->kind != PY_STR) return bad_value(name, "str", err);
    if (list->kind != PY_LIST) {
        textbuf shown = { 0 };
        py_str(&shown, list);
        s = py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "feature value must be a list, but %s: \"%s\" is <class '%s'>",
                    name->bytes, textbuf_string(&shown), py_type_name(list));
        textbuf_clear(&shown);
        return s;
    }
    if (list->length == 0)
        return py_fail(err, SM_INVALID_ARGUMENT, "IndexError",
                       "list index out of range: the list of feature %s is empty", name->bytes);
    switch (list->items[0]->kind) {
    case PY_FLOAT:
        field = 2;
        s = put_float_list(&body, list, err);
        break;
    case PY_STR:
    case PY_BYTES:
        field = 1;
        s = put_bytes_list(&body, list, err);
        break;
    case PY_INT:
    case PY_BOOL:
        field = 3;
        s = put_int_list(&body, list, err);
        break;
    default:
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError",
                       "Type <class '%s'> for value %s is not supported for tf.train.Feature.",
                       py_type_name(list->items[0]), py_repr_text(list->items[0]));
    }
    textbuf_add(&key, name->bytes, name->length);
    put_field(&feature, field, &body);
    put_field(&entry, 1, &key);
    put_field(&entry, 2, &feature);
    put_field(features, 1, &entry);
    textbuf_clear(&key);
    textbuf_clear(&body);
    textbuf_clear(&feature);
    textbuf_clear(&entry);
    return s;
}

static sm_status encode_one(const py *dict, const py **out, sm_error *err)
{
    textbuf   features = { 0 }, example = { 0 };
    sm_status s = SM_OK;
    if (dict->kind != PY_DICT)
        return py_fail(err, SM_INVALID_ARGUMENT, "AttributeError", "'%s' object has no attribute 'items'",
                       py_type_name(dict));
    for (size_t i = 0; i < dict->length && s == SM_OK; i += 2)
        s = put_feature(&features, dict->items[i], dict->items[i + 1], err);
    if (features.length) put_field(&example, 1, &features);
    if (s == SM_OK) *out = py_string(PY_BYTES, textbuf_string(&example), example.length);
    textbuf_clear(&features);
    textbuf_clear(&example);
    return s;
}

sm_status example_encode(const py *list, const py **out, sm_error *err)
{
    const py **items;
    sm_status  s = SM_OK;
    if (list->kind != PY_LIST)
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError",
                       "tf.Example input must be a list of dictionaries, but \"%s\" is <class '%s'>",
                       py_repr_text(list), py_type_name(list));
    items = keep_array(list->length + 1, sizeof *items);
    for (size_t i = 0; i < list->length && s == SM_OK; i++) s = encode_one(list->items[i], &items[i], err);
    if (s == SM_OK) *out = py_sequence(PY_LIST, items, list->length);
    return s;
}
