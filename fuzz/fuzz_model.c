/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_model.c - loads and runs a mutated model.
 *
 * The input is a source of chance: it picks a seed model, up to eight fields of its saved_model.pb to change, and sometimes
 * bytes of its checkpoint's index (mutate.c). The mutant is written to a folder in memory, opened, walked, checked, and every
 * signature is called with zeros. What is asked of the library: no crash, and a sentence for every failure.
 *
 * Seeds are the folders below SAVEDMODEL_SEEDS (a colon-separated list; tests/models unless set) that hold a saved_model.pb.
 * fuzz/campaign/ runs this target many times and counts how many mutants reach execution. */
#include "fuzz_model.h"
#include "base/file.h"
#include "base/map.h"
#include "mutate.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_SEEDS 512
#define LARGE_SEED 400000 /* bytes; a larger one is taken one time in RARELY */
#define RARELY 16

static char             *seeds[MOST_SEEDS];
static size_t            seed_count;
static char              folder[256];
static model_fuzz_counts counts;

const model_fuzz_counts *model_fuzz_progress(void)
{
    return &counts;
}

/* -- Seeds ---------------------------------------------------------------------------------------------------------- */

static void add_seeds(const char *path, int depth)
{
    char           name[2048];
    struct dirent *e;
    if ((size_t)snprintf(name, sizeof name, "%s/saved_model.pb", path) >= sizeof name) return;
    if (file_exists(name)) {
        if (seed_count < MOST_SEEDS) seeds[seed_count++] = strdup(path);
        return;
    }
    DIR *d = depth < 4 ? opendir(path) : NULL;
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        if ((size_t)snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= sizeof name) continue;
        if (file_is_directory(name)) add_seeds(name, depth + 1);
    }
    if (d) closedir(d);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void prepare(void)
{
    const char *list = getenv("SAVEDMODEL_SEEDS");
    char        path[2048];
    if (folder[0]) return;
    if (!list) list = "tests/models";
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s", (int)n, at);
        add_seeds(path, 0);
        at += n + (at[n] == ':');
    }
    qsort(seeds, seed_count, sizeof *seeds, by_text);
    snprintf(folder, sizeof folder, "%s/sm_fuzz_%d", file_is_directory("/dev/shm") ? "/dev/shm" : "/tmp", (int)getpid());
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/variables", folder);
    mkdir(path, 0700);
}

void model_fuzz_clean(void)
{
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (folder[0] && system(command) != 0) fprintf(stderr, "%s stays\n", folder);
}

/* -- The mutant ------------------------------------------------------------------------------------------------------- */

static bool write_bytes(const char *name, const void *bytes, size_t size)
{
    char  path[512];
    FILE *f;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    remove(path);
    f = fopen(path, "wb");
    if (!f) return false;
    bool ok = fwrite(bytes, 1, size, f) == size;
    return fclose(f) == 0 && ok;
}

static void link_file(const char *seed, const char *name)
{
    char from[2048], to[512], real[4096];
    if ((size_t)snprintf(from, sizeof from, "%s/%s", seed, name) >= sizeof from) return;
    if ((size_t)snprintf(to, sizeof to, "%s/%s", folder, name) >= sizeof to) return;
    remove(to);
    if (realpath(from, real) && symlink(real, to) != 0) perror(to);
}

static bool make_proto(const char *seed, mutate_random *r)
{
    char      path[2048];
    file_view f = { { NULL, 0 }, NULL };
    arena     a;
    slice     wire = { 0 };
    snprintf(path, sizeof path, "%s/saved_model.pb", seed);
    if (file_open(path, false, &f, NULL) != SM_OK) return false;
    arena_init(&a, 0);
    tf_SavedModel *m = ARENA_NEW(&a, tf_SavedModel);
    bool           ok = m && message_decode(&type_SavedModel, f.bytes, &a, m, NULL) == SM_OK;
    if (ok) {
        mutate_message(&type_SavedModel, m, 1 + (int)mutate_below(r, 8), r, &a);
        ok = message_encode(&type_SavedModel, m, &a, &wire, NULL) == SM_OK &&
             write_bytes("saved_model.pb", wire.ptr, wire.len);
    }
    arena_clear(&a);
    file_close(&f);
    return ok;
}

static void make_checkpoint(const char *seed, mutate_random *r)
{
    char           path[2048];
    struct dirent *e;
    file_view      f = { { NULL, 0 }, NULL };
    snprintf(path, sizeof path, "%s/variables", seed);
    DIR *d = opendir(path);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "variables/%s", e->d_name);
        link_file(seed, path);
    }
    if (d) closedir(d);
    snprintf(path, sizeof path, "%s/variables/variables.index", seed);
    if (mutate_below(r, 5) || file_open(path, true, &f, NULL) != SM_OK) return;
    char *copy = malloc(f.bytes.len + 1);
    if (copy) {
        memcpy(copy, f.bytes.ptr, f.bytes.len);
        if (mutate_table(copy, f.bytes.len, r)) write_bytes("variables/variables.index", copy, f.bytes.len);
    }
    free(copy);
    file_close(&f);
}

/* -- What is done with it --------------------------------------------------------------------------------------------- */

static void judge(sm_status s, const sm_error *err)
{
    if (s == SM_OK) return;
    counts.refused++;
    assert(err->status == s && err->message[0] && "a failure without a sentence");
}

static sm_tensor *zeros(const sm_param *p)
{
    int64_t    dims[16] = { 0 };
    sm_tensor *t = NULL;
    int        rank = p->rank < 0 ? 1 : p->rank > 16 ? 16 : p->rank;
    for (int i = 0; i < rank; i++) {
        dims[i] = p->rank < 0 || p->dims[i] < 0 ? 2 : p->dims[i];
        if (dims[i] > 64) dims[i] = 64;
    }
    return sm_tensor_new(p->dtype, rank, dims, &t, NULL) == SM_OK ? t : NULL;
}

static void call_signature(sm_function *f)
{
    enum { MOST = 64 };
    sm_error   err = { SM_OK, "", "" };
    sm_tensor *in[MOST] = { NULL }, *out[MOST] = { NULL };
    size_t     n = sm_function_input_count(f), m = sm_function_output_count(f);
    sm_status  s = sm_function_compile(f, &err);
    judge(s, &err);
    if (s != SM_OK || n > MOST || m > MOST) return;
    for (size_t i = 0; i < n; i++) in[i] = zeros(sm_function_input(f, i));
    counts.executed_now = true;
    judge(sm_function_run(f, in, n, out, m, &err), &err);
    for (size_t i = 0; i < n; i++) sm_tensor_unref(in[i]);
    for (size_t i = 0; i < m; i++) sm_tensor_unref(out[i]);
}

static void ignore_problem(void *context, const sm_problem *p)
{
    (void)context;
    assert(p->reason && p->reason[0]);
}

static void walk_objects(const sm_model *m)
{
    for (size_t i = 0; i < sm_model_object_count(m); i++) {
        const sm_object *o = sm_model_object(m, i);
        for (size_t k = 0; k < sm_object_child_count(o); k++)
            assert(sm_object_child_name(o, k) && sm_object_child(o, k));
        for (size_t k = 0; k < sm_object_trace_count(o); k++) sm_object_trace_input(o, k);
    }
}

static void use_model(sm_saved_model *saved, size_t i, const sm_load_options *o)
{
    sm_model *m = NULL;
    sm_error  err = { SM_OK, "", "" };
    sm_status s = sm_saved_model_load(saved, i, o, &m, &err);
    judge(s, &err);
    if (s != SM_OK) return;
    walk_objects(m);
    judge(sm_model_check(m, ignore_problem, NULL, &err), &err);
    for (size_t k = 0; k < sm_model_signature_count(m) && k < 8; k++) {
        sm_function *f = sm_model_signature(m, sm_model_signature_key(m, k));
        if (f) call_signature(f);
    }
    for (size_t k = 0; k < sm_model_variable_count(m) && k < 4; k++) {
        sm_tensor *t = NULL;
        judge(sm_variable_read(sm_model_variable(m, k), &t, &err), &err);
        sm_tensor_unref(t);
    }
    sm_model_free(m);
}

static void use_folder(void)
{
    sm_runtime_options ro = SM_RUNTIME_OPTIONS_INIT;
    sm_load_options    lo = SM_LOAD_OPTIONS_INIT;
    sm_saved_model    *saved = NULL;
    sm_error           err = { SM_OK, "", "" };
    ro.threads = 1;
    ro.max_bytes = (size_t)256 << 20;
    ro.max_seconds = 2;
    if (sm_runtime_new(&ro, &lo.runtime, NULL) != SM_OK) return;
    lo.copy = 1;
    sm_status s = sm_saved_model_open(folder, &lo, &saved, &err);
    judge(s, &err);
    for (size_t i = 0; s == SM_OK && i < sm_saved_model_meta_graph_count(saved) && i < 4; i++) use_model(saved, i, &lo);
    sm_saved_model_close(saved);
    sm_runtime_free(lo.runtime);
}

static const char *pick_seed(mutate_random *r)
{
    char path[2048];
    for (;;) {
        const char *seed = seeds[mutate_below(r, seed_count)];
        snprintf(path, sizeof path, "%s/saved_model.pb", seed);
        if (file_size(path) <= LARGE_SEED || mutate_below(r, RARELY) == 0) return seed;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mutate_random r = { slice_hash(slice_make(data, size), 0x5eed) };
    char          path[512];
    prepare();
    if (seed_count == 0) return 0;
    const char *seed = pick_seed(&r);
    counts.mutants++;
    counts.executed_now = false;
    if (!make_proto(seed, &r)) return 0;
    make_checkpoint(seed, &r);
    snprintf(path, sizeof path, "%s/assets", seed);
    link_file(seed, "assets");
    use_folder();
    counts.executed += counts.executed_now;
    return 0;
}
