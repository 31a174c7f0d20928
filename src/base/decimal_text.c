/* SPDX-License-Identifier: Apache-2.0 */
/* base/decimal_text.c - binary floating point to decimal digits, as numpy's Dragon4 gives them.
 *
 * The C library prints any number of correctly rounded digits and reads them back correctly
 * rounded. The shortest form is therefore the first precision whose digits read back as the value.
 * One case needs care: just above a power of two the neighbours are not equally far, and the digits
 * next above the nearest ones may name the value when the nearest ones do not (9.5367432e-07). */
#include "base/decimal_text.h"

#include "base/dtype.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Digits ---------------------------------------------------------------------------------- */

static int reads_back(const char *text, double v, float_kind kind)
{
    switch (kind) {
    case FLOAT_HALF: return double_to_half(strtod(text, NULL)) == double_to_half(v);
    case FLOAT_SINGLE: return (double)strtof(text, NULL) == v;
    case FLOAT_DOUBLE: break;
    }
    return strtod(text, NULL) == v;
}

static void split(const char *text, decimal *d)
{
    const char *p = text;
    d->count = 0;
    for (; *p && *p != 'e'; p++)
        if (*p != '.') d->digits[d->count++] = *p;
    d->digits[d->count] = 0;
    d->exponent = *p == 'e' ? (int)strtol(p + 1, NULL, 10) : 0;
}

/* The next decimal above d with the same number of digits. */
static void step_up(decimal *d)
{
    int i = d->count - 1;
    while (i >= 0 && d->digits[i] == '9') d->digits[i--] = '0';
    if (i >= 0) {
        d->digits[i]++;
        return;
    }
    d->digits[0] = '1';
    d->exponent++;
}

static void join(const decimal *d, char *text, size_t size)
{
    snprintf(text, size, "%c.%se%d", d->digits[0], d->digits + 1, d->exponent);
}

static int power_of_two(double v)
{
    int exponent;
    return frexp(v, &exponent) == 0.5;
}

static void strip_zeros(decimal *d)
{
    while (d->count > 1 && d->digits[d->count - 1] == '0') d->digits[--d->count] = 0;
}

void decimal_digits(double value, float_kind kind, int at_most, int at_least, decimal *d)
{
    double v = fabs(value);
    char   text[64];
    if (v == 0) {
        *d = (decimal){ "0", 1, 0 };
        return;
    }
    if (at_most < 1) at_most = 1;
    for (int n = at_least > 1 ? at_least : 1;; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, v);
        split(text, d);
        if (reads_back(text, v, kind)) break;
        if (power_of_two(v)) {
            decimal up = *d;
            step_up(&up);
            join(&up, text, sizeof text);
            if (reads_back(text, v, kind)) {
                *d = up;
                break;
            }
        }
        if (n >= at_most || n >= 17) break;
    }
    strip_zeros(d);
}

void decimal_digits_fraction(double value, float_kind kind, int at_most, decimal *d)
{
    char text[16];
    if (at_most < 0) {
        decimal_digits(value, kind, DECIMAL_ALL, 0, d);
        return;
    }
    snprintf(text, sizeof text, "%.0e", fabs(value));
    split(text, d);
    int whole = d->exponent + 1; /* digits before the point, one too many when rounded up */
    if (value != 0 && fabs(value) < pow(10, d->exponent)) whole--;
    decimal_digits(value, kind, whole + at_most, 0, d);
}

/* -- Text ------------------------------------------------------------------------------------ */

void decimal_positional(str *b, double value, const decimal *d, int bare)
{
    int whole = d->exponent + 1; /* digits before the point */
    if (signbit(value)) str_addc(b, '-');
    for (int i = 0; i < whole || (i == 0 && whole <= 0); i++)
        str_addc(b, whole > 0 && i < d->count ? d->digits[i] : '0');
    if (d->count > whole && !(d->count == 1 && d->digits[0] == '0')) {
        str_addc(b, '.');
        for (int i = whole; i < 0; i++) str_addc(b, '0');
        str_addz(b, d->digits + (whole > 0 ? whole : 0));
    } else if (!bare) {
        str_addz(b, ".0");
    }
}

/* "1.25e+01" of finite values. bare: no point when there is no fraction. */
static void scientific(str *b, double value, const decimal *d, int bare)
{
    if (signbit(value)) str_addc(b, '-');
    str_addc(b, d->digits[0]);
    if (d->count > 1)
        str_addf(b, ".%s", d->digits + 1);
    else if (!bare)
        str_addz(b, ".0");
    str_addf(b, "e%c%02d", d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

void decimal_numpy_scalar(str *b, double value, float_kind kind, int bare)
{
    static const double too_large[] = { 1e3, 1e6, 1e16 };
    double              v = fabs(value);
    decimal             d;
    if (isnan(value) || isinf(value)) {
        str_addz(b, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    decimal_digits(value, kind, DECIMAL_ALL, 0, &d);
    if (v == 0 || (v >= 1e-4 && v < too_large[kind]))
        decimal_positional(b, value, &d, bare);
    else
        scientific(b, value, &d, 1);
}

void decimal_python_repr(str *b, double value)
{
    decimal_numpy_scalar(b, value, FLOAT_DOUBLE, 0);
}
