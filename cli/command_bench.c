/* SPDX-License-Identifier: Apache-2.0 */
/* command_bench.c - bench: times a signature, or opening the model.
 *
 * One line for each timed run, the latency in microseconds and nothing else, so that scripts can read
 * it; --summary prints percentiles and memory instead. A run goes from tensors in memory to outputs in
 * memory; outputs are written into the same tensors again and again.
 *
 * --profile asks where the time goes: the same runs first without a clock between nodes, then as many with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "columns.h"
#include "inputs.h"
#include "model_choice.h"
#include "profile.h"
#include "python_value.h"

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* -- Figures -------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The smallest value that at least `percent` of all are not above. */
static double percentile(const double *sorted, size_t n, double percent)
{
    size_t rank = (size_t)(percent / 100 * (double)n + 0.999999);
    return sorted[rank ? rank - 1 : 0];
}

static double resident_mib(void)
{
    char   line[256];
    double kib = 0;
    FILE  *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0) kib = strtod(line + 6, NULL);
    if (f) fclose(f);
    return kib / 1024;
}

static double peak_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

static void print_summary(double *us, size_t n)
{
    double sum = 0;
    qsort(us, n, sizeof *us, by_size);
    for (size_t i = 0; i < n; i++) sum += us[i];
    printf("runs    %zu\nmin     %.1f us\nmean    %.1f us\np50     %.1f us\np90     %.1f us\np99     %.1f us\nresident "
           "%.1f "
           "MiB, peak %.1f MiB\n",
           n, us[0], sum / (double)n, percentile(us, n, 50), percentile(us, n, 90), percentile(us, n, 99),
           resident_mib(), peak_mib());
}

static void print_times(const invocation *v, double *us, size_t n)
{
    if (program_switch(v, "summary"))
        print_summary(us, n);
    else
        for (size_t i = 0; i < n; i++) printf("%.3f\n", us[i]);
}

/* -- What is timed ------------------------------------------------------------------------------------------ */

/* Opening once, and the memory that it leaves resident. */
static sm_status bench_open(const invocation *v, size_t repeat, sm_error *err)
{
    double *us = keep_array(repeat, sizeof *us), before = resident_mib(), after = 0;
    for (size_t i = 0; i < repeat; i++) {
        sm_saved_model *s = NULL;
        sm_model       *m = NULL;
        double          start = now_us();
        sm_status       status = model_choice_load(v, NULL, &s, &m, err);
        us[i] = now_us() - start;
        after = i == 0 ? resident_mib() : after;
        sm_model_free(m);
        sm_saved_model_close(s);
        if (status != SM_OK) return status;
    }
    print_times(v, us, repeat);
    printf("resident %.1f MiB (%.1f MiB before opening)\n", after, before);
    return SM_OK;
}

static sm_status write_outputs(const char *path, const sm_function *f, sm_tensor *const *out, sm_error *err)
{
    size_t       n = sm_function_output_count(f);
    const char **names = keep_array(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++) names[i] = sm_function_output(f, i)->name;
    return sm_npz_write(path, names, (const sm_tensor *const *)out, n, err);
}

/* A signature with what it is called with. */
typedef struct subject {
    sm_function *f;
    sm_tensor  **in, **out;
    size_t       in_count, out_count;
    sm_runtime  *runtime; /* NULL: the default one */
} subject;

/* n runs; us[i] of each unless us is NULL. */
static sm_status run_times(const subject *b, const sm_run_options *o, profile *p, size_t n, double *us, sm_error *err)
{
    sm_status s = SM_OK;
    for (size_t i = 0; i < n && s == SM_OK; i++) {
        double start = now_us();
        s = sm_function_run_with(b->f, b->in, b->in_count, b->out, b->out_count, o, err);
        if (us) us[i] = now_us() - start;
        if (p) profile_next_call(p);
    }
    return s;
}

static sm_status read_order(const invocation *v, profile_order *out, sm_error *err)
{
    static const char *const names[] = { "time", "order", "op" };
    const char              *by = program_flag(v, "by");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(by ? by : "time", names[i]) == 0) {
            *out = (profile_order)i;
            return SM_OK;
        }
    return py_fail(err, SM_INVALID_ARGUMENT, "ValueError", "flag --by=%s: expected time, order or op", by);
}

static sm_status print_profile(const invocation *v, profile *p, profile_order order, sm_error *err)
{
    textbuf   b = { 0 };
    long      top;
    sm_status s = program_number(v, "top", 1, 0, &top, err);
    if (s != SM_OK) return s;
    profile_finish(p, order);
    if (program_switch(v, "json")) {
        const char *json = profile_json(p);
        if (!json) return py_fail(err, SM_UNIMPLEMENTED, "", "this program was built without JSON");
        puts(json);
        return SM_OK;
    }
    profile_text(&b, p, order, (size_t)top, columns_width());
    fwrite(textbuf_string(&b), 1, b.length, stdout);
    textbuf_clear(&b);
    return SM_OK;
}

/* The first run as well, for what it computes once; then plain runs, then as many profiled ones. */
static sm_status profile_runs(const invocation *v, const subject *b, size_t warmup, size_t repeat, sm_error *err)
{
    profile        p;
    sm_run_options o = SM_RUN_OPTIONS_INIT;
    profile_order  order = PROFILE_BY_TIME;
    double        *us = keep_array(repeat, sizeof *us);
    sm_status      s = read_order(v, &order, err);
    if (s != SM_OK) return s;
    profile_init(&p, 0);
    o.profiler = profile_see;
    o.context = &p;
    s = run_times(b, &o, NULL, 1, &p.first_us, err);
    if (s == SM_OK) s = run_times(b, NULL, NULL, warmup, NULL, err);
    if (s == SM_OK) s = run_times(b, NULL, NULL, repeat, us, err);
    qsort(us, repeat, sizeof *us, by_size);
    p.plain_us = percentile(us, repeat, 50);
    p.calls = repeat;
    if (s == SM_OK) s = run_times(b, &o, &p, repeat, us, err);
    qsort(us, repeat, sizeof *us, by_size);
    p.call_us = percentile(us, repeat, 50);
    p.signature = sm_function_name(b->f);
    if (s == SM_OK) s = sm_runtime_peak(b->runtime, &p.peak, err);
    return s == SM_OK ? print_profile(v, &p, order, err) : s;
}

static sm_status time_runs(const invocation *v, const subject *b, sm_error *err)
{
    long      warmup, repeat;
    sm_status s = program_number(v, "warmup", 0, 3, &warmup, err);
    if (s == SM_OK) s = program_number(v, "repeat", 1, 20, &repeat, err);
    if (s != SM_OK) return s;
    if (program_switch(v, "profile")) return profile_runs(v, b, (size_t)warmup, (size_t)repeat, err);
    double *us = keep_array((size_t)repeat, sizeof *us);
    s = run_times(b, NULL, NULL, (size_t)warmup, NULL, err);
    if (s == SM_OK) s = run_times(b, NULL, NULL, (size_t)repeat, us, err);
    if (s == SM_OK) print_times(v, us, (size_t)repeat);
    return s;
}

static sm_status bench_signature(const invocation *v, sm_model *m, sm_runtime *runtime, sm_error *err)
{
    const char *key = program_flag(v, "signature"), *file = program_flag(v, "inputs"),
               *outputs = program_flag(v, "outputs");
    input_list inputs = { 0 };
    subject    b = { .runtime = runtime };
    sm_status  s;
    key = key ? key : program_flag(v, "signature_def");
    s = key ? model_choice_signature(m, key, &b.f, err) : model_choice_default_signature(m, &b.f, err);
    if (s == SM_OK) s = file && !strchr(file, '=') ? inputs_read_npz(file, &inputs, err) : inputs_read(v, &inputs, err);
    if (s == SM_OK) s = inputs_bind(&inputs, b.f, &b.in, err);
    if (s == SM_OK) {
        b.in_count = sm_function_input_count(b.f);
        b.out_count = sm_function_output_count(b.f);
        b.out = keep_array(b.out_count + 1, sizeof *b.out);
        s = time_runs(v, &b, err);
        if (s == SM_OK && outputs) s = write_outputs(outputs, b.f, b.out, err);
        inputs_release(b.out, b.out_count);
    }
    inputs_release(b.in, b.in ? sm_function_input_count(b.f) : 0);
    return s;
}

int command_bench(invocation *v)
{
    sm_load_options o = SM_LOAD_OPTIONS_INIT;
    sm_saved_model *model = NULL;
    sm_model       *m = NULL;
    sm_runtime     *runtime = NULL;
    sm_error        err = { 0 };
    long            repeat = 1;
    sm_status       s;
    if (program_switch(v, "open")) {
        s = program_number(v, "repeat", 1, 1, &repeat, &err);
        if (s == SM_OK) s = bench_open(v, (size_t)repeat, &err);
        return s == SM_OK ? 0 : program_error(v, &err);
    }
    s = model_choice_runtime(v, &runtime, &err);
    o.runtime = runtime;
    o.passes = program_flag(v, "passes");
    if (s == SM_OK) s = model_choice_load(v, &o, &model, &m, &err);
    if (s == SM_OK) s = bench_signature(v, m, runtime, &err);
    sm_model_free(m);
    sm_saved_model_close(model);
    keep_release();
    sm_runtime_free(runtime);
    return s == SM_OK ? 0 : program_error(v, &err);
}
