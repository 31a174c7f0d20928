/* SPDX-License-Identifier: Apache-2.0 */
/* command_not_built_in.c - TensorFlow's commands that are not built in: convert, freeze_model, aot_compile_cpu. */
#include <stdio.h>
#include <string.h>

#include "program.h"

int command_not_built_in(invocation *v)
{
    fprintf(stderr, "%s: UNIMPLEMENTED: the command %s is not built in\n", v->name, v->command->name);
    return 1;
}
