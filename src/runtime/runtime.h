/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/runtime.h - threads, memory account, instruction set and permissions, shared by models. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "base/cpu.h"
#include "base/pool.h"
#include "graph/memory.h"

struct sm_runtime {
    _Atomic uint32_t refs;
    pool            *pool;
    memory          *memory;
    isa              isa;         /* kernels that need more are passed over */
    double           max_seconds; /* of one call; 0: no limit           */
    bool             allow_files; /* ops may touch files other than the model's assets */
    bool             is_default;
};

sm_status runtime_new(const sm_runtime_options *o, sm_runtime **out, sm_error *err) CHECKED;
/* The one that serves whoever passes none: made at first use, gone with its last user. Owned. */
sm_status   runtime_default(sm_runtime **out, sm_error *err) CHECKED;
sm_runtime *runtime_ref(sm_runtime *r);
void        runtime_unref(sm_runtime *r);

#endif
