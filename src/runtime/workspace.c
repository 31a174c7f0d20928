/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/workspace.c - lifetimes to offsets in one block, or straight into the caller's outputs.
 *
 * A slot can be placed when its shape is known, its elements are plain bytes, and it is not a view of something placed
 * elsewhere. Slots are placed in order of size, the largest first, each in the smallest gap that is free during its life (the
 * greedy-by-size planner; Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020). An elementwise step writes over its first input when that input dies there. */
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

/* Offsets for all pieces; returns the size of the block. placed is room for `count` pointers: the pieces that have a
 * place, the lowest first. */
static size_t place_pieces(piece *pieces, size_t count, piece **placed)
{
    size_t end = 0;
    if (count) qsort(pieces, count, sizeof *pieces, larger_first);
    for (size_t i = 0; i < count; i++) {
        piece *x = &pieces[i];
        size_t at = 0, best = SIZE_MAX, gap = SIZE_MAX, k = i;
        for (size_t j = 0; j < i; j++) { /* the smallest gap that takes it, between those that live at the same time */
            const piece *y = placed[j];
            if (y->from > x->to || x->from > y->to) continue;
            if (y->offset >= at + x->size && y->offset - at < gap) {
                best = at;
                gap = y->offset - at;
            }
            if (y->offset + y->size > at) at = y->offset + y->size;
        }
        x->offset = best == SIZE_MAX ? at : best;
        for (; k > 0 && placed[k - 1]->offset > x->offset; k--) placed[k] = placed[k - 1];
        placed[k] = x;
        if (x->offset + x->size > end) end = x->offset + x->size;
    }
    return end;
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

/* May step s write its output over input 0? Then the root of the place that both share, else SLOT_NONE. */
static uint32_t shared_place(const plan *p, const layout *l, const uint32_t *place, uint32_t k)
{
    const step *s = &p->body.steps[k];
    if (!(s->n->op->traits & OP_INPLACE) || s->n->input_count == 0 || s->n->output_count == 0) return SLOT_NONE;
    uint32_t in = p->root[s->in[0]], out = s->out;
    if (!may_place(p, l, in) || !may_place(p, l, out) || l->bound[out] != SLOT_NONE || l->bound[in] != SLOT_NONE)
        return SLOT_NONE;
    if (dtype_size(p->body.dtypes[in]) != dtype_size(p->body.dtypes[out]))
        return SLOT_NONE; /* read and write at one pace */
    if (p->last_use[in] != k || slot_bytes(p, l, in) != slot_bytes(p, l, out)) return SLOT_NONE;
    for (uint32_t i = 1; i < s->n->input_count; i++)
        if (p->root[s->in[i]] == in) return SLOT_NONE;
    return place[in];
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
    l->workspace = place_pieces(pieces, count, placed);
    l->live = most_live(pieces, count, p->body.count, change);
    for (size_t i = 0; i < count; i++) l->offsets[pieces[i].slot] = pieces[i].offset;
    spread_offsets(p, l, place);
    arena_clear(&tmp);
}
