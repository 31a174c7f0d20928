/* SPDX-License-Identifier: Apache-2.0 */
/* format/highway.c - HighwayHash-64: four lanes of multiply, add and shuffle over packets of 32 bytes. */
#include "format/highway.h"

#include "format/wire.h"

#define LANES 4
#define PACKET 32

typedef struct highway {
    uint64_t v0[LANES], v1[LANES], mul0[LANES], mul1[LANES];
} highway;

static uint64_t swap_halves(uint64_t x)
{
    return x >> 32 | x << 32;
}

static void start(highway *h, const uint64_t key[4])
{
    static const uint64_t mul0[LANES] = { 0xdbe6d5d5fe4cce2f, 0xa4093822299f31d0, 0x13198a2e03707344, 0x243f6a8885a308d3 };
    static const uint64_t mul1[LANES] = { 0x3bd39e10cb0ef593, 0xc0acf169b5f18a8c, 0xbe5466cf34e90c6c, 0x452821e638d01377 };

    for (int i = 0; i < LANES; i++) {
        h->mul0[i] = mul0[i];
        h->mul1[i] = mul1[i];
        h->v0[i] = mul0[i] ^ key[i];
        h->v1[i] = mul1[i] ^ swap_halves(key[i]);
    }
}

/* Adds the bytes of two lanes, shuffled so that each byte of a product's middle reaches the ends. */
static void zipper_merge(uint64_t v1, uint64_t v0, uint64_t *add1, uint64_t *add0)
{
    *add0 += (((v0 & 0xff000000) | (v1 & 0xff00000000)) >> 24) |
             (((v0 & 0xff0000000000) | (v1 & 0xff000000000000)) >> 16) | (v0 & 0xff0000) | (v0 & 0xff00) << 32 |
             (v1 & 0xff00000000000000) >> 8 | v0 << 56;
    *add1 += (((v1 & 0xff000000) | (v0 & 0xff00000000)) >> 24) | (v1 & 0xff0000) | (v1 & 0xff0000000000) >> 16 |
             (v1 & 0xff00) << 24 | (v0 & 0xff000000000000) >> 8 | (v1 & 0xff) << 48 | (v0 & 0xff00000000000000);
}

static void update(highway *h, const uint64_t lane[LANES])
{
    for (int i = 0; i < LANES; i++) {
        h->v1[i] += h->mul0[i] + lane[i];
        h->mul0[i] ^= (h->v1[i] & 0xffffffff) * (h->v0[i] >> 32);
        h->v0[i] += h->mul1[i];
        h->mul1[i] ^= (h->v0[i] & 0xffffffff) * (h->v1[i] >> 32);
    }
    for (int i = 0; i < LANES; i += 2) zipper_merge(h->v1[i + 1], h->v1[i], &h->v0[i + 1], &h->v0[i]);
    for (int i = 0; i < LANES; i += 2) zipper_merge(h->v0[i + 1], h->v0[i], &h->v1[i + 1], &h->v1[i]);
}

static void update_packet(highway *h, const char *packet)
{
    const uint64_t lane[LANES] = { le64(packet), le64(packet + 8), le64(packet + 16), le64(packet + 24) };

    update(h, lane);
}

/* The last bytes, fewer than a packet: their number is mixed in, and they are laid out so that no two ends look alike. */
static void update_rest(highway *h, slice rest)
{
    char         packet[PACKET] = { 0 };
    const size_t part = rest.len & 3, whole = rest.len & ~(size_t)3;
    const char  *tail = rest.ptr + whole;

    for (int i = 0; i < LANES; i++) {
        uint32_t low = (uint32_t)h->v1[i], high = (uint32_t)(h->v1[i] >> 32);
        int      n = (int)rest.len;
        h->v0[i] += ((uint64_t)rest.len << 32) + rest.len;
        low = n ? low << n | low >> (32 - n) : low;
        high = n ? high << n | high >> (32 - n) : high;
        h->v1[i] = low | (uint64_t)high << 32;
    }
    memcpy(packet, rest.ptr, whole);
    if (rest.len & 16) {
        memcpy(packet + 28, rest.ptr + rest.len - 4, 4);
    } else if (part) {
        packet[16] = tail[0];
        packet[17] = tail[part >> 1];
        packet[18] = tail[part - 1];
    }
    update_packet(h, packet);
}

uint64_t highway_hash64(const uint64_t key[4], slice bytes)
{
    highway h;

    start(&h, key);
    for (; bytes.len >= PACKET; bytes = slice_tail(bytes, PACKET)) update_packet(&h, bytes.ptr);
    if (bytes.len) update_rest(&h, bytes);
    for (int i = 0; i < 4; i++) {
        const uint64_t permuted[LANES] = { swap_halves(h.v0[2]), swap_halves(h.v0[3]), swap_halves(h.v0[0]),
                                           swap_halves(h.v0[1]) };
        update(&h, permuted);
    }
    return h.v0[0] + h.v1[0] + h.mul0[0] + h.mul1[0];
}
