/* SPDX-License-Identifier: Apache-2.0 */
/* passes/frames.c - finds the frames of a graph, as TensorFlow does before it runs one (BuildControlFlowInfo).
 *
 * A node is in the frame that its inputs come from; an Enter leads into the frame that it names, an Exit back out. What has
 * no inputs is in no frame. Two frames of one name inside different frames are different. The way round, through
 * NextIteration, is looked at last: it must lead to a Merge of the same frame. */
#include "passes/frames.h"

static const struct {
    const char *op;
    flow_role   role;
} roles[] = {
    { "Enter", ROLE_ENTER },   { "RefEnter", ROLE_ENTER },     { "Exit", ROLE_EXIT },
    { "RefExit", ROLE_EXIT },  { "NextIteration", ROLE_NEXT }, { "RefNextIteration", ROLE_NEXT },
    { "LoopCond", ROLE_COND }, { "Switch", ROLE_SWITCH },      { "RefSwitch", ROLE_SWITCH },
    { "Merge", ROLE_MERGE },   { "RefMerge", ROLE_MERGE },
};

flow_role frame_role(const node *n)
{
    if (!(n->op->traits & OP_FLOW)) return ROLE_NONE;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (node_is(n, roles[i].op)) return roles[i].role;
    return ROLE_NONE;
}

bool frames_any(const graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        flow_role r = g->nodes[i].removed ? ROLE_NONE : frame_role(&g->nodes[i]);
        if (r == ROLE_ENTER || r == ROLE_EXIT || r == ROLE_NEXT) return true;
    }
    return false;
}

/* -- Frames ------------------------------------------------------------------------------------------------------------ */

typedef struct finder {
    frames      *f;
    const graph *g;
    arena       *a;
    map          by_name; /* parent and name -> frame */
    sm_error    *err;
} finder;

static sm_status enter_frame(finder *s, const node *n, uint32_t parent, uint32_t *out)
{
    frames *f = s->f;
    slice   name = node_string(n, "frame_name"), key;
    bool    fresh;
    if (!name.len)
        return FAIL(s->err, SM_INVALID_ARGUMENT, "The Enter {{node " SLICE_FMT "}} must have a frame name.",
                    SLICE_ARG(n->name));
    key.ptr = arena_printf(s->a, "%u " SLICE_FMT, parent, SLICE_ARG(name));
    if (!key.ptr) return arena_check(s->a, "reading loops", s->err);
    key.len = strlen(key.ptr);
    uint64_t *at = map_at(&s->by_name, key, &fresh);
    if (at && fresh) {
        frame *made = arena_push(s->a, &f->all, &f->count, &f->capacity, sizeof *made);
        *at = f->count - 1;
        if (made) *made = (frame){ .name = name, .parent = parent, .top = parent ? f->all[parent].top : (uint32_t)*at };
    }
    *out = at ? (uint32_t)*at : 0;
    return arena_check(s->a, "reading loops", s->err);
}

/* The frame that what comes out of a node is in. */
static uint32_t frame_after(const finder *s, node_id n)
{
    const frames *f = s->f;
    return frame_role(&s->g->nodes[n]) == ROLE_EXIT ? f->all[f->of[n]].parent : f->of[n];
}

static sm_status mixed_frames(const finder *s, const node *n, node_id a, node_id b)
{
    const frames *f = s->f;
    return FAIL(s->err, SM_INVALID_ARGUMENT,
                "{{node " SLICE_FMT "}} has inputs from different frames. The input {{node " SLICE_FMT
                "}} is in frame '" SLICE_FMT "'. The input {{node " SLICE_FMT "}} is in frame '" SLICE_FMT "'.",
                SLICE_ARG(n->name), SLICE_ARG(s->g->nodes[a].name), SLICE_ARG(f->all[frame_after(s, a)].name),
                SLICE_ARG(s->g->nodes[b].name), SLICE_ARG(f->all[frame_after(s, b)].name));
}

static node_id edge_source(const graph *g, const node *n, uint32_t k)
{
    return k < n->input_count ? graph_node_of(g, n->inputs[k]) : n->controls[k - n->input_count];
}

/* The frame that the inputs of n agree on; those by way of a NextIteration are not looked at. */
static sm_status frame_of_inputs(const finder *s, const node *n, uint32_t *out)
{
    node_id first = NODE_NONE;
    *out = 0;
    for (uint32_t k = 0; k < n->input_count + n->control_count; k++) {
        node_id from = edge_source(s->g, n, k);
        if (s->g->nodes[from].removed || frame_role(&s->g->nodes[from]) == ROLE_NEXT) continue;
        if (first == NODE_NONE) {
            first = from;
            *out = frame_after(s, from);
        } else if (frame_after(s, from) != *out) {
            return mixed_frames(s, n, from, first);
        }
    }
    return SM_OK;
}

static sm_status place_node(finder *s, node_id id)
{
    const node *n = &s->g->nodes[id];
    flow_role   role = frame_role(n);
    uint32_t    in;
    TRY(frame_of_inputs(s, n, &in));
    if (role == ROLE_ENTER) TRY(enter_frame(s, n, in, &in));
    s->f->of[id] = in;
    if (in || (role != ROLE_EXIT && role != ROLE_NEXT)) return SM_OK;
    return FAIL(s->err, SM_INVALID_ARGUMENT, "{{node " SLICE_FMT "}} (%s) is in no loop", SLICE_ARG(n->name), n->op->name);
}

/* -- Checks -------------------------------------------------------------------------------------------------------------- */

static sm_status check_way_round(const finder *s, node_id id)
{
    const node *n = &s->g->nodes[id];
    for (uint32_t k = 0; k < n->input_count + n->control_count; k++) {
        node_id from = edge_source(s->g, n, k);
        if (s->g->nodes[from].removed || frame_role(&s->g->nodes[from]) != ROLE_NEXT) continue;
        if (frame_role(n) != ROLE_MERGE || k >= n->input_count)
            return FAIL(s->err, SM_INVALID_ARGUMENT,
                        "{{node " SLICE_FMT "}} gives a loop's next value to {{node " SLICE_FMT "}}, which is no Merge",
                        SLICE_ARG(s->g->nodes[from].name), SLICE_ARG(n->name));
        if (s->f->of[from] != s->f->of[id]) return mixed_frames(s, n, from, id);
    }
    return SM_OK;
}

static sm_status check_outside(const finder *s, node_id n)
{
    uint32_t in = frame_after(s, n);
    if (!in) return SM_OK;
    return FAIL(s->err, SM_INVALID_ARGUMENT,
                "{{node " SLICE_FMT "}} is inside loop '" SLICE_FMT "': nothing outside can wait for it or fetch it",
                SLICE_ARG(s->g->nodes[n].name), SLICE_ARG(s->f->all[in].name));
}

/* -- Members ------------------------------------------------------------------------------------------------------------- */

static sm_status collect_members(finder *s, const node_id *order, size_t count)
{
    frames  *f = s->f;
    uint32_t next = 0;
    for (size_t k = 0; k < count; k++) f->all[f->all[f->of[order[k]]].top].count++;
    f->all[0].count = 0;
    for (size_t i = 1; i < f->count; i++) {
        f->all[i].first = next;
        next += f->all[i].count;
        f->all[i].count = 0;
    }
    f->members = ARENA_ARRAY(s->a, node_id, next + 1);
    TRY(arena_check(s->a, "reading loops", s->err));
    for (size_t k = 0; k < count; k++) {
        frame *top = &f->all[f->all[f->of[order[k]]].top];
        if (top != f->all) f->members[top->first + top->count++] = order[k];
    }
    return SM_OK;
}

sm_status frames_find(frames *f, const graph *g, arena *a, const node_id *order, size_t order_count, sm_error *err)
{
    finder s = { .f = f, .g = g, .a = a, .err = err };
    *f = (frames){ 0 };
    map_init(&s.by_name, a);
    (void)arena_push(a, &f->all, &f->count, &f->capacity, sizeof *f->all);
    f->of = ARENA_ARRAY(a, uint32_t, g->node_count + 1);
    TRY(arena_check(a, "reading loops", err));
    for (size_t k = 0; k < order_count; k++) TRY(place_node(&s, order[k]));
    for (size_t k = 0; k < order_count; k++) TRY(check_way_round(&s, order[k]));
    for (size_t i = 0; i < g->output_count; i++) TRY(check_outside(&s, graph_node_of(g, g->outputs[i])));
    for (size_t i = 0; i < g->target_count; i++) TRY(check_outside(&s, g->targets[i]));
    return collect_members(&s, order, order_count);
}
