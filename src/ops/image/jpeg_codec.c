/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/jpeg_codec.c - reading JPEG through libjpeg-turbo, set up as TensorFlow sets it up: the fast integer
 * transform unless the accurate one is asked for, smooth upsampling, CMYK turned into RGB pixel by pixel.
 *
 * Truncated files follow TensorFlow's source manager in every detail. Asked for more bytes it answers
 *   bytes are left (libjpeg wants more than one byte of them): go on with the same ones when recovering, else wait
 *   all bytes are used up: an end-of-image marker when recovering, once; else an error
 * and a decoder that waits has shown its last line: the others are black if there are enough of the first ones.
 *
 * libjpeg reports errors by longjmp; nothing here owns memory across it but what `reader` holds. */
#include "ops/image/codec.h"

#ifdef SM_HAVE_JPEG

#include "base/heap.h"

#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

#define MOST_AGAIN 65536 /* far more than any block needs */

typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr         errors;
    struct jpeg_source_mgr        source;
    jmp_buf                       jump;
    slice                         bytes;
    bool                          recover;
    int                           channels; /* of the result */
    const JOCTET                 *stuck;    /* where bytes were given again, */
    int                           again;    /* how often in a row            */
    uint8_t                      *line;     /* one line that is not yet the result's: CMYK, or wider than the window */
} reader;

/* -- libjpeg's callbacks --------------------------------------------------------------------------------------------- */

static void on_error(j_common_ptr c)
{
    longjmp(((reader *)c->client_data)->jump, 1);
}

static void on_message(j_common_ptr c, int level)
{
    (void)c;
    (void)level;
}

static void on_init(j_decompress_ptr c)
{
    reader *r = c->client_data;
    c->src->next_input_byte = (const JOCTET *)r->bytes.ptr;
    c->src->bytes_in_buffer = r->bytes.len;
}

static boolean on_fill(j_decompress_ptr c)
{
    static const JOCTET end[] = { 0xff, JPEG_EOI };
    reader             *r = c->client_data;
    if (c->src->bytes_in_buffer) {
        r->again = r->stuck == c->src->next_input_byte ? r->again + 1 : 0;
        r->stuck = c->src->next_input_byte;
        if (r->again > MOST_AGAIN) on_error((j_common_ptr)c); /* a last 0xff would go on for ever */
        return r->recover;
    }
    if (!r->recover || c->src->next_input_byte == end) on_error((j_common_ptr)c);
    c->src->next_input_byte = end;
    c->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void on_skip(j_decompress_ptr c, long n)
{
    struct jpeg_source_mgr *s = c->src;
    if (n < 0) return;
    if ((size_t)n > s->bytes_in_buffer) {
        s->bytes_in_buffer = 0;
        on_fill(c);
    } else {
        s->next_input_byte += n;
        s->bytes_in_buffer -= (size_t)n;
    }
}

static void on_term(j_decompress_ptr c)
{
    (void)c;
}

static reader *reader_new(slice bytes, bool recover)
{
    reader *r = heap_zero(sizeof *r);
    if (!r) return NULL;
    r->bytes = bytes;
    r->recover = recover;
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->jpeg.client_data = r;
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->source = (struct jpeg_source_mgr){ .init_source = on_init,
                                          .fill_input_buffer = on_fill,
                                          .skip_input_data = on_skip,
                                          .resync_to_restart = jpeg_resync_to_restart,
                                          .term_source = on_term };
    return r;
}

static void reader_free(reader *r)
{
    jpeg_destroy_decompress(&r->jpeg);
    heap_free(r->line);
    heap_free(r);
}

/* -- Reading ---------------------------------------------------------------------------------------------------------- */

static sm_status bad_jpeg(sm_error *err)
{
    return FAIL(err, SM_INVALID_ARGUMENT, "jpeg::Uncompress failed. Invalid JPEG data or crop window.");
}

/* Sets out_color_space and the rest of what was asked for. */
static sm_status read_header(reader *r, const jpeg_options *o, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    jpeg_create_decompress(j);
    j->src = &r->source;
    if (jpeg_read_header(j, TRUE) != JPEG_HEADER_OK) return bad_jpeg(err);
    r->channels = o->channels ? o->channels : j->num_components < 3 ? j->num_components : 3;
    bool cmyk = j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK;
    if (r->channels != 1 && r->channels != 3) return bad_jpeg(err);
    j->out_color_space = r->channels == 1 ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    j->do_fancy_upsampling = o->fancy_upscaling;
    j->scale_num = 1;
    j->scale_denom = (unsigned)o->ratio;
    j->dct_method = o->accurate_dct ? JDCT_ISLOW : JDCT_IFAST;
    jpeg_calc_output_dimensions(j);
    if ((int64_t)j->output_height * j->output_width * j->num_components >= IMAGE_MOST_PIXELS) return bad_jpeg(err);
    return SM_OK;
}

/* The size of the window that is decoded. */
static sm_status check_window(const reader *r, const jpeg_options *o, int64_t *height, int64_t *width, sm_error *err)
{
    *height = r->jpeg.output_height;
    *width = r->jpeg.output_width;
    if (!o->crop) return SM_OK;
    if (o->crop_width <= 0 || o->crop_height <= 0 || o->crop_x < 0 || o->crop_y < 0 ||
        (int64_t)o->crop_y + o->crop_height > *height || (int64_t)o->crop_x + o->crop_width > *width)
        return bad_jpeg(err);
    *height = o->crop_height;
    *width = o->crop_width;
    return SM_OK;
}

/* libjpeg goes to the window; its lines may begin before it, at the edge of a block. */
static sm_status go_to_window(reader *r, const jpeg_options *o, sm_error *err)
{
    JDIMENSION x = (JDIMENSION)o->crop_x, wide = (JDIMENSION)o->crop_width;
    if (!o->crop) return SM_OK;
    jpeg_crop_scanline(&r->jpeg, &x, &wide);
    return jpeg_skip_scanlines(&r->jpeg, (JDIMENSION)o->crop_y) == (JDIMENSION)o->crop_y ? SM_OK : bad_jpeg(err);
}

/* libjpeg's CMYK is inverted when Adobe wrote it. */
static void cmyk_to_rgb(const uint8_t *from, uint8_t *to, int64_t width, bool adobe)
{
    for (int64_t x = 0; x < width; x++, from += 4, to += 3) {
        int k = from[3];
        for (int i = 0; i < 3; i++) to[i] = (uint8_t)(adobe ? k * from[i] / 255 : (255 - k) * (255 - from[i]) / 255);
    }
}

/* The lines after the last one that could be read: when recovering the same again, else black if enough of them came. */
static sm_status fill_missing_lines(const reader *r, const jpeg_options *o, uint8_t *pixels, int64_t got,
                                    int64_t height, size_t stride, sm_error *err)
{
    float enough = o->acceptable_fraction < 1 ? o->acceptable_fraction : 1;
    if (!r->recover && (float)got / (float)height < enough) return bad_jpeg(err);
    for (int64_t y = got; y < height; y++) {
        uint8_t *line = pixels + (size_t)y * stride;
        if (r->recover && y > 0)
            memcpy(line, line - stride, stride);
        else
            memset(line, 0, stride);
    }
    return SM_OK;
}

static sm_status read_lines(reader *r, const jpeg_options *o, uint8_t *pixels, int64_t height, int64_t width, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    bool                           cmyk = j->out_color_space == JCS_CMYK;
    size_t                         stride = (size_t)width * (size_t)r->channels;
    size_t before = ((size_t)j->output_width - (size_t)width) * (cmyk ? 4u : (size_t)r->channels);
    for (int64_t y = 0; y < height; y++) {
        uint8_t *line = pixels + (size_t)y * stride;
        JSAMPROW to = r->line ? r->line : line;
        if (jpeg_read_scanlines(j, &to, 1) == 0) return fill_missing_lines(r, o, pixels, y, height, stride, err);
        if (cmyk)
            cmyk_to_rgb(r->line + before, line, width, j->saw_Adobe_marker);
        else if (r->line)
            memcpy(line, r->line + before, stride);
    }
    /* What is left of the file is read too: a defect there refuses the picture. */
    if (j->output_scanline < j->output_height) jpeg_skip_scanlines(j, j->output_height - j->output_scanline);
    jpeg_finish_decompress(j);
    return SM_OK;
}

static sm_status read_picture(reader *r, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    int64_t                        height, width;
    if (setjmp(r->jump)) return bad_jpeg(err);
    TRY(read_header(r, o, err));
    TRY(check_window(r, o, &height, &width, err));
    uint8_t *pixels = to->make(to, 0, height, width, r->channels); /* the first refusal, before libjpeg's own memory */
    if (!pixels) return to->status;
    jpeg_start_decompress(j);
    TRY(go_to_window(r, o, err));
    if (j->output_components != (j->out_color_space == JCS_CMYK ? 4 : r->channels)) return bad_jpeg(err);
    if (j->out_color_space == JCS_CMYK || width != j->output_width) {
        r->line = heap_alloc((size_t)j->output_width * (size_t)j->output_components + 1);
        if (!r->line) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    }
    return read_lines(r, o, pixels, height, width, err);
}

sm_status jpeg_read(slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    reader *r = reader_new(bytes, o->recover_truncated);
    if (!r) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    sm_status s = read_picture(r, o, to, err);
    reader_free(r);
    return s;
}

static sm_status read_shape(reader *r, int64_t shape[3], sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    if (setjmp(r->jump)) return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data, size %zu", r->bytes.len);
    jpeg_create_decompress(j);
    j->src = &r->source;
    if (jpeg_read_header(j, TRUE) != JPEG_HEADER_OK)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data, size %zu", r->bytes.len);
    jpeg_start_decompress(j);
    shape[0] = j->output_height;
    shape[1] = j->output_width;
    shape[2] = j->output_components;
    return SM_OK;
}

sm_status jpeg_shape(slice bytes, int64_t shape[3], sm_error *err)
{
    reader *r = reader_new(bytes, false);
    if (!r) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    sm_status s = read_shape(r, shape, err);
    reader_free(r);
    return s;
}

#else

sm_status jpeg_read(slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    (void)bytes, (void)o, (void)to;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no JPEG support (libjpeg-turbo)");
}

sm_status jpeg_shape(slice bytes, int64_t shape[3], sm_error *err)
{
    (void)bytes, (void)shape;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no JPEG support (libjpeg-turbo)");
}

#endif
