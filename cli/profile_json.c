/* SPDX-License-Identifier: Apache-2.0 */
/* profile_json.c - a profile for programs: what `savedmodel bench --profile --json` prints. */
#include "profile.h"

#ifdef SM_HAVE_JANSSON

#include <jansson.h>
#include <stdlib.h>

static json_t *text_json(const char *text)
{
    json_t *j = json_string(text);
    return j ? j : json_string("(not UTF-8)");
}

static json_t *entry_json(const profile *p, const profile_entry *e)
{
    json_t *o = json_object(), *shape = json_array();
    for (int i = 0; i < e->rank; i++) json_array_append_new(shape, json_integer(e->dims[i]));
    json_object_set_new(o, "function", text_json(e->function));
    json_object_set_new(o, "node", text_json(e->node));
    json_object_set_new(o, "op", text_json(e->op));
    json_object_set_new(o, "kernel", text_json(e->kernel));
    json_object_set_new(o, "dtype", e->dtype ? text_json(sm_dtype_name(e->dtype)) : json_null());
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "depth", json_integer(e->depth));
    json_object_set_new(o, "runs", json_integer((json_int_t)e->runs));
    json_object_set_new(o, "us", json_real(e->median_us));
    json_object_set_new(o, "share", json_real(p->total_us > 0 ? e->median_us / p->total_us : 0));
    json_object_set_new(o, "flops", json_real(e->flops));
    json_object_set_new(o, "bytes", json_real(e->bytes));
    return o;
}

char *profile_json(const profile *p)
{
    json_t *o = json_object(), *nodes = json_array(), *prologue = json_object();
    for (size_t i = 0; i < p->count; i++) json_array_append_new(nodes, entry_json(p, &p->entries[i]));
    json_object_set_new(prologue, "nodes", json_integer((json_int_t)p->prologue_nodes));
    json_object_set_new(prologue, "us", json_real(p->prologue_us));
    json_object_set_new(o, "signature", text_json(p->signature));
    json_object_set_new(o, "calls", json_integer((json_int_t)p->calls));
    json_object_set_new(o, "call_us", json_real(p->plain_us));
    json_object_set_new(o, "profiled_call_us", json_real(p->call_us));
    json_object_set_new(o, "nodes_us", json_real(p->total_us));
    json_object_set_new(o, "first_call_us", json_real(p->first_us));
    json_object_set_new(o, "prologue", prologue);
    json_object_set_new(o, "peak_flops", json_real(p->peak));
    json_object_set_new(o, "nodes", nodes);
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)),
         *copy = keep_text(text ? text : "");
    free(text);
    json_decref(o);
    return copy;
}

#else

char *profile_json(const profile *p)
{
    (void)p;
    return NULL;
}

#endif
