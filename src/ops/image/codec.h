/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/codec.h - how the codecs hand over pixels.
 *
 * A codec reads the header, asks `place` for memory of [height, width, channels] elements, and fills it. Each library is
 * wrapped in one file and may be left out of a build; then its functions answer UNIMPLEMENTED and name it. */
#ifndef OPS_IMAGE_CODEC_H
#define OPS_IMAGE_CODEC_H

#include "base/slice.h"
#include "base/status.h"

#define IMAGE_MOST_PIXELS ((int64_t)1 << 29)

/* Memory for the pixels; NULL: refused (the place has set the error). */
typedef struct pixel_place {
    void *(*make)(struct pixel_place *p, int64_t height, int64_t width, int64_t channels);
    sm_status status; /* of a refusal */
} pixel_place;

/* bits: 8 or 16 (native byte order). channels 0: as many as the file has (palettes: 3, or 4 with transparency). */
sm_status png_read(slice bytes, int channels, int bits, pixel_place *to, sm_error *err) CHECKED;

typedef struct jpeg_options {
    int   channels; /* 0, 1 or 3                           */
    int   ratio;    /* 1, 2, 4 or 8: decoded that much smaller */
    bool  fancy_upscaling;
    bool  recover_truncated;   /* missing lines are black             */
    float acceptable_fraction; /* of the lines, when recovering       */
    bool  accurate_dct;        /* "INTEGER_ACCURATE"; else the fast integer transform */
    bool  shape_only;          /* make() is called with the shape; nothing is decoded */
} jpeg_options;
sm_status jpeg_read(slice bytes, const jpeg_options *o, pixel_place *to, sm_error *err) CHECKED;

#endif
