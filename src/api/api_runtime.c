/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_runtime.c - runtimes. */
#include "api/arguments.h"
#include "kernels/peak.h"
#include "runtime/runtime.h"

sm_status sm_runtime_new(const sm_runtime_options *o, sm_runtime **out, sm_error *err)
{
    NEED(out, err);
    if (o && o->size < sizeof *o)
        return FAIL(err, SM_INVALID_ARGUMENT, "runtime options of %zu bytes: begin with SM_RUNTIME_OPTIONS_INIT", o->size);
    return runtime_new(o, out, err);
}

void sm_runtime_free(sm_runtime *r)
{
    if (r) runtime_unref(r);
}

sm_status sm_runtime_peak(sm_runtime *r, double *flops, sm_error *err)
{
    NEED(flops, err);
    if (r) {
        *flops = peak_measure(r->isa, r->pool);
        return SM_OK;
    }
    TRY(runtime_default(&r, err));
    *flops = peak_measure(r->isa, r->pool);
    runtime_unref(r);
    return SM_OK;
}
