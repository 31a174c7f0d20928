/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/line.h - one line of a .test file, parsed (src/ops/TESTING.md has the grammar). */
#ifndef TESTS_OPS_LINE_H
#define TESTS_OPS_LINE_H

#include "graph/op.h"

#define LINE_MOST 32 /* inputs, outputs, attributes of one line            */

typedef struct line {
    arena               arena; /* texts and attributes                               */
    slice               text;  /* the line itself                                    */
    const op_def       *op;
    const op_signature *signature;
    tensor             *in[LINE_MOST];
    bool                is_variable[LINE_MOST]; /* the input is a handle to a variable with that value */
    size_t              in_count;
    attr                attrs[LINE_MOST];
    tensor             *attr_tensors[LINE_MOST];
    size_t              attr_count;
    tensor             *out[LINE_MOST]; /* expected: outputs, then the variables' new values  */
    size_t              out_count;
    bool                fails, pending; /* "! STATUS text"; a `?` is left                     */
    sm_status           status;
    slice               message;   /* that the error must contain                        */
    double              tolerance; /* < 0: each type's own                               */
    bool                one_type;  /* types=none: not tried with other dtypes            */
} line;

/* An empty line or a comment gives op NULL. What it makes is released by line_clear, also after a failure. */
sm_status line_parse(slice text, line *out, sm_error *err) CHECKED;
void      line_clear(line *l);

/* Uniform bits, the same in C and Python: splitmix64. */
uint64_t line_random(uint64_t *state);

#endif
