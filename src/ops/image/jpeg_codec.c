/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/jpeg_codec.c - JPEG through libjpeg-turbo, set up as TensorFlow sets it up: the fast integer transform
 * unless the accurate one is asked for, smooth upsampling, CMYK turned into RGB pixel by pixel. libjpeg reports
 * errors by longjmp; nothing here owns memory across it but what `reader` holds. */
#include "ops/image/codec.h"

#ifdef SM_HAVE_JPEG

#include "base/heap.h"

#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr         errors;
    struct jpeg_source_mgr        source;
    jmp_buf                       jump;
    bool                          recover;
    int                           channels; /* of the result */
    uint8_t                      *cmyk;     /* one line */
} reader;

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
    (void)c;
}

/* The data ended: an end-of-image marker when what is there will do, else suspension. */
static boolean on_fill(j_decompress_ptr c)
{
    static const JOCTET end[] = { 0xff, JPEG_EOI };
    if (!((reader *)c->client_data)->recover) return FALSE;
    c->src->next_input_byte = end;
    c->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void on_skip(j_decompress_ptr c, long n)
{
    struct jpeg_source_mgr *s = c->src;
    size_t                  k = n < 0 ? 0 : (size_t)n < s->bytes_in_buffer ? (size_t)n : s->bytes_in_buffer;
    s->next_input_byte += k;
    s->bytes_in_buffer -= k;
}

static void on_term(j_decompress_ptr c)
{
    (void)c;
}

/* libjpeg's CMYK is inverted when Adobe wrote it. */
static void cmyk_to_rgb(const uint8_t *from, uint8_t *to, size_t width, bool adobe)
{
    for (size_t x = 0; x < width; x++, from += 4, to += 3) {
        int k = from[3];
        for (int i = 0; i < 3; i++) to[i] = (uint8_t)(adobe ? k * from[i] / 255 : (255 - k) * (255 - from[i]) / 255);
    }
}

static sm_status read_header(reader *r, slice bytes, const jpeg_options *o, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    jpeg_create_decompress(j);
    r->source = (struct jpeg_source_mgr){ .next_input_byte = (const JOCTET *)bytes.ptr,
                                          .bytes_in_buffer = bytes.len,
                                          .init_source = on_init,
                                          .fill_input_buffer = on_fill,
                                          .skip_input_data = on_skip,
                                          .resync_to_restart = jpeg_resync_to_restart,
                                          .term_source = on_term };
    j->src = &r->source;
    if (jpeg_read_header(j, TRUE) != JPEG_HEADER_OK)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data or crop window, data size %zu", bytes.len);
    r->channels = o->channels ? o->channels : j->num_components < 3 ? j->num_components : 3;
    bool cmyk = j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK;
    if (r->channels != 1 && r->channels != 3)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data: %d channels", r->channels);
    j->out_color_space = r->channels == 1 ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    j->do_fancy_upsampling = o->fancy_upscaling;
    j->scale_num = 1;
    j->scale_denom = (unsigned)o->ratio;
    j->dct_method = o->accurate_dct ? JDCT_ISLOW : JDCT_IFAST;
    return SM_OK;
}

static sm_status read_lines(reader *r, const jpeg_options *o, uint8_t *pixels, slice bytes, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    size_t                         stride = (size_t)j->output_width * (size_t)r->channels;
    while (j->output_scanline < j->output_height) {
        uint8_t *line = pixels + j->output_scanline * stride;
        JSAMPROW to = r->cmyk ? r->cmyk : line;
        if (jpeg_read_scanlines(j, &to, 1) == 0) {
            float got = (float)j->output_scanline / (float)j->output_height;
            if (!o->recover_truncated || got < o->acceptable_fraction)
                return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data or crop window, data size %zu", bytes.len);
            memset(line, 0, (size_t)(j->output_height - j->output_scanline) * stride);
            return SM_OK;
        }
        if (r->cmyk) cmyk_to_rgb(r->cmyk, line, j->output_width, j->saw_Adobe_marker);
    }
    return SM_OK;
}

static sm_status read_picture(reader *r, slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    if (setjmp(r->jump))
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data or crop window, data size %zu", bytes.len);
    TRY(read_header(r, bytes, o, err));
    if (o->shape_only) return to->make(to, j->image_height, j->image_width, r->channels) ? SM_OK : to->status;
    jpeg_calc_output_dimensions(j);
    if ((int64_t)j->output_height * j->output_width >= IMAGE_MOST_PIXELS)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data: %u by %u pixels are too many", j->output_width,
                    j->output_height);
    uint8_t *pixels = to->make(to, j->output_height, j->output_width, r->channels);
    if (!pixels) return to->status;
    if (j->out_color_space == JCS_CMYK) {
        r->cmyk = heap_alloc((size_t)j->output_width * 4 + 1);
        if (!r->cmyk) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (!jpeg_start_decompress(j))
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid JPEG data or crop window, data size %zu", bytes.len);
    return read_lines(r, o, pixels, bytes, err);
}

sm_status jpeg_read(slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    reader *r = heap_zero(sizeof *r);
    if (!r) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->jpeg.client_data = r;
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->recover = o->recover_truncated;
    sm_status s = read_picture(r, bytes, o, to, err);
    jpeg_destroy_decompress(&r->jpeg);
    heap_free(r->cmyk);
    heap_free(r);
    return s;
}

#else

sm_status jpeg_read(slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err)
{
    (void)bytes, (void)o, (void)to;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no JPEG support (libjpeg-turbo)");
}

#endif
