/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/candidates.h - boxes that wait to be selected, best score first: a binary heap, and how much boxes overlap. */
#ifndef OPS_IMAGE_CANDIDATES_H
#define OPS_IMAGE_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct candidate {
    int64_t box;
    float   score;
    int64_t compared; /* with so many of the selected ones */
} candidate;

/* Which of two equal scores comes first depends on the path through the heap; by_index: the lower box. The steps are those
 * of the C++ standard library that TensorFlow is built with. */
typedef struct candidate_heap {
    candidate *at;
    int64_t    n;
    bool       by_index;
} candidate_heap;

void      candidates_push(candidate_heap *h, candidate c); /* there is room */
candidate candidates_pop(candidate_heap *h);               /* n > 0         */

/* Intersection over union of boxes [y1, x1, y2, x2], corners in any order; 0 when one of them has no area. */
float boxes_overlap(const float *a, const float *b);

#endif
