/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/special.c - log gamma, digamma, and the inverse of the normal distribution.
 *
 * digamma: the recurrence psi(x) = psi(x + 1) - 1 / x up to x >= 10, then the asymptotic series; negative arguments by
 * reflection. The normal quantile starts from Acklam's rational approximation (relative error 1e-9) and takes one step of
 * Halley's method on erfc, which squares away the rest. */
#include "kernels/special.h"

#include <math.h>

#define PI 3.14159265358979323846

double special_lgamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double special_digamma(double x)
{
    double sum = 0;
    if (x <= 0) {
        if (floor(x) == x) return NAN;
        sum = -PI / tan(PI * (x - floor(x)));
        x = 1 - x;
    }
    if (isinf(x)) return x < 0 || isnan(sum) ? NAN : x;
    for (; x < 10; x += 1) sum -= 1 / x;
    double z = 1 / (x * x);
    double series =
        z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * 691.0 / 32760)))));
    return sum + log(x) - 0.5 / x - series;
}

/* Horner's rule over n coefficients, highest power first. */
static double polynomial(const double *c, int n, double x)
{
    double y = c[0];
    for (int i = 1; i < n; i++) y = y * x + c[i];
    return y;
}

static double ndtri_guess(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                                6.680131188771972e+01,  -1.328068155288572e+01, 1 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                3.754408661907416e+00, 1 };
    if (p < 0.02425) {
        double q = sqrt(-2 * log(p));
        return polynomial(c, 6, q) / polynomial(d, 5, q);
    }
    double q = p - 0.5, r = q * q;
    return polynomial(a, 6, r) * q / polynomial(b, 6, r);
}

/* The quantile of p <= 1/2. */
static double ndtri_lower(double p)
{
    double x = ndtri_guess(p);
    double e = 0.5 * erfc(-x / sqrt(2)) - p, u = e * sqrt(2 * PI) * exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}

double special_ndtri(double p)
{
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    return p <= 0.5 ? ndtri_lower(p) : -ndtri_lower(1 - p);
}

double special_erfinv(double y)
{
    double size = fabs(y), x;
    if (!(size <= 1)) return NAN;
    if (size == 1) return y * INFINITY;
    if (size < 1e-8) return y * sqrt(PI) / 2;
    x = -ndtri_lower((1 - size) / 2) / sqrt(2); /* erf(x) = 1 - 2 * (mass below -x sqrt 2) */
    x -= (erf(x) - size) / (2 / sqrt(PI) * exp(-x * x));
    return y < 0 ? -x : x;
}
