/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wire.c - any bytes as a protobuf message. What is decoded must encode, and the encoding must
 * be a fixed point: decoding and encoding it again gives the same bytes. The first byte chooses the
 * message. */
#include "format/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const message_type *const roots[] = {
    &type_SavedModel,       &type_GraphDef,          &type_SavedObjectGraph, &type_TrackableObjectGraph,
    &type_BundleEntryProto, &type_TensorProto,       &type_SequenceExample,  &type_GraphDebugInfo,
    &type_StructuredValue,  &type_SavedTensorSlices, &type_ChunkMetadata,    &type_KerasSavedMetadata,
};

enum { BUDGET = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    slice once, twice;

    if (!size) return 0;
    const message_type *type = roots[data[0] % (sizeof roots / sizeof *roots)];
    arena_init(&a, BUDGET);
    void *m = arena_alloc(&a, type->size), *n = arena_alloc(&a, type->size);
    if (message_decode(type, slice_make(data + 1, size - 1), &a, m, NULL) == SM_OK &&
        message_encode(type, m, &a, &once, NULL) == SM_OK) {
        size_t measured = 0;
        assert(message_size(type, m, &measured, NULL) == SM_OK && measured == once.len);
        assert(message_decode(type, once, &a, n, NULL) == SM_OK);
        assert(message_encode(type, n, &a, &twice, NULL) == SM_OK);
        assert(slice_eq(once, twice));
    }
    arena_clear(&a);
    return 0;
}
