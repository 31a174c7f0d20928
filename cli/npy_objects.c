/* SPDX-License-Identifier: Apache-2.0 */
/* npy_objects.c - npy files that hold Python objects.
 *
 *   93 'NUMPY' major minor   header length (2 bytes, 4 from major 2)   header text   pickle
 *
 * The pickle that is written is the one Python writes (protocol 4): an ndarray of dtype object whose
 * state holds the list of bytes. Strings of no or one character are shared through the memo, since
 * in Python they are the same objects. */
#include "npy_objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ndarray.h"
#include "pickle.h"

sm_status npy_objects_parse(const void *bytes, size_t size, const py **out, sm_error *err)
{
    const unsigned char *b = bytes;
    sm_tensor           *t;
    size_t               start = size > 6 && b[6] >= 2 ? 12 : 10, length;
    if (size >= 12 && memcmp(b, "\x93NUMPY", 6) == 0) {
        length =
            b[6] >= 2 ? b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24 : b[8] | (size_t)b[9] << 8;
        if (length <= size - start) {
            char *header = keep_bytes(b + start, length);
            if (strstr(header, "'descr': '|O'") || strstr(header, "'descr': 'O'"))
                return pickle_read(b + start + length, size - start - length, out, err);
            sm_status s = sm_tensor_parse_npy(bytes, size, &t, err);
            if (s == SM_OK) *out = py_array(t, strstr(header, "'descr': '<U") || strstr(header, "'descr': '>U"), 0);
            return s;
        }
    }
    sm_status s = sm_tensor_parse_npy(bytes, size, &t, err);
    if (s == SM_OK) *out = py_array(t, 0, 0);
    return s;
}

/* -- Writing ------------------------------------------------------------------------------------------- */

static void put_little(textbuf *b, uint64_t v, int n)
{
    for (int i = 0; i < n; i++) textbuf_char(b, (char)(v >> 8 * i & 255));
}

static void put_header(textbuf *b, const char *descr, const sm_tensor *t)
{
    char  *shape = ndarray_shape_text(sm_tensor_rank(t), sm_tensor_dims(t));
    char  *text = keep_format("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    size_t n = strlen(text), growth = 0;
    if (sm_tensor_rank(t)) { /* numpy leaves room for the first dimension to grow */
        size_t digits = strlen(keep_format("%lld", (long long)sm_tensor_dim(t, 0)));
        growth = digits < 21 ? 21 - digits : 0;
    }
    size_t padding = 63 - (10 + n + growth) % 64 + growth;
    textbuf_add(b, "\x93NUMPY\x01\x00", 8);
    put_little(b, n + padding + 1, 2);
    textbuf_text(b, text);
    textbuf_fill(b, ' ', padding);
    textbuf_char(b, '\n');
}

static void put_integer(textbuf *b, int64_t v)
{
    textbuf_char(b, v < 256 ? 'K' : v < 65536 ? 'M' : v <= INT32_MAX ? 'J' : (char)0x8a);
    if (v > INT32_MAX) put_little(b, 8, 1);
    put_little(b, (uint64_t)v, v < 256 ? 1 : v < 65536 ? 2 : v <= INT32_MAX ? 4 : 8);
}

static void put_shape(textbuf *b, const sm_tensor *t)
{
    int rank = sm_tensor_rank(t);
    if (rank > 3) textbuf_char(b, '(');
    for (int i = 0; i < rank; i++) put_integer(b, sm_tensor_dim(t, i));
    textbuf_add(b, rank == 1 ? "\x85\x94" : rank == 2 ? "\x86\x94" : rank == 3 ? "\x87\x94" : "t\x94", 2);
}

typedef struct memo {
    uint32_t next, empty, single[256]; /* where short strings were stored; 0: not yet */
} memo;

static void put_bytes(textbuf *b, const char *bytes, size_t n, memo *m)
{
    uint32_t *shared = n == 0 ? &m->empty : n == 1 ? &m->single[(unsigned char)bytes[0]] : NULL;
    if (shared && *shared) {
        textbuf_char(b, *shared < 256 ? 'h' : 'j');
        put_little(b, *shared, *shared < 256 ? 1 : 4);
        return;
    }
    textbuf_char(b, n < 256 ? 'C' : 'B');
    put_little(b, n, n < 256 ? 1 : 4);
    textbuf_add(b, bytes, n);
    textbuf_char(b, (char)0x94);
    if (shared) *shared = m->next;
    m->next++;
}

static void put_items(textbuf *b, const sm_tensor *t, memo *m)
{
    size_t      count = sm_tensor_count(t), n;
    const char *bytes;
    for (size_t i = 0; i < count; i++) {
        if (count > 1 && i % 1000 == 0) textbuf_char(b, '(');
        bytes = sm_tensor_string(t, i, &n);
        put_bytes(b, bytes, n, m);
        if (count == 1)
            textbuf_char(b, 'a');
        else if (i % 1000 == 999 || i + 1 == count)
            textbuf_char(b, 'e');
    }
}

#define TEXT(s) (s), sizeof(s) - 1

static void put_pickle(textbuf *b, const sm_tensor *t)
{
    textbuf body = { 0 };
    memo    m = { .next = 19, .single = { ['b'] = 7 } };
    textbuf_add(&body, TEXT("\x8c\x16numpy._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94"));
    textbuf_add(&body, TEXT("\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94"
                            "C\x01"
                            "b\x94\x87\x94R\x94(K\x01"));
    put_shape(&body, t);
    textbuf_add(&body, TEXT("h\x03\x8c\x05"
                            "dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94"));
    textbuf_add(&body, TEXT("(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94"
                            "b\x89]\x94"));
    put_items(&body, t, &m);
    textbuf_add(&body, TEXT("t\x94"
                            "b."));
    textbuf_add(b, TEXT("\x80\x04\x95"));
    put_little(b, body.length, 8);
    textbuf_add(b, body.data, body.length);
    textbuf_clear(&body);
}

static sm_status write_file(const textbuf *b, const char *path, sm_error *err)
{
    char *temporary = keep_format("%s.%ld.tmp", path, (long)getpid());
    FILE *f = fopen(temporary, "wb");
    if (!f) return py_fail(err, SM_PERMISSION_DENIED, "OSError", "%s: %s", path, strerror(errno));
    int bad = fwrite(b->data, 1, b->length, f) != b->length;
    bad |= fclose(f) != 0;
    if (bad || rename(temporary, path) != 0) {
        remove(temporary);
        return py_fail(err, SM_INTERNAL, "OSError", "%s: cannot be written", path);
    }
    return SM_OK;
}

sm_status npy_objects_save(const sm_tensor *t, const char *path, sm_error *err)
{
    textbuf   b = { 0 };
    sm_status s;
    size_t    n;
    if (sm_tensor_dtype(t) != SM_STRING) return sm_tensor_write_npy(t, path, err);
    if (sm_tensor_rank(t) == 0) {
        const char *bytes = sm_tensor_string(t, 0, &n);
        put_header(&b, keep_format("|S%zu", n), t);
        textbuf_add(&b, bytes, n);
    } else {
        put_header(&b, "|O", t);
        put_pickle(&b, t);
    }
    s = write_file(&b, path, err);
    textbuf_clear(&b);
    return s;
}
