/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/combined_non_max.c - CombinedNonMaxSuppression: non-max suppression of each class of each picture, then the best
 * of all classes of a picture.
 *
 *   boxes [batch, n, q, 4] (q: 1, or a box for each class), scores [batch, n, classes]
 *   -> boxes [batch, k, 4], scores, classes [batch, k], how many of them are valid [batch]
 *
 * Classes run on the threads; each has its own part of the found boxes. Tests: combined_non_max.test. */
#include "graph/op.h"
#include "ops/image/candidates.h"

static sm_status check_shapes(infer *c)
{
    const shape *boxes = &c->in[0], *scores = &c->in[1];
    TRY(infer_rank(c, 0, 4));
    TRY(infer_rank(c, 1, 3));
    for (int i = 2; i < 6; i++) TRY(infer_rank(c, i, 0));
    if (!shape_known(boxes) || !shape_known(scores)) return SM_OK;
    if (boxes->dims[2] != 1 && boxes->dims[2] != scores->dims[2])
        return INFER_FAIL(c, "third dimension of boxes must be either 1 or num classes");
    if (boxes->dims[3] != 4) return INFER_FAIL(c, "boxes must have 4 columns");
    if (boxes->dims[1] != scores->dims[1]) return INFER_FAIL(c, "scores has incompatible shape");
    if (boxes->dims[0] != scores->dims[0]) return INFER_FAIL(c, "boxes and scores must have same batch size");
    return SM_OK;
}

static sm_status infer_combined(infer *c)
{
    int64_t batch = c->in[0].rank == 4 ? c->in[0].dims[0] : UNKNOWN_DIM, classes = UNKNOWN_DIM, most = UNKNOWN_DIM;
    int64_t per_class, total;
    bool    pad = node_bool(c->node, "pad_per_class");
    TRY(check_shapes(c));
    if (c->in[1].rank == 3) classes = c->in[1].dims[2];
    if (infer_int_value(c, 2, &per_class) && per_class <= 0)
        return INFER_FAIL(c, "max_size_per_class must be positive");
    if (infer_int_value(c, 3, &total)) {
        if (total <= 0) return INFER_FAIL(c, "max_total_size must be > 0");
        if (!pad)
            most = total;
        else if (infer_int_value(c, 2, &per_class) && classes >= 0)
            most = per_class * classes < total ? per_class * classes : total;
    }
    c->out[0] = shape_of(3, (const int64_t[]){ batch, most, 4 });
    c->out[1] = c->out[2] = shape_matrix(batch, most);
    c->out[3] = shape_vector(batch);
    return SM_OK;
}

typedef struct combined_work {
    const float *boxes, *scores;
    int64_t      n, q, classes, per_class, most; /* most: boxes of a picture in the output */
    float        overlap_threshold, score_threshold;
    candidate   *waiting; /* [batch, classes, n]          */
    candidate   *found;   /* [batch, classes, per_class]; compared: the class */
    int64_t     *count;   /* [batch, classes]             */
    bool         clip;
    float       *out_boxes, *out_scores, *out_classes;
    int32_t     *valid;
} combined_work;

static const float *box_of(const combined_work *w, int64_t picture, int64_t class, int64_t box)
{
    return w->boxes + ((picture * w->n + box) * w->q + (w->q > 1 ? class : 0)) * 4;
}

/* One class of one picture. */
static void find_class(void *context, int64_t begin, int64_t end)
{
    const combined_work *w = context;
    for (int64_t k = begin; k < end; k++) {
        int64_t        picture = k / w->classes, class = k % w->classes, count = 0;
        candidate     *found = w->found + k * w->per_class;
        candidate_heap waiting = { .at = w->waiting + k * w->n };
        for (int64_t i = 0; i < w->n; i++) {
            float score = w->scores[(picture * w->n + i) * w->classes + class];
            if (score > w->score_threshold) candidates_push(&waiting, (candidate){ .box = i, .score = score });
        }
        while (count < w->per_class && waiting.n > 0) {
            candidate next = candidates_pop(&waiting);
            int64_t   j = count - 1;
            while (j >= 0 && !(boxes_overlap(box_of(w, picture, class, next.box),
                                             box_of(w, picture, class, found[j].box)) > w->overlap_threshold))
                j--;
            next.compared = class;
            if (j < 0) found[count++] = next;
        }
        w->count[k] = count;
    }
}

static float unit(float x)
{
    x = 1.0f < x ? 1.0f : x;
    return x < 0.0f ? 0.0f : x;
}

/* Place `at` of the output; c NULL: nothing is left. */
static void store_box(const combined_work *w, int64_t at, const candidate *c)
{
    const float *box = c ? box_of(w, at / w->most, c->compared, c->box) : NULL;
    w->out_scores[at] = c ? c->score : 0;
    w->out_classes[at] = c ? (float)c->compared : 0;
    for (int j = 0; j < 4; j++) w->out_boxes[at * 4 + j] = !c ? 0 : w->clip ? unit(box[j]) : box[j];
}

/* The best of all classes of a picture; of equal scores the one of the lower class. */
static void join_classes(void *context, int64_t begin, int64_t end)
{
    const combined_work *w = context;
    for (int64_t b = begin; b < end; b++) {
        const candidate *found = w->found + b * w->classes * w->per_class;
        candidate_heap   best = { .at = w->waiting + b * w->classes * w->n, .by_index = true };
        for (int64_t k = 0; k < w->classes * w->per_class; k++)
            if (k % w->per_class < w->count[b * w->classes + k / w->per_class])
                candidates_push(&best, (candidate){ .box = k, .score = found[k].score });
        w->valid[b] = (int32_t)(best.n < w->most ? best.n : w->most);
        for (int64_t i = 0; i < w->most; i++)
            store_box(w, b * w->most + i, best.n > 0 ? &found[candidates_pop(&best).box] : NULL);
    }
}

/* Sizes from the scalars, checked. */
static sm_status read_sizes(call *c, combined_work *w)
{
    int32_t per_class = *(const int32_t *)c->in[2]->data, total = *(const int32_t *)c->in[3]->data;
    int64_t lists;
    if (per_class <= 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "max_size_per_class must be positive");
    if (total <= 0) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "max_total_size must be > 0");
    w->overlap_threshold = *(const float *)c->in[4]->data;
    w->score_threshold = *(const float *)c->in[5]->data;
    if (!(w->overlap_threshold >= 0 && w->overlap_threshold <= 1))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "iou_threshold must be in [0, 1]");
    w->per_class = per_class < w->n ? per_class : w->n;
    if (__builtin_mul_overflow(w->per_class, w->classes, &lists) || lists > INT32_MAX)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "size_per_class * num_classes causes overflow");
    w->most = total;
    if (node_bool(c->node, "pad_per_class") && per_class * w->classes < total) w->most = per_class * w->classes;
    return SM_OK;
}

static sm_status run_combined(call *c)
{
    const shape  *boxes = &c->in[0]->shape, *scores = &c->in[1]->shape;
    int64_t       batch = boxes->dims[0];
    combined_work w = { .boxes = c->in[0]->data,
                        .scores = c->in[1]->data,
                        .n = boxes->dims[1],
                        .q = boxes->dims[2],
                        .classes = scores->dims[2],
                        .clip = node_bool(c->node, "clip_boxes") };
    TRY(read_sizes(c, &w));
    const shape outputs[] = { shape_of(3, (const int64_t[]){ batch, w.most, 4 }), shape_matrix(batch, w.most),
                              shape_matrix(batch, w.most), shape_vector(batch) };
    for (int i = 0; i < 4; i++) TRY(call_output(c, i, &outputs[i]));
    size_t lists = (size_t)(batch * w.classes);
    w.out_boxes = c->out[0]->data;
    w.out_scores = c->out[1]->data;
    w.out_classes = c->out[2]->data;
    w.valid = c->out[3]->data;
    w.waiting = call_scratch(c, (lists * (size_t)w.n + 1) * sizeof *w.waiting);
    w.found = call_scratch(c, (lists * (size_t)w.per_class + 1) * sizeof *w.found);
    w.count = call_scratch(c, (lists + 1) * sizeof *w.count);
    if (!w.waiting || !w.found || !w.count) return SM_RESOURCE_EXHAUSTED;
    call_for(c, (int64_t)lists, 1, find_class, &w);
    call_for(c, batch, 1, join_classes, &w);
    return SM_OK;
}

/* -- The table ----------------------------------------------------------------------------------------------------------- */

static const kernel combined_rows[] = { { .run = run_combined }, { 0 } };

/* clang-format off */
const op_def combined_non_max_ops[] = {
    { "CombinedNonMaxSuppression", "boxes:float scores:float max_output_size_per_class:int32 max_total_size:int32 "
      "iou_threshold:float score_threshold:float -> nmsed_boxes:float nmsed_scores:float nmsed_classes:float "
      "valid_detections:int32 | pad_per_class: bool = false, clip_boxes: bool = true",
      infer_combined, combined_rows, NULL, 0, "non-max suppression of each class, then the best of all classes" },
    { 0 },
};
