/* SPDX-License-Identifier: Apache-2.0 */
/* command_ops.c - ops: what is built in, from the library's table. */
#include <stdio.h>
#include <string.h>

#include "program.h"

/* A cell of a Markdown table; "|" would end it. */
static void print_cell(const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        if (*p == '|')
            fputs("\\|", stdout);
        else
            putchar(*p);
}

static void print_markdown(void)
{
    printf("# Ops\n\nThe %zu ops that are built in, with their inputs, outputs and attributes. "
           "Made by `savedmodel ops --markdown`.\n\n| Op | Signature | Meaning |\n|---|---|---|\n",
           sm_op_count());
    for (size_t i = 0; i < sm_op_count(); i++) {
        sm_op op = sm_op_at(i);
        printf("| %s | `", op.name);
        print_cell(op.signature);
        printf("` | ");
        print_cell(op.doc);
        puts(" |");
    }
}

int command_ops(invocation *v)
{
    size_t shown = 0;
    if (program_switch(v, "markdown")) {
        print_markdown();
        return 0;
    }
    for (size_t i = 0; i < sm_op_count(); i++) {
        sm_op op = sm_op_at(i);
        if (v->operand_count && !strstr(op.name, v->operands[0])) continue;
        shown++;
        printf("%-34s %s\n", op.name, op.doc ? op.doc : "");
        if (v->operand_count) printf("    %s\n", op.signature ? op.signature : "");
    }
    if (shown) return 0;
    fprintf(stderr, "%s: no op that is built in has '%s' in its name\n", v->name, v->operand_count ? v->operands[0] : "");
    return 1;
}
