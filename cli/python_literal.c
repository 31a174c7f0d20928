/* SPDX-License-Identifier: Apache-2.0 */
/* python_literal.c - reads Python's number and string literals.
 *
 * Numbers: decimal, 0x, 0o, 0b, underscores, floats, imaginary. Strings: both quotes, triple quotes,
 * prefixes r, b, u and their pairs, every escape but \N{...}. Text is UTF-8 inside and out. */
#include "python_literal.h"

#include <stdlib.h>
#include <string.h>

void python_literal_blank(literal_text *t)
{
    while (t->at < t->end) {
        if (*t->at == '#')
            while (t->at < t->end && *t->at != '\n') t->at++;
        else if (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r' || *t->at == '\f')
            t->at++;
        else
            return;
    }
}

/* -- Numbers -------------------------------------------------------------------------------------- */

static int digit_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

static int looking_at(const literal_text *t, size_t ahead, const char *set)
{
    return t->at + ahead < t->end && t->at[ahead] && strchr(set, t->at[ahead]) != NULL;
}

static const py *bad_literal(literal_text *t, const char *problem)
{
    t->problem = problem;
    return NULL;
}

/* Digits of a base with single underscores between them; copies them without underscores. */
static int digits(literal_text *t, int base, textbuf *b, int underscore_first)
{
    int n = 0;
    for (;; n++) {
        if (looking_at(t, 0, "_") && (n || underscore_first)) {
            t->at++;
            if (t->at == t->end || digit_value(*t->at) >= base) return -1;
        }
        if (t->at == t->end || digit_value(*t->at) >= base) return n;
        textbuf_char(b, *t->at++);
    }
}

static const py *integer_of(const char *text, int base)
{
    uint64_t v = 0;
    double   approximate = 0;
    int      fits = 1;
    for (const char *p = text; *p; p++) {
        uint64_t d = (uint64_t)digit_value(*p);
        fits = fits && v <= (UINT64_MAX - d) / (uint64_t)base;
        v = v * (uint64_t)base + d;
        approximate = approximate * base + (double)d;
    }
    if (fits) return py_uint(v, 0);
    return py_huge(base == 10 ? strtod(text, NULL) : approximate);
}

/* The part after the whole digits: fraction, exponent, j. */
static const py *number_tail(literal_text *t, textbuf *b, int whole)
{
    int real = 0;
    if (looking_at(t, 0, ".")) {
        real = 1;
        textbuf_char(b, *t->at++);
        if (digits(t, 10, b, 0) < 0) return bad_literal(t, "invalid decimal literal");
    }
    if (looking_at(t, 0, "eE")) {
        size_t sign = looking_at(t, 1, "+-");
        if (!looking_at(t, 1 + sign, "0123456789")) return bad_literal(t, "invalid decimal literal");
        real = 1;
        textbuf_add(b, t->at, 1 + sign);
        t->at += 1 + sign;
        if (digits(t, 10, b, 0) < 0) return bad_literal(t, "invalid decimal literal");
    }
    if (looking_at(t, 0, "jJ")) {
        t->at++;
        return py_complex(0, strtod(textbuf_string(b), NULL));
    }
    if (real) return py_float(strtod(textbuf_string(b), NULL));
    for (const char *p = textbuf_string(b); whole > 1 && b->data[0] == '0' && *p; p++)
        if (*p != '0') return bad_literal(t, "leading zeros in decimal integer literals are not permitted");
    return integer_of(textbuf_string(b), 10);
}

const py *python_literal_number(literal_text *t)
{
    textbuf   b = { 0 };
    const py *v;
    int       base = 10, n;
    if (!looking_at(t, 0, "0123456789") && !(looking_at(t, 0, ".") && looking_at(t, 1, "0123456789"))) return NULL;
    if (looking_at(t, 0, "0") && looking_at(t, 1, "xXoObB"))
        base = looking_at(t, 1, "xX") ? 16 : looking_at(t, 1, "oO") ? 8 : 2;
    if (base != 10) t->at += 2;
    n = digits(t, base, &b, base != 10);
    if (n < 0 || (base != 10 && n == 0))
        v = bad_literal(t, "invalid number literal");
    else
        v = base == 10 ? number_tail(t, &b, n) : integer_of(textbuf_string(&b), base);
    textbuf_clear(&b);
    if (v && t->at < t->end && (digit_value(*t->at) < 10 || *t->at == '_' || (*t->at >= 'a' && *t->at <= 'z')))
        return bad_literal(t, "invalid number literal");
    return v;
}

/* -- Strings --------------------------------------------------------------------------------------- */

static void add_utf8(textbuf *b, uint32_t c)
{
    if (c < 0x80) {
        textbuf_char(b, (char)c);
    } else if (c < 0x800) {
        textbuf_char(b, (char)(0xc0 | c >> 6));
        textbuf_char(b, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        textbuf_char(b, (char)(0xe0 | c >> 12));
        textbuf_char(b, (char)(0x80 | (c >> 6 & 63)));
        textbuf_char(b, (char)(0x80 | (c & 63)));
    } else {
        textbuf_char(b, (char)(0xf0 | c >> 18));
        textbuf_char(b, (char)(0x80 | (c >> 12 & 63)));
        textbuf_char(b, (char)(0x80 | (c >> 6 & 63)));
        textbuf_char(b, (char)(0x80 | (c & 63)));
    }
}

static int hex_digits(literal_text *t, int n, uint32_t *out)
{
    *out = 0;
    for (; n; n--, t->at++) {
        if (t->at == t->end || digit_value(*t->at) > 15) return 0;
        *out = *out << 4 | (uint32_t)digit_value(*t->at);
    }
    return 1;
}

/* After a backslash. */
static int escape(literal_text *t, textbuf *b, int is_bytes)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    char              c = *t->at++;
    uint32_t          code = 0;
    const char       *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        textbuf_char(b, to[simple - from]);
        return 1;
    }
    if (c == '\n') return 1;
    if (c >= '0' && c <= '7') {
        code = (uint32_t)(c - '0');
        for (int i = 0; i < 2 && looking_at(t, 0, "01234567"); i++) code = code * 8 + (uint32_t)(*t->at++ - '0');
    } else if (c == 'x' || (!is_bytes && (c == 'u' || c == 'U'))) {
        if (!hex_digits(t, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code) || code > 0x10ffff) return 0;
    } else if (c == 'N' && !is_bytes) {
        return 0;
    } else { /* an unknown escape stays as it is */
        textbuf_char(b, '\\');
        textbuf_char(b, c);
        return 1;
    }
    if (is_bytes)
        textbuf_char(b, (char)(code & 255));
    else
        add_utf8(b, code);
    return 1;
}

/* One quoted piece; t is at its quote. */
static const char *piece(literal_text *t, textbuf *b, int is_bytes, int raw)
{
    char   q = *t->at;
    int    triple = t->end - t->at >= 3 && t->at[1] == q && t->at[2] == q;
    size_t width = triple ? 3 : 1;
    t->at += width;
    for (;;) {
        if (t->at >= t->end || (!triple && *t->at == '\n')) return "unterminated string literal";
        if (*t->at == q && (!triple || (t->end - t->at >= 3 && t->at[1] == q && t->at[2] == q))) {
            t->at += width;
            return NULL;
        }
        if (is_bytes && (unsigned char)*t->at > 127) return "bytes can only contain ASCII literal characters";
        if (*t->at != '\\') {
            textbuf_char(b, *t->at++);
            continue;
        }
        t->at++;
        if (t->at >= t->end) return "unterminated string literal";
        if (raw) {
            textbuf_char(b, '\\');
            textbuf_char(b, *t->at++);
        } else if (!escape(t, b, is_bytes)) {
            return "invalid escape in a string literal";
        }
    }
}

/* Length of a prefix such as rb in front of a quote; -1: no string starts here. */
static int string_prefix(const literal_text *t, int *is_bytes, int *raw)
{
    int n = 0;
    *is_bytes = *raw = 0;
    while (n < 3 && looking_at(t, (size_t)n, "rRbBuU")) {
        char c = (char)(t->at[n] | 32);
        *is_bytes |= c == 'b';
        *raw |= c == 'r';
        n++;
    }
    return n < 3 && looking_at(t, (size_t)n, "'\"") ? n : -1;
}

const py *python_literal_string(literal_text *t)
{
    textbuf   b = { 0 };
    const py *v = NULL;
    int       is_bytes, raw, n, first = -1;
    while ((n = string_prefix(t, &is_bytes, &raw)) >= 0) {
        if (first >= 0 && first != is_bytes) {
            t->problem = "cannot mix bytes and nonbytes literals";
            break;
        }
        first = is_bytes;
        t->at += n;
        t->problem = piece(t, &b, is_bytes, raw);
        if (t->problem) break;
        python_literal_blank(t);
    }
    if (first >= 0 && !t->problem) v = py_string(first ? PY_BYTES : PY_STR, textbuf_string(&b), b.length);
    textbuf_clear(&b);
    return v;
}
