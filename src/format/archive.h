/* SPDX-License-Identifier: Apache-2.0 */
/* format/archive.h - zip archives: numpy's .npz, and models in one file. The one file that knows libzip is archive.c; a build
 * without it answers UNIMPLEMENTED. */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include "base/slice.h"
#include "base/status.h"

typedef struct archive archive; /* one thread at a time */

sm_status archive_open(const char *path, archive **out, sm_error *err) CHECKED;
/* bytes are borrowed while the archive is open; name: for messages. */
sm_status   archive_open_bytes(slice bytes, const char *name, archive **out, sm_error *err) CHECKED;
void        archive_close(archive *z); /* NULL is fine                        */
size_t      archive_count(const archive *z);
const char *archive_name(const archive *z, size_t i); /* "folder/file"                       */
/* The bytes of member i, unpacked, its checksum verified; the caller's to release (heap_free). */
sm_status archive_read(archive *z, size_t i, void **bytes, size_t *size, sm_error *err) CHECKED;
/* Does a file that starts with these bytes look like an archive? */
bool archive_recognise(slice head);

/* One member: head, then tail. All is borrowed until archive_write returns. */
typedef struct archive_member {
    const char *name;
    slice       head, tail;
} archive_member;
/* Writes the archive atomically (a temporary file, then a rename); stored, or deflated with compress. */
sm_status archive_write(const char *path, const archive_member *members, size_t count, bool compress, sm_error *err) CHECKED;

#endif
