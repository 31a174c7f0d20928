/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C: the vectors of RFC 3720, a bit-by-bit reference, both implementations, any cut. */
#include "base/crc32c.h"
#include "unit.h"

static uint32_t bitwise(uint32_t crc, slice s)
{
    crc = ~crc;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.ptr[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

TEST(known_vectors)
{
    char bytes[32];

    assert_int_equal(crc32c(SLICE("")), 0);
    assert_int_equal(crc32c(SLICE("123456789")), 0xe3069283u);
    memset(bytes, 0, 32);
    assert_int_equal(crc32c(slice_make(bytes, 32)), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc32c(slice_make(bytes, 32)), 0x62a8ab43u);
    for (int i = 0; i < 32; i++) bytes[i] = (char)i;
    assert_int_equal(crc32c(slice_make(bytes, 32)), 0x46dd794eu);
    for (int i = 0; i < 32; i++) bytes[i] = (char)(31 - i);
    assert_int_equal(crc32c(slice_make(bytes, 32)), 0x113fdb5cu);
}

TEST(all_lengths_and_offsets)
{
    char     bytes[300];
    uint64_t seed = 3;

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)unit_random(&seed);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; from + n <= sizeof bytes; n++) {
            slice    s = slice_make(bytes + from, n);
            uint32_t want = bitwise(0, s);
            assert_int_equal(crc32c(s), want);
            assert_int_equal(crc32c_portable(0, s), want);
            assert_int_equal(crc32c_extend(crc32c(slice_head(s, n / 3)), slice_tail(s, n / 3)), want);
        }
}

TEST(mask)
{
    uint64_t seed = 5;

    assert_int_equal(crc32c_mask(0), 0xa282ead8u);
    assert_int_equal(crc32c_mask(0xe3069283u), 0xc78ab0e5u); /* of "123456789" */
    for (int i = 0; i < 1000; i++) {
        uint32_t c = (uint32_t)unit_random(&seed);
        assert_int_equal(crc32c_unmask(crc32c_mask(c)), c);
        assert_true(crc32c_mask(c) != c);
    }
}
