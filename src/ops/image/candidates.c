/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/candidates.c - the heap of boxes that wait, and their overlap. */
#include "ops/image/candidates.h"

static bool comes_after(const candidate_heap *h, const candidate *a, const candidate *b)
{
    return a->score < b->score || (h->by_index && a->score == b->score && a->box > b->box);
}

/* c goes up from the hole as far as top. */
static void sift_up(candidate_heap *h, int64_t hole, int64_t top, candidate c)
{
    for (int64_t parent; hole > top && comes_after(h, &h->at[parent = (hole - 1) / 2], &c); hole = parent)
        h->at[hole] = h->at[parent];
    h->at[hole] = c;
}

void candidates_push(candidate_heap *h, candidate c)
{
    sift_up(h, h->n++, 0, c);
}

/* The hole that the first one leaves goes down to a leaf, the last one is put there and goes up. */
candidate candidates_pop(candidate_heap *h)
{
    candidate first = h->at[0], last = h->at[--h->n];
    int64_t   hole = 0, child = 0, n = h->n;
    while (child < (n - 1) / 2) {
        child = 2 * (child + 1);
        if (comes_after(h, &h->at[child], &h->at[child - 1])) child--;
        h->at[hole] = h->at[child];
        hole = child;
    }
    if (n > 0 && n % 2 == 0 && child == (n - 2) / 2) {
        h->at[hole] = h->at[2 * child + 1];
        hole = 2 * child + 1;
    }
    if (n > 0) sift_up(h, hole, 0, last);
    return first;
}

static float lesser(float x, float y)
{
    return y < x ? y : x;
}
static float greater(float x, float y)
{
    return x < y ? y : x;
}

float boxes_overlap(const float *a, const float *b)
{
    float ay1 = lesser(a[0], a[2]), ax1 = lesser(a[1], a[3]), ay2 = greater(a[0], a[2]), ax2 = greater(a[1], a[3]);
    float by1 = lesser(b[0], b[2]), bx1 = lesser(b[1], b[3]), by2 = greater(b[0], b[2]), bx2 = greater(b[1], b[3]);
    float a_area = (ay2 - ay1) * (ax2 - ax1), b_area = (by2 - by1) * (bx2 - bx1);
    if (a_area <= 0 || b_area <= 0) return 0;
    float height = lesser(ay2, by2) - greater(ay1, by1), width = lesser(ax2, bx2) - greater(ax1, bx1);
    float both = greater(height, 0) * greater(width, 0);
    return both / (a_area + b_area - both);
}
