/* SPDX-License-Identifier: Apache-2.0 */
/* command_bench.c - bench: times a signature, or opening the model.
 *
 * One line for each timed run, the latency in microseconds and nothing else, so that scripts can read
 * it; --summary prints percentiles and memory instead. A run goes from tensors in memory to outputs in
 * memory; outputs are written into the same tensors again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "inputs.h"
#include "model_choice.h"

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
    printf("runs    %zu\nmin     %.1f us\nmean    %.1f us\np50     %.1f us\np90     %.1f us\np99     %.1f us\npeak    "
           "%.1f MiB\n",
           n, us[0], sum / (double)n, percentile(us, n, 50), percentile(us, n, 90), percentile(us, n, 99), peak_mib());
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

static sm_status time_runs(const invocation *v, sm_function *f, sm_tensor *const *in, sm_tensor **out, sm_error *err)
{
    long      warmup, repeat;
    size_t    n = sm_function_input_count(f), k = sm_function_output_count(f);
    sm_status s = program_number(v, "warmup", 0, 3, &warmup, err);
    if (s == SM_OK) s = program_number(v, "repeat", 1, 20, &repeat, err);
    if (s != SM_OK) return s;
    double *us = keep_array((size_t)repeat, sizeof *us);
    for (long i = 0; i < warmup && s == SM_OK; i++) s = sm_function_run(f, in, n, out, k, err);
    for (long i = 0; i < repeat && s == SM_OK; i++) {
        double start = now_us();
        s = sm_function_run(f, in, n, out, k, err);
        us[i] = now_us() - start;
    }
    if (s == SM_OK) print_times(v, us, (size_t)repeat);
    return s;
}

static sm_status bench_signature(const invocation *v, sm_model *m, sm_error *err)
{
    const char *key = program_flag(v, "signature"), *file = program_flag(v, "inputs"),
               *outputs = program_flag(v, "outputs");
    input_list   inputs = { 0 };
    sm_function *f;
    sm_tensor  **in = NULL, **out = NULL;
    sm_status    s;
    key = key ? key : program_flag(v, "signature_def");
    s = key ? model_choice_signature(m, key, &f, err) : model_choice_default_signature(m, &f, err);
    if (s == SM_OK) s = file && !strchr(file, '=') ? inputs_read_npz(file, &inputs, err) : inputs_read(v, &inputs, err);
    if (s == SM_OK) s = inputs_bind(&inputs, f, &in, err);
    if (s == SM_OK) {
        out = keep_array(sm_function_output_count(f) + 1, sizeof *out);
        s = time_runs(v, f, in, out, err);
        if (s == SM_OK && outputs) s = write_outputs(outputs, f, out, err);
        inputs_release(out, sm_function_output_count(f));
    }
    inputs_release(in, in ? sm_function_input_count(f) : 0);
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
    if (s == SM_OK) s = bench_signature(v, m, &err);
    sm_model_free(m);
    sm_saved_model_close(model);
    keep_release();
    sm_runtime_free(runtime);
    return s == SM_OK ? 0 : program_error(v, &err);
}
