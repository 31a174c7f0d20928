/* SPDX-License-Identifier: Apache-2.0 */
/* Snappy blocks: each kind of element, and damage. */
#include "format/snappy.h"
#include "hex.h"

TEST(elements)
{
    static const struct {
        const char *block, *text;
    } rows[] = {
        { "00", "" },
        { "03 08 616263", "abc" },            /* a literal */
        { "03 f002 616263", "abc" },          /* its length in a byte of its own */
        { "03 f40200 616263", "abc" },        /* in two */
        { "09 08 616263 0903", "abcabcabc" }, /* 1-byte distance: 3 back, 6 bytes, overlapping */
        { "06 00 61 1201 00", "aaaaaa" },     /* 2-byte distance: 5 bytes from 1 back */
        { "06 00 61 1301000000", "aaaaaa" },  /* 4-byte distance */
    };
    arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        slice out;
        assert_ok(snappy_decode(unhex(&a, rows[i].block), &a, &out, err));
        assert_true(slice_is(out, rows[i].text));
    }
    arena_clear(&a);
}

TEST(damage)
{
    static const char *const blocks[] = {
        "",
        "80",
        "03",
        "03 08 6162",
        "02 08 616263",
        "04 08 616263",
        "04 08 616263 0504",
        "07 08 616263 0100",
        "03 f0",
        "ff01 00 61",
        "04 08 616263 01",
        "ffffffffff7f 00",
    };
    arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        slice out;
        assert_fails(snappy_decode(unhex(&a, blocks[i]), &a, &out, err), SM_DATA_LOSS, "snappy");
    }
    arena_clear(&a);
}
