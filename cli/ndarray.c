/* SPDX-License-Identifier: Apache-2.0 */
/* ndarray.c - numpy's arrays for inputs: elements, construction from nested sequences, casts.
 *
 * Inputs are small beside the models they feed, so every operation goes element by element through a
 * cell. What surprises: a float that does not fit an integer becomes the value that x86-64's
 * conversion instruction leaves behind, which is what numpy and so TensorFlow shows. */
#include "ndarray.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "narrow_float.h"

/* -- Elements ----------------------------------------------------------------------------------- */

/* clang-format off */
char ndarray_kind(sm_dtype t)
{
    switch (t) {
    case SM_BOOL: return 'b';
    case SM_INT8: case SM_INT16: case SM_INT32: case SM_INT64: case SM_QINT8: case SM_QINT16: case SM_QINT32: return 'i';
    case SM_UINT8: case SM_UINT16: case SM_UINT32: case SM_UINT64: case SM_QUINT8: case SM_QUINT16: return 'u';
    case SM_HALF: case SM_BFLOAT16: case SM_FLOAT: case SM_DOUBLE: return 'f';
    case SM_COMPLEX64: case SM_COMPLEX128: return 'c';
    default: return 0;
    }
}
/* clang-format on */

int ndarray_castable(sm_dtype t)
{
    return ndarray_kind(t) != 0;
}

/* clang-format off */
cell ndarray_load(sm_dtype t, const void *data, size_t i)
{
    cell c = { ndarray_kind(t), 0, 0, 0 };
    switch (t) {
    case SM_BOOL: case SM_UINT8: case SM_QUINT8: c.i = ((const uint8_t *)data)[i]; break;
    case SM_INT8: case SM_QINT8: c.i = ((const int8_t *)data)[i]; break;
    case SM_INT16: case SM_QINT16: c.i = ((const int16_t *)data)[i]; break;
    case SM_UINT16: case SM_QUINT16: c.i = ((const uint16_t *)data)[i]; break;
    case SM_INT32: case SM_QINT32: c.i = ((const int32_t *)data)[i]; break;
    case SM_UINT32: c.i = ((const uint32_t *)data)[i]; break;
    case SM_INT64: case SM_UINT64: c.i = ((const int64_t *)data)[i]; break;
    case SM_HALF: c.re = narrow_from_half(((const uint16_t *)data)[i]); break;
    case SM_BFLOAT16: c.re = narrow_from_bfloat16(((const uint16_t *)data)[i]); break;
    case SM_FLOAT: c.re = (double)((const float *)data)[i]; break;
    case SM_DOUBLE: c.re = ((const double *)data)[i]; break;
    case SM_COMPLEX64: c.re = (double)((const float *)data)[2 * i], c.im = (double)((const float *)data)[2 * i + 1]; break;
    case SM_COMPLEX128: c.re = ((const double *)data)[2 * i], c.im = ((const double *)data)[2 * i + 1]; break;
    default: break;
    }
    return c;
}
/* clang-format on */

static int64_t float_to_int32(double v)
{
    return v > -2147483649.0 && v < 2147483648.0 ? (int64_t)v : INT32_MIN;
}

static int64_t float_to_int64(double v)
{
    return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

static int64_t float_to_uint64(double v)
{
    return v >= 0x1p63 ? (int64_t)((uint64_t)float_to_int64(v - 0x1p63) ^ (uint64_t)1 << 63) : float_to_int64(v);
}

/* The integer that c becomes in type t, not yet cut to its width. */
static int64_t cell_integer(cell c, sm_dtype t)
{
    if (c.kind != 'f' && c.kind != 'c') return c.i;
    if (t == SM_UINT64) return float_to_uint64(c.re);
    return t == SM_INT64 || t == SM_UINT32 ? float_to_int64(c.re) : float_to_int32(c.re);
}

static double cell_double(cell c)
{
    if (c.kind == 'u') return (double)(uint64_t)c.i;
    return c.kind == 'b' || c.kind == 'i' ? (double)c.i : c.re;
}

static float cell_float(cell c)
{
    if (c.kind == 'u') return (float)(uint64_t)c.i;
    return c.kind == 'b' || c.kind == 'i' ? (float)c.i : (float)c.re;
}

static double cell_narrow(cell c) /* integers reach half and bfloat16 through float */
{
    return c.kind == 'f' || c.kind == 'c' ? c.re : (double)cell_float(c);
}

static int cell_truth(cell c)
{
    return c.kind == 'f' || c.kind == 'c' ? c.re != 0 || c.im != 0 : c.i != 0;
}

/* clang-format off */
double ndarray_number(const sm_tensor *t, size_t i)
{
    if (!ndarray_castable(sm_tensor_dtype(t))) return 0;
    cell c = ndarray_load(sm_tensor_dtype(t), sm_tensor_data(t), i);
    if (c.kind == 'r' || c.kind == 'f' || c.kind == 'c') return c.re;
    return c.kind == 'u' ? (double)(uint64_t)c.i : (double)c.i;
}

void ndarray_store(sm_dtype t, void *data, size_t i, cell c)
{
    switch (t) {
    case SM_BOOL: ((uint8_t *)data)[i] = (uint8_t)cell_truth(c); break;
    case SM_INT8: case SM_QINT8: case SM_UINT8: case SM_QUINT8:
        ((uint8_t *)data)[i] = (uint8_t)cell_integer(c, t);
        break;
    case SM_INT16: case SM_QINT16: case SM_UINT16: case SM_QUINT16:
        ((uint16_t *)data)[i] = (uint16_t)cell_integer(c, t);
        break;
    case SM_INT32: case SM_QINT32: case SM_UINT32: ((uint32_t *)data)[i] = (uint32_t)cell_integer(c, t); break;
    case SM_INT64: case SM_UINT64: ((int64_t *)data)[i] = cell_integer(c, t); break;
    case SM_HALF: ((uint16_t *)data)[i] = narrow_to_half(cell_narrow(c)); break;
    case SM_BFLOAT16: ((uint16_t *)data)[i] = narrow_to_bfloat16(cell_narrow(c)); break;
    case SM_FLOAT: ((float *)data)[i] = cell_float(c); break;
    case SM_DOUBLE: ((double *)data)[i] = cell_double(c); break;
    case SM_COMPLEX64: ((float *)data)[2 * i] = cell_float(c), ((float *)data)[2 * i + 1] = (float)c.im; break;
    case SM_COMPLEX128: ((double *)data)[2 * i] = cell_double(c), ((double *)data)[2 * i + 1] = c.im; break;
    default: break;
    }
}
/* clang-format on */

char *ndarray_shape_text(int rank, const int64_t *dims)
{
    textbuf b = { 0 };
    char   *text;
    textbuf_char(&b, '(');
    for (int i = 0; i < rank; i++) textbuf_format(&b, i ? ", %lld" : "%lld", (long long)dims[i]);
    textbuf_text(&b, rank == 1 ? ",)" : ")");
    text = keep_text(textbuf_string(&b));
    textbuf_clear(&b);
    return text;
}

sm_status ndarray_new(sm_dtype t, int rank, const int64_t *dims, sm_tensor **out, sm_error *err)
{
    size_t count = sm_dtype_size(t);
    if (rank > PY_MAX_RANK)
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError",
                       "maximum supported dimension for an ndarray is %d, found %d", PY_MAX_RANK, rank);
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0) return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "negative dimensions are not allowed");
        if (dims[i] && count > KEEP_LIMIT / (size_t)dims[i])
            return py_fail(err, SM_RESOURCE_EXHAUSTED, "ValueError", "an array of shape %s is too large for an input",
                           ndarray_shape_text(rank, dims));
        count *= (size_t)dims[i];
    }
    return sm_tensor_new(t, rank, dims, out, err);
}

/* -- From nested sequences ------------------------------------------------------------------------ */

typedef struct leaves {
    int        rank;
    int64_t    dims[PY_MAX_RANK];
    const py **items;
    size_t     count, next;
    int        ragged; /* the depth at which lengths differ, or -1 */
} leaves;

/* What an element of a nested sequence adds to the shape: an array inside a list has dimensions too. */
static int value_rank(const py *v)
{
    return v->kind == PY_ARRAY ? sm_tensor_rank(v->tensor) : v->kind == PY_OBJECTS ? v->rank : 0;
}

/* Follows the first element down for the shape, then compares all others with it. */
static void shape_of(leaves *s, const py *v)
{
    while (py_is_sequence(v)) {
        if (s->rank == PY_MAX_RANK) return;
        s->dims[s->rank++] = (int64_t)v->length;
        if (v->length == 0) return;
        v = v->items[0];
    }
    for (int i = 0; i < value_rank(v) && s->rank < PY_MAX_RANK; i++)
        s->dims[s->rank++] = v->kind == PY_ARRAY ? sm_tensor_dim(v->tensor, i) : v->dims[i];
}

static void mark_ragged(leaves *s, int depth)
{
    if (s->ragged < 0 || depth < s->ragged) s->ragged = depth;
}

static void compare_shape(leaves *s, const py *v, int depth)
{
    if (py_is_sequence(v)) {
        if (depth >= s->rank || (int64_t)v->length != s->dims[depth]) {
            mark_ragged(s, depth);
            return;
        }
        for (size_t i = 0; i < v->length; i++) compare_shape(s, v->items[i], depth + 1);
        return;
    }
    if (depth + value_rank(v) != s->rank) {
        mark_ragged(s, depth);
        return;
    }
    for (int i = 0; i < value_rank(v); i++)
        if ((v->kind == PY_ARRAY ? sm_tensor_dim(v->tensor, i) : v->dims[i]) != s->dims[depth + i])
            mark_ragged(s, depth + i);
}

static const py *array_element(const py *a, size_t i)
{
    sm_dtype t = sm_tensor_dtype(a->tensor);
    cell     c;
    if (t == SM_STRING) {
        size_t      n;
        const char *bytes = sm_tensor_string(a->tensor, i, &n);
        return py_string(a->text ? PY_STR : PY_BYTES, bytes, n);
    }
    c = ndarray_load(t, sm_tensor_data(a->tensor), i);
    switch (c.kind) {
    case 'b': return py_bool((int)c.i);
    case 'i': return py_int(c.i);
    case 'u': return py_uint((uint64_t)c.i, 0);
    case 'c': return py_complex(c.re, c.im);
    default: return py_float(c.re);
    }
}

static void collect(leaves *s, const py *v)
{
    if (py_is_sequence(v)) {
        for (size_t i = 0; i < v->length; i++) collect(s, v->items[i]);
    } else if (v->kind == PY_ARRAY) {
        for (size_t i = 0; i < sm_tensor_count(v->tensor); i++) s->items[s->next++] = array_element(v, i);
    } else if (v->kind == PY_OBJECTS) {
        for (size_t i = 0; i < v->length; i++) s->items[s->next++] = v->items[i];
    } else {
        s->items[s->next++] = v;
    }
}

static sm_status flatten(const py *v, leaves *s, sm_error *err)
{
    memset(s, 0, sizeof *s);
    s->ragged = -1;
    shape_of(s, v);
    compare_shape(s, v, 0);
    if (s->ragged >= 0)
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError",
                       "setting an array element with a sequence. The requested array has an inhomogeneous shape "
                       "after %d dimensions. The detected shape was %s + inhomogeneous part.",
                       s->ragged, ndarray_shape_text(s->ragged, s->dims));
    s->count = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dims[i] && s->count > KEEP_LIMIT / sizeof(void *) / (size_t)s->dims[i])
            return py_fail(err, SM_RESOURCE_EXHAUSTED, "MemoryError", "the input has too many elements");
        s->count *= (size_t)s->dims[i];
    }
    s->items = keep_array(s->count + 1, sizeof *s->items);
    collect(s, v);
    return SM_OK;
}

/* -- The type that values suggest ------------------------------------------------------------------- */

enum {
    SEEN_BOOL = 1,
    SEEN_INT = 2,
    SEEN_UINT = 4,
    SEEN_FLOAT = 8,
    SEEN_COMPLEX = 16,
    SEEN_STR = 32,
    SEEN_BYTES = 64,
    SEEN_OBJECT = 128
};

static int seen(const py *v)
{
    switch (v->kind) {
    case PY_BOOL: return SEEN_BOOL;
    case PY_INT:
        if (v->huge || (v->negative && v->magnitude > (uint64_t)1 << 63)) return SEEN_OBJECT;
        return !v->negative && v->magnitude > INT64_MAX ? SEEN_UINT : SEEN_INT;
    case PY_FLOAT: return SEEN_FLOAT;
    case PY_COMPLEX: return SEEN_COMPLEX;
    case PY_STR: return SEEN_STR;
    case PY_BYTES: return SEEN_BYTES;
    default: return SEEN_OBJECT;
    }
}

static sm_dtype suggested(int mask)
{
    if (mask & SEEN_OBJECT) return SM_INVALID;
    if (mask & (SEEN_STR | SEEN_BYTES)) return SM_STRING;
    if (mask & SEEN_COMPLEX) return SM_COMPLEX128;
    if (mask == 0 || mask & SEEN_FLOAT || (mask & SEEN_UINT && mask & SEEN_INT)) return SM_DOUBLE;
    return mask & SEEN_UINT ? SM_UINT64 : mask & SEEN_INT ? SM_INT64 : SM_BOOL;
}

static cell py_cell(const py *v)
{
    cell c = { 'f', 0, v->real, v->imaginary };
    if (v->kind == PY_COMPLEX)
        c.kind = 'c';
    else if (v->kind == PY_BOOL || (v->kind == PY_INT && !v->huge))
        c = (cell){ v->negative ? 'i' : 'u', (int64_t)(v->negative ? 0 - v->magnitude : v->magnitude), 0, 0 };
    return c;
}

static sm_status set_text(sm_tensor *t, size_t i, const py *v, sm_error *err)
{
    textbuf   b = { 0 };
    sm_status s;
    if (v->kind == PY_BYTES)
        textbuf_add(&b, v->bytes, v->length);
    else
        py_str(&b, v);
    s = sm_tensor_set_string(t, i, textbuf_string(&b), b.length, err);
    textbuf_clear(&b);
    return s;
}

sm_status ndarray_from(const py *v, const py **out, sm_error *err)
{
    leaves     s;
    int        mask = 0;
    sm_tensor *t;
    sm_status  status;
    if (v->kind == PY_ARRAY || v->kind == PY_OBJECTS) {
        *out = v;
        return SM_OK;
    }
    status = flatten(v, &s, err);
    if (status != SM_OK) return status;
    for (size_t i = 0; i < s.count; i++) mask |= seen(s.items[i]);
    sm_dtype type = suggested(mask);
    if (type == SM_INVALID) {
        *out = py_objects(s.rank, s.dims, s.items, s.count);
        return SM_OK;
    }
    status = ndarray_new(type, s.rank, s.dims, &t, err);
    if (status != SM_OK) return status;
    *out = py_array(t, (mask & ~SEEN_BYTES) != 0, 0);
    for (size_t i = 0; i < s.count && status == SM_OK; i++)
        if (type == SM_STRING)
            status = set_text(t, i, s.items[i], err);
        else
            ndarray_store(type, sm_tensor_mutable_data(t), i, py_cell(s.items[i]));
    return status;
}

/* -- Casts -------------------------------------------------------------------------------------------- */

/* Python's float(text): blanks around it and single underscores between digits are fine. */
static int parse_float(const char *s, size_t n, double *out)
{
    char   text[512], *end;
    size_t m = 0;
    while (n && strchr(" \t\n\r\v\f", s[0]) && s[0]) s++, n--;
    while (n && strchr(" \t\n\r\v\f", s[n - 1]) && s[n - 1]) n--;
    if (n == 0 || n >= sizeof text) return 0;
    for (size_t i = 0; i < n; i++) {
        int digits = i && i + 1 < n && s[i - 1] >= '0' && s[i - 1] <= '9' && s[i + 1] >= '0' && s[i + 1] <= '9';
        if (s[i] == 'x' || s[i] == 'X' || s[i] == '(' || s[i] == 0 || (s[i] == '_' && !digits)) return 0;
        if (s[i] != '_') text[m++] = s[i];
    }
    text[m] = 0;
    *out = strtod(text, &end);
    return *end == 0;
}

static int parse_integer(const char *s, size_t n, int64_t *out)
{
    double ignored;
    char   text[64], *end;
    size_t m = 0;
    if (n >= sizeof text || !parse_float(s, n, &ignored)) return 0;
    for (size_t i = 0; i < n; i++)
        if (s[i] != '_') text[m++] = s[i];
    text[m] = 0;
    errno = 0;
    *out = strtoll(text, &end, 10);
    while (*end && strchr(" \t\n\r\v\f", *end)) end++;
    return *end == 0 && errno == 0;
}

/* One string becomes a number of kind `to`; `shown` is how numpy names the culprit. */
static sm_status string_cell(const py *v, int from_array, char to, cell *c, sm_error *err)
{
    const char *format = from_array ? v->kind == PY_STR ? "np.str_(%s)" : "np.bytes_(%s)" : "%s";
    *c = (cell){ 'f', 0, 0, 0 };
    if (to == 'i' || to == 'u') {
        c->kind = 'i';
        if (parse_integer(v->bytes, v->length, &c->i)) return SM_OK;
        char *shown = keep_format(v->kind == PY_STR ? format : "%s", py_repr_text(v));
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "invalid literal for int() with base 10: %s", shown);
    }
    if (parse_float(v->bytes, v->length, &c->re)) return SM_OK;
    if (to == 'c') return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "complex() arg is a malformed string");
    return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "could not convert string to float: %s",
                   keep_format(format, py_repr_text(v)));
}

/* An element of an array of objects becomes a number of kind `to`. */
static sm_status object_cell(const py *v, char to, cell *c, sm_error *err)
{
    int integer = to == 'i' || to == 'u';
    if (v->kind == PY_ARRAY && sm_tensor_count(v->tensor) == 1 && ndarray_castable(sm_tensor_dtype(v->tensor))) {
        *c = ndarray_load(sm_tensor_dtype(v->tensor), sm_tensor_data(v->tensor), 0);
        return SM_OK;
    }
    if (v->kind == PY_STR || v->kind == PY_BYTES) return string_cell(v, 0, to, c, err);
    if (v->kind == PY_NONE && !integer) {
        *c = (cell){ to, 0, NAN, to == 'c' ? (double)NAN : 0 };
        return SM_OK;
    }
    if (!py_is_number(v)) {
        if (to == 'c')
            return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "must be real number, not %s", py_type_name(v));
        return py_fail(err, SM_INVALID_ARGUMENT, "TypeError",
                       integer ? "int() argument must be a string, a bytes-like object or a real number, not '%s'"
                               : "float() argument must be a string or a real number, not '%s'",
                       py_type_name(v));
    }
    if (v->huge && integer)
        return py_fail(err, SM_INVALID_ARGUMENT, "OverflowError", "Python int too large to convert to C long");
    if (v->huge && isinf(v->real))
        return py_fail(err, SM_INVALID_ARGUMENT, "OverflowError", "int too large to convert to float");
    *c = py_cell(v);
    return SM_OK;
}

static sm_status cast_tensor(const py *v, sm_dtype to, sm_tensor *t, sm_error *err)
{
    const sm_tensor *from = v->tensor;
    sm_dtype         type = sm_tensor_dtype(from);
    char             kind = ndarray_kind(to);
    for (size_t i = 0; i < sm_tensor_count(from); i++) {
        cell      c;
        sm_status s = SM_OK;
        if (to == SM_STRING) {
            s = set_text(t, i, array_element(v, i), err);
        } else if (type == SM_STRING) {
            const py *e = array_element(v, i);
            c = (cell){ 'i', e->length != 0, 0, 0 };
            if (to != SM_BOOL) s = string_cell(e, 1, kind, &c, err);
        } else {
            c = ndarray_load(type, sm_tensor_data(from), i);
        }
        if (s != SM_OK) return s;
        if (to != SM_STRING) ndarray_store(to, sm_tensor_mutable_data(t), i, c);
    }
    return SM_OK;
}

/* For bool, string and bfloat16 the elements are converted one by one, without a common type first. */
static sm_status cast_items(const py *const *items, size_t n, sm_dtype to, sm_tensor *t, sm_error *err)
{
    char kind = ndarray_kind(to);
    for (size_t i = 0; i < n; i++) {
        const py *v = items[i];
        cell      c;
        sm_status s = SM_OK;
        if (to == SM_STRING) {
            if (v->kind != PY_STR && v->kind != PY_BYTES)
                s = py_fail(err, SM_INTERNAL, "InternalError", "Unsupported object type %s", py_type_name(v));
            else
                s = sm_tensor_set_string(t, i, v->bytes, v->length, err);
        } else if (to == SM_BOOL) {
            c = (cell){ 'i', py_truth(v), 0, 0 };
        } else if (to == SM_BFLOAT16 && (v->kind == PY_COMPLEX || !py_is_number(v) || v->huge)) {
            s = py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "expected number, got %s", py_type_name(v));
        } else {
            s = object_cell(v, kind, &c, err);
        }
        if (s != SM_OK) return s;
        if (to != SM_STRING) ndarray_store(to, sm_tensor_mutable_data(t), i, c);
    }
    return SM_OK;
}

sm_status ndarray_astype(const py *v, sm_dtype to, const py **out, sm_error *err)
{
    int        one_by_one = to == SM_BOOL || to == SM_STRING || to == SM_BFLOAT16;
    leaves     s;
    sm_tensor *t = NULL;
    sm_status  status = SM_OK;
    if (to != SM_STRING && !ndarray_castable(to))
        return py_fail(err, SM_UNIMPLEMENTED, "TypeError", "inputs of type %s cannot be made from numbers",
                       sm_dtype_name(to));
    if (v->kind == PY_ARRAY && sm_tensor_dtype(v->tensor) == to) {
        *out = v;
        return SM_OK;
    }
    if (v->kind != PY_ARRAY && v->kind != PY_OBJECTS && !one_by_one) status = ndarray_from(v, &v, err);
    if (status != SM_OK) return status;
    if (v->kind == PY_ARRAY) {
        sm_dtype from = sm_tensor_dtype(v->tensor);
        if (from != SM_STRING && !ndarray_castable(from))
            return py_fail(err, SM_UNIMPLEMENTED, "TypeError", "arrays of type %s cannot be cast", sm_dtype_name(from));
        if (from != SM_STRING && to == SM_STRING)
            return py_fail(err, SM_INTERNAL, "InternalError", "Unsupported object type %s",
                           sm_tensor_count(v->tensor) ? py_type_name(array_element(v, 0)) : "float");
        status = ndarray_new(to, sm_tensor_rank(v->tensor), sm_tensor_dims(v->tensor), &t, err);
        if (status != SM_OK) return status;
        *out = py_array(t, to == SM_STRING && v->text, v->scalar);
        return cast_tensor(v, to, t, err);
    }
    status = flatten(v, &s, err);
    if (status == SM_OK) status = ndarray_new(to, s.rank, s.dims, &t, err);
    if (status != SM_OK) return status;
    *out = py_array(t, 0, 0);
    return cast_items(s.items, s.count, to, t, err);
}

sm_status ndarray_reshape(const py *array, int rank, const int64_t *dims, const py **out, sm_error *err)
{
    int64_t    shape[PY_MAX_RANK];
    size_t     count = sm_tensor_count(array->tensor), known = 1;
    int        guess = -1;
    sm_tensor *t;
    sm_status  s;
    if (rank > PY_MAX_RANK) return ndarray_new(SM_BOOL, rank, dims, &t, err);
    for (int i = 0; i < rank; i++) {
        shape[i] = dims[i];
        if (dims[i] < 0 && guess >= 0)
            return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "can only specify one unknown dimension");
        if (dims[i] < 0)
            guess = i;
        else if (dims[i] && known > SIZE_MAX / 2 / (size_t)dims[i])
            return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "cannot reshape array of size %zu into shape %s",
                           count, ndarray_shape_text(rank, dims));
        else
            known *= (size_t)dims[i];
    }
    if (guess >= 0 && known && count % known == 0) shape[guess] = (int64_t)(count / known), known = count;
    if (known != count || (guess >= 0 && shape[guess] < 0))
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "cannot reshape array of size %zu into shape %s", count,
                       ndarray_shape_text(rank, dims));
    s = ndarray_new(sm_tensor_dtype(array->tensor), rank, shape, &t, err);
    if (s != SM_OK) return s;
    *out = py_array(t, array->text, 0);
    if (sm_tensor_dtype(t) != SM_STRING) {
        if (sm_tensor_bytes(t)) memcpy(sm_tensor_mutable_data(t), sm_tensor_data(array->tensor), sm_tensor_bytes(t));
        return SM_OK;
    }
    for (size_t i = 0; i < count && s == SM_OK; i++) {
        size_t      n;
        const char *bytes = sm_tensor_string(array->tensor, i, &n);
        s = sm_tensor_set_string(t, i, bytes, n, err);
    }
    return s;
}
