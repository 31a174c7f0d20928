/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/update.c - arithmetic on a variable's own elements.
 *
 * One line per type in the table; half and bfloat16 are computed in float, element by element, rounding each time, as
 * TensorFlow's kernels do. */
#include "ops/state/update.h"

#include "base/heap.h"

/* -- Loops -------------------------------------------------------------------------------------------------------- */

typedef sm_status update_loop(update_op op, void *to, const void *from, size_t step, size_t n, sm_error *err);

#define EACH(T, S, expression)                                                                     \
    for (size_t i = 0; i < n; i++) {                                                               \
        S x = (S)a[i], y = (S)b[i * step];                                                         \
        a[i] = (T)(expression);                                                                    \
    }                                                                                              \
    return SM_OK

/* S: the type to compute in (unsigned for integers, so that they wrap). */
#define UPDATE_LOOP(name, T, S, LESS, DIVIDE)                                                      \
    static sm_status name(update_op op, void *to, const void *from, size_t step, size_t n, sm_error *err) \
    {                                                                                              \
        T       *a = to;                                                                           \
        const T *b = from;                                                                         \
        (void)err;                                                                                 \
        switch (op) {                                                                              \
        case UPDATE_SET: EACH(T, S, ((void)x, y));                                                 \
        case UPDATE_ADD: EACH(T, S, x + y);                                                        \
        case UPDATE_SUB: EACH(T, S, x - y);                                                        \
        case UPDATE_MUL: EACH(T, S, x * y);                                                        \
        case UPDATE_MIN: EACH(T, S, LESS(T, y, x) ? y : x);                                        \
        case UPDATE_MAX: EACH(T, S, LESS(T, x, y) ? y : x);                                        \
        case UPDATE_DIV: DIVIDE(T, S)                                                              \
        }                                                                                          \
        return SM_OK;                                                                              \
    }
#define LESS_AS(T, x, y) ((T)(x) < (T)(y))
#define DIVIDE_FLOATS(T, S) EACH(T, S, x / y);
#define DIVIDE_SIGNED(T, S)                                                                        \
    for (size_t i = 0; i < n; i++)                                                                 \
        if (b[i * step] == 0) return FAIL(err, SM_INVALID_ARGUMENT, "Integer division by zero");   \
    EACH(T, S, (T)y == (T)-1 ? (S)0 - x : (S)((T)x / (T)y));
#define DIVIDE_UNSIGNED(T, S)                                                                      \
    for (size_t i = 0; i < n; i++)                                                                 \
        if (b[i * step] == 0) return FAIL(err, SM_INVALID_ARGUMENT, "Integer division by zero");   \
    EACH(T, S, x / y);

UPDATE_LOOP(update_float, float, float, LESS_AS, DIVIDE_FLOATS)
UPDATE_LOOP(update_double, double, double, LESS_AS, DIVIDE_FLOATS)
UPDATE_LOOP(update_int8, int8_t, uint32_t, LESS_AS, DIVIDE_SIGNED)
UPDATE_LOOP(update_int16, int16_t, uint32_t, LESS_AS, DIVIDE_SIGNED)
UPDATE_LOOP(update_int32, int32_t, uint32_t, LESS_AS, DIVIDE_SIGNED)
UPDATE_LOOP(update_int64, int64_t, uint64_t, LESS_AS, DIVIDE_SIGNED)
UPDATE_LOOP(update_uint8, uint8_t, uint32_t, LESS_AS, DIVIDE_UNSIGNED)
UPDATE_LOOP(update_uint16, uint16_t, uint32_t, LESS_AS, DIVIDE_UNSIGNED)
UPDATE_LOOP(update_uint32, uint32_t, uint32_t, LESS_AS, DIVIDE_UNSIGNED)
UPDATE_LOOP(update_uint64, uint64_t, uint64_t, LESS_AS, DIVIDE_UNSIGNED)
#define NEVER_LESS(T, x, y) 0   /* complex numbers have no order; the signatures keep Min and Max away */
UPDATE_LOOP(update_complex64, float complex, float complex, NEVER_LESS, DIVIDE_FLOATS)
UPDATE_LOOP(update_complex128, double complex, double complex, NEVER_LESS, DIVIDE_FLOATS)

static const struct {
    sm_dtype     dtype;
    update_loop *loop;
} loops[] = {
    { SM_FLOAT, update_float },     { SM_DOUBLE, update_double },       { SM_INT8, update_int8 },
    { SM_INT16, update_int16 },     { SM_INT32, update_int32 },         { SM_INT64, update_int64 },
    { SM_UINT8, update_uint8 },     { SM_UINT16, update_uint16 },       { SM_UINT32, update_uint32 },
    { SM_UINT64, update_uint64 },   { SM_COMPLEX64, update_complex64 }, { SM_COMPLEX128, update_complex128 },
};

/* -- Dispatch ------------------------------------------------------------------------------------------------------- */

static sm_status update_narrow(update_op op, sm_dtype t, uint16_t *to, const uint16_t *from, size_t step, size_t n, sm_error *err)
{
    for (size_t i = 0; i < n; i++) {
        float x, y;
        narrow_to_float(t, &to[i], &x, 1);
        narrow_to_float(t, &from[i * step], &y, 1);
        TRY(update_float(op, &x, &y, 1, 1, err));
        float_to_narrow(t, &x, &to[i], 1);
    }
    return SM_OK;
}

sm_status update_elements(update_op op, sm_dtype t, void *to, const void *from, size_t step, size_t n, sm_error *err)
{
    if (op == UPDATE_SET && dtype_plain(t)) {
        size_t size = dtype_size(t);
        if (step) memcpy(to, from, n * size);
        else
            for (size_t i = 0; i < n; i++) memcpy((char *)to + i * size, from, size);
        return SM_OK;
    }
    if (t == SM_HALF || t == SM_BFLOAT16) return update_narrow(op, t, to, from, step, n, err);
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        if (loops[i].dtype == t) return loops[i].loop(op, to, from, step, n, err);
    return FAIL(err, SM_UNIMPLEMENTED, "no arithmetic on %s", dtype_name(t));
}

/* value * scale in a new block, or NULL. */
static void *scaled_copy(const update_whole *u, size_t n, sm_error *err, sm_status *s)
{
    size_t size = dtype_size(u->value->dtype);
    void  *copy = heap_alloc(n * size + 1);
    *s = copy ? SM_OK : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    if (copy) {
        memcpy(copy, u->value->data, n * size);
        *s = update_elements(UPDATE_MUL, u->value->dtype, copy, u->scale->data, 0, n, err);
    }
    return copy;
}

sm_status update_whole_tensor(void *context, tensor *t, sm_error *err)
{
    const update_whole *u = context;
    size_t              n = tensor_count(t);
    if (u->value->dtype != t->dtype)
        return FAIL(err, SM_INVALID_ARGUMENT, "Variable and value dtypes don't match; respectively, %s and %s",
                    dtype_short_name(t->dtype), dtype_short_name(u->value->dtype));
    if (!shape_eq(&u->value->shape, &t->shape)) {
        str text;
        str_init(&text);
        str_addz(&text, "Cannot update variable with shape ");
        shape_print(&text, &t->shape);
        str_addz(&text, " using a Tensor with shape ");
        shape_print(&text, &u->value->shape);
        str_addz(&text, ", shapes must be equal.");
        sm_status s = FAIL(err, SM_INVALID_ARGUMENT, "%s", str_text(&text));
        str_clear(&text);
        return s;
    }
    if (!u->scale) return update_elements(u->op, t->dtype, t->data, u->value->data, 1, n, err);
    sm_status s = SM_OK;
    void     *scaled = scaled_copy(u, n, err, &s);
    if (s == SM_OK) s = update_elements(u->op, t->dtype, t->data, scaled, 1, n, err);
    heap_free(scaled);
    return s;
}
