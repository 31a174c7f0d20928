/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/encode.c - EncodeJpeg, EncodeJpegVariableQuality, EncodePng: [height, width, channels] to the bytes of a file.
 *
 * EncodePng takes any dimensions before those three and gives as many files. Tests: encode.test. */
#include "graph/op.h"
#include "ops/image/codec.h"

static sm_status infer_encode_jpeg(infer *c)
{
    TRY(infer_rank(c, 0, 3));
    if (c->n_in > 1) TRY(infer_rank(c, 1, 0));
    c->out[0] = shape_scalar();
    return SM_OK;
}

static sm_status infer_encode_png(infer *c)
{
    TRY(infer_rank_at_least(c, 0, 3));
    if (c->in[0].rank == UNKNOWN_RANK) return SM_OK;
    c->out[0] = shape_of(c->in[0].rank - 3, c->in[0].dims);
    return SM_OK;
}

/* The text in `file` becomes element i. */
static sm_status store_file(call *c, int64_t i, const str *file)
{
    if (file->failed || !tstring_set((tstring *)c->out[0]->data + i, str_slice(file)))
        return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    return SM_OK;
}

/* -- JPEG ----------------------------------------------------------------------------------------------------------- */

typedef struct encode_params {
    slice              format; /* "", "grayscale", "rgb" */
    jpeg_write_options jpeg;
} encode_params;

static sm_status check_quality(call *c, int64_t quality)
{
    if (quality < 0 || quality > 100)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "quality must be in [0,100], got %lld", (long long)quality);
    return SM_OK;
}

static sm_status prepare_encode_jpeg(call *c)
{
    encode_params *p = call_params(c, sizeof *p);
    if (!p) return SM_RESOURCE_EXHAUSTED;
    slice unit = node_string(c->node, "density_unit");
    p->format = node_string(c->node, "format");
    if (p->format.len && !slice_is(p->format, "grayscale") && !slice_is(p->format, "rgb"))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "format must be '', grayscale or rgb, got " SLICE_FMT,
                         SLICE_ARG(p->format));
    TRY(check_quality(c, node_int(c->node, "quality")));
    if (!slice_is(unit, "in") && !slice_is(unit, "cm"))
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "density_unit must be 'in' or 'cm'" SLICE_FMT, SLICE_ARG(unit));
    p->jpeg = (jpeg_write_options){ .quality = (int)node_int(c->node, "quality"),
                                    .progressive = node_bool(c->node, "progressive"),
                                    .optimize_size = node_bool(c->node, "optimize_size"),
                                    .chroma_downsampling = node_bool(c->node, "chroma_downsampling"),
                                    .density_unit = slice_is(unit, "in") ? 1 : 2,
                                    .x_density = (int)node_int(c->node, "x_density"),
                                    .y_density = (int)node_int(c->node, "y_density"),
                                    .xmp = node_string(c->node, "xmp_metadata") };
    return SM_OK;
}

static sm_status encode_jpeg(call *c, const jpeg_write_options *o)
{
    const tensor *image = c->in[0];
    str           file;
    if (tensor_count(image) >= INT32_MAX)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "Cannot encode images with >= max int32 elements");
    str_init(&file);
    sm_status s =
        jpeg_write(image->data, tensor_dim(image, 0), tensor_dim(image, 1), (int)tensor_dim(image, 2), o, &file, c->err);
    if (s == SM_OK) s = store_file(c, 0, &file);
    str_clear(&file);
    return s;
}

static sm_status check_channels(call *c)
{
    int64_t channels = tensor_dim(c->in[0], 2);
    if (channels == 1 || channels == 3) return SM_OK;
    const int64_t *d = c->in[0]->shape.dims;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "image must have 1 or 3 channels, got [%lld,%lld,%lld]", (long long)d[0],
                     (long long)d[1], (long long)d[2]);
}

static sm_status run_encode_jpeg(call *c)
{
    const encode_params *p = c->params;
    int                  expects = slice_is(p->format, "rgb") ? 3 : 1;
    const int64_t       *d = c->in[0]->shape.dims;
    if (p->format.len && d[2] != expects)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "format " SLICE_FMT " expects %d channels, got [%lld,%lld,%lld]",
                         SLICE_ARG(p->format), expects, (long long)d[0], (long long)d[1], (long long)d[2]);
    TRY(check_channels(c));
    return encode_jpeg(c, &p->jpeg);
}

static sm_status run_variable_quality(call *c)
{
    jpeg_write_options o = { .chroma_downsampling = true, .density_unit = 1, .x_density = 300, .y_density = 300 };
    o.quality = *(const int32_t *)c->in[1]->data;
    TRY(check_quality(c, o.quality));
    TRY(check_channels(c));
    return encode_jpeg(c, &o);
}

/* -- PNG ------------------------------------------------------------------------------------------------------------- */

static sm_status run_encode_png(call *c)
{
    const tensor  *image = c->in[0];
    const int64_t *d = image->shape.dims + image->shape.rank - 3;
    int64_t        compression = node_int(c->node, "compression"), n = (int64_t)tensor_count(c->out[0]);
    size_t         element = dtype_size(image->dtype);
    if (compression < -1 || compression > 9)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "compression should be in [-1,9], got %lld", (long long)compression);
    if (tensor_count(image) >= INT32_MAX)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "image cannot have >= int32 max elements");
    if (d[2] < 1 || d[2] > 4)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "image must have 1, 2, 3, or 4 channels, got %lld", (long long)d[2]);
    if (n > 0 && (d[0] == 0 || d[1] == 0))
        return CALL_FAIL(c, SM_INTERNAL, "PNG encoding failed at the following flattened batch indices: 0");
    for (int64_t i = 0; i < n; i++) {
        const char *pixels = (const char *)image->data + (size_t)(i * d[0] * d[1] * d[2]) * element;
        str         file;
        str_init(&file);
        sm_status s = png_write(pixels, d[0], d[1], (int)d[2], (int)element * 8, (int)compression, &file, c->err);
        if (s == SM_OK) s = store_file(c, i, &file);
        str_clear(&file);
        TRY(s);
    }
    return SM_OK;
}

/* -- The table -------------------------------------------------------------------------------------------------------- */

static const kernel encode_jpeg_rows[] = { { .run = run_encode_jpeg, .prepare = prepare_encode_jpeg }, { 0 } };
static const kernel variable_quality_rows[] = { { .run = run_variable_quality }, { 0 } };
static const kernel encode_png_rows[] = { { .run = run_encode_png }, { 0 } };

/* clang-format off */
const op_def encode_ops[] = {
    { "EncodeJpeg", "image:uint8 -> contents:string | format: {\"\", \"grayscale\", \"rgb\"} = \"\", quality: int = 95, "
      "progressive: bool = false, optimize_size: bool = false, chroma_downsampling: bool = true, "
      "density_unit: {\"in\", \"cm\"} = \"in\", x_density: int = 300, y_density: int = 300, xmp_metadata: string = \"\"",
      infer_encode_jpeg, encode_jpeg_rows, NULL, 0, "[height, width, 1 or 3] as a JPEG file" },
    { "EncodeJpegVariableQuality", "images:uint8 quality:int32 -> contents:string",
      infer_encode_jpeg, variable_quality_rows, NULL, 0, "the same, with a quality that is computed" },
    { "EncodePng", "image:T -> contents:string | compression: int = -1, T: {uint8, uint16} = uint8",
      infer_encode_png, encode_png_rows, NULL, 0, "[..., height, width, 1 to 4 channels] as PNG files" },
    { 0 },
};
