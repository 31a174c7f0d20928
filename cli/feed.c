/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - Python values to the tensors that a signature's inputs take.
 *
 * TensorFlow checks a Python int before it casts: the cast value must equal it. Only integers and
 * bool can fail that, since numpy compares a float with the int rounded to the float's own type.
 * Everything inside a list is cast without a check (1.7 becomes 1, 2**32 becomes 0). */
#include "feed.h"

#include <string.h>

#include "ndarray.h"
#include "structured_text.h"

static const char *class_text(sm_dtype t)
{
    if (t == SM_STRING) return "<class 'object'>";
    return keep_format("<class '%s.%s'>", t == SM_BFLOAT16 ? "ml_dtypes" : "numpy", sm_dtype_name(t));
}

static int survives(const py *v, sm_dtype t)
{
    char     kind = ndarray_kind(t);
    uint64_t cell_bits[2] = { 0, 0 };
    if (t == SM_STRING) return 0;
    if (kind == 'b') return v->magnitude < 2 && !v->negative && !v->huge;
    if ((kind != 'i' && kind != 'u') || v->huge) return 1;
    cell c = { v->negative ? 'i' : 'u', (int64_t)(v->negative ? 0 - v->magnitude : v->magnitude), 0, 0 };
    ndarray_store(t, cell_bits, 0, c);
    cell back = ndarray_load(t, cell_bits, 0);
    int  back_negative = kind == 'i' && back.i < 0;
    return back_negative == v->negative && back.i == c.i;
}

static sm_status check_integer(const py *v, const sm_param *p, sm_error *err)
{
    if ((v->kind != PY_INT && v->kind != PY_BOOL) || survives(v, p->dtype)) return SM_OK;
    return py_fail(err, SM_INVALID_ARGUMENT, "TypeError",
                   "Type of feed value %s with type <class '%s'> is not compatible with Tensor type %s. Try explicitly "
                   "setting the type of the feed tensor to a larger type (e.g. int64).",
                   py_repr_text(v), py_type_name(v), class_text(p->dtype));
}

static sm_status check_shape(const sm_tensor *t, const sm_param *p, sm_error *err)
{
    textbuf b = { 0 };
    int     fits = p->rank < 0 || p->rank == sm_tensor_rank(t);
    for (int i = 0; fits && i < p->rank; i++) fits = p->dims[i] < 0 || p->dims[i] == sm_tensor_dim(t, i);
    if (fits) return SM_OK;
    structured_text_shape(&b, p->rank, p->dims);
    py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "Cannot feed value of shape %s for Tensor %s, which has shape %s",
            ndarray_shape_text(sm_tensor_rank(t), sm_tensor_dims(t)), p->tensor_name, textbuf_string(&b));
    textbuf_clear(&b);
    return SM_INVALID_ARGUMENT;
}

sm_status feed_tensor(const py *v, const sm_param *p, sm_tensor **out, sm_error *err)
{
    const py *array;
    sm_status s = check_integer(v, p, err);
    if (s == SM_OK) s = ndarray_astype(v, p->dtype, &array, err);
    if (s == SM_OK) s = check_shape(array->tensor, p, err);
    if (s == SM_OK) *out = sm_tensor_ref(array->tensor);
    return s;
}

sm_status feed_missing(const sm_param *p, sm_error *err)
{
    textbuf b = { 0 };
    size_t  n = strcspn(p->tensor_name, ":");
    if (p->rank < 0) textbuf_text(&b, "<unknown>");
    for (int i = 0; i < p->rank; i++) {
        textbuf_text(&b, i ? "," : "[");
        if (p->dims[i] < 0)
            textbuf_char(&b, '?');
        else
            textbuf_format(&b, "%lld", (long long)p->dims[i]);
    }
    textbuf_text(&b, p->rank == 0 ? "[]" : p->rank > 0 ? "]" : "");
    const char *dtype = p->dtype == SM_FLOAT    ? "float"
                        : p->dtype == SM_DOUBLE ? "double"
                        : p->dtype == SM_HALF   ? "half"
                                                : sm_dtype_name(p->dtype);
    py_fail(err, SM_INVALID_ARGUMENT, "InvalidArgumentError",
            "You must feed a value for placeholder tensor '%.*s' with dtype %s and shape %s (input \"%s\")", (int)n,
            p->tensor_name, dtype, textbuf_string(&b), p->name);
    textbuf_clear(&b);
    return SM_INVALID_ARGUMENT;
}
