/* SPDX-License-Identifier: Apache-2.0 */
/* format/bundle.h - TensorFlow's checkpoint format, read: <prefix>.index and
 * <prefix>.data-SSSSS-of-NNNNN.
 *
 *     TRY(bundle_open(files, "variables/variables", false, &b, err));
 *     TRY(bundle_lookup(b, SLICE("v/.ATTRIBUTES/VARIABLE_VALUE"), &e, err));
 *     TRY(bundle_view(b, e, &bytes, err));    (where they lie in the mapping, if usable)
 *     if (!bytes.ptr)
 *         TRY(bundle_read(b, e, buffer, e->bytes, err));
 *
 * Opening reads the index only; a data file is mapped when the first tensor in it is touched, and
 * no byte of it is read before that. Checksums are verified by bundle_read and bundle_each_string,
 * for views on demand (bundle_verify). Results are borrowed from the bundle. Threads may share a
 * bundle. */
#ifndef FORMAT_BUNDLE_H
#define FORMAT_BUNDLE_H

#include "base/dtype.h"
#include "base/folder.h"
#include "base/shape.h"
#include "base/tstring.h"
#include "format/message.h"

typedef struct bundle bundle;

typedef struct bundle_entry {
    slice                      key;
    sm_dtype                   dtype;
    shape                      shape; /* of the whole tensor; always known                                    */
    size_t                     count; /* elements                                                             */
    size_t                     bytes; /* in memory: count * dtype_size                                        */
    int                        shard;
    uint64_t                   offset, size; /* where the stored bytes lie in the shard; 0, 0 for a partitioned one  */
    uint32_t                   crc;          /* of the stored bytes, masked                                          */
    const tf_TensorSliceProto *slices;       /* of a partitioned tensor, whose parts are entries of their own */
    size_t                     slice_count;
} bundle_entry;

/* prefix names files of the folder, or is a path when that is NULL. copy: read files into memory instead of mapping them.
 * NOT_FOUND in TensorFlow's words when there is no index, DATA_LOSS when it is damaged. */
sm_status bundle_open(folder *files, const char *prefix, bool copy, bundle **out, sm_error *err) CHECKED;
void      bundle_close(bundle *b); /* NULL is fine                      */

/* All tensors in ascending order of their keys; parts of partitioned ones are not among them. */
size_t              bundle_count(const bundle *b);
const bundle_entry *bundle_at(const bundle *b, size_t i);
const bundle_entry *bundle_find(const bundle *b, slice key); /* NULL when there is none           */
/* The same; NOT_FOUND "Key <key> not found in checkpoint". */
sm_status bundle_lookup(const bundle *b, slice key, const bundle_entry **out, sm_error *err) CHECKED;
int       bundle_shards(const bundle *b);
bool      bundle_big_endian(const bundle *b);

/* The elements in place: e->bytes bytes of any alignment in the mapping, valid while the bundle
 * lives (or, with bundle_file, its file). {NULL, 0} and SM_OK when there is no such place: strings
 * and other objects, partitioned tensors, foreign byte order. The checksum is not looked at. */
sm_status bundle_view(bundle *b, const bundle_entry *e, slice *out, sm_error *err) CHECKED;
/* A counted hold on the file that e's bytes lie in, for tensors that outlive the bundle. */
sm_status bundle_file(bundle *b, const bundle_entry *e, file_view *out, sm_error *err) CHECKED;
/* Checks the stored bytes (all parts of them) against their checksums. */
sm_status bundle_verify(bundle *b, const bundle_entry *e, sm_error *err) CHECKED;

/* The whole tensor into size == e->bytes bytes: put together from its parts, in this machine's byte
 * order, checksum verified. Not for strings. */
sm_status bundle_read(bundle *b, const bundle_entry *e, void *out, size_t size, sm_error *err) CHECKED;
/* A box of it, row-major: dims [start[i], start[i] + length[i]) of every dimension; size is what
 * the box needs. */
sm_status bundle_read_box(bundle *b, const bundle_entry *e, const int64_t *start, const int64_t *length, void *out,
                          size_t size, sm_error *err) CHECKED;

/* The elements of a string tensor in order, each a slice of the mapping; stops at the first status
 * that is not SM_OK. Strings of a partitioned tensor come in row-major order too. */
typedef sm_status bundle_string_fn(void *context, size_t i, slice bytes, sm_error *err);

sm_status bundle_each_string(bundle *b, const bundle_entry *e, bundle_string_fn *fn, void *context, sm_error *err) CHECKED;
/* Copies them into e->count zeroed tstrings. */
sm_status bundle_read_strings(bundle *b, const bundle_entry *e, tstring *out, sm_error *err) CHECKED;

#endif
