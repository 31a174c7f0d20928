/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/compare.c - comparisons, logic, and choosing: Equal ... LogicalNot, Select, ClipByValue.
 *
 * Equal and NotEqual take every type. With incompatible_shape_error = false, shapes that do not broadcast are an answer and
 * not an error: the first kernel row gives it and refuses all other shapes.
 *
 * Select copies elements and knows only their size, apart from strings and objects. Its older form does not broadcast:
 * the condition is a scalar, has the shape of the values, or is a vector that chooses rows.
 *
 * Tests: compare.test, beside this file. */
#include "ops/formula.h"

/* -- Comparisons --------------------------------------------------------------------------------------------------- */

TEST2(map_less, REAL, x < y)
TEST2(map_less_equal, REAL, x <= y)
TEST2(map_greater, REAL, x > y)
TEST2(map_greater_equal, REAL, x >= y)
LOOPS2(equal, NUMERIC, map_bool, x == y)
LOOPS2(not_equal, NUMERIC, map_bool, x != y)
LOOP2(map_bool, bool, false, equal, map_bool, !x == !y)
LOOP2(map_bool, bool, false, not_equal, map_bool, !x != !y)
LOOPS2(approximate, WIDE_FLOATING, map_bool, fabs(x - y) < (T) * (const float *)a->params)

static sm_status approximate_prepare(call *c)
{
    float *tolerance = call_params(c, sizeof *tolerance);
    if (!tolerance) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    *tolerance = node_float(c->node, "tolerance");
    return SM_OK;
}

/* clang-format off */
static const kernel map_approximate[] = { { .types = "T: float", .map = approximate_float, .prepare = approximate_prepare },
                                          { .types = "T: double", .map = approximate_double, .prepare = approximate_prepare },
                                          { 0 } };
/* clang-format on */

/* A string's bytes may lie beside its header: headers are compared where they are, not copied. */
static bool same_text(const map_args *a, size_t i)
{
    const tstring *x = a->x[0], *y = a->x[1];
    return slice_eq(tstring_get(x + i * a->step[0]), tstring_get(y + i * a->step[1]));
}

static void equal_string(const map_args *a)
{
    map_bool *out = a->out;
    for (size_t i = 0; i < a->n; i++) out[i] = same_text(a, i);
}

static void not_equal_string(const map_args *a)
{
    map_bool *out = a->out;
    for (size_t i = 0; i < a->n; i++) out[i] = !same_text(a, i);
}

static const char *shapes_broadcast(const call *c)
{
    shape s;
    return shape_broadcast(&c->in[0]->shape, &c->in[1]->shape, &s) ? "the shapes broadcast" : NULL;
}

static sm_status equal_no(call *c)
{
    *(map_bool *)c->out[0]->data = 0;
    return SM_OK;
}

static sm_status equal_yes(call *c)
{
    *(map_bool *)c->out[0]->data = 1;
    return SM_OK;
}

#define EQUALITY_ROWS(f, otherwise)                                                                     \
    { .run = otherwise, .refuse = shapes_broadcast, .name = "incompatible" },                           \
        ROWS(f, NUMERIC) MAP_ROW(, bool, false, f)                                                      \
            MAP_ROW(, string, false, f){ .types = "T: qint8|quint8", .map = f##_int8 },                 \
        { .types = "T: qint16|quint16", .map = f##_int16 }, { .types = "T: qint32", .map = f##_int32 }, \
    {                                                                                                   \
        0                                                                                               \
    }

static const kernel map_equal[] = { EQUALITY_ROWS(equal, equal_no) };
static const kernel map_not_equal[] = { EQUALITY_ROWS(not_equal, equal_yes) };

static sm_status infer_equality(infer *c)
{
    if (node_bool(c->node, "incompatible_shape_error")) return infer_broadcast(c);
    if (!shape_known(&c->in[0]) || !shape_known(&c->in[1])) return SM_OK;
    if (!shape_broadcast(&c->in[0], &c->in[1], &c->out[0])) c->out[0] = shape_scalar();
    return SM_OK;
}

static sm_status infer_fail_shapes(infer *c, const char *format, int i, int j)
{
    str x, y;
    str_init(&x);
    str_init(&y);
    shape_print(&x, &c->in[i]);
    shape_print(&y, &c->in[j]);
    sm_status s = error_set(c->err, SM_INVALID_ARGUMENT, format, str_text(&x), str_text(&y));
    str_clear(&x);
    str_clear(&y);
    return s;
}

static sm_status infer_approximate(infer *c)
{
    if (shape_merge(&c->in[0], &c->in[1], &c->out[0])) return SM_OK;
    return infer_fail_shapes(c, "x and y must be of the same shape. x shape: %s. y shape: %s", 0, 1);
}

/* -- Logic ---------------------------------------------------------------------------------------------------------- */

LOOP2(map_bool, bool, false, logical_and, map_bool, x &&y)
LOOP2(map_bool, bool, false, logical_or, map_bool, x || y)
LOOP1(map_bool, bool, false, logical_not, map_bool, !x)
static const kernel map_logical_and[] = { { .map = logical_and_bool }, { 0 } };
static const kernel map_logical_or[] = { { .map = logical_or_bool }, { 0 } };
static const kernel map_logical_not[] = { { .map = logical_not_bool }, { 0 } };

/* -- Select --------------------------------------------------------------------------------------------------------- */

/* Calls of X(name, C type, the types it serves). */
#define SELECT_LIST(X)                 \
    X(1_byte, uint8_t, "T: 1 bytes")   \
    X(2_bytes, uint16_t, "T: 2 bytes") \
    X(4_bytes, uint32_t, "T: 4 bytes") X(8_bytes, uint64_t, "T: 8 bytes") X(16_bytes, double complex, "T: 16 bytes")

#define SELECT_LOOP(size, type, pattern)                                                                     \
    static void select_##size(const map_args *a)                                                             \
    {                                                                                                        \
        const map_bool *when = a->x[0];                                                                      \
        const type     *then = a->x[1], *otherwise = a->x[2];                                                \
        type           *out = a->out;                                                                        \
        const size_t    s0 = a->step[0], s1 = a->step[1], s2 = a->step[2];                                   \
        MAP_EACH for (size_t i = 0; i < a->n; i++) out[i] = when[i * s0] ? then[i * s1] : otherwise[i * s2]; \
    }
SELECT_LIST(SELECT_LOOP)

static size_t selected(const map_args *a, size_t i, int *from)
{
    *from = ((const map_bool *)a->x[0])[i * a->step[0]] ? 1 : 2;
    return i * a->step[*from];
}

static void select_string(const map_args *a)
{
    tstring *out = a->out;
    for (size_t i = 0; i < a->n; i++) {
        int            from;
        size_t         at = selected(a, i, &from);
        const tstring *x = (const tstring *)a->x[from] + at;
        if (x != out + i && !tstring_copy(out + i, x)) map_fail(a, MAP_OUT_OF_MEMORY);
    }
}

static void select_object(const map_args *a)
{
    object **out = a->out;
    for (size_t i = 0; i < a->n; i++) {
        int     from;
        size_t  at = selected(a, i, &from);
        object *o = object_ref(((object *const *)a->x[from])[at]);
        object_unref(out[i]);
        out[i] = o;
    }
}

#define SELECT_ROW(size, type, pattern) { .types = pattern, .map = select_##size },
/* clang-format off */
static const kernel map_select_v2[] = { SELECT_LIST(SELECT_ROW) { .types = "T: string", .map = select_string },
                                        { .types = "T: resource|variant", .map = select_object }, { 0 } };
/* clang-format on */

/* The older form: a vector of conditions is a column beside the values. */
static sm_status select_rows(call *c, void (*loop)(const map_args *))
{
    shape shapes[3] = { c->in[0]->shape, c->in[1]->shape, c->in[2]->shape };
    if (shapes[0].rank == 1 && shapes[1].rank > 1) {
        shapes[0].rank = shapes[1].rank;
        for (int d = 1; d < shapes[1].rank; d++) shapes[0].dims[d] = 1;
    }
    return map_apply(c, loop, false, shapes);
}

#define SELECT_RUN(size, type, pattern)          \
    static sm_status select_rows_##size(call *c) \
    {                                            \
        return select_rows(c, select_##size);    \
    }
SELECT_LIST(SELECT_RUN)
SELECT_RUN(string, tstring, "T: string")
SELECT_RUN(object, object *, "T: resource|variant")

#define SELECT_RUN_ROW(size, type, pattern) { .types = pattern, .run = select_rows_##size },
/* clang-format off */
static const kernel map_select[] = { SELECT_LIST(SELECT_RUN_ROW) SELECT_RUN_ROW(string, , "T: string")
                                     SELECT_RUN_ROW(object, , "T: resource|variant") { 0 } };
/* clang-format on */

static sm_status infer_select(infer *c)
{
    const shape *when = &c->in[0], *then = &c->in[1];
    shape        merged = *then;
    if (when->rank == 1 && then->rank > 1) {
        if (when->dims[0] >= 0 && then->dims[0] >= 0 && when->dims[0] != then->dims[0])
            return INFER_FAIL(c, "Number of batches of 'then' must match size of 'cond', but saw: %lld vs. %lld",
                              (long long)then->dims[0], (long long)when->dims[0]);
    } else if (when->rank > 0 && then->rank >= 0 && !shape_merge(when, then, &merged)) {
        return infer_fail_shapes(c, "must have the same size and shape.  Input 0: %s != input 1: %s", 0, 1);
    }
    if (shape_merge(&merged, &c->in[2], &c->out[0])) return SM_OK;
    return infer_fail_shapes(c, "'then' and 'else' must have the same size.  but received: %s vs. %s", 1, 2);
}

static sm_status infer_select_v2(infer *c)
{
    shape both, all;
    if (shape_broadcast(&c->in[1], &c->in[2], &both) && shape_broadcast(&c->in[0], &both, &all)) {
        c->out[0] = all;
        return SM_OK;
    }
    str text[3];
    for (int i = 0; i < 3; i++) {
        str_init(&text[i]);
        shape_print(&text[i], &c->in[i]);
    }
    sm_status s = INFER_FAIL(c, "condition %s, then %s, and else %s must be broadcastable", str_text(&text[0]),
                             str_text(&text[1]), str_text(&text[2]));
    for (int i = 0; i < 3; i++) str_clear(&text[i]);
    return s;
}

/* -- ClipByValue ---------------------------------------------------------------------------------------------------- */

#define CUT(x, low, high) (((high) < (x) ? (high) : (x)) < (low) ? (low) : ((high) < (x) ? (high) : (x)))
MAP3(map_clip, REAL, CUT(x, y, z))

static sm_status infer_clip(infer *c)
{
    shape s = c->in[0];
    for (int i = 1; i < 3; i++) {
        if (c->in[i].rank == 0 || shape_compatible(&c->in[0], &c->in[i])) continue;
        return infer_fail_shapes(
            c,
            "clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. "
            "input shape: %s clip value's shape: %s",
            0, i);
    }
    c->out[0] = s;
    return SM_OK;
}

/* -- The table ------------------------------------------------------------------------------------------------------ */

const op_def compare_ops[] = {
    { "Equal", "x:T y:T -> z:bool | T: any, incompatible_shape_error: bool = true", infer_equality, map_equal, NULL,
      OP_ELEMENTWISE | OP_COMMUTATIVE, "x == y" },
    { "NotEqual", "x:T y:T -> z:bool | T: any, incompatible_shape_error: bool = true", infer_equality, map_not_equal,
      NULL, OP_ELEMENTWISE | OP_COMMUTATIVE, "x != y" },
    { "Less", "x:T y:T -> z:bool | T: real", infer_broadcast, map_less, NULL, OP_ELEMENTWISE, "x < y" },
    { "LessEqual", "x:T y:T -> z:bool | T: real", infer_broadcast, map_less_equal, NULL, OP_ELEMENTWISE, "x <= y" },
    { "Greater", "x:T y:T -> z:bool | T: real", infer_broadcast, map_greater, NULL, OP_ELEMENTWISE, "x > y" },
    { "GreaterEqual", "x:T y:T -> z:bool | T: real", infer_broadcast, map_greater_equal, NULL, OP_ELEMENTWISE, "x >= y" },
    { "ApproximateEqual", "x:T y:T -> z:bool | T: numeric, tolerance: float = 1e-05", infer_approximate,
      map_approximate, NULL, OP_ELEMENTWISE | OP_COMMUTATIVE, "|x - y| < tolerance" },
    { "LogicalAnd", "x:bool y:bool -> z:bool", infer_broadcast, map_logical_and, NULL,
      OP_ELEMENTWISE | OP_INPLACE | OP_COMMUTATIVE, "x and y" },
    { "LogicalOr", "x:bool y:bool -> z:bool", infer_broadcast, map_logical_or, NULL,
      OP_ELEMENTWISE | OP_INPLACE | OP_COMMUTATIVE, "x or y" },
    { "LogicalNot", "x:bool -> y:bool", infer_same, map_logical_not, NULL, OP_ELEMENTWISE | OP_INPLACE, "not x" },
    { "Select", "condition:bool t:T e:T -> output:T | T: type", infer_select, map_select, NULL, OP_ELEMENTWISE,
      "t where condition, else e; a vector condition chooses rows" },
    { "SelectV2", "condition:bool t:T e:T -> output:T | T: type", infer_select_v2, map_select_v2, NULL, OP_ELEMENTWISE,
      "t where condition, else e" },
    { "ClipByValue", "t:T clip_value_min:T clip_value_max:T -> output:T | T: numeric", infer_clip, map_clip, NULL,
      OP_ELEMENTWISE | OP_INPLACE, "t cut to the interval" },
    { 0 },
};
