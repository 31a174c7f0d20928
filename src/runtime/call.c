/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/call.c - what the engine does for a kernel: the call_ functions that graph/op.h declares. */
#include "runtime/plan.h"

/* -- Memory ------------------------------------------------------------------------------------------------------- */

void *call_params(call *c, size_t size)
{
    c->params = arena_alloc(c->scratch, size); /* in prepare, scratch is the plan's arena */
    if (!c->params) c->engine->spent = true;
    return c->params;
}

void *call_scratch(call *c, size_t size)
{
    char *p = size > SIZE_MAX - 64 ? NULL : arena_alloc(c->scratch, size + 64);
    if (p) return p + (-(uintptr_t)p & 63);
    c->engine->spent = true;
    error_set(c->err, SM_RESOURCE_EXHAUSTED, "out of memory: %zu bytes of scratch", size);
    return NULL;
}

/* -- Outputs ---------------------------------------------------------------------------------------------------------- */

/* Is out's memory the workspace's or a caller's tensor, where the value has to be in the end? */
static bool in_fixed_place(const tensor *out)
{
    return out->data && !out->buffer;
}

/* A place was made for the shape that was inferred, and has to be as it was for the next call. */
static sm_status check_place(const call *c, int i, const shape *s)
{
    if (shape_eq(&c->out[i]->shape, s)) return SM_OK;
    return CALL_FAIL(c, SM_INTERNAL, "output %d has another shape than inferred", i);
}

sm_status call_output(call *c, int i, const shape *s)
{
    tensor *out = c->out[i];
    if (in_fixed_place(out)) return check_place(c, i, s);
    if (shape_eq(&out->shape, s) && out->data) return SM_OK;
    tensor_drop(out);
    return tensor_allocate(out, c->memory, s, c->err);
}

sm_status call_forward(call *c, int i, int j, const shape *s)
{
    tensor       *out = c->out[i];
    const tensor *in = c->in[j];
    if (in_fixed_place(out)) {
        TRY(check_place(c, i, s));
        return out->data == in->data ? SM_OK : tensor_copy_elements(out, in, c->err);
    }
    sm_dtype dtype = out->dtype;
    tensor_drop(out);
    if (in->buffer) {
        tensor_share(out, in, s);
    } else if (i == 0 && j == 0 && (c->node->op->traits & OP_VIEW)) {
        out->shape = *s; /* the planner keeps in's memory as long as this view is used */
        out->data = in->data;
    } else {
        TRY(tensor_allocate(out, c->memory, s, c->err));
        TRY(tensor_copy_elements(out, in, c->err));
    }
    out->dtype = dtype;
    return SM_OK;
}

sm_status call_give(call *c, int i, tensor *t)
{
    tensor   *out = c->out[i];
    sm_status s = SM_OK;
    if (t->dtype != out->dtype) {
        s = FAIL(c->err, SM_INTERNAL, "output %d is %s, expected %s", i, dtype_name(t->dtype), dtype_name(out->dtype));
    } else if (in_fixed_place(out)) {
        s = check_place(c, i, &t->shape);
        if (s == SM_OK) s = tensor_copy_elements(out, t, c->err);
    } else {
        tensor_drop(out);
        tensor_share(out, t, &t->shape);
    }
    tensor_unref(t);
    return s;
}

sm_status call_give_object(call *c, int i, object *o)
{
    tensor *out = c->out[i];
    shape   scalar = shape_scalar();
    if (in_fixed_place(out)) return FAIL(c->err, SM_INTERNAL, "an object cannot live in the workspace");
    tensor_drop(out);
    TRY(tensor_allocate(out, c->memory, &scalar, c->err));
    *(object **)out->data = object_ref(o);
    return SM_OK;
}

void call_dead(call *c, int i)
{
    if (c->engine->dead) c->engine->dead[i] = true;
}

bool call_last_use(const call *c, int i)
{
    const engine *e = c->engine;
    const step   *s = e->step;
    if (!e->in_body) return false;
    for (uint32_t k = 0; k < s->release_count; k++)
        if (s->release[k] == s->in[i])
            return s->in[i] >= e->f->plan.input_count || (e->run->given && e->run->given[s->in[i]]);
    return false;
}

void call_for(call *c, int64_t n, int64_t grain, pool_work *work, void *context)
{
    pool_for(c->pool, n, grain, work, context);
}

/* -- Resources ---------------------------------------------------------------------------------------------------------- */

sm_status call_object(const call *c, int i, const object_type *type, object **out)
{
    const tensor *t = c->in[i];
    if (!dtype_is(t->dtype, DTYPE_OBJECT) || t->dtype == SM_STRING || tensor_count(t) < 1)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "input %d is no handle of a %s", i, type->name);
    object *o = tensor_object(t, 0);
    if (!o)
        return CALL_FAIL(c, SM_FAILED_PRECONDITION, "input %d is a handle to nothing, expected a %s", i, type->name);
    if (o->type != type)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Trying to access resource using the wrong type. Expected %s got %s",
                         type->name, o->type->name);
    *out = o;
    return SM_OK;
}

sm_status call_variable(const call *c, int i, variable **out)
{
    object *o = NULL;
    TRY(call_object(c, i, &variable_type, &o));
    *out = (variable *)(void *)o;
    return SM_OK;
}

registry *call_registry(const call *c)
{
    return c->engine->f->env->registry;
}

slice call_resource_name(const call *c)
{
    const attr *shared = node_attr(c->node, "shared_name");
    if (shared && shared->v.s.len) return shared->v.s;
    return c->node->name;
}

sm_status call_state(call *c, object_make *make, void *context, object **out)
{
    function *f = c->engine->f;
    sm_status s = SM_OK;
    if (c->engine->in_body) pthread_mutex_lock(&f->lock); /* a prologue runs under the lock already */
    if (!c->engine->step->state) s = make(context, &c->engine->step->state, c->err);
    if (s == SM_OK) *out = c->engine->step->state;
    if (c->engine->in_body) pthread_mutex_unlock(&f->lock);
    return s;
}

/* -- Functions ------------------------------------------------------------------------------------------------------------ */

sm_status call_function(const call *c, const char *name, size_t k, function **out)
{
    const node *n = c->node;
    size_t      at = 0;
    for (size_t i = 0; i < n->sig->attr_count; i++) {
        const attr *a = &n->attrs[i];
        if (a->kind != ATTR_FUNC) continue;
        size_t count = a->is_list ? a->count : 1;
        if (slice_is(a->name, name) && k < count && at + k < c->engine->step->function_count) {
            *out = c->engine->step->functions[at + k];
            return SM_OK;
        }
        at += count;
    }
    return CALL_FAIL(c, SM_INTERNAL, "%s has no function '%s' %zu", n->op->name, name, k);
}

sm_status call_run(call *c, function *f, const tensor *const *in, size_t n_in, tensor **out, size_t n_out)
{
    return call_run_given(c, f, in, NULL, n_in, out, n_out);
}

sm_status call_run_given(call *c, function *f, const tensor *const *in, tensor **given, size_t n_in, tensor **out,
                         size_t n_out)
{
    for (size_t i = 0; i < n_out; i++) out[i] = NULL;
    return function_run_nested(f, in, given, n_in, out, n_out, c->engine->observer, c->engine->depth + 1, c->err);
}

/* -- Permissions ------------------------------------------------------------------------------------------------------------ */

/* Is path a file below directory, by its text alone (no "..", no symbolic meaning)? */
static bool path_is_below(slice path, const char *directory)
{
    slice dir = slice_of(directory);
    while (dir.len > 1 && dir.ptr[dir.len - 1] == '/') dir.len--;
    if (dir.len == 0 || path.len <= dir.len + 1 || memcmp(path.ptr, dir.ptr, dir.len) != 0 || path.ptr[dir.len] != '/')
        return false;
    for (size_t i = dir.len; i + 2 < path.len; i++)
        if (path.ptr[i] == '/' && path.ptr[i + 1] == '.' && path.ptr[i + 2] == '.' &&
            (i + 3 == path.len || path.ptr[i + 3] == '/'))
            return false;
    return memchr(path.ptr, 0, path.len) == NULL;
}

static sm_status refuse_file(const call *c, slice path, const char *doing)
{
    return CALL_FAIL(c, SM_PERMISSION_DENIED,
                     "%s may not %s '" SLICE_FMT "': files other than the model's assets are refused",
                     c->node->op->name, doing, SLICE_ARG(path));
}

sm_status call_may_write(const call *c, slice path)
{
    return c->engine->f->env->runtime->allow_files ? SM_OK : refuse_file(c, path, "write");
}

sm_status call_read_file(const call *c, slice path, file_view *out)
{
    const environment *env = c->engine->f->env;
    const bool         asset = env->asset_directory && path_is_below(path, env->asset_directory);
    char              *name;

    if (!asset && !env->runtime->allow_files) return refuse_file(c, path, "read");
    if (asset && env->files)
        name =
            arena_printf(c->scratch, "assets/" SLICE_FMT, SLICE_ARG(slice_tail(path, strlen(env->asset_directory) + 1)));
    else
        name = arena_strdup(c->scratch, path);
    if (!name) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory while opening a file");
    return folder_open(asset ? env->files : NULL, name, true, out, c->err);
}
