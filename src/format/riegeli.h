/* SPDX-License-Identifier: Apache-2.0 */
/* format/riegeli.h - Riegeli record files, read: what saved_model.cpb is kept in.
 *
 *     file    blocks of 65,536 bytes, each of which begins with a 24-byte header that may interrupt a chunk
 *     chunk   hash(8) data size(8) data hash(8) kind(1) records(7) decoded size(8), data, padding
 *     data    of kind 'r': compression(1) varint size of the packed sizes, packed sizes, packed records
 *
 * Simple chunks, uncompressed or with brotli, zstd or snappy; transposed ones are UNIMPLEMENTED (TensorFlow writes none).
 * Headers and data are verified against their hashes. After google/riegeli, doc/riegeli_records_file_format.md. */
#ifndef FORMAT_RIEGELI_H
#define FORMAT_RIEGELI_H

#include "base/arena.h"

typedef struct riegeli_chunk {
    uint64_t begin, data_size, records, decoded_size;
    uint64_t data_hash;
    slice   *record; /* NULL: not decoded yet */
    char     kind;
} riegeli_chunk;

typedef struct riegeli {
    slice          file;
    arena         *arena; /* its budget bounds what is unpacked */
    riegeli_chunk *chunks;
    size_t         count, capacity;
} riegeli;

/* Reads the headers of all chunks. file is borrowed. DATA_LOSS when it is no such file or damaged. */
sm_status riegeli_open(slice file, arena *a, riegeli *out, sm_error *err) CHECKED;
/* A record by its position: where its chunk begins plus its index there. */
sm_status riegeli_at(riegeli *r, uint64_t position, slice *out, sm_error *err) CHECKED;
sm_status riegeli_last(riegeli *r, slice *out, sm_error *err) CHECKED;

#endif
