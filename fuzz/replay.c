/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - runs a fuzz target on files instead of searching: the corpus as a test, with any compiler.
 *
 * Usage: TARGET PATH...   A path is a file, or a folder whose files are run in no particular order; a folder that does
 * not exist counts as empty. Every target also gets the empty input. A crash, a failed assert or a sanitizer's
 * finding ends the process, and the last line on stderr names the file that was being run. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static size_t inputs_run;

static int run_file(const char *path)
{
    FILE    *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t   size = 0, room = 0, got;

    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    do {
        if (size == room) {
            room = room ? 2 * room : 4096;
            data = realloc(data, room);
            if (!data) abort();
        }
        got = fread(data + size, 1, room - size, f);
        size += got;
    } while (got);
    fclose(f);
    data = realloc(data, size ? size : 1); /* exact, so that a sanitizer sees a read past the end */
    if (!data) abort();
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs_run++;
    return 0;
}

static int run_folder(const char *path)
{
    DIR           *d = opendir(path);
    struct dirent *e;
    int            failed = 0;

    if (!d) return errno != ENOENT;
    while ((e = readdir(d))) {
        char name[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        failed |= run_file(name);
    }
    closedir(d);
    return failed;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1];
    struct stat          st;
    int                  i, failed = 0;

    if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
    LLVMFuzzerTestOneInput(nothing, 0);
    for (i = 1; i < argc; i++) {
        int is_file = stat(argv[i], &st) == 0 && S_ISREG(st.st_mode);
        failed |= is_file ? run_file(argv[i]) : run_folder(argv[i]);
    }
    printf("%zu inputs and the empty one: no crash\n", inputs_run);
    return failed;
}
