/* SPDX-License-Identifier: Apache-2.0 */
/* Shape inference helpers, and which kernel rows fit a node. */
#include "graph/op.h"
#include "unit.h"

static const op_def  conv = { .name = "Conv",
                              .signature = "input:T filter:T sizes:N*int32 -> y:T z:T | T: type, N: int >= 0" };
static graph         g;
static infer         c;
static shape         in[3], out[2];
static const tensor *known[3];

/* An infer call for a node with three inputs and two outputs. */
static void start(void)
{
    attr    attrs[] = { { .name = SLICE("T"), .kind = ATTR_TYPE, .count = 1, .v.i = SM_FLOAT },
                        { .name = SLICE("N"), .kind = ATTR_INT, .count = 1, .v.i = 1 } };
    node_id n;

    graph_clear(&g);
    graph_init(&g, 0);
    n = graph_declare_node(&g, &conv, SLICE("conv"), 3, attrs, 2);
    assert_ok(graph_check(&g, err));
    for (int i = 0; i < 3; i++) {
        in[i] = shape_unknown();
        known[i] = NULL;
    }
    out[0] = out[1] = shape_unknown();
    c = (infer){ .node = graph_node(&g, n), .n_in = 3, .n_out = 2, .in = in, .value = known, .out = out };
}

static sm_status with(sm_status (*f)(infer *), sm_error *err)
{
    c.err = err;
    return f(&c);
}

static sm_status rank_of(int input, int rank, bool at_least, sm_error *err)
{
    c.err = err;
    return at_least ? infer_rank_at_least(&c, input, rank) : infer_rank(&c, input, rank);
}

static sm_status shape_of_input(int input, bool *is_known, shape *s, sm_error *err)
{
    sm_status status;

    c.err = err;
    *is_known = infer_shape_value(&c, input, s, &status);
    return status;
}

TEST(whole_functions)
{
    shape s = shape_matrix(2, UNKNOWN_DIM);

    start();
    in[0] = s;
    assert_ok(with(infer_same, err));
    assert_true(shape_eq(&out[0], &s) && shape_eq(&out[1], &s));
    assert_ok(with(infer_scalar, err));
    assert_true(out[0].rank == 0 && out[1].rank == 0);
    start();
    assert_ok(with(infer_unknown, err));
    assert_int_equal(out[0].rank, UNKNOWN_RANK);
    graph_clear(&g);
}

TEST(broadcasting)
{
    shape want = shape_matrix(4, 3), partly = shape_matrix(4, UNKNOWN_DIM);

    start();
    in[0] = shape_matrix(4, 1);
    in[1] = shape_vector(3);
    assert_ok(with(infer_broadcast, err));
    assert_true(shape_eq(&out[0], &want));
    in[0] = shape_matrix(4, UNKNOWN_DIM);
    in[1] = shape_vector(1);
    assert_ok(with(infer_broadcast, err));
    assert_true(shape_eq(&out[0], &partly));
    in[1] = shape_unknown();
    assert_ok(with(infer_broadcast, err));
    assert_int_equal(out[0].rank, UNKNOWN_RANK);
    in[0] = shape_vector(2);
    in[1] = shape_vector(3);
    assert_fails(with(infer_broadcast, err), SM_INVALID_ARGUMENT, "Incompatible shapes: [2] vs. [3]");
    in[1] = shape_matrix(1, 1);
    in[2] = shape_vector(5);
    assert_fails(with(infer_broadcast3, err), SM_INVALID_ARGUMENT, "Incompatible shapes: [1,2] vs. [5]");
    in[2] = shape_of(3, (const int64_t[]){ 7, 1, 1 });
    assert_ok(with(infer_broadcast3, err));
    assert_int_equal(out[0].dims[0], 7);
    assert_int_equal(out[0].dims[2], 2);
    graph_clear(&g);
}

TEST(ranks)
{
    start();
    assert_ok(rank_of(0, 4, false, err)); /* nothing is known */
    in[1] = shape_matrix(1, 2);
    in[2] = shape_vector(3);
    assert_ok(rank_of(1, 2, false, err));
    assert_ok(rank_of(1, 1, true, err));
    assert_fails(rank_of(1, 4, false, err), SM_INVALID_ARGUMENT, "filter must be 4-dimensional, got shape [1,2]");
    assert_fails(rank_of(1, 3, true, err), SM_INVALID_ARGUMENT, "filter must be at least 3-dimensional");
    assert_fails(rank_of(2, 0, false, err), SM_INVALID_ARGUMENT, "sizes must be 0-dimensional, got shape [3]");
    graph_clear(&g);
}

TEST(known_values)
{
    const int32_t dims[] = { 2, -1 }, bad[] = { -7 };
    shape         v2 = shape_vector(2), v1 = shape_vector(1), s;
    tensor       *t, *b;
    int64_t       i;
    bool          is_known;

    start();
    assert_ok(tensor_from(NULL, SM_INT32, &v2, dims, &t, err));
    assert_ok(tensor_from(NULL, SM_INT32, &v1, bad, &b, err));
    assert_ok(shape_of_input(2, &is_known, &s, err));
    assert_false(is_known);
    assert_false(infer_int_value(&c, 2, &i));
    known[2] = t;
    assert_ok(shape_of_input(2, &is_known, &s, err));
    assert_true(is_known);
    assert_int_equal(s.rank, 2);
    assert_int_equal(s.dims[1], -1);
    assert_false(infer_int_value(&c, 2, &i)); /* not one */
    known[2] = b;
    assert_fails(shape_of_input(2, &is_known, &s, err), SM_INVALID_ARGUMENT, "Dimension -7");
    assert_false(is_known);
    assert_true(infer_int_value(&c, 2, &i));
    assert_int_equal(i, -7);
    tensor_unref(t);
    tensor_unref(b);
    graph_clear(&g);
}

/* -- Kernel rows --------------------------------------------------------------------------------- */

static const op_def typed = { .name = "Typed",
                              .signature = "x:T i:Tidx more:Ts -> | T: type, Tidx: type, Ts: list(type), k: int = 1" };

static bool fits(const char *types, bool widen, sm_dtype t, sm_dtype index, sm_dtype more)
{
    const int64_t list[] = { SM_FLOAT, (int64_t)more };
    attr          attrs[] = { attr_of_type("T", t),
                              attr_of_type("Tidx", index),
                              { .name = SLICE("Ts"), .kind = ATTR_TYPE, .is_list = true, .count = 2, .v.ints = list } };
    const kernel  k = { .types = types, .widen = widen };
    node_id       n;
    bool          result;

    graph_clear(&g);
    graph_init(&g, 0);
    n = graph_declare_node(&g, &typed, SLICE("n"), 4, attrs, 3);
    assert_ok(graph_check(&g, err));
    result = kernel_fits(&k, graph_node(&g, n));
    graph_clear(&g);
    return result;
}

TEST(patterns)
{
    static const struct {
        const char *types;
        bool        widen;
        sm_dtype    t, index, more;
        bool        fits;
    } rows[] = {
        { NULL, false, SM_STRING, SM_BOOL, SM_VARIANT, true },
        { "", false, SM_STRING, SM_BOOL, SM_VARIANT, true },
        { "T: float", false, SM_FLOAT, SM_INT32, SM_INT8, true },
        { "T: float", false, SM_DOUBLE, SM_INT32, SM_INT8, false },
        { "T: float", false, SM_HALF, SM_INT32, SM_INT8, false },
        { "T: float", true, SM_HALF, SM_INT32, SM_INT8, true },
        { "T: float", true, SM_BFLOAT16, SM_INT32, SM_INT8, true },
        { "T: double", true, SM_HALF, SM_INT32, SM_INT8, false },
        { "T: half|bfloat16, Tidx: int32", false, SM_BFLOAT16, SM_INT32, SM_INT8, true },
        { "T: half|bfloat16, Tidx: int32", false, SM_BFLOAT16, SM_INT64, SM_INT8, false },
        { "T: half|bfloat16, Tidx: int32", false, SM_FLOAT, SM_INT32, SM_INT8, false },
        { "T:half|bfloat16,Tidx:index", false, SM_HALF, SM_INT64, SM_INT8, true },
        { "T: 4 bytes", false, SM_INT32, SM_INT32, SM_INT8, true },
        { "T: 4 bytes", false, SM_QINT32, SM_INT32, SM_INT8, true },
        { "T: 4 bytes", false, SM_INT64, SM_INT32, SM_INT8, false },
        { "T: 8 bytes", false, SM_RESOURCE, SM_INT32, SM_INT8, false }, /* pointers are not bytes */
        { "T: 1 bytes|string", false, SM_STRING, SM_INT32, SM_INT8, true },
        { "T: 1 bytes | string", false, SM_BOOL, SM_INT32, SM_INT8, true },
        { "T: x bytes", false, SM_BOOL, SM_INT32, SM_INT8, false },
        { "T: numeric", false, SM_BOOL, SM_INT32, SM_INT8, false },
        { "T: numeric", false, SM_COMPLEX64, SM_INT32, SM_INT8, true },
        { "T: real|bool", false, SM_BOOL, SM_INT32, SM_INT8, true },
        { "T: any", false, SM_VARIANT, SM_INT32, SM_INT8, true },
        { "T: plain", false, SM_VARIANT, SM_INT32, SM_INT8, false },
        { "Ts: real", false, SM_VARIANT, SM_INT32, SM_INT8, true },
        { "Ts: real", false, SM_VARIANT, SM_INT32, SM_STRING, false },
        { "T: flaot", false, SM_FLOAT, SM_INT32, SM_INT8, false },
        { "U: float", false, SM_FLOAT, SM_INT32, SM_INT8, false },
        { "k: float", false, SM_FLOAT, SM_INT32, SM_INT8, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fits(rows[i].types, rows[i].widen, rows[i].t, rows[i].index, rows[i].more) != rows[i].fits)
            fail_msg("row %zu: %s", i, rows[i].types);
}

static sm_status run_nothing(call *unused)
{
    (void)unused;
    return SM_OK;
}

TEST(support)
{
    static const kernel rows[] = { { .types = "T: double", .run = run_nothing },
                                   { .types = "T: half", .run = run_nothing },
                                   { 0 } };
    op_def              op = conv;

    start();
    assert_fails(op_supports(&op, c.node, err), SM_UNIMPLEMENTED, "no kernel of Conv for T=DT_FLOAT");
    op.kernels = rows;
    assert_fails(op_supports(&op, c.node, err), SM_UNIMPLEMENTED, "no kernel of Conv for T=DT_FLOAT");
    graph_set_attr(&g, 0, &(attr){ .name = SLICE("T"), .kind = ATTR_TYPE, .count = 1, .v.i = SM_HALF });
    assert_ok(op_supports(&op, graph_node(&g, 0), err));
    graph_clear(&g);
}
