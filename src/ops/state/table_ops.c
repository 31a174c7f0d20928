/* SPDX-License-Identifier: Apache-2.0 */
/* ops/state/table_ops.c - lookup tables as TensorFlow's ops see them.
 *
 * The V1 ops carry a string reference to the table, the V2 ops a resource; inside our graphs both are handles, so each
 * pair shares its kernel. A static table (HashTable) is filled once by an initialiser; a mutable one by inserts; a dense one
 * is a mutable one that sets two keys apart (TensorFlow needs them for its layout, and users get the errors).
 *
 * Tests: table_ops.test. Reading order: the table, then up. */
#include "ops/state/table.h"

#include "base/file.h"
#include "ops/array/move.h"
#include "ops/state/vocabulary.h"

/* -- Handles ---------------------------------------------------------------------------------------------------------- */

typedef struct plan_of_table {
    call      *c;
    table_kind kind;
    shape      value_shape;
} plan_of_table;

static sm_status make_table(void *context, object **out, sm_error *err)
{
    const plan_of_table *p = context;
    const node          *n = p->c->node;
    table               *t;
    TRY(table_new(p->c->memory, p->kind, node_type(n, "key_dtype"), node_type(n, "value_dtype"), &p->value_shape, &t, err));
    if (p->kind == TABLE_DENSE) {
        sm_status s = tensor_keep(p->c->memory, p->c->in[0], &t->empty_key, err);
        if (s == SM_OK) s = tensor_keep(p->c->memory, p->c->in[1], &t->deleted_key, err);
        if (s != SM_OK) {
            object_unref(&t->base);
            return s;
        }
    }
    *out = &t->base;
    return SM_OK;
}

static sm_status give_table(call *c, table_kind kind, bool anonymous)
{
    const attr   *value_shape = node_attr(c->node, "value_shape");
    plan_of_table p = { c, kind, value_shape ? *value_shape->v.shape : shape_scalar() };
    object       *o = NULL;
    if (anonymous) TRY(make_table(&p, &o, c->err));
    else TRY(registry_find_or_make(call_registry(c), node_string(c->node, "container"), call_resource_name(c), &table_type, make_table, &p, &o, c->err));
    sm_status s = call_give_object(c, 0, o);
    object_unref(o);
    return s;
}

static sm_status static_table(call *c)
{
    return give_table(c, TABLE_STATIC, false);
}

static sm_status mutable_table(call *c)
{
    return give_table(c, TABLE_MUTABLE, false);
}

static sm_status dense_table(call *c)
{
    return give_table(c, TABLE_DENSE, false);
}

static sm_status anonymous_static_table(call *c)
{
    return give_table(c, TABLE_STATIC, true);
}

static sm_status anonymous_mutable_table(call *c)
{
    return give_table(c, TABLE_MUTABLE, true);
}

static sm_status anonymous_dense_table(call *c)
{
    return give_table(c, TABLE_DENSE, true);
}

/* -- Arguments --------------------------------------------------------------------------------------------------------- */

static sm_status the_table(call *c, table **out)
{
    object *o;
    TRY(call_object(c, 0, &table_type, &o));
    *out = (table *)o;
    return SM_OK;
}

static sm_status check_types(call *c, const table *t, sm_dtype key, sm_dtype value_dtype)
{
    if (key != t->key_type)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Key must be type %s but got %s", dtype_short_name(t->key_type), dtype_short_name(key));
    if (value_dtype != t->value_type)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Value must be type %s but got %s", dtype_short_name(t->value_type), dtype_short_name(value_dtype));
    return SM_OK;
}

/* keys.shape + value_shape, as a value and in messages. */
static sm_status values_shape(sm_error *err, const table *t, const shape *keys, shape *out)
{
    *out = *keys;
    if (keys->rank < 0) return SM_OK;
    if (keys->rank + t->value_shape.rank > SHAPE_MAX_RANK) return FAIL(err, SM_INVALID_ARGUMENT, "more than %d dimensions", SHAPE_MAX_RANK);
    for (int i = 0; i < t->value_shape.rank; i++) out->dims[out->rank++] = t->value_shape.dims[i];
    return SM_OK;
}

static sm_status wrong_shape(call *c, const char *what, const shape *want, const shape *got)
{
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, want);
    shape_print(&b, got);
    sm_status s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "Expected shape %s for %s, got %s", str_text(&a), what, str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return s;
}

static bool same_key(const tensor *a, const tensor *keys, size_t i)
{
    size_t size = dtype_size(a->dtype);
    if (a->dtype == SM_STRING) return slice_eq(tensor_text(a, 0), tensor_text(keys, i));
    return memcmp(a->data, (const char *)keys->data + i * size, size) == 0;
}

/* The two keys that a dense table reserves. */
static sm_status check_reserved(call *c, const table *t, const tensor *keys, size_t i)
{
    if (t->kind != TABLE_DENSE) return SM_OK;
    if (same_key(t->empty_key, keys, i)) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Using the empty_key as a table key is not allowed");
    if (same_key(t->deleted_key, keys, i)) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Using the deleted_key as a table key is not allowed");
    return SM_OK;
}

/* -- Filling a static table ---------------------------------------------------------------------------------------------- */

static sm_status initialise(call *c)
{
    table        *t;
    const tensor *keys = c->in[1], *values = c->in[2];
    TRY(the_table(c, &t));
    TRY(check_types(c, t, keys->dtype, values->dtype));
    if (keys->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Keys must be a vector, but received rank %d", keys->shape.rank);
    if (values->shape.rank != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Values must be a vector, but received rank %d", values->shape.rank);
    if (tensor_count(keys) != tensor_count(values))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Keys and values must have the same size %zu vs %zu", tensor_count(keys), tensor_count(values));
    if (t->kind != TABLE_STATIC) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "only a HashTable can be initialised");
    return table_initialise(t, keys, values, c->err);
}

static sm_status initialise_from_file(call *c)
{
    const attr *offset = node_attr(c->node, "offset");
    slice       delimiter = node_string(c->node, "delimiter"), path;
    table      *t;
    file_view   file;
    tensor     *keys, *values;
    TRY(the_table(c, &t));
    if (tensor_count(c->in[1]) != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "filename should be a single string, but got %zu", tensor_count(c->in[1]));
    if (delimiter.len != 1) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "delimiter should be only 1 char");
    path = tensor_text(c->in[1], 0);
    char *name = arena_strdup(c->scratch, path);
    if (!name) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    TRY(call_may_access(c, path, false));
    TRY(file_open(name, false, &file, c->err));
    vocabulary v = { path, file.bytes, node_int(c->node, "key_index"), node_int(c->node, "value_index"), t->key_type, t->value_type,
                     node_int(c->node, "vocab_size"), offset ? offset->v.i : 0, delimiter.ptr[0] };
    sm_status s = vocabulary_read(&v, c->memory, &keys, &values, c->err);
    file_close(&file);
    TRY(s);
    s = table_initialise(t, keys, values, c->err);
    tensor_unref(keys);
    tensor_unref(values);
    return s;
}

/* -- Reading ----------------------------------------------------------------------------------------------------------------- */

static const table *known_table(const infer *c)
{
    const object *o = c->value[0] && c->value[0]->data ? tensor_object(c->value[0], 0) : NULL;
    return o && o->type == &table_type ? (const table *)o : NULL;
}

static sm_status infer_find(infer *c)
{
    const table *t = known_table(c);
    return t ? values_shape(c->err, t, &c->in[1], &c->out[0]) : SM_OK;
}

static sm_status find(call *c)
{
    table        *t;
    const tensor *keys = c->in[1], *fallback = c->in[2];
    size_t        n = tensor_count(keys);
    shape         s;
    sm_status     status = SM_OK;
    TRY(the_table(c, &t));
    TRY(check_types(c, t, keys->dtype, fallback->dtype));
    if (!shape_eq(&fallback->shape, &t->value_shape) && !(t->kind == TABLE_MUTABLE && tensor_count(fallback) == n * (size_t)t->width))
        return wrong_shape(c, "default value", &t->value_shape, &fallback->shape);
    TRY(values_shape(c->err, t, &keys->shape, &s));
    TRY(move_output(c, 0, &s));
    bool each = !shape_eq(&fallback->shape, &t->value_shape);          /* a default for every key */
    table_lock(t);
    if (t->kind == TABLE_STATIC && !t->initialised) status = CALL_FAIL(c, SM_FAILED_PRECONDITION, "Table not initialized.");
    for (size_t i = 0; status == SM_OK && i < n; i++) {
        int64_t row = table_find_row(t, keys, i);
        status = check_reserved(c, t, keys, i);
        if (status == SM_OK)
            status = move_range(c, c->out[0], (int64_t)i * t->width, row < 0 ? fallback : t->values, row < 0 ? (each ? (int64_t)i * t->width : 0) : row * t->width, t->width);
    }
    table_unlock(t);
    return status;
}

static sm_status table_size(call *c)
{
    table *t;
    TRY(the_table(c, &t));
    table_lock(t);
    ((int64_t *)c->out[0]->data)[0] = (int64_t)t->count;
    table_unlock(t);
    return SM_OK;
}

static sm_status export_rows(call *c, table *t)
{
    shape keys = shape_vector((int64_t)t->count), values;
    TRY(values_shape(c->err, t, &keys, &values));
    TRY(call_output(c, 0, &keys));
    TRY(call_output(c, 1, &values));
    if (t->count == 0) return SM_OK;
    TRY(move_range(c, c->out[0], 0, t->keys, 0, (int64_t)t->count));
    return move_range(c, c->out[1], 0, t->values, 0, (int64_t)t->count * t->width);
}

static sm_status export_table(call *c)
{
    table *t;
    TRY(the_table(c, &t));
    TRY(check_types(c, t, c->out[0]->dtype, c->out[1]->dtype));
    table_lock(t);
    sm_status s = t->kind == TABLE_STATIC && !t->initialised ? CALL_FAIL(c, SM_FAILED_PRECONDITION, "Table not initialized.") : export_rows(c, t);
    table_unlock(t);
    return s;
}

/* -- Changing ----------------------------------------------------------------------------------------------------------------- */

static sm_status put_rows(call *c, bool clear)
{
    table        *t;
    const tensor *keys = c->in[1], *values = c->in[2];
    size_t        n = tensor_count(keys);
    shape         want;
    sm_status     s = SM_OK;
    TRY(the_table(c, &t));
    TRY(check_types(c, t, keys->dtype, values->dtype));
    if (t->kind == TABLE_STATIC) return CALL_FAIL(c, SM_UNIMPLEMENTED, "Insert not supported by InitializableLookupTable implementations");
    TRY(values_shape(c->err, t, &keys->shape, &want));
    if (!shape_eq(&want, &values->shape)) return wrong_shape(c, "value", &want, &values->shape);
    table_lock(t);
    for (size_t i = 0; s == SM_OK && i < n; i++) s = check_reserved(c, t, keys, i);
    if (s == SM_OK && clear) table_clear(t);
    for (size_t i = 0; s == SM_OK && i < n; i++) s = table_put(t, keys, values, i, false, c->err);
    table_unlock(t);
    return s;
}

static sm_status insert(call *c)
{
    return put_rows(c, false);
}

static sm_status import(call *c)
{
    return put_rows(c, true);
}

static sm_status remove_rows(call *c)
{
    table        *t;
    const tensor *keys = c->in[1];
    sm_status     s = SM_OK;
    TRY(the_table(c, &t));
    TRY(check_types(c, t, keys->dtype, t->value_type));
    if (t->kind == TABLE_STATIC) return CALL_FAIL(c, SM_UNIMPLEMENTED, "Remove not supported by InitializableLookupTable implementations");
    table_lock(t);
    for (size_t i = 0; s == SM_OK && i < tensor_count(keys); i++) {
        s = check_reserved(c, t, keys, i);
        int64_t row = s == SM_OK ? table_find_row(t, keys, i) : -1;
        if (row >= 0) table_remove_row(t, (size_t)row);
    }
    table_unlock(t);
    return s;
}

/* -- The table ---------------------------------------------------------------------------------------------------------------- */

#define KERNEL(name, function) static const kernel name[] = { { .run = function }, { 0 } }
KERNEL(static_table_rows, static_table);
KERNEL(mutable_table_rows, mutable_table);
KERNEL(dense_table_rows, dense_table);
KERNEL(anonymous_static_rows, anonymous_static_table);
KERNEL(anonymous_mutable_rows, anonymous_mutable_table);
KERNEL(anonymous_dense_rows, anonymous_dense_table);
KERNEL(initialise_rows, initialise);
KERNEL(initialise_from_file_rows, initialise_from_file);
KERNEL(find_rows, find);
KERNEL(size_rows, table_size);
KERNEL(export_rows_kernel, export_table);
KERNEL(insert_rows, insert);
KERNEL(import_rows, import);
KERNEL(remove_rows_kernel, remove_rows);

/* clang-format off */
#define NAMED "container: string = \"\", shared_name: string = \"\", use_node_name_sharing: bool = false, key_dtype: any, value_dtype: any"
#define DENSE "value_shape: shape = {}, initial_num_buckets: int = 131072, max_load_factor: float = 0.8"
#define TEXT_FILE "filename:string -> | key_index: int >= -2, value_index: int >= -2, vocab_size: int >= -1 = -1, delimiter: string = \"\t\", offset: int = 0"
#define HANDLE NULL, OP_STATEFUL | OP_HANDLE
#define WRITES NULL, OP_STATEFUL | OP_WRITES
const op_def table_ops[] = {
    { "HashTable", "-> table_handle:&string | " NAMED, infer_scalar, static_table_rows, HANDLE, "a lookup table filled once" },
    { "HashTableV2", "-> table_handle:resource | " NAMED, infer_scalar, static_table_rows, HANDLE, "a lookup table filled once" },
    { "AnonymousHashTable", "-> table_handle:resource | key_dtype: any, value_dtype: any",
      infer_scalar, anonymous_static_rows, NULL, OP_STATEFUL, "a new lookup table" },
    { "MutableHashTable", "-> table_handle:&string | " NAMED, infer_scalar, mutable_table_rows, HANDLE, "a lookup table that can change" },
    { "MutableHashTableV2", "-> table_handle:resource | " NAMED, infer_scalar, mutable_table_rows, HANDLE, "a lookup table that can change" },
    { "MutableHashTableOfTensors", "-> table_handle:&string | " NAMED ", value_shape: shape = {}",
      infer_scalar, mutable_table_rows, HANDLE, "a lookup table of tensors" },
    { "MutableHashTableOfTensorsV2", "-> table_handle:resource | " NAMED ", value_shape: shape = {}",
      infer_scalar, mutable_table_rows, HANDLE, "a lookup table of tensors" },
    { "MutableDenseHashTableV2", "empty_key:key_dtype deleted_key:key_dtype -> table_handle:resource | " NAMED ", " DENSE,
      infer_scalar, dense_table_rows, NULL, OP_STATEFUL | OP_HANDLE, "a lookup table with an empty and a deleted key" },
    { "AnonymousMutableHashTable", "-> table_handle:resource | key_dtype: any, value_dtype: any",
      infer_scalar, anonymous_mutable_rows, NULL, OP_STATEFUL, "a new lookup table that can change" },
    { "AnonymousMutableHashTableOfTensors", "-> table_handle:resource | key_dtype: any, value_dtype: any, value_shape: shape = {}",
      infer_scalar, anonymous_mutable_rows, NULL, OP_STATEFUL, "a new lookup table of tensors" },
    { "AnonymousMutableDenseHashTable", "empty_key:key_dtype deleted_key:key_dtype -> table_handle:resource | key_dtype: any, value_dtype: any, " DENSE,
      infer_scalar, anonymous_dense_rows, NULL, OP_STATEFUL, "a new lookup table with an empty and a deleted key" },
    { "InitializeTable", "table_handle:&string keys:Tkey values:Tval -> | Tkey: any, Tval: any", infer_unknown, initialise_rows, WRITES, "fills a lookup table" },
    { "InitializeTableV2", "table_handle:resource keys:Tkey values:Tval -> | Tkey: any, Tval: any", infer_unknown, initialise_rows, WRITES, "fills a lookup table" },
    { "InitializeTableFromTextFile", "table_handle:&string " TEXT_FILE, infer_unknown, initialise_from_file_rows, WRITES, "fills a lookup table from a file" },
    { "InitializeTableFromTextFileV2", "table_handle:resource " TEXT_FILE, infer_unknown, initialise_from_file_rows, WRITES, "fills a lookup table from a file" },
    { "LookupTableFind", "table_handle:&string keys:Tin default_value:Tout -> values:Tout | Tin: any, Tout: any", infer_find, find_rows, NULL, OP_STATEFUL, "the values of keys" },
    { "LookupTableFindV2", "table_handle:resource keys:Tin default_value:Tout -> values:Tout | Tin: any, Tout: any", infer_find, find_rows, NULL, OP_STATEFUL, "the values of keys" },
    { "LookupTableSize", "table_handle:&string -> size:int64", infer_scalar, size_rows, NULL, OP_STATEFUL, "the number of entries" },
    { "LookupTableSizeV2", "table_handle:resource -> size:int64", infer_scalar, size_rows, NULL, OP_STATEFUL, "the number of entries" },
    { "LookupTableExport", "table_handle:&string -> keys:Tkeys values:Tvalues | Tkeys: any, Tvalues: any", infer_unknown, export_rows_kernel, NULL, OP_STATEFUL, "all keys and values" },
    { "LookupTableExportV2", "table_handle:resource -> keys:Tkeys values:Tvalues | Tkeys: any, Tvalues: any", infer_unknown, export_rows_kernel, NULL, OP_STATEFUL, "all keys and values" },
    { "LookupTableInsert", "table_handle:&string keys:Tin values:Tout -> | Tin: any, Tout: any", infer_unknown, insert_rows, WRITES, "adds or replaces entries" },
    { "LookupTableInsertV2", "table_handle:resource keys:Tin values:Tout -> | Tin: any, Tout: any", infer_unknown, insert_rows, WRITES, "adds or replaces entries" },
    { "LookupTableImport", "table_handle:&string keys:Tin values:Tout -> | Tin: any, Tout: any", infer_unknown, import_rows, WRITES, "replaces all entries" },
    { "LookupTableImportV2", "table_handle:resource keys:Tin values:Tout -> | Tin: any, Tout: any", infer_unknown, import_rows, WRITES, "replaces all entries" },
    { "LookupTableRemoveV2", "table_handle:resource keys:Tin -> | Tin: any", infer_unknown, remove_rows_kernel, WRITES, "removes entries" },
    { 0 },
};
/* clang-format on */
