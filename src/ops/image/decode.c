/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/decode.c - DecodePng, DecodeJpeg, ExtractJpegShape: bytes of a picture to [height, width, channels].
 *
 * DecodePng and DecodeJpeg each take the other's format too, as TensorFlow's do (the contents decide). The size of
 * the result depends on data, so infer says only what channels says. Tests: decode.test. */
#include "graph/op.h"
#include "ops/image/codec.h"

typedef struct decode_params {
    int          channels, bits;
    jpeg_options jpeg;
} decode_params;

/* -- Inference ---------------------------------------------------------------------------------------------------- */

static sm_status infer_picture(infer *c)
{
    TRY(infer_rank(c, 0, 0));
    c->out[0] = shape_unknown_dims(3);
    int64_t channels = node_int(c->node, "channels");
    if (channels > 0) c->out[0].dims[2] = channels;
    return SM_OK;
}

static sm_status infer_jpeg_shape(infer *c)
{
    TRY(infer_rank(c, 0, 0));
    c->out[0] = shape_vector(3);
    return SM_OK;
}

/* -- Parameters ------------------------------------------------------------------------------------------------------ */

static sm_status prepare_decode(call *c)
{
    decode_params *p = call_params(c, sizeof *p);
    if (!p) return SM_RESOURCE_EXHAUSTED;
    int64_t channels = node_int(c->node, "channels");
    if (channels != 0 && channels != 1 && channels != 3 && channels != 4)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "channels must be 0, 1, 3 or 4, got %lld", (long long)channels);
    p->channels = (int)channels;
    p->bits = 8;
    p->jpeg = (jpeg_options){ .channels = (int)channels, .ratio = 1, .fancy_upscaling = true, .acceptable_fraction = 1 };
    return SM_OK;
}

static sm_status prepare_png(call *c)
{
    TRY(prepare_decode(c));
    ((decode_params *)c->params)->bits = node_type(c->node, "dtype") == SM_UINT16 ? 16 : 8;
    return SM_OK;
}

static sm_status prepare_jpeg(call *c)
{
    TRY(prepare_decode(c));
    decode_params *p = c->params;
    int64_t        ratio = node_int(c->node, "ratio");
    slice          method = node_string(c->node, "dct_method");
    if (ratio != 1 && ratio != 2 && ratio != 4 && ratio != 8)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "ratio must be 1, 2, 4, or 8, got %lld", (long long)ratio);
    if (method.len && !slice_is(method, "INTEGER_FAST") && !slice_is(method, "INTEGER_ACCURATE"))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}");
    p->jpeg.ratio = (int)ratio;
    p->jpeg.fancy_upscaling = node_bool(c->node, "fancy_upscaling");
    p->jpeg.recover_truncated = node_bool(c->node, "try_recover_truncated");
    p->jpeg.acceptable_fraction = node_float(c->node, "acceptable_fraction");
    p->jpeg.accurate_dct = slice_is(method, "INTEGER_ACCURATE");
    return SM_OK;
}

/* -- Running ---------------------------------------------------------------------------------------------------------- */

typedef struct output_place {
    pixel_place place;
    call       *c;
} output_place;

static void *make_output(pixel_place *p, int64_t height, int64_t width, int64_t channels)
{
    call *c = ((output_place *)p)->c;
    shape s = shape_of(3, (const int64_t[]){ height, width, channels });
    p->status = call_output(c, 0, &s);
    return p->status == SM_OK ? c->out[0]->data : NULL;
}

static sm_status run_decode(call *c)
{
    const decode_params *p = c->params;
    output_place         to = { { make_output, SM_OK }, c };
    slice                bytes = tensor_text(c->in[0], 0);
    if (slice_starts(bytes, "\x89PNG\r\n\x1a\n")) return png_read(bytes, p->channels, p->bits, &to.place, c->err);
    if (slice_starts(bytes, "\xff\xd8\xff")) {
        if (p->bits != 8) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Type uint16 is not supported for JPEG");
        if (p->channels == 4) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Channels must be 0, 1 or 3 for JPEG, got 4");
        return jpeg_read(bytes, &p->jpeg, &to.place, c->err);
    }
    if (slice_starts(bytes, "GIF8") || slice_starts(bytes, "BM"))
        return CALL_FAIL(c, SM_UNIMPLEMENTED, "GIF and BMP pictures are not built in");
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Unknown image file format. One of JPEG, PNG, GIF, BMP, WEBP required.");
}

static void *store_shape(pixel_place *p, int64_t height, int64_t width, int64_t channels)
{
    tensor *out = ((output_place *)p)->c->out[0];
    int64_t dims[3] = { height, width, channels };
    for (int i = 0; i < 3; i++) {
        if (out->dtype == SM_INT32)
            ((int32_t *)out->data)[i] = (int32_t)dims[i];
        else
            ((int64_t *)out->data)[i] = dims[i];
    }
    return out->data;
}

static sm_status run_jpeg_shape(call *c)
{
    output_place to = { { store_shape, SM_OK }, c };
    jpeg_options o = { .ratio = 1, .shape_only = true };
    return jpeg_read(tensor_text(c->in[0], 0), &o, &to.place, c->err);
}

/* -- The table ---------------------------------------------------------------------------------------------------------- */

static const kernel decode_png[] = { { .run = run_decode, .prepare = prepare_png }, { 0 } };
static const kernel decode_jpeg[] = { { .run = run_decode, .prepare = prepare_jpeg }, { 0 } };
static const kernel extract_jpeg_shape[] = { { .run = run_jpeg_shape }, { 0 } };

/* clang-format off */
const op_def decode_ops[] = {
    { "DecodePng", "contents:string -> image:dtype | channels: int = 0, dtype: {uint8, uint16} = uint8",
      infer_picture, decode_png, NULL, 0, "a PNG (or JPEG) as [height, width, channels]" },
    { "DecodeJpeg", "contents:string -> image:uint8 | channels: int = 0, ratio: int = 1, fancy_upscaling: bool = true, "
      "try_recover_truncated: bool = false, acceptable_fraction: float = 1.0, dct_method: string = \"\"",
      infer_picture, decode_jpeg, NULL, 0, "a JPEG (or PNG) as [height, width, channels]" },
    { "ExtractJpegShape", "contents:string -> image_shape:output_type | output_type: {int32, int64} = int32",
      infer_jpeg_shape, extract_jpeg_shape, NULL, 0, "[height, width, channels] of a JPEG" },
    { 0 },
};
