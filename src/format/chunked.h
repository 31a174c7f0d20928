/* SPDX-License-Identifier: Apache-2.0 */
/* format/chunked.h - a protobuf message that was split over the records of a Riegeli file (saved_model.cpb), put together. */
#ifndef FORMAT_CHUNKED_H
#define FORMAT_CHUNKED_H

#include "format/message.h"

/* Merges all chunks of the file into *message (begin with zeroes), whose slices point into file or the arena. DATA_LOSS
 * when the file is damaged or its description does not fit the message. */
sm_status chunked_decode(const message_type *type, slice file, arena *a, void *message, sm_error *err) CHECKED;

#endif
