/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/move.h - elements from here to there, of any type: what most array ops come down to.
 *
 * A move is a box of elements walked over with one stride per dimension on each side (in elements; 0 repeats, negative
 * walks backwards). Slice, Transpose, Tile, Pad, Concat ... only fill in a move. Plain types go by element size, whole
 * runs with memcpy; strings and objects go through tensor_copy_range. */
#ifndef OPS_ARRAY_MOVE_H
#define OPS_ARRAY_MOVE_H

#include "graph/op.h"

#define MOVE_MAX_RANK (2 * SHAPE_MAX_RANK)

typedef struct move {
    int     rank;
    int64_t dims[MOVE_MAX_RANK];                    /* of the box                                 */
    int64_t to[MOVE_MAX_RANK], from[MOVE_MAX_RANK]; /* strides                      */
    int64_t to_at, from_at;                         /* first element                              */
} move;

void      move_dim(move *m, int64_t dim, int64_t to, int64_t from); /* one more dimension, inside the others */
sm_status move_run(call *c, tensor *to, const tensor *from, const move *m) CHECKED;

/* Elements [at, at+n) of `to` from elements [from_at, ...) of `from`. */
sm_status move_range(call *c, tensor *to, int64_t at, const tensor *from, int64_t from_at, int64_t n) CHECKED;
/* Every element of `to` becomes element i of `from`, which has its type; NULL: zero (plain types, empty strings). */
sm_status move_fill(call *c, tensor *to, const tensor *from, size_t i) CHECKED;

/* The integers of a vector as dims, unchecked: they may be negative. INVALID_ARGUMENT when there are too many. */
sm_status move_dims(const tensor *t, shape *out, sm_error *err) CHECKED;
/* Where element i of a tensor of shape s is, as TensorFlow writes it: "", "[3]", "[0,2]". */
void move_print_index(str *out, const shape *s, int64_t i);

/* Output i under shape s: as it is when the engine has prepared it, else new memory. */
sm_status move_output(call *c, int i, const shape *s) CHECKED;

/* An axis in [-rank, rank) counted from the front; false when it is out of that range. */
static inline bool move_axis(int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank) return false;
    *out = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

#endif
