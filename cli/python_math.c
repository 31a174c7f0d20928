/* SPDX-License-Identifier: Apache-2.0 */
/* python_math.c - arithmetic of Python's own values.
 *
 * Integers are exact within 64 bits and their sign; a result that leaves that range is an error
 * rather than an approximation. Sequences repeat ([0] * 784) within KEEP_LIMIT. */
#include "python_math.h"

#include <complex.h>
#include <math.h>
#include <string.h>

#include "ndarray.h"

static const char *python_op_text(char op)
{
    switch (op) {
    case 'f': return "//";
    case 'p': return "** or pow()";
    case '+': return "+";
    case '-': return "-";
    case '*': return "*";
    case '/': return "/";
    default: return "%";
    }
}

static sm_status unsupported(char op, const py *a, const py *b, sm_error *err)
{
    return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'",
                   python_op_text(op), py_type_name(a), py_type_name(b));
}

static sm_status by_zero(const char *what, sm_error *err)
{
    return py_fail(err, SM_INVALID_ARGUMENT, "ZeroDivisionError", "%s by zero", what);
}

/* -- Integers ------------------------------------------------------------------------------------ */

typedef __int128 wide;

static wide wide_of(const py *v)
{
    return v->negative ? -(wide)v->magnitude : (wide)v->magnitude;
}

static sm_status from_wide(wide v, const py **out, sm_error *err)
{
    wide most = (wide)UINT64_MAX;
    if (v > most || v < -most)
        return py_fail(err, SM_OUT_OF_RANGE, "OverflowError", "an integer of the expression does not fit 64 bits");
    *out = py_uint((uint64_t)(v < 0 ? -v : v), v < 0);
    return SM_OK;
}

static sm_status whole_power(wide a, wide n, const py **out, sm_error *err)
{
    wide r = 1, limit = (wide)1 << 63;
    for (; n > 0; n--) {
        if (a == 0 || a == 1) return from_wide(a, out, err);
        r *= a;
        if (r > 2 * limit || r < -2 * limit) return from_wide(4 * limit, out, err);
        if (a == -1) n = n % 2 ? 1 : 2;
    }
    return from_wide(r, out, err);
}

static sm_status integer_math(char op, const py *a, const py *b, const py **out, sm_error *err)
{
    wide x = wide_of(a), y = wide_of(b), q, r;
    switch (op) {
    case '+': return from_wide(x + y, out, err);
    case '-': return from_wide(x - y, out, err);
    case '*':
        if (x && y && (x > 0 ? x : -x) > ((wide)1 << 100) / (y > 0 ? y : -y))
            return from_wide((wide)1 << 100, out, err);
        return from_wide(x * y, out, err);
    case '/':
        if (y == 0) return by_zero("division", err);
        *out = py_float(py_double(a) / py_double(b));
        return SM_OK;
    case 'p':
        if (y >= 0) return whole_power(x, y, out, err);
        if (x == 0)
            return py_fail(err, SM_INVALID_ARGUMENT, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
        *out = py_float(pow(py_double(a), py_double(b)));
        return SM_OK;
    default: break;
    }
    if (y == 0) return by_zero("integer division or modulo", err);
    q = x / y, r = x % y;
    if (r && (r < 0) != (y < 0)) q--, r += y;
    return from_wide(op == 'f' ? q : r, out, err);
}

/* -- Floats and complex ---------------------------------------------------------------------------- */

static sm_status float_math(char op, double x, double y, const py **out, sm_error *err)
{
    double mod, div, whole;
    switch (op) {
    case '+': *out = py_float(x + y); return SM_OK;
    case '-': *out = py_float(x - y); return SM_OK;
    case '*': *out = py_float(x * y); return SM_OK;
    case 'p':
        if (x == 0 && y < 0)
            return py_fail(err, SM_INVALID_ARGUMENT, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
        *out = x < 0 && isfinite(y) && y != floor(y) ? py_complex(creal(cpow(x, y)), cimag(cpow(x, y)))
                                                     : py_float(pow(x, y));
        return SM_OK;
    default: break;
    }
    if (y == 0) return by_zero(op == '/' ? "float division" : op == 'f' ? "float floor division" : "float modulo", err);
    if (op == '/') {
        *out = py_float(x / y);
        return SM_OK;
    }
    mod = fmod(x, y), div = (x - mod) / y;
    if (mod != 0 && (y < 0) != (mod < 0))
        mod += y, div -= 1;
    else if (mod == 0)
        mod = copysign(0, y);
    whole = div == 0 ? copysign(0, x / y) : floor(div);
    if (div != 0 && div - whole > 0.5) whole += 1;
    *out = py_float(op == 'f' ? whole : mod);
    return SM_OK;
}

static double complex complex_of(double re, double im) /* CMPLX is not everywhere */
{
    double         parts[2] = { re, im };
    double complex z;
    memcpy(&z, parts, sizeof z);
    return z;
}

/* Python computes powers through polar coordinates. */
static double complex polar_power(double complex x, double complex y)
{
    double size = hypot(creal(x), cimag(x)), angle = atan2(cimag(x), creal(x));
    double length = pow(size, creal(y)), phase = angle * creal(y);
    if (cimag(y) != 0) {
        length /= exp(angle * cimag(y));
        phase += cimag(y) * log(size);
    }
    return complex_of(length * cos(phase), length * sin(phase));
}

static double complex complex_power(double complex x, double complex y)
{
    double complex z = 1;
    if (cimag(y) != 0 || creal(y) != floor(creal(y)) || fabs(creal(y)) > 100) return polar_power(x, y);
    for (int n = (int)fabs(creal(y)); n; n >>= 1, x *= x) z = n & 1 ? z * x : z;
    return creal(y) < 0 ? 1 / z : z;
}

/* a + sign * b; a real operand has no imaginary zero to flip signs with. */
static double complex complex_sum(const py *a, const py *b, double sign)
{
    double re = py_double(a) + sign * py_double(b);
    if (b->kind != PY_COMPLEX) return complex_of(re, a->imaginary);
    if (a->kind != PY_COMPLEX) return complex_of(re, sign * b->imaginary);
    return complex_of(re, a->imaginary + sign * b->imaginary);
}

static sm_status complex_math(char op, const py *a, const py *b, const py **out, sm_error *err)
{
    double complex x = complex_of(py_double(a), a->imaginary), y = complex_of(py_double(b), b->imaginary), z;
    if (op == 'f' || op == '%') return unsupported(op, a, b, err);
    if (op == '/' && y == 0) return by_zero("complex division", err);
    if (op == 'p' && x == 0 && (cimag(y) != 0 || creal(y) < 0))
        return py_fail(err, SM_INVALID_ARGUMENT, "ZeroDivisionError", "0.0 to a negative or complex power");
    switch (op) {
    case '+':
    case '-': z = complex_sum(a, b, op == '-' ? -1 : 1); break;
    case '*': z = x * y; break;
    case '/': z = x / y; break;
    default: z = complex_power(x, y); break;
    }
    *out = py_complex(creal(z), cimag(z));
    return SM_OK;
}

/* -- Strings and sequences ---------------------------------------------------------------------------- */

static sm_status repeat(const py *v, const py *count, const py **out, sm_error *err)
{
    int64_t n;
    textbuf b = { 0 };
    int     text = v->kind == PY_STR || v->kind == PY_BYTES;
    size_t  each = text ? 1 : sizeof(void *);
    if (!py_int64(count, &n)) return unsupported('*', v, count, err);
    if (n < 0 || v->length == 0) n = 0;
    if (v->length && (uint64_t)n > KEEP_LIMIT / 256 / v->length)
        return py_fail(err, SM_RESOURCE_EXHAUSTED, "MemoryError", "the input has too many elements");
    for (int64_t i = 0; i < n; i++) textbuf_add(&b, text ? v->bytes : (const char *)v->items, v->length * each);
    if (text) {
        *out = py_string(v->kind, textbuf_string(&b), b.length);
    } else {
        const py **items = keep_array(b.length / each + 1, each);
        memcpy(items, textbuf_string(&b), b.length);
        *out = py_sequence(v->kind, items, b.length / each);
    }
    textbuf_clear(&b);
    return SM_OK;
}

static sm_status join(const py *a, const py *b, const py **out)
{
    size_t n = a->length + b->length;
    if (a->kind == PY_STR || a->kind == PY_BYTES) {
        char *bytes = keep(n + 1);
        memcpy(bytes, a->bytes, a->length);
        memcpy(bytes + a->length, b->bytes, b->length);
        *out = py_string(a->kind, bytes, n);
        return SM_OK;
    }
    const py **items = keep_array(n + 1, sizeof *items);
    memcpy(items, a->items, a->length * sizeof *items);
    memcpy(items + a->length, b->items, b->length * sizeof *items);
    *out = py_sequence(a->kind, items, n);
    return SM_OK;
}

static int repeatable(const py *v)
{
    return v->kind == PY_STR || v->kind == PY_BYTES || v->kind == PY_LIST || v->kind == PY_TUPLE;
}

sm_status python_math_binary(char op, const py *a, const py *b, const py **out, sm_error *err)
{
    if (a->kind == PY_ARRAY || b->kind == PY_ARRAY || a->kind == PY_OBJECTS || b->kind == PY_OBJECTS) {
        const py *other = a->kind == PY_ARRAY ? b : a;
        if (!py_is_number(other) && !py_is_sequence(other) && other->kind != PY_ARRAY)
            return unsupported(op, a, b, err);
        return ndarray_binary(op, a, b, out, err);
    }
    if (op == '*' && repeatable(a)) return repeat(a, b, out, err);
    if (op == '*' && repeatable(b)) return repeat(b, a, out, err);
    if (op == '+' && repeatable(a) && a->kind == b->kind) return join(a, b, out);
    if (!py_is_number(a) || !py_is_number(b)) return unsupported(op, a, b, err);
    if (a->kind == PY_COMPLEX || b->kind == PY_COMPLEX) return complex_math(op, a, b, out, err);
    if (a->kind == PY_FLOAT || b->kind == PY_FLOAT) return float_math(op, py_double(a), py_double(b), out, err);
    if (a->huge || b->huge)
        return py_fail(err, SM_OUT_OF_RANGE, "OverflowError", "an integer of the expression does not fit 64 bits");
    return integer_math(op, a, b, out, err);
}

sm_status python_math_unary(char op, const py *a, const py **out, sm_error *err)
{
    if (a->kind == PY_ARRAY) {
        *out = a;
        return op == '+' ? SM_OK : ndarray_negative(a, out, err);
    }
    if (!py_is_number(a))
        return py_fail(err, SM_INVALID_ARGUMENT, "TypeError", "bad operand type for unary %c: '%s'", op, py_type_name(a));
    int flip = op == '-';
    if (a->kind == PY_FLOAT)
        *out = py_float(flip ? -a->real : a->real);
    else if (a->kind == PY_COMPLEX)
        *out = py_complex(flip ? -a->real : a->real, flip ? -a->imaginary : a->imaginary);
    else if (a->huge)
        *out = py_huge(flip ? -a->real : a->real);
    else
        *out = py_uint(a->magnitude, flip ? !a->negative : a->negative);
    return SM_OK;
}
