/* SPDX-License-Identifier: Apache-2.0 */
/* pickle.c - reads pickled numpy arrays: a stack machine without functions.
 *
 * Opcodes of protocols 0 to 5. What would be a call in Python is a row of `builders`: REDUCE looks the
 * name up and makes the value itself. An array comes in two steps, as numpy writes it: _reconstruct
 * makes an empty shell, BUILD fills it with shape, type and data. The type and data go through the
 * library's npy reader, by writing the header that they would have in a file.
 *
 * While the machine runs its values are still changing, so they are `py *` without const. A list may
 * contain itself or share parts many times over; verify() bounds depth and size before anyone walks it. */
#include "pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ndarray.h"

enum { PICKLE_DEPTH = 64, PICKLE_VALUES = 1 << 24 };

typedef struct pickle {
    const unsigned char *at, *end;
    py                 **stack;
    size_t               depth, room;
    size_t              *marks;
    size_t               mark_count, mark_room;
    py                 **memo;
    size_t               memo_room, memo_next;
    sm_error            *err;
    sm_status            failed;
} pickle;

static void pickle_fail(pickle *p, const char *why)
{
    if (p->failed == SM_OK)
        p->failed = py_fail(p->err, SM_DATA_LOSS, "UnpicklingError", "the pickle cannot be read: %s", why);
}

/* -- Stack, marks, memo ----------------------------------------------------------------------------- */

static void push(pickle *p, const py *v)
{
    if (p->depth == p->room) {
        size_t room = p->room ? 2 * p->room : 256;
        py   **grown = keep_array(room, sizeof *grown);
        if (p->depth) memcpy(grown, p->stack, p->depth * sizeof *grown);
        p->stack = grown;
        p->room = room;
    }
    p->stack[p->depth++] = (py *)v;
}

static size_t floor_of(const pickle *p)
{
    return p->mark_count ? p->marks[p->mark_count - 1] : 0;
}

static py *pop(pickle *p)
{
    if (p->failed == SM_OK && p->depth > floor_of(p)) return p->stack[--p->depth];
    pickle_fail(p, "its stack runs empty");
    return (py *)py_none();
}

static py *top(pickle *p)
{
    py *v = pop(p);
    if (p->failed == SM_OK) p->depth++;
    return v;
}

static void mark(pickle *p)
{
    if (p->mark_count == p->mark_room) {
        size_t  room = p->mark_room ? 2 * p->mark_room : 64;
        size_t *grown = keep_array(room, sizeof *grown);
        if (p->mark_count) memcpy(grown, p->marks, p->mark_count * sizeof *grown);
        p->marks = grown;
        p->mark_room = room;
    }
    p->marks[p->mark_count++] = p->depth;
}

/* The values above the last mark, which is removed; they stay readable until the next push. */
static py **to_mark(pickle *p, size_t *n)
{
    *n = 0;
    if (p->mark_count == 0) {
        pickle_fail(p, "a mark is missing");
        return NULL;
    }
    size_t base = p->marks[--p->mark_count];
    *n = p->depth - base;
    p->depth = base;
    return p->stack ? p->stack + base : NULL;
}

static void memo_put(pickle *p, size_t i)
{
    if (i > PICKLE_VALUES) {
        pickle_fail(p, "its memo is too large");
        return;
    }
    if (i >= p->memo_room) {
        size_t room = p->memo_room ? p->memo_room : 64;
        while (room <= i) room *= 2;
        py **grown = keep_array(room, sizeof *grown);
        if (p->memo_room) memcpy(grown, p->memo, p->memo_room * sizeof *grown);
        p->memo = grown;
        p->memo_room = room;
    }
    p->memo[i] = top(p);
    if (i >= p->memo_next) p->memo_next = i + 1;
}

static void memo_get(pickle *p, size_t i)
{
    if (i >= p->memo_room || !p->memo[i])
        pickle_fail(p, "it reads a value that it never stored");
    else
        push(p, p->memo[i]);
}

/* -- Bytes -------------------------------------------------------------------------------------------- */

static const unsigned char *pickle_take(pickle *p, uint64_t n)
{
    static const unsigned char none[8];
    if (n > (uint64_t)(p->end - p->at)) {
        pickle_fail(p, "it is cut short");
        return none;
    }
    p->at += n;
    return p->at - n;
}

static uint64_t little(pickle *p, int n)
{
    const unsigned char *b = pickle_take(p, (uint64_t)n);
    uint64_t             v = 0;
    for (int i = n - 1; i >= 0 && p->failed == SM_OK; i--) v = v << 8 | b[i];
    return v;
}

/* Text up to the end of the line, without it. */
static const char *line(pickle *p, size_t *n)
{
    const unsigned char *start = p->at, *stop = memchr(start, '\n', (size_t)(p->end - start));
    *n = 0;
    if (!stop) {
        pickle_fail(p, "it is cut short");
        return "";
    }
    p->at = stop + 1;
    *n = (size_t)(stop - start);
    return keep_bytes(start, *n);
}

static void push_string(pickle *p, py_kind kind, uint64_t n)
{
    const unsigned char *b = pickle_take(p, n);
    if (p->failed == SM_OK) push(p, py_string(kind, (const char *)b, (size_t)n));
}

/* Two's complement of n bytes; what does not fit 64 bits keeps its double. */
static void push_long(pickle *p, uint64_t n)
{
    const unsigned char *b = pickle_take(p, n);
    uint64_t             magnitude = 0;
    double               v = 0;
    int                  negative, carry = 1, huge = 0;
    if (p->failed != SM_OK) return;
    negative = n && b[n - 1] & 0x80;
    for (uint64_t i = 0; i < n; i++) {
        int byte = negative ? (b[i] ^ 255) + carry : b[i];
        carry = negative ? byte >> 8 : 0;
        if (i < 8)
            magnitude |= (uint64_t)(byte & 255) << 8 * i;
        else if (byte & 255)
            huge = 1;
    }
    for (uint64_t i = n; i > 0; i--) v = v * 256 + (negative ? b[i - 1] ^ 255 : b[i - 1]);
    push(p, huge ? py_huge(negative ? -v : v) : py_uint(magnitude, negative));
}

static void push_decimal(pickle *p)
{
    size_t      n;
    const char *text = line(p, &n);
    char       *end;
    if (n == 2 && (strcmp(text, "00") == 0 || strcmp(text, "01") == 0)) {
        push(p, py_bool(text[1] == '1'));
        return;
    }
    int      negative = text[0] == '-';
    uint64_t v;
    errno = 0;
    v = strtoull(text + negative, &end, 10);
    if (text[negative] < '0' || text[negative] > '9' || (*end && strcmp(end, "L") != 0))
        pickle_fail(p, "a number is malformed");
    else
        push(p, errno ? py_huge(strtod(text, NULL)) : py_uint(v, negative));
}

static void push_float(pickle *p, int binary)
{
    size_t n;
    if (!binary) {
        push(p, py_float(strtod(line(p, &n), NULL)));
        return;
    }
    const unsigned char *b = pickle_take(p, 8);
    uint64_t             bits = 0;
    double               v;
    for (int i = 0; i < 8; i++) bits = bits << 8 | b[i];
    memcpy(&v, &bits, sizeof v);
    push(p, py_float(v));
}

/* Protocol 0 text: \uXXXX and \UXXXXXXXX are its only escapes. */
static void push_unicode_line(pickle *p)
{
    size_t      n;
    const char *text = line(p, &n);
    textbuf     b = { 0 };
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        uint32_t      code = c;
        if (c == '\\' && i + 5 < n + 1 && (text[i + 1] == 'u' || text[i + 1] == 'U')) {
            char   hex[9] = { 0 };
            size_t width = text[i + 1] == 'u' ? 4 : 8;
            if (i + 1 + width >= n + 1) break;
            memcpy(hex, text + i + 2, width);
            code = (uint32_t)strtoul(hex, NULL, 16);
            i += 1 + width;
        }
        if (code < 0x80) {
            textbuf_char(&b, (char)code);
        } else if (code < 0x800) {
            textbuf_format(&b, "%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 63)));
        } else if (code < 0x10000) {
            textbuf_format(&b, "%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 63)),
                           (int)(0x80 | (code & 63)));
        } else {
            textbuf_format(&b, "%c%c%c%c", (int)(0xf0 | (code >> 18 & 7)), (int)(0x80 | (code >> 12 & 63)),
                           (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
        }
    }
    push(p, py_string(PY_STR, textbuf_string(&b), b.length));
    textbuf_clear(&b);
}

/* Protocol 0 strings of Python 2, in quotes with escapes. */
static void push_quoted_line(pickle *p)
{
    size_t      n;
    const char *text = line(p, &n);
    textbuf     b = { 0 };
    if (n < 2 || (text[0] != '\'' && text[0] != '"') || text[n - 1] != text[0]) {
        pickle_fail(p, "a string is malformed");
        return;
    }
    for (size_t i = 1; i + 1 < n; i++) {
        if (text[i] != '\\' || i + 2 >= n) {
            textbuf_char(&b, text[i]);
            continue;
        }
        char c = text[++i];
        if (c == 'x' && i + 3 < n) {
            char hex[3] = { text[i + 1], text[i + 2], 0 };
            textbuf_char(&b, (char)strtoul(hex, NULL, 16));
            i += 2;
        } else {
            textbuf_char(&b, (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c));
        }
    }
    push(p, py_string(PY_STR, textbuf_string(&b), b.length));
    textbuf_clear(&b);
}

/* -- Containers ---------------------------------------------------------------------------------------- */

static void append(pickle *p, py *container, const py *v)
{
    size_t n = container->length;
    if (container->kind != PY_LIST && container->kind != PY_SET && container->kind != PY_DICT) {
        pickle_fail(p, "it adds to something that is no list, set or dict");
        return;
    }
    if ((n & (n - 1)) == 0) { /* room doubles whenever the length is a power of two */
        const py **grown = keep_array(n ? 2 * n : 1, sizeof *grown);
        if (n) memcpy(grown, container->items, n * sizeof *grown);
        container->items = grown;
    }
    container->items[container->length++] = v;
}

static void append_to_mark(pickle *p, int pairs)
{
    size_t n;
    py   **items = to_mark(p, &n);
    py    *container = top(p);
    if (p->failed == SM_OK && pairs != (container->kind == PY_DICT)) pickle_fail(p, "it mixes lists and dicts");
    if (pairs && n % 2) pickle_fail(p, "a dict has a key without a value");
    for (size_t i = 0; i < n && p->failed == SM_OK; i++) append(p, container, items[i]);
}

static void push_container(pickle *p, py_kind kind, size_t n, py **items)
{
    py *v = (py *)py_sequence(kind, NULL, 0);
    for (size_t i = 0; i < n && p->failed == SM_OK; i++) append(p, v, items[i]);
    push(p, v);
}

static void push_tuple(pickle *p, size_t n)
{
    const py *items[3] = { 0 };
    for (size_t i = n; i > 0; i--) items[i - 1] = pop(p);
    push(p, py_sequence(PY_TUPLE, items, n));
}

/* -- numpy's values ---------------------------------------------------------------------------------------- */

/* A dtype under construction: bytes is its code ("f4", "bfloat16"), `negative` says big-endian. */
static int is_dtype(const py *v)
{
    return v->kind == PY_DTYPE && v->bytes;
}

static sm_status array_from_npy(const char *code, int big, const char *shape, int fortran, const char *data,
                                size_t size, const py **out, sm_error *err)
{
    textbuf    b = { 0 };
    sm_tensor *t;
    char   order = strcmp(code, "b1") == 0 || strcmp(code, "i1") == 0 || strcmp(code, "u1") == 0 || code[0] == 'S' ? '|'
                   : big                                                                                           ? '>'
                         : '<';
    char  *header = keep_format("{'descr': '%c%s', 'fortran_order': %s, 'shape': %s, }\n", order, code,
                               fortran ? "True" : "False", shape);
    size_t n = strlen(header);
    sm_status s;
    textbuf_add(&b, "\x93NUMPY\x02\x00", 8);
    for (int i = 0; i < 4; i++) textbuf_char(&b, (char)(n >> 8 * i & 255));
    textbuf_add(&b, header, n);
    textbuf_add(&b, data, size);
    s = sm_tensor_parse_npy(b.data, b.length, &t, err);
    textbuf_clear(&b);
    if (s == SM_OK) *out = py_array(t, code[0] == 'U', 0);
    return s;
}

static int shape_of_tuple(const py *v, int *rank, int64_t dims[PY_MAX_RANK])
{
    if (v->kind != PY_TUPLE || v->length > PY_MAX_RANK) return 0;
    *rank = (int)v->length;
    for (size_t i = 0; i < v->length; i++)
        if (!py_int64(v->items[i], &dims[i]) || dims[i] < 0) return 0;
    return 1;
}

/* Types that npy has no name for: the bytes are copied as they are. */
static const py *raw_array(pickle *p, sm_dtype t, int rank, const int64_t *dims, const char *data, size_t size)
{
    sm_tensor *out;
    size_t     count = 1, width = sm_dtype_size(t);
    for (int i = 0; i < rank; i++) /* the data at hand say how large the array may be */
        count = dims[i] && count > size / (size_t)dims[i] ? size + 1 : count * (size_t)dims[i];
    if (!ndarray_castable(t) || !width || count > size || count * width != size ||
        ndarray_new(t, rank, dims, &out, p->err) != SM_OK) {
        pickle_fail(p, "an array's data do not fit its shape");
        return py_none();
    }
    if (size) memcpy(sm_tensor_mutable_data(out), data, size);
    return py_array(out, 0, 0);
}

static const py *array_from(pickle *p, const py *dtype, const py *shape, int fortran, const py *data)
{
    int64_t   dims[PY_MAX_RANK];
    int       rank;
    size_t    count = 1;
    const py *out = py_none();
    if (!is_dtype(dtype) || !shape_of_tuple(shape, &rank, dims)) {
        pickle_fail(p, "an array's type or shape is malformed");
        return out;
    }
    if (dtype->bytes[0] == 'O') {
        for (int i = 0; i < rank; i++) {
            if (dims[i] && count > PICKLE_VALUES / (size_t)dims[i])
                count = PICKLE_VALUES + 1;
            else
                count *= (size_t)dims[i];
        }
        if (data->kind != PY_LIST || data->length != count || (fortran && rank > 1))
            pickle_fail(p, "an array of objects is malformed");
        else
            out = py_objects(rank, dims, data->items, count);
        return out;
    }
    if (data->kind != PY_BYTES && data->kind != PY_STR) {
        pickle_fail(p, "an array's data are missing");
        return out;
    }
    if (dtype->dtype != SM_INVALID) return raw_array(p, dtype->dtype, rank, dims, data->bytes, data->length);
    if (p->failed == SM_OK)
        p->failed = array_from_npy(dtype->bytes, dtype->negative, ndarray_shape_text(rank, dims), fortran, data->bytes,
                                   data->length, &out, p->err);
    return out;
}

/* -- What REDUCE may build ------------------------------------------------------------------------------------ */

static const py *build_shell(pickle *p, const py *args)
{
    py *v = keep(sizeof *v);
    (void)p, (void)args;
    v->kind = PY_NAME;
    v->bytes = "ndarray shell";
    return v;
}

static const py *build_dtype(pickle *p, const py *args)
{
    py       *v = (py *)py_dtype(SM_INVALID);
    const py *name = args->length ? args->items[0] : py_none();
    if (name->kind != PY_STR && !(name->kind == PY_NAME && strncmp(name->bytes, "ml_dtypes ", 10) == 0))
        pickle_fail(p, "a dtype is malformed");
    v->bytes = name->kind == PY_NAME ? name->bytes + 10 : name->bytes ? name->bytes : "?";
    if (name->kind == PY_NAME && (v->dtype = sm_dtype_parse(v->bytes)) == SM_INVALID)
        pickle_fail(p, "a dtype is not known");
    for (const char *c = v->bytes; *c; c++)
        if (*c == '\'' || *c == '\\' || *c < ' ') pickle_fail(p, "a dtype is malformed");
    return v;
}

static const py *build_scalar(pickle *p, const py *args)
{
    const py *empty = py_sequence(PY_TUPLE, NULL, 0);
    if (args->length == 2 && is_dtype(args->items[0]) && args->items[0]->bytes[0] == 'O') return args->items[1];
    const py *v = args->length == 2 ? array_from(p, args->items[0], empty, 0, args->items[1]) : py_none();
    if (v->kind != PY_ARRAY) {
        pickle_fail(p, "a scalar is malformed");
        return v;
    }
    return py_array(sm_tensor_ref(v->tensor), v->text, 1);
}

static const py *build_encoded(pickle *p, const py *args) /* str to latin-1 bytes */
{
    textbuf   b = { 0 };
    const py *text = args->length ? args->items[0] : py_none(), *v;
    if (text->kind != PY_STR ||
        (args->length > 1 && (args->items[1]->kind != PY_STR || strcmp(args->items[1]->bytes, "latin1") != 0))) {
        pickle_fail(p, "an encoding other than latin1");
        return py_none();
    }
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->bytes[i];
        if (c >= 0xc2 && c <= 0xc3 && i + 1 < text->length)
            c = (unsigned char)(c << 6 | (text->bytes[++i] & 63));
        else if (c >= 0x80)
            pickle_fail(p, "a string has characters beyond latin1");
        textbuf_char(&b, (char)c);
    }
    v = py_string(PY_BYTES, textbuf_string(&b), b.length);
    textbuf_clear(&b);
    return v;
}

static const py *build_from_buffer(pickle *p, const py *args) /* buffer, dtype, shape, "C" or "F" */
{
    if (args->length == 4 && args->items[3]->kind == PY_STR)
        return array_from(p, args->items[1], args->items[2], args->items[3]->bytes[0] == 'F', args->items[0]);
    pickle_fail(p, "an array is malformed");
    return py_none();
}

static const py *build_complex(pickle *p, const py *args)
{
    if (args->length == 2 && py_is_number(args->items[0]) && py_is_number(args->items[1]))
        return py_complex(py_double(args->items[0]), py_double(args->items[1]));
    pickle_fail(p, "a complex number is malformed");
    return py_none();
}

static const py *build_bytes(pickle *p, const py *args)
{
    if (args->length == 0) return py_string(PY_BYTES, "", 0);
    if (args->items[0]->kind == PY_BYTES) return args->items[0];
    return build_encoded(p, args);
}

static const py *build_set(pickle *p, const py *args)
{
    if (args->length == 0) return py_sequence(PY_SET, NULL, 0);
    if (args->items[0]->kind == PY_LIST) return py_sequence(PY_SET, args->items[0]->items, args->items[0]->length);
    pickle_fail(p, "a set is malformed");
    return py_none();
}

static const py *build_dict(pickle *p, const py *args)
{
    if (args->length) pickle_fail(p, "an OrderedDict is malformed");
    return py_sequence(PY_DICT, NULL, 0);
}

/* clang-format off */
/* module and name as the pickle has them; numpy 1 and 2, Python 2 and 3. */
static const struct { const char *name; const py *(*build)(pickle *p, const py *args); } builders[] = {
    { "numpy._core.multiarray _reconstruct", build_shell },
    { "numpy.core.multiarray _reconstruct", build_shell },
    { "numpy._core.multiarray scalar", build_scalar },
    { "numpy.core.multiarray scalar", build_scalar },
    { "numpy._core.numeric _frombuffer", build_from_buffer },
    { "numpy.core.numeric _frombuffer", build_from_buffer },
    { "numpy dtype", build_dtype },
    { "numpy ndarray", NULL },
    { "_codecs encode", build_encoded },
    { "builtins complex", build_complex },
    { "__builtin__ complex", build_complex },
    { "builtins bytes", build_bytes },
    { "__builtin__ bytes", build_bytes },
    { "builtins bytearray", build_bytes },
    { "__builtin__ bytearray", build_bytes },
    { "builtins set", build_set },
    { "__builtin__ set", build_set },
    { "collections OrderedDict", build_dict },
};
/* clang-format on */

static void push_global(pickle *p, const char *module, const char *name)
{
    char *full = keep_format("%s %s", module, name);
    int   known = strcmp(module, "ml_dtypes") == 0;
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++) known |= strcmp(full, builders[i].name) == 0;
    if (!known) {
        pickle_fail(p, keep_format("it asks for %.100s.%.100s, which is not allowed", module, name));
        return;
    }
    py *v = keep(sizeof *v);
    v->kind = PY_NAME;
    v->bytes = full;
    push(p, v);
}

static void reduce(pickle *p)
{
    const py *args = pop(p), *function = pop(p);
    if (p->failed != SM_OK) return;
    if (function->kind != PY_NAME || args->kind != PY_TUPLE) {
        pickle_fail(p, "it calls something that is no function");
        return;
    }
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++)
        if (builders[i].build && strcmp(function->bytes, builders[i].name) == 0) {
            push(p, builders[i].build(p, args));
            return;
        }
    pickle_fail(p, "it calls something that is no function");
}

static void build(pickle *p)
{
    const py *state = pop(p);
    py       *v = top(p);
    if (p->failed != SM_OK) return;
    if (is_dtype(v) && state->kind == PY_TUPLE && state->length >= 5) {
        if (state->items[1]->kind != PY_STR || state->items[3]->kind != PY_NONE)
            pickle_fail(p, "structured dtypes are not supported");
        else
            v->negative = state->items[1]->bytes[0] == '>';
    } else if (v->kind == PY_NAME && strcmp(v->bytes, "ndarray shell") == 0 && state->kind == PY_TUPLE &&
               state->length == 5) {
        const py *a = array_from(p, state->items[2], state->items[1], py_truth(state->items[3]), state->items[4]);
        if (p->failed == SM_OK) *v = *a;
    } else if (v->kind != PY_DICT) {
        pickle_fail(p, "it sets the state of something that has none");
    }
}

/* -- The machine -------------------------------------------------------------------------------------------------- */

static void stack_global(pickle *p)
{
    const py *name = pop(p), *module = pop(p);
    if (p->failed == SM_OK && (name->kind != PY_STR || module->kind != PY_STR)) pickle_fail(p, "a name is malformed");
    if (p->failed == SM_OK) push_global(p, module->bytes, name->bytes);
}

static void global_lines(pickle *p)
{
    size_t      n;
    const char *module = line(p, &n), *name = line(p, &n);
    if (p->failed == SM_OK) push_global(p, module, name);
}

static size_t decimal_line(pickle *p)
{
    size_t n;
    return strtoul(line(p, &n), NULL, 10);
}

static void set_item(pickle *p)
{
    const py *value = pop(p), *key = pop(p);
    py       *dict = top(p);
    if (p->failed == SM_OK && dict->kind != PY_DICT) pickle_fail(p, "it sets an item of something that is no dict");
    if (p->failed == SM_OK) {
        append(p, dict, key);
        append(p, dict, value);
    }
}

/* clang-format off */
static void container_op(pickle *p, unsigned char op)
{
    size_t n;
    py   **items;
    switch (op) {
    case ']': push_container(p, PY_LIST, 0, NULL); break;
    case '}': push_container(p, PY_DICT, 0, NULL); break;
    case 0x8f: push_container(p, PY_SET, 0, NULL); break;
    case ')': push_tuple(p, 0); break;
    case 0x85: push_tuple(p, 1); break;
    case 0x86: push_tuple(p, 2); break;
    case 0x87: push_tuple(p, 3); break;
    case 't':
        items = to_mark(p, &n);
        push(p, py_sequence(PY_TUPLE, (const py *const *)items, n));
        break;
    case 'l': case 'd': {
        items = to_mark(p, &n);
        py **copy = keep_array(n + 1, sizeof *copy);
        if (n)
            memcpy(copy, items, n * sizeof *copy);
        if (op == 'd' && n % 2)
            pickle_fail(p, "a dict has a key without a value");
        push_container(p, op == 'l' ? PY_LIST : PY_DICT, n, copy);
        break;
    }
    case 'a': {
        const py *v = pop(p);
        append(p, top(p), v);
        break;
    }
    case 'e': case 0x90: append_to_mark(p, 0); break;
    case 'u': append_to_mark(p, 1); break;
    case 's': set_item(p); break;
    default: pickle_fail(p, keep_format("opcode 0x%02x is not supported", op)); break;
    }
}
/* clang-format on */

/* clang-format off */
static void value_op(pickle *p, unsigned char op)
{
    size_t n;
    switch (op) {
    case 'N': push(p, py_none()); break;
    case 0x88: push(p, py_bool(1)); break;
    case 0x89: push(p, py_bool(0)); break;
    case 'I': case 'L': push_decimal(p); break;
    case 'J': push(p, py_int((int32_t)little(p, 4))); break;
    case 'K': push(p, py_int((int64_t)little(p, 1))); break;
    case 'M': push(p, py_int((int64_t)little(p, 2))); break;
    case 0x8a: push_long(p, little(p, 1)); break;
    case 0x8b: push_long(p, little(p, 4)); break;
    case 'F': push_float(p, 0); break;
    case 'G': push_float(p, 1); break;
    case 'S': push_quoted_line(p); break;
    case 'T': push_string(p, PY_STR, little(p, 4)); break;
    case 'U': push_string(p, PY_STR, little(p, 1)); break;
    case 'B': push_string(p, PY_BYTES, little(p, 4)); break;
    case 'C': push_string(p, PY_BYTES, little(p, 1)); break;
    case 0x8e: case 0x96: push_string(p, PY_BYTES, little(p, 8)); break;
    case 'V': push_unicode_line(p); break;
    case 'X': push_string(p, PY_STR, little(p, 4)); break;
    case 0x8c: push_string(p, PY_STR, little(p, 1)); break;
    case 0x8d: push_string(p, PY_STR, little(p, 8)); break;
    case 'p': memo_put(p, decimal_line(p)); break;
    case 'q': memo_put(p, (size_t)little(p, 1)); break;
    case 'r': memo_put(p, (size_t)little(p, 4)); break;
    case 0x94: memo_put(p, p->memo_next); break;
    case 'g': memo_get(p, decimal_line(p)); break;
    case 'h': memo_get(p, (size_t)little(p, 1)); break;
    case 'j': memo_get(p, (size_t)little(p, 4)); break;
    case 'c': global_lines(p); break;
    case 0x93: stack_global(p); break;
    case 'R': reduce(p); break;
    case 'b': build(p); break;
    case '(': mark(p); break;
    case '0': pop(p); break;
    case '1': to_mark(p, &n); break;
    case '2': push(p, top(p)); break;
    case 0x80: little(p, 1); break;
    case 0x95: little(p, 8); break;
    default: container_op(p, op); break;
    }
}
/* clang-format on */

/* Nobody may walk a value that contains itself, or one whose shared parts unfold without end. */
static int verify(const py *v, int depth, size_t *budget)
{
    if (depth > PICKLE_DEPTH || *budget == 0) return 0;
    --*budget;
    if (v->kind == PY_LIST || v->kind == PY_TUPLE || v->kind == PY_SET || v->kind == PY_DICT || v->kind == PY_OBJECTS)
        for (size_t i = 0; i < v->length; i++)
            if (!verify(v->items[i], depth + 1, budget)) return 0;
    return 1;
}

sm_status pickle_read(const void *bytes, size_t size, const py **out, sm_error *err)
{
    pickle p = { .at = bytes, .end = (const unsigned char *)bytes + size, .err = err };
    size_t budget = PICKLE_VALUES, steps = 0;
    while (p.failed == SM_OK) {
        if (p.at == p.end || ++steps > 4 * (size_t)PICKLE_VALUES)
            pickle_fail(&p, p.at == p.end ? "it is cut short" : "it has too many steps");
        else if (*p.at++ == '.')
            break;
        else
            value_op(&p, p.at[-1]);
    }
    const py *v = p.failed == SM_OK ? pop(&p) : NULL;
    if (p.failed == SM_OK && !verify(v, 0, &budget)) pickle_fail(&p, "it is nested too deeply or too large");
    if (p.failed == SM_OK) *out = v;
    return p.failed;
}
