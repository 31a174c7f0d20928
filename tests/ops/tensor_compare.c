/* SPDX-License-Identifier: Apache-2.0 */
/* tests/ops/tensor_compare.c - the comparison that every check ends in. */
#include "tensor_compare.h"

#include <math.h>
#include <stdio.h>

double compare_tolerance(sm_dtype t)
{
    return t == SM_HALF ? 2e-3 : t == SM_BFLOAT16 ? 1.6e-2 : t == SM_FLOAT || t == SM_COMPLEX64 ? 2e-6 : 1e-12;
}

static bool close_enough(double want, double got, double tolerance)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(want - got) <= tolerance * (1 + fabs(want));
}

/* Component k (0 real, 1 imaginary) of element i. */
static double component(const tensor *t, size_t i, int k)
{
    if (t->dtype == SM_COMPLEX64) return ((const float *)t->data)[2 * i + (size_t)k];
    if (t->dtype == SM_COMPLEX128) return ((const double *)t->data)[2 * i + (size_t)k];
    return tensor_real(t, i);
}

bool compare_tensors(const tensor *want, const tensor *got, double tolerance, char why[256])
{
    str a, b;
    if (want->dtype != got->dtype) {
        (void)snprintf(why, 256, "type %s, expected %s", dtype_short_name(got->dtype), dtype_short_name(want->dtype));
        return false;
    }
    if (!shape_eq(&want->shape, &got->shape)) {
        str_init(&a);
        str_init(&b);
        shape_print(&a, &got->shape);
        shape_print(&b, &want->shape);
        (void)snprintf(why, 256, "shape %s, expected %s", str_text(&a), str_text(&b));
        str_clear(&a);
        str_clear(&b);
        return false;
    }
    bool   floating = dtype_is(want->dtype, DTYPE_FLOATING | DTYPE_COMPLEX);
    size_t n = tensor_count(want), size = dtype_size(want->dtype);
    if (tolerance < 0) tolerance = compare_tolerance(want->dtype);
    for (size_t i = 0; i < n; i++) {
        bool same;
        if (want->dtype == SM_STRING)
            same = slice_eq(tensor_text(want, i), tensor_text(got, i));
        else if (!floating)
            same = memcmp((const char *)want->data + i * size, (const char *)got->data + i * size, size) == 0;
        else
            same = close_enough(component(want, i, 0), component(got, i, 0), tolerance) &&
                   (!dtype_is(want->dtype, DTYPE_COMPLEX) ||
                    close_enough(component(want, i, 1), component(got, i, 1), tolerance));
        if (same) continue;
        if (want->dtype == SM_STRING)
            (void)snprintf(why, 256, "element %zu is \"" SLICE_FMT "\", expected \"" SLICE_FMT "\"", i,
                           SLICE_ARG(slice_head(tensor_text(got, i), 80)),
                           SLICE_ARG(slice_head(tensor_text(want, i), 80)));
        else if (floating)
            (void)snprintf(why, 256, "element %zu is %.17g, expected %.17g", i, component(got, i, 0),
                           component(want, i, 0));
        else
            (void)snprintf(why, 256, "element %zu is %lld, expected %lld", i, (long long)tensor_int(got, i),
                           (long long)tensor_int(want, i));
        return false;
    }
    return true;
}

bool compare_bits(const tensor *a, const tensor *b)
{
    if (a->dtype != b->dtype || !shape_eq(&a->shape, &b->shape)) return false;
    if (a->dtype == SM_STRING) {
        for (size_t i = 0; i < tensor_count(a); i++)
            if (!slice_eq(tensor_text(a, i), tensor_text(b, i))) return false;
        return true;
    }
    if (!dtype_plain(a->dtype) || tensor_bytes(a) == 0) return true;
    return memcmp(a->data, b->data, tensor_bytes(a)) == 0;
}

/* -- Other types -------------------------------------------------------------------------------------------------------- */

static bool put_integer(tensor *t, size_t i, const tensor *from)
{
    static const double limits[][2] = {
        [SM_INT8] = { -0x1p7, 0x1p7 },    [SM_INT16] = { -0x1p15, 0x1p15 }, [SM_INT32] = { -0x1p31, 0x1p31 },
        [SM_INT64] = { -0x1p63, 0x1p63 }, [SM_UINT8] = { 0, 0x1p8 },        [SM_UINT16] = { 0, 0x1p16 },
        [SM_UINT32] = { 0, 0x1p32 },      [SM_UINT64] = { 0, 0x1p63 },      [SM_BOOL] = { 0, 2 }
    };
    double  x = tensor_real(from, i);
    int64_t integer = dtype_is(from->dtype, DTYPE_INTEGRAL) ? tensor_int(from, i) : 0;
    if (!(x >= limits[t->dtype][0] && x < limits[t->dtype][1]) || x != floor(x)) return false;
    if (!dtype_is(from->dtype, DTYPE_INTEGRAL)) integer = (int64_t)x;
    memcpy((char *)t->data + i * dtype_size(t->dtype), &integer, dtype_size(t->dtype));
    return true;
}

tensor *compare_convert(const tensor *t, sm_dtype to)
{
    tensor *out;
    if (!dtype_is(t->dtype, DTYPE_REAL | DTYPE_BOOL) || !dtype_is(to, DTYPE_REAL | DTYPE_BOOL)) return NULL;
    if (tensor_new(NULL, to, &t->shape, &out, NULL) != SM_OK) return NULL;
    for (size_t i = 0; i < tensor_count(t); i++) {
        double x = tensor_real(t, i);
        if (to == SM_HALF)
            ((uint16_t *)out->data)[i] = float_to_half((float)x);
        else if (to == SM_BFLOAT16)
            ((uint16_t *)out->data)[i] = float_to_bfloat16((float)x);
        else if (to == SM_FLOAT)
            ((float *)out->data)[i] = (float)x;
        else if (to == SM_DOUBLE)
            ((double *)out->data)[i] = x;
        else if (!put_integer(out, i, t)) {
            tensor_unref(out);
            return NULL;
        }
    }
    return out;
}
