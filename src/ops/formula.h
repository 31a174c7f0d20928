/* SPDX-License-Identifier: Apache-2.0 */
/* ops/formula.h - elementwise ops from formulas.
 *
 *     MAP1(relu, REAL, x < 0 ? 0 : x)            one loop per dtype of REAL, and the kernel rows `relu`
 *     MAP2(add, NUMERIC, x + y)                  two inputs, broadcast by the driver
 *     MAP3(clip, REAL, ...)                      three: x, y and z
 *     TEST1(is_nan, FLOATING, x != x)            the same with a bool output; TEST2
 *
 * A formula sees x, y and z as constants of the loop's type T, and `a`, the map_args. Use <tgmath.h>'s names (exp, fabs):
 * they choose by type, complex ones too. Integer results are cut to T, so that they wrap. A loop may report failure by
 * map_fail(a, why). An op whose formulas differ between classes of types is made of LOOPS and one KERNELS:
 *
 *     LOOPS1(abs_real, FLOATING, T, fabs(x))
 *     LOOPS1(abs_int, SIGNED, T, x < 0 ? -x : x)
 *     KERNELS(absolute, ROWS(abs_real, FLOATING) ROWS(abs_int, SIGNED))
 *
 * half and bfloat16 have no loops: the float row is marked `widen`, and the driver converts block by block around it: the
 * formula is computed in float and rounded once. Broadcasting, threads and writing in place are the driver's too. */
#ifndef OPS_FORMULA_H
#define OPS_FORMULA_H

#include "graph/op.h"

#include <stdatomic.h>
#include <tgmath.h>

/* -- Lists of types: X(C type, OpDef's name, does the row serve half and bfloat16 too, the list's further arguments) --- */

#define FLOATING(X, ...) X(float, float, true, __VA_ARGS__) X(double, double, false, __VA_ARGS__)
#define WIDE_FLOATING(X, ...) X(float, float, false, __VA_ARGS__) X(double, double, false, __VA_ARGS__)
#define SIGNED_LONG(X, ...) X(int32_t, int32, false, __VA_ARGS__) X(int64_t, int64, false, __VA_ARGS__)
#define SIGNED(X, ...) \
    X(int8_t, int8, false, __VA_ARGS__) X(int16_t, int16, false, __VA_ARGS__) SIGNED_LONG(X, __VA_ARGS__)
#define UNSIGNED(X, ...)                    \
    X(uint8_t, uint8, false, __VA_ARGS__)   \
    X(uint16_t, uint16, false, __VA_ARGS__) \
    X(uint32_t, uint32, false, __VA_ARGS__) X(uint64_t, uint64, false, __VA_ARGS__)
#define COMPLEX(X, ...) \
    X(float complex, complex64, false, __VA_ARGS__) X(double complex, complex128, false, __VA_ARGS__)
#define INTEGRAL(X, ...) SIGNED(X, __VA_ARGS__) UNSIGNED(X, __VA_ARGS__)
#define REAL(X, ...) FLOATING(X, __VA_ARGS__) INTEGRAL(X, __VA_ARGS__)
#define NUMERIC(X, ...) REAL(X, __VA_ARGS__) COMPLEX(X, __VA_ARGS__)
#define INEXACT(X, ...) FLOATING(X, __VA_ARGS__) COMPLEX(X, __VA_ARGS__)

/* -- Loops ------------------------------------------------------------------------------------------------------- */

typedef uint8_t map_bool; /* an element of a bool tensor: a file may hold bytes that C's bool may not */

/* Element i of the output depends on elements i of the inputs alone, also when they are the same memory. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* not every formula becomes vector code */
#define MAP_EACH _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define MAP_EACH _Pragma("GCC ivdep")
#else
#define MAP_EACH
#endif
#define MAP_INLINE static inline __attribute__((always_inline))

enum { MAP_OK, MAP_DIVISION_BY_ZERO, MAP_NEGATIVE_POWER, MAP_OUT_OF_MEMORY };
/* In a formula: reports why, and is 0. */
static inline int map_fail(const map_args *a, int why)
{
    atomic_store_explicit(a->failed, why, memory_order_relaxed);
    return 0;
}

#define LOOP1(ctype, tf, widens, f, out_type, ...)        \
    static void f##_##tf(const map_args *a)               \
    {                                                     \
        typedef ctype    T;                               \
        typedef out_type R;                               \
        const T         *in = a->x[0];                    \
        R               *out = a->out;                    \
        MAP_EACH for (size_t i = 0, n = a->n; i < n; i++) \
        {                                                 \
            const T x = in[i];                            \
            out[i] = (R)(__VA_ARGS__);                    \
        }                                                 \
    }

/* A loop whose steps are known when it is compiled, so that it becomes vector code, and one that picks it. */
#define LOOP2(ctype, tf, widens, f, out_type, ...)            \
    LOOP2_STEPS(ctype, f##_steps_##tf, out_type, __VA_ARGS__) \
    static void f##_##tf(const map_args *a)                   \
    {                                                         \
        if (a->step[0] == a->step[1])                         \
            f##_steps_##tf(a, 1, 1);                          \
        else if (a->step[0])                                  \
            f##_steps_##tf(a, 1, 0);                          \
        else                                                  \
            f##_steps_##tf(a, 0, 1);                          \
    }
#define LOOP2_STEPS(ctype, name, out_type, ...)                   \
    MAP_INLINE void name(const map_args *a, size_t xs, size_t ys) \
    {                                                             \
        typedef ctype    T;                                       \
        typedef out_type R;                                       \
        const T         *p = a->x[0], *q = a->x[1];               \
        R               *out = a->out;                            \
        MAP_EACH for (size_t i = 0, n = a->n; i < n; i++)         \
        {                                                         \
            const T x = p[i * xs], y = q[i * ys];                 \
            out[i] = (R)(__VA_ARGS__);                            \
        }                                                         \
    }

#define LOOP3(ctype, tf, widens, f, out_type, ...)                 \
    LOOP3_STEPS(ctype, f##_steps_##tf, out_type, __VA_ARGS__)      \
    static void f##_##tf(const map_args *a)                        \
    {                                                              \
        if (a->step[0] && a->step[1] && a->step[2])                \
            f##_steps_##tf(a, 1, 1, 1);                            \
        else if (a->step[0] && !a->step[1] && !a->step[2])         \
            f##_steps_##tf(a, 1, 0, 0);                            \
        else                                                       \
            f##_steps_##tf(a, a->step[0], a->step[1], a->step[2]); \
    }
#define LOOP3_STEPS(ctype, name, out_type, ...)                              \
    MAP_INLINE void name(const map_args *a, size_t xs, size_t ys, size_t zs) \
    {                                                                        \
        typedef ctype    T;                                                  \
        typedef out_type R;                                                  \
        const T         *p = a->x[0], *q = a->x[1], *r = a->x[2];            \
        R               *out = a->out;                                       \
        MAP_EACH for (size_t i = 0, n = a->n; i < n; i++)                    \
        {                                                                    \
            const T x = p[i * xs], y = q[i * ys], z = r[i * zs];             \
            out[i] = (R)(__VA_ARGS__);                                       \
        }                                                                    \
    }

#define LOOPS1(f, TYPES, out_type, ...) TYPES(LOOP1, f, out_type, __VA_ARGS__)
#define LOOPS2(f, TYPES, out_type, ...) TYPES(LOOP2, f, out_type, __VA_ARGS__)
#define LOOPS3(f, TYPES, out_type, ...) TYPES(LOOP3, f, out_type, __VA_ARGS__)

/* -- Kernel rows ------------------------------------------------------------------------------------------------- */

#define MAP_ROW(ctype, tf, widens, f) { .types = "T: " #tf, .map = f##_##tf, .widen = widens },
#define ROWS(f, TYPES) TYPES(MAP_ROW, f)
#define KERNELS(f, rows) static const kernel f[] = { rows{ 0 } };

#define MAP1(f, TYPES, ...) LOOPS1(f, TYPES, T, __VA_ARGS__) KERNELS(f, ROWS(f, TYPES))
#define MAP2(f, TYPES, ...) LOOPS2(f, TYPES, T, __VA_ARGS__) KERNELS(f, ROWS(f, TYPES))
#define MAP3(f, TYPES, ...) LOOPS3(f, TYPES, T, __VA_ARGS__) KERNELS(f, ROWS(f, TYPES))
#define TEST1(f, TYPES, ...) LOOPS1(f, TYPES, map_bool, __VA_ARGS__) KERNELS(f, ROWS(f, TYPES))
#define TEST2(f, TYPES, ...) LOOPS2(f, TYPES, map_bool, __VA_ARGS__) KERNELS(f, ROWS(f, TYPES))

/* A row that runs a function instead: RUN_ROW(ctype, tf, widens, f) with f_float ... as sm_status f_float(call *). */
#define RUN_ROW(ctype, tf, widens, f) { .types = "T: " #tf, .run = f##_##tf, .widen = widens },
#define RUN_ROWS(f, TYPES) TYPES(RUN_ROW, f)

/* -- The driver -------------------------------------------------------------------------------------------------- */

/* map_run with other shapes for the inputs (of as many elements as they have), and with another loop: for ops whose inputs
 * line up in a way of their own (Select's row condition, BiasAdd's channels). */
sm_status map_apply(call *c, void (*loop)(const map_args *), bool widen, const shape *shapes) CHECKED;

#endif
