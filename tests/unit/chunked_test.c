/* SPDX-License-Identifier: Apache-2.0 */
/* HighwayHash, Riegeli files and messages in chunks. The files are written here, uncompressed; those that TensorFlow wrote
 * (with brotli) are among the models of zoo-tf. */
#include "unit.h"

#include "format/chunked.h"
#include "format/highway.h"
#include "format/riegeli.h"
#include "format/wire.h"

/* The first results of the reference implementation's own test: key 0, 1 .. 31, data 0, 1 ..; lengths 0 to 2. */
TEST(highway_hash)
{
    static const uint64_t want[] = { 0x907a56de22c26e53, 0x7eab43aac7cddd78, 0xb8d0569ab0b53d62 };
    const uint64_t        key[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110, 0x1f1e1d1c1b1a1918 };

    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(highway_hash64(key, slice_make("\0\1", i)) == want[i]);
}

/* -- A writer ------------------------------------------------------------------------------------------- */

static uint64_t hash(slice bytes)
{
    const uint64_t key[4] = { 0x2f696c6567656952, 0x0a7364726f636572, 0x2f696c6567656952, 0x0a7364726f636572 };
    return highway_hash64(key, bytes);
}

static void put64(char *p, uint64_t v)
{
    put_le32(p, (uint32_t)v);
    put_le32(p + 4, (uint32_t)(v >> 32));
}

/* Bytes with the block headers that fall among them (whose own contents no reader needs). */
static void put_bytes(str *out, slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (out->len % 65536 == 0) str_pad(out, 0, 24);
        str_addc(out, bytes.ptr[i]);
    }
}

static uint64_t put_chunk(str *out, char kind, const slice *records, size_t count)
{
    str      data, values;
    char     header[40], number[10];
    uint64_t begin = out->len;

    str_init(&data);
    str_init(&values);
    for (size_t i = 0; i < count; i++) {
        char *end = put_varint(number, records[i].len);
        str_add(&data, slice_make(number, (size_t)(end - number)));
        str_add(&values, records[i]);
    }
    if (kind == 'r') {
        str sizes = data;
        str_init(&data);
        str_addc(&data, 0);
        str_add(&data, slice_make(number, (size_t)(put_varint(number, sizes.len) - number)));
        str_add(&data, str_slice(&sizes));
        str_add(&data, str_slice(&values));
        str_clear(&sizes);
    }
    put64(header + 8, data.len);
    put64(header + 16, hash(str_slice(&data)));
    put64(header + 24, (uint64_t)count << 8 | (unsigned char)kind);
    put64(header + 32, values.len);
    put64(header, hash(slice_make(header + 8, 32)));
    put_bytes(out, slice_make(header, sizeof header));
    put_bytes(out, str_slice(&data));
    while (out->len < begin + count || (out->len % 65536 && out->len % 65536 <= 24)) str_addc(out, 0);
    str_clear(&data);
    str_clear(&values);
    return begin;
}

/* A GraphDef whose node 0 has a constant in a chunk of its own, and whose node 1 comes in a second piece. */
static void write_graph(arena *a, str *out)
{
    static char content[150000]; /* over two blocks */
    tf_NodeDef nodes[2] = { { .name = SLICE("a"), .op = SLICE("Const") }, { .name = SLICE("b"), .op = SLICE("NoOp") } };
    tf_GraphDef          first = { .node = nodes, .node_count = 1 }, second = { .node = nodes + 1, .node_count = 1 };
    tf_FieldIndex_MapKey value = { .which = tf_FieldIndex_MapKey_s, .s = SLICE("value") };
    tf_FieldIndex        tags[] = {
        { .which = tf_FieldIndex_field, .field = 1 }, { .which = tf_FieldIndex_index },
        { .which = tf_FieldIndex_field, .field = 5 }, { .which = tf_FieldIndex_map_key, .map_key = &value },
        { .which = tf_FieldIndex_field, .field = 8 }, { .which = tf_FieldIndex_field, .field = 4 }
    };
    tf_ChunkedMessage leaf = { .has_chunk_index = true, .chunk_index = 1 },
                      more = { .has_chunk_index = true, .chunk_index = 2 };
    tf_ChunkedField fields[] = { { .field_tag = tags, .field_tag_count = 6, .message = &leaf }, { .message = &more } };
    tf_ChunkedMessage root = { .has_chunk_index = true, .chunked_fields = fields, .chunked_fields_count = 2 };
    tf_ChunkInfo      chunks[3] = { { .type = 1 }, { .type = 2 }, { .type = 1 } };
    tf_ChunkMetadata  metadata = { .chunks = chunks, .chunks_count = 3, .message = &root };
    slice             records[3], last;

    for (size_t i = 0; i < sizeof content; i++) content[i] = (char)(i * 7 + i / 256);
    assert_ok(message_encode(&type_GraphDef, &first, a, &records[0], err));
    assert_ok(message_encode(&type_GraphDef, &second, a, &records[2], err));
    records[1] = slice_make(content, sizeof content);
    put_chunk(out, 's', NULL, 0);
    uint64_t begin = put_chunk(out, 'r', records, 2);
    for (size_t i = 0; i < 3; i++) chunks[i].size = records[i].len;
    chunks[0].offset = begin;
    chunks[1].offset = begin + 1;
    chunks[2].offset = put_chunk(out, 'r', records + 2, 1);
    assert_ok(message_encode(&type_ChunkMetadata, &metadata, a, &last, err));
    put_chunk(out, 'r', &last, 1);
}

TEST(a_message_in_chunks)
{
    arena       a;
    str         file;
    tf_GraphDef g = { 0 };

    arena_init(&a, 0);
    str_init(&file);
    write_graph(&a, &file);
    assert_ok(chunked_decode(&type_GraphDef, str_slice(&file), &a, &g, err));
    assert_int_equal(g.node_count, 2);
    assert_true(slice_is(g.node[1].name, "b"));
    const tf_NodeDef_attr_entry *e = MAP_FIND(&g.node[0], attr, SLICE("value"));
    assert_non_null(e);
    assert_int_equal(e->value.which, tf_AttrValue_tensor);
    assert_int_equal(e->value.tensor->tensor_content.len, 150000);
    assert_int_equal(e->value.tensor->tensor_content.ptr[149999], (char)(149999 * 7 + 149999 / 256));
    str_clear(&file);
    arena_clear(&a);
}

TEST(damage_is_noticed)
{
    arena       a;
    str         file;
    tf_GraphDef g = { 0 };

    arena_init(&a, 0);
    str_init(&file);
    write_graph(&a, &file);
    for (size_t i = 24; i < file.len; i += i < 200 ? 1 : 997) {
        if (i % 65536 < 24) continue; /* of a block's header, which nobody reads */
        file.ptr[i] ^= 4;
        g = (tf_GraphDef){ 0 };
        assert_fails(chunked_decode(&type_GraphDef, str_slice(&file), &a, &g, err), SM_DATA_LOSS, "");
        file.ptr[i] ^= 4;
        g = (tf_GraphDef){ 0 };
        assert_fails(chunked_decode(&type_GraphDef, slice_head(str_slice(&file), i), &a, &g, err), SM_DATA_LOSS, "");
    }
    assert_fails(chunked_decode(&type_GraphDef, SLICE(""), &a, &g, err), SM_DATA_LOSS, "signature");
    str_clear(&file);
    arena_clear(&a);
}
