/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/combine.c - one loop per operation and type, by macro, and the table that finds them.
 *
 * half and bfloat16 are computed in float and rounded after each operation, as TensorFlow's Eigen types are.
 * Minimum and maximum keep what they have when the comparison with NaN says no, as std::min and std::max do. */
#include "ops/array/combine.h"

#define LOOP(name, type, load, store, expression)                       \
    static bool name(void *to, const void *from, size_t step, size_t n) \
    {                                                                   \
        type       *t = to;                                             \
        const type *f = from;                                           \
        for (size_t i = 0; i < n; i++) {                                \
            __auto_type x = load(t[i]);                                 \
            __auto_type y = load(f[i * step]);                          \
            t[i] = store(type, expression);                             \
        }                                                               \
        return true;                                                    \
    }

/* Integer division: the check that floats do not need; INT_MIN / -1 wraps. */
#define DIVIDE(name, type)                                                                                  \
    static bool name(void *to, const void *from, size_t step, size_t n)                                     \
    {                                                                                                       \
        type       *t = to;                                                                                 \
        const type *f = from;                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                    \
            if (f[i * step] == 0) return false;                                                             \
            t[i] = (type)(f[i * step] == (type)-1 && (type)-1 < 0 ? (type)(0 - t[i]) : t[i] / f[i * step]); \
        }                                                                                                   \
        return true;                                                                                        \
    }

#define AS_IS(x) (x)
#define CAST(type, x) ((type)(x))
#define TO_HALF(type, x) float_to_half(x)
#define TO_BFLOAT16(type, x) float_to_bfloat16(x)

#define ARITHMETIC(suffix, type, load, store)    \
    LOOP(add_##suffix, type, load, store, x + y) \
    LOOP(sub_##suffix, type, load, store, x - y) \
    LOOP(mul_##suffix, type, load, store, x *y)
#define ORDER(suffix, type, load, store)                 \
    LOOP(min_##suffix, type, load, store, y < x ? y : x) \
    LOOP(max_##suffix, type, load, store, x < y ? y : x)
#define FLOAT_TYPE(suffix, type, load, store) \
    ARITHMETIC(suffix, type, load, store)     \
    ORDER(suffix, type, load, store)          \
    LOOP(div_##suffix, type, load, store, x / y)
#define INTEGER(suffix, type)             \
    ARITHMETIC(suffix, type, AS_IS, CAST) \
    ORDER(suffix, type, AS_IS, CAST)      \
    DIVIDE(div_##suffix, type)
#define COMPLEX_TYPE(suffix, type)        \
    ARITHMETIC(suffix, type, AS_IS, CAST) \
    LOOP(div_##suffix, type, AS_IS, CAST, x / y)

FLOAT_TYPE(half, uint16_t, half_to_float, TO_HALF)
FLOAT_TYPE(bfloat16, uint16_t, bfloat16_to_float, TO_BFLOAT16)
FLOAT_TYPE(float, float, AS_IS, CAST)
FLOAT_TYPE(double, double, AS_IS, CAST)
INTEGER(int8, int8_t)
INTEGER(int16, int16_t)
INTEGER(int32, int32_t)
INTEGER(int64, int64_t)
INTEGER(uint8, uint8_t)
INTEGER(uint16, uint16_t)
INTEGER(uint32, uint32_t)
INTEGER(uint64, uint64_t)
COMPLEX_TYPE(complex64, float complex)
COMPLEX_TYPE(complex128, double complex)

/* -- Update: a copy, by element size ------------------------------------------------------------------------------ */

#define UPDATE(name, bytes)                                                                                          \
    static bool name(void *to, const void *from, size_t step, size_t n)                                              \
    {                                                                                                                \
        for (size_t i = 0; i < n; i++) memcpy((char *)to + i * bytes, (const char *)from + i * step * bytes, bytes); \
        return true;                                                                                                 \
    }
UPDATE(update_1, 1)
UPDATE(update_2, 2)
UPDATE(update_4, 4)
UPDATE(update_8, 8)
UPDATE(update_16, 16)

#define REAL_ROW(number, suffix)                                                                           \
    [number] = { [COMBINE_ADD] = add_##suffix, [COMBINE_SUB] = sub_##suffix, [COMBINE_MUL] = mul_##suffix, \
                 [COMBINE_DIV] = div_##suffix, [COMBINE_MIN] = min_##suffix, [COMBINE_MAX] = max_##suffix }
#define COMPLEX_ROW(number, suffix)                                                                                            \
    [number] = {                                                                                                               \
        [COMBINE_ADD] = add_##suffix, [COMBINE_SUB] = sub_##suffix, [COMBINE_MUL] = mul_##suffix, [COMBINE_DIV] = div_##suffix \
    }

static combine_fn *const loops[DTYPE_LAST][COMBINE_COUNT] = {
    REAL_ROW(SM_HALF, half),
    REAL_ROW(SM_BFLOAT16, bfloat16),
    REAL_ROW(SM_FLOAT, float),
    REAL_ROW(SM_DOUBLE, double),
    REAL_ROW(SM_INT8, int8),
    REAL_ROW(SM_INT16, int16),
    REAL_ROW(SM_INT32, int32),
    REAL_ROW(SM_INT64, int64),
    REAL_ROW(SM_UINT8, uint8),
    REAL_ROW(SM_UINT16, uint16),
    REAL_ROW(SM_UINT32, uint32),
    REAL_ROW(SM_UINT64, uint64),
    COMPLEX_ROW(SM_COMPLEX64, complex64),
    COMPLEX_ROW(SM_COMPLEX128, complex128),
};

combine_fn *combine_find(combine_op op, sm_dtype t)
{
    static combine_fn *const updates[17] = { [1] = update_1, [2] = update_2, [4] = update_4, [8] = update_8, [16] = update_16 };
    if ((unsigned)t >= DTYPE_LAST) return NULL;
    if (op == COMBINE_UPDATE) return dtype_plain(t) ? updates[dtype_size(t)] : NULL;
    return loops[t][op];
}
