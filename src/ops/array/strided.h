/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/strided.h - begin, end, strides and five masks, resolved into a box. */
#ifndef OPS_ARRAY_STRIDED_H
#define OPS_ARRAY_STRIDED_H

#include "ops/array/move.h"

typedef struct strided { /* per dimension of the input                                   */
    int     rank;
    int64_t first[SHAPE_MAX_RANK], stride[SHAPE_MAX_RANK], count[SHAPE_MAX_RANK];
    int     visible[SHAPE_MAX_RANK]; /* input dimension behind each dimension of the result; -1: a new axis */
} strided;

/* n carries the masks. begin and end may be NULL when they are not known yet (lengths are then unknown, except of shrunk
 * dimensions), in's dims may be unknown. *result is the shape of the slice. */
sm_status strided_resolve(sm_error *err, const node *n, const shape *in, const tensor *begin, const tensor *end,
                          const tensor *strides, strided *box, shape *result) CHECKED;
/* The move between the box in a tensor of shape `in` and a contiguous tensor: read takes it out, else it goes in. */
move strided_move(const strided *box, const shape *in, bool read);

#endif
