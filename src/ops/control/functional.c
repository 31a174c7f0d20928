/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/functional.c - nodes that run functions: calls, If, Case, While, For.
 *
 * A node's func attributes are compiled with the plan it belongs to; a kernel here only chooses which to run and with
 * what. Results are counted tensors that are handed over as they are (OP_GIVES). Calls are inlined before plans are
 * made, so their kernels see what could not be (recursion, calls that a test builds). "_Call" is ours: what a node whose
 * op is the name of a function becomes.
 *
 * A loop's variables are borrowed in the first round and owned afterwards; each is released as soon as its successor is
 * there. They may change their shapes from round to round, so shapes are inferred only where output_shapes states them.
 *
 * Tests: functional.test, and tests/unit/control_test.c, which builds the functions. Reading order: the table, then up. */
#include "graph/op.h"

/* -- Inference -------------------------------------------------------------------------------------------------------- */

/* TensorFlow's exporter writes what it inferred; no list, or a list of another length, says nothing. */
static sm_status infer_output_shapes(infer *c)
{
    const attr *a = node_attr(c->node, "output_shapes");
    if (!a || !a->is_list || a->count != (size_t)c->n_out) return SM_OK;
    for (int i = 0; i < c->n_out; i++) c->out[i] = a->v.shapes[i];
    return SM_OK;
}

static sm_status infer_fake_param(infer *c)
{
    c->out[0] = *node_shape(c->node, "shape");
    if (c->out[0].rank < 0) c->out[0] = shape_scalar();
    for (int i = 0; i < c->out[0].rank; i++)
        if (c->out[0].dims[i] < 0) c->out[0].dims[i] = 0;
    return SM_OK;
}

/* -- Conditions ------------------------------------------------------------------------------------------------------- */

/* A scalar is true unless it is zero or the empty string; anything else is true when it has elements. */
static sm_status truth(call *c, const tensor *t, bool *out)
{
    *out = tensor_count(t) > 0;
    if (t->shape.rank != 0) return SM_OK;
    switch ((int)t->dtype) {
    case SM_BOOL:
    case SM_INT8:
    case SM_UINT8:
    case SM_INT16:
    case SM_INT32:
    case SM_INT64:
    case SM_FLOAT:
    case SM_DOUBLE: *out = tensor_real(t, 0) != 0; return SM_OK;
    case SM_STRING: *out = tensor_text(t, 0).len > 0; return SM_OK;
    default:
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s cannot be converted to a boolean", dtype_short_name(t->dtype));
    }
}

static sm_status to_bool(call *c)
{
    bool b;
    TRY(truth(c, c->in[0], &b));
    *(bool *)c->out[0]->data = b;
    return SM_OK;
}

/* -- Calls -------------------------------------------------------------------------------------------------------------- */

static void release_tensors(tensor **t, int n)
{
    for (int i = 0; i < n; i++) {
        tensor_unref(t[i]);
        t[i] = NULL;
    }
}

/* Hands over all of t (consumed, also on failure) as the outputs. */
static sm_status give_outputs(call *c, tensor **t)
{
    sm_status s = SM_OK;
    for (int i = 0; i < c->n_out && s == SM_OK; i++) {
        s = call_give(c, i, t[i]);
        t[i] = NULL;
    }
    release_tensors(t, c->n_out);
    return s;
}

/* Function k of an attribute, on the inputs from `first` on. */
static sm_status run_function(call *c, const char *name, size_t k, int first)
{
    function *f = NULL;
    tensor  **out = call_scratch(c, ((size_t)c->n_out + 1) * sizeof *out);
    if (!out) return SM_RESOURCE_EXHAUSTED;
    TRY(call_function(c, name, k, &f));
    TRY(call_run(c, f, c->in + first, (size_t)(c->n_in - first), out, (size_t)c->n_out));
    return give_outputs(c, out);
}

static sm_status run_call(call *c)
{
    return run_function(c, "f", 0, 0);
}

/* There is one device here: the target that comes first is not looked at. */
static sm_status run_remote_call(call *c)
{
    return run_function(c, "f", 0, 1);
}

/* -- Branches ------------------------------------------------------------------------------------------------------------ */

static sm_status run_if(call *c)
{
    bool b;
    TRY(truth(c, c->in[0], &b));
    return run_function(c, b ? "then_branch" : "else_branch", 0, 1);
}

static sm_status run_case(call *c)
{
    if (c->in[0]->shape.rank != 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "branch_index must be scalar");
    int64_t k = tensor_int(c->in[0], 0), count = (int64_t)node_attr(c->node, "branches")->count;
    return run_function(c, "branches", (size_t)(k < 0 || k >= count ? count - 1 : k), 1);
}

/* -- Loops ----------------------------------------------------------------------------------------------------------------- */

/* The variables of a loop while it runs: now[first + i] is what a function sees, owned[first + i] what we have to release.
 * The body gets what we own: it may let it go early, and change a list in place that it holds alone. */
typedef struct loop {
    int            first, count; /* arguments before the variables (For: the index), and variables */
    const tensor **now;
    tensor       **owned, **next;
} loop;

static sm_status loop_begin(call *c, loop *l, int arguments, int first_input)
{
    l->first = arguments;
    l->count = c->n_in - first_input;
    size_t n = (size_t)l->count + (size_t)arguments + 1;
    l->now = call_scratch(c, n * sizeof *l->now);
    l->owned = call_scratch(c, n * sizeof *l->owned);
    l->next = call_scratch(c, n * sizeof *l->next);
    if (!l->now || !l->owned || !l->next) return SM_RESOURCE_EXHAUSTED;
    memset(l->owned, 0, n * sizeof *l->owned);
    for (int i = 0; i < l->count; i++) l->now[arguments + i] = c->in[first_input + i];
    return SM_OK;
}

static void loop_release(loop *l)
{
    release_tensors(l->owned + l->first, l->count);
}

/* One round: the body's results take the variables' places. */
static sm_status loop_step(call *c, loop *l, function *body)
{
    TRY(call_run_given(c, body, l->now, l->owned, (size_t)(l->first + l->count), l->next, (size_t)l->count));
    loop_release(l);
    for (int i = 0; i < l->count; i++) l->now[l->first + i] = l->owned[l->first + i] = l->next[i];
    return SM_OK;
}

/* Gives the variables; after no round at all these are the inputs. */
static sm_status loop_end(call *c, loop *l)
{
    tensor  **owned = l->owned + l->first;
    sm_status s = SM_OK;
    for (int i = 0; i < l->count && s == SM_OK; i++)
        if (!owned[i]) s = tensor_keep(c->memory, l->now[l->first + i], &owned[i], c->err);
    if (s == SM_OK) return give_outputs(c, owned);
    loop_release(l);
    return s;
}

static sm_status loop_condition(call *c, const loop *l, function *cond, bool *go_on)
{
    tensor *t = NULL;
    TRY(call_run(c, cond, l->now, (size_t)l->count, &t, 1));
    sm_status s = truth(c, t, go_on);
    tensor_unref(t);
    return s;
}

static sm_status run_while(call *c)
{
    function *cond = NULL, *body = NULL;
    loop      l;
    bool      go_on = true;
    TRY(call_function(c, "cond", 0, &cond));
    TRY(call_function(c, "body", 0, &body));
    TRY(loop_begin(c, &l, 0, 0));
    sm_status s = loop_condition(c, &l, cond, &go_on);
    while (s == SM_OK && go_on) {
        s = loop_step(c, &l, body);
        if (s == SM_OK) s = loop_condition(c, &l, cond, &go_on);
    }
    if (s == SM_OK) return loop_end(c, &l);
    loop_release(&l);
    return s;
}

static sm_status for_bounds(call *c, int64_t *bounds)
{
    static const char *const names[] = { "start", "limit", "delta" };
    for (int i = 0; i < 3; i++) {
        int64_t n = (int64_t)tensor_count(c->in[i]);
        if (c->in[i]->shape.rank != 0)
            return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s must be a scalar, but [%lld]", names[i], (long long)n);
        bounds[i] = tensor_int(c->in[i], 0);
    }
    int64_t start = bounds[0], limit = bounds[1], delta = bounds[2];
    if ((delta > 0 && start <= limit) || (delta < 0 && start >= limit) || (delta == 0 && start == limit)) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid start/limit/delta: %lld %lld %lld", (long long)start,
                     (long long)limit, (long long)delta);
}

static sm_status run_for(call *c)
{
    function *body = NULL;
    loop      l;
    shape     scalar = shape_scalar();
    int64_t   b[3];
    sm_status s = SM_OK;
    TRY(for_bounds(c, b));
    TRY(call_function(c, "body", 0, &body));
    TRY(loop_begin(c, &l, 1, 3));
    for (int64_t i = b[0]; s == SM_OK && (b[2] > 0 ? i < b[1] : i > b[1]); i += b[2]) {
        int32_t index = (int32_t)i;
        tensor *t = NULL;
        s = tensor_from(c->memory, SM_INT32, &scalar, &index, &t, c->err);
        if (s != SM_OK) break;
        l.now[0] = t;
        s = loop_step(c, &l, body);
        tensor_unref(t);
    }
    if (s == SM_OK) return loop_end(c, &l);
    loop_release(&l);
    return s;
}

/* -- Odds and ends ------------------------------------------------------------------------------------------------------------ */

static sm_status run_device_index(call *c)
{
    const attr *names = node_attr(c->node, "device_names");
    size_t      i = 0;
    while (i < names->count && !slice_is(names->v.strings[i], "CPU")) i++;
    *(int32_t *)c->out[0]->data = (int32_t)i;
    return SM_OK;
}

/* Nobody reads it, but what it holds must not depend on what was in memory before. */
static sm_status run_fake_param(call *c)
{
    if (dtype_plain(c->out[0]->dtype) && tensor_bytes(c->out[0])) memset(c->out[0]->data, 0, tensor_bytes(c->out[0]));
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------------- */

static const kernel call_rows[] = { { .run = run_call }, { 0 } };
static const kernel remote_call_rows[] = { { .run = run_remote_call }, { 0 } };
static const kernel if_rows[] = { { .run = run_if }, { 0 } };
static const kernel case_rows[] = { { .run = run_case }, { 0 } };
static const kernel while_rows[] = { { .run = run_while }, { 0 } };
static const kernel for_rows[] = { { .run = run_for }, { 0 } };
static const kernel to_bool_rows[] = { { .run = to_bool }, { 0 } };
static const kernel device_index_rows[] = { { .run = run_device_index }, { 0 } };
static const kernel fake_param_rows[] = { { .run = run_fake_param }, { 0 } };

/* clang-format off */
#define CALL_SIGNATURE "args:Tin -> output:Tout | Tin: list(type) >= 0, Tout: list(type) >= 0, f: func, " \
                       "config: string = \"\", config_proto: string = \"\", executor_type: string = \"\""
#define IF_SIGNATURE "cond:Tcond input:Tin -> output:Tout | Tcond: type, Tin: list(type) >= 0, Tout: list(type) >= 0, " \
                     "then_branch: func, else_branch: func, output_shapes: list(shape) = []"
#define CASE_SIGNATURE "branch_index:int32 input:Tin -> output:Tout | Tin: list(type) >= 0, Tout: list(type) >= 0, " \
                       "branches: list(func) >= 1, output_shapes: list(shape) = []"
#define WHILE_SIGNATURE "input:T -> output:T | T: list(type) >= 0, cond: func, body: func, output_shapes: list(shape) = [], " \
                        "parallel_iterations: int = 10"
const op_def functional_ops[] = {
    { "If", IF_SIGNATURE, infer_output_shapes, if_rows, NULL, OP_STATEFUL | OP_GIVES, "one of two functions" },
    { "StatelessIf", IF_SIGNATURE, infer_output_shapes, if_rows, NULL, OP_GIVES, "one of two functions" },
    { "Case", CASE_SIGNATURE, infer_output_shapes, case_rows, NULL, OP_STATEFUL | OP_GIVES, "one of several functions, by index" },
    { "StatelessCase", CASE_SIGNATURE, infer_output_shapes, case_rows, NULL, OP_GIVES, "one of several functions, by index" },
    { "While", WHILE_SIGNATURE, infer_output_shapes, while_rows, NULL, OP_STATEFUL | OP_GIVES, "a function, as long as another says so" },
    { "StatelessWhile", WHILE_SIGNATURE, infer_output_shapes, while_rows, NULL, OP_GIVES, "a function, as long as another says so" },
    { "For", "start:int32 limit:int32 delta:int32 input:T -> output:T | T: list(type) >= 0, body: func",
      infer_unknown, for_rows, NULL, OP_STATEFUL | OP_GIVES, "a function, for each index of a range" },
    { "PartitionedCall", CALL_SIGNATURE, infer_unknown, call_rows, NULL, OP_GIVES, "a call of a function" },
    { "StatefulPartitionedCall", CALL_SIGNATURE, infer_unknown, call_rows, NULL, OP_STATEFUL | OP_GIVES, "a call of a function" },
    { "RemoteCall", "target:string args:Tin -> output:Tout | Tin: list(type) >= 1, Tout: list(type) >= 1, f: func",
      infer_unknown, remote_call_rows, NULL, OP_STATEFUL | OP_GIVES, "a call of a function, on this device" },
    { "_Call", "args:Tin -> output:Tout | Tin: list(type) >= 0, Tout: list(type) >= 0, f: func",
      infer_unknown, call_rows, NULL, OP_STATEFUL | OP_GIVES, "a node whose op is the name of a function" },
    { "ToBool", "input:T -> output:bool | T: type", infer_scalar, to_bool_rows, NULL, 0, "not zero, not empty" },
    { "DeviceIndex", "-> index:int32 | device_names: list(string)",
      infer_scalar, device_index_rows, NULL, OP_STATEFUL, "where \"CPU\" stands in the list, or its length" },
    { "FakeParam", "-> output:dtype | dtype: type, shape: shape", infer_fake_param, fake_param_rows, NULL, 0, "a value that is never read" },
    { 0 },
};
/* clang-format on */
