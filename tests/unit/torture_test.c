/* SPDX-License-Identifier: Apache-2.0 */
/* A whole model under memory that runs out: load, look, run, save the result, free, with the first, the second ... the n-th
 * allocation refused, until one passes through untouched. Each failure is a status with a sentence, and what was taken is
 * given back (the sanitizers' leak checker sees to that). */
#include "unit.h"

#include "base/heap.h"
#include "base/status.h"

typedef struct torture {
    const char *model;
    sm_tensor  *in;
    int         outputs;
} torture;

static sm_status look(sm_model *m, sm_error *err)
{
    for (size_t i = 0; i < sm_model_variable_count(m); i++) {
        sm_tensor *t = NULL;
        sm_status  s = sm_variable_read(sm_model_variable(m, i), &t, err);
        sm_tensor_unref(t);
        if (s != SM_OK) return s;
    }
    return SM_OK;
}

/* Load, read the variables, run twice. *runs counts what came through. */
static sm_status go_through(const torture *t, sm_runtime *runtime, int *runs, sm_error *err)
{
    sm_load_options o = SM_LOAD_OPTIONS_INIT;
    sm_model       *m = NULL;
    sm_tensor      *out[4] = { NULL };
    o.runtime = runtime;
    sm_status s = sm_model_load(t->model, &o, &m, err);
    if (s == SM_OK) s = look(m, err);
    for (int i = 0; i < 2 && s == SM_OK; i++) {
        sm_function *f = sm_model_signature(m, "serving_default");
        if (!f && heap_fail_left() <= 0) { /* made when it is asked for; NULL is all that it can say */
            s = FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory for the signature");
            break;
        }
        assert_non_null(f);
        s = sm_function_run(f, &t->in, 1, out, (size_t)t->outputs, err);
        *runs += s == SM_OK;
    }
    for (int i = 0; i < t->outputs; i++) sm_tensor_unref(out[i]);
    sm_model_free(m);
    return s;
}

static void run_torture(const torture *t)
{
    sm_runtime_options o = SM_RUNTIME_OPTIONS_INIT;
    sm_runtime        *runtime = NULL;
    int64_t            left = 0;
    int64_t            n = 1;
    o.threads = 1;
    assert_ok(sm_runtime_new(&o, &runtime, err));
    for (; left <= 0 && n < 100000; n += n < 600 ? 1 : 7) {
        sm_error err = { SM_OK, "", "" };
        int      runs = 0;
        heap_fail_at(n);
        sm_status s = go_through(t, runtime, &runs, &err);
        left = heap_fail_left();
        heap_fail_at(0);
        if (s == SM_OK) {
            assert_int_equal(runs, 2); /* what can do without that memory does */
            continue;
        }
        if (left > 0) fail_msg("fails by itself: %s", err.message);
        assert_int_equal(err.status, s);
        if (s != SM_RESOURCE_EXHAUSTED || !err.message[0])
            fail_msg("allocation %lld refused: %s \"%s\"", (long long)n, sm_status_name(s), err.message);
    }
    if (n < 100) fail_msg("only %lld allocations: the counter does not count", (long long)n);
    sm_runtime_free(runtime);
}

TEST(a_model_of_numbers)
{
    const int64_t dims[] = { 3, 1 };
    const float   x[] = { 0, 1, 10 };
    torture       t = { SOURCE_DIR "/examples/half_plus_two/saved_model", NULL, 1 };
    assert_ok(sm_tensor_from(SM_FLOAT, 2, dims, x, sizeof x, &t.in, err));
    run_torture(&t);
    sm_tensor_unref(t.in);
}

/* Pictures in, a convolution network, two outputs. */
TEST(a_model_of_pictures)
{
    static char   bytes[1 << 16];
    const int64_t one = 1;
    torture       t = { SOURCE_DIR "/examples/digits/saved_model", NULL, 2 };
    FILE         *f = fopen(SOURCE_DIR "/examples/digits/7.png", "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_ok(sm_tensor_new(SM_STRING, 1, &one, &t.in, err));
    assert_ok(sm_tensor_set_string(t.in, 0, bytes, size, err));
    run_torture(&t);
    sm_tensor_unref(t.in);
}
