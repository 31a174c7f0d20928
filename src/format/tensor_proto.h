/* SPDX-License-Identifier: Apache-2.0 */
/* format/tensor_proto.h - TensorProto and TensorShapeProto, which have rules of their own.
 *
 * A TensorProto holds its elements in one of two ways: tensor_content, raw little-endian bytes in
 * row-major order (which stay in the mapped file: tensor_proto_view), or a typed list. A list
 * shorter than the tensor repeats its last value, an empty one means zeros, a longer one is cut.
 * half and bfloat16 keep their 16 bits in half_val; all integers of 32 bits and less share int_val;
 * complex numbers are pairs. */
#ifndef FORMAT_TENSOR_PROTO_H
#define FORMAT_TENSOR_PROTO_H

#include "base/dtype.h"
#include "base/shape.h"
#include "base/tstring.h"
#include "format/message.h"

/* p as a shape; unknown_rank and dims of -1 are kept. NULL is a scalar, as protobuf has it: callers
 * for whom an absent shape means "unknown" (TensorInfo) look first. INVALID_ARGUMENT for dims below
 * -1 and ranks above SHAPE_MAX_RANK. */
sm_status shape_from_proto(const tf_TensorShapeProto *p, shape *out, sm_error *err) CHECKED;
/* The other way, in a. NULL when the arena is spent. */
tf_TensorShapeProto *shape_to_proto(arena *a, const shape *s);

/* Type, shape and number of elements; the shape must be fully known, the type one that has a size
 * (reference types are refused). What the list or tensor_content holds is checked too:
 * INVALID_ARGUMENT when the content has another size. */
typedef struct tensor_header {
    sm_dtype dtype;
    shape    shape;
    size_t   count;
    size_t   bytes; /* count * dtype_size */
} tensor_header;
sm_status tensor_proto_header(const tf_TensorProto *p, tensor_header *out, sm_error *err) CHECKED;

/* The elements where they lie, of h.bytes bytes and of any alignment; {NULL, 0} when they must be
 * read with tensor_proto_read. */
slice tensor_proto_view(const tf_TensorProto *p, const tensor_header *h);
/* Elements [0, h.count) into out: h.bytes bytes. Not for strings, resources and variants. */
sm_status tensor_proto_read(const tf_TensorProto *p, const tensor_header *h, void *out, sm_error *err) CHECKED;
/* String element i (repeats the last, empty when there is none), a slice of the message. */
slice tensor_proto_string(const tf_TensorProto *p, size_t i);
/* Copies all of them into h.count zeroed tstrings. RESOURCE_EXHAUSTED leaves what was set. */
sm_status tensor_proto_read_strings(const tf_TensorProto *p, const tensor_header *h, tstring *out, sm_error *err) CHECKED;

/* Fills the zeroed *p: raw bytes become tensor_content (borrowed), strings string_val (borrowed
 * slices). */
sm_status tensor_proto_make(arena *a, sm_dtype t, const shape *s, const void *data, tf_TensorProto *p, sm_error *err) CHECKED;

#endif
