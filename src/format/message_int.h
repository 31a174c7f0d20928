/* SPDX-License-Identifier: Apache-2.0 */
/* format/message_int.h - what decoder, encoder and text format know about a message through its
 * table. */
#ifndef FORMAT_MESSAGE_INT_H
#define FORMAT_MESSAGE_INT_H

#include "format/message.h"
#include "format/wire.h"

#define MESSAGE_MAX_FIELDS 64 /* one past the largest field number in tf_messages.def; a test holds it to that */

#define AT(message, f) ((char *)(uintptr_t)(message) + (f)->offset)
#define LIST_OF(message, f) ((void **)(void *)AT(message, f))
#define COUNT_OF(message, f) ((size_t *)(void *)((char *)(uintptr_t)(message) + (f)->extra))
#define WHICH_OF(message, f) ((uint32_t *)(void *)((char *)(uintptr_t)(message) + (f)->extra))

extern const uint8_t wire_of[]; /* field_type -> wire type of one value             */
extern const uint8_t size_of[]; /* field_type -> bytes in the struct; 0 for FIELD_SUB */

/* Lets the last entry with a key replace the earlier ones, in every map of message. */
sm_status message_unique_maps(const message_type *type, void *message, arena *a, sm_error *err) CHECKED;

/* The entries of a map in the order of their keys: pointers, in a. NULL when the arena is spent. */
const void **message_sorted_entries(const message_type *entry, const void *entries, size_t count, arena *a);
/* A PLAIN or OPTIONAL scalar, a pointer, a member of a oneof: is it there? (Lists and maps: is it
 * not empty.) */
bool message_field_set(const message_field *f, const void *message, uint32_t number);

#endif
