/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/variable.c - resource variables, and TensorFlow 1's reference variables.
 *
 * A handle is a resource tensor whose element is the variable. TensorFlow 1's references are handles too: an output
 * whose signature says `&` is a resource tensor in our graphs, and the importer puts a ReadVariableOp between a
 * reference and whoever wants its value. So both kinds share every kernel below.
 *
 * A read gives the variable's current tensor (one more count); an update changes it in place only when nobody else
 * holds it, so a read is a snapshot. Tests: variable.test, and tests/unit/variable_ops_test.c for sequences. */
#include "ops/state/update.h"

static const char anonymous_name[] = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/* -- Inference ---------------------------------------------------------------------------------------------------- */

static sm_status infer_no_output(infer *c)
{
    (void)c;
    return SM_OK;
}

static variable *known_variable(const infer *c)
{
    const tensor *t = c->value[0];
    object       *o = t && t->dtype == SM_RESOURCE && tensor_count(t) ? tensor_object(t, 0) : NULL;
    return o && o->type == &variable_type ? (variable *)(void *)o : NULL;
}

/* Only a fully declared shape is certain: an assignment may give another one. */
static sm_status infer_read(infer *c)
{
    variable *v = known_variable(c);
    shape     s = v ? variable_declared_shape(v) : shape_unknown();
    if (shape_known(&s)) c->out[0] = s;
    return SM_OK;
}

static sm_status infer_variable_shape(infer *c)
{
    variable *v = known_variable(c);
    shape     s = v ? variable_declared_shape(v) : shape_unknown();
    c->out[0] = shape_vector(s.rank >= 0 ? s.rank : UNKNOWN_DIM);
    if (s.rank < 0) c->out[0] = shape_unknown();
    return SM_OK;
}

/* -- Handles -------------------------------------------------------------------------------------------------------- */

static sm_status make_variable(void *context, object **out, sm_error *err)
{
    call     *c = context;
    variable *v = NULL;
    TRY(variable_new(call_resource_name(c), node_type(c->node, "dtype"), node_shape(c->node, "shape"), &v, err));
    *out = (object *)(void *)v;
    return SM_OK;
}

static sm_status run_handle(call *c)
{
    object *o = NULL;
    slice   name = call_resource_name(c);
    if (slice_is(name, anonymous_name))
        TRY(make_variable(c, &o, c->err));
    else
        TRY(registry_find_or_make(call_registry(c), node_string(c->node, "container"), name, &variable_type,
                                  make_variable, c, &o, c->err));
    sm_status s = call_give_object(c, 0, o);
    object_unref(o);
    return s;
}

/* -- Reading ---------------------------------------------------------------------------------------------------------- */

static sm_status run_read(call *c)
{
    variable *v = NULL;
    tensor   *t = NULL;
    TRY(call_variable(c, 0, &v));
    TRY(variable_read(v, &t, c->err));
    if (t->dtype != c->out[0]->dtype) {
        sm_status s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to read variable with wrong dtype. Expected %s got %s",
                                dtype_short_name(c->out[0]->dtype), dtype_short_name(t->dtype));
        tensor_unref(t);
        return s;
    }
    return call_give(c, 0, t);
}

static sm_status run_is_initialised(call *c)
{
    variable *v = NULL;
    TRY(call_variable(c, 0, &v));
    *(bool *)c->out[0]->data = variable_initialised(v);
    return SM_OK;
}

static sm_status run_variable_shape(call *c)
{
    variable *v = NULL;
    tensor   *t = NULL;
    TRY(call_variable(c, 0, &v));
    TRY(variable_read(v, &t, c->err));
    shape     of_shape = shape_vector(t->shape.rank);
    sm_status s = call_output(c, 0, &of_shape);
    for (int i = 0; i < t->shape.rank && s == SM_OK; i++) {
        if (c->out[0]->dtype == SM_INT32) ((int32_t *)c->out[0]->data)[i] = (int32_t)t->shape.dims[i];
        else ((int64_t *)c->out[0]->data)[i] = t->shape.dims[i];
    }
    tensor_unref(t);
    return s;
}

/* -- Writing ------------------------------------------------------------------------------------------------------------ */

/* A reference op gives its reference again. */
static sm_status give_reference(call *c)
{
    return c->n_out ? call_give_object(c, 0, tensor_object(c->in[0], 0)) : SM_OK;
}

static sm_status run_assign(call *c)
{
    variable   *v = NULL;
    tensor     *t = NULL;
    const attr *validate = node_attr(c->node, "validate_shape");
    TRY(call_variable(c, 0, &v));
    shape declared = variable_declared_shape(v), got = c->in[1]->shape;
    if (validate && validate->v.i && !shape_compatible(&declared, &got)) {
        str text;
        str_init(&text);
        str_addz(&text, "Assign requires shapes of both tensors to match. lhs shape= ");
        shape_print(&text, &declared);
        str_addz(&text, " rhs shape= ");
        shape_print(&text, &got);
        sm_status s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s", str_text(&text));
        str_clear(&text);
        return s;
    }
    TRY(tensor_keep(c->memory, c->in[1], &t, c->err));
    sm_status s = variable_assign(v, t, c->err);
    tensor_unref(t);
    return s == SM_OK ? give_reference(c) : s;
}

/* update_add and update_sub are elementwise over tensors of one shape (a scalar value does not broadcast here). */
static sm_status run_update(call *c, update_op op)
{
    variable *v = NULL;
    TRY(call_variable(c, 0, &v));
    update_whole u = { .op = op, .value = c->in[1], .err = c->err };
    TRY(variable_update(v, c->memory, update_whole_tensor, &u, c->err));
    return give_reference(c);
}

static sm_status run_assign_add(call *c)
{
    return run_update(c, UPDATE_ADD);
}

static sm_status run_assign_sub(call *c)
{
    return run_update(c, UPDATE_SUB);
}

/* var -= alpha * delta */
static sm_status run_gradient_descent(call *c)
{
    variable *v = NULL;
    TRY(call_variable(c, 0, &v));
    update_whole u = { .op = UPDATE_SUB, .value = c->in[2], .scale = c->in[1], .err = c->err };
    TRY(variable_update(v, c->memory, update_whole_tensor, &u, c->err));
    return give_reference(c);
}

static sm_status run_destroy(call *c)
{
    variable *v = NULL;
    TRY(call_variable(c, 0, &v));
    variable_reset(v);
    return SM_OK;
}

static sm_status run_nothing(call *c)
{
    (void)c;
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------ */

static const kernel handle[] = { { .run = run_handle }, { 0 } };
static const kernel read_variable[] = { { .run = run_read }, { 0 } };
static const kernel is_initialised[] = { { .run = run_is_initialised }, { 0 } };
static const kernel variable_shape_rows[] = { { .run = run_variable_shape }, { 0 } };
static const kernel assign[] = { { .run = run_assign }, { 0 } };
static const kernel assign_add[] = { { .run = run_assign_add }, { 0 } };
static const kernel assign_sub[] = { { .run = run_assign_sub }, { 0 } };
static const kernel gradient_descent[] = { { .run = run_gradient_descent }, { 0 } };
static const kernel destroy[] = { { .run = run_destroy }, { 0 } };
static const kernel nothing[] = { { .run = run_nothing }, { 0 } };

#define HANDLE (OP_STATEFUL | OP_HANDLE)
#define WRITE (OP_STATEFUL | OP_WRITES)

/* clang-format off */
const op_def variable_ops[] = {
    { "VarHandleOp", "-> resource:resource | container: string = \"\", shared_name: string = \"\", debug_name: string = \"\", "
      "dtype: type, shape: shape, allowed_devices: list(string) = []",
      infer_scalar, handle, NULL, HANDLE, "the handle of a named variable" },
    { "ReadVariableOp", "resource:resource -> value:dtype | dtype: type",
      infer_read, read_variable, NULL, OP_READS | OP_GIVES, "a snapshot of a variable" },
    { "AssignVariableOp", "resource:resource value:dtype -> | dtype: type, validate_shape: bool = false",
      infer_no_output, assign, NULL, WRITE, "a variable's new value" },
    { "AssignAddVariableOp", "resource:resource value:dtype -> | dtype: type",
      infer_no_output, assign_add, NULL, WRITE, "variable += value" },
    { "AssignSubVariableOp", "resource:resource value:dtype -> | dtype: type",
      infer_no_output, assign_sub, NULL, WRITE, "variable -= value" },
    { "VarIsInitializedOp", "resource:resource -> is_initialized:bool",
      infer_scalar, is_initialised, NULL, OP_STATEFUL, "whether a variable has a value" },
    { "VariableShape", "input:resource -> output:out_type | out_type: {int32, int64} = int32",
      infer_variable_shape, variable_shape_rows, NULL, OP_READS | OP_GIVES, "the shape of a variable's value" },
    { "DestroyResourceOp", "resource:resource -> | ignore_lookup_error: bool = true",
      infer_no_output, destroy, NULL, WRITE, "the variable has no value any more" },
    { "DisableCopyOnRead", "resource:resource ->",
      infer_no_output, nothing, NULL, OP_READS, "nothing: reads never copy" },
    { "ResourceApplyGradientDescent", "var:resource alpha:T delta:T -> | T: numeric, use_locking: bool = false",
      infer_no_output, gradient_descent, NULL, WRITE, "variable -= alpha * delta" },

    /* TensorFlow 1: a reference is a handle */
    { "VariableV2", "-> ref:&dtype | shape: shape, dtype: type, container: string = \"\", shared_name: string = \"\"",
      infer_scalar, handle, NULL, HANDLE, "a reference to a named variable" },
    { "Variable", "-> ref:&dtype | shape: shape, dtype: type, container: string = \"\", shared_name: string = \"\"",
      infer_scalar, handle, NULL, HANDLE, "a reference to a named variable" },
    { "Assign", "ref:&T value:T -> output_ref:&T | T: type, validate_shape: bool = true, use_locking: bool = true",
      infer_scalar, assign, NULL, WRITE, "a variable's new value" },
    { "AssignAdd", "ref:&T value:T -> output_ref:&T | T: numeric, use_locking: bool = false",
      infer_scalar, assign_add, NULL, WRITE, "variable += value" },
    { "AssignSub", "ref:&T value:T -> output_ref:&T | T: numeric, use_locking: bool = false",
      infer_scalar, assign_sub, NULL, WRITE, "variable -= value" },
    { "IsVariableInitialized", "ref:&dtype -> is_initialized:bool | dtype: type",
      infer_scalar, is_initialised, NULL, OP_STATEFUL, "whether a variable has a value" },
    { "ApplyGradientDescent", "var:&T alpha:T delta:T -> out:&T | T: numeric, use_locking: bool = false",
      infer_scalar, gradient_descent, NULL, WRITE, "variable -= alpha * delta" },
    { 0 },
};
