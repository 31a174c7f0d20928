/* SPDX-License-Identifier: Apache-2.0 */
/* Loops of TensorFlow 1 as graphs of a few nodes: one that counts, and what is said of those that are no loops. Real loops are in
 * tests/models/loops. */
#include "unit.h"

#include "runner.h"

#include "passes/passes.h"

/* The parts that a test may exchange, and what becomes of them: i = 0; while (i < n) i = i + 1 */
typedef struct counting {
    graph  *g;
    val     n;                  /* an input of the graph                    */
    node_id merge;              /* of i: inputs are set last                */
    val     enter, less;        /* of i; what LoopCond is given              */
    val     cond, go_on, leave; /* LoopCond; the Switch's outputs 1, 0 */
    val     next, exit;
} counting;

static attr frame(const char *name)
{
    return attr_of_string("frame_name", slice_of(name));
}

static val enter_constant(counting *c, val v, const char *name)
{
    return node_with(c->g, "Enter", INPUTS(v), frame(name), attr_of_bool("is_constant", true));
}

/* The Merge of i, its Enter, and the condition, in frame `name`. */
static void begin_loop(counting *c, graph *g, val n, const char *name)
{
    attr attrs[] = { attr_of_type("T", SM_INT32), attr_of_int("N", 2) };
    *c = (counting){ .g = g, .n = n };
    c->enter = node_with(g, "Enter", INPUTS(int_value(g, 0)), frame(name));
    c->merge = graph_declare_node(g, op_find(SLICE("Merge")), SLICE("i"), 2, attrs, 2);
    c->less = emit(g, "Less", graph_node(g, c->merge)->outputs, enter_constant(c, n, name));
    c->cond = emit(g, "LoopCond", c->less);
    c->leave = emit(g, "Switch", graph_node(g, c->merge)->outputs, c->cond);
    c->go_on = c->leave + 1;
}

static val add_one(counting *c, val v)
{
    val here = emit(c->g, "Identity", v), one = int_value(c->g, 1);
    run_after(c->g, one, graph_node_of(c->g, here));
    return emit(c->g, "AddV2", here, one);
}

static void end_loop(counting *c, val next)
{
    c->next = emit(c->g, "NextIteration", next);
    graph_set_input(c->g, c->merge, 0, c->enter);
    graph_set_input(c->g, c->merge, 1, c->next);
    c->exit = emit(c->g, "Exit", c->leave);
}

static sm_status take_part(void *context, slice name, graph *part, slice *called, sm_error *e)
{
    runner   *r = context;
    char     *text = arena_printf(&part->arena, SLICE_FMT "%zu", SLICE_ARG(name), r->count);
    function *f = NULL;
    sm_status s = raise_loops(part, take_part, r, e);
    if (s != SM_OK) {
        graph_clear(part);
        return s;
    }
    slice kept = slice_of(heap_zero(64));
    memcpy((char *)(uintptr_t)kept.ptr, text, strlen(text));
    kept.len = strlen(text);
    s = function_new(&r->env, kept, part, &f, e);
    assert_true(r->count < RUNNER_MOST_FUNCTIONS);
    r->library[r->count].name = kept;
    r->library[r->count++].f = f;
    *called = kept;
    return s;
}

static void end_runner(runner *r)
{
    for (size_t i = 0; i < r->count; i++) heap_free((void *)(uintptr_t)r->library[i].name.ptr);
    runner_end(r);
}

static void assert_counts(runner *r, graph *g, int32_t n, int32_t want)
{
    shape         scalar = shape_scalar();
    tensor       *t = new_tensor(SM_INT32, &scalar, &n), *out = NULL;
    const tensor *in[] = { t };
    assert_ok(raise_loops(g, take_part, r, err));
    assert_ok(run_graph(r, g, 2, in, 1, &out, err));
    assert_ints(out, 1, want);
    tensor_unref(t);
}

TEST(a_loop_counts)
{
    for (int32_t n = 0; n < 9; n += 4) {
        runner   r;
        graph    g;
        counting c;
        runner_start(&r);
        graph_init(&g, 0);
        begin_loop(&c, &g, graph_add_input(&g, SLICE("n"), SM_INT32), "loop");
        end_loop(&c, add_one(&c, c.go_on));
        graph_add_output(&g, c.exit);
        assert_counts(&r, &g, n, n);
        end_runner(&r);
    }
}

/* A control edge on an Exit waits for its loop. */
TEST(loops_follow_each_other)
{
    runner   r;
    graph    g;
    counting a, b;
    runner_start(&r);
    graph_init(&g, 0);
    begin_loop(&a, &g, graph_add_input(&g, SLICE("n"), SM_INT32), "a");
    end_loop(&a, add_one(&a, a.go_on));
    begin_loop(&b, &g, emit(&g, "AddV2", a.exit, a.exit), "b");
    end_loop(&b, add_one(&b, b.go_on));
    val out = emit(&g, "Identity", b.exit);
    run_after(&g, out, graph_node_of(&g, a.exit));
    graph_add_output(&g, out);
    assert_counts(&r, &g, 3, 6);
    end_runner(&r);
}

/* -- What is no loop ---------------------------------------------------------------------------------------------------------- */

static void no_condition(counting *c)
{
    c->leave = emit(c->g, "Switch", graph_node(c->g, c->merge)->outputs, c->less);
    end_loop(c, add_one(c, c->leave + 1));
    graph_add_output(c->g, c->exit);
}

static void no_condition_at_all(counting *c)
{
    graph_remove(c->g, graph_node_of(c->g, c->cond));
    graph_remove(c->g, graph_node_of(c->g, c->leave));
    no_condition(c);
}

static void two_conditions(counting *c)
{
    (void)emit(c->g, "LoopCond", c->less);
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, c->exit);
}

static void fetched_inside(counting *c)
{
    val sum = add_one(c, c->go_on);
    end_loop(c, sum);
    graph_add_output(c->g, sum);
}

static void waited_for_outside(counting *c)
{
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, c->exit);
    graph_add_target(c->g, graph_node_of(c->g, c->less));
}

static void uses_the_outside(counting *c)
{
    end_loop(c, emit(c->g, "AddV2", c->go_on, c->n));
    graph_add_output(c->g, c->exit);
}

static void enters_namelessly(counting *c)
{
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, node_with(c->g, "Enter", INPUTS(c->exit), frame("")));
}

static void enters_once(counting *c)
{
    end_loop(c, emit(c->g, "AddV2", c->go_on, node_with(c->g, "Enter", INPUTS(c->n), frame("loop"))));
    graph_add_output(c->g, c->exit);
}

static void never_decides(counting *c)
{
    c->leave = graph_node(c->g, c->merge)->outputs;
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, c->exit);
}

static void works_on_the_way_out(counting *c)
{
    c->leave = emit(c->g, "Neg", c->leave);
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, c->exit);
}

static void goes_round_with_what_left(counting *c)
{
    end_loop(c, c->leave);
    graph_add_output(c->g, c->exit);
}

static void next_of_no_merge(counting *c)
{
    end_loop(c, add_one(c, c->go_on));
    c->less = emit(c->g, "Neg", c->next);
    graph_add_output(c->g, c->exit);
}

static void exits_from_nowhere(counting *c)
{
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, emit(c->g, "Exit", c->exit));
}

static void decides_for_itself(counting *c)
{
    val again = emit(c->g, "Switch", c->go_on, c->cond);
    c->leave = again;
    end_loop(c, add_one(c, c->go_on));
    graph_add_output(c->g, c->exit);
}

static void asks_for_the_round(counting *c)
{
    end_loop(c, emit(c->g, "AddV2", c->go_on, graph_node(c->g, c->merge)->outputs + 1));
    graph_add_output(c->g, c->exit);
}

static void random_condition(counting *c) /* a number that the condition draws and the body uses */
{
    val one = ints_value(c->g, 1);
    run_after(c->g, one, c->merge);
    val drawn = node_with(c->g, "RandomUniformInt", INPUTS(one, int_value(c->g, 0), int_value(c->g, 9)),
                          attr_of_int("seed", 1), attr_of_int("seed2", 1));
    run_after(c->g, drawn - 1, c->merge);
    run_after(c->g, drawn - 2, c->merge);
    end_loop(c, emit(c->g, "AddV2", c->go_on, emit(c->g, "Max", drawn, one)));
    graph_add_output(c->g, c->exit);
}

static const struct {
    void (*finish)(counting *c);
    sm_status   status;
    const char *text;
} malformed[] = {
    { no_condition, SM_UNIMPLEMENTED, "does not follow from the loop's condition" },
    { no_condition_at_all, SM_INVALID_ARGUMENT, "loop 'loop' has no LoopCond" },
    { two_conditions, SM_UNIMPLEMENTED, "is a second condition" },
    { fetched_inside, SM_INVALID_ARGUMENT, "is inside loop 'loop'" },
    { waited_for_outside, SM_INVALID_ARGUMENT, "is inside loop 'loop'" },
    { uses_the_outside, SM_INVALID_ARGUMENT, "has inputs from different frames. The input" },
    { enters_namelessly, SM_INVALID_ARGUMENT, "must have a frame name" },
    { enters_once, SM_UNIMPLEMENTED, "in the first round only" },
    { never_decides, SM_UNIMPLEMENTED, "does not follow from the loop's condition" },
    { works_on_the_way_out, SM_UNIMPLEMENTED, "computes on the way out" },
    { goes_round_with_what_left, SM_UNIMPLEMENTED, "on the way out" },
    { next_of_no_merge, SM_INVALID_ARGUMENT, "which is no Merge" },
    { exits_from_nowhere, SM_INVALID_ARGUMENT, "is in no loop" },
    { decides_for_itself, SM_UNIMPLEMENTED, "follows from its own decision" },
    { asks_for_the_round, SM_UNIMPLEMENTED, "asks which round it is" },
    { random_condition, SM_UNIMPLEMENTED, "runs with the condition, and the body needs its result" },
};

TEST(malformed_loops_are_refused)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        runner   r;
        graph    g;
        counting c;
        runner_start(&r);
        graph_init(&g, 0);
        begin_loop(&c, &g, graph_add_input(&g, SLICE("n"), SM_INT32), "loop");
        malformed[i].finish(&c);
        assert_ok(graph_check(&g, err));
        assert_fails(raise_loops(&g, take_part, &r, err), malformed[i].status, malformed[i].text);
        graph_clear(&g);
        end_runner(&r);
    }
}
