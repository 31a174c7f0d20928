/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_op.c - the ops that are built in. */
#include "graph/op.h"

size_t sm_op_count(void)
{
    return op_count();
}

sm_op sm_op_at(size_t i)
{
    if (i >= op_count()) return (sm_op){ NULL, NULL, NULL, 0 };
    const op_def *d = op_at(i);
    return (sm_op){ d->name, d->signature, d->doc, d->grad != NULL };
}
