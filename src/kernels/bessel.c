/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/bessel.c - functions that <math.h> lacks and that are defined by series and integrals.
 *
 * Each takes the method that is exact to a few units in double without tables of coefficients:
 *   I     the power series up to 20 (all terms positive), the asymptotic series beyond (Abramowitz and Stegun 9.6.10, 9.7.1)
 *   K     the series with logarithm and harmonic numbers below 2 (A&S 9.6.13, 9.6.11), Temme's continued fraction beyond
 *         (N. M. Temme, On the numerical evaluation of the modified Bessel function of the third kind, 1975)
 *   Dawson   power series, Rybicki's exponentially exact sum, asymptotic series
 *   Ei       power series up to 40, asymptotic series beyond (A&S 5.1.10, 5.1.51)
 *   Fresnel  power series below 1.5, the continued fraction of erfc of a complex number beyond (A&S 7.3.22)
 *   Spence   the series of the dilogarithm in Bernoulli numbers after a reflection that brings x into [1/2, 2]
 * TensorFlow's (Eigen's, after cephes) differ from these in the last digits only. */
#include "kernels/bessel.h"

#include <complex.h>
#include <math.h>

#define PI 3.14159265358979323846
#define EULER 0.57721566490153286061
#define TINY 1e-17 /* a term that small beside its sum changes nothing */

/* -- I ----------------------------------------------------------------------------------------------------------------- */

/* sum of (x^2/4)^k / (k! (k + order)!) */
static double i_series(int order, double x)
{
    double q = x * x / 4, term = 1, sum = 1;
    for (int k = 1; k < 200 && term > TINY * sum; k++) sum += term *= q / ((double)k * (k + order));
    return order ? sum * x / 2 : sum;
}

/* sqrt(2 pi x) exp(-x) I(x) for large x: 1 - (m - 1) / (8x) + (m - 1)(m - 9) / (2! (8x)^2) - ..., m = 4 order^2 */
static double i_asymptotic(int order, double x)
{
    double m = 4.0 * order * order, term = 1, sum = 1;
    for (int k = 1; k < 60 && fabs(term) > TINY; k++) {
        double odd = 2.0 * k - 1, next = -term * (m - odd * odd) / (k * 8 * x);
        if (fabs(next) > fabs(term)) break;
        sum += term = next;
    }
    return sum / sqrt(2 * PI * x);
}

double bessel_i_scaled(int order, double x)
{
    double size = fabs(x), y;
    if (isnan(x)) return x;
    y = size <= 20 ? i_series(order, size) * exp(-size) : isinf(size) ? 0 : i_asymptotic(order, size);
    return order && x < 0 ? -y : y;
}

double bessel_i(int order, double x)
{
    double size = fabs(x), y;
    if (size <= 20) return i_series(order, x);
    if (isinf(x)) return NAN;    /* as TensorFlow: exp(x) times what is 0 there */
    double root = exp(size / 2); /* twice, so that it overflows late */
    y = i_asymptotic(order, size) * root * root;
    return isnan(x) ? x : order && x < 0 ? -y : y;
}

/* -- K ----------------------------------------------------------------------------------------------------------------- */

static double k_series(int order, double x)
{
    double q = x * x / 4, term = 1, harmonic = 0, sum = 0, l = log(x / 2) + EULER;
    if (order == 0) { /* -(log(x/2) + gamma) I0 + sum of term * H(k) */
        for (int k = 1; k < 40; k++) {
            term *= q / ((double)k * k);
            harmonic += 1.0 / k;
            sum += term * harmonic;
        }
        return sum - l * i_series(0, x);
    }
    for (int k = 0; k < 40; k++) { /* 1/x + (log(x/2) + gamma) I1 - x/4 sum of term * (H(k) + H(k+1)) */
        sum += term * (2 * harmonic + 1.0 / (k + 1));
        harmonic += 1.0 / (k + 1);
        term *= q / ((k + 1.0) * (k + 2));
    }
    return 1 / x + l * i_series(1, x) - x / 4 * sum;
}

/* exp(x) K0(x) and exp(x) K1(x) for x >= 2: Temme's second continued fraction, summed by Steed's method. */
static double k_fraction(int order, double x)
{
    double b = 2 * (1 + x), d = 1 / b, h = d, step = d, q1 = 0, q2 = 1, a = -0.25, c = 0.25, q = c;
    double s = 1 + q * step;
    for (int i = 2; i < 1000; i++) {
        a -= 2.0 * (i - 1);
        c = -a * c / i;
        double next = (q1 - b * q2) / a;
        q1 = q2;
        q2 = next;
        q += c * next;
        b += 2;
        d = 1 / (b + a * d);
        step = (b * d - 1) * step;
        h += step;
        double change = q * step;
        s += change;
        if (fabs(change) <= TINY * fabs(s)) break;
    }
    double k0 = sqrt(PI / (2 * x)) / s;
    return order ? k0 * (x + 0.5 - 0.25 * h) / x : k0;
}

double bessel_k_scaled(int order, double x)
{
    if (isnan(x)) return x;
    if (x <= 0) return INFINITY;
    if (isinf(x)) return 0;
    return x < 2 ? k_series(order, x) * exp(x) : k_fraction(order, x);
}

double bessel_k(int order, double x)
{
    if (isnan(x)) return x;
    if (x <= 0) return INFINITY;
    if (isinf(x)) return 0;
    return x < 2 ? k_series(order, x) : k_fraction(order, x) * exp(-x);
}

/* -- Dawson -------------------------------------------------------------------------------------------------------------- */

static double dawson_series(double x)
{
    double term = x, sum = x;
    for (int k = 1; k < 60 && fabs(term) > TINY * fabs(sum); k++) sum += term *= -2 * x * x / (2 * k + 1);
    return sum;
}

double special_dawson(double x)
{
    const double h = 0.2; /* the error of Rybicki's sum is exp(-(pi / 2h)^2) */
    double       size = fabs(x), sum = 0, y;
    if (isnan(x)) return x;
    if (size < 1) return dawson_series(x);
    if (size > 12) {
        double q = 1 / (2 * size * size), term = 1;
        sum = 1;
        for (int k = 1; k < 40 && term > TINY; k++) sum += term *= (2 * k - 1) * q;
        y = sum / (2 * size);
        return x < 0 ? -y : y;
    }
    int near = 2 * (int)(size / (2 * h));
    for (int n = near - 63; n <= near + 63; n += 2) sum += exp(-(size - n * h) * (size - n * h)) / n;
    y = sum / sqrt(PI);
    return x < 0 ? -y : y;
}

/* -- Ei ------------------------------------------------------------------------------------------------------------------- */

double special_expint(double x)
{
    double term = 1, sum = 0;
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (isinf(x)) return x;
    if (x <= 40) {
        for (int k = 1; k < 300; k++) {
            term *= x / k;
            sum += term / k;
            if (term < TINY * sum) break;
        }
        return sum + log(x) + EULER;
    }
    sum = 1;
    for (int k = 1; k < 60 && term > TINY; k++) sum += term *= k / x;
    double root = exp(x / 2);
    return isinf(root) ? root : root / x * sum * root;
}

/* -- Fresnel ---------------------------------------------------------------------------------------------------------------- */

static void fresnel_series(double x, double *s, double *c)
{
    double t = PI / 2 * x * x, term = x, sum[2] = { 0, 0 };
    for (int k = 0; k < 60; k++) { /* terms go to C and S in turn, with signs ++-- */
        sum[k % 2] += (k / 2 % 2 ? -term : term) / (2 * k + 1);
        term *= t / (k + 1);
    }
    *c = sum[0];
    *s = sum[1];
}

/* C + iS = (1 + i)/2 erf(z), z = sqrt(pi)/2 (1 - i) x; erfc's continued fraction by Lentz's method. */
static void fresnel_fraction(double x, double *s, double *c)
{
    double         square = PI * x * x;
    double complex b = 1 - square * I, cc = 1e300, d = 1 / b, h = d;
    for (int k = 1, n = -1; k < 200; k++) {
        n += 2;
        double a = -n * (n + 1.0);
        b += 4;
        d = 1 / (a * d + b);
        cc = b + a / cc;
        double complex change = cc * d;
        h *= change;
        if (fabs(creal(change) - 1) + fabs(cimag(change)) < 1e-16) break;
    }
    h *= x - x * I;
    double complex cs = (0.5 + 0.5 * I) * (1 - (cos(square / 2) + sin(square / 2) * I) * h);
    *c = creal(cs);
    *s = cimag(cs);
}

void special_fresnel(double x, double *s, double *c)
{
    double size = fabs(x);
    if (isnan(x)) {
        *s = *c = x;
        return;
    }
    if (size < 1.5)
        fresnel_series(size, s, c);
    else if (size < 1e8)
        fresnel_fraction(size, s, c);
    else
        *s = *c = 0.5;
    if (x < 0) {
        *s = -*s;
        *c = -*c;
    }
}

/* -- Spence ------------------------------------------------------------------------------------------------------------------ */

/* x in [1/2, 2]: with u = -log(x), u - u^2/4 + the sum of B(2k) u^(2k+1) / (2k+1)! */
static double spence_series(double x)
{
    static const double b[] = { 1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                                -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330 };
    double              u = -log(x), sum = u - u * u / 4, term = u;
    for (int k = 1; k <= 10; k++) {
        term *= u * u / (2.0 * k * (2 * k + 1));
        sum += b[k - 1] * term;
    }
    return sum;
}

double special_spence(double x)
{
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return PI * PI / 6;
    if (x < 0.5) return PI * PI / 6 - log(x) * log1p(-x) - spence_series(1 - x);
    if (x > 2) {
        double inverse = 1 / x, l = log(x), rest = inverse;
        rest = inverse < 0.5
                   ? (inverse == 0 ? PI * PI / 6 : PI * PI / 6 + l * log1p(-inverse) - spence_series(1 - inverse))
                   : spence_series(inverse);
        return -l * l / 2 - rest;
    }
    return spence_series(x);
}
