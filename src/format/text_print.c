/* SPDX-License-Identifier: Apache-2.0 */
/* format/text_print.c - structs to protobuf's text format, as Python's text_format prints it.
 *
 * One line per value, two spaces per level, fields in the order of their numbers, maps in the order
 * of their keys. Floats print with the fewest digits that read back to the same value, whole ones
 * with ".0". Unknown fields are left out: the text format has no names for them. */
#define _GNU_SOURCE 1

#include "format/message_int.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct printer {
    str   *out;
    arena *scratch;
    int    depth;
} printer;

static void print_message(printer *pr, const message_type *type, const void *message);

/* -- Scalars ----------------------------------------------------------------------------------- */

static void print_string(str *out, slice s, bool text)
{
    static const char special[] = "\n\r\t\"'\\", names[] = "nrt\"'\\";

    str_addc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t     c = (uint8_t)s.ptr[i];
        const char *at = c ? strchr(special, c) : NULL;
        if (at) {
            str_addc(out, '\\');
            str_addc(out, names[at - special]);
        } else if ((c >= 0x20 && c < 0x7f) || (text && c >= 0x80)) {
            str_addc(out, (char)c);
        } else {
            str_addf(out, "\\%03o", c);
        }
    }
    str_addc(out, '"');
}

/* Digits "d.ddde+xx" as Python lays them out: fixed for exponents -4 to 15. */
static void print_digits(str *out, const char *scientific)
{
    char        digits[32];
    int         n = 0, exponent = 0;
    const char *p = scientific;

    if (*p == '-') str_addc(out, *p++);
    for (; *p && *p != 'e'; p++) {
        if (*p != '.') digits[n++] = *p;
    }
    if (*p) exponent = (int)strtol(p + 1, NULL, 10);
    while (n > 1 && digits[n - 1] == '0') n--;
    slice all = slice_make(digits, (size_t)n);
    if (exponent < -4 || exponent >= 16) {
        str_addc(out, digits[0]);
        if (n > 1) str_addc(out, '.');
        str_add(out, slice_tail(all, 1));
        str_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        str_addz(out, "0.");
        str_pad(out, '0', (size_t)(-exponent - 1));
        str_add(out, all);
    } else {
        size_t whole = (size_t)exponent + 1;
        str_add(out, slice_head(all, whole));
        if (whole > all.len) str_pad(out, '0', whole - all.len);
        str_addc(out, '.');
        if (whole < all.len)
            str_add(out, slice_tail(all, whole));
        else
            str_addc(out, '0');
    }
}

static void print_double(str *out, double v, bool single)
{
    char text[48];
    int  most = single ? 9 : 17, digits = single ? 6 : fabs(v) < DBL_MIN ? 1 : 15;

    if (isnan(v) || isinf(v)) {
        str_addz(out, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    for (; digits <= most; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
        double back = strtod(text, NULL);
        if (single ? (float)back == (float)v : back == v) break;
    }
    print_digits(out, text);
}

static void print_scalar(printer *pr, const message_field *f, const void *p)
{
    str        *out = pr->out;
    const char *name;
    float       single;
    double      number;

    switch ((field_type)f->type) {
    case FIELD_STRING:
    case FIELD_BYTES: print_string(out, *(const slice *)p, f->type == FIELD_STRING); break;
    case FIELD_BOOL: str_addz(out, *(const bool *)p ? "true" : "false"); break;
    case FIELD_FLOAT:
        memcpy(&single, p, sizeof single);
        print_double(out, (double)single, true);
        break;
    case FIELD_DOUBLE:
        memcpy(&number, p, sizeof number);
        print_double(out, number, false);
        break;
    case FIELD_ENUM:
        name = enum_name(f->of, *(const int32_t *)p);
        if (name)
            str_addz(out, name);
        else
            str_addf(out, "%" PRId32, *(const int32_t *)p);
        break;
    case FIELD_INT32: str_addf(out, "%" PRId32, *(const int32_t *)p); break;
    case FIELD_UINT32:
    case FIELD_FIXED32: str_addf(out, "%" PRIu32, *(const uint32_t *)p); break;
    case FIELD_INT64:
    case FIELD_SINT64: str_addf(out, "%" PRId64, *(const int64_t *)p); break;
    case FIELD_UINT64:
    case FIELD_FIXED64: str_addf(out, "%" PRIu64, *(const uint64_t *)p); break;
    case FIELD_SUB:
    case FIELD_NONE: break;
    }
}

/* -- Messages ---------------------------------------------------------------------------------- */

static void indent(printer *pr)
{
    str_pad(pr->out, ' ', 2 * (size_t)pr->depth);
}

static void print_sub(printer *pr, const char *open, slice name, const char *close, const message_type *type,
                      const void *message)
{
    if (pr->depth > 2 * MESSAGE_MAX_DEPTH) return; /* only a struct made by hand is that deep */
    indent(pr);
    str_addz(pr->out, open);
    str_add(pr->out, name);
    str_addz(pr->out, close);
    str_addz(pr->out, " {\n");
    pr->depth++;
    print_message(pr, type, message);
    pr->depth--;
    indent(pr);
    str_addz(pr->out, "}\n");
}

static void print_value(printer *pr, const message_field *f, const void *place)
{
    if (f->type == FIELD_SUB) {
        print_sub(pr, "", slice_of(f->name), "", f->of, place);
        return;
    }
    indent(pr);
    str_addz(pr->out, f->name);
    str_addz(pr->out, ": ");
    print_scalar(pr, f, place);
    str_addc(pr->out, '\n');
}

static void print_list(printer *pr, const message_field *f, const void *message)
{
    size_t       count = *COUNT_OF(message, f);
    const char  *list = *LIST_OF(message, f);
    size_t       size = f->type == FIELD_SUB ? ((const message_type *)f->of)->size : size_of[f->type];
    const void **sorted = f->label == FIELD_MAP ? message_sorted_entries(f->of, list, count, pr->scratch) : NULL;

    for (size_t i = 0; i < count; i++) print_value(pr, f, sorted ? sorted[i] : list + i * size);
}

/* An Any whose type is known and whose bytes are that type prints as the message; otherwise it is
 * not printed here. */
static bool print_any(printer *pr, const tf_Any *any)
{
    ptrdiff_t           slash = slice_rfind(any->type_url, '/');
    const message_type *type = slash < 0 ? NULL : message_type_find(slice_tail(any->type_url, (size_t)slash + 1));

    if (!type) return false;
    void *message = arena_alloc(pr->scratch, type->size);
    if (!message || message_decode(type, any->value, pr->scratch, message, NULL) != SM_OK) return false;
    print_sub(pr, "[", any->type_url, "]", type, message);
    return true;
}

static void print_message(printer *pr, const message_type *type, const void *message)
{
    if (type == &type_Any && print_any(pr, message)) return;
    for (uint32_t n = 1; n < type->field_end; n++) {
        const message_field *f = &type->fields[n];
        if (!message_field_set(f, message, n)) continue;
        if (f->label == FIELD_REPEATED || f->label == FIELD_MAP)
            print_list(pr, f, message);
        else if (f->type == FIELD_SUB && f->label != FIELD_EMBEDDED)
            print_value(pr, f, *LIST_OF(message, f));
        else
            print_value(pr, f, AT(message, f));
    }
}

void message_print(const message_type *type, const void *message, str *out)
{
    arena    scratch;
    printer  pr = { out, &scratch, 0 };
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(c);

    arena_init(&scratch, 0);
    print_message(&pr, type, message);
    arena_clear(&scratch);
    uselocale(before);
    if (c) freelocale(c);
}
