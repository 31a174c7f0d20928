/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/complex.c - complex numbers made, taken apart and measured.
 *
 * A complex element is two floats side by side, so Real and Imag read every second one. ComplexAbs is hypot: it does not
 * overflow where the squares would.
 *
 * Tests: complex.test, beside this file. */
#include "ops/formula.h"

LOOP2(float, float, false, join, float complex, __builtin_complex(x, y))
LOOP2(double, double, false, join, double complex, __builtin_complex(x, y))
LOOP1(float complex, complex64, false, real, float, crealf(x))
LOOP1(double complex, complex128, false, real, double, creal(x))
LOOP1(float complex, complex64, false, imag, float, cimagf(x))
LOOP1(double complex, complex128, false, imag, double, cimag(x))
LOOP1(float complex, complex64, false, magnitude, float, cabsf(x))
LOOP1(double complex, complex128, false, magnitude, double, cabs(x))
LOOP1(float complex, complex64, false, angle, float, cargf(x))
LOOP1(double complex, complex128, false, angle, double, carg(x))
MAP1(map_conj, COMPLEX, conj(x))

static const kernel map_complex[] = { { .types = "T: float, Tout: complex64", .map = join_float },
                                      { .types = "T: double, Tout: complex128", .map = join_double },
                                      { 0 } };

#define PART_ROWS(f)                                                       \
    { .types = "T: complex64, Tout: float", .map = f##_complex64 },        \
        { .types = "T: complex128, Tout: double", .map = f##_complex128 }, \
    {                                                                      \
        0                                                                  \
    }
static const kernel map_real[] = { PART_ROWS(real) };
static const kernel map_imag[] = { PART_ROWS(imag) };
static const kernel map_magnitude[] = { PART_ROWS(magnitude) };
static const kernel map_angle[] = { PART_ROWS(angle) };

#define PARTS "T: {complex64, complex128} = complex64, Tout: {float, double} = float"

const op_def complex_ops[] = {
    { "Complex", "real:T imag:T -> out:Tout | T: {float, double} = float, Tout: {complex64, complex128} = complex64",
      infer_broadcast, map_complex, NULL, OP_ELEMENTWISE, "real + i imag" },
    { "Real", "input:T -> output:Tout | " PARTS, infer_same, map_real, NULL, OP_ELEMENTWISE, "the real part" },
    { "Imag", "input:T -> output:Tout | " PARTS, infer_same, map_imag, NULL, OP_ELEMENTWISE, "the imaginary part" },
    { "Angle", "input:T -> output:Tout | " PARTS, infer_same, map_angle, NULL, OP_ELEMENTWISE, "the angle in (-pi, pi]" },
    { "ComplexAbs", "x:T -> y:Tout | " PARTS, infer_same, map_magnitude, NULL, OP_ELEMENTWISE, "|x|" },
    { "Conj", "input:T -> output:T | T: {complex64, complex128, variant} = complex64", infer_same, map_conj, NULL,
      OP_ELEMENTWISE | OP_INPLACE, "the conjugate" },
    { 0 },
};
