/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/special_functions.c - Bessel's functions, the incomplete gamma and beta functions, zeta, polygamma, and the
 * integrals of Dawson, Fresnel and Spence.
 *
 * All are computed in double (kernels/bessel.h, kernels/gamma.h) and rounded once, so float results are nearer to the truth
 * than TensorFlow's, which works in float.
 *
 * TensorFlow's answers outside of the domains are kept: K(x <= 0) is +inf, Y(x <= 0) is -inf (NaN for Y1 of float 0),
 * I(+-inf) is NaN.
 *
 * Tests: special_functions.test, beside this file. */
#include "kernels/bessel.h"
#include "kernels/gamma.h"
#include "ops/formula.h"

static double fresnel_sine(double x)
{
    double s, c;
    special_fresnel(x, &s, &c);
    return s;
}

static double fresnel_cosine(double x)
{
    double s, c;
    special_fresnel(x, &s, &c);
    return c;
}

MAP1(map_bessel_i0, FLOATING, bessel_i(0, (double)x))
MAP1(map_bessel_i1, FLOATING, bessel_i(1, (double)x))
MAP1(map_bessel_i0e, FLOATING, bessel_i_scaled(0, (double)x))
MAP1(map_bessel_i1e, FLOATING, bessel_i_scaled(1, (double)x))
MAP1(map_bessel_k0, FLOATING, bessel_k(0, (double)x))
MAP1(map_bessel_k1, FLOATING, bessel_k(1, (double)x))
MAP1(map_bessel_k0e, FLOATING, bessel_k_scaled(0, (double)x))
MAP1(map_bessel_k1e, FLOATING, bessel_k_scaled(1, (double)x))
MAP1(map_bessel_y0, FLOATING, x <= 0 ? -INFINITY : y0((double)x))
MAP1(map_bessel_y1, FLOATING, x == 0 && sizeof x == sizeof(float) ? NAN : x <= 0 ? -INFINITY : y1((double)x))
MAP1(map_dawson, FLOATING, special_dawson((double)x))
MAP1(map_expint, FLOATING, special_expint((double)x))
MAP1(map_fresnel_sin, FLOATING, fresnel_sine((double)x))
MAP1(map_fresnel_cos, FLOATING, fresnel_cosine((double)x))
MAP1(map_spence, FLOATING, special_spence((double)x))

MAP2(map_igamma, FLOATING, gamma_lower((double)x, (double)y))
MAP2(map_igammac, FLOATING, gamma_upper((double)x, (double)y))
MAP2(map_igamma_grad_a, FLOATING, gamma_lower_grad_a((double)x, (double)y))
MAP2(map_gamma_sample_grad, FLOATING, gamma_sample_grad((double)x, (double)y))
MAP2(map_zeta, FLOATING, gamma_zeta((double)x, (double)y))
MAP2(map_polygamma, FLOATING, gamma_polygamma((double)x, (double)y))
MAP3(map_betainc, FLOATING, beta_lower((double)x, (double)y, (double)z))

/* Inputs that are no scalars must have one shape. */
static sm_status infer_betainc(infer *c)
{
    static const char *const names[] = { "a", "b", "x" };
    c->out[0] = shape_scalar();
    for (int i = 0, before = -1; i < 3; i++) {
        shape both;
        if (c->in[i].rank == 0) continue;
        if (before >= 0 && !shape_merge(&c->out[0], &c->in[i], &both)) {
            str a, b;
            str_init(&a);
            str_init(&b);
            shape_print(&a, &c->in[before]);
            shape_print(&b, &c->in[i]);
            (void)INFER_FAIL(c, "Shapes of %s and %s are inconsistent: %s vs. %s", names[before], names[i],
                             str_text(&a), str_text(&b));
            str_clear(&a);
            str_clear(&b);
            return SM_INVALID_ARGUMENT;
        }
        c->out[0] = before >= 0 ? both : c->in[i];
        before = i;
    }
    return SM_OK;
}

#define MAPS (OP_ELEMENTWISE | OP_INPLACE)
#define OF_X "x:T -> y:T | T: floating"
#define OF_PAIR(a, b, types) a ":T " b ":T -> z:T | T: " types
#define WIDE "{float, double}"

const op_def special_function_ops[] = {
    { "BesselI0", OF_X, infer_same, map_bessel_i0, NULL, MAPS, "the modified Bessel function of order 0" },
    { "BesselI1", OF_X, infer_same, map_bessel_i1, NULL, MAPS, "the modified Bessel function of order 1" },
    { "BesselI0e", OF_X, infer_same, map_bessel_i0e, NULL, MAPS, "exp(-|x|) I0(x)" },
    { "BesselI1e", OF_X, infer_same, map_bessel_i1e, NULL, MAPS, "exp(-|x|) I1(x)" },
    { "BesselK0", OF_X, infer_same, map_bessel_k0, NULL, MAPS, "the second modified Bessel function of order 0" },
    { "BesselK1", OF_X, infer_same, map_bessel_k1, NULL, MAPS, "the second modified Bessel function of order 1" },
    { "BesselK0e", OF_X, infer_same, map_bessel_k0e, NULL, MAPS, "exp(x) K0(x)" },
    { "BesselK1e", OF_X, infer_same, map_bessel_k1e, NULL, MAPS, "exp(x) K1(x)" },
    { "BesselY0", OF_X, infer_same, map_bessel_y0, NULL, MAPS, "the second Bessel function of order 0" },
    { "BesselY1", OF_X, infer_same, map_bessel_y1, NULL, MAPS, "the second Bessel function of order 1" },
    { "Dawsn", OF_X, infer_same, map_dawson, NULL, MAPS, "Dawson's integral" },
    { "Expint", OF_X, infer_same, map_expint, NULL, MAPS, "the exponential integral Ei" },
    { "FresnelSin", OF_X, infer_same, map_fresnel_sin, NULL, MAPS, "the integral of sin(pi t^2 / 2)" },
    { "FresnelCos", OF_X, infer_same, map_fresnel_cos, NULL, MAPS, "the integral of cos(pi t^2 / 2)" },
    { "Spence", OF_X, infer_same, map_spence, NULL, MAPS, "the dilogarithm of 1 - x" },
    { "Igamma", OF_PAIR("a", "x", "floating"), infer_broadcast, map_igamma, NULL, MAPS,
      "the lower regularised incomplete gamma function" },
    { "Igammac", OF_PAIR("a", "x", "floating"), infer_broadcast, map_igammac, NULL, MAPS,
      "the upper regularised incomplete gamma function" },
    { "IgammaGradA", OF_PAIR("a", "x", WIDE), infer_broadcast, map_igamma_grad_a, NULL, MAPS, "d Igamma / da" },
    { "RandomGammaGrad", "alpha:T sample:T -> output:T | T: " WIDE, infer_broadcast, map_gamma_sample_grad, NULL, MAPS,
      "how a gamma distributed sample moves with alpha" },
    { "Zeta", OF_PAIR("x", "q", WIDE), infer_broadcast, map_zeta, NULL, MAPS, "Hurwitz' zeta function" },
    { "Polygamma", OF_PAIR("a", "x", WIDE), infer_broadcast, map_polygamma, NULL, MAPS, "derivative a of digamma" },
    { "Betainc", "a:T b:T x:T -> z:T | T: " WIDE, infer_betainc, map_betainc, NULL, MAPS,
      "the regularised incomplete beta function" },
    { 0 },
};
