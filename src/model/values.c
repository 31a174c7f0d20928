/* SPDX-License-Identifier: Apache-2.0 */
/* model/values.c - StructuredValue to sm_value: one case per kind, dicts sorted by key, everything in one arena.
 *
 * The depth of nesting is the decoder's business (MESSAGE_MAX_DEPTH), so recursion here is bounded. */
#include "model/values.h"

#include "format/tensor_proto.h"

#include <stdlib.h>

static sm_status fill_value(arena *a, const tf_StructuredValue *p, sm_value *v, sm_error *err);

/* -- Leaves -------------------------------------------------------------------------------------------- */

static sm_status fill_shape(const tf_TensorShapeProto *p, sm_value *v, sm_error *err)
{
    if (p) return shape_from_proto(p, &v->shape, err);
    v->shape = shape_unknown();
    return SM_OK;
}

/* A spec without a name prints as name=None, so an empty name is none. */
static sm_status fill_spec(arena *a, slice name, const tf_TensorShapeProto *dims, int32_t dtype, sm_value *v, sm_error *err)
{
    v->kind = SM_VALUE_TENSOR_SPEC;
    v->text = name.len ? arena_strdup(a, name) : NULL;
    v->length = name.len;
    v->dtype = (sm_dtype)dtype;
    return shape_from_proto(dims, &v->shape, err);
}

/* Old files name the class by number alone. */
static const char *spec_class_name(arena *a, const tf_TypeSpecProto *p)
{
    static const char *const classes[] = {
        [1] = "SparseTensorSpec", [2] = "IndexedSlicesSpec", [3] = "RaggedTensorSpec", [4] = "TensorArraySpec",
        [5] = "DatasetSpec",      [6] = "IteratorSpec",      [7] = "OptionalSpec",     [8] = "PerReplicaSpec",
        [9] = "VariableSpec",     [10] = "RowPartitionSpec",
    };
    const char *name = enum_name(&type_TypeSpecProto_TypeSpecClass, p->type_spec_class);

    if (p->type_spec_class_name.len) return arena_strdup(a, p->type_spec_class_name);
    if (p->type_spec_class > 0 && p->type_spec_class < (int)(sizeof classes / sizeof *classes))
        return classes[p->type_spec_class];
    return name ? name : "UNKNOWN";
}

static sm_status fill_type_spec(arena *a, const tf_TypeSpecProto *p, sm_value *v, sm_error *err)
{
    v->kind = SM_VALUE_TYPE_SPEC;
    v->integer = p->type_spec_class;
    v->components = p->num_flat_components > 0 ? (size_t)p->num_flat_components : 0;
    v->text = spec_class_name(a, p);
    sm_value *state = ARENA_NEW(a, sm_value);
    if (!state) return arena_check(a, "reading a value", err);
    v->items = state;
    v->count = 1;
    if (!p->type_state) return SM_OK;
    return fill_value(a, p->type_state, state, err);
}

static sm_status fill_tensor(const tf_TensorProto *p, sm_value *v, sm_error *err)
{
    v->kind = SM_VALUE_TENSOR;
    v->proto = p;
    v->dtype = (sm_dtype)p->dtype;
    return shape_from_proto(p->tensor_shape, &v->shape, err);
}

/* -- Nests ----------------------------------------------------------------------------------------------- */

static sm_value *make_items(arena *a, sm_value *v, sm_value_kind kind, size_t count, bool keys)
{
    sm_value *items = ARENA_ARRAY(a, sm_value, count + 1);

    v->kind = kind;
    v->items = items;
    v->count = items ? count : 0;
    if (keys) v->keys = ARENA_ARRAY(a, const char *, count + 1);
    if (keys && !v->keys) v->count = 0;
    return items;
}

static sm_status fill_list(arena *a, const tf_StructuredValue *values, size_t count, sm_value_kind kind, sm_value *v,
                           sm_error *err)
{
    sm_value *items = make_items(a, v, kind, count, false);

    for (size_t i = 0; i < v->count; i++) TRY(fill_value(a, &values[i], &items[i], err));
    return SM_OK;
}

static int by_key(const void *x, const void *y)
{
    const tf_DictValue_fields_entry *const *p = x, *const *q = y;

    return slice_cmp((*p)->key, (*q)->key);
}

static sm_status fill_dict(arena *a, const tf_DictValue *d, sm_value *v, sm_error *err)
{
    sm_value                         *items = make_items(a, v, SM_VALUE_DICT, d->fields_count, true);
    const tf_DictValue_fields_entry **sorted = ARENA_ARRAY(a, const tf_DictValue_fields_entry *, d->fields_count + 1);

    if (!sorted) return arena_check(a, "reading a value", err);
    for (size_t i = 0; i < v->count; i++) sorted[i] = &d->fields[i];
    qsort(sorted, v->count, sizeof *sorted, by_key);
    for (size_t i = 0; i < v->count; i++) {
        v->keys[i] = arena_strdup(a, sorted[i]->key);
        TRY(fill_value(a, &sorted[i]->value, &items[i], err));
    }
    return SM_OK;
}

static sm_status fill_named_tuple(arena *a, const tf_NamedTupleValue *t, sm_value *v, sm_error *err)
{
    sm_value *items = make_items(a, v, SM_VALUE_NAMED_TUPLE, t->values_count, true);

    v->text = arena_strdup(a, t->name);
    v->length = t->name.len;
    for (size_t i = 0; i < v->count; i++) {
        v->keys[i] = arena_strdup(a, t->values[i].key);
        if (t->values[i].value) TRY(fill_value(a, t->values[i].value, &items[i], err));
    }
    return SM_OK;
}

/* -- Which one ------------------------------------------------------------------------------------------- */

static sm_status fill_nest(arena *a, const tf_StructuredValue *p, sm_value *v, sm_error *err)
{
    switch (p->which) {
    case tf_StructuredValue_list_value:
        return fill_list(a, p->list_value->values, p->list_value->values_count, SM_VALUE_LIST, v, err);
    case tf_StructuredValue_tuple_value:
        return fill_list(a, p->tuple_value->values, p->tuple_value->values_count, SM_VALUE_TUPLE, v, err);
    case tf_StructuredValue_dict_value: return fill_dict(a, p->dict_value, v, err);
    case tf_StructuredValue_named_tuple_value: return fill_named_tuple(a, p->named_tuple_value, v, err);
    default: return SM_OK; /* none, and kinds of the future: None */
    }
}

static sm_status fill_value(arena *a, const tf_StructuredValue *p, sm_value *v, sm_error *err)
{
    switch (p->which) {
    case tf_StructuredValue_bool_value:
        v->kind = SM_VALUE_BOOL;
        v->integer = p->bool_value;
        return SM_OK;
    case tf_StructuredValue_int64_value:
        v->kind = SM_VALUE_INT;
        v->integer = p->int64_value;
        return SM_OK;
    case tf_StructuredValue_float64_value:
        v->kind = SM_VALUE_FLOAT;
        v->real = p->float64_value;
        return SM_OK;
    case tf_StructuredValue_string_value:
        v->kind = SM_VALUE_STRING;
        v->text = arena_strdup(a, p->string_value);
        v->length = p->string_value.len;
        return SM_OK;
    case tf_StructuredValue_tensor_shape_value:
        v->kind = SM_VALUE_SHAPE;
        return fill_shape(p->tensor_shape_value, v, err);
    case tf_StructuredValue_tensor_dtype_value:
        v->kind = SM_VALUE_DTYPE;
        v->dtype = (sm_dtype)p->tensor_dtype_value;
        return SM_OK;
    case tf_StructuredValue_tensor_spec_value: {
        const tf_TensorSpecProto *t = p->tensor_spec_value;
        return fill_spec(a, t->name, t->shape, t->dtype, v, err);
    }
    case tf_StructuredValue_bounded_tensor_spec_value: {
        const tf_BoundedTensorSpecProto *t = p->bounded_tensor_spec_value;
        return fill_spec(a, t->name, t->shape, t->dtype, v, err);
    }
    case tf_StructuredValue_type_spec_value: return fill_type_spec(a, p->type_spec_value, v, err);
    case tf_StructuredValue_tensor_value: return fill_tensor(p->tensor_value, v, err);
    case tf_StructuredValue_numpy_value: return fill_tensor(p->numpy_value, v, err);
    default: return fill_nest(a, p, v, err);
    }
}

sm_status value_from_proto(arena *a, const tf_StructuredValue *p, const sm_value **out, sm_error *err)
{
    sm_value *v = ARENA_NEW(a, sm_value);

    if (v && p) TRY(fill_value(a, p, v, err));
    TRY(arena_check(a, "reading a value", err));
    *out = v;
    return SM_OK;
}

const sm_value *value_find(const sm_value *v, const char *key)
{
    for (size_t i = 0; v->keys && i < v->count; i++)
        if (strcmp(v->keys[i], key) == 0) return &v->items[i];
    return NULL;
}
