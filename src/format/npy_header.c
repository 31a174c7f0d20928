/* SPDX-License-Identifier: Apache-2.0 */
/* format/npy_header.c - the part of Python's grammar that numpy writes into a header, and no more.
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 *     {'descr': [('qint8', '|i1')], 'fortran_order': False, 'shape': (), }
 *
 * Strings have single or double quotes and no escapes, integers may end in L (Python 2 wrote that),
 * white space and a trailing comma may stand where Python allows them. */
#include "format/npy_header.h"

typedef struct cursor {
    const char *p, *end;
} cursor;

static char next_char(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r')) c->p++;
    return c->p < c->end ? *c->p : 0;
}

static bool take(cursor *c, char wanted)
{
    if (next_char(c) != wanted) return false;
    c->p++;
    return true;
}

static bool take_text(cursor *c, slice *out)
{
    char quote = next_char(c);

    if (quote != '\'' && quote != '"') return false;
    const char *from = ++c->p;
    while (c->p < c->end && *c->p != quote && *c->p != '\\') c->p++;
    if (c->p == c->end || *c->p != quote) return false;
    *out = slice_make(from, (size_t)(c->p++ - from));
    return true;
}

static bool take_bool(cursor *c, bool *out)
{
    static const slice words[] = { { "False", 5 }, { "True", 4 } };

    (void)next_char(c);
    for (int i = 0; i < 2; i++) {
        if (!slice_eq(slice_head(slice_make(c->p, (size_t)(c->end - c->p)), words[i].len), words[i])) continue;
        c->p += words[i].len;
        *out = i;
        return true;
    }
    return false;
}

static bool take_int(cursor *c, int64_t *out)
{
    (void)next_char(c);
    const char *from = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') c->p++;
    if (!slice_int(slice_make(from, (size_t)(c->p - from)), out)) return false;
    if (c->p < c->end && *c->p == 'L') c->p++;
    return true;
}

static bool take_shape(cursor *c, shape *out)
{
    *out = shape_scalar();
    if (!take(c, '(')) return false;
    while (!take(c, ')')) {
        if (out->rank == SHAPE_MAX_RANK || !take_int(c, &out->dims[out->rank++])) return false;
        if (!take(c, ',') && (out->rank == 1 || next_char(c) != ')')) return false;
    }
    return true;
}

/* A type string, or a record with one field. */
static bool take_descr(cursor *c, npy_header *h)
{
    if (!take(c, '[')) return take_text(c, &h->descr);
    if (!take(c, '(') || !take_text(c, &h->record) || !take(c, ',') || !take_text(c, &h->descr)) return false;
    (void)take(c, ',');
    if (!take(c, ')')) return false;
    (void)take(c, ',');
    return take(c, ']');
}

static bool take_item(cursor *c, npy_header *h)
{
    slice key;

    if (!take_text(c, &key) || !take(c, ':')) return false;
    if (slice_is(key, "descr")) return h->has_descr = take_descr(c, h);
    if (slice_is(key, "fortran_order")) return h->has_order = take_bool(c, &h->fortran);
    if (slice_is(key, "shape")) return h->has_shape = take_shape(c, &h->shape);
    return false;
}

sm_status npy_header_parse(slice text, npy_header *out, sm_error *err)
{
    cursor c = { text.ptr, text.ptr + text.len };
    bool   good = take(&c, '{');

    *out = (npy_header){ 0 };
    while (good && !take(&c, '}')) {
        good = take_item(&c, out);
        if (good && !take(&c, ',')) good = next_char(&c) == '}';
    }
    if (good && out->has_descr && out->has_order && out->has_shape && !next_char(&c) && c.p == c.end) return SM_OK;
    return FAIL(err, SM_DATA_LOSS, "cannot read the npy header: " SLICE_FMT, SLICE_ARG(slice_head(text, 200)));
}
