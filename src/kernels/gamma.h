/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/gamma.h - incomplete gamma and beta functions, Hurwitz' zeta, polygamma; in double. */
#ifndef KERNELS_GAMMA_H
#define KERNELS_GAMMA_H

double gamma_lower(double a, double x);            /* P(a, x), regularised; NaN for a <= 0 or x < 0            */
double gamma_upper(double a, double x);            /* Q(a, x) = 1 - P(a, x)                                    */
double gamma_lower_grad_a(double a, double x);     /* dP / da                                                  */
double gamma_sample_grad(double a, double sample); /* d sample / da where P(a, sample) stays what it is        */
double beta_lower(double a, double b, double x);   /* I_x(a, b), regularised                                   */
double gamma_zeta(double x, double q);             /* sum of (q + k)^-x over k >= 0                            */
double gamma_polygamma(double n, double x);        /* the n-th derivative of digamma                           */

#endif
