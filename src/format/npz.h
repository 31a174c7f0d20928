/* SPDX-License-Identifier: Apache-2.0 */
/* format/npz.h - numpy's .npz: a zip archive of npy files. The one file that knows libzip is npz.c;
 * a build without it answers UNIMPLEMENTED. */
#ifndef FORMAT_NPZ_H
#define FORMAT_NPZ_H

#include "base/slice.h"
#include "base/status.h"

typedef struct npz npz;

sm_status   npz_open(const char *path, npz **out, sm_error *err) CHECKED;
void        npz_close(npz *z); /* NULL is fine                        */
size_t      npz_count(const npz *z);
const char *npz_name(const npz *z, size_t i); /* without ".npy"                      */
/* The bytes of member i, unpacked, its checksum verified; the caller's to release (heap_free). */
sm_status npz_read(npz *z, size_t i, void **bytes, size_t *size, sm_error *err) CHECKED;

/* One member: an npy file as npy_encode makes it. All is borrowed until npz_write returns. */
typedef struct npz_member {
    const char *name; /* without ".npy"                      */
    slice       head, tail;
} npz_member;
/* Writes the archive atomically (a temporary file, then a rename); stored, or deflated with
 * compress. */
sm_status npz_write(const char *path, const npz_member *members, size_t count, bool compress, sm_error *err) CHECKED;

#endif
