/* SPDX-License-Identifier: Apache-2.0 */
/* explanation_json.c - how a signature is computed, for programs: what `savedmodel explain --json` prints. */
#include "explanation.h"

#ifdef SM_HAVE_JANSSON

#include <jansson.h>
#include <stdlib.h>

typedef struct lists {
    const explanation *x;
    json_t            *passes, *nodes;
} lists;

static json_t *text_json(const char *text)
{
    json_t *j = text ? json_string(text) : json_null();
    return j ? j : json_string("(not UTF-8)");
}

static json_t *number_json(size_t n)
{
    return json_integer((json_int_t)n);
}

static void see_pass(void *context, const sm_pass_result *r)
{
    lists  *l = context;
    json_t *o = json_object();
    json_object_set_new(o, "pass", text_json(r->pass));
    json_object_set_new(o, "before", number_json(r->before));
    json_object_set_new(o, "after", number_json(r->after));
    json_object_set_new(o, "off", json_boolean(r->off));
    json_array_append_new(l->passes, o);
}

static json_t *choice_json(const sm_kernel_choice *c)
{
    json_t *o = json_object();
    json_object_set_new(o, "kernel", text_json(c->kernel));
    json_object_set_new(o, "types", text_json(c->types));
    json_object_set_new(o, "chosen", json_boolean(c->chosen));
    json_object_set_new(o, "refused", text_json(c->refused));
    return o;
}

static void see_node(void *context, const sm_explanation *e)
{
    lists  *l = context;
    json_t *o = json_object(), *shape = e->rank < 0 ? json_null() : json_array(), *kernels = json_array();
    if (!explanation_shows(l->x, e)) {
        json_decref(o);
        json_decref(shape);
        json_decref(kernels);
        return;
    }
    for (int i = 0; i < e->rank; i++) json_array_append_new(shape, json_integer(e->dims[i]));
    for (size_t i = 0; i < e->choice_count; i++) json_array_append_new(kernels, choice_json(&e->choices[i]));
    json_object_set_new(o, "node", text_json(e->node));
    json_object_set_new(o, "op", text_json(e->op));
    json_object_set_new(o, "when", text_json(e->when));
    json_object_set_new(o, "dtype", e->dtype ? text_json(sm_dtype_name(e->dtype)) : json_null());
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "place", text_json(e->place));
    json_object_set_new(o, "offset", number_json(e->offset));
    json_object_set_new(o, "bytes", number_json(e->bytes));
    json_object_set_new(o, "kernels", kernels);
    json_array_append_new(l->nodes, o);
}

sm_status explanation_json(const explanation *x, char **text, sm_error *err)
{
    lists           l = { x, json_array(), json_array() };
    sm_plan_summary summary = { 0 };
    json_t         *o = json_object();
    sm_status       s = sm_function_explain(x->f, x->in, sm_function_input_count(x->f), &summary, see_node, &l, err);
    if (s == SM_OK) s = sm_function_passes(x->f, see_pass, &l, err);
    json_object_set_new(o, "signature", text_json(sm_function_name(x->f)));
    json_object_set_new(o, "call_nodes", number_json(summary.call_nodes));
    json_object_set_new(o, "shape_nodes", number_json(summary.shape_nodes));
    json_object_set_new(o, "once_nodes", number_json(summary.once_nodes));
    json_object_set_new(o, "workspace", number_json(summary.workspace));
    json_object_set_new(o, "live", number_json(summary.live));
    json_object_set_new(o, "kept", number_json(summary.kept));
    json_object_set_new(o, "passes", l.passes);
    json_object_set_new(o, "nodes", l.nodes);
    char *dump = json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    *text = keep_text(dump ? dump : "");
    free(dump);
    json_decref(o);
    return s;
}

#else

sm_status explanation_json(const explanation *x, char **text, sm_error *err)
{
    (void)x, (void)err;
    *text = NULL;
    return SM_OK;
}

#endif
