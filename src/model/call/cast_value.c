/* SPDX-License-Identifier: Apache-2.0 */
/* model/call/cast_value.c - values cast to the types of an input signature: what TensorFlow's trace types do.
 *
 * Tensors are never converted; Python's and NumPy's values become tensors of the type that is wanted. A value that does not
 * fit is not a failure of ours: its reason goes to `why`, in TensorFlow's words. */
#include "model/call/binding.h"
#include "model/call/convert.h"
#include "model/call/python_text.h"
#include "model/call/type_spec.h"
#include "model/call/value_equal.h"

/* "Can not cast <v> to <tail>" and the like. */
static sm_status refuse_value(str *why, const char *head, const sm_value *v, const char *tail)
{
    str_addz(why, head);
    python_repr(why, v);
    str_addz(why, tail);
    return SM_OK;
}

static bool shape_is_subtype(const shape *s, const shape *of)
{
    if (of->rank < 0) return true;
    if (s->rank != of->rank) return false;
    for (int i = 0; i < s->rank; i++)
        if (of->dims[i] >= 0 && s->dims[i] != of->dims[i]) return false;
    return true;
}

static sm_status refuse_tensor(str *why, const sm_value *type, const tensor *t)
{
    sm_value spec = {
        .kind = SM_VALUE_TENSOR_SPEC, .text = type->text, .length = type->length, .dtype = t->dtype, .shape = t->shape
    };

    refuse_value(why, "Can not cast ", &spec, " to ");
    python_repr(why, type);
    return SM_OK;
}

static sm_status refuse_conversion(str *why, const sm_value *v, sm_dtype t)
{
    str_addf(why, "Tensor conversion requested dtype %s for Tensor with dtype %s: ", dtype_name(t), dtype_name(v->dtype));
    python_repr(why, v);
    return SM_OK;
}

static sm_status cast_tensor(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why, sm_error *err)
{
    tensor  *t;
    sm_error local = { 0 };

    if (v->kind == SM_VALUE_VARIABLE && v->dtype != type->dtype) return refuse_conversion(why, v, type->dtype);
    if (v->kind == SM_VALUE_TENSOR || v->kind == SM_VALUE_VARIABLE) {
        TRY(value_read_tensor(v, &t, err));
    } else {
        sm_status status = convert_eager(f->account, v, type->dtype, &t, &local);
        if (status == SM_INVALID_ARGUMENT) str_addz(why, local.message);
        if (status == SM_INVALID_ARGUMENT) return SM_OK;
        if (status != SM_OK && err) *err = local;
        TRY(status);
    }
    TRY(frame_keep(f, t, err));
    *out = (sm_value){ .kind = SM_VALUE_TENSOR, .dtype = t->dtype, .shape = t->shape, .tensor = t };
    if ((type->dtype && t->dtype != type->dtype) || !shape_is_subtype(&t->shape, &type->shape))
        return refuse_tensor(why, type, t);
    return SM_OK;
}

/* -- Nests ------------------------------------------------------------------------------------------------------- */

static sm_status cast_items(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why, sm_error *err)
{
    sm_value *items = ARENA_ARRAY(&f->memory, sm_value, type->count + 1);

    TRY(arena_check(&f->memory, "calling a function", err));
    *out = *type;
    if (type->kind == SM_VALUE_NAMED_TUPLE) out->text = v->text;
    for (size_t i = 0; i < type->count; i++) {
        const sm_value *item = type->keys ? value_find(v, type->keys[i]) : &v->items[i];
        TRY(cast_value(f, &type->items[i], item, &items[i], why, err));
        if (why->len) return SM_OK;
    }
    out->items = items;
    return SM_OK;
}

static bool same_keys(const sm_value *a, const sm_value *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!value_find(b, a->keys[i])) return false;
    return true;
}

static sm_status refuse_keys(str *why, const sm_value *type, const sm_value *v, const char *what, const char *tail)
{
    python_repr(why, v);
    str_addf(why, " has different %s with the TraceType ", what);
    python_type(why, type);
    str_addz(why, tail);
    return SM_OK;
}

static sm_status cast_named_tuple(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why,
                                  sm_error *err)
{
    if (v->kind != SM_VALUE_NAMED_TUPLE) {
        refuse_value(why, "Cannot cast ", v, " to type <class 'tensorflow.python.saved_model.nested_structure_coder.");
        str_addf(why, "%s'>.", type->text ? type->text : "");
        return SM_OK;
    }
    if (!same_keys(type, v)) return refuse_keys(why, type, v, "attributes", "");
    return cast_items(f, type, v, out, why, err);
}

static sm_status cast_nest(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why, sm_error *err)
{
    bool tuple = v->kind == SM_VALUE_TUPLE || v->kind == SM_VALUE_NAMED_TUPLE;

    switch (type->kind) {
    case SM_VALUE_LIST:
        if (v->kind != SM_VALUE_LIST) return refuse_value(why, "Can not cast ", v, " to list type.");
        if (v->count != type->count) {
            str_addz(why, "object of type 'Tuple' has no len()"); /* what becomes of TensorFlow's own message */
            return SM_OK;
        }
        return cast_items(f, type, v, out, why, err);
    case SM_VALUE_TUPLE:
        if (!tuple) return refuse_value(why, "Can not cast ", v, " to tuple type.");
        if (v->count != type->count) {
            refuse_value(why, "Expected ", v, " to have length of ");
            str_addf(why, "%zu", type->count);
            return SM_OK;
        }
        return cast_items(f, type, v, out, why, err);
    case SM_VALUE_NAMED_TUPLE: return cast_named_tuple(f, type, v, out, why, err);
    default:
        if (!value_is_mapping(v)) return refuse_value(why, "Can not cast ", v, " to a Dict type.");
        if (!same_keys(type, v)) return refuse_keys(why, type, v, "keys", ".");
        return cast_items(f, type, v, out, why, err);
    }
}

/* -- Composites ---------------------------------------------------------------------------------------------------- */

static void add_dots(str *why, size_t n)
{
    str_addc(why, '[');
    for (size_t i = 0; i < n; i++) str_addz(why, i ? ", ." : ".");
    str_addc(why, ']');
}

/* What nest.map_structure says of two lists of different lengths. */
static sm_status refuse_structure(str *why, const sm_value *specs, const sm_value *parts)
{
    str first, second;

    str_init(&first);
    str_init(&second);
    python_repr(&first, specs);
    python_repr(&second, parts);
    const char *one = str_text(&first), *two = str_text(&second);
    str_addf(why, "The two structures don't have the same nested structure.\n\nFirst structure: type=list str=%s\n\n", one);
    str_addf(why, "Second structure: type=list str=%s\n\nMore specifically: ", two);
    str_addf(why, "The two structures don't have the same number of elements. First structure: type=list str=%s. ", one);
    str_addf(why, "Second structure: type=list str=%s\nEntire first structure:\n", two);
    add_dots(why, specs->count);
    str_addz(why, "\nEntire second structure:\n");
    add_dots(why, parts->count);
    str_clear(&first);
    str_clear(&second);
    return SM_OK;
}

static sm_status cast_composite(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why,
                                sm_error *err)
{
    sm_value specs = { .kind = SM_VALUE_LIST }, parts = { .kind = SM_VALUE_LIST, .items = v->items, .count = v->count };
    shape    s;

    TRY(type_spec_components(type, &f->memory, &specs.items, &specs.count, err));
    if (type_spec_kind(type) == SM_VALUE_TENSOR) return cast_tensor(f, &specs.items[0], v, out, why, err);
    if (!value_is_composite(v) && type_spec_kind(type) == SM_VALUE_RAGGED) {
        parts.items = v;
        parts.count = 1;
    } else if (!type_spec_takes(type, v)) {
        const char *class =
            v->kind == SM_VALUE_TENSOR ? "tensorflow.python.framework.ops.EagerTensor" : python_type_name(v);
        str_addf(why, "'%s' object has no attribute '%s'", class,
                 type_spec_kind(type) == SM_VALUE_SPARSE ? "indices" : "_type_spec");
        return SM_OK;
    }
    if (specs.count != parts.count) return refuse_structure(why, &specs, &parts);
    TRY(composite_shape(v, &s, err));
    sm_value *items = ARENA_ARRAY(&f->memory, sm_value, parts.count);
    TRY(arena_check(&f->memory, "calling a function", err));
    for (size_t i = 0; i < parts.count && !why->len; i++)
        TRY(cast_tensor(f, &specs.items[i], &parts.items[i], &items[i], why, err));
    *out = *v;
    out->items = items;
    return SM_OK;
}

/* -- Which one ------------------------------------------------------------------------------------------------------- */

sm_status cast_value(call_frame *f, const sm_value *type, const sm_value *v, sm_value *out, str *why, sm_error *err)
{
    if (type->kind == SM_VALUE_TENSOR_SPEC) return cast_tensor(f, type, v, out, why, err);
    if (type->kind == SM_VALUE_TYPE_SPEC && type_spec_kind(type) == SM_VALUE_VARIABLE) {
        *out = *v;
        return SM_OK;
    }
    if (type->kind == SM_VALUE_TYPE_SPEC) return cast_composite(f, type, v, out, why, err);
    if (value_is_nest(type)) return cast_nest(f, type, v, out, why, err);
    *out = *v;
    if (value_equal(type, v)) return SM_OK;
    refuse_value(why, "Can not cast ", v, " to ");
    python_type(why, type);
    return SM_OK;
}
