/* SPDX-License-Identifier: Apache-2.0 */
/* expression_random.c - np.random in input expressions: numpy's legacy random numbers.
 *
 * The functions take `seed` on top of numpy's parameters: np.random.rand(2, 3, seed=1) is np.random.seed(1)
 * followed by np.random.rand(2, 3). Without it and without RandomState(seed) each run draws other numbers. */
#include <string.h>
#include <sys/random.h>

#include "expression_calls_int.h"
#include "mersenne.h"
#include "ndarray.h"

static sm_status generator(arguments *x, mersenne *m)
{
    int64_t   seed = -1;
    const py *given = x->seed ? x->seed : x->self ? x->self->self : NULL;
    uint32_t  fresh = 0;
    if (given && given->kind != PY_NONE) {
        CHECK(expression_integer(x, given, &seed));
        if (seed < 0 || seed > UINT32_MAX)
            return py_fail(x->err, SM_INVALID_ARGUMENT, "ValueError", "Seed must be between 0 and 2**32 - 1");
        fresh = (uint32_t)seed;
    } else if (getrandom(&fresh, sizeof fresh, 0) != sizeof fresh) {
        return expression_refuse(x, "OSError", "the system gives no random numbers");
    }
    mersenne_seed(m, fresh);
    return SM_OK;
}

/* a + b times a draw for each element. */
static sm_status draw(arguments *x, const shape *s, double (*next)(mersenne *m), double a, double b)
{
    mersenne   m;
    sm_tensor *out;
    CHECK(generator(x, &m));
    CHECK(expression_result(x, SM_DOUBLE, s, &out));
    for (size_t i = 0; i < sm_tensor_count(out); i++) ((double *)sm_tensor_mutable_data(out))[i] = a + b * next(&m);
    return SM_OK;
}

sm_status expression_rand(arguments *x)
{
    shape s;
    CHECK(expression_shape_of(x, x->rest, x->rest_count, &s));
    return draw(x, &s, mersenne_uniform, 0, 1);
}

sm_status expression_randn(arguments *x)
{
    shape s;
    CHECK(expression_shape_of(x, x->rest, x->rest_count, &s));
    return draw(x, &s, mersenne_normal, 0, 1);
}

sm_status expression_random(arguments *x)
{
    shape s;
    CHECK(expression_shape(x, x->a[0], &s));
    return draw(x, &s, mersenne_uniform, 0, 1);
}

sm_status expression_uniform(arguments *x)
{
    shape  s;
    double low = 0, high = 1;
    CHECK(expression_real(x, x->a[0], &low));
    CHECK(expression_real(x, x->a[1], &high));
    CHECK(expression_shape(x, x->a[2], &s));
    return draw(x, &s, mersenne_uniform, low, high - low);
}

sm_status expression_normal(arguments *x)
{
    shape  s;
    double mean = 0, deviation = 1;
    CHECK(expression_real(x, x->a[0], &mean));
    CHECK(expression_real(x, x->a[1], &deviation));
    CHECK(expression_shape(x, x->a[2], &s));
    if (deviation < 0) return py_fail(x->err, SM_INVALID_ARGUMENT, "ValueError", "scale < 0");
    return draw(x, &s, mersenne_normal, mean, deviation);
}

sm_status expression_randint(arguments *x)
{
    int64_t    low = 0, high = 0, least, most;
    shape      s;
    sm_dtype   t = SM_INT64;
    sm_tensor *out;
    mersenne   m;
    int        one = !x->a[1] || x->a[1]->kind == PY_NONE;
    CHECK(expression_integer(x, one ? x->a[0] : x->a[1], &high));
    CHECK(expression_integer(x, one ? NULL : x->a[0], &low));
    CHECK(expression_shape(x, x->a[2], &s));
    CHECK(expression_dtype(x, x->a[3], &t));
    char k = ndarray_kind(t);
    if (k != 'i' && k != 'u' && k != 'b')
        return py_fail(x->err, SM_INVALID_ARGUMENT, "TypeError", "Unsupported dtype %s for randint", sm_dtype_name(t));
    int bits = k == 'b' ? 1 : 8 * (int)sm_dtype_size(t);
    most = k == 'u' && bits < 64 ? ((int64_t)1 << bits) - 1
           : k == 'b'            ? 1
           : bits == 64          ? INT64_MAX
                                 : ((int64_t)1 << (bits - 1)) - 1;
    least = k == 'i' ? -most - 1 : 0;
    if (low < least || (high > most && high - 1 > most))
        return py_fail(x->err, SM_INVALID_ARGUMENT, "ValueError", "%s is out of bounds for %s",
                       low < least ? "low" : "high", sm_dtype_name(t));
    if (low >= high) return py_fail(x->err, SM_INVALID_ARGUMENT, "ValueError", "low >= high");
    CHECK(generator(x, &m));
    CHECK(expression_result(x, t, &s, &out));
    for (size_t i = 0; i < sm_tensor_count(out); i++) {
        uint64_t v = mersenne_bounded(&m, (uint64_t)high - (uint64_t)low - 1, bits);
        ndarray_store(t, sm_tensor_mutable_data(out), i, (cell){ 'i', (int64_t)((uint64_t)low + v), 0, 0 });
    }
    return SM_OK;
}

sm_status expression_random_state(arguments *x)
{
    py *v = keep(sizeof *v);
    v->kind = PY_NAME;
    v->bytes = "RandomState";
    v->length = strlen(v->bytes);
    v->self = x->a[0];
    *x->out = v;
    return SM_OK;
}

sm_status expression_seed(arguments *x)
{
    return expression_refuse(x, "TypeError",
                             "';' separates inputs, so a seed is given as np.random.RandomState(1).rand(2, 3) or "
                             "np.random.rand(2, 3, seed=1)");
}
