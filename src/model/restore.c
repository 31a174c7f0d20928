/* SPDX-License-Identifier: Apache-2.0 */
/* model/restore.c - reads the saver's restore op as a table from variables to checkpoint keys.
 *
 *   save/restore_all ◀─^─ save/Assign(w, save/RestoreV2:3)             TensorFlow 1
 *   StatefulPartitionedCall_5(filename, handles...)                    TensorFlow 2: the same inside a function
 *       AssignVariableOp(handle argument, Identity(RestoreV2:tensors:3))
 *
 * Every assignment that the restore op reaches is traced back on both sides, through Identity nodes and arguments of calls:
 * to the node that makes the variable, and to RestoreV2, whose names are a constant. What does not have that form
 * (tables, computed values) gives no row. Running the op instead would copy every variable at once. */
#include "model/restore.h"

#include "format/tensor_proto.h"
#include "model/model.h"

#define MOST_CALLS 16 /* nested */
#define MOST_STEPS 64 /* Identities in a row */

typedef struct scope {
    const definition   *d;
    const struct scope *caller;    /* NULL: the MetaGraph's own graph */
    const tf_NodeDef   *call;      /* in the caller                   */
    map                 arguments; /* name -> position                */
    int                 depth;
} scope;

typedef struct place { /* output `slot` of a node */
    const scope      *in;
    const tf_NodeDef *node;
    int64_t           slot;
} place;

typedef struct tracer {
    sm_model    *m;
    arena       *arena; /* of the rows                    */
    arena        scratch;
    restore_row *rows;
    size_t       row_count, row_capacity;
    int          calls;
} tracer;

bool restore_is_variable(const tf_NodeDef *n)
{
    return slice_is(n->op, "VarHandleOp") || slice_is(n->op, "VariableV2") || slice_is(n->op, "Variable");
}

/* "RestoreV2:tensors:3", "save/RestoreV2:3", "w": node or argument, and the last number */
static slice split_input(slice input, int64_t *slot)
{
    ptrdiff_t first = slice_find(input, ':'), last = slice_rfind(input, ':');

    *slot = 0;
    if (first < 0) return input;
    if (!slice_int(slice_tail(input, (size_t)last + 1), slot)) *slot = 0;
    return slice_head(input, (size_t)first);
}

/* Follows input to the node that makes the value. */
static bool trace(const scope *s, slice input, place *out)
{
    for (int i = 0; i < MOST_STEPS && input.len && input.ptr[0] != '^'; i++) {
        int64_t  slot;
        uint64_t at;
        slice    name = split_input(input, &slot);
        if (s->caller && map_get(&s->arguments, name, &at)) {
            if (at >= s->call->input_count) return false;
            input = s->call->input[at];
            s = s->caller;
            continue;
        }
        const tf_NodeDef *n = definition_node(s->d, name);
        if (!n) return false;
        if (!slice_is(n->op, "Identity") || !n->input_count) {
            *out = (place){ s, n, slot };
            return true;
        }
        input = n->input[0];
    }
    return false;
}

/* The string `at` of the constant that feeds input i of n. */
static bool string_input(const place *p, size_t i, int64_t at, slice *out)
{
    place         c;
    tensor_header h;

    if (i >= p->node->input_count || !trace(p->in, p->node->input[i], &c) || !slice_is(c.node->op, "Const"))
        return false;
    const tf_NodeDef_attr_entry *e = MAP_FIND(c.node, attr, SLICE("value"));
    if (!e || e->value.which != tf_AttrValue_tensor) return false;
    if (tensor_proto_header(e->value.tensor, &h, NULL) != SM_OK) return false;
    if (h.dtype != SM_STRING || at < 0 || (uint64_t)at >= h.count) return false;
    *out = tensor_proto_string(e->value.tensor, (size_t)at);
    return true;
}

static void add_assignment(tracer *t, const scope *s, const tf_NodeDef *n)
{
    place handle, from;
    slice key, part;

    if (n->input_count < 2 || !trace(s, n->input[0], &handle) || !trace(s, n->input[1], &from)) return;
    if (handle.in->caller || !restore_is_variable(handle.node) || !slice_is(from.node->op, "RestoreV2")) return;
    if (!string_input(&from, 1, from.slot, &key) || !string_input(&from, 2, from.slot, &part)) return;
    restore_row *r = arena_push(t->arena, &t->rows, &t->row_count, &t->row_capacity, sizeof *r);
    if (r) *r = (restore_row){ handle.node, key, part };
}

static sm_status look_at(tracer *t, const scope *s, const tf_NodeDef *n, sm_error *err) CHECKED;

static sm_status enter_call(tracer *t, const scope *s, const tf_NodeDef *n, sm_error *err)
{
    const tf_NodeDef_attr_entry *f = MAP_FIND(n, attr, SLICE("f"));
    definition                  *d;

    if (!f || f->value.which != tf_AttrValue_func || s->depth >= MOST_CALLS || ++t->calls > MOST_STEPS) return SM_OK;
    if (!definition_is_function(t->m, f->value.func->name)) return SM_OK;
    TRY(definition_of_function(t->m, f->value.func->name, &d, err));
    scope inner = { .d = d, .caller = s, .call = n, .depth = s->depth + 1 };
    map_init(&inner.arguments, &t->scratch);
    for (size_t i = 0; i < d->function->signature->input_arg_count; i++)
        map_set(&inner.arguments, d->function->signature->input_arg[i].name, i);
    TRY(arena_check(&t->scratch, "reading the restore op", err));
    for (size_t i = 0; i < d->node_count; i++) TRY(look_at(t, &inner, &d->nodes[i], err));
    return SM_OK;
}

static sm_status look_at(tracer *t, const scope *s, const tf_NodeDef *n, sm_error *err)
{
    if (slice_is(n->op, "AssignVariableOp") || slice_is(n->op, "Assign")) add_assignment(t, s, n);
    if (slice_is(n->op, "StatefulPartitionedCall") || slice_is(n->op, "PartitionedCall"))
        return enter_call(t, s, n, err);
    return SM_OK;
}

/* All nodes that the op `start` depends on. */
static sm_status walk(tracer *t, const scope *s, const tf_NodeDef *start, sm_error *err)
{
    const definition *d = s->d;
    bool             *seen = ARENA_ARRAY(&t->scratch, bool, d->node_count);
    uint32_t         *todo = ARENA_ARRAY(&t->scratch, uint32_t, d->node_count);
    size_t            n = 0;

    TRY(arena_check(&t->scratch, "reading the restore op", err));
    seen[start - d->nodes] = true;
    todo[n++] = (uint32_t)(start - d->nodes);
    while (n) {
        const tf_NodeDef *user = &d->nodes[todo[--n]];
        TRY(look_at(t, s, user, err));
        for (size_t i = 0; i < user->input_count; i++) {
            int64_t  slot;
            uint64_t at;
            slice    name = user->input[i];
            if (name.len && name.ptr[0] == '^') name = slice_tail(name, 1);
            if (!map_get(&d->names, split_input(name, &slot), &at) || seen[at]) continue;
            seen[at] = true;
            todo[n++] = (uint32_t)at;
        }
    }
    return SM_OK;
}

sm_status restore_rows(sm_model *m, arena *a, restore_row **rows, size_t *count, sm_error *err)
{
    const tf_SaverDef *saver = m->meta->def->saver_def;
    definition        *d;
    int64_t            slot;
    sm_status          status;

    *rows = NULL;
    *count = 0;
    if (!saver || !saver->restore_op_name.len) return SM_OK;
    TRY(definition_of_graph(m, &d, err));
    const tf_NodeDef *start = definition_node(d, split_input(saver->restore_op_name, &slot));
    if (!start) return SM_OK;
    tracer t = { .m = m, .arena = a };
    scope  top = { .d = d };
    arena_init(&t.scratch, m->saved->budget);
    status = walk(&t, &top, start, err);
    if (status == SM_OK) status = arena_check(a, "reading the restore op", err);
    arena_clear(&t.scratch);
    *rows = t.rows;
    *count = t.row_count;
    return status;
}
