/* SPDX-License-Identifier: Apache-2.0 */
/* model/node_view.c - slices to terminated strings, once per node; op names that are built in need no copy. */
#include "model/node_view.h"

#include "graph/op.h"
#include "model/model.h"

static const char *op_text(arena *a, slice name)
{
    const op_def *op = op_find(name);

    return op ? op->name : arena_strdup(a, name);
}

static bool fill_view(arena *a, const tf_NodeDef *n, sm_node *out)
{
    const char **inputs = ARENA_ARRAY(a, const char *, n->input_count);

    out->name = arena_strdup(a, n->name);
    out->op = op_text(a, n->op);
    out->device = n->device.len ? arena_strdup(a, n->device) : "";
    for (size_t i = 0; inputs && i < n->input_count; i++) inputs[i] = arena_strdup(a, n->input[i]);
    out->inputs = inputs;
    out->input_count = n->input_count;
    return !a->failed;
}

sm_node node_view(definition *d, size_t i)
{
    static const sm_node nothing = { "", "", "", NULL, 0 };
    arena               *a = &d->model->arena;

    if (!d->views) d->views = ARENA_ARRAY(a, sm_node, d->node_count);
    if (!d->views) return nothing;
    if (!d->views[i].name && !fill_view(a, &d->nodes[i], &d->views[i])) return nothing;
    return d->views[i];
}

size_t node_attr_text(const tf_NodeDef *n, const char *name, char *text, size_t size)
{
    const tf_NodeDef_attr_entry *e = MAP_FIND(n, attr, slice_of(name));
    str                          s;

    if (!e) return 0;
    str_init(&s);
    message_print(&type_AttrValue, &e->value, &s);
    size_t length = s.len;
    if (text && size) {
        size_t n_copied = length < size ? length : size - 1;
        memcpy(text, str_text(&s), n_copied);
        text[n_copied] = 0;
    }
    str_clear(&s);
    return length;
}
