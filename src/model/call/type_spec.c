/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/type_spec.c - composite tensors and their specs.
 *
 *   class              state                                        components
 *   SparseTensorSpec   shape, dtype                                 indices [n, rank], values [n], dense shape [rank]
 *   IndexedSlicesSpec  shape, dtype, indices' dtype, ...            values, indices[, dense shape]
 *   RaggedTensorSpec   shape, dtype, ragged rank, splits' dtype     flat values, row splits, outermost first
 *
 * Of any other class only the number of components is known; that is enough to hand its tensors through. */
#include "model/call/type_spec.h"

enum { SPARSE_SPEC = 1, SLICES_SPEC = 2, RAGGED_SPEC = 3, VARIABLE_SPEC = 9 }; /* TypeSpecProto.TypeSpecClass */

/* -- The state ------------------------------------------------------------------------------------------------- */

static const sm_value *state_at(const sm_value *spec, size_t i, sm_value_kind kind)
{
    const sm_value *state = spec->count ? &spec->items[0] : NULL;

    return state && value_is_sequence(state) && i < state->count && state->items[i].kind == kind ? &state->items[i] : NULL;
}

static sm_dtype dtype_at(const sm_value *spec, size_t i)
{
    const sm_value *v = state_at(spec, i, SM_VALUE_DTYPE);

    return v ? v->dtype : SM_INVALID;
}

shape type_spec_shape(const sm_value *spec)
{
    const sm_value *v = state_at(spec, 0, SM_VALUE_SHAPE);

    return v ? v->shape : shape_unknown();
}

static int64_t ragged_rank(const sm_value *spec)
{
    const sm_value *v = state_at(spec, 2, SM_VALUE_INT);

    return v && v->integer >= 0 && v->integer <= SHAPE_MAX_RANK ? v->integer : -1;
}

sm_value_kind type_spec_kind(const sm_value *spec)
{
    if (spec->integer == RAGGED_SPEC) return ragged_rank(spec) == 0 ? SM_VALUE_TENSOR : SM_VALUE_RAGGED;
    if (spec->integer == VARIABLE_SPEC) return SM_VALUE_VARIABLE;
    return spec->integer == SPARSE_SPEC ? SM_VALUE_SPARSE : SM_VALUE_COMPOSITE;
}

/* -- Components -------------------------------------------------------------------------------------------------- */

static sm_value tensor_spec(shape s, sm_dtype t)
{
    return (sm_value){ .kind = SM_VALUE_TENSOR_SPEC, .dtype = t, .shape = s };
}

/* [first] and the dims of s from `from` on. */
static shape shape_below(int64_t first, const shape *s, int from)
{
    shape r = shape_vector(first);

    if (s->rank < 0) return shape_unknown();
    for (int i = from; i < s->rank && r.rank < SHAPE_MAX_RANK; i++) r.dims[r.rank++] = s->dims[i];
    return r;
}

static size_t ragged_components(const sm_value *spec, sm_value *out)
{
    shape    s = type_spec_shape(spec);
    int64_t  depth = ragged_rank(spec);
    sm_dtype splits = dtype_at(spec, 3) ? dtype_at(spec, 3) : SM_INT64;

    if (depth == 0) {
        out[0] = tensor_spec(s, dtype_at(spec, 1));
        return 1;
    }
    out[0] = tensor_spec(shape_below(UNKNOWN_DIM, &s, (int)depth + 1), dtype_at(spec, 1));
    for (int64_t i = 0; i < depth; i++) out[1 + i] = tensor_spec(shape_vector(UNKNOWN_DIM), splits);
    if (s.rank > 0 && s.dims[0] >= 0) out[1].shape = shape_vector(s.dims[0] + 1);
    return 1 + (size_t)depth;
}

static size_t sparse_components(const sm_value *spec, sm_value *out)
{
    shape   s = type_spec_shape(spec);
    int64_t rank = s.rank < 0 ? UNKNOWN_DIM : s.rank;

    out[0] = tensor_spec(shape_matrix(UNKNOWN_DIM, rank), SM_INT64);
    out[1] = tensor_spec(shape_vector(UNKNOWN_DIM), dtype_at(spec, 1));
    out[2] = tensor_spec(shape_vector(rank), SM_INT64);
    return 3;
}

static size_t slices_components(const sm_value *spec, sm_value *out)
{
    const sm_value *indices = state_at(spec, 4, SM_VALUE_SHAPE);
    shape           s = type_spec_shape(spec);

    out[0] = tensor_spec(s, dtype_at(spec, 1));
    out[1] = tensor_spec(indices ? indices->shape : shape_vector(UNKNOWN_DIM), dtype_at(spec, 2));
    if (!dtype_at(spec, 3)) return 2;
    out[2] = tensor_spec(shape_vector(s.rank < 0 ? UNKNOWN_DIM : s.rank), dtype_at(spec, 3));
    return 3;
}

enum { MOST_COMPONENTS = 1 << 16 };

sm_status type_spec_components(const sm_value *spec, arena *a, const sm_value **out, size_t *count, sm_error *err)
{
    size_t n = spec->integer == RAGGED_SPEC || spec->components < 3 ? SHAPE_MAX_RANK + 2 : spec->components;

    if (spec->integer == RAGGED_SPEC && ragged_rank(spec) < 0)
        return FAIL(err, SM_INVALID_ARGUMENT, "a RaggedTensorSpec does not say its ragged rank");
    if (n > MOST_COMPONENTS)
        return FAIL(err, SM_INVALID_ARGUMENT, "%s of %zu tensors", spec->text ? spec->text : "TypeSpec", n);
    sm_value *items = ARENA_ARRAY(a, sm_value, n);
    TRY(arena_check(a, "reading a type spec", err));
    switch (spec->integer) {
    case RAGGED_SPEC: *count = ragged_components(spec, items); break;
    case SPARSE_SPEC: *count = sparse_components(spec, items); break;
    case SLICES_SPEC: *count = slices_components(spec, items); break;
    default:
        *count = spec->components ? spec->components : 1;
        for (size_t i = 0; i < *count; i++) items[i] = tensor_spec(shape_unknown(), SM_INVALID);
    }
    *out = items;
    return SM_OK;
}

/* -- Values --------------------------------------------------------------------------------------------------------- */

static sm_status bad_composite(const char *what, sm_error *err)
{
    return FAIL(err, SM_INVALID_ARGUMENT, "%s", what);
}

static sm_status ragged_shape(const sm_value *v, shape *out, sm_error *err)
{
    if (v->count < 2 || v->items[0].shape.rank < 1)
        return bad_composite("a ragged tensor needs flat values and row splits", err);
    for (size_t i = 1; i < v->count; i++) {
        const tensor *t = v->items[i].tensor;
        if (t->shape.rank != 1 || t->shape.dims[0] < 1 || (t->dtype != SM_INT64 && t->dtype != SM_INT32))
            return bad_composite("row splits are a vector of int64 or int32 with at least one element", err);
        if (t->dtype != v->items[1].dtype) return bad_composite("row splits of a ragged tensor have one type", err);
    }
    *out = shape_unknown_dims((int)v->count);
    out->dims[0] = v->items[1].shape.dims[0] - 1;
    if (v->count + (size_t)v->items[0].shape.rank > SHAPE_MAX_RANK)
        return bad_composite("a ragged tensor has too many dimensions", err);
    for (int i = 1; i < v->items[0].shape.rank; i++) out->dims[out->rank++] = v->items[0].shape.dims[i];
    return SM_OK;
}

static sm_status sparse_shape(const sm_value *v, shape *out, sm_error *err)
{
    if (v->count != 3 || v->items[0].dtype != SM_INT64 || v->items[0].shape.rank != 2 || v->items[1].shape.rank != 1 ||
        v->items[2].dtype != SM_INT64 || v->items[2].shape.rank != 1)
        return bad_composite(
            "a sparse tensor is made of int64 indices [n, rank], values [n] and an int64 dense shape [rank]", err);
    const tensor *t = v->items[2].tensor;
    if (v->items[0].shape.dims[1] != t->shape.dims[0] || v->items[0].shape.dims[0] != v->items[1].shape.dims[0])
        return bad_composite("the indices of a sparse tensor do not fit its values and its dense shape", err);
    return tensor_to_shape(t, out, err);
}

sm_status composite_shape(const sm_value *v, shape *out, sm_error *err)
{
    for (size_t i = 0; i < v->count; i++)
        if (!v->items[i].tensor) return bad_composite("a composite tensor has parts that are no tensors", err);
    if (v->kind == SM_VALUE_RAGGED) return ragged_shape(v, out, err);
    if (v->kind == SM_VALUE_SPARSE) return sparse_shape(v, out, err);
    *out = shape_unknown();
    return SM_OK;
}

bool type_spec_takes(const sm_value *spec, const sm_value *v)
{
    sm_value_kind kind = type_spec_kind(spec);

    if (kind == SM_VALUE_TENSOR) return value_is_tensor(v);
    if (v->kind != kind) return false;
    return kind != SM_VALUE_COMPOSITE || (v->text && spec->text && strcmp(v->text, spec->text) == 0);
}

bool type_spec_compatible(const sm_value *spec, const sm_value *v)
{
    shape s = type_spec_shape(spec);

    if (!type_spec_takes(spec, v)) return false;
    if (!shape_compatible(&s, &v->shape)) return false;
    switch (v->kind) {
    case SM_VALUE_RAGGED:
        return v->items[0].dtype == dtype_at(spec, 1) && (int64_t)v->count == ragged_rank(spec) + 1 &&
               v->items[1].dtype == dtype_at(spec, 3);
    case SM_VALUE_SPARSE: return v->items[1].dtype == dtype_at(spec, 1);
    case SM_VALUE_COMPOSITE: return true;
    default: return v->dtype == dtype_at(spec, 1);
    }
}
