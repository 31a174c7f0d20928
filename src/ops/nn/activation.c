/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/activation.c - Relu, Elu, Softplus and their like, and the gradient ops that TensorFlow saves for them.
 *
 * One formula each (ops/formula.h). Two choices worth knowing before you edit:
 *   - `x < 0 ? 0 : x` and not fmax(x, 0): Relu must let NaN through, as TensorFlow does;
 *   - Softplus is max(x, 0) + log1p(exp(-|x|)): right at both ends, without a threshold.
 *
 * Tests: activation.test, beside this file. */
#include "ops/math/vector_rows.h"

#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123

static sm_status alpha_prepare(call *c)
{
    float *alpha = call_params(c, sizeof *alpha);
    if (!alpha) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    *alpha = node_float(c->node, "alpha");
    return SM_OK;
}

#define ALPHA ((T) * (const float *)a->params)
#define ALPHA_ROW(ctype, tf, widens, f) \
    { .types = "T: " #tf, .map = f##_##tf, .prepare = alpha_prepare, .widen = widens },

/* -- Values --------------------------------------------------------------------------------------------------------- */

LOOPS1(relu_of, REAL, T, x < 0 ? 0 : x)
LOOPS1(relu6_of, REAL, T, x<0 ? 0 : x> 6 ? 6 : x)
LOOPS1(elu_of, FLOATING, T, x < 0 ? expm1(x) : x)
LOOPS1(selu_of, FLOATING, T, x < 0 ? (T)SELU_SCALE_ALPHA * expm1(x) : (T)SELU_SCALE * x)
LOOPS1(softplus_of, FLOATING, T, (x > 0 ? x : 0) + log1p(exp(-fabs(x))) + (x != x ? x : 0))
KERNELS(map_relu, VECTOR_ROWS(relu) ROWS(relu_of, REAL))
KERNELS(map_relu6, VECTOR_ROWS(relu6) ROWS(relu6_of, REAL))
KERNELS(map_elu, VECTOR_ROWS(elu) ROWS(elu_of, FLOATING))
KERNELS(map_selu, VECTOR_ROWS(selu) ROWS(selu_of, FLOATING))
KERNELS(map_softplus, VECTOR_ROWS(softplus) ROWS(softplus_of, FLOATING))
MAP1(map_softsign, FLOATING, x / (1 + fabs(x)))
LOOPS1(leaky_relu, FLOATING, T, x > 0 ? x : x * ALPHA)
KERNELS(map_leaky_relu, FLOATING(ALPHA_ROW, leaky_relu))

/* -- Gradient ops: x is dy, y the features (of Elu and Selu: the outputs) ---------------------------------------------- */

MAP2(map_relu_grad, REAL, x *(T)(y > 0))
MAP2(map_relu6_grad, REAL, x *(T)(y > 0 && y < 6))
MAP2(map_elu_grad, FLOATING, y < 0 ? (y + 1) * x : x)
MAP2(map_selu_grad, FLOATING, y < 0 ? x * (y + (T)SELU_SCALE_ALPHA) : x * (T)SELU_SCALE)
MAP2(map_softplus_grad, FLOATING, x / (1 + exp(-y)))
MAP2(map_softsign_grad, FLOATING, x / ((1 + fabs(y)) * (1 + fabs(y))))
LOOPS2(leaky_relu_grad, FLOATING, T, y > 0 ? x : x * ALPHA)
KERNELS(map_leaky_relu_grad, FLOATING(ALPHA_ROW, leaky_relu_grad))

/* -- The table ------------------------------------------------------------------------------------------------------- */

#define MAPS (OP_ELEMENTWISE | OP_INPLACE)
#define VALUE(t) "features:T -> activations:T | " t
#define GRAD(of, t) "gradients:T " of ":T -> backprops:T | " t
#define ALPHA_ATTRS "alpha: float = 0.2, T: floating = float"

const op_def activation_ops[] = {
    { "Relu", VALUE("T: {float, double, int32, uint8, int16, int8, int64, bfloat16, uint16, half, uint32, uint64, qint8}"),
      infer_same, map_relu, NULL, MAPS, "max(x, 0)" },
    { "Relu6", VALUE("T: real"), infer_same, map_relu6, NULL, MAPS, "min(max(x, 0), 6)" },
    { "Elu", VALUE("T: floating"), infer_same, map_elu, NULL, MAPS, "x, or exp(x) - 1 where x < 0" },
    { "Selu", VALUE("T: floating"), infer_same, map_selu, NULL, MAPS, "Elu, scaled to keep mean and variance" },
    { "LeakyRelu", VALUE(ALPHA_ATTRS), infer_same, map_leaky_relu, NULL, MAPS, "x, or alpha * x where x < 0" },
    { "Softplus", VALUE("T: floating"), infer_same, map_softplus, NULL, MAPS, "log(1 + exp(x))" },
    { "Softsign", VALUE("T: floating"), infer_same, map_softsign, NULL, MAPS, "x / (1 + |x|)" },
    { "ReluGrad", GRAD("features", "T: real"), infer_same_pair, map_relu_grad, NULL, MAPS, "dy where x > 0" },
    { "Relu6Grad", GRAD("features", "T: real"), infer_same_pair, map_relu6_grad, NULL, MAPS, "dy where 0 < x < 6" },
    { "EluGrad", GRAD("outputs", "T: floating"), infer_same_pair, map_elu_grad, NULL, MAPS,
      "dy, or dy * (y + 1) where y < 0" },
    { "SeluGrad", GRAD("outputs", "T: floating"), infer_same_pair, map_selu_grad, NULL, MAPS,
      "the derivative of Selu times dy" },
    { "LeakyReluGrad", GRAD("features", ALPHA_ATTRS), infer_same_pair, map_leaky_relu_grad, NULL, MAPS,
      "dy, or alpha * dy where x <= 0" },
    { "SoftplusGrad", GRAD("features", "T: floating"), infer_same_pair, map_softplus_grad, NULL, MAPS, "dy * sigmoid(x)" },
    { "SoftsignGrad", GRAD("features", "T: floating"), infer_same_pair, map_softsign_grad, NULL, MAPS,
      "dy / (1 + |x|) squared" },
    { 0 },
};
