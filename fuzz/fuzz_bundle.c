/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_bundle.c - any bytes as a tensor bundle.
 *
 *     kind  u16 length  that many bytes  the rest
 *
 * kind 0: the bytes are the index file. kind 1 and 2: they are the contents of one data block (raw,
 * snappy), around which a table with right checksums is built, so that inputs reach the entries.
 * The rest is the data file. All tensors are listed, viewed, verified and read. */
#include "base/crc32c.h"
#include "base/heap.h"
#include "format/bundle.h"
#include "format/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { READ_LIMIT = 1 << 20 };

static void add_block(str *file, slice contents, char type, str *handle)
{
    char   bytes[24], *p = put_varint(bytes, file->len);
    size_t from = file->len;

    str_add(handle, slice_make(bytes, (size_t)(put_varint(p, contents.len) - bytes)));
    str_add(file, contents);
    str_addc(file, type);
    put_le32(bytes, crc32c_mask(crc32c(slice_make(file->ptr + from, file->len - from))));
    str_add(file, slice_make(bytes, 4));
}

static void build_table(str *file, slice contents, char type)
{
    str  index, handle, footer;
    char zeros[40] = { 0 };

    str_init(&index);
    str_init(&handle);
    str_init(&footer);
    add_block(file, contents, type, &handle);
    str_addc(&index, 0);
    str_addc(&index, 1);
    str_addc(&index, (char)handle.len);
    str_addc(&index, 'z');
    str_add(&index, str_slice(&handle));
    str_add(&index, slice_make("\0\0\0\0\1\0\0\0", 8));
    add_block(file, slice_make("\0\0\0\0\1\0\0\0", 8), 0, &footer);
    add_block(file, str_slice(&index), 0, &footer);
    str_add(&footer, slice_make(zeros, 40 - footer.len));
    str_add(&footer, slice_make("\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8));
    str_add(file, str_slice(&footer));
    str_clear(&index);
    str_clear(&handle);
    str_clear(&footer);
}

static void write_whole(const char *path, slice bytes)
{
    FILE *f = fopen(path, "wb");
    assert(f);
    if (bytes.len) assert(fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len);
    assert(fclose(f) == 0);
}

static sm_status one_string(void *context, size_t i, slice bytes, sm_error *err)
{
    size_t *total = context;
    (void)err;
    assert(i < SIZE_MAX);
    for (size_t k = 0; k < bytes.len; k++) *total += (uint8_t)bytes.ptr[k];
    return SM_OK;
}

static void read_entry(bundle *b, const bundle_entry *e)
{
    slice    view;
    sm_error err = { 0 };
    size_t   total = 0;

    assert(bundle_find(b, e->key) == e);
    if (bundle_view(b, e, &view, &err) != SM_OK) assert(err.message[0]);
    if (view.ptr) assert(view.len == e->bytes);
    (void)!bundle_verify(b, e, &err);
    if (e->dtype == SM_STRING) (void)!bundle_each_string(b, e, one_string, &total, &err);
    if (e->bytes > READ_LIMIT || e->dtype == SM_STRING) return;
    void   *out = heap_alloc(e->bytes);
    int64_t start[SHAPE_MAX_RANK] = { 0 };
    if (bundle_read(b, e, out, e->bytes, &err) == SM_OK)
        assert(bundle_read_box(b, e, start, e->shape.dims, out, e->bytes, &err) == SM_OK);
    heap_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64], prefix[80], index_path[96], data_path[128];
    bundle     *b = NULL;
    sm_error    err = { 0 };
    str         file;

    if (size < 3) return 0;
    if (!*directory) {
        (void)snprintf(directory, sizeof directory, "/tmp/fuzz_bundle.XXXXXX");
        assert(mkdtemp(directory));
        (void)snprintf(prefix, sizeof prefix, "%s/v", directory);
        (void)snprintf(index_path, sizeof index_path, "%s.index", prefix);
        (void)snprintf(data_path, sizeof data_path, "%s.data-00000-of-00001", prefix);
    }
    slice rest = slice_make(data + 3, size - 3), contents = slice_head(rest, le16(data + 1));
    str_init(&file);
    if (data[0] % 3)
        build_table(&file, contents, (char)(data[0] % 3 - 1));
    else
        str_add(&file, contents);
    write_whole(index_path, str_slice(&file));
    write_whole(data_path, slice_tail(rest, contents.len));
    str_clear(&file);
    if (bundle_open(NULL, prefix, true, &b, &err) != SM_OK) assert(err.message[0]);
    for (size_t i = 0; b && i < bundle_count(b); i++) read_entry(b, bundle_at(b, i));
    bundle_close(b);
    (void)unlink(index_path);
    (void)unlink(data_path);
    return 0;
}
