/* SPDX-License-Identifier: Apache-2.0 */
/* command_completion.c - completion: a bash script made from the tables of commands and flags. */
#include <stdio.h>
#include <string.h>

#include "program.h"

static void print_flags(const char *list)
{
    const char *name;
    size_t      n;
    int         required;
    while (program_next_flag(&list, &name, &n, &required)) printf(" --%.*s", (int)n, name);
}

static void print_program(const char *name, unsigned program)
{
    printf("_%s()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n    local words=\n", name);
    printf("    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (size_t i = 0; i < program_command_count; i++)
        if (program_commands[i].programs & program) printf("%s ", program_commands[i].name);
    printf("--help'\n    else\n        case $command in\n");
    for (size_t i = 0; i < program_command_count; i++)
        if (program_commands[i].programs & program) {
            printf("        %s) words='", program_commands[i].name);
            print_flags(program_commands[i].flags);
            printf(" --help' ;;\n");
        }
    printf("        esac\n    fi\n");
    printf("    case $word in\n    -*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n");
    printf("    *) if [ \"$COMP_CWORD\" = 1 ]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n");
    printf("       else mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); fi ;;\n    esac\n}\n");
    printf("complete -o filenames -F _%s %s\n", name, name);
}

int command_completion(invocation *v)
{
    if (v->operand_count && strcmp(v->operands[0], "bash") != 0)
        return program_usage(v, "only bash is known, not %s", v->operands[0]);
    printf("# bash completion, made by `savedmodel completion bash`\n");
    print_program("savedmodel", PROGRAM_SAVEDMODEL);
    print_program("saved_model_cli", PROGRAM_TENSORFLOW);
    return 0;
}
