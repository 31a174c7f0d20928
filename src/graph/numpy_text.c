/* SPDX-License-Identifier: Apache-2.0 */
/* graph/numpy_text.c - a tensor as numpy's str(array) and repr(array) print it.
 *
 * As in numpy, one pass over the elements that will be seen settles a column format (how wide, how
 * many digits, exponents or not), a second pass prints and breaks lines. What surprises: the
 * switch to exponents compares in the array's own type, so 0.0001 is "too small" as a float32 and
 * not as a float16; the bound for large values is 1000, 1e6 or 1e8 by type; non-finite values widen
 * the column but do not choose the format; bfloat16 and the 8-bit floats are not padded at all. */
#include "graph/numpy_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal_text.h"

enum { LINE_WIDTH = 75, THRESHOLD = 1000, EDGE = 3, PRECISION = 8, MAX_RANK = 32 };

/* The column format of real numbers: one for a real array, two for a complex one. */
typedef struct float_format {
    float_kind kind;
    int        plus; /* print the sign of positive values too       */
    int        exponents;
    int        digits;      /* exponents: digits after the point           */
    int        left, right; /* columns before and after the point          */
    int        exponent_digits;
} float_format;

typedef struct printer {
    const tensor  *t;
    const char    *data;
    sm_dtype       type;
    int            rank, summary;
    const int64_t *dims;
    float_format   real, imaginary;
    int            integer_width;
    str           *out;
    str            line, word;
    const char    *separator; /* " " of str(), ", " of repr() */
} printer;

/* -- Reading elements ------------------------------------------------------------------------ */

#define LOAD(type, p, i) (((const type *)(const void *)(p))[i])

/* clang-format off */
static int64_t integer_at(sm_dtype type, const char *data, size_t i)
{
    switch (type) {
    case SM_INT8: case SM_QINT8: return LOAD(int8_t, data, i);
    case SM_UINT8: case SM_QUINT8: case SM_BOOL: return LOAD(uint8_t, data, i);
    case SM_INT16: case SM_QINT16: return LOAD(int16_t, data, i);
    case SM_UINT16: case SM_QUINT16: return LOAD(uint16_t, data, i);
    case SM_INT32: case SM_QINT32: return LOAD(int32_t, data, i);
    case SM_UINT32: return LOAD(uint32_t, data, i);
    case SM_INT4: return (LOAD(uint8_t, data, i) & 15) - (LOAD(uint8_t, data, i) & 8 ? 16 : 0);
    case SM_UINT4: return LOAD(uint8_t, data, i) & 15;
    case SM_INT2: return (LOAD(uint8_t, data, i) & 3) - (LOAD(uint8_t, data, i) & 2 ? 4 : 0);
    case SM_UINT2: return LOAD(uint8_t, data, i) & 3;
    default: return LOAD(int64_t, data, i);      /* INT64, and the bits of UINT64 */
    }
}
/* clang-format on */

/* clang-format off */
static double real_at(sm_dtype type, const char *data, size_t i, int imaginary)
{
    switch (type) {
    case SM_HALF: return (double)half_to_float(LOAD(uint16_t, data, i));
    case SM_BFLOAT16: return (double)bfloat16_to_float(LOAD(uint16_t, data, i));
    case SM_FLOAT: return (double)LOAD(float, data, i);
    case SM_DOUBLE: return LOAD(double, data, i);
    case SM_COMPLEX64: return (double)LOAD(float, data, 2 * i + (size_t)imaginary);
    case SM_COMPLEX128: return LOAD(double, data, 2 * i + (size_t)imaginary);
    case SM_FLOAT8_E5M2: case SM_FLOAT8_E4M3FN: case SM_FLOAT8_E4M3FNUZ: case SM_FLOAT8_E4M3B11FNUZ:
    case SM_FLOAT8_E5M2FNUZ: case SM_FLOAT4_E2M1FN: return (double)float8_to_float(type, LOAD(uint8_t, data, i));
    default: return (double)integer_at(type, data, i);
    }
}
/* clang-format on */

typedef enum print_class { AS_BOOL, AS_INTEGER, AS_REAL, AS_COMPLEX, AS_NARROW, AS_STRING, AS_HANDLE } print_class;

/* clang-format off */
static print_class class_of(sm_dtype type)
{
    switch (type) {
    case SM_BOOL: return AS_BOOL;
    case SM_HALF: case SM_FLOAT: case SM_DOUBLE: return AS_REAL;
    case SM_COMPLEX64: case SM_COMPLEX128: return AS_COMPLEX;
    case SM_STRING: return AS_STRING;
    case SM_RESOURCE: case SM_VARIANT: return AS_HANDLE;
    case SM_BFLOAT16: case SM_FLOAT8_E5M2: case SM_FLOAT8_E4M3FN: case SM_FLOAT8_E4M3FNUZ:
    case SM_FLOAT8_E4M3B11FNUZ: case SM_FLOAT8_E5M2FNUZ: case SM_FLOAT4_E2M1FN:
    case SM_INT4: case SM_UINT4: case SM_INT2: case SM_UINT2: return AS_NARROW;
    default: return AS_INTEGER;
    }
}
/* clang-format on */

static float_kind kind_of(sm_dtype type)
{
    return type == SM_HALF ? FLOAT_HALF : type == SM_FLOAT || type == SM_COMPLEX64 ? FLOAT_SINGLE : FLOAT_DOUBLE;
}

static int quantised(sm_dtype type)
{
    return type == SM_QINT8 || type == SM_QUINT8 || type == SM_QINT16 || type == SM_QUINT16 || type == SM_QINT32;
}

/* -- Which elements are seen ------------------------------------------------------------------ */

/* Calls visit for every element that is printed: the corners when summarising. */
static void each_seen(printer *p, int axis, size_t base, void (*visit)(printer *p, size_t i, void *context), void *context)
{
    if (axis == p->rank) {
        visit(p, base, context);
        return;
    }
    int64_t n = p->dims[axis];
    int     cut = p->summary && n > 2 * EDGE;
    for (int64_t k = 0; k < n; k++) {
        if (cut && k == EDGE) k = n - EDGE;
        each_seen(p, axis + 1, base * (size_t)n + (size_t)k, visit, context);
    }
}

/* -- Settling the column format ---------------------------------------------------------------- */

typedef struct float_survey {
    float_format *f;
    int           imaginary;
    size_t        seen, finite, negative_infinity;
    double        smallest, largest; /* absolute values of what is finite and not 0 */
} float_survey;

static void survey_value(printer *p, size_t i, void *context)
{
    float_survey *s = context;
    double        v = real_at(p->type, p->data, i, s->imaginary);
    s->seen++;
    s->negative_infinity += isinf(v) && v < 0;
    if (isnan(v) || isinf(v)) return;
    s->finite++;
    v = fabs(v);
    if (v == 0) return;
    s->largest = v > s->largest ? v : s->largest;
    s->smallest = s->smallest == 0 || v < s->smallest ? v : s->smallest;
}

/* numpy's three questions, in the arithmetic of the array's type. */
static int wants_exponents(const float_survey *s)
{
    static const double too_large[] = { 1e3, 1e6, 1e8 };
    double              ratio = s->largest / s->smallest, tiny = 0.0001;
    if (s->largest == 0) return 0;
    if (s->f->kind == FLOAT_SINGLE) {
        ratio = (double)((float)s->largest / (float)s->smallest);
        tiny = (double)(float)tiny;
    } else if (s->f->kind == FLOAT_HALF) {
        ratio = (double)half_to_float(double_to_half(ratio));
        tiny = (double)half_to_float(double_to_half(tiny));
    }
    return s->largest >= too_large[s->f->kind] || s->smallest < tiny || ratio > 1000;
}

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

static void measure_value(printer *p, size_t i, void *context)
{
    float_survey *s = context;
    float_format *f = s->f;
    double        v = real_at(p->type, p->data, i, s->imaginary);
    int           sign = f->plus || signbit(v);
    decimal       d;
    if (isnan(v) || isinf(v)) return;
    if (f->exponents) {
        decimal_digits(v, f->kind, PRECISION + 1, 0, &d);
        f->digits = at_least(f->digits, d.count - 1);
        f->left = at_least(f->left, 1 + sign);
        f->exponent_digits = at_least(f->exponent_digits, abs(d.exponent) >= 100 ? 3 : 2);
    } else {
        decimal_digits_fraction(v, f->kind, PRECISION, &d);
        f->left = at_least(f->left, sign + at_least(1, d.exponent + 1));
        f->right = at_least(f->right, d.count == 1 && d.digits[0] == '0' ? 0 : d.count - 1 - d.exponent);
    }
}

static void settle_float(printer *p, float_format *f, int imaginary)
{
    float_survey s = { .f = f, .imaginary = imaginary };
    f->kind = kind_of(p->type);
    f->plus = imaginary;
    each_seen(p, 0, 0, survey_value, &s);
    f->exponents = wants_exponents(&s);
    each_seen(p, 0, 0, measure_value, &s);
    if (f->exponents) f->right = f->exponent_digits + 2 + f->digits;
    if (s.seen != s.finite) {
        int minus = f->plus || s.negative_infinity;
        f->left = at_least(f->left, 3 - (f->right + 1));
        f->left = at_least(f->left, 3 + minus - (f->right + 1));
    }
}

static int integer_text(const printer *p, size_t i, char text[24])
{
    return p->type == SM_UINT64 ? snprintf(text, 24, "%llu", (unsigned long long)LOAD(uint64_t, p->data, i))
                                : snprintf(text, 24, "%lld", (long long)integer_at(p->type, p->data, i));
}

static void measure_integer(printer *p, size_t i, void *context)
{
    char text[24];
    (void)context;
    p->integer_width = at_least(p->integer_width, integer_text(p, i, text));
}

/* -- One element ------------------------------------------------------------------------------- */

static void put_float(str *b, const float_format *f, double v)
{
    char    text[64];
    str     number = { 0 };
    decimal d;
    int     n;
    if (isnan(v) || isinf(v)) {
        n = snprintf(text, sizeof text, "%s%s",
                     isnan(v)  ? (f->plus ? "+" : "")
                     : v < 0   ? "-"
                     : f->plus ? "+"
                               : "",
                     isnan(v) ? "nan" : "inf");
        str_pad(b, ' ', (size_t)at_least(0, f->left + f->right + 1 - n));
        str_add(b, slice_make(text, (size_t)n));
        return;
    }
    int sign = f->plus || signbit(v);
    if (sign) str_addc(&number, signbit(v) ? '-' : '+');
    if (f->exponents) {
        decimal_digits(v, f->kind, f->digits + 1, f->digits + 1, &d);
        str_pad(b, ' ', (size_t)at_least(0, f->left - 1 - sign));
        str_addf(&number, "%c.%s", d.digits[0], d.digits + 1);
        str_pad(&number, '0', (size_t)at_least(0, f->digits + 1 - d.count));
        str_addf(&number, "e%c%0*d", d.exponent < 0 ? '-' : '+', f->exponent_digits, abs(d.exponent));
    } else {
        decimal_digits_fraction(v, f->kind, PRECISION, &d);
        str_pad(b, ' ', (size_t)at_least(0, f->left - sign - at_least(1, d.exponent + 1)));
        size_t before = number.len;
        decimal_positional(&number, fabs(v), &d, 1);
        if (number.failed) b->failed = true;
        if (number.failed) return;
        if (!memchr(number.ptr + before, '.', number.len - before)) str_addc(&number, '.');
        size_t after = number.len - (size_t)(strchr(number.ptr, '.') - number.ptr) - 1;
        str_pad(&number, ' ', (size_t)at_least(0, f->right - (int)after));
    }
    str_add(b, str_slice(&number));
    str_clear(&number);
}

void numpy_text_bytes(str *b, slice s)
{
    const char *bytes = s.ptr;
    size_t      n = s.len;
    char        quote = n && memchr(bytes, '\'', n) && !memchr(bytes, '"', n) ? '"' : '\'';
    str_addc(b, 'b');
    str_addc(b, quote);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\t')
            str_addz(b, "\\t");
        else if (c == '\n')
            str_addz(b, "\\n");
        else if (c == '\r')
            str_addz(b, "\\r");
        else if (c < 32 || c > 126)
            str_addf(b, "\\x%02x", c);
        else if (c == (unsigned char)quote || c == '\\')
            str_addf(b, "\\%c", c);
        else
            str_addc(b, (char)c);
    }
    str_addc(b, quote);
}

/* ml_dtypes prints narrow floats as a C++ stream prints a float: %g. */
static void put_narrow(const printer *p, str *b, size_t i)
{
    char text[24];
    if (dtype_size(p->type) == 1 &&
        (p->type == SM_INT4 || p->type == SM_UINT4 || p->type == SM_INT2 || p->type == SM_UINT2)) {
        integer_text(p, i, text);
        str_addz(b, text);
        return;
    }
    double v = real_at(p->type, p->data, i, 0);
    if (isnan(v))
        str_addz(b, "nan");
    else
        str_addf(b, "%g", v);
}

static void put_element(printer *p, str *b, size_t i)
{
    char   text[24];
    size_t n;
    switch (class_of(p->type)) {
    case AS_BOOL: str_addz(b, LOAD(uint8_t, p->data, i) ? " True" : "False"); break;
    case AS_INTEGER:
        integer_text(p, i, text);
        str_addf(b, quantised(p->type) ? "(%*s,)" : "%*s", p->integer_width, text);
        break;
    case AS_REAL: put_float(b, &p->real, real_at(p->type, p->data, i, 0)); break;
    case AS_COMPLEX:
        put_float(b, &p->real, real_at(p->type, p->data, i, 0));
        put_float(b, &p->imaginary, real_at(p->type, p->data, i, 1));
        if (b->failed) break;
        for (n = b->len; n && b->ptr[n - 1] == ' '; n--)
            ;
        str_addc(b, 'j'); /* the j comes before the padding */
        memmove(b->ptr + n + 1, b->ptr + n, b->len - n - 1);
        b->ptr[n] = 'j';
        break;
    case AS_NARROW: put_narrow(p, b, i); break;
    case AS_STRING: {
        numpy_text_bytes(b, tensor_text(p->t, i));
        break;
    }
    case AS_HANDLE: str_addf(b, "<%s>", dtype_name(p->type)); break;
    }
}

/* -- Scalars ------------------------------------------------------------------------------------ */

static void put_complex_scalar(str *b, double re, double im, float_kind kind)
{
    if (re == 0 && !signbit(re)) {
        decimal_numpy_scalar(b, im, kind, 1);
        str_addc(b, 'j');
        return;
    }
    str_addc(b, '(');
    decimal_numpy_scalar(b, re, kind, 1);
    if (isnan(im) || !signbit(im)) str_addc(b, '+');
    decimal_numpy_scalar(b, im, kind, 1);
    str_addz(b, "j)");
}

static void put_scalar(printer *p, str *b)
{
    float_kind kind = kind_of(p->type);
    switch (class_of(p->type)) {
    case AS_BOOL: str_addz(b, LOAD(uint8_t, p->data, 0) ? "True" : "False"); break;
    case AS_REAL: decimal_numpy_scalar(b, real_at(p->type, p->data, 0, 0), kind, 0); break;
    case AS_COMPLEX:
        put_complex_scalar(b, real_at(p->type, p->data, 0, 0), real_at(p->type, p->data, 0, 1), kind);
        break;
    default: put_element(p, b, 0); break;
    }
}

/* -- Lines ---------------------------------------------------------------------------------------- */

static void line_out(printer *p)
{
    size_t n = p->line.len;
    while (n && p->line.ptr[n - 1] == ' ') n--;
    str_add(p->out, slice_make(p->line.ptr, n));
    str_addc(p->out, '\n');
}

/* Appends a word to the line; breaks first when it would pass `width`, unless that cannot help. */
static void put_word(printer *p, slice word, int indent, int width)
{
    if (p->line.len + word.len > (size_t)width && p->line.len > (size_t)indent) {
        line_out(p);
        p->line.len = 0;
        str_pad(&p->line, ' ', (size_t)indent);
    }
    str_add(&p->line, word);
}

/* A row of the last axis. The line starts with the brackets that are already open. */
static void put_row(printer *p, size_t base, int64_t n, int indent, int width)
{
    int cut = p->summary && n > 2 * EDGE;
    p->line.len = 0;
    str_pad(&p->line, ' ', (size_t)indent);
    for (int64_t k = 0; k < n; k++) {
        if (cut && k == EDGE) {
            put_word(p, SLICE("..."), indent, width);
            str_addz(&p->line, p->separator);
            k = n - EDGE;
        }
        p->word.len = 0;
        put_element(p, &p->word, base + (size_t)k);
        put_word(p, str_slice(&p->word), indent, width);
        if (k + 1 < n) str_addz(&p->line, p->separator);
    }
}

/* What is left of the separator before a line ends. */
static void end_of_row(printer *p)
{
    if (*p->separator == ',') str_addc(p->out, ',');
}

/* Prints from `axis` on; `indent` blanks stand for the brackets to the left. */
static void put_axis(printer *p, int axis, size_t base, int indent, int width)
{
    int64_t n = p->dims[axis];
    int     cut = p->summary && n > 2 * EDGE;
    str_addc(p->out, '[');
    if (axis == p->rank - 1) {
        size_t start = p->out->len;
        put_row(p, base * (size_t)n, n, indent, width - 1);
        str_add(p->out, str_slice(&p->line));
        /* The first line was laid out with its indent, which the brackets take the place of. */
        if (p->out->failed || p->line.failed) return;
        memmove(p->out->ptr + start, p->out->ptr + start + indent, p->out->len - start - (size_t)indent);
        p->out->len -= (size_t)indent;
    } else {
        size_t gap = (size_t)(p->rank - axis - 1);
        for (int64_t k = 0; k < n; k++) {
            if (k) str_pad(p->out, ' ', (size_t)indent);
            if (cut && k == EDGE) {
                str_addz(p->out, "...");
                end_of_row(p);
                str_pad(p->out, '\n', gap);
                str_pad(p->out, ' ', (size_t)indent);
                k = n - EDGE;
            }
            put_axis(p, axis + 1, base * (size_t)n + (size_t)k, indent + 1, width - 1);
            if (k + 1 < n) {
                end_of_row(p);
                str_pad(p->out, '\n', gap);
            }
        }
    }
    str_addc(p->out, ']');
}

/* The element format, settled over what will be seen. */
static void settle(printer *p)
{
    print_class c = class_of(p->type);

    p->data = p->t->data;
    p->summary = tensor_count(p->t) > THRESHOLD;
    if (c == AS_INTEGER) each_seen(p, 0, 0, measure_integer, NULL);
    if (c == AS_REAL || c == AS_COMPLEX) settle_float(p, &p->real, 0);
    if (c == AS_COMPLEX) settle_float(p, &p->imaginary, 1);
}

static void finish(printer *p)
{
    if (p->line.failed || p->word.failed) p->out->failed = true;
    str_clear(&p->line);
    str_clear(&p->word);
}

static printer start(str *b, const tensor *t, const char *separator)
{
    return (printer){ .t = t, .type = t->dtype, .rank = t->shape.rank, .dims = t->shape.dims, .out = b, .separator = separator };
}

void numpy_text(str *b, const tensor *t)
{
    printer p = start(b, t, " ");

    if (tensor_count(t) == 0) {
        str_addz(b, "[]");
        return;
    }
    settle(&p);
    if (p.rank == 0)
        put_scalar(&p, b);
    else
        put_axis(&p, 0, 0, 1, LINE_WIDTH);
    finish(&p);
}

void numpy_text_item(str *b, const tensor *t)
{
    printer p = start(b, t, " ");

    p.data = t->data;
    switch (class_of(t->dtype)) {
    case AS_REAL:
    case AS_NARROW: decimal_python_repr(b, real_at(p.type, p.data, 0, 0)); break;
    case AS_COMPLEX:
        put_complex_scalar(b, real_at(p.type, p.data, 0, 0), real_at(p.type, p.data, 0, 1), FLOAT_DOUBLE);
        break;
    default: put_scalar(&p, b); break;
    }
    finish(&p);
}

static bool dtype_is_implied(sm_dtype t)
{
    return t == SM_DOUBLE || t == SM_INT64 || t == SM_BOOL || t == SM_COMPLEX128;
}

void numpy_text_repr(str *b, const tensor *t)
{
    static const slice head = SLICE("array(");
    printer            p = start(b, t, ", ");
    size_t             from = b->len, count = tensor_count(t), last;
    str                extras;

    str_init(&extras);
    str_add(b, head);
    if (count == 0) {
        str_addz(b, "[]");
    } else {
        settle(&p);
        if (p.rank == 0)
            put_element(&p, b, 0);
        else
            put_axis(&p, 0, 0, 1 + (int)head.len, LINE_WIDTH - 1);
    }
    finish(&p);
    if ((count == 0 && t->shape.rank != 1) || count > THRESHOLD) {
        str_addz(&extras, "shape=");
        shape_print_tuple(&extras, &t->shape);
    }
    if (!dtype_is_implied(t->dtype) || count == 0)
        str_addf(&extras, "%sdtype=%s", extras.len ? ", " : "", t->dtype == SM_STRING ? "object" : dtype_name(t->dtype));
    if (extras.len) {
        str_addc(b, ',');
        for (last = b->len; last > from && b->ptr[last - 1] != '\n'; last--)
            ;
        bool wrap = b->len - last + extras.len + 2 > LINE_WIDTH;
        str_addc(b, wrap ? '\n' : ' ');
        if (wrap) str_pad(b, ' ', head.len);
        str_add(b, str_slice(&extras));
    }
    str_addc(b, ')');
    if (extras.failed) b->failed = true;
    str_clear(&extras);
}
