/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/runtime.c - makes runtimes; keeps the default one while somebody uses it. */
#include "runtime/runtime.h"

#include "base/heap.h"

#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static sm_runtime     *default_runtime; /* the one piece of global state (architecture.md, section 2) */

static size_t default_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / 4 * 3 * (size_t)size : 0;
}

sm_status runtime_new(const sm_runtime_options *o, sm_runtime **out, sm_error *err)
{
    sm_runtime_options defaults = SM_RUNTIME_OPTIONS_INIT;
    isa                best = cpu_isa(), most = best;
    if (!o) o = &defaults;
    if (o->size != sizeof *o)
        return FAIL(err, SM_INVALID_ARGUMENT, "sm_runtime_options: size is %zu, expected %zu", o->size, sizeof *o);
    if (o->threads < 0 || o->threads > 1024)
        return FAIL(err, SM_INVALID_ARGUMENT, "threads is %d, expected 0 to 1024", o->threads);
    if (o->isa && !isa_parse(slice_of(o->isa), &most))
        return FAIL(err, SM_INVALID_ARGUMENT, "isa is '%s', expected portable, sse2, avx2 or avx512", o->isa);
    sm_runtime *r = heap_zero(sizeof *r);
    if (!r) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    r->refs = 1;
    r->isa = most < best ? most : best;
    r->allow_files = o->allow_files != 0;
    r->max_seconds = o->max_seconds > 0 ? o->max_seconds : 0;
    r->memory = memory_new(o->max_bytes ? o->max_bytes : default_memory());
    sm_status s = r->memory ? pool_new(o->threads, &r->pool, err) : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    if (s != SM_OK) {
        runtime_unref(r);
        return s;
    }
    *out = r;
    return SM_OK;
}

sm_status runtime_default(sm_runtime **out, sm_error *err)
{
    sm_status s = SM_OK;
    pthread_mutex_lock(&default_lock);
    if (!default_runtime) {
        s = runtime_new(NULL, &default_runtime, err);
        if (s == SM_OK) {
            default_runtime->is_default = true;
            default_runtime->refs = 0;
        }
    }
    if (s == SM_OK) {
        default_runtime->refs++;
        *out = default_runtime;
    }
    pthread_mutex_unlock(&default_lock);
    return s;
}

sm_runtime *runtime_ref(sm_runtime *r)
{
    r->refs++;
    return r;
}

static void runtime_free(sm_runtime *r)
{
    pool_free(r->pool);
    memory_unref(r->memory);
    heap_free(r);
}

void runtime_unref(sm_runtime *r)
{
    if (!r) return;
    if (!r->is_default) {
        if (--r->refs == 0) runtime_free(r);
        return;
    }
    pthread_mutex_lock(&default_lock);
    bool last = --r->refs == 0;
    if (last) default_runtime = NULL;
    pthread_mutex_unlock(&default_lock);
    if (last) runtime_free(r);
}
