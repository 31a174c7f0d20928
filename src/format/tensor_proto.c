/* SPDX-License-Identifier: Apache-2.0 */
/* format/tensor_proto.c - the two ways in which a TensorProto keeps its elements.
 *
 * The typed lists are rows of a table: where the list is, how large its elements are, how large the
 * tensor's. Where both are of one size (float_val, int64_val ...) the list is copied as it is;
 * where the list is wider (int_val for int8, half_val) each value is cut, which on a little-endian
 * machine is copying its first bytes. */
#include "format/tensor_proto.h"

#include <inttypes.h>

/* -- Shapes ------------------------------------------------------------------------------------ */

sm_status shape_from_proto(const tf_TensorShapeProto *p, shape *out, sm_error *err)
{
    *out = shape_scalar();
    if (!p) return SM_OK;
    if (p->unknown_rank) {
        *out = shape_unknown();
        return SM_OK;
    }
    if (p->dim_count > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "a shape has %zu dimensions, %d are supported", p->dim_count, SHAPE_MAX_RANK);
    out->rank = (int)p->dim_count;
    for (int i = 0; i < out->rank; i++) {
        if (p->dim[i].size < -1)
            return FAIL(err, SM_INVALID_ARGUMENT, "Shape [...] is not valid: dimension %d has size %" PRId64, i,
                        p->dim[i].size);
        out->dims[i] = p->dim[i].size;
    }
    return SM_OK;
}

tf_TensorShapeProto *shape_to_proto(arena *a, const shape *s)
{
    tf_TensorShapeProto *p = ARENA_NEW(a, tf_TensorShapeProto);

    if (!p) return NULL;
    p->unknown_rank = s->rank == UNKNOWN_RANK;
    if (s->rank <= 0) return p;
    p->dim = ARENA_ARRAY(a, tf_TensorShapeProto_Dim, (size_t)s->rank);
    if (!p->dim) return NULL;
    p->dim_count = (size_t)s->rank;
    for (int i = 0; i < s->rank; i++) p->dim[i].size = s->dims[i];
    return p;
}

/* -- Typed lists ------------------------------------------------------------------------------- */

typedef struct typed_list {
    const char *values;
    size_t      count, stride; /* stride: bytes from one element of the tensor to the next in the list */
} typed_list;

typedef struct list_row {
    uint16_t list, count; /* offsets in tf_TensorProto; count 0: float8_val, a slice */
    uint8_t  stride;
} list_row;

#define LIST(name, bytes)                                                             \
    {                                                                                 \
        offsetof(tf_TensorProto, name), offsetof(tf_TensorProto, name##_count), bytes \
    }

static const list_row list_rows[DTYPE_LAST] = {
    [SM_FLOAT] = LIST(float_val, 4),
    [SM_DOUBLE] = LIST(double_val, 8),
    [SM_INT32] = LIST(int_val, 4),
    [SM_UINT8] = LIST(int_val, 4),
    [SM_INT16] = LIST(int_val, 4),
    [SM_INT8] = LIST(int_val, 4),
    [SM_COMPLEX64] = LIST(scomplex_val, 8),
    [SM_INT64] = LIST(int64_val, 8),
    [SM_BOOL] = LIST(bool_val, sizeof(bool)),
    [SM_QINT8] = LIST(int_val, 4),
    [SM_QUINT8] = LIST(int_val, 4),
    [SM_QINT32] = LIST(int_val, 4),
    [SM_BFLOAT16] = LIST(half_val, 4),
    [SM_QINT16] = LIST(int_val, 4),
    [SM_QUINT16] = LIST(int_val, 4),
    [SM_UINT16] = LIST(int_val, 4),
    [SM_COMPLEX128] = LIST(dcomplex_val, 16),
    [SM_HALF] = LIST(half_val, 4),
    [SM_UINT32] = LIST(uint32_val, 4),
    [SM_UINT64] = LIST(uint64_val, 8),
    [SM_INT4] = LIST(int_val, 4),
    [SM_UINT4] = LIST(int_val, 4),
    [SM_INT2] = LIST(int_val, 4),
    [SM_UINT2] = LIST(int_val, 4),
    [SM_FLOAT8_E5M2] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
    [SM_FLOAT8_E4M3FN] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
    [SM_FLOAT8_E4M3FNUZ] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
    [SM_FLOAT8_E4M3B11FNUZ] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
    [SM_FLOAT8_E5M2FNUZ] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
    [SM_FLOAT4_E2M1FN] = { offsetof(tf_TensorProto, float8_val), 0, 1 },
};

static typed_list list_of(const tf_TensorProto *p, sm_dtype t)
{
    const list_row *row = &list_rows[t];
    const char     *base = (const char *)p;

    if (!row->stride) return (typed_list){ NULL, 0, 0 };
    if (!row->count) {
        const slice *bytes = (const slice *)(const void *)(base + row->list);
        return (typed_list){ bytes->ptr, bytes->len, 1 };
    }
    size_t count = *(const size_t *)(const void *)(base + row->count);
    if (dtype_is(t, DTYPE_COMPLEX)) count /= 2;
    return (typed_list){ *(const char *const *)(const void *)(base + row->list), count, row->stride };
}

/* -- Reading ----------------------------------------------------------------------------------- */

sm_status tensor_proto_header(const tf_TensorProto *p, tensor_header *out, sm_error *err)
{
    size_t element = p->dtype > 0 && p->dtype < DTYPE_LAST ? dtype_size((sm_dtype)p->dtype) : 0;

    if (!element) return FAIL(err, SM_INVALID_ARGUMENT, "a tensor of type %d cannot be read", p->dtype);
    out->dtype = (sm_dtype)p->dtype;
    TRY(shape_from_proto(p->tensor_shape, &out->shape, err));
    if (!shape_known(&out->shape)) return FAIL(err, SM_INVALID_ARGUMENT, "the shape of a tensor is not fully known");
    TRY(shape_check(&out->shape, element, SIZE_MAX, err));
    out->count = (size_t)shape_count(&out->shape);
    out->bytes = out->count * element;
    if (p->tensor_content.len && dtype_plain(out->dtype) && p->tensor_content.len != out->bytes)
        return FAIL(err, SM_INVALID_ARGUMENT, "the content of a tensor has %zu bytes, its shape and type need %zu",
                    p->tensor_content.len, out->bytes);
    return SM_OK;
}

slice tensor_proto_view(const tf_TensorProto *p, const tensor_header *h)
{
    if (p->tensor_content.len && dtype_plain(h->dtype)) return p->tensor_content;
    typed_list list = list_of(p, h->dtype);
    if (h->count && list.count >= h->count && list.stride == dtype_size(h->dtype))
        return slice_make(list.values, h->bytes);
    return (slice){ NULL, 0 };
}

sm_status tensor_proto_read(const tf_TensorProto *p, const tensor_header *h, void *out, sm_error *err)
{
    typed_list list;
    size_t     size = dtype_size(h->dtype), n;
    char      *to = out;

    if (!dtype_plain(h->dtype))
        return FAIL(err, SM_INVALID_ARGUMENT, "a tensor of type %s holds no numbers", dtype_name(h->dtype));
    if (!h->bytes) return SM_OK;
    slice view = tensor_proto_view(p, h);
    if (view.ptr) {
        memcpy(out, view.ptr, h->bytes);
        return SM_OK;
    }
    list = list_of(p, h->dtype);
    n = list.count < h->count ? list.count : h->count;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * size, list.values + i * list.stride, size); /* little-endian: the low bytes come first */
    if (!n) memset(out, 0, h->bytes);
    for (size_t i = n; n && i < h->count; i++) memcpy(to + i * size, to + (n - 1) * size, size);
    return SM_OK;
}

slice tensor_proto_string(const tf_TensorProto *p, size_t i)
{
    if (!p->string_val_count) return (slice){ NULL, 0 };
    return p->string_val[i < p->string_val_count ? i : p->string_val_count - 1];
}

sm_status tensor_proto_read_strings(const tf_TensorProto *p, const tensor_header *h, tstring *out, sm_error *err)
{
    if (h->dtype != SM_STRING)
        return FAIL(err, SM_INVALID_ARGUMENT, "a tensor of type %s holds no strings", dtype_name(h->dtype));
    for (size_t i = 0; i < h->count; i++) {
        if (!tstring_set(&out[i], tensor_proto_string(p, i)))
            return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory while reading strings");
    }
    return SM_OK;
}

/* -- Making ------------------------------------------------------------------------------------ */

sm_status tensor_proto_make(arena *a, sm_dtype t, const shape *s, const void *data, tf_TensorProto *p, sm_error *err)
{
    if (!dtype_plain(t) && t != SM_STRING)
        return FAIL(err, SM_UNIMPLEMENTED, "a tensor of type %s cannot be written", dtype_name(t));
    TRY(shape_check(s, dtype_size(t), SIZE_MAX, err));
    size_t count = (size_t)shape_count(s);
    p->dtype = (int32_t)t;
    p->tensor_shape = shape_to_proto(a, s);
    if (t != SM_STRING) {
        p->tensor_content = slice_make(data, count * dtype_size(t));
        return arena_check(a, "making a tensor", err);
    }
    p->string_val = ARENA_ARRAY(a, slice, count);
    TRY(arena_check(a, "making a tensor", err));
    p->string_val_count = count;
    for (size_t i = 0; i < count; i++) p->string_val[i] = tstring_get((const tstring *)data + i);
    return SM_OK;
}
