/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/workspace.c - lifetimes to offsets in one block, or straight into the caller's outputs.
 *
 * A slot can be placed when its shape is known, its elements are plain bytes, and it is not a view of something placed
 * elsewhere. Slots are placed in order of size, the largest first, each in the smallest gap that is free during its life (the
 * greedy-by-size planner; Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020). When
 * that takes more than what is needed at one time, a few other orders are tried (by size times life, by time; the lowest
 * gap), and the best is kept. An elementwise step writes over an input that dies there. */
#include "runtime/plan.h"

#include <stdlib.h>

#define ALIGNMENT 64

typedef struct piece {
    uint32_t slot; /* its root                              */
    size_t   size, offset;
    uint32_t from, to; /* first and last step of its life       */
} piece;

/* A root whose elements the plan may put anywhere. */
static bool may_place(const plan *p, const layout *l, uint32_t slot)
{
    return slot >= p->input_count + p->frontier_count && p->root[slot] == slot && shape_known(&l->shapes[slot]) &&
           dtype_plain(p->body.dtypes[slot]) && !l->constants[slot] && !p->brought[slot];
}

static size_t slot_bytes(const plan *p, const layout *l, uint32_t slot)
{
    return (size_t)shape_count(&l->shapes[slot]) * dtype_size(p->body.dtypes[slot]);
}

static int larger_first(const void *x, const void *y)
{
    const piece *a = x, *b = y;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static int longer_first(const void *x, const void *y)
{
    const piece *a = x, *b = y;
    double p = (double)a->size * (double)(a->to - a->from + 1), q = (double)b->size * (double)(b->to - b->from + 1);
    if (p != q) return p > q ? -1 : 1;
    return larger_first(x, y);
}

static int earlier_first(const void *x, const void *y)
{
    const piece *a = x, *b = y;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return larger_first(x, y);
}

/* The lowest gap that takes x, or the smallest, between the `count` pieces placed so far, the lowest first. */
static size_t find_gap(const piece *x, piece *const *placed, size_t count, bool smallest)
{
    size_t at = 0, best = SIZE_MAX, gap = SIZE_MAX;
    for (size_t j = 0; j < count; j++) {
        const piece *y = placed[j];
        if (y->from > x->to || x->from > y->to) continue;
        if (y->offset >= at + x->size && y->offset - at < gap) {
            if (!smallest) return at;
            best = at;
            gap = y->offset - at;
        }
        if (y->offset + y->size > at) at = y->offset + y->size;
    }
    return best == SIZE_MAX ? at : best;
}

/* Offsets for all pieces in the order in which they stand; returns the size of the block. placed is room for `count`
 * pointers. */
static size_t place_pieces(piece *pieces, size_t count, piece **placed, bool smallest)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        piece *x = &pieces[i];
        size_t k = i;
        x->offset = find_gap(x, placed, i, smallest);
        for (; k > 0 && placed[k - 1]->offset > x->offset; k--) placed[k] = placed[k - 1];
        placed[k] = x;
        if (x->offset + x->size > end) end = x->offset + x->size;
    }
    return end;
}

typedef int piece_order(const void *x, const void *y);

/* Tries until one meets the bound, and ends with the best; returns its size. */
static size_t place_best(piece *pieces, size_t count, piece **placed, size_t bound)
{
    static piece_order *const orders[] = { larger_first, longer_first, earlier_first };
    enum { TRIES = 2 * sizeof orders / sizeof orders[0] };
    size_t best = SIZE_MAX, best_try = 0, size = 0, last = 0;
    if (count == 0) return 0;
    for (size_t i = 0; i < TRIES && best > bound; i++) {
        qsort(pieces, count, sizeof *pieces, orders[i / 2]);
        size = place_pieces(pieces, count, placed, i % 2 == 0);
        last = i;
        if (size >= best) continue;
        best = size;
        best_try = i;
    }
    if (last == best_try) return best;
    qsort(pieces, count, sizeof *pieces, orders[best_try / 2]);
    return place_pieces(pieces, count, placed, best_try % 2 == 0);
}

/* The largest sum of sizes over all steps; change is room for one number per step and one more, all 0. */
static size_t most_live(const piece *pieces, size_t count, size_t steps, size_t *change)
{
    size_t live = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        change[pieces[i].from] += pieces[i].size;
        change[(pieces[i].to < steps ? pieces[i].to : steps) + 1] -= pieces[i].size;
    }
    for (size_t k = 0; k <= steps; k++) {
        live += change[k]; /* modulo 2^64, and never below 0 */
        if (live > most) most = live;
    }
    return most;
}

/* Outputs that are computed in the body go straight to the caller's tensors. */
static void bind_outputs(const plan *p, layout *l)
{
    for (uint32_t i = 0; i < p->output_count; i++) {
        uint32_t slot = p->outputs[i], root = p->root[slot];
        if (root == slot && may_place(p, l, slot) && l->bound[slot] == SLOT_NONE) l->bound[slot] = i;
    }
}

/* May step k write its output over input i? */
static bool may_overwrite(const plan *p, const layout *l, uint32_t k, uint32_t i)
{
    const step *s = &p->body.steps[k];
    uint32_t    in = p->root[s->in[i]], out = s->out;
    if (!may_place(p, l, in) || l->bound[in] != SLOT_NONE) return false;
    if (dtype_size(p->body.dtypes[in]) != dtype_size(p->body.dtypes[out]))
        return false; /* read and write at one pace */
    if (p->last_use[in] != k || slot_bytes(p, l, in) != slot_bytes(p, l, out)) return false;
    for (uint32_t j = 0; j < s->n->input_count; j++)
        if (j != i && p->root[s->in[j]] == in) return false;
    return true;
}

/* Do all kernels of s compute element by element, in the map driver? */
static bool is_map(const step *s)
{
    for (uint32_t i = 0; i < s->kernel_count; i++)
        if (!s->kernels[i]->map) return false;
    return true;
}

/* The root of the place that the output of step k shares with an input, else SLOT_NONE. A map may write over any input
 * that is as large as the output, so is not broadcast; other ops over the first. */
static uint32_t shared_place(const plan *p, const layout *l, const uint32_t *place, uint32_t k)
{
    const step *s = &p->body.steps[k];
    unsigned    t = s->n->op->traits;
    if (!(t & OP_INPLACE) || s->n->output_count == 0 || !may_place(p, l, s->out) || l->bound[s->out] != SLOT_NONE)
        return SLOT_NONE;
    for (uint32_t i = 0; i < (is_map(s) ? s->n->input_count : s->n->input_count > 0); i++)
        if (may_overwrite(p, l, k, i)) return place[p->root[s->in[i]]];
    return SLOT_NONE;
}

/* From the slots that own pieces to those written over them, and to the views of both. */
static void spread_offsets(const plan *p, layout *l, const uint32_t *place)
{
    uint32_t slots = p->body.slot_count;
    for (uint32_t i = 0; i < slots; i++)
        if (place[i] != SLOT_NONE) l->offsets[i] = l->offsets[place[i]];
    for (uint32_t i = 0; i < slots; i++) { /* views of placed roots */
        uint32_t root = p->root[i];
        if (root == i || !shape_known(&l->shapes[i]) || l->constants[i]) continue;
        if (l->offsets[root] != OFFSET_NONE) l->offsets[i] = l->offsets[root];
    }
}

void workspace_plan(const plan *p, layout *l)
{
    arena tmp;
    arena_init(&tmp, 0);
    uint32_t  slots = p->body.slot_count;
    piece    *pieces = ARENA_ARRAY(&tmp, piece, slots + 1);
    piece   **placed = ARENA_ARRAY(&tmp, piece *, slots + 1);
    size_t   *change = ARENA_ARRAY(&tmp, size_t, p->body.count + 2);
    uint32_t *place = ARENA_ARRAY(&tmp, uint32_t, slots + 1); /* slot whose piece a root uses */
    uint32_t *index = ARENA_ARRAY(&tmp, uint32_t, slots + 1); /* of that slot's piece         */
    size_t    count = 0;
    if (arena_check(&tmp, "planning", NULL) != SM_OK) { /* then every value is allocated as it comes */
        arena_clear(&tmp);
        return;
    }
    bind_outputs(p, l);
    for (uint32_t i = 0; i < slots; i++) place[i] = SLOT_NONE;
    for (uint32_t k = 0; k < p->body.count; k++) {
        const step *s = &p->body.steps[k];
        if (l->skip[k]) continue;
        for (uint32_t i = 0; i < s->n->output_count; i++) {
            uint32_t slot = s->out + i;
            if (!may_place(p, l, slot) || l->bound[slot] != SLOT_NONE) continue;
            uint32_t over = i == 0 ? shared_place(p, l, place, k) : SLOT_NONE;
            if (over != SLOT_NONE) {
                place[slot] = over;
                pieces[index[over]].to = p->last_use[slot];
                continue;
            }
            place[slot] = slot;
            index[slot] = (uint32_t)count;
            size_t size = (slot_bytes(p, l, slot) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            pieces[count++] = (piece){ .slot = slot, .size = size ? size : ALIGNMENT, .from = k, .to = p->last_use[slot] };
        }
    }
    l->live = most_live(pieces, count, p->body.count, change);
    l->workspace = place_best(pieces, count, placed, l->live);
    for (size_t i = 0; i < count; i++) l->offsets[pieces[i].slot] = pieces[i].offset;
    spread_offsets(p, l, place);
    arena_clear(&tmp);
}
