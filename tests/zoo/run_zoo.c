/* SPDX-License-Identifier: Apache-2.0 */
/* run_zoo.c - run_zoo DIR [NAME...]: what TensorFlow recorded for the models of a folder, run through savedmodel.h.
 *
 * DIR has models/NAME/cases.json or NAME/cases.json. Prints every failure and every skip with its reason, and at the end
 * "N passed, N failed, N skipped"; the exit status is 1 when something failed. */
#include "zoo_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_folder(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static void run_model(const char *root, const char *name, int asked_for, zoo_counts *counts)
{
    char         folder[4096], file[4200];
    json_error_t error;
    size_t       i;
    json_t      *c;

    (void)snprintf(folder, sizeof folder, "%s/%s", root, name);
    (void)snprintf(file, sizeof file, "%s/cases.json", folder);
    struct stat s;
    if (stat(file, &s) != 0 && !asked_for) return;
    json_t *all = json_load_file(file, 0, &error);
    if (!all) {
        printf("FAIL %s: %s\n", name, error.text);
        counts->failed++;
        return;
    }
    json_array_foreach(json_is_array(all) ? all : json_object_get(all, "cases"), i, c)
        zoo_run_case(folder, name, c, counts);
    json_decref(all);
}

int main(int argc, char **argv)
{
    char            root[4096];
    struct dirent **entries = NULL;
    zoo_counts      counts = { 0, 0, 0 };

    if (argc < 2) {
        (void)fputs("usage: run_zoo DIR [NAME...]\n", stderr);
        return 2;
    }
    (void)snprintf(root, sizeof root, "%s/models", argv[1]);
    if (!is_folder(root)) (void)snprintf(root, sizeof root, "%s", argv[1]);
    for (int i = 2; i < argc; i++) run_model(root, argv[i], 1, &counts);
    int n = argc == 2 ? scandir(root, &entries, NULL, alphasort) : 0;
    if (n < 0) {
        perror(root);
        return 2;
    }
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') run_model(root, entries[i]->d_name, 0, &counts);
        free(entries[i]);
    }
    free(entries);
    printf("%zu passed, %zu failed, %zu skipped\n", counts.passed, counts.failed, counts.skipped);
    return counts.failed ? 1 : 0;
}
