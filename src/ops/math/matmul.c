/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/matmul.c - MatMul, the BatchMatMuls, and _FusedMatMul.
 *
 * All of them are one product of matrices per batch, given by strides: a transposed input swaps its two, an adjoint one is
 * conjugated too, a broadcast batch dim has none. The portable kernel is three loops, for any types. Float goes to the
 * packed micro-kernels (ops/product.h) unless the matrices are tiny.
 *
 * _FusedMatMul is what graph passes make of MatMul + BiasAdd + activation; the bias and a clamp ride in the micro-kernel's
 * last step, other activations are a pass over the result (ops/nn/fused.h).
 *
 * Tests: matmul.test, beside this file. */
#include "ops/formula.h"
#include "ops/nn/fused.h"
#include "ops/product.h"

#include <math.h>
#include <stdio.h>

/* -- One product of a call ------------------------------------------------------------------------------------------ */

typedef struct product {
    int64_t     m, n, k;
    int64_t     a_row, a_column, b_row, b_column; /* strides, in elements           */
    bool        a_conjugate, b_conjugate;
    int         batch_rank;
    int64_t     batch[SHAPE_MAX_RANK], a_batch[SHAPE_MAX_RANK], b_batch[SHAPE_MAX_RANK]; /* dims, strides */
    int64_t     batches;
    const void *a, *b;
    void       *c;
} product;

typedef struct matmul_params {
    bool         transpose_a, transpose_b, conjugate;
    fused        fused;
    const shape *packed; /* B comes from _PackMatrix and has this shape; NULL: B is input 1 as it is */
} matmul_params;

/* The stride of batch dim d of s, 0 where it is broadcast; d counts the output's batch dims. */
static int64_t batch_stride(const shape *s, int d, int batch_rank)
{
    int at = d - (batch_rank - (s->rank - 2));
    if (at < 0 || s->dims[at] == 1) return 0;
    return shape_count_range(s, at + 1, s->rank);
}

static void product_init(product *p, const call *c)
{
    const matmul_params *q = c->params;
    const shape         *a = &c->in[0]->shape, *out = &c->out[0]->shape;
    const shape         *b = q->packed ? q->packed : &c->in[1]->shape;
    int64_t              a_width = a->dims[a->rank - 1], b_width = b->dims[b->rank - 1];
    *p = (product){ .m = out->dims[out->rank - 2],
                    .n = out->dims[out->rank - 1],
                    .batch_rank = out->rank - 2,
                    .a = c->in[0]->data,
                    .b = c->in[1]->data,
                    .c = c->out[0]->data };
    p->k = q->transpose_a ? a->dims[a->rank - 2] : a_width;
    p->a_row = q->transpose_a ? 1 : a_width;
    p->a_column = q->transpose_a ? a_width : 1;
    p->b_row = q->transpose_b ? 1 : b_width;
    p->b_column = q->transpose_b ? b_width : 1;
    p->a_conjugate = q->conjugate && q->transpose_a;
    p->b_conjugate = q->conjugate && q->transpose_b;
    p->batches = 1;
    for (int d = 0; d < p->batch_rank; d++) {
        p->batch[d] = out->dims[d];
        p->batches *= out->dims[d];
        p->a_batch[d] = batch_stride(a, d, p->batch_rank);
        p->b_batch[d] = batch_stride(b, d, p->batch_rank);
    }
}

/* Where batch i of A and of B starts, in elements. */
static void product_batch(const product *p, int64_t i, int64_t *a, int64_t *b)
{
    *a = *b = 0;
    for (int d = p->batch_rank - 1; d >= 0; d--) {
        int64_t at = i % p->batch[d];
        i /= p->batch[d];
        *a += at * p->a_batch[d];
        *b += at * p->b_batch[d];
    }
}

/* -- Portable kernels: rows [begin, end) of all batches' rows ------------------------------------------------------------- */

#define CONJUGATE(x) _Generic((x), float complex: conjf, double complex: conj)(x)
#define AS_IS(x) (x)

#define PRODUCT_LOOP(name, ta, tb, tc, turn)                                                                          \
    static void rows_##name(void *context, int64_t begin, int64_t end)                                                \
    {                                                                                                                 \
        const product *p = context;                                                                                   \
        for (int64_t r = begin, a_at, b_at; r < end; r++) {                                                           \
            product_batch(p, r / p->m, &a_at, &b_at);                                                                 \
            const ta *a = (const ta *)p->a + a_at + r % p->m * p->a_row;                                              \
            const tb *b = (const tb *)p->b + b_at;                                                                    \
            tc *restrict c = (tc *)p->c + r * p->n;                                                                   \
            for (int64_t j = 0; j < p->n; j++) c[j] = 0;                                                              \
            for (int64_t k = 0; k < p->k; k++) {                                                                      \
                const ta  x = p->a_conjugate ? turn(a[k * p->a_column]) : a[k * p->a_column];                         \
                const tb *y = b + k * p->b_row;                                                                       \
                for (int64_t j = 0; j < p->n; j++)                                                                    \
                    c[j] = (tc)(c[j] + (tc)x * (tc)(p->b_conjugate ? turn(y[j * p->b_column]) : y[j * p->b_column])); \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
    static sm_status product_##name(call *c)                                                                          \
    {                                                                                                                 \
        return product_portable(c, rows_##name);                                                                      \
    }

static sm_status product_portable(call *c, pool_work *rows)
{
    product p;
    product_init(&p, c);
    call_for(c, p.batches * p.m, 16384 / (p.n * p.k + 1) + 1, rows, &p);
    return SM_OK;
}

PRODUCT_LOOP(float, float, float, float, AS_IS)
PRODUCT_LOOP(double, double, double, double, AS_IS)
PRODUCT_LOOP(int16, int16_t, int16_t, int16_t, AS_IS)
PRODUCT_LOOP(int32, int32_t, int32_t, int32_t, AS_IS)
PRODUCT_LOOP(int64, int64_t, int64_t, int64_t, AS_IS)
PRODUCT_LOOP(complex64, float complex, float complex, float complex, CONJUGATE)
PRODUCT_LOOP(complex128, double complex, double complex, double complex, CONJUGATE)
PRODUCT_LOOP(i8_i8, int8_t, int8_t, int32_t, AS_IS)
PRODUCT_LOOP(i8_u8, int8_t, uint8_t, int32_t, AS_IS)
PRODUCT_LOOP(u8_i8, uint8_t, int8_t, int32_t, AS_IS)
PRODUCT_LOOP(u8_u8, uint8_t, uint8_t, int32_t, AS_IS)
PRODUCT_LOOP(float_i8, float, int8_t, float, AS_IS)
PRODUCT_LOOP(float_u8, float, uint8_t, float, AS_IS)
PRODUCT_LOOP(i8_float, int8_t, float, float, AS_IS)
PRODUCT_LOOP(u8_float, uint8_t, float, float, AS_IS)

/* -- Vector kernels --------------------------------------------------------------------------------------------------------- */

static const char *too_small(const call *c)
{
    for (int i = 0; i < 2; i++) {
        const shape *s = &c->in[i]->shape;
        if (s->dims[s->rank - 1] * s->dims[s->rank - 2] < 32) return "the matrices are small";
    }
    return NULL;
}

/* A with its rows and columns swapped, so that a row lies in one piece. */
static void transpose_a(const product *p, const float *a, float *out)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t k = 0; k < p->k; k++) out[i * p->k + k] = a[i * p->a_row + k * p->a_column];
}

static gemm product_gemm(const product *p, const int64_t *start)
{
    return (gemm){ .m = p->m,
                   .n = p->n,
                   .a = p->a,
                   .width = p->m,
                   .height = 1,
                   .x_step = p->k,
                   .segments = 1,
                   .length = p->k,
                   .segment = start,
                   .b = p->b,
                   .c = p->c,
                   .c_step = p->n,
                   .low = -INFINITY,
                   .high = INFINITY };
}

static sm_status product_vector(call *c, const gemm_kernels *kernels)
{
    const matmul_params *q = c->params;
    const int64_t        start = 0;
    product              p;
    product_init(&p, c);
    bool   thin = product_is_thin(p.m) && p.b_column == 1;
    float *packed = thin ? NULL : call_scratch(c, product_packed_size(kernels, p.k, p.n));
    float *turned = p.a_column == 1 ? NULL : call_scratch(c, (size_t)(p.m * p.k) * sizeof(float));
    if ((!thin && !packed) || (p.a_column != 1 && !turned)) return SM_RESOURCE_EXHAUSTED;
    gemm g = product_gemm(&p, &start);
    g.b = packed;
    fused_into_gemm(&q->fused, c, &g);
    for (int64_t i = 0, last_b = -1; i < p.batches; i++) {
        int64_t a_at, b_at;
        product_batch(&p, i, &a_at, &b_at);
        g.a = (const float *)p.a + a_at;
        g.c = (float *)p.c + i * p.m * p.n;
        if (turned) {
            transpose_a(&p, g.a, turned);
            g.a = turned;
        }
        const float *b = (const float *)p.b + b_at;
        if (thin) {
            product_run_thin(c, kernels, &g, b, p.b_row);
            continue;
        }
        if (b_at != last_b) product_pack(c, kernels, b, p.b_row, p.b_column, p.k, p.n, packed);
        last_b = b_at;
        product_run(c, kernels, &g);
    }
    return SM_OK;
}
PRODUCT_RUNS(product_vector)

/* -- _FusedMatMul -------------------------------------------------------------------------------------------------------------- */

static sm_status fused_product_vector(call *c, const gemm_kernels *kernels)
{
    const matmul_params *q = c->params;
    TRY(product_vector(c, kernels));
    fused_finish(&q->fused, c, true);
    return SM_OK;
}
PRODUCT_RUNS(fused_product_vector)

static sm_status fused_product(call *c)
{
    const matmul_params *q = c->params;
    TRY(product_float(c));
    fused_finish(&q->fused, c, false);
    return SM_OK;
}

/* -- _PackedMatMul ------------------------------------------------------------------------------------------------------------- */

static sm_status check_packed(call *c, size_t floats)
{
    if (tensor_count(c->in[1]) == floats) return SM_OK;
    return CALL_FAIL(c, SM_INVALID_ARGUMENT, "the matrix is not packed for this kernel");
}

static sm_status packed_product_vector(call *c, const gemm_kernels *kernels)
{
    const matmul_params *q = c->params;
    const int64_t        start = 0;
    product              p;
    product_init(&p, c);
    TRY(check_packed(c, (size_t)gemm_packed(kernels, p.k, p.n)));
    gemm g = product_gemm(&p, &start);
    if (p.a_column != 1) {
        float *turned = call_scratch(c, (size_t)(p.m * p.k) * sizeof(float));
        if (!turned) return SM_RESOURCE_EXHAUSTED;
        transpose_a(&p, p.a, turned);
        g.a = turned;
    }
    fused_into_gemm(&q->fused, c, &g);
    product_run(c, kernels, &g);
    fused_finish(&q->fused, c, true);
    return SM_OK;
}
PRODUCT_RUNS(packed_product_vector)

static sm_status packed_product(call *c)
{
    const matmul_params *q = c->params;
    TRY(check_packed(c, (size_t)shape_count(q->packed)));
    return fused_product(c);
}

/* -- Parameters -------------------------------------------------------------------------------------------------------------------- */

static sm_status matmul_prepare(call *c)
{
    matmul_params *q = call_params(c, sizeof *q);
    if (!q) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    q->transpose_a = node_bool(c->node, "transpose_a");
    q->transpose_b = node_bool(c->node, "transpose_b");
    return SM_OK;
}

static sm_status fused_matmul_prepare(call *c)
{
    TRY(matmul_prepare(c));
    return fused_prepare(c, &((matmul_params *)c->params)->fused);
}

static sm_status packed_prepare(call *c)
{
    matmul_params *q = call_params(c, sizeof *q);
    if (!q) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    q->transpose_a = node_bool(c->node, "transpose_a");
    q->packed = node_shape(c->node, "b_shape");
    return fused_prepare(c, &q->fused);
}

static sm_status batch_prepare(call *c)
{
    matmul_params *q = call_params(c, sizeof *q);
    if (!q) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory");
    q->transpose_a = node_bool(c->node, "adj_x");
    q->transpose_b = node_bool(c->node, "adj_y");
    q->conjugate = true;
    return SM_OK;
}

#define VECTOR_PRODUCT(prepares, pattern) \
    PRODUCT_ROWS(product_vector, pattern, .prepare = prepares, .refuse = too_small)
#define ROW(name, pattern, prepares) { .types = pattern, .run = product_##name, .prepare = prepares },
#define WIDE_ROW(name, pattern, prepares) \
    { .types = pattern, .run = product_##name, .prepare = prepares, .widen = true },
/* clang-format off */
#define PRODUCT_TABLE(prepares)                            \
    VECTOR_PRODUCT(prepares, "T: float")                   \
    WIDE_ROW(float, "T: float", prepares)                  \
    ROW(double, "T: double", prepares)                     \
    ROW(int16, "T: int16", prepares)                       \
    ROW(int32, "T: int32", prepares)                       \
    ROW(int64, "T: int64", prepares)                       \
    ROW(complex64, "T: complex64", prepares)               \
    ROW(complex128, "T: complex128", prepares)             \
    { 0 }
/* clang-format on */

static const kernel matmul[] = { PRODUCT_TABLE(matmul_prepare) };
static const kernel batch_matmul[] = { PRODUCT_TABLE(batch_prepare) };

#define SAME3(t) "Ta: " t ", Tb: " t ", Tout: " t
/* clang-format off */
static const kernel mixed_matmul[] = {
    VECTOR_PRODUCT(batch_prepare, SAME3("float"))
    WIDE_ROW(float, SAME3("float"), batch_prepare)
    ROW(double, SAME3("double"), batch_prepare)
    ROW(int16, SAME3("int16"), batch_prepare)
    ROW(int32, SAME3("int32"), batch_prepare)
    ROW(int64, SAME3("int64"), batch_prepare)
    ROW(complex64, SAME3("complex64"), batch_prepare)
    ROW(complex128, SAME3("complex128"), batch_prepare)
    ROW(i8_i8, "Ta: int8, Tb: int8, Tout: int32", batch_prepare)
    ROW(i8_u8, "Ta: int8, Tb: uint8, Tout: int32", batch_prepare)
    ROW(u8_i8, "Ta: uint8, Tb: int8, Tout: int32", batch_prepare)
    ROW(u8_u8, "Ta: uint8, Tb: uint8, Tout: int32", batch_prepare)
    WIDE_ROW(float_i8, "Ta: float, Tb: int8, Tout: float", batch_prepare)
    WIDE_ROW(float_u8, "Ta: float, Tb: uint8, Tout: float", batch_prepare)
    WIDE_ROW(i8_float, "Ta: int8, Tb: float, Tout: float", batch_prepare)
    WIDE_ROW(u8_float, "Ta: uint8, Tb: float, Tout: float", batch_prepare)
    { 0 }
};

static const kernel fused_matmul[] = {
    PRODUCT_ROWS(fused_product_vector, "T: float", .prepare = fused_matmul_prepare, .refuse = too_small)
    { .types = "T: float", .run = fused_product, .prepare = fused_matmul_prepare, .widen = true }, { 0 }
};

static const kernel packed_matmul[] = {
    PRODUCT_ROWS(packed_product_vector, "T: float", .prepare = packed_prepare)
    { .types = "T: float", .run = packed_product, .prepare = packed_prepare }, { 0 }
};
/* clang-format on */

/* -- Shapes ------------------------------------------------------------------------------------------------------------------------- */

static sm_status fail_pair(infer *c, const char *format)
{
    str a, b;
    str_init(&a);
    str_init(&b);
    shape_print(&a, &c->in[0]);
    shape_print(&b, &c->in[1]);
    sm_status s = error_set(c->err, SM_INVALID_ARGUMENT, format, str_text(&a), str_text(&b));
    str_clear(&a);
    str_clear(&b);
    return s;
}

/* The last two dims of the output, from two shapes of rank 2 or more. */
static sm_status infer_product(infer *c, bool turn_a, bool turn_b, int64_t *rows, int64_t *columns)
{
    const shape *a = &c->in[0], *b = &c->in[1];
    int64_t      k = a->dims[a->rank - (turn_a ? 2 : 1)], l = b->dims[b->rank - (turn_b ? 1 : 2)];
    if (k >= 0 && l >= 0 && k != l) return fail_pair(c, "Matrix size-incompatible: In[0]: %s, In[1]: %s");
    *rows = a->dims[a->rank - (turn_a ? 1 : 2)];
    *columns = b->dims[b->rank - (turn_b ? 2 : 1)];
    return SM_OK;
}

static sm_status infer_matmul(infer *c)
{
    const shape *a = &c->in[0], *b = &c->in[1];
    c->out[0] = shape_unknown_dims(2);
    if (a->rank >= 0 && b->rank >= 0 && a->rank != b->rank)
        return fail_pair(c, "In[0] and In[1] has different ndims: %s vs. %s");
    for (int i = 0; i < 2; i++)
        if (c->in[i].rank >= 0 && c->in[i].rank != 2) return INFER_FAIL(c, "In[%d] is not a matrix", i);
    if (a->rank < 0 || b->rank < 0) return SM_OK;
    return infer_product(c, node_bool(c->node, "transpose_a"), node_bool(c->node, "transpose_b"), &c->out[0].dims[0],
                         &c->out[0].dims[1]);
}

static sm_status infer_fused_matmul(infer *c)
{
    TRY(infer_matmul(c));
    return fused_infer(c);
}

static sm_status infer_packed_matmul(infer *c)
{
    const shape *b = node_shape(c->node, "b_shape");
    if (b->rank != 2 || !shape_known(b)) return INFER_FAIL(c, "b_shape must be two known dimensions");
    TRY(shape_check(b, sizeof(float), SIZE_MAX / 64, c->err));
    TRY(infer_rank(c, 0, 2));
    const shape in[] = { c->in[0], *b };
    infer       plain = *c;
    plain.in = in;
    c->out[0] = shape_unknown_dims(2);
    if (c->in[0].rank == 2)
        TRY(infer_product(&plain, node_bool(c->node, "transpose_a"), false, &c->out[0].dims[0], &c->out[0].dims[1]));
    return fused_infer(c);
}

static sm_status infer_batches(infer *c, bool broadcast)
{
    const shape *a = &c->in[0], *b = &c->in[1];
    for (int i = 0; i < 2; i++)
        if (c->in[i].rank >= 0 && c->in[i].rank < 2)
            return INFER_FAIL(c, "In[%d] ndims must be >= 2: %d", i, c->in[i].rank);
    if (a->rank < 0 || b->rank < 0) return SM_OK;
    shape a_batch = shape_of(a->rank - 2, a->dims), b_batch = shape_of(b->rank - 2, b->dims), out;
    if (!broadcast && a->rank != b->rank) return fail_pair(c, "In[0] and In[1] has different ndims: %s vs. %s");
    if (broadcast && !shape_broadcast(&a_batch, &b_batch, &out))
        return fail_pair(c, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s");
    if (!broadcast && !shape_merge(&a_batch, &b_batch, &out))
        for (int d = 0; d < a->rank - 2; d++) {
            char format[80];
            if (a->dims[d] < 0 || b->dims[d] < 0 || a->dims[d] == b->dims[d]) continue;
            snprintf(format, sizeof format, "In[0].dim(%d) and In[1].dim(%d) must be the same: %%s vs %%s", d, d);
            return fail_pair(c, format);
        }
    out.rank += 2;
    if (out.rank > SHAPE_MAX_RANK) return INFER_FAIL(c, "the product has more than %d dimensions", SHAPE_MAX_RANK);
    TRY(infer_product(c, node_bool(c->node, "adj_x"), node_bool(c->node, "adj_y"), &out.dims[out.rank - 2],
                      &out.dims[out.rank - 1]));
    c->out[0] = out;
    return SM_OK;
}

static sm_status infer_batch_matmul(infer *c)
{
    return infer_batches(c, false);
}

static sm_status infer_batch_matmul_v2(infer *c)
{
    return infer_batches(c, true);
}

/* -- The table ------------------------------------------------------------------------------------------------------------------------ */

#define BATCH_ATTRS "adj_x: bool = false, adj_y: bool = false, grad_x: bool = false, grad_y: bool = false"
#define BATCH_T \
    "T: {bfloat16, half, float, double, int16, int32, int64, uint8, uint16, uint32, uint64, complex64, complex128}"
#define MIXED_T "{bfloat16, half, float, double, uint8, int8, int16, int32, int64, complex64, complex128}"

const op_def matmul_ops[] = {
    { "MatMul",
      "a:T b:T -> product:T | transpose_a: bool = false, transpose_b: bool = false, T: {bfloat16, half, float, double, "
      "int32, int64, uint8, uint16, uint32, uint64, complex64, complex128}, grad_a: bool = false, grad_b: bool = false",
      infer_matmul, matmul, NULL, 0, "the product of two matrices" },
    { "_FusedMatMul",
      "a:T b:T args:num_args*T -> product:T | transpose_a: bool = false, transpose_b: bool = false, T: {bfloat16, "
      "half, "
      "float}, num_args: int >= 0, fused_ops: list(string) = [], epsilon: float = 0.0001, leakyrelu_alpha: float = "
      "0.2, " FUSED_OPERANDS,
      infer_fused_matmul, fused_matmul, NULL, 0, "MatMul, then a bias and an activation" },
    { "_PackedMatMul",
      "a:T b:T args:num_args*T -> product:T | transpose_a: bool = false, b_shape: shape, T: {float}, num_args: int >= "
      "0, "
      "fused_ops: list(string) = [], epsilon: float = 0.0001, leakyrelu_alpha: float = 0.2, " FUSED_OPERANDS,
      infer_packed_matmul, packed_matmul, NULL, 0, "_FusedMatMul with a second matrix from _PackMatrix" },
    { "BatchMatMul", "x:T y:T -> output:T | " BATCH_T ", " BATCH_ATTRS, infer_batch_matmul, batch_matmul, NULL, 0,
      "the products of matrices, one per batch" },
    { "BatchMatMulV2", "x:T y:T -> output:T | " BATCH_T ", " BATCH_ATTRS, infer_batch_matmul_v2, batch_matmul, NULL, 0,
      "BatchMatMul with broadcast batches" },
    { "BatchMatMulV3",
      "x:Ta y:Tb -> output:Tout | Ta: " MIXED_T ", Tb: " MIXED_T
      ", Tout: {bfloat16, half, float, double, int16, int32, "
      "int64, complex64, complex128}, " BATCH_ATTRS,
      infer_batch_matmul_v2, mixed_matmul, NULL, 0, "BatchMatMulV2 of two types" },
    { 0 },
};
