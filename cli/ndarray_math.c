/* SPDX-License-Identifier: Apache-2.0 */
/* ndarray_math.c - numpy's promotion, broadcasting and arithmetic, one element at a time.
 *
 * A Python scalar is weak: it takes the array's type unless it is of a higher kind (int < float <
 * complex). Between arrays the table is numpy's: the smallest type that holds both. */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "ndarray.h"

/* -- Promotion ---------------------------------------------------------------------------------- */

static sm_dtype signed_of(size_t size)
{
    return size == 1 ? SM_INT8 : size == 2 ? SM_INT16 : size == 4 ? SM_INT32 : SM_INT64;
}

/* The float that holds every integer of `size` bytes and every value of f; complex likewise. */
static sm_dtype widen_float(sm_dtype f, size_t size)
{
    size_t need = size == 1 ? 2 : size == 2 ? 4 : 8, have = sm_dtype_size(f);
    if (ndarray_kind(f) == 'c') return need == 8 ? SM_COMPLEX128 : f;
    if (f == SM_BFLOAT16) return size == 1 ? SM_BFLOAT16 : SM_INVALID;
    need = have > need ? have : need;
    return need == 2 ? SM_HALF : need == 4 ? SM_FLOAT : SM_DOUBLE;
}

static int is_integer(sm_dtype t)
{
    return ndarray_kind(t) == 'i' || ndarray_kind(t) == 'u';
}

static sm_dtype promote_integers(sm_dtype a, sm_dtype b)
{
    size_t sa = sm_dtype_size(a), sb = sm_dtype_size(b);
    if (ndarray_kind(a) == ndarray_kind(b)) return sa >= sb ? a : b;
    size_t s = ndarray_kind(a) == 'i' ? sa : sb, u = ndarray_kind(a) == 'u' ? sa : sb;
    return s > u ? signed_of(s) : u == 8 ? SM_DOUBLE : signed_of(2 * u);
}

static sm_dtype promote_inexact(sm_dtype a, sm_dtype b)
{
    size_t sa = sm_dtype_size(a), sb = sm_dtype_size(b);
    int    wide = a == SM_COMPLEX128 || b == SM_COMPLEX128 || a == SM_DOUBLE || b == SM_DOUBLE;
    if (ndarray_kind(a) == 'c' || ndarray_kind(b) == 'c') return wide ? SM_COMPLEX128 : SM_COMPLEX64;
    if (sa == sb) return SM_FLOAT; /* half and bfloat16 */
    return sa > sb ? a : b;
}

static sm_dtype promote(sm_dtype a, sm_dtype b)
{
    char ka = ndarray_kind(a), kb = ndarray_kind(b);
    if (!ka || !kb) return SM_INVALID;
    if (a == b || kb == 'b') return a;
    if (ka == 'b') return b;
    if (is_integer(a) && is_integer(b)) return promote_integers(a, b);
    if (is_integer(a)) return widen_float(b, sm_dtype_size(a));
    if (is_integer(b)) return widen_float(a, sm_dtype_size(b));
    return promote_inexact(a, b);
}

/* The common type of array type t and a Python scalar. */
static sm_dtype promote_weak(sm_dtype t, const py *scalar)
{
    char k = ndarray_kind(t);
    if (scalar->kind == PY_BOOL) return t;
    if (scalar->kind == PY_INT) return k == 'b' ? SM_INT64 : t;
    if (scalar->kind == PY_FLOAT) return k == 'f' || k == 'c' ? t : SM_DOUBLE;
    return k == 'c' ? t : k == 'f' && t != SM_DOUBLE ? SM_COMPLEX64 : SM_COMPLEX128;
}

/* -- One element -------------------------------------------------------------------------------- */

static int64_t integer_power(int64_t base, int64_t exponent)
{
    uint64_t b = (uint64_t)base, r = 1;
    for (; exponent > 0; exponent >>= 1, b *= b)
        if (exponent & 1) r *= b;
    return (int64_t)r;
}

static int64_t signed_op(char op, int64_t a, int64_t b)
{
    int64_t q, r;
    switch (op) {
    case '+': return (int64_t)((uint64_t)a + (uint64_t)b);
    case '-': return (int64_t)((uint64_t)a - (uint64_t)b);
    case '*': return (int64_t)((uint64_t)a * (uint64_t)b);
    case 'p': return integer_power(a, b);
    default: break;
    }
    if (b == 0) return 0;
    if (b == -1) return op == 'f' ? (int64_t)(0 - (uint64_t)a) : 0;
    q = a / b, r = a % b;
    if (r && (r < 0) != (b < 0)) q--, r += b;
    return op == 'f' ? q : r;
}

static int64_t unsigned_op(char op, uint64_t a, uint64_t b)
{
    if (op != 'f' && op != '%') return signed_op(op, (int64_t)a, (int64_t)b);
    return b == 0 ? 0 : (int64_t)(op == 'f' ? a / b : a % b);
}

/* numpy's floor division and remainder of floats, in the type T. */
#define FLOOR_DIVIDE(name, T, fmod_, floor_, copysign_)   \
    static T name(T a, T b, int remainder)                \
    {                                                     \
        T mod = fmod_(a, b), div, whole;                  \
        if (b == 0) return remainder ? mod : a / b;       \
        div = (a - mod) / b;                              \
        if (mod != 0) {                                   \
            if ((b < 0) != (mod < 0)) mod += b, div -= 1; \
        } else {                                          \
            mod = copysign_(0, b);                        \
        }                                                 \
        if (remainder) return mod;                        \
        if (div == 0) return copysign_(0, a / b);         \
        whole = floor_(div);                              \
        return div - whole > (T)0.5 ? whole + 1 : whole;  \
    }

FLOOR_DIVIDE(floor_divide, double, fmod, floor, copysign)
FLOOR_DIVIDE(floor_divide_float, float, fmodf, floorf, copysignf)

static double real_op(char op, double a, double b)
{
    switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case 'p': return pow(a, b);
    default: return floor_divide(a, b, op == '%');
    }
}

static float float_op(char op, float a, float b)
{
    switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case 'p': return powf(a, b);
    default: return floor_divide_float(a, b, op == '%');
    }
}

/* A complex value from its two parts, which is how C lays it out; CMPLX is not everywhere. */
static float complex float_parts(const float v[2])
{
    float complex z;
    memcpy(&z, v, sizeof z);
    return z;
}

static double complex double_parts(const double v[2])
{
    double complex z;
    memcpy(&z, v, sizeof z);
    return z;
}

/* numpy's complex arithmetic in the real type T: Smith's division, small whole powers by squaring. */
#define COMPLEX_MATH(T, multiply, divide, power, parts, cpow_, creal_, cimag_, fabs_)      \
    static void multiply(const T a[2], const T b[2], T r[2])                               \
    {                                                                                      \
        T re = a[0] * b[0] - a[1] * b[1];                                                  \
        r[1] = a[0] * b[1] + a[1] * b[0];                                                  \
        r[0] = re;                                                                         \
    }                                                                                      \
    static void divide(const T a[2], const T b[2], T r[2])                                 \
    {                                                                                      \
        T re = a[0], im = a[1], ratio, scale;                                              \
        if (b[0] == 0 && b[1] == 0) {                                                      \
            r[0] = re / fabs_(b[0]), r[1] = im / fabs_(b[0]);                              \
        } else if (fabs_(b[0]) >= fabs_(b[1])) {                                           \
            ratio = b[1] / b[0], scale = 1 / (b[0] + b[1] * ratio);                        \
            r[0] = (re + im * ratio) * scale, r[1] = (im - re * ratio) * scale;            \
        } else {                                                                           \
            ratio = b[0] / b[1], scale = 1 / (b[1] + b[0] * ratio);                        \
            r[0] = (re * ratio + im) * scale, r[1] = (im * ratio - re) * scale;            \
        }                                                                                  \
    }                                                                                      \
    static void power(const T a[2], const T b[2], T r[2])                                  \
    {                                                                                      \
        T   base[2] = { a[0], a[1] }, one[2] = { 1, 0 };                                   \
        int n = fabs_(b[0]) < 100 ? (int)fabs_(b[0]) : -1;                                 \
        if (a[0] == 0 && a[1] == 0 && !(b[0] == 0 && b[1] == 0)) {                         \
            r[0] = r[1] = b[0] > 0 ? 0 : (T)NAN;                                           \
            return;                                                                        \
        }                                                                                  \
        if (b[1] != 0 || (T)n != fabs_(b[0])) {                                            \
            r[0] = creal_(cpow_(parts(a), parts(b)));                                      \
            r[1] = cimag_(cpow_(parts(a), parts(b)));                                      \
            return;                                                                        \
        }                                                                                  \
        r[0] = 1, r[1] = 0;                                                                \
        for (int bit = 1, first = n <= 3; bit <= n; bit <<= 1, multiply(base, base, base)) \
            if (n & bit && first)                                                          \
                r[0] = base[0], r[1] = base[1], first = 0;                                 \
            else if (n & bit)                                                              \
                multiply(r, base, r);                                                      \
        if (b[0] < 0) divide(one, r, r);                                                   \
    }

COMPLEX_MATH(float, multiply_float, divide_float, power_float, float_parts, cpowf, crealf, cimagf, fabsf)
COMPLEX_MATH(double, multiply_double, divide_double, power_double, double_parts, cpow, creal, cimag, fabs)

static cell complex_float(char op, cell x, cell y)
{
    float a[2] = { (float)x.re, (float)x.im }, b[2] = { (float)y.re, (float)y.im }, r[2];
    switch (op) {
    case '+': r[0] = a[0] + b[0], r[1] = a[1] + b[1]; break;
    case '-': r[0] = a[0] - b[0], r[1] = a[1] - b[1]; break;
    case '*': multiply_float(a, b, r); break;
    case '/': divide_float(a, b, r); break;
    default: power_float(a, b, r); break;
    }
    return (cell){ 'c', 0, (double)r[0], (double)r[1] };
}

static cell complex_double(char op, cell x, cell y)
{
    double a[2] = { x.re, x.im }, b[2] = { y.re, y.im }, r[2];
    switch (op) {
    case '+': r[0] = a[0] + b[0], r[1] = a[1] + b[1]; break;
    case '-': r[0] = a[0] - b[0], r[1] = a[1] - b[1]; break;
    case '*': multiply_double(a, b, r); break;
    case '/': divide_double(a, b, r); break;
    default: power_double(a, b, r); break;
    }
    return (cell){ 'c', 0, r[0], r[1] };
}

static cell element_op(char op, sm_dtype t, cell a, cell b)
{
    cell r = { ndarray_kind(t), 0, 0, 0 };
    switch (r.kind) {
    case 'b': r.i = op == '*' ? a.i && b.i : a.i || b.i; break;
    case 'i': r.i = signed_op(op, a.i, b.i); break;
    case 'u': r.i = unsigned_op(op, (uint64_t)a.i, (uint64_t)b.i); break;
    case 'c': return t == SM_COMPLEX64 ? complex_float(op, a, b) : complex_double(op, a, b);
    default: r.re = t == SM_DOUBLE ? real_op(op, a.re, b.re) : (double)float_op(op, (float)a.re, (float)b.re); break;
    }
    return r;
}

/* -- Arrays -------------------------------------------------------------------------------------- */

static int weak(const py *v)
{
    return v->kind == PY_BOOL || v->kind == PY_INT || v->kind == PY_FLOAT || v->kind == PY_COMPLEX;
}

static const char *op_text(char op)
{
    return op == 'f'   ? "//"
           : op == 'p' ? "**"
           : op == '+' ? "+"
           : op == '-' ? "-"
           : op == '*' ? "*"
           : op == '/' ? "/"
                       : "%";
}

static sm_status weak_fits(const py *v, sm_dtype t, sm_error *err)
{
    char   k = ndarray_kind(t);
    size_t bits = 8 * sm_dtype_size(t) - (k == 'i');
    if (v->kind != PY_INT || (k != 'i' && k != 'u')) return SM_OK;
    uint64_t most = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    if (v->huge || (v->negative ? k == 'u' || v->magnitude > most + 1 : v->magnitude > most))
        return py_fail(err, SM_INVALID_ARGUMENT, "OverflowError", "Python integer %s out of bounds for %s",
                       py_repr_text(v), sm_dtype_name(t));
    return SM_OK;
}

static sm_status promote_operands(char op, const py *a, const py *b, sm_dtype *t, sm_error *err)
{
    const py *array = weak(a) ? b : a, *scalar = weak(a) ? a : b;
    if (!weak(a) && !weak(b)) {
        *t = promote(sm_tensor_dtype(a->tensor), sm_tensor_dtype(b->tensor));
        return SM_OK;
    }
    *t = sm_tensor_dtype(array->tensor);
    *t = ndarray_castable(*t) ? promote_weak(*t, scalar) : SM_INVALID;
    if (*t == SM_INVALID || op == '/') return SM_OK; /* division computes in double, where every integer fits */
    return weak_fits(scalar, *t, err);
}

/* The type in which an operator computes. */
static sm_status common_type(char op, const py *a, const py *b, sm_dtype *t, sm_error *err)
{
    sm_status s = promote_operands(op, a, b, t, err);
    if (s != SM_OK) return s;
    if (*t == SM_INVALID || (ndarray_kind(*t) == 'c' && (op == 'f' || op == '%')))
        return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "the operator %s does not take %s and %s", op_text(op),
                       weak(a) ? py_type_name(a) : sm_dtype_name(sm_tensor_dtype(a->tensor)),
                       weak(b) ? py_type_name(b) : sm_dtype_name(sm_tensor_dtype(b->tensor)));
    if (*t == SM_BOOL && op == '-')
        return py_fail(err, SM_INVALID_ARGUMENT, "TypeError",
                       "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` "
                       "operator, or the logical_xor function instead.");
    if (*t == SM_BOOL && op != '+' && op != '*') *t = SM_INT8;
    if (op == '/' && (is_integer(*t) || *t == SM_BOOL)) *t = SM_DOUBLE;
    return SM_OK;
}

typedef struct broadcast {
    int     rank;
    int64_t dims[PY_MAX_RANK];
    size_t  step_a[PY_MAX_RANK], step_b[PY_MAX_RANK];
} broadcast;

static void steps_of(const sm_tensor *t, int rank, size_t steps[PY_MAX_RANK])
{
    size_t step = 1;
    int    own = sm_tensor_rank(t);
    for (int i = rank - 1; i >= 0; i--) {
        int64_t n = i >= rank - own ? sm_tensor_dim(t, i - (rank - own)) : 1;
        steps[i] = n == 1 ? 0 : step;
        step *= (size_t)n;
    }
}

static sm_status broadcast_of(const sm_tensor *a, const sm_tensor *b, broadcast *o, sm_error *err)
{
    int ra = sm_tensor_rank(a), rb = sm_tensor_rank(b);
    o->rank = ra > rb ? ra : rb;
    for (int i = 0; i < o->rank; i++) {
        int64_t x = i < o->rank - ra ? 1 : sm_tensor_dim(a, i - (o->rank - ra));
        int64_t y = i < o->rank - rb ? 1 : sm_tensor_dim(b, i - (o->rank - rb));
        if (x != y && x != 1 && y != 1)
            return py_fail(err, SM_INVALID_ARGUMENT, "ValueError",
                           "operands could not be broadcast together with shapes %s %s",
                           ndarray_shape_text(ra, sm_tensor_dims(a)), ndarray_shape_text(rb, sm_tensor_dims(b)));
        o->dims[i] = x == 1 ? y : x;
    }
    steps_of(a, o->rank, o->step_a);
    steps_of(b, o->rank, o->step_b);
    return SM_OK;
}

static sm_status typed_operand(const py *v, sm_dtype t, const py **out, sm_error *err)
{
    sm_tensor *scalar;
    sm_status  s;
    cell       c = { 'f', 0, 0, 0 };
    if (!weak(v)) return ndarray_astype(v, t, out, err);
    s = ndarray_new(t, 0, NULL, &scalar, err);
    if (s != SM_OK) return s;
    *out = py_array(scalar, 0, 1);
    if (v->kind == PY_INT || v->kind == PY_BOOL) {
        c.kind = v->negative ? 'i' : 'u';
        c.i = (int64_t)(v->negative ? 0 - v->magnitude : v->magnitude);
        c.re = py_double(v);
        c.kind = v->huge ? 'f' : c.kind;
    } else {
        c.kind = v->kind == PY_COMPLEX ? 'c' : 'f';
        c.re = v->real, c.im = v->imaginary;
    }
    ndarray_store(t, sm_tensor_mutable_data(scalar), 0, c);
    return SM_OK;
}

static int has_negative(const sm_tensor *t)
{
    for (size_t i = 0; i < sm_tensor_count(t); i++)
        if (ndarray_load(sm_tensor_dtype(t), sm_tensor_data(t), i).i < 0) return 1;
    return 0;
}

static void apply(char op, sm_dtype t, const broadcast *o, const sm_tensor *a, const sm_tensor *b, sm_tensor *out)
{
    int64_t index[PY_MAX_RANK] = { 0 };
    size_t  ia = 0, ib = 0;
    void   *data = sm_tensor_mutable_data(out);
    for (size_t i = 0; i < sm_tensor_count(out); i++) {
        ndarray_store(t, data, i,
                      element_op(op, t, ndarray_load(t, sm_tensor_data(a), ia), ndarray_load(t, sm_tensor_data(b), ib)));
        for (int d = o->rank - 1; d >= 0; d--) {
            ia += o->step_a[d], ib += o->step_b[d];
            if (++index[d] < o->dims[d]) break;
            ia -= o->step_a[d] * (size_t)o->dims[d], ib -= o->step_b[d] * (size_t)o->dims[d];
            index[d] = 0;
        }
    }
}

sm_status ndarray_binary(char op, const py *a, const py *b, const py **out, sm_error *err)
{
    sm_dtype   t;
    broadcast  o;
    sm_tensor *result;
    int        scalar = (weak(a) || a->scalar) && (weak(b) || b->scalar);
    sm_status  s;
    if (!weak(a) && (s = ndarray_from(a, &a, err)) != SM_OK) return s;
    if (!weak(b) && (s = ndarray_from(b, &b, err)) != SM_OK) return s;
    if (a->kind == PY_OBJECTS || b->kind == PY_OBJECTS)
        return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "arithmetic with arrays of objects is not supported");
    if ((s = common_type(op, a, b, &t, err)) != SM_OK || (s = typed_operand(a, t, &a, err)) != SM_OK ||
        (s = typed_operand(b, t, &b, err)) != SM_OK || (s = broadcast_of(a->tensor, b->tensor, &o, err)) != SM_OK)
        return s;
    if (op == 'p' && ndarray_kind(t) == 'i' && has_negative(b->tensor))
        return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "Integers to negative integer powers are not allowed.");
    if ((s = ndarray_new(t, o.rank, o.dims, &result, err)) != SM_OK) return s;
    *out = py_array(result, 0, scalar);
    apply(op, t, &o, a->tensor, b->tensor, result);
    return SM_OK;
}

sm_status ndarray_negative(const py *a, const py **out, sm_error *err)
{
    sm_dtype   t = sm_tensor_dtype(a->tensor);
    sm_tensor *result;
    sm_status  s;
    if (!ndarray_castable(t) || t == SM_BOOL)
        return py_fail(
            err, SM_INVALID_ARGUMENT, "TypeError",
            t == SM_BOOL
                ? "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the "
                  "logical_not function instead."
                : "the operator - does not take %s",
            sm_dtype_name(t));
    if ((s = ndarray_new(t, sm_tensor_rank(a->tensor), sm_tensor_dims(a->tensor), &result, err)) != SM_OK) return s;
    *out = py_array(result, 0, a->scalar);
    for (size_t i = 0; i < sm_tensor_count(result); i++) {
        cell c = ndarray_load(t, sm_tensor_data(a->tensor), i);
        c.i = (int64_t)(0 - (uint64_t)c.i);
        c.re = -c.re, c.im = -c.im;
        ndarray_store(t, sm_tensor_mutable_data(result), i, c);
    }
    return SM_OK;
}
