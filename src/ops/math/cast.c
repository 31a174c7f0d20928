/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/cast.c - Cast: every number type and bool to every other.
 *
 * 12 x 12 pairs from one formula: a loop per pair, in a table that .prepare looks up. half and bfloat16 go through float,
 * also when the other side is double: TensorFlow rounds twice there. Quantised types are the integers they are stored in.
 *
 * What a float too large for an integer becomes is TensorFlow's on x86-64: int32 and int64 give their most negative value,
 * narrower integers the low bits of the int32, uint32 those of the int64. (TensorFlow's own vector loops saturate some
 * types where its tails do not; here an element's result never depends on the array's length.) A complex number loses its
 * imaginary part; bool is "not zero". Truncate = true cuts the digits that a narrower float has no room for.
 *
 * Tests: cast.test, beside this file. */
#include "ops/formula.h"

/* -- Floating to integer ------------------------------------------------------------------------------------------- */

MAP_INLINE int32_t to_int32(double x)
{
    return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}

MAP_INLINE int32_t to_int32_f(float x)
{
    return x >= -2147483648.0f && x < 2147483648.0f ? (int32_t)x : INT32_MIN;
}

MAP_INLINE int64_t to_int64(double x)
{
    return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}

/* As compilers do it without a machine instruction: the high half is what lies above 2^63. */
MAP_INLINE uint64_t to_uint64(double x)
{
    int64_t low = to_int64(x), high = to_int64(x - 9223372036854775808.0);
    return (uint64_t)(low | (high & (low >> 63)));
}

MAP_INLINE uint64_t to_uint64_f(float x)
{
    int64_t low = to_int64((double)x), high = to_int64((double)(x - 9223372036854775808.0f));
    return (uint64_t)(low | (high & (low >> 63)));
}

/* -- One loop per pair: FROM_class(type, x) turns x into `type` ---------------------------------------------------------- */

#define INTO_INT32(x) _Generic((x), float: to_int32_f, default: to_int32)(x)
#define INTO_UINT64(x) _Generic((x), float: to_uint64_f, default: to_uint64)(x)

#define FLOATING_TO_uint8(x) (uint8_t) INTO_INT32(x)
#define FLOATING_TO_uint16(x) (uint16_t) INTO_INT32(x)
#define FLOATING_TO_uint32(x) (uint32_t) to_int64((double)(x))
#define FLOATING_TO_uint64(x) INTO_UINT64(x)
#define FLOATING_TO_int8(x) (int8_t) INTO_INT32(x)
#define FLOATING_TO_int16(x) (int16_t) INTO_INT32(x)
#define FLOATING_TO_int32(x) INTO_INT32(x)
#define FLOATING_TO_int64(x) to_int64((double)(x))
#define FLOATING_TO_float(x) (float)(x)
#define FLOATING_TO_double(x) (double)(x)
#define FLOATING_TO_complex64(x) (float complex)(x)
#define FLOATING_TO_complex128(x) (double complex)(x)
#define FLOATING_TO_flag(x) (map_bool)((x) != 0)

#define INTEGRAL_TO_uint8(x) (uint8_t)(x)
#define INTEGRAL_TO_uint16(x) (uint16_t)(x)
#define INTEGRAL_TO_uint32(x) (uint32_t)(x)
#define INTEGRAL_TO_uint64(x) (uint64_t)(x)
#define INTEGRAL_TO_int8(x) (int8_t)(x)
#define INTEGRAL_TO_int16(x) (int16_t)(x)
#define INTEGRAL_TO_int32(x) (int32_t)(x)
#define INTEGRAL_TO_int64(x) (int64_t)(x)
#define INTEGRAL_TO_float(x) (float)(x)
#define INTEGRAL_TO_double(x) (double)(x)
#define INTEGRAL_TO_complex64(x) (float complex)(float)(x)
#define INTEGRAL_TO_complex128(x) (double complex)(double)(x)
#define INTEGRAL_TO_flag(x) (map_bool)((x) != 0)

/* X(name, C type, class it converts from, the value to convert, further arguments); "flag" is bool, which is a macro in C. */
/* clang-format off */
#define CAST_TYPES(X, ...)                                \
    X(float, float, FLOATING, x, __VA_ARGS__)             \
    X(double, double, FLOATING, x, __VA_ARGS__)           \
    X(int8, int8_t, INTEGRAL, x, __VA_ARGS__)             \
    X(int16, int16_t, INTEGRAL, x, __VA_ARGS__)           \
    X(int32, int32_t, INTEGRAL, x, __VA_ARGS__)           \
    X(int64, int64_t, INTEGRAL, x, __VA_ARGS__)           \
    X(uint8, uint8_t, INTEGRAL, x, __VA_ARGS__)           \
    X(uint16, uint16_t, INTEGRAL, x, __VA_ARGS__)         \
    X(uint32, uint32_t, INTEGRAL, x, __VA_ARGS__)         \
    X(uint64, uint64_t, INTEGRAL, x, __VA_ARGS__)         \
    X(flag, map_bool, INTEGRAL, (x != 0), __VA_ARGS__)
/* clang-format on */

#define CAST_LOOP(from, ctype, class, value, to, result)  \
    static void from##_to_##to(const map_args *a)         \
    {                                                     \
        const ctype *in = a->x[0];                        \
        result      *out = a->out;                        \
        MAP_EACH for (size_t i = 0, n = a->n; i < n; i++) \
        {                                                 \
            const ctype x = in[i];                        \
            out[i] = class##_TO_##to(value);              \
        }                                                 \
    }

#define CAST_LOOPS(to, result)                                           \
    CAST_TYPES(CAST_LOOP, to, result)                                    \
    CAST_LOOP(complex64, float complex, FLOATING, crealf(x), to, result) \
    CAST_LOOP(complex128, double complex, FLOATING, creal(x), to, result)
CAST_LOOPS(float, float)
CAST_LOOPS(double, double)
CAST_LOOPS(int8, int8_t)
CAST_LOOPS(int16, int16_t)
CAST_LOOPS(int32, int32_t)
CAST_LOOPS(int64, int64_t)
CAST_LOOPS(uint8, uint8_t)
CAST_LOOPS(uint16, uint16_t)
CAST_LOOPS(uint32, uint32_t)
CAST_LOOPS(uint64, uint64_t)
CAST_LOOPS(flag, map_bool)

/* Complex to complex keeps both parts. */
CAST_TYPES(CAST_LOOP, complex64, float complex)
CAST_TYPES(CAST_LOOP, complex128, double complex)
LOOP1(float complex, complex64, false, complex64_copy, float complex, x)
LOOP1(double complex, complex128, false, complex64_from, float complex, x)
LOOP1(float complex, complex64, false, complex128_from, double complex, x)
LOOP1(double complex, complex128, false, complex128_copy, double complex, x)

/* -- Cutting digits: Truncate = true ----------------------------------------------------------------------------------- */

static void cut_float(const float *in, float *out, size_t n, uint32_t keep)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, in + i, sizeof bits);
        if (in[i] == in[i]) bits &= keep;
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void cut_double(const double *in, float *out, size_t n, uint64_t keep)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        double   x;
        memcpy(&bits, in + i, sizeof bits);
        if (in[i] == in[i]) bits &= keep;
        memcpy(&x, &bits, sizeof bits);
        out[i] = (float)x;
    }
}

/* A float keeps 23 digits, half 10, bfloat16 7. */
static void float_cut_to_half(const map_args *a)
{
    cut_float(a->x[0], a->out, a->n, ~0x1fffu);
}

static void float_cut_to_bfloat16(const map_args *a)
{
    cut_float(a->x[0], a->out, a->n, ~0xffffu);
}

static void double_cut_to_float(const map_args *a)
{
    cut_double(a->x[0], a->out, a->n, ~((1ull << 29) - 1));
}

static void double_cut_to_half(const map_args *a)
{
    cut_double(a->x[0], a->out, a->n, ~((1ull << 42) - 1));
}

static void double_cut_to_bfloat16(const map_args *a)
{
    cut_double(a->x[0], a->out, a->n, ~((1ull << 45) - 1));
}

/* -- Finding the loop ---------------------------------------------------------------------------------------------------- */

typedef void cast_loop(const map_args *);
typedef struct cast_row {
    sm_dtype   from;
    cast_loop *to_float, *to_double, *to_int8, *to_int16, *to_int32, *to_int64, *to_uint8, *to_uint16, *to_uint32,
        *to_uint64, *to_flag, *to_complex64, *to_complex128;
} cast_row;

#define CAST_ROW(name, number, into64, into128)                                                                       \
    {                                                                                                                 \
        number, name##_to_float, name##_to_double, name##_to_int8, name##_to_int16, name##_to_int32, name##_to_int64, \
            name##_to_uint8, name##_to_uint16, name##_to_uint32, name##_to_uint64, name##_to_flag, into64, into128    \
    }
#define CAST_REAL_ROW(name, number) CAST_ROW(name, number, name##_to_complex64, name##_to_complex128)

static const cast_row cast_rows[] = {
    CAST_REAL_ROW(float, SM_FLOAT),
    CAST_REAL_ROW(double, SM_DOUBLE),
    CAST_REAL_ROW(int8, SM_INT8),
    CAST_REAL_ROW(int16, SM_INT16),
    CAST_REAL_ROW(int32, SM_INT32),
    CAST_REAL_ROW(int64, SM_INT64),
    CAST_REAL_ROW(uint8, SM_UINT8),
    CAST_REAL_ROW(uint16, SM_UINT16),
    CAST_REAL_ROW(uint32, SM_UINT32),
    CAST_REAL_ROW(uint64, SM_UINT64),
    CAST_REAL_ROW(flag, SM_BOOL),
    CAST_ROW(complex64, SM_COMPLEX64, complex64_copy_complex64, complex128_from_complex64),
    CAST_ROW(complex128, SM_COMPLEX128, complex64_from_complex128, complex128_copy_complex128),
};

/* The type that a loop sees: half and bfloat16 are float to it. */
static sm_dtype computed_as(sm_dtype t)
{
    switch (t) {
    case SM_HALF:
    case SM_BFLOAT16: return SM_FLOAT;
    case SM_QINT8: return SM_INT8;
    case SM_QUINT8: return SM_UINT8;
    case SM_QINT16: return SM_INT16;
    case SM_QUINT16: return SM_UINT16;
    case SM_QINT32: return SM_INT32;
    default: return t;
    }
}

static cast_loop *cast_find(sm_dtype from, sm_dtype to)
{
    for (size_t i = 0; i < sizeof cast_rows / sizeof cast_rows[0]; i++) {
        const cast_row *r = &cast_rows[i];
        if (r->from != computed_as(from)) continue;
        switch (computed_as(to)) {
        case SM_FLOAT: return r->to_float;
        case SM_DOUBLE: return r->to_double;
        case SM_INT8: return r->to_int8;
        case SM_INT16: return r->to_int16;
        case SM_INT32: return r->to_int32;
        case SM_INT64: return r->to_int64;
        case SM_UINT8: return r->to_uint8;
        case SM_UINT16: return r->to_uint16;
        case SM_UINT32: return r->to_uint32;
        case SM_UINT64: return r->to_uint64;
        case SM_BOOL: return r->to_flag;
        case SM_COMPLEX64: return r->to_complex64;
        case SM_COMPLEX128: return r->to_complex128;
        default: return NULL;
        }
    }
    return NULL;
}

static cast_loop *cast_find_cut(sm_dtype from, sm_dtype to)
{
    if (from == SM_FLOAT && to == SM_HALF) return float_cut_to_half;
    if (from == SM_FLOAT && to == SM_BFLOAT16) return float_cut_to_bfloat16;
    if (from == SM_DOUBLE && to == SM_FLOAT) return double_cut_to_float;
    if (from == SM_DOUBLE && to == SM_HALF) return double_cut_to_half;
    if (from == SM_DOUBLE && to == SM_BFLOAT16) return double_cut_to_bfloat16;
    return NULL;
}

typedef struct cast_params {
    cast_loop *loop; /* NULL: the elements are copied as they are */
} cast_params;

static sm_status cast_prepare(call *c)
{
    sm_dtype     from = node_type(c->node, "SrcT"), to = node_type(c->node, "DstT");
    cast_params *p = call_params(c, sizeof *p);
    if (!p) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    if (from == to) return SM_OK;
    if (node_bool(c->node, "Truncate")) p->loop = cast_find_cut(from, to);
    if (!p->loop) p->loop = cast_find(from, to);
    if (!p->loop)
        return CALL_FAIL(c, SM_UNIMPLEMENTED, "Cast %s to %s is not supported", dtype_name(from), dtype_name(to));
    return SM_OK;
}

static sm_status cast_run(call *c)
{
    const cast_params *p = c->params;
    if (p->loop) return map_apply(c, p->loop, true, &c->in[0]->shape);
    return call_forward(c, 0, 0, &c->in[0]->shape);
}

static const kernel cast_kernels[] = { { .run = cast_run, .prepare = cast_prepare }, { 0 } };

const op_def cast_ops[] = {
    { "Cast", "x:SrcT -> y:DstT | SrcT: type, DstT: type, Truncate: bool = false", infer_same, cast_kernels, NULL,
      OP_ELEMENTWISE, "x as another type" },
    { 0 },
};
