/* SPDX-License-Identifier: Apache-2.0 */
/* format/bundle.c - the index of a tensor bundle.
 *
 *     <prefix>.index                   a sorted table (sstable.c) of
 *         ""            -> BundleHeaderProto  { num_shards, endianness, version }
 *         00 ...        -> BundleEntryProto   of a part of a partitioned tensor (slice_key.c)
 *         <name>        -> BundleEntryProto   { dtype, shape, shard_id, offset, size, crc32c ... }
 *     <prefix>.data-00000-of-00002     the bytes of the tensors that say shard 0, and so on
 *
 * The index is decoded whole when the bundle is opened: it is small (about 100 bytes for each
 * tensor), its blocks have checksums to verify, and an array in the order of keys is both the
 * listing and the search structure. */
#include "base/heap.h"
#include "format/bundle_int.h"
#include "format/sstable.h"
#include "format/tensor_proto.h"

#define MAX_SHARDS 100000 /* five digits in the name of a data file */

/* What an index may make us allocate: a snappy block yields up to 64 times its size, an entry of
 * few bytes a struct. */
#define ARENA_FLOOR ((size_t)64 << 20)
#define ARENA_FACTOR 256

/* -- Entries ----------------------------------------------------------------------------------- */

static sm_status read_header(bundle *b, slice value, sm_error *err)
{
    tf_BundleHeaderProto header = { 0 };

    TRY(message_decode(&type_BundleHeaderProto, value, &b->arena, &header, err));
    if (header.num_shards < 0 || header.num_shards > MAX_SHARDS)
        return FAIL(err, SM_DATA_LOSS, "bad number of shards: %d", header.num_shards);
    if (header.version && header.version->min_consumer > 1)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "Checkpoint min consumer version %d above current version 1 for TensorFlow "
                    "checkpoint: %s",
                    header.version->min_consumer, b->shown);
    b->big_endian = header.endianness == tf_BundleHeaderProto_Endianness_BIG;
    b->shards = header.num_shards;
    b->files = ARENA_ARRAY(&b->arena, file_view, (size_t)b->shards);
    b->opened = ARENA_ARRAY(&b->arena, bool, (size_t)b->shards);
    b->has_header = true;
    return arena_check(&b->arena, "reading a checkpoint", err);
}

static sm_status fill_entry(const bundle *b, const tf_BundleEntryProto *p, bundle_entry *e, sm_error *err)
{
    e->dtype = (sm_dtype)p->dtype;
    size_t element = dtype_size(e->dtype);
    if (!element) return FAIL(err, SM_DATA_LOSS, "unknown dtype %d", p->dtype);
    TRY(shape_from_proto(p->shape, &e->shape, err));
    if (!shape_known(&e->shape)) return FAIL(err, SM_DATA_LOSS, "the shape is not fully known");
    int64_t count = shape_count(&e->shape);
    if (count < 0 || (uint64_t)count > SIZE_MAX / element) return FAIL(err, SM_DATA_LOSS, "the shape is too large");
    if (p->shard_id < 0 || p->shard_id >= b->shards)
        return FAIL(err, SM_DATA_LOSS, "shard %d of %d", p->shard_id, b->shards);
    if (p->offset < 0 || p->size < 0) return FAIL(err, SM_DATA_LOSS, "negative offset or size");
    e->count = (size_t)count;
    e->bytes = e->count * element;
    e->shard = p->shard_id;
    e->offset = (uint64_t)p->offset;
    e->size = (uint64_t)p->size;
    e->crc = p->crc32c;
    e->slices = p->slices;
    e->slice_count = p->slices_count;
    return SM_OK;
}

static sm_status read_entry(void *context, slice key, slice value, sm_error *err)
{
    bundle             *b = context;
    tf_BundleEntryProto p = { 0 };
    bool                part = key.len && key.ptr[0] == 0;
    entry_list         *list = part ? &b->parts : &b->tensors;

    if (!key.len) return read_header(b, value, err);
    if (!b->has_header) return FAIL(err, SM_DATA_LOSS, "the header entry is missing");
    TRY_IN(message_decode(&type_BundleEntryProto, value, &b->arena, &p, err), err, "tensor '" SLICE_FMT "'",
           SLICE_ARG(key));
    bundle_entry *e = arena_push(&b->arena, &list->items, &list->count, &list->capacity, sizeof *e);
    if (!e) return arena_check(&b->arena, "reading a checkpoint", err);
    e->key = arena_copy(&b->arena, key);
    TRY_IN(fill_entry(b, &p, e, err), err, "tensor '" SLICE_FMT "'", SLICE_ARG(key));
    return arena_check(&b->arena, "reading a checkpoint", err);
}

/* -- Opening ----------------------------------------------------------------------------------- */

static sm_status open_index(bundle *b, sm_error *err)
{
    const char *path = arena_printf(&b->arena, "%s.index", b->prefix);

    TRY(arena_check(&b->arena, "opening a checkpoint", err));
    sm_status status = folder_open(b->folder, path, b->copy, &b->index, err);
    if (status == SM_NOT_FOUND)
        return FAIL_KIND(err, SM_NOT_FOUND, "NotFoundError",
                         "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for %s", b->shown);
    TRY(status);
    b->arena.budget = ARENA_FLOOR + ARENA_FACTOR * b->index.bytes.len;
    TRY_IN(sstable_each(b->index.bytes, &b->arena, read_entry, b, err), err, "%s.index", b->shown);
    if (!b->has_header) return FAIL(err, SM_DATA_LOSS, "%s.index: the header entry is missing", b->shown);
    return SM_OK;
}

sm_status bundle_open(folder *files, const char *prefix, bool copy, bundle **out, sm_error *err)
{
    bundle *b = heap_zero(sizeof *b);

    if (!b) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory while opening a checkpoint");
    arena_init(&b->arena, 0);
    pthread_mutex_init(&b->lock, NULL);
    b->folder = folder_ref(files);
    b->copy = copy;
    b->prefix = arena_strdup(&b->arena, slice_of(prefix));
    b->shown = folder_show(files, prefix, &b->arena);
    sm_status status = open_index(b, err);
    if (status != SM_OK) {
        bundle_close(b);
        return status;
    }
    *out = b;
    return SM_OK;
}

void bundle_close(bundle *b)
{
    if (!b) return;
    for (int i = 0; b->opened && i < b->shards; i++) {
        if (b->opened[i]) file_close(&b->files[i]);
    }
    file_close(&b->index);
    folder_unref(b->folder);
    pthread_mutex_destroy(&b->lock);
    arena_clear(&b->arena);
    heap_free(b);
}

/* -- Listing and finding ----------------------------------------------------------------------- */

size_t bundle_count(const bundle *b)
{
    return b->tensors.count;
}

const bundle_entry *bundle_at(const bundle *b, size_t i)
{
    return &b->tensors.items[i];
}

static const bundle_entry *find_in(const entry_list *list, slice key)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    c = slice_cmp(list->items[middle].key, key);
        if (!c) return &list->items[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const bundle_entry *bundle_find(const bundle *b, slice key)
{
    return find_in(&b->tensors, key);
}

const bundle_entry *bundle_find_part(const bundle *b, slice key)
{
    return find_in(&b->parts, key);
}

sm_status bundle_lookup(const bundle *b, slice key, const bundle_entry **out, sm_error *err)
{
    *out = bundle_find(b, key);
    if (*out) return SM_OK;
    return FAIL_KIND(err, SM_NOT_FOUND, "NotFoundError", "Key " SLICE_FMT " not found in checkpoint", SLICE_ARG(key));
}

int bundle_shards(const bundle *b)
{
    return b->shards;
}

bool bundle_big_endian(const bundle *b)
{
    return b->big_endian;
}
