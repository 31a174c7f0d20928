/* SPDX-License-Identifier: Apache-2.0 */
/* format/riegeli.c - finds chunks, joins what block headers cut, unpacks records. */
#include "format/riegeli.h"

#include "format/highway.h"
#include "format/snappy.h"
#include "format/wire.h"

#include <inttypes.h>

#ifdef SM_HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef SM_HAVE_ZSTD
#include <zstd.h>
#endif

#define BLOCK 65536u
#define BLOCK_HEADER 24u
#define CHUNK_HEADER 40u

static sm_status damaged(sm_error *err, uint64_t at, const char *what)
{
    return FAIL(err, SM_DATA_LOSS, "the Riegeli file is damaged at byte %" PRIu64 ": %s", at, what);
}

static uint64_t hash(slice bytes)
{
    static const uint64_t key[4] = { 0x2f696c6567656952, 0x0a7364726f636572, 0x2f696c6567656952, 0x0a7364726f636572 };

    return highway_hash64(key, bytes);
}

/* -- Blocks -------------------------------------------------------------------------------------------- */

/* Where `size` bytes that begin at `at` end, the block headers among them counted. false: beyond 2^63. */
static bool end_of(uint64_t at, uint64_t size, uint64_t *end)
{
    if (at > (uint64_t)INT64_MAX / 2 || size > (uint64_t)INT64_MAX / 4) return false;
    *end = at + size + (size + (at + BLOCK - BLOCK_HEADER - 1) % BLOCK) / (BLOCK - BLOCK_HEADER) * BLOCK_HEADER;
    return true;
}

/* No chunk begins inside a block's header or right behind it. */
static uint64_t next_boundary(uint64_t at)
{
    const uint64_t behind = (at + BLOCK - 1) % BLOCK;

    return behind < BLOCK_HEADER ? at + (BLOCK_HEADER - behind) : at;
}

/* Copies size bytes from `at` on, without block headers; false: the file ends first. *at moves behind them. */
static bool copy_across(slice file, uint64_t *at, char *to, size_t size)
{
    while (size) {
        if (*at % BLOCK < BLOCK_HEADER) *at += BLOCK_HEADER - *at % BLOCK;
        uint64_t left = BLOCK - *at % BLOCK;
        size_t   n = left < size ? (size_t)left : size;
        if (*at > file.len || n > file.len - *at) return false;
        memcpy(to, file.ptr + *at, n);
        to += n;
        *at += n;
        size -= n;
    }
    return true;
}

/* -- Chunks --------------------------------------------------------------------------------------------- */

static sm_status read_chunk(riegeli *r, uint64_t *at, sm_error *err)
{
    char     header[CHUNK_HEADER];
    uint64_t begin = *at, place = *at, end;

    if (!copy_across(r->file, &place, header, sizeof header)) return damaged(err, begin, "a chunk's header is cut off");
    if (hash(slice_make(header + 8, sizeof header - 8)) != le64(header))
        return damaged(err, begin, "a chunk's header does not match its hash");
    riegeli_chunk *c = arena_push(r->arena, &r->chunks, &r->count, &r->capacity, sizeof *c);
    if (!c) return arena_check(r->arena, "reading a Riegeli file", err);
    *c = (riegeli_chunk){ .begin = begin,
                          .data_size = le64(header + 8),
                          .data_hash = le64(header + 16),
                          .kind = header[24],
                          .records = le64(header + 24) >> 8,
                          .decoded_size = le64(header + 32) };
    if (!end_of(begin, CHUNK_HEADER + c->data_size, &end) || end > r->file.len)
        return damaged(err, begin, "a chunk reaches beyond the file");
    uint64_t spanned = next_boundary(begin + c->records);
    *at = end > spanned ? end : spanned;
    return SM_OK;
}

sm_status riegeli_open(slice file, arena *a, riegeli *out, sm_error *err)
{
    uint64_t at = 0;

    *out = (riegeli){ .file = file, .arena = a };
    while (at < file.len) TRY(read_chunk(out, &at, err));
    if (!out->count || out->chunks[0].kind != 's') return damaged(err, 0, "it does not begin with Riegeli's signature");
    return SM_OK;
}

/* -- Unpacking ------------------------------------------------------------------------------------------- */

static sm_status unpack_brotli(slice packed, char *to, size_t size, bool *good, sm_error *err)
{
#ifdef SM_HAVE_BROTLI
    size_t got = size;
    (void)err;
    *good = BrotliDecoderDecompress(packed.len, (const uint8_t *)packed.ptr, &got, (uint8_t *)to) ==
                BROTLI_DECODER_RESULT_SUCCESS &&
            got == size;
    return SM_OK;
#else
    (void)packed, (void)to, (void)size, (void)good;
    return FAIL(err, SM_UNIMPLEMENTED, "the file is packed with brotli, and this build was made without libbrotlidec");
#endif
}

static sm_status unpack_zstd(slice packed, char *to, size_t size, bool *good, sm_error *err)
{
#ifdef SM_HAVE_ZSTD
    (void)err;
    *good = ZSTD_decompress(to, size, packed.ptr, packed.len) == size;
    return SM_OK;
#else
    (void)packed, (void)to, (void)size, (void)good;
    return FAIL(err, SM_UNIMPLEMENTED, "the file is packed with zstd, and this build was made without libzstd");
#endif
}

/* A buffer: as it is, or the varint of its unpacked size and the packed bytes. */
static sm_status unpack(arena *a, char compression, slice packed, uint64_t at, slice *out, sm_error *err)
{
    uint64_t  size;
    bool      good = false;
    sm_status status;

    *out = packed;
    if (compression == 0) return SM_OK;
    const char *p = get_varint(packed.ptr, packed.ptr + packed.len, &size);
    if (!p || size > SIZE_MAX - 1) return damaged(err, at, "a packed buffer has no size");
    slice rest = slice_make(p, (size_t)(packed.ptr + packed.len - p));
    if (compression == 's') {
        TRY(snappy_decode(rest, a, out, err));
        return out->len == size ? SM_OK : damaged(err, at, "a snappy buffer has another size than it says");
    }
    char *to = arena_alloc(a, (size_t)size + 1);
    if (!to) return arena_check(a, "unpacking a Riegeli file", err);
    if (compression == 'b')
        status = unpack_brotli(rest, to, (size_t)size, &good, err);
    else if (compression == 'z')
        status = unpack_zstd(rest, to, (size_t)size, &good, err);
    else
        return damaged(err, at, "unknown compression");
    TRY(status);
    *out = slice_make(to, (size_t)size);
    return good ? SM_OK : damaged(err, at, "a packed buffer cannot be unpacked");
}

static sm_status cut_records(riegeli *r, riegeli_chunk *c, slice sizes, slice values, sm_error *err)
{
    const char *p = sizes.ptr, *end = sizes.ptr + sizes.len;
    slice      *record;

    if (c->records > sizes.len) return damaged(err, c->begin, "a chunk has fewer records than it says");
    record = ARENA_ARRAY(r->arena, slice, (size_t)c->records + 1);
    if (!record) return arena_check(r->arena, "reading a Riegeli file", err);
    for (uint64_t i = 0; i < c->records; i++) {
        uint64_t size;
        p = get_varint(p, end, &size);
        if (!p || size > values.len) return damaged(err, c->begin, "a record reaches beyond its chunk");
        record[i] = slice_head(values, (size_t)size);
        values = slice_tail(values, (size_t)size);
    }
    if (values.len) return damaged(err, c->begin, "a chunk has bytes that belong to no record");
    c->record = record;
    return SM_OK;
}

static sm_status decode_chunk(riegeli *r, riegeli_chunk *c, sm_error *err)
{
    uint64_t at = c->begin, size;
    char     header[CHUNK_HEADER];
    slice    sizes, values;

    if (c->kind == 't') return FAIL(err, SM_UNIMPLEMENTED, "transposed Riegeli chunks are not read");
    char *data = arena_alloc(r->arena, (size_t)c->data_size + 1); /* no more than the file has */
    if (!data) return arena_check(r->arena, "reading a Riegeli file", err);
    if (!copy_across(r->file, &at, header, sizeof header) || !copy_across(r->file, &at, data, (size_t)c->data_size))
        return damaged(err, c->begin, "a chunk is cut off");
    slice all = slice_make(data, (size_t)c->data_size);
    if (hash(all) != c->data_hash) return damaged(err, c->begin, "a chunk's data does not match its hash");
    if (!all.len) return damaged(err, c->begin, "a chunk is empty");
    const char *p = get_varint(all.ptr + 1, all.ptr + all.len, &size);
    if (!p || size > (uint64_t)(all.ptr + all.len - p)) return damaged(err, c->begin, "the sizes are cut off");
    const char *rest = p + size;
    TRY(unpack(r->arena, all.ptr[0], slice_make(p, (size_t)size), c->begin, &sizes, err));
    TRY(unpack(r->arena, all.ptr[0], slice_make(rest, (size_t)(all.ptr + all.len - rest)), c->begin, &values, err));
    if (values.len != c->decoded_size) return damaged(err, c->begin, "a chunk has another size than its header says");
    return cut_records(r, c, sizes, values, err);
}

static bool has_records(const riegeli_chunk *c)
{
    return (c->kind == 'r' || c->kind == 't') && c->records;
}

static sm_status record_of(riegeli *r, riegeli_chunk *c, uint64_t i, slice *out, sm_error *err)
{
    if (!c->record) TRY(decode_chunk(r, c, err));
    *out = c->record[i];
    return SM_OK;
}

sm_status riegeli_at(riegeli *r, uint64_t position, slice *out, sm_error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        riegeli_chunk *c = &r->chunks[i];
        if (has_records(c) && position >= c->begin && position - c->begin < c->records)
            return record_of(r, c, position - c->begin, out, err);
    }
    return damaged(err, position, "no record lies here");
}

sm_status riegeli_last(riegeli *r, slice *out, sm_error *err)
{
    size_t i = r->count;

    while (i && !has_records(&r->chunks[i - 1])) i--;
    if (!i) return damaged(err, 0, "it has no records");
    return record_of(r, &r->chunks[i - 1], r->chunks[i - 1].records - 1, out, err);
}
