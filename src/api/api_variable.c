/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_variable.c - variables. */
#include "api/arguments.h"
#include "model/model.h"

size_t sm_model_variable_count(const sm_model *m)
{
    model_lock(m);
    size_t n = variables_read((sm_model *)(uintptr_t)m, NULL) == SM_OK ? m->variables.count : 0;
    model_unlock(m);
    return n;
}

sm_variable *sm_model_variable(sm_model *m, size_t i)
{
    return i < sm_model_variable_count(m) ? &m->variables.all[i] : NULL;
}

const char *sm_variable_name(const sm_variable *v)
{
    return v->name;
}

const char *sm_variable_path(const sm_variable *v)
{
    return v->path;
}

sm_dtype sm_variable_dtype(const sm_variable *v)
{
    return v->dtype;
}

int sm_variable_rank(const sm_variable *v)
{
    return v->shape.rank;
}

const int64_t *sm_variable_dims(const sm_variable *v)
{
    return v->shape.dims;
}

int sm_variable_trainable(const sm_variable *v)
{
    return v->trainable;
}

sm_status sm_variable_read(sm_variable *v, sm_tensor **out, sm_error *err)
{
    NEED(v, err);
    NEED(out, err);
    return variable_read(v->object, out, err);
}

sm_status sm_variable_assign(sm_variable *v, sm_tensor *t, sm_error *err)
{
    NEED(v, err);
    NEED(t, err);
    return variables_assign(v, t, err);
}
