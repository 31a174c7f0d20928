/* SPDX-License-Identifier: Apache-2.0 */
/* format/message_tables.c - tf_messages.def as data: a table of fields per message, of values per
 * enumeration.
 *
 * Tables are indexed by field number, so finding a field is one load and walking the table is
 * walking in the order in which protobuf writes. Holes are rows of zeroes (FIELD_ABSENT). */
#include "format/message.h"

/* clang-format off */

/* -- Enumerations ------------------------------------------------------------------------------ */

#define ENUM_TYPE(enumeration, full_name) static const enum_value values_##enumeration[] = {
#define ENUM_VALUE(enumeration, value, number) { #value, number },
#define END_ENUM(enumeration) };
#include "format/tf_messages.def"

#define ENUM_TYPE(enumeration, full_name)                                                          \
    const enum_type type_##enumeration = { full_name, values_##enumeration,                        \
                                           sizeof values_##enumeration / sizeof(enum_value) };
#include "format/tf_messages.def"

/* -- Entries of maps --------------------------------------------------------------------------- */

#define ENTRY(entry, key_type, value_of, value_type, value_label)                                  \
    static const message_field fields_##entry[] = {                                                \
        [1] = { "key", NULL, offsetof(tf_##entry, key), 0, FIELD_##key_type, FIELD_PLAIN },        \
        [2] = { "value", value_of, offsetof(tf_##entry, value), 0, value_type, value_label },      \
    };                                                                                             \
    static const message_type type_##entry = { NULL, fields_##entry, 3, 0, sizeof(tf_##entry) };

#define MAP(message, number, name, key_type, type)                                                 \
    ENTRY(message##_##name##_entry, key_type, NULL, FIELD_##type, FIELD_PLAIN)
#define MAP_SUB(message, number, name, key_type, sub)                                              \
    ENTRY(message##_##name##_entry, key_type, &type_##sub, FIELD_SUB, FIELD_EMBEDDED)
#include "format/tf_messages.def"

/* -- Messages ---------------------------------------------------------------------------------- */

/* lists_NodeDef: how many lists and maps it has */
#define MESSAGE(message, full_name) enum { lists_##message = 0
#define REPEATED_FIELD(message, number, name, type) + 1
#define REPEATED_ENUM(message, number, name, type) + 1
#define REPEATED_SUB(message, number, name, type) + 1
#define MAP(message, number, name, key_type, type) + 1
#define MAP_SUB(message, number, name, key_type, sub) + 1
#define END_MESSAGE(message) };
#include "format/tf_messages.def"

#define ROW(message, number, name, of, type, label, extra)                                         \
    [number] = { #name, of, offsetof(tf_##message, name), extra, type, label },
#define COUNT(message, name) offsetof(tf_##message, name##_count)
#define WHICH(message) offsetof(tf_##message, which)

#define MESSAGE(message, full_name) static const message_field fields_##message[] = { [0] = { 0 },
#define END_MESSAGE(message) };
#define FIELD(message, number, name, type)                                                         \
    ROW(message, number, name, NULL, FIELD_##type, FIELD_PLAIN, 0)
#define ENUM(message, number, name, enumeration)                                                   \
    ROW(message, number, name, &type_##enumeration, FIELD_ENUM, FIELD_PLAIN, 0)
#define SUB(message, number, name, sub)                                                            \
    ROW(message, number, name, &type_##sub, FIELD_SUB, FIELD_POINTER, 0)
#define OPTIONAL_FIELD(message, number, name, type)                                                \
    ROW(message, number, name, NULL, FIELD_##type, FIELD_OPTIONAL,                           \
        offsetof(tf_##message, has_##name))
#define REPEATED_FIELD(message, number, name, type)                                                \
    ROW(message, number, name, NULL, FIELD_##type, FIELD_REPEATED, COUNT(message, name))
#define REPEATED_ENUM(message, number, name, enumeration)                                          \
    ROW(message, number, name, &type_##enumeration, FIELD_ENUM, FIELD_REPEATED,                 \
        COUNT(message, name))
#define REPEATED_SUB(message, number, name, sub)                                                   \
    ROW(message, number, name, &type_##sub, FIELD_SUB, FIELD_REPEATED, COUNT(message, name))
#define MAP(message, number, name, key_type, type)                                                 \
    ROW(message, number, name, &type_##message##_##name##_entry, FIELD_SUB, FIELD_MAP,         \
        COUNT(message, name))
#define MAP_SUB(message, number, name, key_type, sub) MAP(message, number, name, key_type, sub)
#define ONEOF_FIELD(message, number, name, type)                                                   \
    ROW(message, number, name, NULL, FIELD_##type, FIELD_ONEOF, WHICH(message))
#define ONEOF_ENUM(message, number, name, enumeration)                                             \
    ROW(message, number, name, &type_##enumeration, FIELD_ENUM, FIELD_ONEOF, WHICH(message))
#define ONEOF_SUB(message, number, name, sub)                                                      \
    ROW(message, number, name, &type_##sub, FIELD_SUB, FIELD_ONEOF, WHICH(message))
#include "format/tf_messages.def"

#define MESSAGE(message, full_name)                                                                \
    const message_type type_##message = {                                                          \
        full_name, fields_##message, sizeof fields_##message / sizeof(message_field),              \
        lists_##message, sizeof(tf_##message)                                                      \
    };
#include "format/tf_messages.def"

static const message_type *const all_messages[] = {
#define MESSAGE(message, full_name) &type_##message,
#include "format/tf_messages.def"
};

/* clang-format on */

/* -- Looking things up ------------------------------------------------------------------------- */

const message_type *message_type_find(slice full_name)
{
    for (size_t i = 0; i < sizeof all_messages / sizeof *all_messages; i++) {
        if (slice_is(full_name, all_messages[i]->name)) return all_messages[i];
    }
    return NULL;
}

const char *enum_name(const enum_type *type, int32_t number)
{
    for (size_t i = 0; i < type->count; i++) {
        if (type->values[i].number == number) return type->values[i].name;
    }
    return NULL;
}

bool enum_number(const enum_type *type, slice name, int32_t *number)
{
    for (size_t i = 0; i < type->count; i++) {
        if (slice_is(name, type->values[i].name)) {
            *number = type->values[i].number;
            return true;
        }
    }
    return false;
}

typedef struct string_entry { /* how the entry of every map with string keys begins */
    message_unknown *unknown;
    slice            key;
} string_entry;

void *message_map_find(const void *entries, size_t count, size_t entry_size, slice key)
{
    const char *at = entries;

    for (size_t i = 0; i < count; i++, at += entry_size) {
        if (slice_eq(((const string_entry *)(const void *)at)->key, key)) return (void *)(uintptr_t)at;
    }
    return NULL;
}
