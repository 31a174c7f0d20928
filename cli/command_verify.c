/* SPDX-License-Identifier: Apache-2.0 */
/* command_verify.c - verify: every checksum and every reference of a SavedModel, with progress where somebody looks on. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "program.h"

typedef struct verification {
    size_t findings;
    int    terminal; /* standard error is one */
    int    shown;    /* per cent, -1: nothing yet */
} verification;

static void clear_progress(verification *v)
{
    if (v->shown >= 0) fputs("\r\033[K", stderr);
    v->shown = -1;
}

static void print_finding(void *context, const char *where, const char *what)
{
    verification *v = context;
    clear_progress(v);
    printf("%s: %s\n", where, what);
    v->findings++;
}

static int show_progress(void *context, uint64_t done, uint64_t total)
{
    verification *v = context;
    int           percent = total ? (int)(100.0 * (double)done / (double)total) : 0;
    if (!v->terminal || percent == v->shown || total < (uint64_t)64 << 20) return 0;
    v->shown = percent;
    fprintf(stderr, "\rchecking the checkpoint: %d %%", percent);
    fflush(stderr);
    return 0;
}

int command_verify(invocation *v)
{
    sm_error          err = { 0 };
    sm_fingerprint    f;
    verification      state = { 0, isatty(STDERR_FILENO), -1 };
    sm_verify_options o = SM_VERIFY_OPTIONS_INIT;
    sm_saved_model   *s = NULL;
    o.report = print_finding;
    o.progress = show_progress;
    o.context = &state;
    sm_status status = sm_saved_model_open(program_dir(v), NULL, &s, &err);
    if (status == SM_OK) status = sm_saved_model_verify(s, &o, &err);
    clear_progress(&state);
    if (status == SM_OK && !state.findings) {
        printf("verified: checksums match, and everything that is referred to is there\n");
        if (sm_saved_model_fingerprint(s, &f, &err) == SM_OK)
            printf("fingerprint: %" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%" PRIu64 "\n", f.graph_def_program_hash,
                   f.signature_def_hash, f.saved_object_graph_hash, f.checkpoint_hash);
    }
    sm_saved_model_close(s);
    if (status != SM_OK) return program_error(v, &err);
    if (state.findings) printf("%zu finding%s\n", state.findings, state.findings == 1 ? "" : "s");
    return state.findings ? 1 : 0;
}
