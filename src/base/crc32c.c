/* SPDX-License-Identifier: Apache-2.0 */
/* base/crc32c.c - the polynomial 0x1edc6f41, bits reversed, eight bytes at a time.
 *
 * table[k][n] is the remainder of byte n followed by k zero bytes. The remainder is linear: that
 * of n is the exclusive or of those of its bits, so eight constants a row make the 256 entries, at
 * compile time. */
#include "base/crc32c.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define BIT(n, bit, remainder) ((n) >> (bit)&1 ? (remainder) : 0u)
#define BYTE(n, a, b, c, d, e, f, g, h)                                                                       \
    (BIT(n, 0, a) ^ BIT(n, 1, b) ^ BIT(n, 2, c) ^ BIT(n, 3, d) ^ BIT(n, 4, e) ^ BIT(n, 5, f) ^ BIT(n, 6, g) ^ \
     BIT(n, 7, h))
#define BYTES4(n, ...) \
    BYTE(n, __VA_ARGS__), BYTE(n + 1, __VA_ARGS__), BYTE(n + 2, __VA_ARGS__), BYTE(n + 3, __VA_ARGS__)
#define BYTES16(n, ...) \
    BYTES4(n, __VA_ARGS__), BYTES4(n + 4, __VA_ARGS__), BYTES4(n + 8, __VA_ARGS__), BYTES4(n + 12, __VA_ARGS__)
#define BYTES64(n, ...) \
    BYTES16(n, __VA_ARGS__), BYTES16(n + 16, __VA_ARGS__), BYTES16(n + 32, __VA_ARGS__), BYTES16(n + 48, __VA_ARGS__)
#define BYTES(...) \
    BYTES64(0, __VA_ARGS__), BYTES64(64, __VA_ARGS__), BYTES64(128, __VA_ARGS__), BYTES64(192, __VA_ARGS__)

/* clang-format off */
static const uint32_t table[8][256] = {
    { BYTES(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u) },
    { BYTES(0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u) },
    { BYTES(0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u) },
    { BYTES(0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu) },
    { BYTES(0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu) },
    { BYTES(0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u) },
    { BYTES(0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u) },
    { BYTES(0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u) },
};
/* clang-format on */

static uint32_t le32_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static uint32_t extend_portable(uint32_t c, const char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t a = c ^ le32_at(p), b = le32_at(p + 4);
        c = table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^ table[4][a >> 24] ^
            table[3][b & 255] ^ table[2][b >> 8 & 255] ^ table[1][b >> 16 & 255] ^ table[0][b >> 24];
    }
    for (; n; p++, n--) c = table[0][(c ^ (unsigned char)*p) & 255] ^ c >> 8;
    return c;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t extend_sse42(uint32_t c, const char *p, size_t n)
{
    uint64_t wide = c, word;

    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    c = (uint32_t)wide;
    for (; n; p++, n--) c = _mm_crc32_u8(c, (unsigned char)*p);
    return c;
}

uint32_t crc32c_extend(uint32_t crc, slice bytes)
{
    if (__builtin_cpu_supports("sse4.2")) return ~extend_sse42(~crc, bytes.ptr, bytes.len);
    return crc32c_portable(crc, bytes);
}

#else

uint32_t crc32c_extend(uint32_t crc, slice bytes)
{
    return crc32c_portable(crc, bytes);
}

#endif

uint32_t crc32c_portable(uint32_t crc, slice bytes)
{
    return ~extend_portable(~crc, bytes.ptr, bytes.len);
}

uint32_t crc32c(slice bytes)
{
    return crc32c_extend(0, bytes);
}
