/* SPDX-License-Identifier: Apache-2.0 */
/* model/model_check.c - walks everything that a signature would run and asks of each node whether it could.
 *
 * A signature runs its own graph or function, the functions these refer to, and what initialises the resources that it
 * captures (or, by the graph route, the init op). Only nodes that import would take are looked at: dead code is no problem. Each
 * node is declared by itself in a scratch graph, so one that is wrong does not hide the next. Functions wait in a
 * list, each once per signature; hostile cycles end there. */
#include "model/model_check.h"

#include "model/import.h"
#include "model/model.h"

typedef struct checker {
    sm_model         *m;
    sm_report        *report;
    void             *context;
    const char       *signature; /* NULL: none                                            */
    const definition *where;     /* being looked at                                       */
    graph             scratch;
    arena             memory;
    bool             *seen; /* by function, in this signature                        */
    bool             *used; /* by function, in any                                   */
    uint32_t         *todo; /* functions                                             */
    size_t            todo_count;
} checker;

/* -- Findings ------------------------------------------------------------------------------------------------ */

static void tell(checker *c, const tf_NodeDef *n, const char *reason)
{
    const char *name = n ? arena_strdup(&c->memory, n->name) : "", *op = n ? arena_strdup(&c->memory, n->op) : "";
    sm_problem  p = { c->signature, c->where ? c->where->name_text : "", name ? name : "", op ? op : "", reason };

    c->report(c->context, &p);
}

static void visit_function(checker *c, slice name)
{
    uint64_t at;

    if (!map_get(&c->m->definitions.by_name, name, &at) || c->seen[at]) return;
    c->seen[at] = c->used[at] = true;
    c->todo[c->todo_count++] = (uint32_t)at;
}

/* -- One node -------------------------------------------------------------------------------------------------- */

typedef struct reference {
    checker          *c;
    const tf_NodeDef *n;
} reference;

static void see_reference(void *context, slice name)
{
    reference *r = context;

    if (definition_is_function(r->c->m, name)) {
        visit_function(r->c, name);
        return;
    }
    str text;
    str_init(&text);
    str_addf(&text, "Function " SLICE_FMT " is not defined", SLICE_ARG(name));
    tell(r->c, r->n, str_text(&text));
    str_clear(&text);
}

/* Could the node be made and has its op a kernel for it? */
static sm_status try_node(checker *c, const tf_NodeDef *n, const op_def *op, sm_error *err)
{
    const func_ref      nobody = { { "", 0 }, NULL, 0 };
    attr_list           attrs = { 0 };
    const op_signature *s = graph_signature(&c->scratch, op);
    size_t              inputs = 0;

    if (!s) return graph_check(&c->scratch, err);
    TRY(import_attrs(c->m, &c->scratch, n, s, &nobody, &attrs, err));
    while (inputs < n->input_count && n->input[inputs].len && n->input[inputs].ptr[0] != '^') inputs++;
    if (c->where->function) inputs = import_expected_inputs(s, &attrs);
    node_id id = graph_declare_node(&c->scratch, op, n->name, inputs, attrs.items, attrs.count);
    tensor_unref(attrs.tensor);
    TRY(graph_check(&c->scratch, err));
    return op_supports(op, graph_node(&c->scratch, id), err);
}

static void see_node(void *context, const tf_NodeDef *n)
{
    checker      *c = context;
    const op_def *op = op_find(n->op);
    sm_error      err = { 0 };
    reference     r = { c, n };

    definition_references(c->m, n, see_reference, &r);
    if (definition_is_function(c->m, n->op)) return;
    if (!op) {
        str text;
        str_init(&text);
        str_addf(&text, "op '" SLICE_FMT "' is not built in", SLICE_ARG(n->op));
        tell(c, n, str_text(&text));
        str_clear(&text);
        return;
    }
    if (c->where->function && c->where->function->signature->attr_count) return; /* depends on the call */
    if (try_node(c, n, op, &err) == SM_OK) return;
    tell(c, n, err.message);
    graph_clear(&c->scratch);
    compile_graph_init(&c->scratch);
}

/* -- Functions and graphs ---------------------------------------------------------------------------------------- */

static void look_into(checker *c, const definition *function_of, const import_request *r)
{
    sm_error err = { 0 };

    c->where = function_of;
    definition *own = NULL;
    if (!function_of) {
        if (definition_of_graph(c->m, &own, &err) != SM_OK) {
            tell(c, NULL, err.message);
            return;
        }
        c->where = own;
    }
    if (import_visit(c->m, function_of, r, see_node, c, &err) != SM_OK) tell(c, NULL, err.message);
    graph_clear(&c->scratch);
    compile_graph_init(&c->scratch);
}

static void look_into_functions(checker *c)
{
    while (c->todo_count) {
        definition *d;
        sm_error    err = { 0 };
        slice       name = c->m->definitions.all[c->todo[--c->todo_count]].name;
        c->where = NULL;
        if (definition_of_function(c->m, name, &d, &err) != SM_OK)
            tell(c, NULL, err.message);
        else
            look_into(c, d, NULL);
    }
}

/* What a function captures has to be made and initialised first. */
static void look_at_captures(checker *c, slice name)
{
    const tf_SavedConcreteFunction *f = objects_concrete(c->m, name);

    for (size_t i = 0; f && i < f->bound_inputs_count; i++) {
        size_t id = (size_t)f->bound_inputs[i];
        if (c->m->objects.graph->nodes[id].which != tf_SavedObject_resource) continue;
        slice create = object_method(c->m, id, "_create_resource"), initialise = object_method(c->m, id, "_initialize");
        if (create.len) visit_function(c, create);
        if (initialise.len) visit_function(c, initialise);
    }
}

static void look_at_init_op(checker *c)
{
    slice          op, *feeds = ARENA_ARRAY(&c->memory, slice, c->m->asset_count + 1);
    import_request r = { .feeds = feeds, .targets = &op, .target_count = 1 };
    sm_error       err = { 0 };

    if (init_op_name(c->m, &op, &err) != SM_OK) tell(c, NULL, err.message);
    if (!feeds || !op.len) return;
    for (size_t i = 0; i < c->m->asset_count; i++) {
        const tf_TensorInfo *info = c->m->asset_defs[i].tensor_info;
        if (info && info->which == tf_TensorInfo_name) feeds[r.feed_count++] = info->name;
    }
    look_into(c, NULL, &r);
}

static void look_at_signature(checker *c, sm_function *f)
{
    import_request r;
    sm_error       err = { 0 };

    c->signature = f->key;
    c->where = NULL;
    memset(c->seen, 0, c->m->definitions.count * sizeof *c->seen);
    if (signature_choose_route(f, &err) != SM_OK) {
        tell(c, NULL, err.message);
        return;
    }
    if (f->route == ROUTE_OBJECTS) {
        visit_function(c, f->concrete);
        look_at_captures(c, f->concrete);
    } else if (signature_request(f, &c->memory, &r, &err) != SM_OK) {
        tell(c, NULL, err.message);
    } else {
        look_into(c, NULL, &r);
        look_at_init_op(c);
    }
    look_into_functions(c);
}

/* -- The rest ------------------------------------------------------------------------------------------------------ */

static void mark_used(void *context, slice name)
{
    checker *c = context;
    uint64_t at;

    if (map_get(&c->m->definitions.by_name, name, &at) && !c->used[at]) {
        c->used[at] = true;
        c->todo[c->todo_count++] = (uint32_t)at;
    }
}

static void mark_node_functions(void *context, const tf_NodeDef *n)
{
    checker *c = context;

    definition_references(c->m, n, mark_used, c);
}

/* Functions that only save and restore are never run here: they count as used. */
static void mark_saver_functions(checker *c)
{
    const tf_SaverDef *s = c->m->meta->def->saver_def;

    if (!s) return;
    slice          names[2] = { s->save_tensor_name, s->restore_op_name }, stem;
    int64_t        slot;
    import_request r = { .targets = &stem, .target_count = 1 };
    for (int i = 0; i < 2; i++) {
        import_split_tensor(names[i], &stem, &slot);
        (void)!import_visit(c->m, NULL, &r, mark_node_functions, c, NULL);
    }
    while (c->todo_count) {
        definition *d = &c->m->definitions.all[c->todo[--c->todo_count]];
        if (definition_decode(d, NULL) != SM_OK) continue;
        for (size_t i = 0; i < d->node_count; i++) mark_node_functions(c, &d->nodes[i]);
    }
}

static void mark_saveable_functions(checker *c)
{
    const objects *o = &c->m->objects;

    for (size_t i = 0; i < o->count; i++) {
        const tf_SavedObject *p = &o->graph->nodes[i];
        for (size_t k = 0; k < p->saveable_objects_count; k++) {
            const slice *names;
            int32_t      id = p->saveable_objects[k].value.save_function;
            if (id >= 0 && (size_t)id < o->count && object_trace_names(&o->nodes[id], &names)) mark_used(c, names[0]);
        }
    }
    c->todo_count = 0;
}

static void look_at_rest(checker *c)
{
    c->signature = NULL;
    mark_saver_functions(c);
    mark_saveable_functions(c);
    memset(c->seen, 0, c->m->definitions.count * sizeof *c->seen);
    for (uint32_t i = 1; i < c->m->definitions.count; i++) {
        if (c->used[i] || c->seen[i]) continue;
        visit_function(c, c->m->definitions.all[i].name);
        look_into_functions(c);
    }
}

static sm_status check_locked(checker *c, sm_error *err)
{
    sm_model *m = c->m;

    TRY(definitions_read(m, err));
    TRY(signatures_read(m, err));
    c->seen = ARENA_ARRAY(&c->memory, bool, m->definitions.count + 1);
    c->used = ARENA_ARRAY(&c->memory, bool, m->definitions.count + 1);
    c->todo = ARENA_ARRAY(&c->memory, uint32_t, m->definitions.count + 1);
    TRY(arena_check(&c->memory, "checking a model", err));
    for (size_t i = 0; i < m->signatures.shown_count; i++) {
        sm_function *f = signature_find(m, m->signatures.keys[m->signatures.shown[i]]);
        if (f) look_at_signature(c, f);
    }
    look_at_rest(c);
    return arena_check(&c->memory, "checking a model", err);
}

sm_status model_check(sm_model *m, sm_report *report, void *context, sm_error *err)
{
    checker c = { .m = m, .report = report, .context = context };

    arena_init(&c.memory, m->saved->budget);
    compile_graph_init(&c.scratch);
    model_lock(m);
    sm_status status = check_locked(&c, err);
    model_unlock(m);
    graph_clear(&c.scratch);
    arena_clear(&c.memory);
    return status;
}
