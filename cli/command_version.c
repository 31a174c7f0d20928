/* SPDX-License-Identifier: Apache-2.0 */
/* command_version.c - version: the program's, and the library's it runs on. */
#include <stdio.h>
#include <string.h>

#include "program.h"

int command_version(invocation *v)
{
    printf("%s %s\n", v->name, SM_VERSION);
    if (strcmp(SM_VERSION, sm_version()) != 0) printf("libsavedmodel %s\n", sm_version());
    return 0;
}
