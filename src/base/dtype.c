/* SPDX-License-Identifier: Apache-2.0 */
/* base/dtype.c - the table of element types.
 *
 * Number, size and name come from SM_DTYPE_LIST in savedmodel.h; what only the library needs,
 * class and OpDef's spelling, is the X-macro's companion below: a row that it lacks does not
 * compile. */
#include "base/dtype.h"

/* class, OpDef's spelling */
#define TRAITS_FLOAT DTYPE_FLOATING, "float"
#define TRAITS_DOUBLE DTYPE_FLOATING, "double"
#define TRAITS_HALF DTYPE_FLOATING, "half"
#define TRAITS_BFLOAT16 DTYPE_FLOATING, "bfloat16"
#define TRAITS_INT8 DTYPE_SIGNED, "int8"
#define TRAITS_INT16 DTYPE_SIGNED, "int16"
#define TRAITS_INT32 DTYPE_SIGNED, "int32"
#define TRAITS_INT64 DTYPE_SIGNED, "int64"
#define TRAITS_UINT8 DTYPE_UNSIGNED, "uint8"
#define TRAITS_UINT16 DTYPE_UNSIGNED, "uint16"
#define TRAITS_UINT32 DTYPE_UNSIGNED, "uint32"
#define TRAITS_UINT64 DTYPE_UNSIGNED, "uint64"
#define TRAITS_COMPLEX64 DTYPE_COMPLEX, "complex64"
#define TRAITS_COMPLEX128 DTYPE_COMPLEX, "complex128"
#define TRAITS_BOOL DTYPE_BOOL, "bool"
#define TRAITS_QINT8 DTYPE_QUANTISED, "qint8"
#define TRAITS_QINT16 DTYPE_QUANTISED, "qint16"
#define TRAITS_QINT32 DTYPE_QUANTISED, "qint32"
#define TRAITS_QUINT8 DTYPE_QUANTISED, "quint8"
#define TRAITS_QUINT16 DTYPE_QUANTISED, "quint16"
#define TRAITS_STRING DTYPE_OBJECT, "string"
#define TRAITS_RESOURCE DTYPE_OBJECT, "resource"
#define TRAITS_VARIANT DTYPE_OBJECT, "variant"
#define TRAITS_FLOAT8_E5M2 DTYPE_STORAGE, "float8_e5m2"
#define TRAITS_FLOAT8_E4M3FN DTYPE_STORAGE, "float8_e4m3fn"
#define TRAITS_FLOAT8_E4M3FNUZ DTYPE_STORAGE, "float8_e4m3fnuz"
#define TRAITS_FLOAT8_E4M3B11FNUZ DTYPE_STORAGE, "float8_e4m3b11fnuz"
#define TRAITS_FLOAT8_E5M2FNUZ DTYPE_STORAGE, "float8_e5m2fnuz"
#define TRAITS_INT4 DTYPE_STORAGE, "int4"
#define TRAITS_UINT4 DTYPE_STORAGE, "uint4"
#define TRAITS_INT2 DTYPE_STORAGE, "int2"
#define TRAITS_UINT2 DTYPE_STORAGE, "uint2"
#define TRAITS_FLOAT4_E2M1FN DTYPE_STORAGE, "float4_e2m1fn"

typedef struct dtype_row {
    unsigned    size, classes;
    const char *short_name, *name, *proto_name;
    const char *short_ref, *name_ref, *proto_ref;
} dtype_row;

#define ROW(id, number, size, text) ROW_OF(id, number, size, text, TRAITS_##id)
#define ROW_OF(...) ROW_FILLED(__VA_ARGS__)
/* clang-format off */
#define ROW_FILLED(id, number, size, text, classes, short_text)                                    \
    [number] = { size, classes, short_text, text, "DT_" #id,                                       \
                 short_text "_ref", text "_ref", "DT_" #id "_REF" },

static const dtype_row rows[DTYPE_LAST] = {
    [SM_INVALID] = { 0, 0, "invalid", "invalid", "DT_INVALID", "invalid", "invalid", "DT_INVALID" },
    SM_DTYPE_LIST(ROW)
};
/* clang-format on */

/* The row of a type or of its reference; row 0 for numbers that are neither. */
static const dtype_row *row_of(sm_dtype t, bool *is_ref)
{
    unsigned n = (unsigned)t;

    *is_ref = n > DTYPE_REF && n < DTYPE_REF + DTYPE_LAST;
    if (*is_ref) n -= DTYPE_REF;
    return &rows[n < DTYPE_LAST ? n : 0];
}

size_t dtype_size(sm_dtype t)
{
    return (unsigned)t < DTYPE_LAST ? rows[t].size : 0;
}

unsigned dtype_class(sm_dtype t)
{
    return (unsigned)t < DTYPE_LAST ? rows[t].classes : 0;
}

const char *dtype_name(sm_dtype t)
{
    bool             ref;
    const dtype_row *r = row_of(t, &ref);
    return ref ? r->name_ref : r->name;
}

const char *dtype_proto_name(sm_dtype t)
{
    bool             ref;
    const dtype_row *r = row_of(t, &ref);
    return ref ? r->proto_ref : r->proto_name;
}

const char *dtype_short_name(sm_dtype t)
{
    bool             ref;
    const dtype_row *r = row_of(t, &ref);
    return ref ? r->short_ref : r->short_name;
}

sm_dtype dtype_parse(slice name)
{
    for (int i = 1; i < DTYPE_LAST; i++) {
        const dtype_row *r = &rows[i];
        if (slice_is(name, r->name) || slice_is(name, r->short_name) || slice_is(name, r->proto_name))
            return (sm_dtype)i;
        if (slice_is(name, r->name_ref) || slice_is(name, r->short_ref) || slice_is(name, r->proto_ref))
            return (sm_dtype)(i + DTYPE_REF);
    }
    return SM_INVALID;
}
