/* SPDX-License-Identifier: Apache-2.0 */
/* ops/array/move.c - the strided box copy.
 *
 * First the box is simplified: dimensions of 1 go, neighbours that are contiguous on both sides become one. What is
 * left is cut into rows along the last dimension; rows are shared out to the threads. A row is one memcpy, one fill, or
 * a loop per element size. When the last dimension is strided on one side and another dimension is contiguous there
 * (a transpose), the two are walked in square blocks, so that both sides stay within a few cache lines. */
#include "ops/array/move.h"

#define BLOCK 16    /* side of a transposed block, in elements     */
#define PIECE 32768 /* elements worth handing to another thread    */

void move_dim(move *m, int64_t dim, int64_t to, int64_t from)
{
    m->dims[m->rank] = dim;
    m->to[m->rank] = to;
    m->from[m->rank] = from;
    m->rank++;
}

static move simplified(const move *m)
{
    move s = { .to_at = m->to_at, .from_at = m->from_at };
    for (int i = 0; i < m->rank; i++) {
        int last = s.rank - 1;
        if (m->dims[i] == 1) continue;
        if (last >= 0 && s.to[last] == m->to[i] * m->dims[i] && s.from[last] == m->from[i] * m->dims[i]) {
            s.dims[last] *= m->dims[i];
            s.to[last] = m->to[i];
            s.from[last] = m->from[i];
        } else {
            move_dim(&s, m->dims[i], m->to[i], m->from[i]);
        }
    }
    if (s.rank == 0) move_dim(&s, 1, 1, 1);
    return s;
}

/* -- One row, by element size ------------------------------------------------------------------------------------- */

typedef void row_fn(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n);

typedef struct bytes16 {
    uint64_t a, b;
} bytes16;

#define ROW(name, type)                                                                         \
    static void name(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n) \
    {                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                       \
            type x;                                                                             \
            memcpy(&x, from + i * from_step * (int64_t)sizeof(type), sizeof(type));             \
            memcpy(to + i * to_step * (int64_t)sizeof(type), &x, sizeof(type));                 \
        }                                                                                       \
    }

ROW(row1, uint8_t)
ROW(row2, uint16_t)
ROW(row4, uint32_t)
ROW(row8, uint64_t)
ROW(row16, bytes16)

static row_fn *row_of(size_t size)
{
    static row_fn *const rows[17] = { [1] = row1, [2] = row2, [4] = row4, [8] = row8, [16] = row16 };
    return size <= 16 ? rows[size] : NULL;
}

/* -- A plain move ------------------------------------------------------------------------------------------------- */

typedef struct plain_move {
    const move *m;
    row_fn     *row;
    char       *to;
    const char *from;
    int64_t     size;   /* bytes of an element                              */
    int         across; /* dimension walked in blocks with the last, or -1  */
} plain_move;

/* Where row number `row` starts on both sides; rows are numbered over all dims but the last and `across`. */
static void row_start(const plain_move *p, int64_t row, int64_t *to, int64_t *from)
{
    const move *m = p->m;
    *to = m->to_at;
    *from = m->from_at;
    for (int d = m->rank - 2; d >= 0; d--) {
        if (d == p->across) continue;
        *to += row % m->dims[d] * m->to[d];
        *from += row % m->dims[d] * m->from[d];
        row /= m->dims[d];
    }
}

static void plain_rows(void *context, int64_t begin, int64_t end)
{
    const plain_move *p = context;
    const move       *m = p->m;
    int               last = m->rank - 1;
    int64_t           n = m->dims[last], to, from;
    for (int64_t r = begin; r < end; r++) {
        row_start(p, r, &to, &from);
        if (m->to[last] == 1 && m->from[last] == 1)
            memcpy(p->to + to * p->size, p->from + from * p->size, (size_t)(n * p->size));
        else
            p->row(p->to + to * p->size, m->to[last], p->from + from * p->size, m->from[last], n);
    }
}

static void plain_blocks(void *context, int64_t begin, int64_t end)
{
    const plain_move *p = context;
    const move       *m = p->m;
    int               last = m->rank - 1, across = p->across;
    int64_t           n = m->dims[last], rows = m->dims[across], to, from;
    int64_t           bands = (rows + BLOCK - 1) / BLOCK;
    for (int64_t r = begin; r < end; r++) {
        int64_t first = r % bands * BLOCK, stop = first + BLOCK < rows ? first + BLOCK : rows;
        row_start(p, r / bands, &to, &from);
        for (int64_t at = 0; at < n; at += BLOCK) {
            int64_t width = n - at < BLOCK ? n - at : BLOCK;
            for (int64_t k = first; k < stop; k++)
                p->row(p->to + (to + k * m->to[across] + at * m->to[last]) * p->size, m->to[last],
                       p->from + (from + k * m->from[across] + at * m->from[last]) * p->size, m->from[last], width);
        }
    }
}

/* A dimension other than the last that is contiguous on the side where the last one is not. */
static int across_of(const move *m)
{
    int last = m->rank - 1;
    for (int d = 0; d < last; d++)
        if ((m->from[d] == 1 && m->from[last] > 1) || (m->to[d] == 1 && m->to[last] > 1)) return d;
    return -1;
}

static void move_plain(call *c, tensor *to, const tensor *from, const move *m)
{
    size_t     size = dtype_size(to->dtype);
    plain_move p = { m, row_of(size), to->data, from->data, (int64_t)size, across_of(m) };
    int64_t    rows = 1, width = m->dims[m->rank - 1];
    for (int d = 0; d < m->rank - 1; d++)
        if (d != p.across) rows *= m->dims[d];
    if (p.across >= 0) {
        rows *= (m->dims[p.across] + BLOCK - 1) / BLOCK;
        width *= BLOCK;
    }
    call_for(c, rows, width >= PIECE ? 1 : PIECE / width, p.across >= 0 ? plain_blocks : plain_rows, &p);
}

/* -- Any type ----------------------------------------------------------------------------------------------------- */

/* Strings and objects, one by one: each copy may fail. */
static sm_status move_objects(call *c, tensor *to, const tensor *from, const move *m)
{
    int64_t at[MOVE_MAX_RANK] = { 0 }, t = m->to_at, f = m->from_at;
    for (;;) {
        int d = m->rank - 1;
        TRY(tensor_copy_range(to, (size_t)t, from, (size_t)f, 1, c->err));
        for (; d >= 0; d--) {
            t += m->to[d];
            f += m->from[d];
            if (++at[d] < m->dims[d]) break;
            t -= m->to[d] * m->dims[d];
            f -= m->from[d] * m->dims[d];
            at[d] = 0;
        }
        if (d < 0) return SM_OK;
    }
}

sm_status move_run(call *c, tensor *to, const tensor *from, const move *m)
{
    for (int d = 0; d < m->rank; d++)
        if (m->dims[d] <= 0) return SM_OK;
    move s = simplified(m);
    if (!dtype_plain(to->dtype)) return move_objects(c, to, from, &s);
    move_plain(c, to, from, &s);
    return SM_OK;
}

sm_status move_range(call *c, tensor *to, int64_t at, const tensor *from, int64_t from_at, int64_t n)
{
    size_t size = dtype_size(to->dtype);
    if (n <= 0) return SM_OK;
    if (!dtype_plain(to->dtype)) return tensor_copy_range(to, (size_t)at, from, (size_t)from_at, (size_t)n, c->err);
    memcpy((char *)to->data + (size_t)at * size, (const char *)from->data + (size_t)from_at * size, (size_t)n * size);
    return SM_OK;
}

sm_status move_fill(call *c, tensor *to, const tensor *from, size_t i)
{
    size_t n = tensor_count(to), bytes = n * dtype_size(to->dtype);
    move   m = { .from_at = (int64_t)i };
    if (n == 0) return SM_OK;
    if (from) {
        move_dim(&m, (int64_t)n, 1, 0);
        return move_run(c, to, from, &m);
    }
    if (to->dtype == SM_STRING) {
        for (size_t k = 0; k < n; k++) tstring_clear((tstring *)to->data + k);
        return SM_OK;
    }
    if (!dtype_plain(to->dtype)) return CALL_FAIL(c, SM_UNIMPLEMENTED, "%s has no zero", dtype_short_name(to->dtype));
    memset(to->data, 0, bytes);
    return SM_OK;
}

sm_status move_dims(const tensor *t, shape *out, sm_error *err)
{
    size_t n = tensor_count(t);
    if (t->shape.rank != 1 || n > SHAPE_MAX_RANK)
        return FAIL(err, SM_INVALID_ARGUMENT, "a shape must be a vector of at most %d integers", SHAPE_MAX_RANK);
    *out = shape_unknown_dims((int)n);
    for (size_t i = 0; i < n; i++) out->dims[i] = tensor_int(t, i);
    return SM_OK;
}

void move_print_index(str *out, const shape *s, int64_t i)
{
    int64_t at[SHAPE_MAX_RANK];
    for (int d = s->rank - 1; d >= 0; d--) {
        at[d] = i % s->dims[d];
        i /= s->dims[d];
    }
    for (int d = 0; d < s->rank; d++)
        str_addf(out, "%s%lld%s", d ? "," : "[", (long long)at[d], d + 1 < s->rank ? "" : "]");
}

sm_status move_output(call *c, int i, const shape *s)
{
    const tensor *t = c->out[i];
    if (shape_eq(&t->shape, s) && (t->data || shape_count(s) == 0)) return SM_OK;
    return call_output(c, i, s);
}
