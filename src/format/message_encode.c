/* SPDX-License-Identifier: Apache-2.0 */
/* format/message_encode.c - structs to wire format.
 *
 * Two walks in the same order. The first computes sizes and queues the size of every sub-message,
 * because its length stands before it; the order of each map's entries is queued too, so that it is
 * sorted once. The second writes into a buffer of exactly the right size and takes from the queues
 * what the first one put there. */
#include "format/message_int.h"

#include <stdlib.h>

typedef struct queue {
    void  *items;
    size_t count, capacity, next;
} queue;

typedef struct encoder {
    arena *scratch;
    queue  sizes;  /* size_t       */
    queue  orders; /* const void **, one per map that has entries */
    char  *out;
    bool   too_deep;
} encoder;

static size_t measure(encoder *e, const message_type *type, const void *message, int depth);
static void   emit_message(encoder *e, const message_type *type, const void *message);

/* -- What is set, and in which order ----------------------------------------------------------- */

static bool not_zero(const void *p, int type)
{
    if (type >= FIELD_STRING) return ((const slice *)p)->len != 0;
    for (size_t i = 0; i < size_of[type]; i++) {
        if (((const char *)p)[i]) return true; /* bit by bit: -0.0 is there */
    }
    return false;
}

bool message_field_set(const message_field *f, const void *message, uint32_t number)
{
    switch ((field_label)f->label) {
    case FIELD_PLAIN: return not_zero(AT(message, f), f->type);
    case FIELD_OPTIONAL: return *(const bool *)((const char *)message + f->extra);
    case FIELD_POINTER: return *LIST_OF(message, f) != NULL;
    case FIELD_REPEATED:
    case FIELD_MAP: return *COUNT_OF(message, f) != 0;
    case FIELD_ONEOF: return *WHICH_OF(message, f) == number && (f->type != FIELD_SUB || *LIST_OF(message, f));
    case FIELD_EMBEDDED: return true;
    case FIELD_ABSENT: break;
    }
    return false;
}

/* The key of an entry: it follows `unknown`, whatever the map. p points to an element of the sorted
 * array. */
#define KEY(p, type) (*(const type *)(const void *)(*(const char *const *)(p) + sizeof(void *)))
#define BY(name, type)                                                        \
    static int by_##name(const void *a, const void *b)                        \
    {                                                                         \
        return (KEY(a, type) > KEY(b, type)) - (KEY(a, type) < KEY(b, type)); \
    }
BY(i32, int32_t)
BY(i64, int64_t)
BY(u32, uint32_t)
BY(u64, uint64_t)

static int by_text(const void *a, const void *b)
{
    return slice_cmp(KEY(a, slice), KEY(b, slice));
}

typedef int key_order(const void *, const void *);

static key_order *const order_of[] = {
    [FIELD_INT32] = by_i32,  [FIELD_INT64] = by_i64,   [FIELD_UINT32] = by_u32,  [FIELD_UINT64] = by_u64,
    [FIELD_SINT64] = by_i64, [FIELD_FIXED32] = by_u32, [FIELD_FIXED64] = by_u64, [FIELD_STRING] = by_text,
};

const void **message_sorted_entries(const message_type *entry, const void *entries, size_t count, arena *a)
{
    const void **sorted = ARENA_ARRAY(a, const void *, count);

    if (!sorted) return NULL;
    for (size_t i = 0; i < count; i++) sorted[i] = (const char *)entries + i * entry->size;
    qsort(sorted, count, sizeof *sorted, order_of[entry->fields[1].type]);
    return sorted;
}

const void **message_sorted(const message_type *type, const void *message, uint32_t map, arena *a)
{
    const message_field *f = &type->fields[map];

    return message_sorted_entries(f->of, *LIST_OF(message, f), *COUNT_OF(message, f), a);
}

/* -- First walk: sizes ------------------------------------------------------------------------- */

static uint64_t varint_value(const void *p, int type)
{
    switch ((field_type)type) {
    case FIELD_INT32:
    case FIELD_ENUM: return (uint64_t)(int64_t) * (const int32_t *)p;
    case FIELD_UINT32: return *(const uint32_t *)p;
    case FIELD_BOOL: return *(const bool *)p;
    case FIELD_SINT64: {
        int64_t v = *(const int64_t *)p;
        return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
    }
    default: return *(const uint64_t *)p;
    }
}

static size_t scalar_size(const void *p, int type)
{
    switch (wire_of[type]) {
    case WIRE_FIXED32: return 4;
    case WIRE_FIXED64: return 8;
    case WIRE_LENGTH: return varint_size(((const slice *)p)->len) + ((const slice *)p)->len;
    default: return varint_size(varint_value(p, type));
    }
}

static size_t packed_size(const message_field *f, const void *message)
{
    size_t      count = *COUNT_OF(message, f), size = 0;
    const char *list = *LIST_OF(message, f);

    if (wire_of[f->type] != WIRE_VARINT) return count * size_of[f->type];
    for (size_t i = 0; i < count; i++) size += varint_size(varint_value(list + i * size_of[f->type], f->type));
    return size;
}

/* A sub-message with its length, without its tag. */
static size_t measure_sub(encoder *e, const message_type *type, const void *message, int depth)
{
    size_t  index = e->sizes.count;
    size_t *place = arena_push(e->scratch, &e->sizes.items, &e->sizes.count, &e->sizes.capacity, sizeof *place);

    if (!place) return 0;
    size_t size = measure(e, type, message, depth + 1);
    ((size_t *)e->sizes.items)[index] = size; /* the queue may have moved */
    return varint_size(size) + size;
}

static size_t measure_list(encoder *e, const message_field *f, const void *message, size_t tag, int depth)
{
    size_t      count = *COUNT_OF(message, f), size = 0;
    const char *list = *LIST_OF(message, f);

    if (f->label == FIELD_MAP) {
        const void ***order =
            arena_push(e->scratch, &e->orders.items, &e->orders.count, &e->orders.capacity, sizeof *order);
        const void **sorted = message_sorted_entries(f->of, list, count, e->scratch);
        if (!order || !sorted) return 0;
        *order = sorted;
        for (size_t i = 0; i < count; i++) size += tag + measure_sub(e, f->of, sorted[i], depth);
    } else if (f->type == FIELD_SUB) {
        for (size_t i = 0; i < count; i++)
            size += tag + measure_sub(e, f->of, list + i * ((const message_type *)f->of)->size, depth);
    } else if (f->type >= FIELD_STRING) {
        for (size_t i = 0; i < count; i++) size += tag + scalar_size(list + i * sizeof(slice), f->type);
    } else {
        size_t packed = packed_size(f, message);
        size = tag + varint_size(packed) + packed;
    }
    return size;
}

/* Entries of maps hold key and value always, messages what is set. */
static bool is_written(const message_type *type, const message_field *f, const void *message, uint32_t number)
{
    return f->label != FIELD_ABSENT && (!type->name || message_field_set(f, message, number));
}

static size_t measure(encoder *e, const message_type *type, const void *message, int depth)
{
    size_t size = 0;

    if (depth > 2 * MESSAGE_MAX_DEPTH) e->too_deep = true; /* entries of maps count here */
    if (e->too_deep) return 0;
    for (uint32_t n = 1; n < type->field_end; n++) {
        const message_field *f = &type->fields[n];
        size_t               tag = varint_size((uint64_t)n << 3);
        if (!is_written(type, f, message, n)) continue;
        if (f->label == FIELD_REPEATED || f->label == FIELD_MAP)
            size += measure_list(e, f, message, tag, depth);
        else if (f->label == FIELD_EMBEDDED)
            size += tag + measure_sub(e, f->of, AT(message, f), depth);
        else if (f->type == FIELD_SUB)
            size += tag + measure_sub(e, f->of, *LIST_OF(message, f), depth);
        else
            size += tag + scalar_size(AT(message, f), f->type);
    }
    for (const message_unknown *u = *(message_unknown *const *)message; u; u = u->next) size += u->bytes.len;
    return size;
}

/* -- Second walk: bytes ------------------------------------------------------------------------ */

static void emit_bytes(encoder *e, slice bytes)
{
    if (bytes.len) memcpy(e->out, bytes.ptr, bytes.len);
    e->out += bytes.len;
}

static void emit_tag(encoder *e, uint32_t number, int wire)
{
    e->out = put_varint(e->out, (uint64_t)number << 3 | (unsigned)wire);
}

static void emit_scalar(encoder *e, const void *p, int type)
{
    uint32_t bits;
    uint64_t more;

    switch (wire_of[type]) {
    case WIRE_FIXED32:
        memcpy(&bits, p, sizeof bits);
        put_le32(e->out, bits);
        e->out += 4;
        break;
    case WIRE_FIXED64:
        memcpy(&more, p, sizeof more);
        put_le64(e->out, more);
        e->out += 8;
        break;
    case WIRE_LENGTH:
        e->out = put_varint(e->out, ((const slice *)p)->len);
        emit_bytes(e, *(const slice *)p);
        break;
    default: e->out = put_varint(e->out, varint_value(p, type));
    }
}

static void emit_sub(encoder *e, uint32_t number, const message_type *type, const void *message)
{
    size_t size = ((const size_t *)e->sizes.items)[e->sizes.next++];

    emit_tag(e, number, WIRE_LENGTH);
    e->out = put_varint(e->out, size);
    emit_message(e, type, message);
}

static void emit_list(encoder *e, const message_field *f, uint32_t number, const void *message)
{
    size_t      count = *COUNT_OF(message, f);
    const char *list = *LIST_OF(message, f);

    if (f->label == FIELD_MAP) {
        const void **sorted = ((const void ***)e->orders.items)[e->orders.next++];
        for (size_t i = 0; i < count; i++) emit_sub(e, number, f->of, sorted[i]);
    } else if (f->type == FIELD_SUB) {
        for (size_t i = 0; i < count; i++) emit_sub(e, number, f->of, list + i * ((const message_type *)f->of)->size);
    } else if (f->type >= FIELD_STRING) {
        for (size_t i = 0; i < count; i++) {
            emit_tag(e, number, WIRE_LENGTH);
            emit_scalar(e, list + i * sizeof(slice), f->type);
        }
    } else {
        emit_tag(e, number, WIRE_LENGTH);
        e->out = put_varint(e->out, packed_size(f, message));
        for (size_t i = 0; i < count; i++) emit_scalar(e, list + i * size_of[f->type], f->type);
    }
}

static void emit_message(encoder *e, const message_type *type, const void *message)
{
    for (uint32_t n = 1; n < type->field_end; n++) {
        const message_field *f = &type->fields[n];
        if (!is_written(type, f, message, n)) continue;
        if (f->label == FIELD_REPEATED || f->label == FIELD_MAP) {
            emit_list(e, f, n, message);
        } else if (f->label == FIELD_EMBEDDED) {
            emit_sub(e, n, f->of, AT(message, f));
        } else if (f->type == FIELD_SUB) {
            emit_sub(e, n, f->of, *LIST_OF(message, f));
        } else {
            emit_tag(e, n, wire_of[f->type]);
            emit_scalar(e, AT(message, f), f->type);
        }
    }
    for (const message_unknown *u = *(message_unknown *const *)message; u; u = u->next) emit_bytes(e, u->bytes);
}

/* -- Entry points ------------------------------------------------------------------------------ */

static sm_status measure_all(encoder *e, const message_type *type, const void *message, size_t *size, sm_error *err)
{
    *size = measure(e, type, message, 0);
    if (e->too_deep) return FAIL(err, SM_INVALID_ARGUMENT, "messages are nested more than %d deep", MESSAGE_MAX_DEPTH);
    return arena_check(e->scratch, "writing a message", err);
}

sm_status message_encode(const message_type *type, const void *message, arena *a, slice *out, sm_error *err)
{
    arena     scratch;
    size_t    size;
    encoder   e = { .scratch = &scratch };
    sm_status status;

    arena_init(&scratch, a->budget);
    status = measure_all(&e, type, message, &size, err);
    if (status == SM_OK) {
        char *buffer = arena_alloc(a, size);
        e.out = buffer;
        if (buffer) {
            emit_message(&e, type, message);
            *out = slice_make(buffer, size);
        }
        status = arena_check(a, "writing a message", err);
    }
    arena_clear(&scratch);
    return status;
}

sm_status message_size(const message_type *type, const void *message, size_t *size, sm_error *err)
{
    arena     scratch;
    encoder   e = { .scratch = &scratch };
    sm_status status;

    arena_init(&scratch, 0);
    status = measure_all(&e, type, message, size, err);
    arena_clear(&scratch);
    return status;
}
