/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/projective.c - ImageProjectiveTransformV2 and V3: each output pixel (x, y) shows the input at
 *
 *   k = t6 x + t7 y + 1      ((t0 x + t1 y + t2) / k, (t3 x + t4 y + t5) / k)
 *
 * Positions outside of the picture are folded back into it, or show fill_value. Keras' random layers (rotation, zoom,
 * translation) are this op. Tests: projective.test. */
#include "graph/op.h"

#include <math.h>

/* -- Where a position outside of [0, n) is folded to ---------------------------------------------------------------------- */

#define FARTHEST 1e15f

static float clamped(float at, int64_t n)
{
    float last = (float)(n - 1);
    at = at < 0 ? 0 : at;
    return last < at ? last : at;
}

/* dcba|abcd|dcba */
static float reflected(float at, int64_t n)
{
    int64_t twice = 2 * n;
    if (!(fabsf(at) < FARTHEST)) return at;
    if (at < 0) {
        if (n <= 1) return 0;
        if (at < (float)twice) at = (float)(twice * (int64_t)(-at / (float)twice)) + at;
        at = at < (float)-n ? at + (float)twice : -at - 1;
    } else if (at > (float)(n - 1)) {
        if (n <= 1) return 0;
        at -= (float)(twice * (int64_t)(at / (float)twice));
        if (at >= (float)n) at = (float)twice - at - 1;
    }
    return clamped(at, n);
}

/* abcd|abcd|abcd */
static float wrapped(float at, int64_t n)
{
    if (!(fabsf(at) < FARTHEST)) return at;
    if (at < 0)
        at = n <= 1 ? 0 : at + (float)(n * ((int64_t)(-at / (float)(n - 1)) + 1));
    else if (at > (float)(n - 1))
        at = n <= 1 ? 0 : at - (float)(n * (int64_t)(at / (float)(n - 1)));
    return clamped(at, n);
}

static float as_it_is(float at, int64_t n)
{
    (void)n;
    return at;
}

static const struct {
    const char *name;
    float (*fold)(float at, int64_t n);
} modes[] = { { "REFLECT", reflected }, { "WRAP", wrapped }, { "CONSTANT", as_it_is }, { "NEAREST", clamped } };

/* -- Parameters ------------------------------------------------------------------------------------------------------------- */

typedef struct projective_params {
    bool bilinear;
    float (*fold)(float at, int64_t n);
} projective_params;

static sm_status prepare_projective(call *c)
{
    projective_params *p = call_params(c, sizeof *p);
    slice              interpolation = node_string(c->node, "interpolation"), mode = node_string(c->node, "fill_mode");
    if (!p) return SM_RESOURCE_EXHAUSTED;
    p->bilinear = slice_is(interpolation, "BILINEAR");
    if (!p->bilinear && !slice_is(interpolation, "NEAREST"))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Invalid interpolation " SLICE_FMT ". Supported types: NEAREST, BILINEAR",
                         SLICE_ARG(interpolation));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (slice_is(mode, modes[i].name)) p->fold = modes[i].fold;
    if (!p->fold)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT,
                         "Invalid mode " SLICE_FMT ". Supported types: REFLECT, WRAP, CONSTANT, NEAREST", SLICE_ARG(mode));
    return SM_OK;
}

static sm_status infer_projective(infer *c)
{
    const shape *images = &c->in[0], *t = &c->in[1];
    shape        size;
    sm_status    s = SM_OK;
    if (images->rank != UNKNOWN_RANK && images->rank != 4) return INFER_FAIL(c, "Input images must have rank 4");
    if (shape_known(t) && shape_known(images) &&
        (t->rank != 2 || t->dims[1] != 8 || (t->dims[0] != 1 && t->dims[0] != images->dims[0])))
        return INFER_FAIL(c, "Input transform should be num_images x 8 or 1 x 8");
    if (c->n_in > 3) TRY(infer_rank(c, 3, 0));
    c->out[0] = images->rank == 4 ? *images : shape_unknown_dims(4);
    c->out[0].dims[1] = c->out[0].dims[2] = UNKNOWN_DIM;
    TRY(infer_rank(c, 2, 1));
    if (!infer_shape_value(c, 2, &size, &s)) return s;
    if (size.rank != 2) return INFER_FAIL(c, "output shape must have two elements[%d]", size.rank);
    if (size.dims[0] <= 0 || size.dims[1] <= 0) return INFER_FAIL(c, "output dimensions must be positive");
    c->out[0].dims[1] = size.dims[0];
    c->out[0].dims[2] = size.dims[1];
    return SM_OK;
}

/* -- Pixels ------------------------------------------------------------------------------------------------------------------ */

typedef struct projective_work {
    const projective_params *p;
    const void              *in;
    void                    *out;
    const float             *transforms;
    int64_t                  transform_count, in_height, in_width, height, width, channels;
    float                    fill;
} projective_work;

/* The input position of an output pixel; false: nowhere near. */
static bool position_of(const projective_work *w, int64_t picture, int64_t row, int64_t column, float *y, float *x)
{
    const float *t = w->transforms + (w->transform_count == 1 ? 0 : 8 * picture);
    float        fx = (float)column, fy = (float)row;
    float        k = t[6] * fx + t[7] * fy + 1.0f;
    if (k == 0) return false;
    *x = w->p->fold((t[0] * fx + t[1] * fy + t[2]) / k, w->in_width);
    *y = w->p->fold((t[3] * fx + t[4] * fy + t[5]) / k, w->in_height);
    return fabsf(*x) < FARTHEST && fabsf(*y) < FARTHEST; /* a little outside, the fill value is mixed in */
}

/* For each type: the value at a pixel (fill outside), the two interpolations, the loop over rows. */
#define PROJECTIVE(name, T, LOAD, STORE)                                                                              \
    static T name##_at(const projective_work *w, const T *image, T fill, int64_t y, int64_t x, int64_t k)             \
    {                                                                                                                 \
        bool inside = y >= 0 && y < w->in_height && x >= 0 && x < w->in_width;                                        \
        return inside ? image[(y * w->in_width + x) * w->channels + k] : fill;                                        \
    }                                                                                                                 \
    static T name##_between(const projective_work *w, const T *image, T fill, float y, float x, int64_t k)            \
    {                                                                                                                 \
        float   low_y = floorf(y), low_x = floorf(x), high_y = low_y + 1, high_x = low_x + 1;                         \
        int64_t iy = (int64_t)low_y, ix = (int64_t)low_x;                                                             \
        float   top = (high_x - x) * LOAD(name##_at(w, image, fill, iy, ix, k)) +                                     \
                    (x - low_x) * LOAD(name##_at(w, image, fill, iy, ix + 1, k));                                     \
        float bottom = (high_x - x) * LOAD(name##_at(w, image, fill, iy + 1, ix, k)) +                                \
                       (x - low_x) * LOAD(name##_at(w, image, fill, iy + 1, ix + 1, k));                              \
        return STORE((high_y - y) * top + (y - low_y) * bottom);                                                      \
    }                                                                                                                 \
    static void name(void *context, int64_t begin, int64_t end)                                                       \
    {                                                                                                                 \
        const projective_work *w = context;                                                                           \
        const T                fill = STORE(w->fill);                                                                 \
        for (int64_t row = begin; row < end; row++) {                                                                 \
            int64_t  picture = row / w->height;                                                                       \
            const T *image = (const T *)w->in + picture * w->in_height * w->in_width * w->channels;                   \
            T       *out = (T *)w->out + row * w->width * w->channels;                                                \
            for (int64_t column = 0; column < w->width; column++, out += w->channels) {                               \
                float y = 0, x = 0;                                                                                   \
                bool  inside = position_of(w, picture, row % w->height, column, &y, &x);                              \
                for (int64_t k = 0; k < w->channels; k++)                                                             \
                    out[k] = !inside          ? fill                                                                  \
                             : w->p->bilinear ? name##_between(w, image, fill, y, x, k)                               \
                                              : name##_at(w, image, fill, (int64_t)roundf(y), (int64_t)roundf(x), k); \
            }                                                                                                         \
        }                                                                                                             \
    }
#define AS_FLOAT(x) ((float)(x))
#define AS_UINT8(x) ((uint8_t)(int32_t)(x))
#define AS_INT32(x) ((int32_t)(x))
#define AS_INT64(x) ((int64_t)(x))
#define AS_DOUBLE(x) ((double)(x))
PROJECTIVE(project_uint8, uint8_t, AS_FLOAT, AS_UINT8)
PROJECTIVE(project_int32, int32_t, AS_FLOAT, AS_INT32)
PROJECTIVE(project_int64, int64_t, AS_FLOAT, AS_INT64)
PROJECTIVE(project_float, float, AS_FLOAT, AS_FLOAT)
PROJECTIVE(project_double, double, AS_FLOAT, AS_DOUBLE)
PROJECTIVE(project_half, uint16_t, half_to_float, float_to_half)
PROJECTIVE(project_bfloat16, uint16_t, bfloat16_to_float, float_to_bfloat16)

static pool_work *const loops[DTYPE_LAST] = {
    [SM_UINT8] = project_uint8,       [SM_INT32] = project_int32,   [SM_INT64] = project_int64,
    [SM_FLOAT] = project_float,       [SM_DOUBLE] = project_double, [SM_HALF] = project_half,
    [SM_BFLOAT16] = project_bfloat16,
};

static sm_status run_projective(call *c)
{
    const shape    *in = &c->in[0]->shape, *out = &c->out[0]->shape;
    projective_work w = { .p = c->params,
                          .in = c->in[0]->data,
                          .out = c->out[0]->data,
                          .transforms = c->in[1]->data,
                          .transform_count = tensor_dim(c->in[1], 0),
                          .in_height = in->dims[1],
                          .in_width = in->dims[2],
                          .height = out->dims[1],
                          .width = out->dims[2],
                          .channels = in->dims[3],
                          .fill = c->n_in > 3 ? *(const float *)c->in[3]->data : 0 };
    if (shape_count(out) == 0) return SM_OK;
    call_for(c, in->dims[0] * w.height, 1024 / w.width + 1, loops[c->in[0]->dtype], &w);
    return SM_OK;
}

/* -- The table --------------------------------------------------------------------------------------------------------------- */

static const kernel projective_rows[] = { { .run = run_projective, .prepare = prepare_projective }, { 0 } };

#define PICTURE_TYPES "dtype: {uint8, int32, int64, half, bfloat16, float, double}"

/* clang-format off */
const op_def projective_ops[] = {
    { "ImageProjectiveTransformV2", "images:dtype transforms:float output_shape:int32 -> transformed_images:dtype | "
      PICTURE_TYPES ", interpolation: string, fill_mode: string = \"CONSTANT\"",
      infer_projective, projective_rows, NULL, 0, "pictures seen through a projective transform" },
    { "ImageProjectiveTransformV3", "images:dtype transforms:float output_shape:int32 fill_value:float -> "
      "transformed_images:dtype | " PICTURE_TYPES ", interpolation: string, fill_mode: string = \"CONSTANT\"",
      infer_projective, projective_rows, NULL, 0, "the same, with a value for what is outside" },
    { 0 },
};
