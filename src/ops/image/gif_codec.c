/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/gif_codec.c - GIF through giflib, drawn as TensorFlow draws it.
 *
 * The canvas is as large as the largest frame (not as the header says); each frame begins as a copy of the one before, the
 * first one black; transparent pixels leave what is there. Disposal methods are not looked at. When a frame is defective
 * those before it are shown, unless the file just ends.
 *
 * Records are read one by one (giflib's DGifSlurp would reserve width * height bytes for a frame whatever its data can
 * fill): an LZW code of at least two bits stands for at most 4096 pixels, so a frame with too little data is refused. */
#include "ops/image/codec.h"

#ifdef SM_HAVE_GIF

#include "base/heap.h"

#include <gif_lib.h>

#define MOST_PIXELS_OF_A_BYTE (4 * 4096)

typedef struct reader {
    GifFileType *gif; /* SavedImages[k]: the frames, their pixels once they are whole */
    slice        rest;
    size_t       size;                /* of the file */
    int          frames;              /* whole ones  */
    int          transparent;         /* said by the extension before the next frame */
    int         *transparent_of;      /* [frames]                                    */
    bool         broken, last_broken; /* reading ended early; in the pixels of a frame */
    bool         no_memory;
} reader;

static sm_status bad_gif(const reader *r, sm_error *err, const char *what, const char *why)
{
    return FAIL(err, SM_INVALID_ARGUMENT, "Invalid GIF data (size %zu), %s%s", r->size, what, why);
}

static const char *gif_why(int code)
{
    const char *text = GifErrorString(code);
    return text ? text : "Unknown error";
}

static int on_read(GifFileType *gif, GifByteType *to, int n)
{
    slice *rest = gif->UserData;
    size_t k = (size_t)n < rest->len ? (size_t)n : rest->len;
    if (k) memcpy(to, rest->ptr, k);
    *rest = slice_tail(*rest, k);
    return (int)k;
}

/* -- Records ---------------------------------------------------------------------------------------------------------- */

/* Bytes of data until the empty block: what giflib is about to read. */
static size_t block_bytes(slice s)
{
    size_t sum = 0;
    while (s.len > 0 && s.ptr[0]) {
        sum += (uint8_t)s.ptr[0];
        s = slice_tail(s, (size_t)(uint8_t)s.ptr[0] + 1);
    }
    return sum;
}

static bool read_pixels(GifFileType *gif, SavedImage *image)
{
    static const int first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
    GifImageDesc    *d = &image->ImageDesc;
    if (!d->Interlace) return DGifGetLine(gif, image->RasterBits, d->Width * d->Height) == GIF_OK;
    for (int pass = 0; pass < 4; pass++)
        for (int y = first[pass]; y < d->Height; y += step[pass])
            if (DGifGetLine(gif, image->RasterBits + (size_t)y * (size_t)d->Width, d->Width) != GIF_OK) return false;
    return true;
}

static bool read_frame(reader *r)
{
    if (DGifGetImageDesc(r->gif) != GIF_OK) return false;
    SavedImage *image = &r->gif->SavedImages[r->frames];
    int64_t     width = image->ImageDesc.Width, height = image->ImageDesc.Height;
    if (width <= 0 || height <= 0 || width * height > INT32_MAX) return false;
    if ((size_t)(width * height) > MOST_PIXELS_OF_A_BYTE * block_bytes(r->rest)) return false;
    int *more = heap_realloc(r->transparent_of, (size_t)(r->frames + 1) * sizeof *more);
    if (!more) return !(r->no_memory = true);
    r->transparent_of = more;
    more[r->frames] = r->transparent;
    r->transparent = NO_TRANSPARENT_COLOR;
    image->RasterBits = heap_alloc((size_t)(width * height)); /* giflib frees it */
    if (!image->RasterBits) return !(r->no_memory = true);
    r->last_broken = !read_pixels(r->gif, image);
    if (!r->last_broken) r->frames++;
    return !r->last_broken;
}

static bool read_extension(reader *r)
{
    int          code;
    GifByteType *data;
    if (DGifGetExtension(r->gif, &code, &data) != GIF_OK) return false;
    if (data && code == GRAPHICS_EXT_FUNC_CODE && r->transparent == NO_TRANSPARENT_COLOR) {
        GraphicsControlBlock control;
        if (DGifExtensionToGCB(data[0], data + 1, &control) == GIF_OK) r->transparent = control.TransparentColor;
    }
    while (data)
        if (DGifGetExtensionNext(r->gif, &data) != GIF_OK) return false;
    return true;
}

static bool read_records(reader *r)
{
    for (;;) {
        GifRecordType type;
        if (DGifGetRecordType(r->gif, &type) != GIF_OK) return false;
        if (type == TERMINATE_RECORD_TYPE) return true;
        if (type == IMAGE_DESC_RECORD_TYPE && !read_frame(r)) return false;
        if (type == EXTENSION_RECORD_TYPE && !read_extension(r)) return false;
    }
}

/* -- Drawing ------------------------------------------------------------------------------------------------------------ */

typedef struct canvas {
    uint8_t *pixels;
    int64_t  width, height, frames;
} canvas;

static sm_status draw_frame(const reader *r, int64_t k, const canvas *v, sm_error *err)
{
    const SavedImage     *image = &r->gif->SavedImages[k];
    const GifImageDesc   *d = &image->ImageDesc;
    const ColorMapObject *map = d->ColorMap ? d->ColorMap : r->gif->SColorMap;
    size_t                size = (size_t)(v->width * v->height * 3);
    uint8_t              *to = v->pixels + (size_t)k * size;
    if (k > 0)
        memcpy(to, to - size, size);
    else
        memset(to, 0, size);
    if (!map)
        return FAIL(err, SM_INVALID_ARGUMENT, "Invalid GIF data (size %zu), missing color map for frame %lld", r->size,
                    (long long)k);
    int64_t right = d->Left + d->Width < v->width ? d->Left + d->Width : v->width;
    int64_t bottom = d->Top + d->Height < v->height ? d->Top + d->Height : v->height;
    for (int64_t y = d->Top; y < bottom; y++) {
        for (int64_t x = d->Left; x < right; x++) {
            int color = image->RasterBits[(y - d->Top) * d->Width + x - d->Left];
            if (color == r->transparent_of[k]) continue;
            if (color >= map->ColorCount)
                return FAIL(err, SM_INVALID_ARGUMENT,
                            "Invalid GIF data (size %zu), found color index %d outside of color map range %d", r->size,
                            color, map->ColorCount);
            memcpy(to + (y * v->width + x) * 3, &map->Colors[color], 3);
        }
    }
    return SM_OK;
}

static sm_status draw_frames(const reader *r, bool all_frames, pixel_place *to, sm_error *err)
{
    canvas v = { .frames = all_frames ? r->frames : 1 };
    for (int k = 0; k < r->frames; k++) {
        const GifImageDesc *d = &r->gif->SavedImages[k].ImageDesc;
        if (d->Width > v.width) v.width = d->Width;
        if (d->Height > v.height) v.height = d->Height;
    }
    v.pixels = to->make(to, v.frames, v.height, v.width, 3);
    if (!v.pixels) return to->status;
    for (int64_t k = 0; k < v.frames; k++) TRY(draw_frame(r, k, &v, err));
    return SM_OK;
}

static sm_status read_gif(reader *r, bool all_frames, pixel_place *to, sm_error *err)
{
    r->broken = !read_records(r);
    if (r->no_memory) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    bool half_read = !r->last_broken && r->gif->ImageCount > r->frames; /* a frame without pixels */
    if (r->broken && (r->frames == 0 || half_read || r->gif->Error == D_GIF_ERR_EOF_TOO_SOON))
        return bad_gif(r, err, "failed to slurp gif file: ", gif_why(r->gif->Error));
    if (r->frames == 0) return bad_gif(r, err, "failed to slurp gif file: ", gif_why(D_GIF_ERR_NO_IMAG_DSCR));
    return draw_frames(r, all_frames, to, err);
}

sm_status gif_read(slice bytes, bool all_frames, pixel_place *to, sm_error *err)
{
    int    code = D_GIF_SUCCEEDED;
    reader r = { .rest = bytes, .size = bytes.len, .transparent = NO_TRANSPARENT_COLOR };
    r.gif = DGifOpen(&r.rest, on_read, &code);
    if (!r.gif) return bad_gif(&r, err, "failed to open gif file: ", gif_why(code));
    sm_status s = read_gif(&r, all_frames, to, err);
    DGifCloseFile(r.gif, &code);
    heap_free(r.transparent_of);
    return s;
}

#else

sm_status gif_read(slice bytes, bool all_frames, pixel_place *to, sm_error *err)
{
    (void)bytes, (void)all_frames, (void)to;
    return FAIL(err, SM_UNIMPLEMENTED, "this build has no GIF support (giflib)");
}

#endif
