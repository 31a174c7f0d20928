/* SPDX-License-Identifier: Apache-2.0 */
/* library_text.c - what the library prints, into a textbuf. The only way to fail is to run out of memory, which ends a program
 * as it does elsewhere. */
#include "library_text.h"

#include <stdio.h>
#include <stdlib.h>

static int add_text(void *context, const char *text, size_t length)
{
    textbuf_add(context, text, length);
    return 0;
}

static void need(sm_status s)
{
    if (s == SM_OK) return;
    (void)fputs("out of memory\n", stderr);
    exit(1);
}

void library_tensor(textbuf *b, const sm_tensor *t)
{
    need(sm_tensor_print(t, add_text, b, NULL));
}

void library_value(textbuf *b, const sm_value *v)
{
    need(sm_value_print(v, add_text, b, NULL));
}

void library_float(textbuf *b, double value)
{
    sm_value *v = sm_value_new_float(value);

    library_value(b, v);
    sm_value_free(v);
}

void library_bytes(textbuf *b, const char *bytes, size_t length)
{
    sm_value *v = sm_value_new_bytes(bytes ? bytes : "", length);

    library_value(b, v);
    sm_value_free(v);
}
