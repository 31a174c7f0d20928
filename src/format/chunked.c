/* SPDX-License-Identifier: Apache-2.0 */
/* format/chunked.c - the merger of TensorFlow's proto_splitter.
 *
 * The file's last record is a ChunkMetadata: where each chunk lies, and a tree that says what it is: a ChunkedMessage may
 * have a chunk of its own, the bulk of the message, and fields that were cut out of it, each with the tags that lead to it
 * (field, then index or map key) and again a ChunkedMessage. A field without tags continues the message itself: a list cut
 * into several chunks. Fields are merged in the order of their tags, so that a list grows from its beginning. */
#include "format/chunked.h"

#include "format/message_int.h"
#include "format/riegeli.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct merger {
    riegeli                 file;
    const tf_ChunkMetadata *metadata;
    arena                  *arena;
    sm_error               *err;
} merger;

/* A message, or the place of a field that is none. */
typedef struct target {
    const message_type  *type; /* NULL: a scalar */
    const message_field *field;
    void                *place;
} target;

static sm_status misfit(merger *m, const message_type *type, const char *what)
{
    return FAIL(m->err, SM_DATA_LOSS, "the description of the chunks does not fit %s: %s",
                type && type->name ? type->name : "the message", what);
}

static sm_status chunk_bytes(merger *m, uint64_t index, slice *out)
{
    if (index >= m->metadata->chunks_count)
        return FAIL(m->err, SM_DATA_LOSS, "there is no chunk %" PRIu64 " among %zu", index, m->metadata->chunks_count);
    const tf_ChunkInfo *c = &m->metadata->chunks[index];
    TRY(riegeli_at(&m->file, c->offset, out, m->err));
    if (out->len != c->size)
        return FAIL(m->err, SM_DATA_LOSS, "chunk %" PRIu64 " has %zu bytes and should have %" PRIu64, index, out->len,
                    c->size);
    return SM_OK;
}

/* -- Walking to a field ---------------------------------------------------------------------------------- */

/* Lets the list have more than `index` elements; new ones are zeroed. */
static sm_status grow_list(merger *m, void *message, const message_field *f, uint64_t index)
{
    size_t *count = COUNT_OF(message, f),
           size = f->type == FIELD_SUB ? ((const message_type *)f->of)->size : size_of[f->type];
    void **list = LIST_OF(message, f);

    if (index < *count) return SM_OK;
    if (index >= SIZE_MAX / 2 / size) return misfit(m, NULL, "an index is too large");
    void *grown = arena_grow(m->arena, *list, *count * size, ((size_t)index + 1) * size);
    if (!grown) return arena_check(m->arena, "putting a chunked message together", m->err);
    *list = grown;
    *count = (size_t)index + 1;
    return SM_OK;
}

static sm_status enter_list(merger *m, void *message, const message_field *f, const tf_FieldIndex *tag, target *t)
{
    const message_type *sub = f->type == FIELD_SUB ? f->of : NULL;

    if (tag->which != tf_FieldIndex_index) return misfit(m, sub, "an element of a list has no index");
    TRY(grow_list(m, message, f, tag->index));
    t->type = sub;
    t->place = (char *)*LIST_OF(message, f) + tag->index * (sub ? sub->size : size_of[f->type]);
    return SM_OK;
}

/* The bytes of a key as the entry keeps it. false: the key is of another type. */
static bool key_value(const tf_FieldIndex_MapKey *k, field_type type, void *out)
{
    switch (k->which) {
    case tf_FieldIndex_MapKey_s: return type == FIELD_STRING ? (memcpy(out, &k->s, sizeof k->s), true) : false;
    case tf_FieldIndex_MapKey_boolean:
        return type == FIELD_BOOL ? (memcpy(out, &k->boolean, sizeof k->boolean), true) : false;
    case tf_FieldIndex_MapKey_ui32:
        return type == FIELD_UINT32 || type == FIELD_FIXED32 ? (memcpy(out, &k->ui32, sizeof k->ui32), true) : false;
    case tf_FieldIndex_MapKey_ui64:
        return type == FIELD_UINT64 || type == FIELD_FIXED64 ? (memcpy(out, &k->ui64, sizeof k->ui64), true) : false;
    case tf_FieldIndex_MapKey_i32: return type == FIELD_INT32 ? (memcpy(out, &k->i32, sizeof k->i32), true) : false;
    case tf_FieldIndex_MapKey_i64:
        return type == FIELD_INT64 || type == FIELD_SINT64 ? (memcpy(out, &k->i64, sizeof k->i64), true) : false;
    default: return false;
    }
}

static bool same_key(const message_field *key, const void *a, const void *b)
{
    if (key->type == FIELD_STRING) return slice_eq(*(const slice *)a, *(const slice *)b);
    return memcmp(a, b, size_of[key->type]) == 0;
}

static sm_status enter_map(merger *m, void *message, const message_field *f, const tf_FieldIndex *tag, target *t)
{
    const message_type  *entry = f->of;
    const message_field *key = &entry->fields[1], *value = &entry->fields[2];
    union {
        slice    text;
        uint64_t number;
    } wanted = { .number = 0 };
    size_t i = 0, count = *COUNT_OF(message, f);

    if (tag->which != tf_FieldIndex_map_key || !tag->map_key || !key_value(tag->map_key, (field_type)key->type, &wanted))
        return misfit(m, NULL, "an entry of a map has no key of its type");
    while (i < count && !same_key(key, AT((char *)*LIST_OF(message, f) + i * entry->size, key), &wanted)) i++;
    TRY(grow_list(m, message, f, i));
    char *at = (char *)*LIST_OF(message, f) + i * entry->size;
    memcpy(AT(at, key), &wanted, key->type == FIELD_STRING ? sizeof(slice) : size_of[key->type]);
    t->field = value;
    t->type = value->type == FIELD_SUB ? value->of : NULL;
    t->place = AT(at, value);
    return SM_OK;
}

static sm_status enter_single(merger *m, void *message, const message_field *f, uint32_t number, target *t)
{
    void **pointer = (void **)(void *)AT(message, f);

    if (f->label == FIELD_OPTIONAL) *(bool *)((char *)message + f->extra) = true;
    if (f->label == FIELD_ONEOF && *WHICH_OF(message, f) != number) {
        *WHICH_OF(message, f) = number;
        memset(pointer, 0, f->type == FIELD_SUB ? sizeof *pointer : size_of[f->type]);
    }
    t->type = f->type == FIELD_SUB ? f->of : NULL;
    t->place = pointer;
    if (!t->type || f->label == FIELD_EMBEDDED) return SM_OK;
    if (!*pointer) *pointer = arena_alloc(m->arena, t->type->size);
    t->place = *pointer;
    return arena_check(m->arena, "putting a chunked message together", m->err);
}

/* Follows the tags from *t; *t becomes what they lead to. */
static sm_status walk(merger *m, const tf_FieldIndex *tag, size_t count, target *t)
{
    for (size_t i = 0; i < count; i++) {
        if (!t->type || tag[i].which != tf_FieldIndex_field) return misfit(m, t->type, "a tag that is no field");
        uint32_t             number = tag[i].field;
        const message_field *f = number < t->type->field_end ? &t->type->fields[number] : NULL;
        if (!f || f->label == FIELD_ABSENT) return misfit(m, t->type, "there is no such field");
        void *message = t->place;
        bool  list = f->label == FIELD_REPEATED, entries = f->label == FIELD_MAP;
        if ((list || entries) && ++i == count) return misfit(m, t->type, "the tags end at a list");
        t->field = f;
        if (list)
            TRY(enter_list(m, message, f, &tag[i], t));
        else if (entries)
            TRY(enter_map(m, message, f, &tag[i], t));
        else
            TRY(enter_single(m, message, f, number, t));
    }
    return SM_OK;
}

/* -- Merging ---------------------------------------------------------------------------------------------- */

/* An index or a field comes before a greater one, all keys are equal, fewer tags come first, then the chunk's number. */
static uint64_t tag_rank(const tf_FieldIndex *t)
{
    return t->which == tf_FieldIndex_field ? t->field : t->which == tf_FieldIndex_index ? t->index : 0;
}

static int compare_fields(const void *x, const void *y)
{
    const tf_ChunkedField *a = *(const tf_ChunkedField *const *)x, *b = *(const tf_ChunkedField *const *)y;

    for (size_t i = 0; i < a->field_tag_count && i < b->field_tag_count; i++) {
        uint64_t p = tag_rank(&a->field_tag[i]), q = tag_rank(&b->field_tag[i]);
        if (p != q) return p < q ? -1 : 1;
    }
    if (a->field_tag_count != b->field_tag_count) return a->field_tag_count < b->field_tag_count ? -1 : 1;
    uint64_t p = a->message ? a->message->chunk_index : 0, q = b->message ? b->message->chunk_index : 0;
    return p < q ? -1 : p > q;
}

static sm_status merge(merger *m, const tf_ChunkedMessage *part, target t);

static sm_status merge_scalar(merger *m, const tf_ChunkedMessage *part, const target *t)
{
    if (t->field->type != FIELD_STRING && t->field->type != FIELD_BYTES)
        return FAIL(m->err, SM_UNIMPLEMENTED, "field %s is a number in a chunk of its own", t->field->name);
    if (!part->has_chunk_index) return misfit(m, NULL, "a string without a chunk");
    return chunk_bytes(m, part->chunk_index, t->place);
}

static sm_status merge_fields(merger *m, const tf_ChunkedMessage *part, const target *t)
{
    size_t                  n = part->chunked_fields_count;
    const tf_ChunkedField **sorted = ARENA_ARRAY(m->arena, const tf_ChunkedField *, n + 1);

    if (!sorted) return arena_check(m->arena, "putting a chunked message together", m->err);
    for (size_t i = 0; i < n; i++) sorted[i] = &part->chunked_fields[i];
    if (n) qsort(sorted, n, sizeof *sorted, compare_fields);
    for (size_t i = 0; i < n; i++) {
        target to = *t;
        if (!sorted[i]->message) continue;
        TRY(walk(m, sorted[i]->field_tag, sorted[i]->field_tag_count, &to));
        TRY(merge(m, sorted[i]->message, to));
    }
    return SM_OK;
}

static sm_status merge(merger *m, const tf_ChunkedMessage *part, target t)
{
    slice bytes;

    if (!t.type) return merge_scalar(m, part, &t);
    if (part->has_chunk_index) {
        TRY(chunk_bytes(m, part->chunk_index, &bytes));
        TRY(message_decode(t.type, bytes, m->arena, t.place, m->err));
    }
    return merge_fields(m, part, &t);
}

sm_status chunked_decode(const message_type *type, slice file, arena *a, void *message, sm_error *err)
{
    tf_ChunkMetadata metadata = { 0 };
    merger           m = { .metadata = &metadata, .arena = a, .err = err };
    slice            last;

    TRY(riegeli_open(file, a, &m.file, err));
    TRY(riegeli_last(&m.file, &last, err));
    TRY(message_decode(&type_ChunkMetadata, last, a, &metadata, err));
    if (metadata.version && metadata.version->join_version > 0)
        return FAIL(err, SM_UNIMPLEMENTED, "the chunks need a reader of version %d", metadata.version->join_version);
    if (!metadata.message) return misfit(&m, type, "it is empty");
    return merge(&m, metadata.message, (target){ .type = type, .place = message });
}
