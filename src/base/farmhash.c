/* SPDX-License-Identifier: Apache-2.0 */
/* base/farmhash.c - Fingerprint64, the "na" member of the FarmHash family.
 *
 * Four mixers by length: 0 to 16 bytes, 17 to 32, 33 to 64, and longer ones in steps of 64 bytes
 * with 56 bytes of state. All arithmetic is modulo 2^64, words are read little-endian at any
 * alignment, and the last word of a string may overlap the one before it, so no length needs
 * padding. */
#include "base/farmhash.h"

#define K0 0xc3a5c85c97cb3127u
#define K1 0xb492b66fbe98f273u
#define K2 0x9ae16a3b2f90404fu

static uint64_t fetch64(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    uint64_t       v = 0;

    for (int i = 7; i >= 0; i--) v = v << 8 | b[i];
    return v;
}

static uint64_t fetch32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24;
}

static uint64_t rotate(uint64_t v, int by)
{
    return v >> by | v << (64 - by);
}

static uint64_t shift_mix(uint64_t v)
{
    return v ^ v >> 47;
}

static uint64_t mix_two(uint64_t u, uint64_t v, uint64_t factor)
{
    uint64_t a = shift_mix((u ^ v) * factor);
    return shift_mix((v ^ a) * factor) * factor;
}

static uint64_t hash_to_16(const char *s, size_t n)
{
    if (n >= 8) {
        uint64_t factor = K2 + n * 2, a = fetch64(s) + K2, b = fetch64(s + n - 8);
        uint64_t c = rotate(b, 37) * factor + a, d = (rotate(a, 25) + b) * factor;
        return mix_two(c, d, factor);
    }
    if (n >= 4) return mix_two(n + (fetch32(s) << 3), fetch32(s + n - 4), K2 + n * 2);
    if (n > 0) {
        const uint8_t *b = (const uint8_t *)s;
        uint32_t       y = b[0] + ((uint32_t)b[n >> 1] << 8);
        uint32_t       z = (uint32_t)n + ((uint32_t)b[n - 1] << 2);
        return shift_mix(y * K2 ^ z * K0) * K2;
    }
    return K2;
}

static uint64_t hash_to_32(const char *s, size_t n)
{
    uint64_t factor = K2 + n * 2, a = fetch64(s) * K1, b = fetch64(s + 8);
    uint64_t c = fetch64(s + n - 8) * factor, d = fetch64(s + n - 16) * K2;

    return mix_two(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, factor);
}

static uint64_t hash_to_64(const char *s, size_t n)
{
    uint64_t factor = K2 + n * 2, a = fetch64(s) * K2, b = fetch64(s + 8);
    uint64_t c = fetch64(s + n - 8) * factor, d = fetch64(s + n - 16) * K2;
    uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
    uint64_t z = mix_two(y, a + rotate(b + K2, 18) + c, factor);
    uint64_t e = fetch64(s + 16) * factor, f = fetch64(s + 24);
    uint64_t g = (y + fetch64(s + n - 32)) * factor, h = (z + fetch64(s + n - 24)) * factor;

    return mix_two(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, factor);
}

typedef struct word_pair {
    uint64_t first, second;
} word_pair;

/* 32 bytes into 16, weakly; two seeds. */
static word_pair hash_32_with_seeds(const char *s, uint64_t a, uint64_t b)
{
    uint64_t w = fetch64(s), x = fetch64(s + 8), y = fetch64(s + 16), z = fetch64(s + 24), c;

    a += w;
    b = rotate(b + a + z, 21);
    c = a;
    a += x;
    a += y;
    b += rotate(a, 44);
    return (word_pair){ a + z, b + c };
}

static uint64_t hash_long(const char *s, size_t n)
{
    const uint64_t seed = 81;
    uint64_t       x = seed * K2 + fetch64(s), y = seed * K1 + 113, z = shift_mix(y * K2 + 113) * K2, t, factor;
    word_pair      v = { 0, 0 }, w = { 0, 0 };
    const char    *end = s + (n - 1) / 64 * 64, *last = end + ((n - 1) & 63) - 63;

    for (; s != end; s += 64) {
        x = rotate(x + y + v.first + fetch64(s + 8), 37) * K1;
        y = rotate(y + v.second + fetch64(s + 48), 42) * K1;
        x ^= w.second;
        y += v.first + fetch64(s + 40);
        z = rotate(z + w.first, 33) * K1;
        v = hash_32_with_seeds(s, v.second * K1, x + w.first);
        w = hash_32_with_seeds(s + 32, z + w.second, y + fetch64(s + 16));
        t = z, z = x, x = t;
    }
    factor = K1 + ((z & 0xff) << 1);
    s = last; /* the last 64 bytes, whatever was read of them */
    w.first += (n - 1) & 63;
    v.first += w.first;
    w.first += v.first;
    x = rotate(x + y + v.first + fetch64(s + 8), 37) * factor;
    y = rotate(y + v.second + fetch64(s + 48), 42) * factor;
    x ^= w.second * 9;
    y += v.first * 9 + fetch64(s + 40);
    z = rotate(z + w.first, 33) * factor;
    v = hash_32_with_seeds(s, v.second * factor, x + w.first);
    w = hash_32_with_seeds(s + 32, z + w.second, y + fetch64(s + 16));
    t = z, z = x, x = t;
    return mix_two(mix_two(v.first, w.first, factor) + shift_mix(y) * K0 + z, mix_two(v.second, w.second, factor) + x,
                   factor);
}

uint64_t fingerprint64(slice s)
{
    if (s.len <= 16) return hash_to_16(s.ptr, s.len);
    if (s.len <= 32) return hash_to_32(s.ptr, s.len);
    if (s.len <= 64) return hash_to_64(s.ptr, s.len);
    return hash_long(s.ptr, s.len);
}

uint64_t fingerprint64_join(uint64_t a, uint64_t b)
{
    const uint64_t factor = 0xc6a4a7935bd1e995u;
    uint64_t       r = a ^ factor;

    r ^= shift_mix(b * factor) * factor;
    r *= factor;
    return shift_mix(shift_mix(r) * factor);
}
