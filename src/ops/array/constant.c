/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/constant.c - values that come from the graph itself, values passed through, and values made up from a rule.
 *
 * Const and the Identity family do not touch elements: they give a counted tensor or forward their input.
 * A Placeholder that nobody fed fails when it is reached, not when it is loaded: TensorFlow 1 graphs hold many that a
 * signature does not need.
 *
 * Tests: constant.test. Reading order: the table, then up. */
#include "ops/array/move.h"
#include "ops/control/tensor_list_ops.h"

#include <math.h>

/* -- From the graph ---------------------------------------------------------------------------------------------- */

static sm_status infer_const(infer *c)
{
    const attr *a = node_attr(c->node, "value");
    if (!a || !a->v.tensor) return INFER_FAIL(c, "the Const has no value");
    c->out[0] = a->v.tensor->shape;
    return SM_OK;
}

static sm_status constant(call *c)
{
    const attr *a = node_attr(c->node, "value");
    if (!a || !a->v.tensor) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the Const has no value");
    return call_give(c, 0, tensor_ref(a->v.tensor));
}

static sm_status infer_declared(infer *c)
{
    c->out[0] = *node_shape(c->node, "shape");
    return SM_OK;
}

static sm_status placeholder(call *c)
{
    const shape *s = node_shape(c->node, "shape");
    const char  *type = dtype_short_name(node_type(c->node, "dtype"));
    str          text;
    sm_status    status;
    str_init(&text);
    if (s->rank > 0) {
        str_addz(&text, " and shape ");
        shape_print(&text, s);
    }
    status = CALL_FAIL(c, SM_INVALID_ARGUMENT,
                       "You must feed a value for placeholder tensor '" SLICE_FMT "' with dtype %s%s",
                       SLICE_ARG(c->node->name), type, str_text(&text));
    str_clear(&text);
    return status;
}

static sm_status function_argument(call *c)
{
    return CALL_FAIL(c, SM_INTERNAL, "argument '" SLICE_FMT "' has no value", SLICE_ARG(c->node->name));
}

/* -- Passed through ---------------------------------------------------------------------------------------------- */

static sm_status infer_each(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = c->in[i];
    return SM_OK;
}

static sm_status identity(call *c)
{
    for (int i = 0; i < c->n_out; i++) TRY(call_forward(c, i, i, &c->in[i]->shape));
    return SM_OK;
}

static sm_status nothing(call *c)
{
    (void)c;
    return SM_OK;
}

static sm_status infer_ensure_shape(infer *c)
{
    const shape *want = node_shape(c->node, "shape");
    if (shape_merge(&c->in[0], want, &c->out[0])) return SM_OK;
    if (!shape_known(&c->in[0])) return INFER_FAIL(c, "EnsureShape: the shapes cannot agree");
    c->out[0] = c->in[0]; /* the kernel refuses it, when it is reached */
    return SM_OK;
}

static sm_status ensure_shape(call *c)
{
    const shape *want = node_shape(c->node, "shape");
    str          is, wanted;
    sm_status    status;
    if (shape_compatible(&c->in[0]->shape, want)) return identity(c);
    str_init(&is);
    str_init(&wanted);
    shape_print(&is, &c->in[0]->shape);
    shape_print(&wanted, want);
    status = CALL_FAIL(c, SM_INVALID_ARGUMENT, "Shape of tensor " SLICE_FMT " %s is not compatible with expected shape %s.",
                       SLICE_ARG(c->node->name), str_text(&is), str_text(&wanted));
    str_clear(&is);
    str_clear(&wanted);
    return status;
}

static sm_status check_numerics(call *c)
{
    size_t n = tensor_count(c->in[0]);
    bool   nan = false, inf = false;
    slice  message = node_string(c->node, "message");
    for (size_t i = 0; i < n; i++) {
        double x = tensor_real(c->in[0], i);
        nan |= isnan(x) != 0;
        inf |= isinf(x) != 0;
    }
    if (!nan && !inf) return identity(c);
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, SLICE_FMT " : Tensor had %s values", SLICE_ARG(message),
                     nan && inf ? "Inf and NaN"
                     : nan      ? "NaN"
                                : "Inf");
}

/* -- Made up ------------------------------------------------------------------------------------------------------ */

static sm_status infer_fill(infer *c)
{
    sm_status s = SM_OK;
    TRY(infer_rank(c, 0, 1));
    TRY(infer_rank(c, 1, 0));
    if (!infer_shape_value(c, 0, &c->out[0], &s) && s == SM_OK && c->in[0].rank == 1 && c->in[0].dims[0] >= 0 &&
        c->in[0].dims[0] <= SHAPE_MAX_RANK)
        c->out[0] = shape_unknown_dims((int)c->in[0].dims[0]);
    return s;
}

static sm_status fill(call *c)
{
    shape s;
    TRY(tensor_to_shape(c->in[0], &s, c->err));
    for (int i = 0; i < s.rank; i++)
        if (s.dims[i] < 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s.dims[i]);
    TRY(move_output(c, 0, &s));
    return move_fill(c, c->out[0], c->in[1], 0);
}

static sm_status zeros_like(call *c)
{
    return move_fill(c, c->out[0], NULL, 0);
}

/* The one of every type, as bytes. */
static const union {
    unsigned char bytes[16];
    double        f64;
    float         f32;
    uint64_t      integer;
    uint16_t      narrow;
} one_double = { .f64 = 1 }, one_float = { .f32 = 1 }, one_integer = { .integer = 1 }, one_half = { .narrow = 0x3c00 },
  one_bfloat16 = { .narrow = 0x3f80 };

static sm_status ones_like(call *c)
{
    sm_dtype    t = c->out[0]->dtype;
    const void *one = t == SM_DOUBLE || t == SM_COMPLEX128 ? one_double.bytes
                      : t == SM_FLOAT || t == SM_COMPLEX64 ? one_float.bytes
                      : t == SM_HALF                       ? one_half.bytes
                      : t == SM_BFLOAT16                   ? one_bfloat16.bytes
                                                           : one_integer.bytes;
    tensor     *unit;
    shape       scalar = shape_scalar();
    TRY(tensor_from(c->memory, t, &scalar, one, &unit, c->err));
    sm_status s = move_fill(c, c->out[0], unit, 0);
    tensor_unref(unit);
    return s;
}

/* How many numbers Range gives; -1: the arguments are wrong (err says how). */
static int64_t range_count(sm_error *err, const tensor *start, const tensor *limit, const tensor *delta)
{
    if (dtype_is(start->dtype, DTYPE_FLOATING)) {
        double a = tensor_real(start, 0), b = tensor_real(limit, 0), d = tensor_real(delta, 0), n;
        if (d == 0) return error_set(err, SM_INVALID_ARGUMENT, "Requires delta != 0: %g", d), -1;
        if (d > 0 && a > b)
            return error_set(err, SM_INVALID_ARGUMENT, "Requires start <= limit when delta > 0: %g/%g", a, b), -1;
        if (d < 0 && a < b)
            return error_set(err, SM_INVALID_ARGUMENT, "Requires start >= limit when delta < 0: %g/%g", a, b), -1;
        n = ceil(fabs((b - a) / d));
        if (!(n < 0x1p62))
            return error_set(err, SM_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld", (long long)INT64_MAX),
                   -1;
        return (int64_t)n;
    }
    int64_t a = tensor_int(start, 0), b = tensor_int(limit, 0), d = tensor_int(delta, 0);
    if (d == 0) return error_set(err, SM_INVALID_ARGUMENT, "Requires delta != 0: 0"), -1;
    if (d > 0 && a > b)
        return error_set(err, SM_INVALID_ARGUMENT, "Requires start <= limit when delta > 0: %lld/%lld", (long long)a,
                         (long long)b),
               -1;
    if (d < 0 && a < b)
        return error_set(err, SM_INVALID_ARGUMENT, "Requires start >= limit when delta < 0: %lld/%lld", (long long)a,
                         (long long)b),
               -1;
    uint64_t span = d > 0 ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
    uint64_t step = d > 0 ? (uint64_t)d : 0 - (uint64_t)d;
    uint64_t n = span / step + (span % step != 0);
    if (n > INT64_MAX)
        return error_set(err, SM_INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= %lld", (long long)INT64_MAX), -1;
    return (int64_t)n;
}

static sm_status infer_range(infer *c)
{
    for (int i = 0; i < 3; i++) TRY(infer_rank(c, i, 0));
    c->out[0] = shape_unknown_dims(1);
    if (c->value[0] && c->value[1] && c->value[2]) {
        int64_t n = range_count(c->err, c->value[0], c->value[1], c->value[2]);
        if (n < 0) return SM_INVALID_ARGUMENT;
        c->out[0].dims[0] = n;
    }
    return SM_OK;
}

static sm_status range(call *c)
{
    int64_t n = range_count(c->err, c->in[0], c->in[1], c->in[2]);
    if (n < 0) return SM_INVALID_ARGUMENT;
    shape s = shape_vector(n);
    TRY(move_output(c, 0, &s));
    tensor *y = c->out[0];
    if (dtype_is(y->dtype, DTYPE_INTEGRAL)) {
        uint64_t a = (uint64_t)tensor_int(c->in[0], 0), d = (uint64_t)tensor_int(c->in[2], 0);
        for (int64_t i = 0; i < n; i++, a += d) {
            if (y->dtype == SM_INT64)
                ((int64_t *)y->data)[i] = (int64_t)a;
            else
                ((int32_t *)y->data)[i] = (int32_t)a;
        }
        return SM_OK;
    }
    /* start + i * delta in the type itself, as TensorFlow does: the narrow types round the product, then the sum. */
    double a = tensor_real(c->in[0], 0), d = tensor_real(c->in[2], 0);
    for (int64_t i = 0; i < n; i++) {
        float product = (float)i * (float)d;
        switch (y->dtype) {
        case SM_DOUBLE: ((double *)y->data)[i] = a + (double)i * d; break;
        case SM_FLOAT: ((float *)y->data)[i] = (float)a + product; break;
        case SM_HALF:
            product = half_to_float(float_to_half(half_to_float(float_to_half((float)i)) * (float)d));
            ((uint16_t *)y->data)[i] = float_to_half((float)a + product);
            break;
        default:
            product = bfloat16_to_float(float_to_bfloat16(bfloat16_to_float(float_to_bfloat16((float)i)) * (float)d));
            ((uint16_t *)y->data)[i] = float_to_bfloat16((float)a + product);
        }
    }
    return SM_OK;
}

static sm_status infer_linspace(infer *c)
{
    int64_t n;
    for (int i = 0; i < 3; i++) TRY(infer_rank(c, i, 0));
    c->out[0] = shape_unknown_dims(1);
    if (!infer_int_value(c, 2, &n)) return SM_OK;
    if (n <= 0) return INFER_FAIL(c, "Requires num > 0: %lld", (long long)n);
    c->out[0].dims[0] = n;
    return SM_OK;
}

static sm_status linspace(call *c)
{
    int64_t n = tensor_int(c->in[2], 0);
    double  a = tensor_real(c->in[0], 0), b = tensor_real(c->in[1], 0);
    if (n <= 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Requires num > 0: %lld", (long long)n);
    shape s = shape_vector(n);
    TRY(move_output(c, 0, &s));
    if (c->out[0]->dtype == SM_DOUBLE) {
        double *y = c->out[0]->data, step = n > 1 ? (b - a) / (double)(n - 1) : 0;
        for (int64_t i = 0; i < n; i++) y[i] = a + step * (double)i;
        if (n > 1) y[n - 1] = b;
    } else {
        float *y = c->out[0]->data, step = n > 1 ? ((float)b - (float)a) / (float)(n - 1) : 0;
        for (int64_t i = 0; i < n; i++) y[i] = (float)a + step * (float)i;
        if (n > 1) y[n - 1] = (float)b;
    }
    return SM_OK;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(constant_rows, constant);
KERNEL(placeholder_rows, placeholder);
KERNEL(argument_rows, function_argument);
KERNEL(identity_rows, identity);
KERNEL(nothing_rows, nothing);
KERNEL(ensure_shape_rows, ensure_shape);
static const kernel check_numerics_rows[] = { { .types = "T: floating", .run = check_numerics }, { 0 } };
KERNEL(fill_rows, fill);
static const kernel zeros_like_rows[] = { { .types = "T: numeric|bool|string", .run = zeros_like },
                                          { .types = "T: variant", .run = tensor_list_zeros_like },
                                          { 0 } };
static const kernel ones_like_rows[] = { { .types = "T: numeric|bool", .run = ones_like }, { 0 } };
static const kernel snapshot_rows[] = {
    { .types =
          "T: bfloat16|bool|complex128|complex64|double|float|half|int16|int32|int64|int8|uint16|uint32|uint64|uint8",
      .run = identity },
    { 0 },
};
static const kernel range_rows[] = { { .types = "Tidx: bfloat16|double|float|half|int32|int64", .run = range }, { 0 } };
static const kernel linspace_rows[] = { { .types = "T: float|double", .run = linspace }, { 0 } };

/* clang-format off */
const op_def constant_ops[] = {
    { "Const", "-> output:dtype | value: tensor, dtype: any",
      infer_const, constant_rows, NULL, OP_GIVES, "a value that is part of the graph" },
    { "Placeholder", "-> output:dtype | dtype: any, shape: shape = ?",
      infer_declared, placeholder_rows, NULL, 0, "a value that must be fed" },
    { "PlaceholderV2", "-> output:dtype | dtype: any, shape: shape",
      infer_declared, placeholder_rows, NULL, 0, "a value that must be fed" },
    { "PlaceholderWithDefault", "input:dtype -> output:dtype | dtype: any, shape: shape",
      infer_same, identity_rows, NULL, OP_VIEW, "a value that may be fed" },
    { "_Arg", "-> output:T | T: any, shape: shape = ?",
      infer_declared, argument_rows, NULL, 0, "an input of the function" },
    { "Identity", "input:T -> output:T | T: any",
      infer_same, identity_rows, NULL, OP_VIEW, "its input" },
    { "IdentityN", "input:T -> output:T | T: list(type) >= 1",
      infer_each, identity_rows, NULL, OP_GIVES, "its inputs" },
    { "StopGradient", "input:T -> output:T | T: any",
      infer_same, identity_rows, NULL, OP_VIEW, "its input; no gradient goes through" },
    { "PreventGradient", "input:T -> output:T | T: any, message: string = \"\"",
      infer_same, identity_rows, NULL, OP_VIEW, "its input; asking for a gradient is an error" },
    { "Snapshot", "input:T -> output:T | T: any",
      infer_same, snapshot_rows, NULL, OP_VIEW, "its input" },
    { "EnsureShape", "input:T -> output:T | shape: shape, T: any",
      infer_ensure_shape, ensure_shape_rows, NULL, OP_VIEW, "its input; an error when the shape is another" },
    { "CheckNumerics", "tensor:T -> output:T | T: floating, message: string",
      infer_same, check_numerics_rows, NULL, OP_VIEW | OP_STATEFUL, "its input; an error when an element is NaN or infinite" },
    { "NoOp", "->",
      infer_unknown, nothing_rows, NULL, 0, "nothing: a place for control edges" },
    { "Fill", "dims:index_type value:T -> output:T | T: any, index_type: index = int32",
      infer_fill, fill_rows, NULL, 0, "a tensor of one value" },
    { "ZerosLike", "x:T -> y:T | T: any",
      infer_same, zeros_like_rows, NULL, OP_SHAPE_ONLY, "zeros in the shape of x" },
    { "OnesLike", "x:T -> y:T | T: numeric+bool",
      infer_same, ones_like_rows, NULL, OP_SHAPE_ONLY, "ones in the shape of x" },
    { "Range", "start:Tidx limit:Tidx delta:Tidx -> output:Tidx | Tidx: {bfloat16, half, float, double, int8, int16, int32, int64, uint16, uint32, uint64} = int32",
      infer_range, range_rows, NULL, 0, "start, start + delta ... before limit" },
    { "LinSpace", "start:T stop:T num:Tidx -> output:T | T: floating, Tidx: index = int32",
      infer_linspace, linspace_rows, NULL, 0, "num values from start to stop" },
    { 0 },
};
/* clang-format on */
