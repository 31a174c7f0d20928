/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/mutate.c - field-wise mutation by the message tables; block-wise mutation of a table file.
 *
 * A walk collects every field that is set, as a `site`. A mutation picks a message type that occurs, then one of its sites, so
 * that the thousands of nodes of an object graph do not hide the one signature. */
#include "mutate.h"

#include "base/crc32c.h"

uint64_t mutate_next(mutate_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t mutate_below(mutate_random *r, uint64_t n)
{
    return n ? mutate_next(r) % n : 0;
}

/* -- The walk ------------------------------------------------------------------------------------------------------- */

typedef struct site {
    const message_type  *type;
    const message_field *field;
    char                *message;
} site;

typedef struct sites {
    site               *items;
    size_t              count, capacity;
    const message_type *types[256];
    size_t              type_count;
    slice              *strings;
    size_t              string_count, string_capacity;
    arena              *a;
    int                 depth;
} sites;

#define MOST_SITES 60000
#define AT(message, offset, T) (*(T *)(void *)((char *)(message) + (offset)))

static void walk(sites *s, const message_type *type, char *message);

static void add_site(sites *s, const message_type *type, const message_field *f, char *message)
{
    site  *x = arena_push(s->a, &s->items, &s->count, &s->capacity, sizeof *x);
    size_t t = 0;
    if (!x) return;
    *x = (site){ type, f, message };
    while (t < s->type_count && s->types[t] != type) t++;
    if (t == s->type_count && t < 256) s->types[s->type_count++] = type;
}

static void add_string(sites *s, slice text)
{
    slice *x = arena_push(s->a, &s->strings, &s->string_count, &s->string_capacity, sizeof *x);
    if (x) *x = text;
}

static void walk_list(sites *s, const message_field *f, char *message)
{
    size_t count = AT(message, f->extra, size_t);
    char  *items = AT(message, f->offset, char *);
    bool   has_messages = f->label == FIELD_MAP || f->type == FIELD_SUB;
    for (size_t i = 0; has_messages && i < count; i++) walk(s, f->of, items + i * ((const message_type *)f->of)->size);
    for (size_t i = 0; f->type == FIELD_STRING && f->label == FIELD_REPEATED && i < count; i++)
        add_string(s, ((slice *)(void *)items)[i]);
}

static void walk_field(sites *s, const message_type *type, int number, char *message)
{
    const message_field *f = &type->fields[number];
    switch (f->label) {
    case FIELD_ABSENT: return;
    case FIELD_ONEOF:
        if (AT(message, f->extra, uint32_t) != (uint32_t)number) return;
        if (f->type == FIELD_SUB && AT(message, f->offset, char *)) walk(s, f->of, AT(message, f->offset, char *));
        break;
    case FIELD_POINTER:
        if (!AT(message, f->offset, char *)) return;
        walk(s, f->of, AT(message, f->offset, char *));
        break;
    case FIELD_EMBEDDED: walk(s, f->of, message + f->offset); return;
    case FIELD_REPEATED:
    case FIELD_MAP:
        if (!AT(message, f->extra, size_t)) return;
        walk_list(s, f, message);
        break;
    default: break;
    }
    if (f->type == FIELD_STRING && f->label == FIELD_PLAIN) add_string(s, AT(message, f->offset, slice));
    add_site(s, type, f, message);
}

static void walk(sites *s, const message_type *type, char *message)
{
    if (s->count > MOST_SITES || s->depth > 90) return;
    s->depth++;
    for (int i = 1; i < type->field_end; i++) walk_field(s, type, i, message);
    s->depth--;
}

/* -- Changes ---------------------------------------------------------------------------------------------------------- */

static int64_t odd_integer(mutate_random *r, int64_t old)
{
    static const int64_t odd[] = { 0,
                                   1,
                                   -1,
                                   2,
                                   3,
                                   7,
                                   8,
                                   16,
                                   17,
                                   127,
                                   128,
                                   255,
                                   256,
                                   65535,
                                   65536,
                                   INT32_MAX,
                                   INT32_MIN,
                                   (int64_t)INT32_MAX + 1,
                                   INT64_MAX,
                                   INT64_MIN,
                                   (int64_t)1 << 40,
                                   (int64_t)1 << 62 };
    switch (mutate_below(r, 5)) {
    case 0: return (int64_t)((uint64_t)old + 1);
    case 1: return (int64_t)((uint64_t)old - 1);
    case 2: return (int64_t)mutate_below(r, 40) - 4;
    default: return odd[mutate_below(r, sizeof odd / sizeof *odd)];
    }
}

static slice odd_string(sites *s, mutate_random *r, slice old)
{
    slice copy;
    switch (mutate_below(r, 6)) {
    case 0: return (slice){ "", 0 };
    case 1: return slice_head(old, mutate_below(r, old.len + 1));
    case 2:
        copy = arena_copy(s->a, old);
        if (copy.ptr && copy.len) ((char *)(uintptr_t)copy.ptr)[mutate_below(r, copy.len)] = (char)mutate_next(r);
        return copy.ptr ? copy : old;
    default: return s->string_count ? s->strings[mutate_below(r, s->string_count)] : old;
    }
}

static void change_scalar(sites *s, mutate_random *r, const message_field *f, char *at)
{
    switch ((field_type)f->type) {
    case FIELD_ENUM: *(int32_t *)(void *)at = (int32_t)mutate_below(r, 36) + (mutate_below(r, 8) ? 0 : 100); break;
    case FIELD_INT32:
    case FIELD_UINT32:
    case FIELD_FIXED32: *(int32_t *)(void *)at = (int32_t)odd_integer(r, *(int32_t *)(void *)at); break;
    case FIELD_INT64:
    case FIELD_UINT64:
    case FIELD_SINT64:
    case FIELD_FIXED64: *(int64_t *)(void *)at = odd_integer(r, *(int64_t *)(void *)at); break;
    case FIELD_FLOAT: *(float *)(void *)at = (float)odd_integer(r, 0) * 0.5f; break;
    case FIELD_DOUBLE: *(double *)(void *)at = (double)odd_integer(r, 0) * 0.5; break;
    case FIELD_BOOL: *(bool *)(void *)at = !*(bool *)(void *)at; break;
    case FIELD_STRING:
    case FIELD_BYTES: *(slice *)(void *)at = odd_string(s, r, *(slice *)(void *)at); break;
    default: break;
    }
}

static size_t scalar_size(const message_field *f)
{
    switch ((field_type)f->type) {
    case FIELD_BOOL: return sizeof(bool);
    case FIELD_STRING:
    case FIELD_BYTES: return sizeof(slice);
    case FIELD_INT64:
    case FIELD_UINT64:
    case FIELD_SINT64:
    case FIELD_FIXED64:
    case FIELD_DOUBLE: return 8;
    default: return 4;
    }
}

static void change_list(sites *s, mutate_random *r, const message_field *f, char *message)
{
    bool    messages = f->label == FIELD_MAP || f->type == FIELD_SUB;
    size_t  size = messages ? ((const message_type *)f->of)->size : scalar_size(f);
    size_t *count = &AT(message, f->extra, size_t), i = mutate_below(r, *count), j = mutate_below(r, *count);
    char   *items = AT(message, f->offset, char *), *copy;
    switch (mutate_below(r, messages ? 4 : 6)) {
    case 0:
        memmove(items + i * size, items + (i + 1) * size, (*count - i - 1) * size);
        --*count;
        break;
    case 1:
        copy = arena_alloc(s->a, (*count + 1) * size);
        if (!copy) return;
        memcpy(copy, items, *count * size);
        memcpy(copy + *count * size, items + i * size, size);
        AT(message, f->offset, char *) = copy;
        ++*count;
        break;
    case 2: *count = i; break;
    case 3:
        copy = arena_alloc(s->a, size);
        if (!copy) return;
        memcpy(copy, items + i * size, size);
        memcpy(items + i * size, items + j * size, size);
        memcpy(items + j * size, copy, size);
        break;
    default: /* scalars of a list may belong to the input: change a copy */
        copy = arena_alloc(s->a, *count * size);
        if (!copy) return;
        memcpy(copy, items, *count * size);
        AT(message, f->offset, char *) = copy;
        change_scalar(s, r, f, copy + i * size);
    }
}

static void change(sites *s, mutate_random *r, const site *x)
{
    const message_field *f = x->field;
    switch (f->label) {
    case FIELD_PLAIN:
    case FIELD_OPTIONAL: change_scalar(s, r, f, x->message + f->offset); break;
    case FIELD_POINTER:
        if (mutate_below(r, 4) == 0) AT(x->message, f->offset, void *) = NULL;
        break;
    case FIELD_ONEOF:
        if (mutate_below(r, 8) == 0)
            AT(x->message, f->extra, uint32_t) = 0;
        else if (f->type != FIELD_SUB)
            change_scalar(s, r, f, x->message + f->offset);
        break;
    case FIELD_REPEATED:
    case FIELD_MAP:
        if (AT(x->message, f->extra, size_t)) change_list(s, r, f, x->message);
        break;
    default: break;
    }
}

void mutate_message(const message_type *type, void *message, int count, mutate_random *r, arena *a)
{
    sites s = { .a = a };
    walk(&s, type, message);
    for (int i = 0; i < count && s.count && s.type_count; i++) {
        const message_type *chosen = s.types[mutate_below(r, s.type_count)];
        size_t              start = mutate_below(r, s.count);
        for (size_t k = 0; k < s.count; k++) {
            const site *x = &s.items[(start + k) % s.count];
            if (x->type != chosen) continue;
            change(&s, r, x);
            break;
        }
    }
}

/* -- Tables ------------------------------------------------------------------------------------------------------------- */

static bool read_varint(const char *bytes, size_t size, size_t *at, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && *at < size; shift += 7) {
        uint8_t b = (uint8_t)bytes[(*at)++];
        *out |= (uint64_t)(b & 127) << shift;
        if (!(b & 128)) return true;
    }
    return false;
}

/* The data block that the index block's first entry names, or the index block itself. */
bool mutate_table(char *bytes, size_t size, mutate_random *r)
{
    if (size < 48) return false;
    size_t   at = size - 48;
    uint64_t meta_at, meta_size, block_at, block_size, shared, unshared, length;
    if (!read_varint(bytes, size, &at, &meta_at) || !read_varint(bytes, size, &at, &meta_size) ||
        !read_varint(bytes, size, &at, &block_at) || !read_varint(bytes, size, &at, &block_size))
        return false;
    if (mutate_below(r, 4)) {
        at = (size_t)block_at;
        if (block_at >= size || !read_varint(bytes, size, &at, &shared) || !read_varint(bytes, size, &at, &unshared) ||
            !read_varint(bytes, size, &at, &length) || unshared > size)
            return false;
        at += (size_t)unshared;
        if (!read_varint(bytes, size, &at, &block_at) || !read_varint(bytes, size, &at, &block_size)) return false;
    }
    if (block_at > size || block_size > size || block_at + block_size + 5 > size || block_size == 0) return false;
    for (uint64_t i = mutate_below(r, 4) + 1; i-- > 0;) {
        char *b = &bytes[block_at + mutate_below(r, block_size)];
        *b = mutate_below(r, 2) ? (char)mutate_next(r) : (char)(*b ^ (1 << mutate_below(r, 8)));
    }
    uint32_t crc = crc32c_mask(crc32c(slice_make(bytes + block_at, (size_t)block_size + 1)));
    for (int i = 0; i < 4; i++) bytes[block_at + block_size + 1 + (uint64_t)i] = (char)(crc >> (8 * i));
    return true;
}
