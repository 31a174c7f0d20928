/* SPDX-License-Identifier: Apache-2.0 */
/* Nested values: building them, what goes wrong on the way, printing; objects by path; several threads in one function. */
#include "unit.h"

#include <pthread.h>

#define MODELS SOURCE_DIR "/tests/models/"

static int add_text(void *context, const char *text, size_t length)
{
    char *to = context;

    (void)snprintf(to + strlen(to), 512 - strlen(to), "%.*s", (int)length, text);
    return 0;
}

static void assert_prints(sm_value *v, const char *want)
{
    char text[512] = "";

    assert_ok(sm_value_check(v, err));
    assert_ok(sm_value_print(v, add_text, text, err));
    assert_string_equal(text, want);
    sm_value_free(v);
}

TEST(values_print_as_python_prints_them)
{
    sm_value *list = sm_value_new_list(), *dict = sm_value_new_dict(), *pair = sm_value_new_named_tuple("P");
    int64_t   dims[] = { -1, 2 };

    sm_value_add(list, sm_value_new_int(-3));
    sm_value_add(list, sm_value_new_float(0.1));
    sm_value_add(list, sm_value_new_bool(1));
    sm_value_add(list, sm_value_new_none());
    sm_value_add(list, sm_value_new_string("it's"));
    sm_value_add(list, sm_value_new_bytes("a\0", 2));
    sm_value_set(pair, "x", sm_value_new_int(1));
    sm_value_set(dict, "b", list);
    sm_value_set(dict, "a", pair);
    sm_value_set(dict, "s", sm_value_new_tensor_spec(SM_FLOAT, 2, dims, NULL));
    assert_prints(dict,
                  "{'b': [-3, 0.1, True, None, \"it's\", b'a\\x00'], 'a': P(x=1), 's': TensorSpec(shape=(None, 2), "
                  "dtype=tf.float32, name=None)}");
}

TEST(a_key_that_is_set_again_keeps_its_place)
{
    sm_value *dict = sm_value_new_ordered_dict();

    sm_value_set(dict, "b", sm_value_new_int(1));
    sm_value_set(dict, "a", sm_value_new_int(2));
    sm_value_set(dict, "b", sm_value_new_int(3));
    assert_int_equal(sm_value_int(sm_value_find(dict, "b")), 3);
    assert_prints(dict, "OrderedDict([('b', 3), ('a', 2)])");
}

TEST(what_is_lost_while_building_is_remembered)
{
    sm_value *outer = sm_value_new_list(), *list = sm_value_new_list();

    sm_value_add(list, NULL);
    assert_fails(sm_value_check(list, err), SM_INVALID_ARGUMENT, "lost something");
    sm_value_add(outer, list);
    assert_fails(sm_value_check(outer, err), SM_INVALID_ARGUMENT, "lost something");
    sm_value_free(outer);
    list = sm_value_new_list();
    sm_value_set(list, "key", sm_value_new_none());
    assert_fails(sm_value_check(list, err), SM_INVALID_ARGUMENT, "lost something");
    sm_value_free(list);
    sm_value_add(NULL, sm_value_new_none());
    assert_fails(sm_value_check(NULL, err), SM_RESOURCE_EXHAUSTED, "out of memory");
}

TEST(nesting_has_a_limit)
{
    sm_value *v = sm_value_new_none();

    for (int i = 0; i < 200; i++) {
        sm_value *list = sm_value_new_list();
        sm_value_add(list, v);
        v = list;
    }
    assert_fails(sm_value_check(v, err), SM_INVALID_ARGUMENT, "lost something");
    sm_value_free(v);
}

static sm_model *load(const char *path)
{
    sm_model *m = NULL;

    assert_ok(sm_model_load(path, NULL, &m, err));
    return m;
}

TEST(objects_by_path)
{
    sm_model *m = load(MODELS "dispatch/saved_model");

    assert_ptr_equal(sm_model_object_at(m, ""), sm_model_object(m, 0));
    assert_non_null(sm_object_variable(sm_model_object_at(m, "w")));
    assert_non_null(sm_model_object_at(m, "signatures.two"));
    assert_ptr_equal(sm_model_object_at(m, "signatures/two"), sm_model_object_at(m, "signatures['two']"));
    assert_null(sm_model_object_at(m, "signatures.nope"));
    assert_null(sm_model_object_at(m, "w.x"));
    assert_null(sm_model_object_at(m, "signatures["));
    assert_null(sm_object_variable(sm_model_object_at(m, "one")));
    sm_model_free(m);
}

TEST(assignment_checks_type_and_shape)
{
    sm_model    *m = load(MODELS "dispatch/saved_model");
    sm_variable *w = sm_object_variable(sm_model_object_at(m, "w"));
    int64_t      dims[] = { 2 };
    sm_tensor   *t = NULL;

    assert_ok(sm_tensor_new(SM_FLOAT, 1, dims, &t, err));
    assert_fails(sm_variable_assign(w, t, err), SM_INVALID_ARGUMENT,
                 "Cannot assign value to variable ' Variable:0': Shape mismatch.The variable shape (2, 1), and "
                 "the assigned value shape (2,) are incompatible.");
    sm_tensor_unref(t);
    assert_ok(sm_tensor_new(SM_INT32, 0, NULL, &t, err));
    assert_fails(sm_variable_assign(w, t, err), SM_INVALID_ARGUMENT,
                 "Tensor conversion requested dtype float32 for Tensor with dtype int32: <tf.Tensor: shape=(), "
                 "dtype=int32, numpy=0>");
    sm_tensor_unref(t);
    sm_model_free(m);
}

enum { THREADS = 4, CALLS = 50 };

static void *call_often(void *model)
{
    size_t right = 0;

    for (int i = 0; i < CALLS; i++) {
        sm_value *args = sm_value_new_list(), *result = NULL;
        sm_value_add(args, sm_value_new_float(i));
        if (sm_model_call(model, "one", args, NULL, &result, NULL) == SM_OK)
            right += *(const float *)sm_tensor_data(sm_value_tensor(result)) == 2.0f * (float)i;
        sm_value_free(result);
        sm_value_free(args);
    }
    return (void *)right;
}

TEST(several_threads_call_one_function)
{
    sm_model *m = load(MODELS "dispatch/saved_model");
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, call_often, m), 0);
    for (int i = 0; i < THREADS; i++) {
        void *right = NULL;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_int_equal((size_t)right, CALLS);
    }
    sm_model_free(m);
}
