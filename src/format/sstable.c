/* SPDX-License-Identifier: Apache-2.0 */
/* format/sstable.c - a walk over a LevelDB table.
 *
 *     file    = data block ... | metaindex block (empty) | index block | footer
 *     footer  = metaindex handle, index handle, zeros up to 40 bytes | 57 fb 80 8b 24 75 47 db
 *     handle  = varint offset, varint size (without the trailer)
 *     block   = contents | type (0 raw, 1 snappy) | u32 masked crc32c of contents and type
 *     contents= entry ... | u32 offset of each restart | u32 number of restarts
 *     entry   = varint shared, varint unshared, varint value length | key suffix | value
 *
 * A key is the first `shared` bytes of the key before it and its own suffix; at a restart shared is
 * 0. An entry of the index block has a key that no key of its block exceeds and a handle as its
 * value. Restarts serve binary search: we read everything, once, in order, and ignore where they
 * point. */
#include "format/sstable.h"

#include "base/crc32c.h"
#include "base/str.h"
#include "format/snappy.h"
#include "format/wire.h"

enum { FOOTER_SIZE = 48, TRAILER_SIZE = 5 };
#define TABLE_MAGIC 0xdb4775248b80fb57u

typedef struct table {
    slice          file;
    arena         *arena;
    sstable_entry *entry;
    void          *context;
    str            last_key; /* of the walk over all data blocks */
    bool           any;
    sm_error      *err;
} table;

typedef struct block_cursor {
    const char *p, *end; /* entries only                    */
    str         key;
    slice       value;
} block_cursor;

static const char *get_handle(const char *p, const char *end, uint64_t *offset, uint64_t *size)
{
    p = get_varint(p, end, offset);
    return p ? get_varint(p, end, size) : NULL;
}

/* The entries of the block, verified and decompressed. */
static sm_status read_block(table *t, uint64_t offset, uint64_t size, slice *entries)
{
    if (offset > t->file.len || size > t->file.len - offset || t->file.len - offset - size < TRAILER_SIZE)
        return FAIL(t->err, SM_DATA_LOSS, "table block at %llu lies outside the file", (unsigned long long)offset);
    slice    block = slice_make(t->file.ptr + offset, (size_t)size);
    char     type = block.ptr[size];
    uint32_t want = crc32c_unmask(le32(block.ptr + size + 1)), got = crc32c(slice_make(block.ptr, block.len + 1));
    if (want != got)
        return FAIL(t->err, SM_DATA_LOSS, "block checksum mismatch: table block at %llu: crc %08x, expected %08x",
                    (unsigned long long)offset, got, want);
    if (type == 1)
        TRY(snappy_decode(block, t->arena, &block, t->err));
    else if (type)
        return FAIL(t->err, SM_DATA_LOSS, "table block at %llu: bad block type %d", (unsigned long long)offset, type);
    if (block.len < 4) return FAIL(t->err, SM_DATA_LOSS, "bad block contents");
    uint32_t restarts = le32(block.ptr + block.len - 4);
    if (restarts > (block.len - 4) / 4) return FAIL(t->err, SM_DATA_LOSS, "bad block contents");
    *entries = slice_head(block, block.len - 4 - (size_t)restarts * 4);
    return SM_OK;
}

static sm_status next_entry(table *t, block_cursor *c)
{
    uint64_t shared = 0, unshared = 0, length = 0;

    c->p = get_varint(c->p, c->end, &shared);
    if (c->p) c->p = get_varint(c->p, c->end, &unshared);
    if (c->p) c->p = get_varint(c->p, c->end, &length);
    if (!c->p || shared > c->key.len || unshared > (size_t)(c->end - c->p) || length > (size_t)(c->end - c->p) - unshared)
        return FAIL(t->err, SM_DATA_LOSS, "bad entry in block");
    c->key.len = (size_t)shared;
    str_add(&c->key, slice_make(c->p, (size_t)unshared));
    if (c->key.failed) return FAIL(t->err, SM_RESOURCE_EXHAUSTED, "out of memory while reading a table");
    c->value = slice_make(c->p + unshared, (size_t)length);
    c->p += unshared + length;
    return SM_OK;
}

static sm_status deliver(table *t, const block_cursor *c)
{
    slice key = str_slice(&c->key);

    if (t->any && slice_cmp(key, str_slice(&t->last_key)) <= 0)
        return FAIL(t->err, SM_DATA_LOSS, "table keys are not in order");
    t->any = true;
    str_reset(&t->last_key);
    str_add(&t->last_key, key);
    if (t->last_key.failed) return FAIL(t->err, SM_RESOURCE_EXHAUSTED, "out of memory while reading a table");
    return t->entry(t->context, key, c->value, t->err);
}

/* Calls `each` for every entry of the block. */
static sm_status walk_block(table *t, slice entries, sm_status (*each)(table *, const block_cursor *))
{
    block_cursor c = { entries.ptr, entries.ptr + entries.len, { 0 }, { 0 } };
    sm_status    status = SM_OK;

    str_init(&c.key);
    while (status == SM_OK && c.p < c.end) {
        status = next_entry(t, &c);
        if (status == SM_OK) status = each(t, &c);
    }
    str_clear(&c.key);
    return status;
}

static sm_status walk_data_block(table *t, const block_cursor *index)
{
    uint64_t offset, size;
    slice    entries;

    if (!get_handle(index->value.ptr, index->value.ptr + index->value.len, &offset, &size))
        return FAIL(t->err, SM_DATA_LOSS, "bad block handle");
    TRY(read_block(t, offset, size, &entries));
    return walk_block(t, entries, deliver);
}

sm_status sstable_each(slice file, arena *a, sstable_entry *entry, void *context, sm_error *err)
{
    table    t = { .file = file, .arena = a, .entry = entry, .context = context, .err = err };
    uint64_t offset, size;
    slice    entries;

    if (file.len < FOOTER_SIZE) return FAIL(err, SM_DATA_LOSS, "file is too short to be an sstable");
    const char *footer = file.ptr + file.len - FOOTER_SIZE, *end = footer + FOOTER_SIZE - 8;
    if (le64(end) != TABLE_MAGIC) return FAIL(err, SM_DATA_LOSS, "not an sstable (bad magic number)");
    footer = get_handle(footer, end, &offset, &size); /* metaindex: empty, not looked at */
    if (!footer || !get_handle(footer, end, &offset, &size)) return FAIL(err, SM_DATA_LOSS, "bad block handle");
    TRY(read_block(&t, offset, size, &entries));
    str_init(&t.last_key);
    sm_status status = walk_block(&t, entries, walk_data_block);
    str_clear(&t.last_key);
    return status;
}
