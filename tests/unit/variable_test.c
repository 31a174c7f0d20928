/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: snapshots, versions, lazy values, updates from many threads. */
#include "graph/variable.h"
#include "unit.h"

#include <pthread.h>

static tensor *scalar_float(float x)
{
    shape   s = shape_scalar();
    tensor *t;

    assert_ok(tensor_from(NULL, SM_FLOAT, &s, &x, &t, err));
    return t;
}

static variable *new_variable(void)
{
    shape     s = shape_unknown();
    variable *v;

    assert_ok(variable_new(SLICE("net/w"), SM_FLOAT, &s, &v, err));
    return v;
}

static float read_float(variable *v)
{
    tensor *t;
    float   x;

    assert_ok(variable_read(v, &t, err));
    x = *(float *)t->data;
    tensor_unref(t);
    return x;
}

static sm_status add_one(void *context, tensor *t, sm_error *err)
{
    (void)context;
    (void)err;
    *(float *)t->data += 1;
    return SM_OK;
}

TEST(unset)
{
    variable *v = new_variable();
    tensor   *t;

    assert_false(variable_initialised(v));
    assert_fails(variable_read(v, &t, err), SM_FAILED_PRECONDITION,
                 "Could not find variable net/w. This could mean that the variable has been deleted. In "
                 "TF1, it can "
                 "also mean the variable is uninitialized. Debug info: container=localhost, status error "
                 "message=Resource localhost/net/w/N10tensorflow3VarE does not exist.");
    assert_fails(variable_update(v, NULL, add_one, NULL, err), SM_FAILED_PRECONDITION, "Could not find");
    assert_int_equal(variable_version(v), 0);
    assert_true(slice_is(variable_name(v), "net/w"));
    assert_int_equal(variable_shape(v).rank, UNKNOWN_RANK);
    object_unref((object *)v);
}

TEST(snapshots)
{
    variable *v = new_variable();
    tensor   *one = scalar_float(1), *before, *after;
    uint64_t  version;
    void     *data;

    assert_ok(variable_assign(v, one, err));
    assert_int_equal(variable_version(v), 1);
    assert_int_equal(variable_shape(v).rank, 0);
    assert_ok(variable_read_versioned(v, &before, &version, err));
    assert_int_equal(version, 1);
    assert_ok(variable_update(v, NULL, add_one, NULL, err));
    assert_true(*(float *)before->data == 1); /* a snapshot stays as it was */
    assert_true(read_float(v) == 2);
    assert_int_equal(variable_version(v), 2);
    tensor_unref(before);
    tensor_unref(one);

    assert_ok(variable_read(v, &after, err));
    data = after->data;
    tensor_unref(after);
    assert_ok(variable_update(v, NULL, add_one, NULL, err)); /* nobody else has it: in place */
    assert_ok(variable_read(v, &after, err));
    assert_ptr_equal(after->data, data);
    assert_true(*(float *)after->data == 3);
    tensor_unref(after);

    variable_reset(v);
    assert_false(variable_initialised(v));
    assert_int_equal(variable_version(v), 4);
    object_unref((object *)v);
}

TEST(wrong_dtype)
{
    variable *v = new_variable();
    shape     s = shape_scalar();
    int32_t   x = 1;
    tensor   *t;

    assert_ok(tensor_from(NULL, SM_INT32, &s, &x, &t, err));
    assert_fails(variable_assign(v, t, err), SM_INVALID_ARGUMENT,
                 "Variable and value dtypes don't match; respectively, float and int32");
    assert_int_equal(variable_version(v), 0);
    tensor_unref(t);
    object_unref((object *)v);
}

typedef struct filling {
    int  calls, freed;
    bool fails;
} filling;

static sm_status fill_seven(void *context, tensor **out, sm_error *err)
{
    filling *f = context;

    f->calls++;
    if (f->fails) return FAIL(err, SM_DATA_LOSS, "no checkpoint");
    *out = scalar_float(7);
    return SM_OK;
}

static void free_filling(void *context)
{
    ((filling *)context)->freed++;
}

TEST(filling_once)
{
    variable *v = new_variable();
    filling   f = { 0, 0, true }, unused = { 0 };
    tensor   *t;

    variable_set_fill(v, fill_seven, &f, free_filling);
    assert_true(variable_initialised(v)); /* without reading it */
    assert_int_equal(f.calls, 0);
    assert_fails(variable_read(v, &t, err), SM_DATA_LOSS, "no checkpoint");
    assert_int_equal(f.freed, 0); /* it may go better next time */
    f.fails = false;
    assert_true(read_float(v) == 7);
    assert_true(read_float(v) == 7);
    assert_int_equal(f.calls, 2);
    assert_int_equal(f.freed, 1);
    assert_int_equal(variable_version(v), 0); /* no write */
    object_unref((object *)v);
    assert_int_equal(f.freed, 1);

    v = new_variable();
    variable_set_fill(v, fill_seven, &unused, free_filling);
    t = scalar_float(1);
    assert_ok(variable_assign(v, t, err)); /* makes the fill unnecessary */
    tensor_unref(t);
    assert_int_equal(unused.calls, 0);
    assert_int_equal(unused.freed, 1);
    assert_true(read_float(v) == 1);
    object_unref((object *)v);
}

static void *add_many(void *context)
{
    for (int i = 0; i < 2000; i++) {
        tensor *t;
        if (variable_update(context, NULL, add_one, NULL, NULL) != SM_OK) return context;
        if (variable_read(context, &t, NULL) != SM_OK) return context;
        tensor_unref(t);
    }
    return NULL;
}

TEST(many_threads)
{
    variable *v = new_variable();
    tensor   *zero = scalar_float(0);
    pthread_t threads[4];

    assert_ok(variable_assign(v, zero, err));
    tensor_unref(zero);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, add_many, v), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(read_float(v) == 8000);
    assert_int_equal(variable_version(v), 8001);
    object_unref((object *)v);
}
