/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/bmp_codec.c - BMP, as far as TensorFlow reads it: uncompressed rows of 8, 24 or 32 bits.
 *
 *   0  "BM"  file size  reserved | 10 u32 where the pixels begin | 18 i32 width | 22 i32 height | 28 i16 bits a pixel
 *   rows, padded to 4 bytes, bottom up (height < 0: top down), a pixel is B G R [A]
 *
 * The compression field and palettes are not looked at: 8 bits are a grey value. */
#include "ops/image/codec.h"

typedef struct bitmap {
    int32_t start, width, height; /* height < 0: top down */
    int     channels;
    int64_t lines, row; /* bytes in a row */
} bitmap;

static uint32_t read_le32(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static sm_status read_header(slice bytes, bitmap *b, sm_error *err)
{
    if (bytes.len < 32)
        return FAIL(
            err, SM_INVALID_ARGUMENT,
            "Incomplete bmp content, requires at least 32 bytes to find the header size, width, height, and bpp, "
            "got %zu bytes",
            bytes.len);
    b->start = (int32_t)read_le32(bytes.ptr + 10);
    b->width = (int32_t)read_le32(bytes.ptr + 18);
    b->height = (int32_t)read_le32(bytes.ptr + 22);
    b->channels = (int16_t)(read_le32(bytes.ptr + 28) & 0xffff) / 8;
    if (b->channels != 1 && b->channels != 3 && b->channels != 4)
        return FAIL(err, SM_INVALID_ARGUMENT, "Number of channels inherent in the image must be 1, 3 or 4, was %d",
                    b->channels);
    if (b->width <= 0) return FAIL(err, SM_INVALID_ARGUMENT, "Width must be positive");
    if (b->height == 0) return FAIL(err, SM_INVALID_ARGUMENT, "Height must be nonzero");
    if (b->start < 0) return FAIL(err, SM_INVALID_ARGUMENT, "header size must be nonnegative");
    b->lines = b->height < 0 ? -(int64_t)b->height : b->height;
    if (b->width * b->lines >= INT32_MAX / 8)
        return FAIL(err, SM_INVALID_ARGUMENT, "Total possible pixel bytes must be less than 2^30");
    b->row = ((int64_t)b->channels * b->width + 3) / 4 * 4;
    int64_t left = (int64_t)bytes.len - b->start - b->row * b->lines;
    if (left != 0)
        return FAIL(err, SM_INVALID_ARGUMENT,
                    "Input size should match (header_size + row_size * abs_height) but they differ by %lld",
                    (long long)left);
    return SM_OK;
}

/* Blue, green, red to red, green, blue; grey to all three; alpha is 255 where the file has none. */
static void read_row(const bitmap *b, const uint8_t *from, uint8_t *to, int channels)
{
    for (int64_t x = 0; x < b->width; x++, from += b->channels, to += channels) {
        bool grey = b->channels == 1;
        to[0] = from[grey ? 0 : 2];
        if (channels > 1) to[1] = from[grey ? 0 : 1];
        if (channels > 1) to[2] = from[0];
        if (channels > 3) to[3] = b->channels == 4 ? from[3] : 255;
    }
}

sm_status bmp_read(slice bytes, int channels, pixel_place *to, sm_error *err)
{
    bitmap b = { 0 };
    TRY(read_header(bytes, &b, err));
    if (channels == 0) channels = b.channels;
    uint8_t *pixels = to->make(to, 0, b.lines, b.width, channels);
    if (!pixels) return to->status;
    for (int64_t y = 0; y < b.lines; y++) {
        int64_t line = b.height < 0 ? y : b.lines - 1 - y;
        read_row(&b, (const uint8_t *)bytes.ptr + b.start + line * b.row, pixels + y * b.width * channels, channels);
    }
    return SM_OK;
}
