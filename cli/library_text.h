/* SPDX-License-Identifier: Apache-2.0 */
/* library_text.h - what the library prints, into a textbuf. */
#ifndef CLI_LIBRARY_TEXT_H
#define CLI_LIBRARY_TEXT_H

#include <savedmodel.h>

#include "textbuf.h"

void library_tensor(textbuf *b, const sm_tensor *t);              /* numpy's str()                */
void library_value(textbuf *b, const sm_value *v);                /* Python's repr()              */
void library_float(textbuf *b, double value);                     /* Python's repr() of a float   */
void library_bytes(textbuf *b, const char *bytes, size_t length); /* Python's repr() of bytes     */

#endif
