/* SPDX-License-Identifier: Apache-2.0 */
/* format/message.h - protobuf messages as plain C structs, read in place and written back byte for
 * byte.
 *
 * tf_messages.def lists every message; this header makes a struct of each, message.c a table of
 * each. Reading:
 *
 *     tf_SavedModel *saved = ARENA_NEW(a, tf_SavedModel);
 *     TRY(message_decode(&type_SavedModel, file.bytes, a, saved, err));
 *     for (size_t i = 0; i < saved->meta_graphs_count; i++)
 *         use(saved->meta_graphs[i].graph_def);     (a pointer, NULL when the field is absent)
 *     const tf_NodeDef_attr_entry *e = MAP_FIND(node, attr, SLICE("T"));  (NULL: none)
 *     if (e && e->value.which == tf_AttrValue_type)
 *         dtype = e->value.type;
 *
 * What lives where: strings and bytes are slices of the input, which must outlive the message (a
 * mapped file: a frozen graph's constants are never copied); arrays and sub-messages live in the
 * arena. Lists are arrays with <name>_count beside them; maps are arrays of entries in file order,
 * each key once (the last one won); the members of a oneof share a union, `which` holds the number
 * of the one that is set (constants tf_<Message>_<field>), 0 for none.
 *
 * Fields that the table does not know, or whose wire type contradicts it, are kept as raw bytes in
 * `unknown` and written after the known ones. Numbers of an enumeration may be any int32.
 *
 * Structs may be filled by hand (zeroed first) and encoded; arena_push grows their lists:
 *     tf_NodeDef *n = arena_push(a, &graph->node, &graph->node_count, &capacity, sizeof *n); */
#ifndef FORMAT_MESSAGE_H
#define FORMAT_MESSAGE_H

#include "base/arena.h"
#include "base/str.h"

/* -- Descriptions ------------------------------------------------------------------------------ */

typedef enum field_type {
    FIELD_NONE,
    FIELD_INT32,
    FIELD_INT64,
    FIELD_UINT32,
    FIELD_UINT64,
    FIELD_SINT64,
    FIELD_FIXED32,
    FIELD_FIXED64,
    FIELD_FLOAT,
    FIELD_DOUBLE,
    FIELD_BOOL,
    FIELD_ENUM,
    FIELD_STRING,
    FIELD_BYTES,
    FIELD_SUB
} field_type;

typedef enum field_label {
    FIELD_ABSENT,   /* a hole in the table: no such field                                        */
    FIELD_PLAIN,    /* a scalar; present when it is not zero                                     */
    FIELD_OPTIONAL, /* a scalar with its own presence bit; `extra` is the offset of a bool       */
    FIELD_POINTER,  /* a sub-message by pointer                                                  */
    FIELD_EMBEDDED, /* a sub-message inside the struct: the value of a map entry                 */
    FIELD_REPEATED, /* `extra` is the offset of the size_t count                                 */
    FIELD_MAP,      /* the same, of entries; `of` describes the entry                            */
    FIELD_ONEOF     /* `extra` is the offset of `which`                                          */
} field_label;

typedef struct message_field {
    const char *name;
    const void *of; /* const message_type * of a sub-message or entry, const enum_type * of an enum */
    uint16_t    offset, extra;
    uint8_t     type, label; /* field_type, field_label */
} message_field;

typedef struct message_type {
    const char          *name;      /* "tensorflow.NodeDef"; NULL: the entry of a map */
    const message_field *fields;    /* indexed by field number                        */
    uint16_t             field_end; /* one past the largest number                    */
    uint16_t             lists;     /* how many of the fields are lists or maps       */
    uint32_t             size;      /* of the struct                                  */
} message_type;

typedef struct enum_value {
    const char *name;
    int32_t     number;
} enum_value;

typedef struct enum_type {
    const char       *name;
    const enum_value *values;
    size_t            count;
} enum_type;

/* Unknown fields of one message: raw tag-and-value bytes, in file order. The first member of every
 * struct. */
typedef struct message_unknown {
    slice                   bytes;
    struct message_unknown *next;
} message_unknown;

/* -- The structs ------------------------------------------------------------------------------- */

#define FIELD_C_INT32 int32_t
#define FIELD_C_INT64 int64_t
#define FIELD_C_UINT32 uint32_t
#define FIELD_C_UINT64 uint64_t
#define FIELD_C_SINT64 int64_t
#define FIELD_C_FIXED32 uint32_t
#define FIELD_C_FIXED64 uint64_t
#define FIELD_C_FLOAT float
#define FIELD_C_DOUBLE double
#define FIELD_C_BOOL bool
#define FIELD_C_STRING slice
#define FIELD_C_BYTES slice

/* tf_NodeDef, tf_NodeDef_attr_entry and their tables type_NodeDef */
#define MESSAGE(message, full_name)           \
    typedef struct tf_##message tf_##message; \
    extern const message_type   type_##message;
#define MAP(message, number, name, key_type, type) \
    typedef struct tf_##message##_##name##_entry tf_##message##_##name##_entry;
#define MAP_SUB(message, number, name, key_type, sub) MAP(message, number, name, key_type, sub)
#define ENUM_TYPE(enumeration, full_name) extern const enum_type type_##enumeration;
#include "format/tf_messages.def"

#define MESSAGE(message, full_name) \
    struct tf_##message {           \
        message_unknown *unknown;
#define END_MESSAGE(message) \
    }                        \
    ;
#define FIELD(message, number, name, type) FIELD_C_##type name;
#define ENUM(message, number, name, enumeration) int32_t name;
#define SUB(message, number, name, sub) tf_##sub *name;
#define OPTIONAL_FIELD(message, number, name, type) \
    bool           has_##name;                      \
    FIELD_C_##type name;
#define REPEATED_FIELD(message, number, name, type) \
    FIELD_C_##type *name;                           \
    size_t          name##_count;
#define REPEATED_ENUM(message, number, name, enumeration) \
    int32_t *name;                                        \
    size_t   name##_count;
#define REPEATED_SUB(message, number, name, sub) \
    tf_##sub *name;                              \
    size_t    name##_count;
#define MAP(message, number, name, key_type, type) \
    tf_##message##_##name##_entry *name;           \
    size_t                         name##_count;
#define MAP_SUB(message, number, name, key_type, sub) MAP(message, number, name, key_type, sub)
#define ONEOF(message) \
    uint32_t which;    \
    union {
#define END_ONEOF(message) \
    }                      \
    ;
#define ONEOF_FIELD FIELD
#define ONEOF_ENUM ENUM
#define ONEOF_SUB SUB
#include "format/tf_messages.def"

#define MAP(message, number, name, key_type, type) \
    struct tf_##message##_##name##_entry {         \
        message_unknown   *unknown;                \
        FIELD_C_##key_type key;                    \
        FIELD_C_##type     value;                  \
    };
#define MAP_SUB(message, number, name, key_type, sub) \
    struct tf_##message##_##name##_entry {            \
        message_unknown   *unknown;                   \
        FIELD_C_##key_type key;                       \
        tf_##sub           value;                     \
    };
#include "format/tf_messages.def"

/* The numbers: tf_NodeDef_op == 2, tf_SaverDef_CheckpointFormatVersion_V2 == 2 */
enum {
#define FIELD(message, number, name, type) tf_##message##_##name = number,
#define ENUM FIELD
#define SUB FIELD
#define OPTIONAL_FIELD FIELD
#define REPEATED_FIELD FIELD
#define REPEATED_ENUM FIELD
#define REPEATED_SUB FIELD
#define ONEOF_FIELD FIELD
#define ONEOF_ENUM FIELD
#define ONEOF_SUB FIELD
#define MAP(message, number, name, key_type, type) tf_##message##_##name = number,
#define MAP_SUB MAP
#define ENUM_VALUE(enumeration, value, number) tf_##enumeration##_##value = number,
#include "format/tf_messages.def"
    tf_numbers_end
};

/* -- Wire format ------------------------------------------------------------------------------- */

#define MESSAGE_MAX_DEPTH 100

/* Merges wire into *message (begin with zeroes): scalars replace, lists grow, sub-messages merge.
 * Slices point into wire. DATA_LOSS when the bytes are no such message, RESOURCE_EXHAUSTED when the
 * arena is spent. */
sm_status message_decode(const message_type *type, slice wire, arena *a, void *message, sm_error *err) CHECKED;

/* The bytes, in a. Deterministic: fields in the order of their numbers, maps sorted by key
 * (integers by value, strings bytewise), then the unknown fields. That is the order of protobuf's
 * C++, which fingerprints are made of. A file that TensorFlow's Python wrote comes back byte for
 * byte but for the order of maps: Python's protobuf writes integer keys in descending order and a
 * string key after the longer ones that it begins ("Tidx" before "T"). */
sm_status message_encode(const message_type *type, const void *message, arena *a, slice *out, sm_error *err) CHECKED;
/* The number of those bytes. */
sm_status message_size(const message_type *type, const void *message, size_t *size, sm_error *err) CHECKED;

/* -- Text format (text_parse.c, text_print.c) ------------------------------------------------- */

/* Parses protobuf's text format (saved_model.pbtxt). Strings without escapes point into text.
 * DATA_LOSS with "line:column: what is wrong". */
sm_status message_parse_text(const message_type *type, slice text, arena *a, void *message, sm_error *err) CHECKED;
/* Prints as protobuf does: two spaces of indentation, fields in the order of their numbers, maps
 * sorted by key, Any expanded when its type is known. */
void message_print(const message_type *type, const void *message, str *out);

/* -- Helpers ----------------------------------------------------------------------------------- */

/* The entry of a map with string keys, or NULL:
 *     const tf_NodeDef_attr_entry *e = MAP_FIND(node, attr, SLICE("T")); */
#define MAP_FIND(message, map, wanted) \
    message_map_find((message)->map, (message)->map##_count, sizeof *(message)->map, wanted)
void *message_map_find(const void *entries, size_t count, size_t entry_size, slice key);

/* The entries of the map with that field number in the order of their keys: pointers, in a. NULL when the arena is spent. */
const void **message_sorted(const message_type *type, const void *message, uint32_t map, arena *a);

/* By full name, "tensorflow.NodeDef"; NULL when it is not in the table. */
const message_type *message_type_find(slice full_name);
/* The name of a number and back; NULL / false when there is none. */
const char *enum_name(const enum_type *type, int32_t number);
bool        enum_number(const enum_type *type, slice name, int32_t *number);

#endif
