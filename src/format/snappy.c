/* SPDX-License-Identifier: Apache-2.0 */
/* format/snappy.c - the decoder.
 *
 *     varint      length of the result
 *     elements    until the input ends; the low two bits of the first byte say which
 *       xxxxxx00  literal: the upper six bits are length - 1; 60..63: it follows in 1..4 bytes (le)
 *       ooolll01  o    copy of lll + 4 bytes from 11 bits of distance back: ooo above the next byte
 *       llllll10  oo   copy of llllll + 1 bytes, distance in 2 bytes (le)
 *       llllll11  oooo the same, distance in 4 bytes
 *
 * A copy may overlap what it writes: a distance of 1 repeats one byte. No element of two bytes or
 * more makes more than 64 bytes, so a result of more than 64 bytes for each input byte is refused
 * before memory is taken. */
#include "format/snappy.h"

#include "format/wire.h"

typedef struct snappy_state {
    const uint8_t *in, *in_end;
    char          *out, *out_start, *out_end;
} snappy_state;

static uint32_t trailing_bytes(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < n; i++) v |= (uint32_t)p[i] << 8 * i;
    return v;
}

static bool literal(snappy_state *s, unsigned tag)
{
    size_t   n = tag >> 2;
    unsigned extra = n >= 60 ? (unsigned)n - 59 : 0;

    if ((size_t)(s->in_end - s->in) < extra) return false;
    if (extra) n = trailing_bytes(s->in, extra);
    s->in += extra;
    n++;
    if (n > (size_t)(s->in_end - s->in) || n > (size_t)(s->out_end - s->out)) return false;
    memcpy(s->out, s->in, n);
    s->in += n;
    s->out += n;
    return true;
}

static bool copy_back(snappy_state *s, unsigned tag)
{
    unsigned kind = tag & 3, extra = kind == 3 ? 4 : kind;
    size_t   n = kind == 1 ? (tag >> 2 & 7) + 4 : (tag >> 2) + 1, distance;

    if ((size_t)(s->in_end - s->in) < extra) return false;
    distance = trailing_bytes(s->in, extra);
    if (kind == 1) distance |= (size_t)(tag >> 5) << 8;
    s->in += extra;
    if (!distance || distance > (size_t)(s->out - s->out_start) || n > (size_t)(s->out_end - s->out)) return false;
    for (; n; n--, s->out++) *s->out = s->out[-(ptrdiff_t)distance];
    return true;
}

sm_status snappy_decode(slice compressed, arena *a, slice *out, sm_error *err)
{
    uint64_t    length;
    const char *end = compressed.ptr + compressed.len, *p = get_varint(compressed.ptr, end, &length);

    if (!p || length > UINT32_MAX || length > 64 * (uint64_t)compressed.len)
        return FAIL(err, SM_DATA_LOSS, "snappy: bad length");
    char *buffer = arena_alloc(a, (size_t)length);
    if (!buffer) return arena_check(a, "decompressing a block", err);
    snappy_state s = { (const uint8_t *)p, (const uint8_t *)end, buffer, buffer, buffer + length };
    while (s.in < s.in_end) {
        unsigned tag = *s.in++;
        if (!(tag & 3 ? copy_back(&s, tag) : literal(&s, tag))) return FAIL(err, SM_DATA_LOSS, "snappy: damaged block");
    }
    if (s.out != s.out_end) return FAIL(err, SM_DATA_LOSS, "snappy: block ends too early");
    *out = slice_make(buffer, (size_t)length);
    return SM_OK;
}
