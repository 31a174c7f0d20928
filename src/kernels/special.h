/* SPDX-License-Identifier: Apache-2.0 */
/* kernels/special.h - special functions that <math.h> lacks, in double. */
#ifndef KERNELS_SPECIAL_H
#define KERNELS_SPECIAL_H

double special_lgamma(double x);  /* log |gamma(x)|, without <math.h>'s global signgam; +inf at the poles   */
double special_digamma(double x); /* NaN at the poles 0, -1, -2 ...                                          */
double special_ndtri(double p);   /* x such that the normal distribution's mass below x is p; NaN outside [0, 1] */
double special_erfinv(double y);  /* x such that erf(x) = y; NaN outside [-1, 1]                             */

#endif
