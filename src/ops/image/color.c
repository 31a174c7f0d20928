/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/color.c - RGBToHSV and HSVToRGB, AdjustHue, AdjustSaturation, AdjustContrastv2: pictures whose last dimension is
 * red, green, blue (contrast: anything).
 *
 * The three colour conversions are not one: each op rounds in its own places, and these do as TensorFlow's do.
 * Tests: color.test. Reading order: the table, then up. */
#include "graph/op.h"

#include <math.h>
#include <tgmath.h>

/* -- Inference ---------------------------------------------------------------------------------------------------------- */

static sm_status check_channels(infer *c, sm_status status, const char *text)
{
    int rank = c->in[0].rank;
    if (rank != UNKNOWN_RANK && c->in[0].dims[rank - 1] != UNKNOWN_DIM && c->in[0].dims[rank - 1] != 3)
        return error_set(c->err, status, "input must have 3 channels but %s %lld channels.", text,
                         (long long)c->in[0].dims[rank - 1]);
    return infer_same(c);
}

static sm_status infer_color(infer *c)
{
    TRY(infer_rank_at_least(c, 0, 1));
    return check_channels(c, SM_FAILED_PRECONDITION, "input only has");
}

static sm_status infer_picture(infer *c)
{
    TRY(infer_rank_at_least(c, 0, 3));
    TRY(infer_rank(c, 1, 0));
    return infer_same(c);
}

static sm_status infer_adjust(infer *c)
{
    TRY(infer_picture(c));
    return check_channels(c, SM_INVALID_ARGUMENT, "instead has");
}

/* -- Pixel by pixel: a function of three values, over all pixels -------------------------------------------------------- */

typedef struct pixel_work {
    const void *in;
    void       *out;
    float       by; /* delta or scale */
} pixel_work;

#define PIXELS(name, T, function)                                  \
    static void name(void *context, int64_t begin, int64_t end)    \
    {                                                              \
        const pixel_work *w = context;                             \
        const T          *in = (const T *)w->in + 3 * begin;       \
        T                *out = (T *)w->out + 3 * begin;           \
        for (int64_t i = begin; i < end; i++, in += 3, out += 3) { \
            function(in[0], in[1], in[2], w->by, out);             \
        }                                                          \
    }

static sm_status run_pixels(call *c, pool_work *work)
{
    pixel_work w = { c->in[0]->data, c->out[0]->data, c->n_in > 1 ? *(const float *)c->in[1]->data : 0 };
    call_for(c, (int64_t)tensor_count(c->out[0]) / 3, 4096, work, &w);
    return SM_OK;
}

#define GREATER(x, y) ((x) < (y) ? (y) : (x))
#define LESSER(x, y) ((y) < (x) ? (y) : (x))

#define RGB_TO_HSV(name, T)                                                      \
    static inline void name(T r, T g, T b, float unused, T *out)                 \
    {                                                                            \
        T v = GREATER(GREATER(r, g), b), range = v - LESSER(LESSER(r, g), b), h; \
        T norm = 1 / range * ((T)1 / (T)6);                                      \
        (void)unused;                                                            \
        if (r == v)                                                              \
            h = norm * (g - b);                                                  \
        else if (g == v)                                                         \
            h = norm * (b - r) + (T)2 / (T)6;                                    \
        else                                                                     \
            h = norm * (r - g) + (T)4 / (T)6;                                    \
        if (!(range > 0)) h = 0;                                                 \
        out[0] = h < 0 ? h + 1 : h;                                              \
        out[1] = v > 0 ? range / v : 0;                                          \
        out[2] = v;                                                              \
    }
RGB_TO_HSV(rgb_to_hsv_float, float)
RGB_TO_HSV(rgb_to_hsv_double, double)
PIXELS(rgb_to_hsv_floats, float, rgb_to_hsv_float)
PIXELS(rgb_to_hsv_doubles, double, rgb_to_hsv_double)

#define UNIT(x) LESSER(GREATER(x, 0), 1)
#define HSV_TO_RGB(name, T)                                                      \
    static inline void name(T h, T s, T v, float unused, T *out)                 \
    {                                                                            \
        T dh = h * 6, one_s = -s + 1;                                            \
        T dr = fabs(dh - 3) - 1, dg = -fabs(dh - 2) + 2, db = -fabs(dh - 4) + 2; \
        (void)unused;                                                            \
        out[0] = (one_s + s * UNIT(dr)) * v;                                     \
        out[1] = (one_s + s * UNIT(dg)) * v;                                     \
        out[2] = (one_s + s * UNIT(db)) * v;                                     \
    }
HSV_TO_RGB(hsv_to_rgb_float, float)
HSV_TO_RGB(hsv_to_rgb_double, double)
PIXELS(hsv_to_rgb_floats, float, hsv_to_rgb_float)
PIXELS(hsv_to_rgb_doubles, double, hsv_to_rgb_double)

static sm_status run_rgb_to_hsv(call *c)
{
    return run_pixels(c, c->in[0]->dtype == SM_DOUBLE ? rgb_to_hsv_doubles : rgb_to_hsv_floats);
}

static sm_status run_hsv_to_rgb(call *c)
{
    return run_pixels(c, c->in[0]->dtype == SM_DOUBLE ? hsv_to_rgb_doubles : hsv_to_rgb_floats);
}

/* -- AdjustHue: hue in six sectors of the colour wheel ------------------------------------------------------------------- */

/* In each sector one channel is greatest, one least, and the third goes up (even sectors) or down. */
static const struct {
    uint8_t greatest, middle, least;
} sectors[6] = { { 0, 1, 2 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 1, 0 }, { 2, 0, 1 }, { 0, 2, 1 } };

static int sector_of(float r, float g, float b)
{
    if (r < g) return b < r ? 1 : b > g ? 3 : 2;
    return b < g ? 0 : b > r ? 4 : 5;
}

static float turn_hue(float h, float delta)
{
    h += delta * 6;
    if (!(fabsf(h) < 1e4f)) h = fmodf(h, 6);
    while (h < 0) h += 6;
    while (h >= 6) h -= 6;
    return h;
}

static inline void adjust_hue(float r, float g, float b, float delta, float *out)
{
    const float in[3] = { r, g, b };
    int         sector = sector_of(r, g, b);
    float high = in[sectors[sector].greatest], middle = in[sectors[sector].middle], low = in[sectors[sector].least];
    float h = 0;
    if (high != low) {
        float ratio = (middle - low) / (high - low);
        h = (float)sector + (sector & 1 ? 1 - ratio : ratio);
    }
    h = turn_hue(h, delta);
    sector = h >= 0 && h < 6 ? (int)h : 5;
    float ratio = h - (float)sector;
    if (sector & 1) ratio = 1 - ratio;
    out[sectors[sector].greatest] = high;
    out[sectors[sector].middle] = low + ratio * (high - low);
    out[sectors[sector].least] = low;
}
PIXELS(adjust_hue_floats, float, adjust_hue)

static sm_status run_hue(call *c)
{
    return run_pixels(c, adjust_hue_floats);
}

/* -- AdjustSaturation ------------------------------------------------------------------------------------------------------ */

static float hue_of(float r, float g, float b, float v, float range)
{
    float norm = 1.0f / (6.0f * range), h;
    if (range <= 0) return 0;
    if (r == v)
        h = norm * (g - b);
    else if (g == v)
        h = (float)((double)(norm * (b - r)) + 2.0 / 6.0);
    else
        h = (float)((double)(norm * (r - g)) + 4.0 / 6.0);
    return h < 0 ? h + 1 : h;
}

static inline void adjust_saturation(float r, float g, float b, float scale, float *out)
{
    float v = GREATER(r, GREATER(g, b)), range = v - LESSER(r, LESSER(g, b));
    float s = v > 0 ? range / v : 0, dh = hue_of(r, g, b, v, range) * 6;
    s *= scale;
    s = s > 0 ? s : 0;
    s = s < 1 ? s : 1;
    float chroma = s * v, least = v - chroma, turn = dh;
    while (turn <= 0) turn += 2;
    while (turn >= 2) turn -= 2;
    float x = chroma * (1 - fabsf(turn - 1));
    int   sector = dh >= 0 && dh < 6 ? (int)dh : -1;
    out[0] = out[1] = out[2] = least;
    if (sector < 0) return;
    out[sectors[sector].greatest] = chroma + least;
    out[sectors[sector].middle] = x + least;
}
PIXELS(adjust_saturation_floats, float, adjust_saturation)

static sm_status run_saturation(call *c)
{
    return run_pixels(c, adjust_saturation_floats);
}

/* -- AdjustContrastv2: (x - mean) * factor + mean, the mean of a channel of a picture -------------------------------------- */

/* The pixels are folded in half until one is left, as TensorFlow sums them; `fold` has room for half of them, rounded up. */
static void sum_pixels(const float *in, int64_t pixels, int64_t channels, float *fold)
{
    int64_t right = pixels / 2, left = pixels - right;
    for (int64_t i = 0; i < right * channels; i++) fold[i] = in[left * channels + i] + in[i];
    for (int64_t i = right * channels; i < left * channels; i++) fold[i] = in[i];
    while (left > 1) {
        right = left / 2;
        left -= right;
        for (int64_t i = 0; i < right * channels; i++) fold[i] += fold[left * channels + i];
    }
}

typedef struct contrast_work {
    const float *in;
    float       *out;
    float        factor;
    int64_t      pixels, channels;
} contrast_work;

/* The output of a picture is large enough to fold in; its first pixel is read before it is written over. */
static void contrast_pictures(void *context, int64_t begin, int64_t end)
{
    const contrast_work *w = context;
    int64_t              n = w->pixels * w->channels;
    for (int64_t b = begin; b < end; b++) {
        const float *in = w->in + b * n;
        float       *out = w->out + b * n;
        sum_pixels(in, w->pixels, w->channels, out);
        for (int64_t k = 0; k < w->channels; k++) out[k] *= 1.0f / (float)w->pixels;
        for (int64_t i = n; i-- > 0;) {
            float mean = out[i % w->channels];
            out[i] = mean + (in[i] - mean) * w->factor;
        }
    }
}

static sm_status run_contrast(call *c)
{
    const shape  *s = &c->in[0]->shape;
    contrast_work w = { .in = c->in[0]->data,
                        .out = c->out[0]->data,
                        .factor = *(const float *)c->in[1]->data,
                        .pixels = s->dims[s->rank - 3] * s->dims[s->rank - 2],
                        .channels = s->dims[s->rank - 1] };
    int64_t       n = (int64_t)tensor_count(c->in[0]);
    if (n > 0) call_for(c, n / (w.pixels * w.channels), 1, contrast_pictures, &w);
    return SM_OK;
}

/* -- The table -------------------------------------------------------------------------------------------------------------- */

#define COLOR_ROWS(run_function)                                                                                    \
    {                                                                                                               \
        { .types = "T: float", .run = run_function, .widen = true }, { .types = "T: double", .run = run_function }, \
            { 0 },                                                                                                  \
    }
static const kernel rgb_to_hsv[] = COLOR_ROWS(run_rgb_to_hsv);
static const kernel hsv_to_rgb[] = COLOR_ROWS(run_hsv_to_rgb);
static const kernel hue_rows[] = { { .types = "T: float", .run = run_hue }, { 0 } };
static const kernel saturation_rows[] = { { .types = "T: float", .run = run_saturation }, { 0 } };
static const kernel contrast_rows[] = { { .types = "T: float", .run = run_contrast }, { 0 } };

/* clang-format off */
const op_def color_ops[] = {
    { "RGBToHSV", "images:T -> output:T | T: {half, bfloat16, float, double} = float",
      infer_color, rgb_to_hsv, NULL, 0, "red, green, blue to hue, saturation, value" },
    { "HSVToRGB", "images:T -> output:T | T: {half, bfloat16, float, double} = float",
      infer_color, hsv_to_rgb, NULL, 0, "hue, saturation, value to red, green, blue" },
    { "AdjustHue", "images:T delta:float -> output:T | T: {half, float} = float",
      infer_adjust, hue_rows, NULL, 0, "hue turned by delta of the colour wheel" },
    { "AdjustSaturation", "images:T scale:float -> output:T | T: {half, float} = float",
      infer_adjust, saturation_rows, NULL, 0, "saturation times scale, at most 1" },
    { "AdjustContrastv2", "images:T contrast_factor:float -> output:T | T: {half, float} = float",
      infer_picture, contrast_rows, NULL, 0, "(x - mean) * factor + mean, the mean of each channel of a picture" },
    { 0 },
};
