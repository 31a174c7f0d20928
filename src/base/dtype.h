/* SPDX-License-Identifier: Apache-2.0 */
/* base/dtype.h - element types: sizes, names, classes, and the narrow floats' conversions. */
#ifndef BASE_DTYPE_H
#define BASE_DTYPE_H

#include "base/slice.h"
#include "base/status.h"

#include <complex.h>

/* Classes of types. */
enum {
    DTYPE_FLOATING = 1, /* half bfloat16 float double         */
    DTYPE_SIGNED = 2,   /* int8 int16 int32 int64             */
    DTYPE_UNSIGNED = 4, /* uint8 uint16 uint32 uint64         */
    DTYPE_COMPLEX = 8,  /* complex64 complex128               */
    DTYPE_BOOL = 16,
    DTYPE_QUANTISED = 32, /* qint8 ... quint16                  */
    DTYPE_OBJECT = 64,    /* string resource variant: elements own memory */
    DTYPE_STORAGE = 128,  /* 8-bit floats, int4 ...: kept, not computed with */
    DTYPE_INTEGRAL = DTYPE_SIGNED | DTYPE_UNSIGNED,
    DTYPE_REAL = DTYPE_FLOATING | DTYPE_INTEGRAL,
    DTYPE_NUMERIC = DTYPE_REAL | DTYPE_COMPLEX
};

#define DTYPE_LAST 34 /* one past the largest DataType number     */
#define DTYPE_REF 100 /* DT_FLOAT_REF = DT_FLOAT + DTYPE_REF (TensorFlow 1 variables) */

/* Names of reference types (t + DTYPE_REF) end in "_ref" or "_REF"; they have no size and no class. */
size_t             dtype_size(sm_dtype t);       /* bytes of one element; 0: unknown type                  */
const char        *dtype_name(sm_dtype t);       /* "float32"; "invalid"                                   */
const char        *dtype_proto_name(sm_dtype t); /* "DT_FLOAT"; "DT_INVALID"                               */
const char        *dtype_short_name(sm_dtype t); /* "float", "double", "half", "int32": OpDef's spelling   */
unsigned           dtype_class(sm_dtype t);      /* the DTYPE_ bits                                        */
sm_dtype           dtype_parse(slice name);      /* any of the three spellings; SM_INVALID when none       */
static inline bool dtype_is(sm_dtype t, unsigned classes)
{
    return (dtype_class(t) & classes) != 0;
}
static inline bool dtype_plain(sm_dtype t) /* elements are bytes that may be copied with memcpy       */
{
    return dtype_size(t) != 0 && !dtype_is(t, DTYPE_OBJECT);
}

/* Round to nearest even, as TensorFlow. NaN stays NaN, infinities stay. */
float    half_to_float(uint16_t h);
uint16_t float_to_half(float f);
float    bfloat16_to_float(uint16_t b);
uint16_t float_to_bfloat16(float f);
uint16_t double_to_half(double d); /* one rounding, as numpy; TF's Cast: two, by float */
uint16_t double_to_bfloat16(double d);
/* Arrays of either type t (SM_HALF or SM_BFLOAT16) to and from float. */
void narrow_to_float(sm_dtype t, const uint16_t *from, float *to, size_t n);
void float_to_narrow(sm_dtype t, const float *from, uint16_t *to, size_t n);
/* 8-bit floats (SM_FLOAT8_*, SM_FLOAT4_E2M1FN) to float: storage only. */
float float8_to_float(sm_dtype t, uint8_t bits);

#endif
