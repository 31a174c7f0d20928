/* SPDX-License-Identifier: Apache-2.0 */
/* decimal_text.h - binary floating point to decimal digits, as numpy's Dragon4 gives them.
 *
 * The digits of a value are the shortest that name it among the values of its own type (0.1 is "1"
 * for every type although the three 0.1 differ). Where fewer digits are allowed than that takes, the
 * exact value is rounded to nearest, ties to even; where more are demanded, the exact value goes on. */
#ifndef CLI_DECIMAL_TEXT_H
#define CLI_DECIMAL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "textbuf.h"

typedef enum float_kind { FLOAT_HALF, FLOAT_SINGLE, FLOAT_DOUBLE } float_kind;

/* |value| is d.ddd times ten to the exponent, with `count` digits; trailing zeros are stripped. */
typedef struct decimal {
    char digits[32];
    int  count, exponent;
} decimal;

#define DECIMAL_ALL 1000 /* as many digits as the shortest form needs */

/* value: finite, any sign. significant: at most and at least so many digits in all. */
void decimal_digits(double value, float_kind kind, int at_most, int at_least, decimal *d);
/* at_most counts digits after the point; -1: DECIMAL_ALL. */
void decimal_digits_fraction(double value, float_kind kind, int at_most, decimal *d);

/* Python's repr() of a float; numpy's str() of a scalar of the kind. */
void decimal_python_repr(textbuf *b, double value);
void decimal_numpy_scalar(textbuf *b, double value, float_kind kind, int bare);

/* "12.5" of finite values. bare: no ".0" and no point when there is no fraction. */
void decimal_positional(textbuf *b, double value, const decimal *d, int bare);

double   decimal_half(uint16_t bits); /* the value of a half     */
double   decimal_bfloat16(uint16_t bits);
uint16_t decimal_to_half(double value); /* rounded to nearest even */
uint16_t decimal_to_bfloat16(double value);

#endif
