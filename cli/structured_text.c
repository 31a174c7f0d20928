/* SPDX-License-Identifier: Apache-2.0 */
/* structured_text.c - structured values as Python prints them: TensorSpec(shape=(None, 2), ...). */
#include "structured_text.h"

#include <inttypes.h>
#include <string.h>

#include "decimal_text.h"
#include "python_value.h"

void structured_text_shape(textbuf *b, int rank, const int64_t *dims)
{
    if (rank < 0) {
        textbuf_text(b, "<unknown>");
        return;
    }
    textbuf_char(b, '(');
    for (int i = 0; i < rank; i++) {
        textbuf_text(b, i ? ", " : "");
        if (dims[i] < 0)
            textbuf_text(b, "None");
        else
            textbuf_format(b, "%" PRId64, dims[i]);
    }
    textbuf_text(b, rank == 1 ? ",)" : ")");
}

const char *structured_text_type(const sm_value *v)
{
    switch (sm_value_kind_of(v)) {
    case SM_VALUE_NONE: return "NoneType";
    case SM_VALUE_BOOL: return "bool";
    case SM_VALUE_INT: return "int";
    case SM_VALUE_FLOAT: return "float";
    case SM_VALUE_STRING: return "str";
    case SM_VALUE_SHAPE: return "TensorShape";
    case SM_VALUE_DTYPE: return "DType";
    case SM_VALUE_TENSOR_SPEC: return "TensorSpec";
    case SM_VALUE_TENSOR: return "EagerTensor";
    case SM_VALUE_LIST: return "list";
    case SM_VALUE_TUPLE: return "tuple";
    case SM_VALUE_DICT: return "dict";
    default: return sm_value_text(v) ? sm_value_text(v) : "object";
    }
}

static void repr_text(textbuf *b, const char *text)
{
    const py *s = py_string(PY_STR, text, strlen(text));
    py_repr(b, s);
}

/* Items with names in front (dict, named tuple) or without. */
static void repr_items(textbuf *b, const sm_value *v, const char *open, const char *format, const char *close)
{
    textbuf_text(b, open);
    for (size_t i = 0; i < sm_value_count(v); i++) {
        textbuf_text(b, i ? ", " : "");
        if (format && strcmp(format, "'") == 0) {
            repr_text(b, sm_value_key(v, i) ? sm_value_key(v, i) : "");
            textbuf_text(b, ": ");
        } else if (format) {
            textbuf_format(b, "%s=", sm_value_key(v, i) ? sm_value_key(v, i) : "");
        }
        structured_text_repr(b, sm_value_item(v, i));
    }
    textbuf_text(b, close);
}

static void repr_tensor_spec(textbuf *b, const sm_value *v)
{
    textbuf_text(b, "TensorSpec(shape=");
    structured_text_shape(b, sm_value_rank(v), sm_value_dims(v));
    textbuf_format(b, ", dtype=tf.%s, name=", sm_dtype_name(sm_value_dtype(v)));
    if (sm_value_text(v))
        repr_text(b, sm_value_text(v));
    else
        textbuf_text(b, "None");
    textbuf_char(b, ')');
}

static void repr_shape(textbuf *b, const sm_value *v)
{
    const int64_t *dims = sm_value_dims(v);
    if (sm_value_rank(v) < 0) {
        textbuf_text(b, "TensorShape(None)");
        return;
    }
    textbuf_text(b, "TensorShape([");
    for (int i = 0; i < sm_value_rank(v); i++) {
        textbuf_text(b, i ? ", " : "");
        if (dims[i] < 0)
            textbuf_text(b, "None");
        else
            textbuf_format(b, "%" PRId64, dims[i]);
    }
    textbuf_text(b, "])");
}

/* A TypeSpec prints as its class and the tuple of its state. */
static void repr_type_spec(textbuf *b, const sm_value *v)
{
    const sm_value *state = sm_value_count(v) ? sm_value_item(v, 0) : NULL;
    textbuf_text(b, sm_value_text(v) ? sm_value_text(v) : "TypeSpec");
    if (state)
        structured_text_repr(b, state);
    else
        textbuf_text(b, "()");
}

/* clang-format off */
void structured_text_repr(textbuf *b, const sm_value *v)
{
    if (!v) {
        textbuf_text(b, "None");
        return;
    }
    switch (sm_value_kind_of(v)) {
    case SM_VALUE_NONE: textbuf_text(b, "None"); break;
    case SM_VALUE_BOOL: textbuf_text(b, sm_value_bool(v) ? "True" : "False"); break;
    case SM_VALUE_INT: textbuf_format(b, "%" PRId64, sm_value_int(v)); break;
    case SM_VALUE_FLOAT: decimal_python_repr(b, sm_value_float(v)); break;
    case SM_VALUE_STRING: repr_text(b, sm_value_text(v) ? sm_value_text(v) : ""); break;
    case SM_VALUE_SHAPE: repr_shape(b, v); break;
    case SM_VALUE_DTYPE: textbuf_format(b, "tf.%s", sm_dtype_name(sm_value_dtype(v))); break;
    case SM_VALUE_TENSOR_SPEC: repr_tensor_spec(b, v); break;
    case SM_VALUE_TYPE_SPEC: repr_type_spec(b, v); break;
    case SM_VALUE_TENSOR: textbuf_text(b, "<tf.Tensor>"); break;
    case SM_VALUE_LIST: repr_items(b, v, "[", NULL, "]"); break;
    case SM_VALUE_TUPLE: repr_items(b, v, "(", NULL, sm_value_count(v) == 1 ? ",)" : ")"); break;
    case SM_VALUE_DICT: repr_items(b, v, "{", "'", "}"); break;
    case SM_VALUE_NAMED_TUPLE:
        textbuf_text(b, sm_value_text(v) ? sm_value_text(v) : "");
        repr_items(b, v, "(", "=", ")");
        break;
    }
}
/* clang-format on */

void structured_text_str(textbuf *b, const sm_value *v)
{
    sm_value_kind k = v ? sm_value_kind_of(v) : SM_VALUE_NONE;
    if (k == SM_VALUE_STRING)
        textbuf_text(b, sm_value_text(v) ? sm_value_text(v) : "");
    else if (k == SM_VALUE_DTYPE)
        textbuf_format(b, "<dtype: '%s'>", sm_dtype_name(sm_value_dtype(v)));
    else if (k == SM_VALUE_SHAPE)
        structured_text_shape(b, sm_value_rank(v), sm_value_dims(v));
    else
        structured_text_repr(b, v);
}
