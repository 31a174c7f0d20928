/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/flow.c - TensorFlow 1's control flow in the dataflow graph: Switch, Merge and what loops are made of.
 *
 * A value may be dead: Switch gives its input to one output and kills the others, whatever depends on a dead value does
 * not run, and Merge gives the first of its inputs that lives. The executor carries the deadness (runtime/executor.c);
 * it runs these kernels only when they have something to do, with NULL in c->in for dead inputs of a Merge.
 *
 * Loops (Enter, NextIteration, Exit) need frames, which the executor does not have: passes/raise_loops.c makes While nodes of
 * them. The rows here say so when a graph comes without having been through it.
 *
 * Tests: tests/unit/control_test.c, the model tests/models/loops. Reading order: the table, then up. */
#include "graph/op.h"

/* -- Inference -------------------------------------------------------------------------------------------------------- */

static sm_status infer_switch(infer *c)
{
    for (int i = 0; i < c->n_out; i++) c->out[i] = c->in[0];
    return SM_OK;
}

/* Known only when all inputs agree: which of them lives is decided later. */
static sm_status infer_merge(infer *c)
{
    bool same = true;
    for (int i = 1; i < c->n_in; i++) same &= shape_eq(&c->in[0], &c->in[i]);
    if (same) c->out[0] = c->in[0];
    c->out[1] = shape_scalar();
    return SM_OK;
}

/* -- Kernels ---------------------------------------------------------------------------------------------------------- */

/* Input 0 to output k; the other outputs die. */
static sm_status take_output(call *c, int k)
{
    for (int i = 0; i < c->n_out; i++)
        if (i != k) call_dead(c, i);
    return call_forward(c, k, 0, &c->in[0]->shape);
}

static sm_status check_scalar(call *c, int i)
{
    if (c->in[i]->shape.rank == 0) return SM_OK;
    str text;
    str_init(&text);
    shape_print(&text, &c->in[i]->shape);
    sm_status s =
        CALL_FAIL(c, SM_INVALID_ARGUMENT, "The second input must be a scalar, but it has shape %s", str_text(&text));
    str_clear(&text);
    return s;
}

static sm_status run_switch(call *c)
{
    TRY(check_scalar(c, 1));
    return take_output(c, *(const bool *)c->in[1]->data ? 1 : 0);
}

static sm_status run_switch_n(call *c)
{
    TRY(check_scalar(c, 1));
    int64_t k = tensor_int(c->in[1], 0);
    return take_output(c, k < 0 || k >= c->n_out ? c->n_out - 1 : (int)k);
}

static sm_status run_merge(call *c)
{
    for (int i = 0; i < c->n_in; i++) {
        if (!c->in[i]) continue;
        *(int32_t *)c->out[1]->data = i;
        return call_forward(c, 0, i, &c->in[i]->shape);
    }
    return CALL_FAIL(c, SM_INTERNAL, "all inputs are dead");
}

static sm_status run_loop_cond(call *c)
{
    return call_forward(c, 0, 0, &c->in[0]->shape);
}

static sm_status run_control_trigger(call *c)
{
    (void)c;
    return SM_OK;
}

/* Both as prepare, so that such a graph is refused before anything has run, and as run. */
static sm_status refuse_loop(call *c)
{
    return CALL_FAIL(c, SM_UNIMPLEMENTED, "a node of a TensorFlow 1 loop is in none");
}

/* -- The table ------------------------------------------------------------------------------------------------------------- */

static const kernel switch_rows[] = { { .run = run_switch }, { 0 } };
static const kernel switch_n_rows[] = { { .run = run_switch_n }, { 0 } };
static const kernel merge_rows[] = { { .run = run_merge }, { 0 } };
static const kernel loop_cond_rows[] = { { .run = run_loop_cond }, { 0 } };
static const kernel control_trigger_rows[] = { { .run = run_control_trigger }, { 0 } };
static const kernel loop_rows[] = { { .run = refuse_loop, .prepare = refuse_loop }, { 0 } };

/* clang-format off */
#define ENTER_ATTRS " | T: type, frame_name: string, is_constant: bool = false, parallel_iterations: int = 10"
const op_def flow_ops[] = {
    { "Switch", "data:T pred:bool -> output_false:T output_true:T | T: type",
      infer_switch, switch_rows, NULL, OP_FLOW, "data to one of two outputs; the other is dead" },
    { "RefSwitch", "data:&T pred:bool -> output_false:&T output_true:&T | T: type",
      infer_switch, switch_rows, NULL, OP_FLOW, "a reference to one of two outputs; the other is dead" },
    { "_SwitchN", "data:T output_index:int32 -> outputs:num_outs*T | num_outs: int >= 1, T: type",
      infer_switch, switch_n_rows, NULL, OP_FLOW, "data to one of several outputs; the others are dead" },
    { "Merge", "inputs:N*T -> output:T value_index:int32 | T: type, N: int >= 1",
      infer_merge, merge_rows, NULL, OP_FLOW | OP_LAZY, "the first input that lives, and which it is" },
    { "RefMerge", "inputs:&N*T -> output:&T value_index:int32 | T: type, N: int >= 1",
      infer_merge, merge_rows, NULL, OP_FLOW | OP_LAZY, "the first reference that lives, and which it is" },
    { "LoopCond", "input:bool -> output:bool", infer_same, loop_cond_rows, NULL, OP_FLOW, "whether a loop goes on" },
    { "Enter", "data:T -> output:T" ENTER_ATTRS, infer_unknown, loop_rows, NULL, OP_FLOW, "a value enters a loop" },
    { "RefEnter", "data:&T -> output:&T" ENTER_ATTRS, infer_unknown, loop_rows, NULL, OP_FLOW, "a reference enters a loop" },
    { "Exit", "data:T -> output:T | T: type", infer_unknown, loop_rows, NULL, OP_FLOW, "a value leaves a loop" },
    { "RefExit", "data:&T -> output:&T | T: type", infer_unknown, loop_rows, NULL, OP_FLOW, "a reference leaves a loop" },
    { "NextIteration", "data:T -> output:T | T: type", infer_unknown, loop_rows, NULL, OP_FLOW, "a value for a loop's next round" },
    { "RefNextIteration", "data:&T -> output:&T | T: type",
      infer_unknown, loop_rows, NULL, OP_FLOW, "a reference for a loop's next round" },
    { "ControlTrigger", "->", infer_unknown, control_trigger_rows, NULL, OP_FLOW | OP_LAZY, "nothing, also when what it waits for is dead" },
    { 0 },
};
/* clang-format on */
