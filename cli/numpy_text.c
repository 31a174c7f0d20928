/* SPDX-License-Identifier: Apache-2.0 */
/* numpy_text.c - a tensor as numpy's str(array) prints it.
 *
 * As in numpy, one pass over the elements that will be seen settles a column format (how wide, how
 * many digits, exponents or not), a second pass prints and breaks lines. What surprises: the
 * switch to exponents compares in the array's own type, so 0.0001 is "too small" as a float32 and
 * not as a float16; the bound for large values is 1000, 1e6 or 1e8 by type; non-finite values widen
 * the column but do not choose the format; bfloat16 and the 8-bit floats are not padded at all. */
#include "numpy_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal_text.h"

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
    const sm_tensor *t;
    const char      *data;
    sm_dtype         type;
    int              rank, summary;
    const int64_t   *dims;
    float_format     real, imaginary;
    int              integer_width;
    textbuf         *out;
    textbuf          line, word;
} printer;

/* -- Reading elements ------------------------------------------------------------------------ */

#define LOAD(type, p, i) (((const type *)(const void *)(p))[i])

/* The value of an 8-bit or 4-bit float: sign, exponent and mantissa bits, bias, and what is special:
 * 'i' infinities and NaNs as IEEE has them, 'n' only all ones is NaN, 'z' only minus zero is NaN,
 * 'f' all values finite. */
static double tiny_float(unsigned bits, int exponent_bits, int mantissa_bits, int bias, char special)
{
    unsigned top = 1u << (exponent_bits + mantissa_bits), rest = bits & (top - 1);
    unsigned exponent = rest >> mantissa_bits, mantissa = rest & ((1u << mantissa_bits) - 1);
    unsigned highest = (1u << exponent_bits) - 1;
    double   v;
    if (special == 'z' && (bits & (2 * top - 1)) == top) return NAN;
    if (special == 'n' && rest == top - 1) return NAN;
    if (special == 'i' && exponent == highest)
        v = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexp(mantissa, 1 - bias - mantissa_bits);
    else
        v = ldexp(mantissa + (1u << mantissa_bits), (int)exponent - bias - mantissa_bits);
    return bits & top ? -v : v;
}

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
    case SM_HALF: return decimal_half(LOAD(uint16_t, data, i));
    case SM_BFLOAT16: return decimal_bfloat16(LOAD(uint16_t, data, i));
    case SM_FLOAT: return (double)LOAD(float, data, i);
    case SM_DOUBLE: return LOAD(double, data, i);
    case SM_COMPLEX64: return (double)LOAD(float, data, 2 * i + (size_t)imaginary);
    case SM_COMPLEX128: return LOAD(double, data, 2 * i + (size_t)imaginary);
    case SM_FLOAT8_E5M2: return tiny_float(LOAD(uint8_t, data, i), 5, 2, 15, 'i');
    case SM_FLOAT8_E4M3FN: return tiny_float(LOAD(uint8_t, data, i), 4, 3, 7, 'n');
    case SM_FLOAT8_E4M3FNUZ: return tiny_float(LOAD(uint8_t, data, i), 4, 3, 8, 'z');
    case SM_FLOAT8_E4M3B11FNUZ: return tiny_float(LOAD(uint8_t, data, i), 4, 3, 11, 'z');
    case SM_FLOAT8_E5M2FNUZ: return tiny_float(LOAD(uint8_t, data, i), 5, 2, 16, 'z');
    case SM_FLOAT4_E2M1FN: return tiny_float(LOAD(uint8_t, data, i) & 15u, 2, 1, 1, 'f');
    default: return (double)integer_at(type, data, i);
    }
}
/* clang-format on */

double numpy_text_number(const sm_tensor *t, size_t i)
{
    sm_dtype type = sm_tensor_dtype(t);
    if (type == SM_STRING || type == SM_RESOURCE || type == SM_VARIANT) return 0;
    if (type == SM_UINT64) return (double)LOAD(uint64_t, sm_tensor_data(t), i);
    return real_at(type, sm_tensor_data(t), i, 0);
}

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
        ratio = decimal_half(decimal_to_half(ratio));
        tiny = decimal_half(decimal_to_half(tiny));
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

static void put_float(textbuf *b, const float_format *f, double v)
{
    char    text[64];
    textbuf number = { 0 };
    decimal d;
    int     n;
    if (isnan(v) || isinf(v)) {
        n = snprintf(text, sizeof text, "%s%s",
                     isnan(v)  ? (f->plus ? "+" : "")
                     : v < 0   ? "-"
                     : f->plus ? "+"
                               : "",
                     isnan(v) ? "nan" : "inf");
        textbuf_fill(b, ' ', (size_t)at_least(0, f->left + f->right + 1 - n));
        textbuf_add(b, text, (size_t)n);
        return;
    }
    int sign = f->plus || signbit(v);
    if (sign) textbuf_char(&number, signbit(v) ? '-' : '+');
    if (f->exponents) {
        decimal_digits(v, f->kind, f->digits + 1, f->digits + 1, &d);
        textbuf_fill(b, ' ', (size_t)at_least(0, f->left - 1 - sign));
        textbuf_format(&number, "%c.%s", d.digits[0], d.digits + 1);
        textbuf_fill(&number, '0', (size_t)at_least(0, f->digits + 1 - d.count));
        textbuf_format(&number, "e%c%0*d", d.exponent < 0 ? '-' : '+', f->exponent_digits, abs(d.exponent));
    } else {
        decimal_digits_fraction(v, f->kind, PRECISION, &d);
        textbuf_fill(b, ' ', (size_t)at_least(0, f->left - sign - at_least(1, d.exponent + 1)));
        size_t before = number.length;
        decimal_positional(&number, fabs(v), &d, 1);
        if (!memchr(number.data + before, '.', number.length - before)) textbuf_char(&number, '.');
        size_t after = number.length - (size_t)(strchr(number.data, '.') - number.data) - 1;
        textbuf_fill(&number, ' ', (size_t)at_least(0, f->right - (int)after));
    }
    textbuf_add(b, textbuf_string(&number), number.length);
    textbuf_clear(&number);
}

void numpy_text_bytes(textbuf *b, const char *bytes, size_t n)
{
    char quote = n && memchr(bytes, '\'', n) && !memchr(bytes, '"', n) ? '"' : '\'';
    textbuf_char(b, 'b');
    textbuf_char(b, quote);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\t')
            textbuf_text(b, "\\t");
        else if (c == '\n')
            textbuf_text(b, "\\n");
        else if (c == '\r')
            textbuf_text(b, "\\r");
        else if (c < 32 || c > 126)
            textbuf_format(b, "\\x%02x", c);
        else if (c == (unsigned char)quote || c == '\\')
            textbuf_format(b, "\\%c", c);
        else
            textbuf_char(b, (char)c);
    }
    textbuf_char(b, quote);
}

/* ml_dtypes prints narrow floats as a C++ stream prints a float: %g. */
static void put_narrow(const printer *p, textbuf *b, size_t i)
{
    char text[24];
    if (sm_dtype_size(p->type) == 1 &&
        (p->type == SM_INT4 || p->type == SM_UINT4 || p->type == SM_INT2 || p->type == SM_UINT2)) {
        integer_text(p, i, text);
        textbuf_text(b, text);
        return;
    }
    double v = real_at(p->type, p->data, i, 0);
    if (isnan(v))
        textbuf_text(b, "nan");
    else
        textbuf_format(b, "%g", v);
}

static void put_element(printer *p, textbuf *b, size_t i)
{
    char   text[24];
    size_t n;
    switch (class_of(p->type)) {
    case AS_BOOL: textbuf_text(b, LOAD(uint8_t, p->data, i) ? " True" : "False"); break;
    case AS_INTEGER:
        integer_text(p, i, text);
        textbuf_format(b, quantised(p->type) ? "(%*s,)" : "%*s", p->integer_width, text);
        break;
    case AS_REAL: put_float(b, &p->real, real_at(p->type, p->data, i, 0)); break;
    case AS_COMPLEX:
        put_float(b, &p->real, real_at(p->type, p->data, i, 0));
        put_float(b, &p->imaginary, real_at(p->type, p->data, i, 1));
        for (n = b->length; n && b->data[n - 1] == ' '; n--)
            ;
        textbuf_char(b, 'j'); /* the j comes before the padding */
        memmove(b->data + n + 1, b->data + n, b->length - n - 1);
        b->data[n] = 'j';
        break;
    case AS_NARROW: put_narrow(p, b, i); break;
    case AS_STRING: {
        const char *bytes = sm_tensor_string(p->t, i, &n);
        numpy_text_bytes(b, bytes, n);
        break;
    }
    case AS_HANDLE: textbuf_format(b, "<%s>", sm_dtype_name(p->type)); break;
    }
}

/* -- Scalars ------------------------------------------------------------------------------------ */

static void put_complex_scalar(textbuf *b, double re, double im, float_kind kind)
{
    if (re == 0 && !signbit(re)) {
        decimal_numpy_scalar(b, im, kind, 1);
        textbuf_char(b, 'j');
        return;
    }
    textbuf_char(b, '(');
    decimal_numpy_scalar(b, re, kind, 1);
    if (isnan(im) || !signbit(im)) textbuf_char(b, '+');
    decimal_numpy_scalar(b, im, kind, 1);
    textbuf_text(b, "j)");
}

static void put_scalar(printer *p, textbuf *b)
{
    float_kind kind = kind_of(p->type);
    switch (class_of(p->type)) {
    case AS_BOOL: textbuf_text(b, LOAD(uint8_t, p->data, 0) ? "True" : "False"); break;
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
    size_t n = p->line.length;
    while (n && p->line.data[n - 1] == ' ') n--;
    textbuf_add(p->out, textbuf_string(&p->line), n);
    textbuf_char(p->out, '\n');
}

/* Appends a word to the line; breaks first when it would pass `width`, unless that cannot help. */
static void put_word(printer *p, const char *word, size_t n, int indent, int width)
{
    if (p->line.length + n > (size_t)width && p->line.length > (size_t)indent) {
        line_out(p);
        p->line.length = 0;
        textbuf_fill(&p->line, ' ', (size_t)indent);
    }
    textbuf_add(&p->line, word, n);
}

/* A row of the last axis. The line starts with the brackets that are already open. */
static void put_row(printer *p, size_t base, int64_t n, int indent, int width)
{
    int cut = p->summary && n > 2 * EDGE;
    p->line.length = 0;
    textbuf_fill(&p->line, ' ', (size_t)indent);
    for (int64_t k = 0; k < n; k++) {
        if (cut && k == EDGE) {
            put_word(p, "...", 3, indent, width);
            textbuf_char(&p->line, ' ');
            k = n - EDGE;
        }
        p->word.length = 0;
        put_element(p, &p->word, base + (size_t)k);
        put_word(p, textbuf_string(&p->word), p->word.length, indent, width);
        if (k + 1 < n) textbuf_char(&p->line, ' ');
    }
}

/* Prints from `axis` on; `indent` blanks stand for the brackets to the left. */
static void put_axis(printer *p, int axis, size_t base, int indent, int width)
{
    int64_t n = p->dims[axis];
    int     cut = p->summary && n > 2 * EDGE;
    textbuf_char(p->out, '[');
    if (axis == p->rank - 1) {
        size_t start = p->out->length;
        put_row(p, base * (size_t)n, n, indent, width - 1);
        textbuf_add(p->out, textbuf_string(&p->line), p->line.length);
        /* The first line was laid out with its indent, which the brackets take the place of. */
        memmove(p->out->data + start, p->out->data + start + indent, p->out->length - start - (size_t)indent);
        p->out->length -= (size_t)indent;
    } else {
        size_t gap = (size_t)(p->rank - axis - 1);
        for (int64_t k = 0; k < n; k++) {
            if (k) textbuf_fill(p->out, ' ', (size_t)indent);
            if (cut && k == EDGE) {
                textbuf_text(p->out, "...");
                textbuf_fill(p->out, '\n', gap);
                textbuf_fill(p->out, ' ', (size_t)indent);
                k = n - EDGE;
            }
            put_axis(p, axis + 1, base * (size_t)n + (size_t)k, indent + 1, width - 1);
            if (k + 1 < n) textbuf_fill(p->out, '\n', gap);
        }
    }
    textbuf_char(p->out, ']');
}

void numpy_text(textbuf *b, const sm_tensor *t)
{
    printer p = { .t = t, .type = sm_tensor_dtype(t), .rank = sm_tensor_rank(t), .dims = sm_tensor_dims(t), .out = b };
    p.data = p.type == SM_STRING ? NULL : sm_tensor_data(t);
    if (sm_tensor_count(t) == 0) {
        textbuf_text(b, "[]");
        return;
    }
    p.summary = sm_tensor_count(t) > THRESHOLD;
    print_class c = class_of(p.type);
    if (c == AS_INTEGER) each_seen(&p, 0, 0, measure_integer, NULL);
    if (c == AS_REAL || c == AS_COMPLEX) settle_float(&p, &p.real, 0);
    if (c == AS_COMPLEX) settle_float(&p, &p.imaginary, 1);
    if (p.rank == 0)
        put_scalar(&p, b);
    else
        put_axis(&p, 0, 0, 1, LINE_WIDTH);
    textbuf_clear(&p.line);
    textbuf_clear(&p.word);
}
