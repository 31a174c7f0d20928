/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/png_encoder.c - writing PNG through libpng with TensorFlow's settings: libpng's own choice of filters and the
 * largest memory level. libpng reports errors by longjmp; nothing here owns memory across it. */
#include "ops/image/codec.h"

#ifdef SM_HAVE_PNG

#include <png.h>
#include <setjmp.h>

static void on_error(png_structp png, png_const_charp why)
{
    (void)why;
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp why)
{
    (void)png;
    (void)why;
}

static void on_write(png_structp png, png_bytep bytes, png_size_t n)
{
    str_add(png_get_io_ptr(png), slice_make(bytes, n));
}

static void on_flush(png_structp png)
{
    (void)png;
}

typedef struct picture {
    const uint8_t *pixels;
    png_uint_32    height, width;
    int            channels, bits, compression;
} picture;

static bool write_picture(png_structp png, png_infop info, const picture *p)
{
    static const int colors[] = { PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                  PNG_COLOR_TYPE_RGB_ALPHA };
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_compression_level(png, p->compression);
    png_set_compression_mem_level(png, 9);
    png_set_IHDR(png, info, p->width, p->height, p->bits, colors[p->channels - 1], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (p->bits > 8) png_set_swap(png);
    size_t row = (size_t)p->width * (size_t)p->channels * (size_t)(p->bits / 8);
    for (size_t y = 0; y < p->height; y++) png_write_row(png, p->pixels + y * row);
    png_write_end(png, NULL);
    return true;
}

sm_status png_write(const void *pixels, int64_t height, int64_t width, int channels, int bits, int compression,
                    str *out, sm_error *err)
{
    picture     p = { pixels, (png_uint_32)height, (png_uint_32)width, channels, bits, compression };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop   info = png ? png_create_info_struct(png) : NULL;
    bool        done = false;
    if (info) {
        png_set_write_fn(png, out, on_write, on_flush);
        done = write_picture(png, info, &p);
    }
    if (png) png_destroy_write_struct(&png, &info);
    return done ? SM_OK : FAIL(err, SM_INTERNAL, "PNG encoding failed");
}

#else

sm_status png_write(const void *pixels, int64_t height, int64_t width, int channels, int bits, int compression,
                    str *out, sm_error *err)
{
    (void)pixels, (void)height, (void)width, (void)channels, (void)bits, (void)compression, (void)out;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no PNG support (libpng)");
}

#endif
