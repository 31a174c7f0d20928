/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/variable_ops.c - variables: handles, reads, assignments, and TensorFlow 1's references to them.
 *
 * A handle is a scalar resource tensor whose element is the variable. A TensorFlow 1 reference (an argument written
 * "&T") is the same thing inside our graphs: VariableV2, Assign and friends give the variable's handle, and the
 * importer puts a ReadVariableOp between a reference and an input that wants a value.
 *
 * A variable's name is (container, shared_name); the registry of the model makes it at first use. The name
 * "cd2c89b7-..." asks for a variable of its own each time.
 *
 * Tests: variable_ops.test. Reading order: the table, then up. */
#include "ops/array/combine.h"
#include "ops/array/move.h"

#define ANONYMOUS "cd2c89b7-88b7-44c8-ad83-06c2a9158347"

/* -- Handles -------------------------------------------------------------------------------------------------------- */

typedef struct declaration {
    slice    name;
    sm_dtype dtype;
    shape    dims;
} declaration;

static sm_status make_variable(void *context, object **out, sm_error *err)
{
    const declaration *d = context;
    variable          *v;
    TRY(variable_new(d->name, d->dtype, &d->dims, &v, err));
    *out = (object *)v;
    return SM_OK;
}

static sm_status give_named_variable(call *c, slice name)
{
    declaration d = { name, node_type(c->node, "dtype"), *node_shape(c->node, "shape") };
    object     *o = NULL;
    if (slice_is(name, ANONYMOUS))
        TRY(make_variable(&d, &o, c->err));
    else
        TRY(registry_find_or_make(call_registry(c), node_string(c->node, "container"), name, &variable_type,
                                  make_variable, &d, &o, c->err));
    sm_status s = call_give_object(c, 0, o);
    object_unref(o);
    return s;
}

static sm_status var_handle(call *c)
{
    return give_named_variable(c, node_string(c->node, "shared_name"));
}

static sm_status variable_reference(call *c)
{
    return give_named_variable(c, call_resource_name(c));
}

static sm_status destroy_resource(call *c)
{
    const object *o = tensor_count(c->in[0]) == 1 ? tensor_object(c->in[0], 0) : NULL;
    variable     *v;
    if (!o)
        return node_bool(c->node, "ignore_lookup_error") ? SM_OK
                                                         : CALL_FAIL(c, SM_NOT_FOUND, "the resource does not exist");
    if (o->type != &variable_type) return SM_OK;
    TRY(call_variable(c, 0, &v));
    variable_reset(v);
    return SM_OK;
}

static sm_status nothing_to_do(call *c)
{
    (void)c;
    return SM_OK;
}

/* -- Reads ---------------------------------------------------------------------------------------------------------- */

static sm_status infer_read(infer *c)
{
    const object *o = c->value[0] && c->value[0]->data ? tensor_object(c->value[0], 0) : NULL;
    shape         s = o && o->type == &variable_type ? variable_declared_shape((const variable *)o) : shape_unknown();
    if (shape_known(&s)) c->out[0] = s; /* less than that is not certain: an assignment may change it */
    return SM_OK;
}

static sm_status read_variable(call *c)
{
    variable *v;
    tensor   *t;
    sm_dtype  want = node_type(c->node, "dtype");
    TRY(call_variable(c, 0, &v));
    if (variable_dtype(v) != want)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to read variable with wrong dtype. Expected %s got %s",
                         dtype_short_name(want), dtype_short_name(variable_dtype(v)));
    TRY(variable_read(v, &t, c->err));
    return call_give(c, 0, t);
}

static sm_status is_initialised(call *c)
{
    const object *o = tensor_count(c->in[0]) == 1 ? tensor_object(c->in[0], 0) : NULL;
    variable     *v;
    bool          yes = false;
    if (o && o->type == &variable_type) {
        TRY(call_variable(c, 0, &v));
        yes = variable_initialised(v);
    }
    ((bool *)c->out[0]->data)[0] = yes;
    return SM_OK;
}

static sm_status infer_vector(infer *c)
{
    c->out[0] = shape_unknown_dims(1);
    return SM_OK;
}

static sm_status shape_of_variable(call *c)
{
    variable *v;
    TRY(call_variable(c, 0, &v));
    shape s = variable_shape(v);
    if (!shape_known(&s)) return CALL_FAIL(c, SM_FAILED_PRECONDITION, "the variable has no value yet");
    shape n = shape_vector(s.rank);
    TRY(call_output(c, 0, &n));
    for (int i = 0; i < s.rank; i++) {
        if (c->out[0]->dtype == SM_INT64)
            ((int64_t *)c->out[0]->data)[i] = s.dims[i];
        else
            ((int32_t *)c->out[0]->data)[i] = (int32_t)s.dims[i];
    }
    return SM_OK;
}

/* -- Assignments ----------------------------------------------------------------------------------------------------- */

static sm_status give_reference(call *c)
{
    return c->n_out ? call_give_object(c, 0, tensor_object(c->in[0], 0)) : SM_OK;
}

static sm_status shape_mismatch(call *c, const shape *is, const shape *wants, const char *before, const char *between,
                                const char *after)
{
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, wants);
    shape_print(&b, is);
    sm_status s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s%s%s%s%s", before, str_text(&a), between, str_text(&b), after);
    str_clear(&a);
    str_clear(&b);
    return s;
}

static sm_status assign_value(call *c, bool validate)
{
    variable *v;
    tensor   *t;
    TRY(call_variable(c, 0, &v));
    if (variable_dtype(v) != c->in[1]->dtype)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to assign variable with wrong dtype. Expected %s got %s",
                         dtype_short_name(variable_dtype(v)), dtype_short_name(c->in[1]->dtype));
    shape declared = variable_shape(v);
    if (validate && !shape_compatible(&declared, &c->in[1]->shape))
        return shape_mismatch(c, &c->in[1]->shape, &declared,
                              "Assign requires shapes of both tensors to match. lhs shape= ", " rhs shape= ", "");
    TRY(tensor_keep(c->memory, c->in[1], &t, c->err));
    sm_status s = variable_assign(v, t, c->err);
    tensor_unref(t);
    return s;
}

static sm_status assign_variable(call *c)
{
    return assign_value(c, node_bool(c->node, "validate_shape"));
}

static sm_status assign_reference(call *c)
{
    TRY(assign_value(c, node_bool(c->node, "validate_shape")));
    return give_reference(c);
}

typedef struct update {
    call         *c;
    combine_op    op;
    const tensor *by;
} update;

static sm_status combine_all(void *context, tensor *t, sm_error *err)
{
    const update *u = context;
    combine_fn   *combine = combine_find(u->op, t->dtype);
    (void)err;
    if (!shape_eq(&t->shape, &u->by->shape))
        return shape_mismatch(u->c, &u->by->shape, &t->shape, "Cannot update variable with shape ",
                              " using a Tensor with shape ", ", shapes must be equal.");
    if (!combine || t->dtype != u->by->dtype)
        return CALL_FAIL(u->c, SM_INVALID_ARGUMENT, "Trying to update variable with wrong dtype. Expected %s got %s",
                         dtype_short_name(t->dtype), dtype_short_name(u->by->dtype));
    combine(t->data, u->by->data, 1, tensor_count(t));
    return SM_OK;
}

static sm_status update_variable(call *c, combine_op op, const tensor *by)
{
    update    u = { c, op, by };
    variable *v;
    TRY(call_variable(c, 0, &v));
    TRY(variable_update(v, c->memory, combine_all, &u, c->err));
    return give_reference(c);
}

static sm_status assign_add(call *c)
{
    return update_variable(c, COMBINE_ADD, c->in[1]);
}

static sm_status assign_sub(call *c)
{
    return update_variable(c, COMBINE_SUB, c->in[1]);
}

/* var -= delta * alpha: the product is rounded to the type first, as TensorFlow's expression is. */
static sm_status gradient_descent(call *c)
{
    const tensor *delta = c->in[2];
    combine_fn   *multiply = combine_find(COMBINE_MUL, delta->dtype);
    tensor       *step;
    sm_status     s;
    if (tensor_count(c->in[1]) != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "alpha is not a scalar");
    if (!multiply) return CALL_FAIL(c, SM_UNIMPLEMENTED, "no arithmetic for %s", dtype_short_name(delta->dtype));
    TRY(tensor_copy(c->memory, delta, &step, c->err));
    multiply(step->data, c->in[1]->data, 0, tensor_count(step));
    s = update_variable(c, COMBINE_SUB, step);
    tensor_unref(step);
    return s;
}

/* -- The table ---------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(var_handle_rows, var_handle);
KERNEL(variable_reference_rows, variable_reference);
KERNEL(destroy_rows, destroy_resource);
KERNEL(nothing_rows, nothing_to_do);
KERNEL(read_rows, read_variable);
KERNEL(is_initialised_rows, is_initialised);
KERNEL(shape_of_variable_rows, shape_of_variable);
KERNEL(assign_variable_rows, assign_variable);
KERNEL(assign_reference_rows, assign_reference);
#define TYPED(name, which, function) static const kernel name[] = { { .types = which, .run = function }, { 0 } }
TYPED(assign_add_rows, "dtype: numeric", assign_add);
TYPED(assign_sub_rows, "dtype: numeric", assign_sub);
TYPED(add_reference_rows, "T: numeric", assign_add);
TYPED(sub_reference_rows, "T: numeric", assign_sub);
TYPED(gradient_descent_rows, "T: numeric", gradient_descent);

/* clang-format off */
#define NUMBERS "numeric+qint8+quint8+qint32+qint16+quint16"
#define WRITES OP_STATEFUL | OP_WRITES
const op_def variable_ops[] = {
    { "VarHandleOp", "-> resource:resource | container: string = \"\", shared_name: string = \"\", debug_name: string = \"\", dtype: any, shape: shape, allowed_devices: list(string) = []",
      infer_scalar, var_handle_rows, NULL, OP_STATEFUL | OP_HANDLE, "the handle of a variable" },
    { "ReadVariableOp", "resource:resource -> value:dtype | dtype: any",
      infer_read, read_rows, NULL, OP_READS | OP_GIVES, "a variable's value" },
    { "AssignVariableOp", "resource:resource value:dtype -> | dtype: any, validate_shape: bool = false",
      infer_unknown, assign_variable_rows, NULL, WRITES, "sets a variable" },
    { "AssignAddVariableOp", "resource:resource value:dtype -> | dtype: any",
      infer_unknown, assign_add_rows, NULL, WRITES, "adds to a variable" },
    { "AssignSubVariableOp", "resource:resource value:dtype -> | dtype: any",
      infer_unknown, assign_sub_rows, NULL, WRITES, "subtracts from a variable" },
    { "VarIsInitializedOp", "resource:resource -> is_initialized:bool",
      infer_scalar, is_initialised_rows, NULL, OP_STATEFUL, "has the variable a value?" },
    { "VariableShape", "input:resource -> output:out_type | out_type: index = int32",
      infer_vector, shape_of_variable_rows, NULL, OP_READS | OP_GIVES, "the dims of a variable" },
    { "DestroyResourceOp", "resource:resource -> | ignore_lookup_error: bool = true",
      infer_unknown, destroy_rows, NULL, WRITES, "forgets a variable's value" },
    { "DisableCopyOnRead", "resource:resource ->",
      infer_unknown, nothing_rows, NULL, OP_READS, "nothing: reads never copy" },
    { "ResourceApplyGradientDescent", "var:resource alpha:T delta:T -> | T: " NUMBERS ", use_locking: bool = false",
      infer_unknown, gradient_descent_rows, NULL, WRITES, "var -= alpha * delta" },
    { "VariableV2", "-> ref:&dtype | shape: shape, dtype: any, container: string = \"\", shared_name: string = \"\"",
      infer_scalar, variable_reference_rows, NULL, OP_STATEFUL | OP_HANDLE, "a TensorFlow 1 variable" },
    { "Variable", "-> ref:&dtype | shape: shape, dtype: any, container: string = \"\", shared_name: string = \"\"",
      infer_scalar, variable_reference_rows, NULL, OP_STATEFUL | OP_HANDLE, "a TensorFlow 1 variable" },
    { "IsVariableInitialized", "ref:&dtype -> is_initialized:bool | dtype: any",
      infer_scalar, is_initialised_rows, NULL, OP_STATEFUL, "has the variable a value?" },
    { "Assign", "ref:&T value:T -> output_ref:&T | T: any, validate_shape: bool = true, use_locking: bool = true",
      infer_scalar, assign_reference_rows, NULL, WRITES, "sets a variable" },
    { "AssignAdd", "ref:&T value:T -> output_ref:&T | T: " NUMBERS ", use_locking: bool = false",
      infer_scalar, add_reference_rows, NULL, WRITES, "adds to a variable" },
    { "AssignSub", "ref:&T value:T -> output_ref:&T | T: " NUMBERS ", use_locking: bool = false",
      infer_scalar, sub_reference_rows, NULL, WRITES, "subtracts from a variable" },
    { "ApplyGradientDescent", "var:&T alpha:T delta:T -> out:&T | T: " NUMBERS ", use_locking: bool = false",
      infer_scalar, gradient_descent_rows, NULL, WRITES, "var -= alpha * delta" },
    { 0 },
};
/* clang-format on */
