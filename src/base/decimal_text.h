/* SPDX-License-Identifier: Apache-2.0 */
/* base/decimal_text.h - binary floating point to decimal digits, as numpy's Dragon4 gives them.
 *
 * The digits of a value are the shortest that name it among the values of its own type (0.1 is "1"
 * for every type although the three 0.1 differ). Where fewer digits are allowed than that takes, the
 * exact value is rounded to nearest, ties to even; where more are demanded, the exact value goes on. */
#ifndef BASE_DECIMAL_TEXT_H
#define BASE_DECIMAL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

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
void decimal_python_repr(str *b, double value);
void decimal_numpy_scalar(str *b, double value, float_kind kind, int bare);

/* "12.5" of finite values. bare: no ".0" and no point when there is no fraction. */
void decimal_positional(str *b, double value, const decimal *d, int bare);

#endif
