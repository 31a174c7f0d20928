/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/bessel.h - modified Bessel functions of orders 0 and 1, in double; and the integrals of Dawson, Fresnel, Spence and
 * the exponential integral. */
#ifndef KERNELS_BESSEL_H
#define KERNELS_BESSEL_H

double bessel_i(int order, double x);        /* I0, I1; NaN at infinity, as TensorFlow's           */
double bessel_i_scaled(int order, double x); /* exp(-|x|) I(x)                                     */
double bessel_k(int order, double x);        /* K0, K1; +inf at 0 and below                        */
double bessel_k_scaled(int order, double x); /* exp(x) K(x)                                        */

double special_dawson(double x);                      /* exp(-x^2) times the integral of exp(t^2) from 0 to x        */
double special_expint(double x);                      /* Ei: -inf at 0, NaN below                                    */
void special_fresnel(double x, double *s, double *c); /* integrals of sin and cos(pi t^2 / 2) from 0 to x            */
double special_spence(double x); /* minus the integral of log(t) / (t - 1) from 1 to x; NaN below 0 */

#endif
