/* SPDX-License-Identifier: Apache-2.0 */
/* ops/control/tensor_sum.c - sums in place, for elements of arrays and lists. half and bfloat16 are rounded after each sum. */
#include "ops/control/tensor_sum.h"

#include "ops/formula.h"

#define ADD_TO_LOOP(T, tf, wide, f)                                      \
    static void f##_##tf(void *to, const void *from, size_t n)           \
    {                                                                    \
        T       *x = to;                                                 \
        const T *y = from;                                               \
        MAP_EACH for (size_t i = 0; i < n; i++) x[i] = (T)(x[i] + y[i]); \
    }
#define ADD_TO_ROW(T, tf, wide, f) { #tf, f##_##tf },
NUMERIC(ADD_TO_LOOP, add_to)

static const struct {
    const char *dtype;
    void (*add)(void *to, const void *from, size_t n);
} add_rows[] = { NUMERIC(ADD_TO_ROW, add_to) };

static void add_narrow(tensor *to, const tensor *from, size_t n)
{
    uint16_t       *x = to->data;
    const uint16_t *y = from->data;
    for (size_t i = 0; i < n; i++) {
        float a, b;
        narrow_to_float(to->dtype, x + i, &a, 1);
        narrow_to_float(to->dtype, y + i, &b, 1);
        a += b;
        float_to_narrow(to->dtype, &a, x + i, 1);
    }
}

bool tensor_sum(tensor *to, const tensor *from)
{
    size_t n = tensor_count(to);
    if (to->dtype == SM_HALF || to->dtype == SM_BFLOAT16) {
        add_narrow(to, from, n);
        return true;
    }
    for (size_t i = 0; i < sizeof add_rows / sizeof *add_rows; i++) {
        if (strcmp(dtype_short_name(to->dtype), add_rows[i].dtype) != 0) continue;
        add_rows[i].add(to->data, from->data, n);
        return true;
    }
    return false;
}
