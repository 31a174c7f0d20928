/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_value.c - nested values. */
#include "model/values.h"

sm_value_kind sm_value_kind_of(const sm_value *v)
{
    return v->kind;
}

int sm_value_bool(const sm_value *v)
{
    return v->integer != 0;
}

int64_t sm_value_int(const sm_value *v)
{
    return v->integer;
}

double sm_value_float(const sm_value *v)
{
    return v->real;
}

const char *sm_value_text(const sm_value *v)
{
    return v->text;
}

sm_dtype sm_value_dtype(const sm_value *v)
{
    return v->dtype;
}

static bool has_shape(const sm_value *v)
{
    return v->kind == SM_VALUE_SHAPE || v->kind == SM_VALUE_TENSOR_SPEC || v->kind == SM_VALUE_TENSOR;
}

int sm_value_rank(const sm_value *v)
{
    return has_shape(v) ? v->shape.rank : -1;
}

const int64_t *sm_value_dims(const sm_value *v)
{
    return v->shape.dims;
}

size_t sm_value_count(const sm_value *v)
{
    return v->count;
}

const char *sm_value_key(const sm_value *v, size_t i)
{
    return v->keys && i < v->count ? v->keys[i] : NULL;
}

const sm_value *sm_value_item(const sm_value *v, size_t i)
{
    return i < v->count ? &v->items[i] : NULL;
}
