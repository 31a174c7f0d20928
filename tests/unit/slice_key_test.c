/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of partitioned tensors: bytes as TensorFlow writes them, and the order that they keep. */
#include "format/slice_key.h"
#include "hex.h"

static slice key_of(arena *a, slice name, int rank, const int64_t *start, const int64_t *length)
{
    str s;

    str_init(&s);
    slice_key(&s, name, rank, start, length);
    slice key = arena_copy(a, str_slice(&s));
    str_clear(&s);
    return key;
}

TEST(bytes)
{
    arena a;

    arena_init(&a, 0);
    /* from a checkpoint that TensorFlow wrote: part [2:4, 1:3] of "p", part [:, 0:1] of "ps" */
    slice want = unhex(&a, "00 7000 01 0102 82 82 81 82");
    slice got = key_of(&a, SLICE("p"), 2, (int64_t[]){ 2, 1 }, (int64_t[]){ 2, 2 });
    assert_true(slice_eq(got, want));
    want = unhex(&a, "00 707300 01 0102 80 7f 80 81");
    got = key_of(&a, SLICE("ps"), 2, (int64_t[]){ 0, 0 }, (int64_t[]){ -1, 1 });
    assert_true(slice_eq(got, want));
    /* escapes, and numbers of two bytes */
    want = unhex(&a, "00 00ff ff00 0001 0101 c0c8 c040");
    got = key_of(&a, slice_make("\0\xff", 2), 1, (int64_t[]){ 200 }, (int64_t[]){ 64 });
    assert_true(slice_eq(got, want));
    arena_clear(&a);
}

TEST(order_is_the_order_of_the_numbers)
{
    static const int64_t values[] = { INT64_MIN,
                                      INT64_MIN + 1,
                                      -((int64_t)1 << 55),
                                      -((int64_t)1 << 48),
                                      -100000,
                                      -8193,
                                      -8192,
                                      -65,
                                      -64,
                                      -1,
                                      0,
                                      1,
                                      63,
                                      64,
                                      8191,
                                      8192,
                                      100000,
                                      (int64_t)1 << 34,
                                      (int64_t)1 << 48,
                                      (int64_t)1 << 55,
                                      (int64_t)1 << 62,
                                      INT64_MAX - 1,
                                      INT64_MAX };
    const int64_t        one = 1;
    arena                a;
    slice                before = { NULL, 0 };

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        slice key = key_of(&a, SLICE("x"), 1, &values[i], &one);
        assert_true(slice_cmp(before, key) < 0);
        before = key;
    }
    arena_clear(&a);
}
