/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the programs' entry: which program the binary was called as, and which command it runs. */
#include <stdio.h>
#include <string.h>

#include "program.h"

int main(int argc, char **argv)
{
    invocation  v = { 0 };
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    int         status;
    v.name = slash ? slash + 1 : argc ? argv[0] : "savedmodel";
    v.program = strncmp(v.name, "saved_model_cli", 15) == 0 ? PROGRAM_TENSORFLOW : PROGRAM_SAVEDMODEL;
    status = program_parse(&v, argc, argv);
    if (status < 0) status = v.command->run(&v);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: standard output cannot be written\n", v.name);
        status = status ? status : 1;
    }
    keep_release();
    return status;
}
