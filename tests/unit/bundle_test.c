/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor bundles: one that TensorFlow wrote (numbers, strings, parts of partitioned tensors), one
 * in big-endian order that TensorFlow reads, and damage to both. */
#include "format/bundle.h"
#include "hex.h"

#include "base/crc32c.h"

#include <unistd.h>

static const char little_index[] =
    "00000608011a020801000a160070000101028082807f08031208120208021202080320e70228183520f8d3c8"
    "0604168282808108031208120208021202080120ff02280835701371aa080216818208031208120208021202"
    "08022087032810356fa613ce0209167300010102807f8081080712081202080212020801209703280a35777d"
    "16a9090216818108071208120208021202080120a1032808354edfa29c00011262080e12041202080220db02"
    "280435b9dd6ce300011263080812041202080120df02280835593ce535000512656d70747908011206120012"
    "02080320e70235d8ea82a200011366080112081202080212020803281835cc37f52800010e690809120020d3"
    "02280835cdbdd73500040e6c6f6e67080a120020a903280135052b284300012e700803120812020804120208"
    "033a060a0210020a003a0a0a04080210020a0210013a0c0a04080210020a040801100201011e730807120812"
    "020802120208023a060a000a0210013a080a000a0408011001000112730807120412020803201828bb0235e5"
    "bd71c50000000001000000008874648a000000000100000000c0f2a1b0000103740097030000000001000000"
    "00ba3135559c0308a9030f000000000000000000000000000000000000000000000000000000000000000000"
    "0057fb808b247547db";
static const char little_data[] =
    "0000c03f000000c000004040000080400000a0400000c8400100b202c467cb8c7868656c6c6f007979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "7979797979797979797979797979797979797979797979797979797979797979797979797979797979797979"
    "79797979797979797979797979797979797979797979797979797979797979fbffffffffffffff803f204000"
    "00803f0000004000000000010000000200000003000000040000000500000006000000090000000700000008"
    "0000000a0000000b00000001034439ac2f61636363020078270b34626201";
static const char big_index[] =
    "000008080110011a0208010001116308081204120208012008280835c1b258bf00010f660801120412020802"
    "2808359e82e2220001117308071204120208022010280c352859b6880000000001000000005c0f91ab000000"
    "000100000000c0f2a1b00001027300500000000001000000006bcfb2b55508620e0000000000000000000000"
    "0000000000000000000000000000000000000000000000000057fb808b247547db";
static const char big_data[] = "3fc00000c00000003f80000040000000010534f7ee697868656c6c6f";

/* -- A bundle on disk -------------------------------------------------------------------------- */

static arena a;
static char *directory, prefix[300];

static const char *path_of(const char *suffix)
{
    return arena_printf(&a, "%s%s", prefix, suffix);
}

static void begin(slice index, slice data)
{
    directory = unit_directory();
    (void)snprintf(prefix, sizeof prefix, "%s/v", directory);
    assert_ok(file_write(path_of(".index"), index, err));
    if (data.ptr) assert_ok(file_write(path_of(".data-00000-of-00001"), data, err));
}

static void end(void)
{
    (void)unlink(path_of(".index"));
    (void)unlink(path_of(".data-00000-of-00001"));
    (void)rmdir(directory);
    free(directory);
    arena_clear(&a);
}

static const bundle_entry *find(bundle *b, const char *key)
{
    const bundle_entry *e = bundle_find(b, slice_of(key));
    assert_non_null(e);
    return e;
}

/* The tensor's bytes are the hexadecimal ones. */
static void check_tensor(bundle *b, const char *key, const char *bytes)
{
    const bundle_entry *e = find(b, key);
    slice               want = unhex(&a, bytes), view;
    char               *out = arena_alloc(&a, e->bytes);

    assert_int_equal(e->bytes, want.len);
    assert_ok(bundle_read(b, e, out, e->bytes, err));
    assert_memory_equal(out, want.ptr, want.len);
    assert_ok(bundle_verify(b, e, err));
    assert_ok(bundle_view(b, e, &view, err));
    if (view.ptr) assert_memory_equal(view.ptr, want.ptr, want.len);
}

static void check_strings(bundle *b, const char *key, const slice *want, size_t count)
{
    const bundle_entry *e = find(b, key);
    tstring            *out = ARENA_ARRAY(&a, tstring, count);

    assert_int_equal(e->dtype, SM_STRING);
    assert_int_equal(e->count, count);
    assert_ok(bundle_read_strings(b, e, out, err));
    assert_ok(bundle_verify(b, e, err));
    for (size_t i = 0; i < count; i++) {
        assert_true(slice_eq(tstring_get(&out[i]), want[i]));
        tstring_clear(&out[i]);
    }
}

/* -- Reading ----------------------------------------------------------------------------------- */

TEST(listing)
{
    static const char *const keys[] = { "b", "c", "empty", "f", "i", "long", "p", "ps", "s" };
    bundle                  *b = NULL;
    const bundle_entry      *e;

    arena_init(&a, 0);
    begin(unhex(&a, little_index), unhex(&a, little_data));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    assert_int_equal(bundle_shards(b), 1);
    assert_false(bundle_big_endian(b));
    assert_int_equal(bundle_count(b), sizeof keys / sizeof *keys);
    for (size_t i = 0; i < bundle_count(b); i++) {
        assert_true(slice_is(bundle_at(b, i)->key, keys[i]));
        assert_ptr_equal(bundle_find(b, slice_of(keys[i])), bundle_at(b, i));
    }
    assert_null(bundle_find(b, SLICE("")));
    assert_fails(bundle_lookup(b, SLICE("x/y"), &e, err), SM_NOT_FOUND, "Key x/y not found in checkpoint");
    e = find(b, "p");
    assert_int_equal(e->slice_count, 3);
    assert_int_equal(e->shape.rank, 2);
    assert_int_equal(e->shape.dims[0], 4);
    bundle_close(b);
    end();
}

TEST(tensors)
{
    slice   s[3] = { SLICE("x"), SLICE(""), { 0 } }, ps[4] = { SLICE("a"), SLICE("bb"), SLICE("ccc"), SLICE("") };
    bundle *b = NULL;
    char    hello[306] = "hello";

    memset(hello + 6, 'y', 300);
    s[2] = slice_make(hello, 306);
    for (int copy = 0; copy < 2; copy++) {
        arena_init(&a, 0);
        begin(unhex(&a, little_index), unhex(&a, little_data));
        assert_ok(bundle_open(NULL, prefix, copy, &b, err));
        check_tensor(b, "f", "0000c03f000000c000004040000080400000a0400000c840");
        check_tensor(b, "i", "fbffffffffffffff");
        check_tensor(b, "b", "803f2040");
        check_tensor(b, "c", "0000803f00000040");
        check_tensor(b, "long", "01");
        check_tensor(b, "empty", "");
        check_tensor(b, "p",
                     "000000000100000002000000 030000000400000005000000 060000000700000008000000"
                     "090000000a0000000b000000");
        check_strings(b, "s", s, 3);
        check_strings(b, "ps", ps, 4);
        bundle_close(b);
        end();
    }
}

TEST(views_stay_in_the_file)
{
    bundle   *b = NULL;
    slice     view;
    file_view file;

    arena_init(&a, 0);
    begin(unhex(&a, little_index), unhex(&a, little_data));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    assert_ok(bundle_view(b, find(b, "p"), &view, err));
    assert_null(view.ptr);
    assert_ok(bundle_view(b, find(b, "s"), &view, err));
    assert_null(view.ptr);
    assert_ok(bundle_view(b, find(b, "f"), &view, err));
    assert_int_equal(view.len, 24);
    assert_ok(bundle_file(b, find(b, "f"), &file, err));
    bundle_close(b);
    assert_memory_equal(view.ptr, "\0\0\xc0\x3f", 4); /* the file is still held */
    file_close(&file);
    end();
}

TEST(boxes)
{
    static const struct {
        const char *key;
        int64_t     start[2], length[2];
        const char *bytes;
    } rows[] = {
        { "p", { 1, 1 }, { 2, 2 }, "04000000 05000000 07000000 08000000" },
        { "p", { 0, 0 }, { 4, 1 }, "00000000 03000000 06000000 09000000" },
        { "p", { 3, 2 }, { 1, 1 }, "0b000000" },
        { "p", { 1, 3 }, { 2, 0 }, "" },
        { "f", { 0, 1 }, { 2, 1 }, "000000c0 0000a040" },
    };
    bundle *b = NULL;
    char    out[64];

    arena_init(&a, 0);
    begin(unhex(&a, little_index), unhex(&a, little_data));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        slice want = unhex(&a, rows[i].bytes);
        assert_ok(bundle_read_box(b, find(b, rows[i].key), rows[i].start, rows[i].length, out, want.len, err));
        assert_memory_equal(out, want.ptr, want.len);
    }
    assert_fails(bundle_read_box(b, find(b, "p"), (int64_t[]){ 3, 0 }, (int64_t[]){ 2, 3 }, out, 24, err),
                 SM_INVALID_ARGUMENT, "outside");
    assert_fails(bundle_read_box(b, find(b, "p"), (int64_t[]){ 0, 0 }, (int64_t[]){ 1, 1 }, out, 8, err),
                 SM_INVALID_ARGUMENT, "4 bytes, not 8");
    bundle_close(b);
    end();
}

TEST(the_other_byte_order)
{
    slice   s[2] = { SLICE("x"), SLICE("hello") };
    bundle *b = NULL;

    arena_init(&a, 0);
    begin(unhex(&a, big_index), unhex(&a, big_data));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    assert_true(bundle_big_endian(b));
    check_tensor(b, "f", "0000c03f000000c0");
    check_tensor(b, "c", "0000803f00000040");
    check_strings(b, "s", s, 2);
    bundle_close(b);
    end();
}

/* -- Damage ------------------------------------------------------------------------------------ */

TEST(missing_files)
{
    bundle *b = NULL;
    char    out[24];

    arena_init(&a, 0);
    assert_fails(bundle_open(NULL, "/nowhere/variables", false, &b, err), SM_NOT_FOUND,
                 "Unsuccessful TensorSliceReader constructor: Failed to find any matching files "
                 "for /nowhere/variables");
    begin(unhex(&a, little_index), (slice){ NULL, 0 });
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    assert_fails(bundle_read(b, find(b, "f"), out, 24, err), SM_NOT_FOUND, "v.data-00000-of-00001; No such file");
    bundle_close(b);
    end();
}

/* The texts are TensorFlow's for the same damage to the same file. */
TEST(checksums)
{
    static const struct {
        size_t      at;
        const char *key, *words;
    } rows[] = {
        { 0, "f",
          "shard 0 (8 bytes): Checksum does not match: stored 3420667951 vs. calculated on the "
          "restored bytes "
          "2195668232" },
        { 27, "s",
          "shard 0 (12 bytes): Checksum does not match: stored 3072881433 vs. calculated on the "
          "restored bytes "
          "1162080282" },
        { 18, "s", "The length checksum does not match: expected 2177419706 but actual is 2177419578" },
        { 16, "s", "do not fit its size" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bundle *b = NULL;
        char    out[24];
        tstring strings[2] = { 0 };
        arena_init(&a, 0);
        slice data = unhex(&a, big_data);
        ((char *)(uintptr_t)data.ptr)[rows[i].at] ^= 1;
        begin(unhex(&a, big_index), data);
        assert_ok(bundle_open(NULL, prefix, false, &b, err));
        const bundle_entry *e = find(b, rows[i].key);
        if (e->dtype == SM_STRING)
            assert_fails(bundle_read_strings(b, e, strings, err), SM_DATA_LOSS, rows[i].words);
        else
            assert_fails(bundle_read(b, e, out, e->bytes, err), SM_DATA_LOSS, rows[i].words);
        assert_fails(bundle_verify(b, e, err), SM_DATA_LOSS, rows[i].words);
        bundle_close(b);
        end();
    }
}

TEST(a_data_file_cut_short)
{
    bundle *b = NULL;
    char    out[24];

    arena_init(&a, 0);
    begin(unhex(&a, little_index), slice_head(unhex(&a, little_data), 10));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    assert_fails(bundle_read(b, find(b, "f"), out, 24, err), SM_OUT_OF_RANGE, "Read less bytes than requested");
    bundle_close(b);
    end();
}

/* Every byte of the index changed, and every prefix: no bundle, but a sentence. */
TEST(a_damaged_index)
{
    arena all;

    arena_init(&all, 0);
    slice whole = unhex(&all, little_index);
    arena_init(&a, 0);
    begin(whole, (slice){ NULL, 0 });
    for (size_t i = 0; i < 2 * whole.len; i++) {
        bundle  *b = NULL;
        sm_error e = { 0 };
        slice    copy = arena_copy(&all, whole);
        if (i < whole.len)
            ((char *)(uintptr_t)copy.ptr)[i] ^= 0x41;
        else
            copy.len = i - whole.len;
        assert_ok(file_write(path_of(".index"), copy, err));
        sm_status status = bundle_open(NULL, prefix, true, &b, &e);
        /* what nobody reads: the metaindex block, and in the footer its handle and the zeros */
        bool unread = (i >= 412 && i < 425) || (i < whole.len && i >= whole.len - 48 && i < whole.len - 8);
        if (!unread) assert_int_not_equal(status, SM_OK);
        if (status != SM_OK)
            assert_true(e.message[0]);
        else
            bundle_close(b);
    }
    end();
    arena_clear(&all);
}

/* -- Compressed blocks ------------------------------------------------------------------------- */

/* A table of one block, whose contents are given with the type byte. */
static slice table_of(slice block, char type)
{
    str  file, index;
    char trailer[5] = { type }, handle[24], footer[48] = { 0 };

    str_init(&file);
    str_init(&index);
    str_add(&file, block);
    str_addc(&file, type);
    uint32_t crc = crc32c_mask(crc32c(str_slice(&file)));
    memcpy(trailer, &crc, 4);
    str_add(&file, slice_make(trailer, 4));
    handle[0] = 0;
    handle[1] = (char)block.len; /* below 128: a varint of one byte */
    str_add(&index, slice_make("\0\1\2z", 4));
    str_add(&index, slice_make(handle, 2));
    str_add(&index, slice_make("\0\0\0\0\1\0\0\0\0", 9));
    crc = crc32c_mask(crc32c(str_slice(&index)));
    str_add(&index, slice_make(&crc, 4));
    footer[2] = (char)file.len; /* metaindex 0, 0; then the index */
    footer[3] = (char)(index.len - 5);
    memcpy(footer + 40, "\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
    str_add(&file, str_slice(&index));
    str_add(&file, slice_make(footer, 48));
    slice all = arena_copy(&a, str_slice(&file));
    str_clear(&file);
    str_clear(&index);
    return all;
}

TEST(a_snappy_block)
{
    /* header entry, then bool scalar "k" at offset 0 with the crc of a byte 1 */
    bundle *b = NULL;

    arena_init(&a, 0);
    slice raw = unhex(&a, "000004 08011a00 000109 6b 080a 2801 35052b2843 00000000 01000000");
    char *packed = arena_alloc(&a, raw.len + 2);
    packed[0] = (char)raw.len;
    packed[1] = (char)((raw.len - 1) << 2);
    memcpy(packed + 2, raw.ptr, raw.len);
    begin(table_of(slice_make(packed, raw.len + 2), 1), SLICE("\1"));
    assert_ok(bundle_open(NULL, prefix, false, &b, err));
    check_tensor(b, "k", "01");
    bundle_close(b);
    assert_ok(file_write(path_of(".index"), table_of(raw, 2), err));
    assert_fails(bundle_open(NULL, prefix, false, &b, err), SM_DATA_LOSS, "bad block type 2");
    end();
}
