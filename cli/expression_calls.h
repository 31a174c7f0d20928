/* SPDX-License-Identifier: Apache-2.0 */
/* expression_calls.h - the functions that input expressions may call. */
#ifndef CLI_EXPRESSION_CALLS_H
#define CLI_EXPRESSION_CALLS_H

#include "python_value.h"

typedef struct expression_call {
    const py          *function; /* a name, or a scalar type              */
    const py *const   *positional;
    size_t             positional_count;
    const char *const *keywords;
    const py *const   *keyword_values;
    size_t             keyword_count;
} expression_call;

sm_status expression_calls_run(const expression_call *c, const py **out, sm_error *err);
/* A name on its own (True, np) or an attribute of a value (np.pi, x.T); NULL: unknown. */
const py *expression_calls_name(const char *name, size_t n);
const py *expression_calls_attribute(const py *v, const char *name, size_t n);

/* The table, for the manual: name, parameters ("shape! dtype": the first is required), doc. */
size_t      expression_calls_count(void);
const char *expression_calls_row(size_t i, const char **parameters, const char **doc);

#endif
