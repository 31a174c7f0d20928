/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/jpeg_encoder.c - writing JPEG through libjpeg-turbo: the files are TensorFlow's, byte for byte.
 *
 * What libjpeg writes goes through a block of its own into the str, so that nothing moves while libjpeg holds a pointer.
 * libjpeg reports errors by longjmp; nothing here owns memory across it but what `writer` holds. */
#include "ops/image/codec.h"

#ifdef SM_HAVE_JPEG

#include "base/heap.h"

#include <stdio.h>

#include <jpeglib.h>
#include <setjmp.h>

typedef struct writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr       errors;
    struct jpeg_destination_mgr to;
    jmp_buf                     jump;
    str                        *out;
    JOCTET                      block[16384];
} writer;

static void on_error(j_common_ptr c)
{
    longjmp(((writer *)c->client_data)->jump, 1);
}

static void on_message(j_common_ptr c, int level)
{
    (void)c;
    (void)level;
}

static void on_begin(j_compress_ptr c)
{
    writer *w = c->client_data;
    w->to.next_output_byte = w->block;
    w->to.free_in_buffer = sizeof w->block;
}

static boolean on_full(j_compress_ptr c)
{
    writer *w = c->client_data;
    str_add(w->out, slice_make(w->block, sizeof w->block));
    on_begin(c);
    return TRUE;
}

static void on_end(j_compress_ptr c)
{
    writer *w = c->client_data;
    str_add(w->out, slice_make(w->block, sizeof w->block - w->to.free_in_buffer));
}

/* Metadata lies in an APP1 segment, after the name of its namespace and a zero; a segment has a length of 16 bits. */
static void write_xmp(struct jpeg_compress_struct *j, slice xmp)
{
    static const char space[] = "http://ns.adobe.com/xap/1.0/";
    size_t            n = sizeof space + xmp.len;
    jpeg_write_m_header(j, JPEG_APP0 + 1, (unsigned)n); /* refuses what is too long */
    for (size_t i = 0; i < sizeof space; i++) jpeg_write_m_byte(j, space[i]);
    for (size_t i = 0; i < xmp.len; i++) jpeg_write_m_byte(j, (uint8_t)xmp.ptr[i]);
}

static bool write_picture(writer *w, const uint8_t *pixels, int64_t height, int64_t width, int channels,
                          const jpeg_write_options *o)
{
    struct jpeg_compress_struct *j = &w->jpeg;
    if (setjmp(w->jump)) return false;
    jpeg_create_compress(j);
    j->dest = &w->to;
    j->image_width = (JDIMENSION)width;
    j->image_height = (JDIMENSION)height;
    j->input_components = channels;
    j->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(j);
    if (o->optimize_size) j->optimize_coding = TRUE;
    j->density_unit = (UINT8)o->density_unit;
    j->X_density = (UINT16)o->x_density;
    j->Y_density = (UINT16)o->y_density;
    jpeg_set_quality(j, o->quality, TRUE);
    if (o->progressive) jpeg_simple_progression(j);
    for (int i = 0; i < j->num_components && !o->chroma_downsampling; i++)
        j->comp_info[i].h_samp_factor = j->comp_info[i].v_samp_factor = 1;
    jpeg_start_compress(j, TRUE);
    if (o->xmp.len) write_xmp(j, o->xmp);
    while (j->next_scanline < j->image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)j->next_scanline * (size_t)(width * channels));
        jpeg_write_scanlines(j, &row, 1);
    }
    jpeg_finish_compress(j);
    return true;
}

sm_status jpeg_write(const uint8_t *pixels, int64_t height, int64_t width, int channels, const jpeg_write_options *o,
                     str *out, sm_error *err)
{
    if (height <= 0 || width <= 0 || height > INT32_MAX || width > INT32_MAX || height * width >= IMAGE_MOST_PIXELS)
        return FAIL(err, SM_INTERNAL, "JPEG encoding failed");
    writer *w = heap_zero(sizeof *w);
    if (!w) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    w->out = out;
    w->jpeg.err = jpeg_std_error(&w->errors);
    w->jpeg.client_data = w;
    w->errors.error_exit = on_error;
    w->errors.emit_message = on_message;
    w->to = (struct jpeg_destination_mgr){ .init_destination = on_begin,
                                           .empty_output_buffer = on_full,
                                           .term_destination = on_end };
    bool done = write_picture(w, pixels, height, width, channels, o);
    jpeg_destroy_compress(&w->jpeg);
    heap_free(w);
    return done ? SM_OK : FAIL(err, SM_INTERNAL, "JPEG encoding failed");
}

#else

sm_status jpeg_write(const uint8_t *pixels, int64_t height, int64_t width, int channels, const jpeg_write_options *o,
                     str *out, sm_error *err)
{
    (void)pixels, (void)height, (void)width, (void)channels, (void)o, (void)out;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no JPEG support (libjpeg-turbo)");
}

#endif
