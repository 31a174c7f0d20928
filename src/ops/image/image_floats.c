/* SPDX-License-Identifier: Apache-2.0 */
/* ops/image/image_floats.c - an input of any real type as floats, for ops that compute in float whatever they are given. */
#include "ops/image/resize.h"

typedef struct floats_work {
    const void *from;
    float      *to;
} floats_work;

#define TO_FLOATS(name, T)                                                               \
    static void name(void *context, int64_t begin, int64_t end)                          \
    {                                                                                    \
        const floats_work *w = context;                                                  \
        for (int64_t i = begin; i < end; i++) w->to[i] = (float)((const T *)w->from)[i]; \
    }
TO_FLOATS(floats_of_double, double)
TO_FLOATS(floats_of_int8, int8_t)
TO_FLOATS(floats_of_uint8, uint8_t)
TO_FLOATS(floats_of_int16, int16_t)
TO_FLOATS(floats_of_uint16, uint16_t)
TO_FLOATS(floats_of_int32, int32_t)
TO_FLOATS(floats_of_int64, int64_t)

#define NARROW_TO_FLOATS(name, dtype)                                                                    \
    static void name(void *context, int64_t begin, int64_t end)                                          \
    {                                                                                                    \
        const floats_work *w = context;                                                                  \
        narrow_to_float(dtype, (const uint16_t *)w->from + begin, w->to + begin, (size_t)(end - begin)); \
    }
NARROW_TO_FLOATS(floats_of_half, SM_HALF)
NARROW_TO_FLOATS(floats_of_bfloat16, SM_BFLOAT16)

static pool_work *const loops[DTYPE_LAST] = {
    [SM_DOUBLE] = floats_of_double, [SM_INT8] = floats_of_int8,     [SM_UINT8] = floats_of_uint8,
    [SM_INT16] = floats_of_int16,   [SM_UINT16] = floats_of_uint16, [SM_INT32] = floats_of_int32,
    [SM_INT64] = floats_of_int64,   [SM_HALF] = floats_of_half,     [SM_BFLOAT16] = floats_of_bfloat16,
};

const float *image_floats(call *c, int input)
{
    const tensor *t = c->in[input];
    size_t        n = tensor_count(t);
    if (t->dtype == SM_FLOAT) return t->data;
    floats_work w = { t->data, call_scratch(c, (n ? n : 1) * sizeof *w.to) };
    if (w.to) call_for(c, (int64_t)n, 65536, loops[t->dtype], &w);
    return w.to;
}
