/* SPDX-License-Identifier: Apache-2.0 */
/* model/object_path.c - objects by path: "encoder/layers[2]/kernel", "list.1.0", "signatures.serving_default".
 *
 * At each node the longest child name that the rest of the path begins with is taken, so that a name which has a
 * separator in it is found as it is. Indices and keys are child names too: "[2]" and "['a']" are "2" and "a". */
#include "model/model.h"

static bool is_separator(char c)
{
    return c == '.' || c == '/' || c == '[';
}

/* A step in brackets at the start of *path; *path moves behind it. */
static bool bracket_step(slice *path, slice *name)
{
    ptrdiff_t end = slice_find(*path, ']');

    if (end < 1) return false;
    *name = slice_make(path->ptr + 1, (size_t)end - 1);
    if (name->len >= 2 && (name->ptr[0] == '\'' || name->ptr[0] == '"') && name->ptr[name->len - 1] == name->ptr[0])
        *name = slice_make(name->ptr + 1, name->len - 2);
    *path = slice_tail(*path, (size_t)end + 1);
    return true;
}

static const sm_object *child_called(const sm_object *o, slice name)
{
    for (size_t i = 0; i < o->proto->children_count; i++)
        if (slice_eq(o->proto->children[i].local_name, name))
            return &o->model->objects.nodes[o->proto->children[i].node_id];
    return NULL;
}

/* The child whose name is the longest that *path begins with. */
static const sm_object *longest_child(const sm_object *o, slice *path)
{
    const sm_object *best = NULL;
    size_t           length = 0;

    for (size_t i = 0; i < o->proto->children_count; i++) {
        slice name = o->proto->children[i].local_name;
        if (!name.len || (best && name.len <= length) || !slice_eq(slice_head(*path, name.len), name)) continue;
        if (path->len > name.len && !is_separator(path->ptr[name.len])) continue;
        best = &o->model->objects.nodes[o->proto->children[i].node_id];
        length = name.len;
    }
    *path = slice_tail(*path, length);
    return best;
}

const sm_object *object_at_path(const sm_model *m, slice path)
{
    const sm_object *o = m->objects.count ? &m->objects.nodes[0] : NULL;
    slice            name;

    while (o && path.len) {
        if (path.ptr[0] == '[') {
            o = bracket_step(&path, &name) ? child_called(o, name) : NULL;
        } else {
            o = longest_child(o, &path);
        }
        if (o && path.len > 1 && path.ptr[0] != '[') path = slice_tail(path, 1); /* a separator, and more behind it */
    }
    return o;
}
