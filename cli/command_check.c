/* SPDX-License-Identifier: Apache-2.0 */
/* command_check.c - check: per signature, what would not run and where it stands.
 *
 * Exit status 0 when every signature runs, 1 otherwise. Findings in functions that no signature uses
 * are shown after the signatures and do not count. */
#include <stdio.h>
#include <string.h>

#include "model_choice.h"
#include "python_value.h"

typedef struct finding {
    struct finding *next;
    sm_problem      p; /* kept copies */
} finding;

typedef struct findings {
    finding *first, **last;
} findings;

static const char *copy(const char *text)
{
    return text ? keep_text(text) : NULL;
}

static void add_finding(void *context, const sm_problem *p)
{
    findings *all = context;
    finding  *f = keep(sizeof *f);
    f->p = (sm_problem){ copy(p->signature), copy(p->function), copy(p->node), copy(p->op), copy(p->reason) };
    *all->last = f;
    all->last = &f->next;
}

static int same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t print_findings(const findings *all, const char *signature)
{
    size_t n = 0;
    for (const finding *f = all->first; f; f = f->next) {
        if (!same(f->p.signature, signature)) continue;
        n++;
        printf("    ");
        if (f->p.function && *f->p.function) printf("function '%s': ", f->p.function);
        if (f->p.node && *f->p.node) printf("node '%s' (%s): ", f->p.node, f->p.op ? f->p.op : "");
        printf("%s\n", f->p.reason ? f->p.reason : "");
    }
    return n;
}

static size_t count_findings(const findings *all, const char *signature)
{
    size_t n = 0;
    for (const finding *f = all->first; f; f = f->next) n += (size_t)same(f->p.signature, signature);
    return n;
}

int command_check(invocation *v)
{
    sm_error        err = { 0 };
    sm_saved_model *s = NULL;
    sm_model       *m = NULL;
    findings        all = { NULL, &all.first };
    size_t          bad = 0, unused;
    sm_status       status = model_choice_load(v, NULL, &s, &m, &err);
    if (status == SM_OK) status = sm_model_check(m, add_finding, &all, &err);
    for (size_t i = 0; status == SM_OK && i < sm_model_signature_count(m); i++) {
        const char *key = sm_model_signature_key(m, i);
        size_t      n = count_findings(&all, key);
        printf(n ? "%s: %zu problem%s\n" : "%s: runs\n", key, n, n == 1 ? "" : "s");
        print_findings(&all, key);
        bad += n > 0;
    }
    if (status == SM_OK && sm_model_signature_count(m) == 0) puts("the MetaGraph has no signatures");
    unused = count_findings(&all, NULL);
    if (status == SM_OK && unused) {
        printf("functions that no signature uses: %zu problem%s\n", unused, unused == 1 ? "" : "s");
        print_findings(&all, NULL);
    }
    sm_model_free(m);
    sm_saved_model_close(s);
    return status != SM_OK ? program_error(v, &err) : bad ? 1 : 0;
}
