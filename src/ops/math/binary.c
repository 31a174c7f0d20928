/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/binary.c - arithmetic of two broadcast inputs: Add ... Mod, Pow, Maximum, the bitwise ops, and string Add.
 *
 * Where TensorFlow has opinions:
 *   - an integer divided by 0 is an error, the most negative one divided by -1 is itself;
 *   - FloorMod takes the divisor's sign, Mod and TruncateMod the dividend's;
 *   - DivNoNan, MulNoNan, Xdivy, Xlogy: 0 wherever their zero operand is 0, whatever the other is;
 *   - a shift by less than 0 or by the width or more is cut to 0 and to width - 1;
 *   - Maximum and Minimum let NaN through, from either side.
 *
 * Tests: binary.test, beside this file. */
#include "ops/math/vector_rows.h"

/* -- Arithmetic ---------------------------------------------------------------------------------------------------- */

LOOPS2(add, NUMERIC, T, x + y)
LOOPS2(sub, NUMERIC, T, x - y)
LOOPS2(mul, NUMERIC, T, x *y)
LOOPS2(real_div, INEXACT, T, x / y)
KERNELS(map_sub, VECTOR_ROWS(sub) ROWS(sub, NUMERIC))
KERNELS(map_mul, VECTOR_ROWS(mul) ROWS(mul, NUMERIC))
KERNELS(map_real_div, VECTOR_ROWS(div) ROWS(real_div, INEXACT))

#define QUOTIENT(x, y) \
    ((y) == 0 ? (T)map_fail(a, MAP_DIVISION_BY_ZERO) : (y) == (T)-1 && (T)-1 < 0 ? (T) - (x) : (x) / (y))
#define REMAINDER(x, y) ((y) == 0 ? (T)map_fail(a, MAP_DIVISION_BY_ZERO) : (y) == (T)-1 && (T)-1 < 0 ? 0 : (x) % (y))

LOOPS2(int_div, INTEGRAL, T, QUOTIENT(x, y))
KERNELS(map_div, VECTOR_ROWS(div) ROWS(real_div, INEXACT) ROWS(int_div, INTEGRAL))

LOOPS2(trunc_div, FLOATING, T, trunc(x / y))
KERNELS(map_trunc_div, ROWS(trunc_div, FLOATING) ROWS(int_div, INTEGRAL))

/* The quotient towards minus infinity, and the remainder that goes with it. */
LOOPS2(floor_div, FLOATING, T, floor(x / y))
LOOPS2(floor_div, INTEGRAL, T, QUOTIENT(x, y) - (y != 0 && (x < 0) != (y < 0) && REMAINDER(x, y) != 0))
KERNELS(map_floor_div, ROWS(floor_div, FLOATING) ROWS(floor_div, INTEGRAL))

#define TURNED(remainder, y) ((remainder) != 0 && ((remainder) < 0) != ((y) < 0) ? (remainder) + (y) : (remainder))
LOOPS2(floor_mod, FLOATING, T, TURNED(fmod(x, y), y))
LOOPS2(floor_mod, INTEGRAL, T, TURNED(REMAINDER(x, y), y))
KERNELS(map_floor_mod, ROWS(floor_mod, FLOATING) ROWS(floor_mod, INTEGRAL))

LOOPS2(mod, FLOATING, T, fmod(x, y))
LOOPS2(mod, INTEGRAL, T, REMAINDER(x, y))
KERNELS(map_mod, ROWS(mod, FLOATING) ROWS(mod, INTEGRAL))

MAP2(map_div_no_nan, INEXACT, y == 0 ? 0 : x / y)
MAP2(map_mul_no_nan, INEXACT, y == 0 ? 0 : x * y)
MAP2(map_xdivy, INEXACT, x == 0 ? 0 : x / y)
MAP2(map_xlogy, INEXACT, x == 0 ? 0 : x * log(y))

LOOPS2(xlog1py, FLOATING, T, x == 0 ? 0 : x * log1p(y))
LOOPS2(xlog1py, COMPLEX, T, x == 0 ? 0 : x * log(1 + y))
KERNELS(map_xlog1py, ROWS(xlog1py, FLOATING) ROWS(xlog1py, COMPLEX))

LOOPS2(squared_difference, FLOATING, T, (x - y) * (x - y))
LOOPS2(squared_difference, SIGNED_LONG, T, (x - y) * (x - y))
LOOPS2(squared_difference, COMPLEX, T, (x - y) * conj(x - y))
KERNELS(map_squared_difference,
        ROWS(squared_difference, FLOATING) ROWS(squared_difference, SIGNED_LONG) ROWS(squared_difference, COMPLEX))

LOOPS2(maximum, REAL, T, x != x ? x : y != y ? y : x < y ? y : x)
LOOPS2(minimum, REAL, T, x != x ? x : y != y ? y : y < x ? y : x)
KERNELS(map_maximum, VECTOR_ROWS(maximum) ROWS(maximum, REAL))
KERNELS(map_minimum, VECTOR_ROWS(minimum) ROWS(minimum, REAL))

/* -- Powers and angles ---------------------------------------------------------------------------------------------- */

/* Wraps like repeated multiplication. */
static uint64_t int_power(uint64_t x, uint64_t times)
{
    uint64_t p = 1;
    for (; times; times >>= 1, x *= x)
        if (times & 1) p *= x;
    return p;
}

LOOPS2(power, INEXACT, T, pow(x, y))
LOOPS2(power, SIGNED, T, y < 0 ? map_fail(a, MAP_NEGATIVE_POWER) : (T)int_power((uint64_t)x, (uint64_t)y))
KERNELS(map_pow, ROWS(power, INEXACT) ROWS(power, SIGNED))

MAP2(map_atan2, FLOATING, atan2(x, y))
MAP2(map_next_after, WIDE_FLOATING, nextafter(x, y))

/* -- Bits ------------------------------------------------------------------------------------------------------------- */

#define SHIFT(T, y) ((y) < 0 ? 0 : (y) >= (T)(sizeof(T) * 8) ? (int)(sizeof(T) * 8 - 1) : (int)(y))
MAP2(map_and, INTEGRAL, x &y)
MAP2(map_or, INTEGRAL, x | y)
MAP2(map_xor, INTEGRAL, x ^ y)
MAP2(map_left_shift, INTEGRAL, (uint64_t)x << SHIFT(T, y))
MAP2(map_right_shift, INTEGRAL, x >> SHIFT(T, y))

/* -- Strings: x then y -------------------------------------------------------------------------------------------------- */

static bool join_one(const tstring *x, const tstring *y, tstring *out)
{
    slice a = tstring_get(x), b = tstring_get(y);
    str   s;
    str_init(&s);
    str_add(&s, a);
    str_add(&s, b);
    bool done = !s.failed && tstring_set(out, str_slice(&s));
    str_clear(&s);
    return done;
}

static void join_strings(const map_args *a)
{
    const tstring *x = a->x[0], *y = a->x[1];
    tstring       *out = a->out;
    for (size_t i = 0; i < a->n; i++)
        if (!join_one(x + i * a->step[0], y + i * a->step[1], out + i)) map_fail(a, MAP_OUT_OF_MEMORY);
}

static const kernel map_add[] = { VECTOR_ROWS(add) ROWS(add, NUMERIC){ .types = "T: string", .map = join_strings }, { 0 } };

/* -- The table ----------------------------------------------------------------------------------------------------------- */

#define MAPS (OP_ELEMENTWISE | OP_INPLACE)
#define COMMUTES (MAPS | OP_COMMUTATIVE)
#define INEXACT_T "T: {half, bfloat16, float, double, complex64, complex128}"

const op_def binary_ops[] = {
    { "Add", "x:T y:T -> z:T | T: {bfloat16, half, float, double, uint8, int8, int16, int32, int64, complex64, complex128, string}",
      infer_broadcast, map_add, NULL, MAPS, "x + y; strings are joined" },
    { "AddV2", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_add, NULL, COMMUTES, "x + y" },
    { "Sub", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_sub, NULL, MAPS, "x - y" },
    { "Mul", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_mul, NULL, COMMUTES, "x * y" },
    { "Div", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_div, NULL, MAPS, "x / y; integers towards 0" },
    { "RealDiv", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_real_div, NULL, MAPS, "x / y" },
    { "FloorDiv", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_floor_div, NULL, MAPS, "the floor of x / y" },
    { "TruncateDiv", "x:T y:T -> z:T | T: numeric", infer_broadcast, map_trunc_div, NULL, MAPS, "x / y towards 0" },
    { "FloorMod", "x:T y:T -> z:T | T: real", infer_broadcast, map_floor_mod, NULL, MAPS,
      "what is left of x after FloorDiv; has y's sign" },
    { "TruncateMod", "x:T y:T -> z:T | T: {int32, int64, bfloat16, half, float, double}", infer_broadcast, map_mod,
      NULL, MAPS, "what is left of x after TruncateDiv; has x's sign" },
    { "Mod", "x:T y:T -> z:T | T: {int32, int64, half, bfloat16, float, double}", infer_broadcast, map_mod, NULL, MAPS,
      "TruncateMod's older name" },
    { "DivNoNan", "x:T y:T -> z:T | " INEXACT_T, infer_broadcast, map_div_no_nan, NULL, MAPS, "x / y, 0 where y is 0" },
    { "MulNoNan", "x:T y:T -> z:T | " INEXACT_T, infer_broadcast, map_mul_no_nan, NULL, MAPS, "x * y, 0 where y is 0" },
    { "Xdivy", "x:T y:T -> z:T | " INEXACT_T, infer_broadcast, map_xdivy, NULL, MAPS, "x / y, 0 where x is 0" },
    { "Xlogy", "x:T y:T -> z:T | " INEXACT_T, infer_broadcast, map_xlogy, NULL, MAPS, "x * log(y), 0 where x is 0" },
    { "Xlog1py", "x:T y:T -> z:T | " INEXACT_T, infer_broadcast, map_xlog1py, NULL, MAPS, "x * log(1 + y), 0 where x is 0" },
    { "SquaredDifference", "x:T y:T -> z:T | T: {bfloat16, half, float, double, int32, int64, complex64, complex128}",
      infer_broadcast, map_squared_difference, NULL, COMMUTES, "(x - y) * (x - y), the second factor conjugated" },
    { "Maximum", "x:T y:T -> z:T | T: real", infer_broadcast, map_maximum, NULL, MAPS, "the larger; NaN if either is" },
    { "Minimum", "x:T y:T -> z:T | T: real", infer_broadcast, map_minimum, NULL, MAPS, "the smaller; NaN if either is" },
    { "Pow", "x:T y:T -> z:T | T: {bfloat16, float, half, double, int8, int16, int32, int64, complex64, complex128}",
      infer_broadcast, map_pow, NULL, MAPS, "x to the power of y" },
    { "Atan2", "y:T x:T -> z:T | T: floating", infer_broadcast, map_atan2, NULL, MAPS, "the angle of the point (x, y)" },
    { "NextAfter", "x1:T x2:T -> output:T | T: {double, float} = float", infer_broadcast, map_next_after, NULL, MAPS,
      "the number next to x1 in the direction of x2" },
    { "BitwiseAnd", "x:T y:T -> z:T | T: integral", infer_broadcast, map_and, NULL, COMMUTES, "x & y" },
    { "BitwiseOr", "x:T y:T -> z:T | T: integral", infer_broadcast, map_or, NULL, COMMUTES, "x | y" },
    { "BitwiseXor", "x:T y:T -> z:T | T: integral", infer_broadcast, map_xor, NULL, COMMUTES, "x ^ y" },
    { "LeftShift", "x:T y:T -> z:T | T: integral", infer_broadcast, map_left_shift, NULL, MAPS, "x << y" },
    { "RightShift", "x:T y:T -> z:T | T: integral", infer_broadcast, map_right_shift, NULL, MAPS,
      "x >> y; a negative x keeps its sign" },
    { 0 },
};
