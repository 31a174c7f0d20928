/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/vocabulary.c - lines of text into two tensors, as InitializeTableFromTextFile has it.
 *
 *   line = everything up to '\n', without one trailing '\r'; an empty line is an error
 *
 * Lines are counted first, so that both tensors are allocated once. */
#include "ops/state/vocabulary.h"

#include <errno.h>
#include <stdlib.h>

/* The line at the head of *rest, which moves on; false at the end. */
static bool next_line(slice *rest, slice *line)
{
    if (rest->len == 0) return false;
    ptrdiff_t end = slice_find(*rest, '\n');
    *line = slice_head(*rest, end < 0 ? rest->len : (size_t)end);
    *rest = slice_tail(*rest, end < 0 ? rest->len : (size_t)end + 1);
    if (slice_ends(*line, "\r")) line->len--;
    return true;
}

static bool column_of(slice line, int64_t column, char delimiter, slice *out)
{
    for (;; column--) {
        ptrdiff_t end = slice_find(line, delimiter);
        *out = end < 0 ? line : slice_head(line, (size_t)end);
        if (column == 0) return true;
        if (end < 0) return false;
        line = slice_tail(line, (size_t)end + 1);
    }
}

static int64_t columns_in(slice line, char delimiter)
{
    int64_t n = 1;
    for (size_t i = 0; i < line.len; i++) n += line.ptr[i] == delimiter;
    return n;
}

/* A field as element i of t; false: it is no number. */
static bool set_field(tensor *t, size_t i, slice field, int64_t offset)
{
    char    text[64], *end;
    int64_t x;
    double  d;
    while (field.len && (field.ptr[0] == ' ' || field.ptr[0] == '\t')) field = slice_tail(field, 1);
    while (field.len && (field.ptr[field.len - 1] == ' ' || field.ptr[field.len - 1] == '\t')) field.len--;
    if (t->dtype == SM_INT32 || t->dtype == SM_INT64) {
        if (slice_starts(field, "+") && field.len > 1 && field.ptr[1] != '-') field = slice_tail(field, 1);
        if (!slice_int(field, &x)) return false;
        if (t->dtype == SM_INT64)
            ((int64_t *)t->data)[i] = x; /* without the offset, as in TensorFlow */
        else if (x < INT32_MIN || x > INT32_MAX)
            return false;
        else
            ((int32_t *)t->data)[i] = (int32_t)((uint32_t)x + (uint32_t)offset);
        return true;
    }
    if (field.len == 0 || field.len >= sizeof(text)) return false;
    memcpy(text, field.ptr, field.len);
    text[field.len] = 0;
    d = t->dtype == SM_FLOAT ? (double)strtof(text, &end) : strtod(text, &end);
    if (*end) return false;
    if (t->dtype == SM_FLOAT)
        ((float *)t->data)[i] = (float)d;
    else
        ((double *)t->data)[i] = d;
    return true;
}

static sm_status too_few_columns(const vocabulary *v, size_t i, slice line, sm_error *err)
{
    int64_t last = v->key_column > v->value_column ? v->key_column : v->value_column;
    return FAIL(err, SM_INVALID_ARGUMENT,
                "Invalid number of columns in " SLICE_FMT " line %zu (" SLICE_FMT ") : expected at least %lld got %lld",
                SLICE_ARG(v->path), i, SLICE_ARG(line), (long long)last + 1, (long long)columns_in(line, v->delimiter));
}

static sm_status set_element(const vocabulary *v, tensor *t, size_t i, slice line, int64_t column, sm_error *err)
{
    slice field;
    if (column == COLUMN_LINE_NUMBER) {
        ((int64_t *)t->data)[i] = (int64_t)i + v->offset;
        return SM_OK;
    }
    if (column == COLUMN_WHOLE_LINE)
        field = line;
    else if (!column_of(line, column, v->delimiter, &field))
        return too_few_columns(v, i, line, err);
    if (t->dtype == SM_STRING)
        return tstring_set((tstring *)t->data + i, field) ? SM_OK : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    if (set_field(t, i, field, v->offset)) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "Field " SLICE_FMT " in line %zu is not a valid %s.", SLICE_ARG(field), i,
                dtype_short_name(t->dtype));
}

static sm_status check_column(sm_dtype t, int64_t column, const char *whole_line, const char *line_number, sm_error *err)
{
    if (column == COLUMN_WHOLE_LINE && t != SM_STRING && !dtype_is(t, DTYPE_INTEGRAL))
        return FAIL(err, SM_INVALID_ARGUMENT, "%s, got %s", whole_line, dtype_short_name(t));
    if (column == COLUMN_LINE_NUMBER && t != SM_INT64)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s, got %s", line_number, dtype_short_name(t));
    if (t == SM_STRING || t == SM_INT32 || t == SM_INT64 || t == SM_FLOAT || t == SM_DOUBLE) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT, "Data type %s not supported.", dtype_short_name(t));
}

static sm_status count_lines(const vocabulary *v, int64_t *count, sm_error *err)
{
    slice   rest = v->bytes, line;
    int64_t n = 0;
    while ((v->size < 0 || n < v->size) && next_line(&rest, &line)) {
        if (line.len == 0)
            return FAIL(err, SM_INVALID_ARGUMENT, "Invalid content in " SLICE_FMT ": empty line found at position %zu.",
                        SLICE_ARG(v->path), v->bytes.len - rest.len);
        n++;
    }
    if (v->size >= 0 && n < v->size)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid vocab_size in " SLICE_FMT ": expected %lld but got %lld",
                    SLICE_ARG(v->path), (long long)v->size, (long long)n);
    if (n == 0)
        return FAIL(err, SM_OUT_OF_RANGE, "Read less bytes than requested"); /* TensorFlow's words for no lines */
    *count = n;
    return SM_OK;
}

sm_status vocabulary_read(const vocabulary *v, memory *m, tensor **keys, tensor **values, sm_error *err)
{
    int64_t n = 0;
    slice   rest = v->bytes, line;
    tensor *k = NULL, *x = NULL;
    TRY(check_column(v->key_type, v->key_column, "Key index for whole line requires string or integer table key",
                     "Key index for line number requires table key dtype of int64", err));
    TRY(check_column(v->value_type, v->value_column,
                     "Value index for whole line requires table value dtype of integer or string",
                     "Value index for line number requires table value dtype of int64", err));
    TRY(count_lines(v, &n, err));
    shape     s = shape_vector(n);
    sm_status status = tensor_new(m, v->key_type, &s, &k, err);
    if (status == SM_OK) status = tensor_new(m, v->value_type, &s, &x, err);
    for (int64_t i = 0; status == SM_OK && i < n; i++) {
        next_line(&rest, &line);
        status = set_element(v, k, (size_t)i, line, v->key_column, err);
        if (status == SM_OK) status = set_element(v, x, (size_t)i, line, v->value_column, err);
    }
    if (status != SM_OK) {
        tensor_unref(k);
        tensor_unref(x);
        return status;
    }
    *keys = k;
    *values = x;
    return SM_OK;
}
