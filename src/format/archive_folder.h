/* SPDX-License-Identifier: Apache-2.0 */
/* format/archive_folder.h - a zip archive as a folder (base/folder.h). */
#ifndef FORMAT_ARCHIVE_FOLDER_H
#define FORMAT_ARCHIVE_FOLDER_H

#include "base/folder.h"
#include "format/archive.h"

/* Takes the archive, which was opened as `place`, over, also on failure. Names are relative to the folder of the member nearest to the top that has one
 * of the names in `marks` (NULL at the end), else to the top. keep: bytes that the archive reads from, or empty. */
sm_status folder_of_archive(archive *z, const char *place, const char *const *marks, file_view keep, folder **out,
                            sm_error *err) CHECKED;

#endif
