/* SPDX-License-Identifier: Apache-2.0 */
/* ops/math/pack_matrix.c - a matrix as the kernels of products read it.
 *
 * The pass pack_weights puts this op before a product whose second matrix is constant, so that it runs once, in the
 * prologue. Its output has no meaning but for _PackedMatMul and _PackedConv2D on the same instruction set: the rows of these
 * three ops are chosen alike, and none refuses. The portable row leaves the matrix as it is (turned, when it has
 * to be), so its readers are the formulas.
 *
 * A filter [height, width, depth, channels] is a matrix of `channels` columns. With groups, the columns of each group are
 * packed on their own, one group after the other.
 *
 * Tests: tests/unit/pack_test.c (TensorFlow has no such op to compare with). */
#include "ops/product.h"

typedef struct matrix {
    int64_t rows, columns; /* of a group */
    int64_t groups;
    bool    turned;
} matrix;

static sm_status matrix_read(const call *c, matrix *m)
{
    const shape *s = &c->in[0]->shape;
    *m = (matrix){ .groups = node_int(c->node, "groups"), .turned = node_bool(c->node, "transpose") };
    m->columns = s->dims[m->turned ? s->rank - 2 : s->rank - 1];
    m->rows = m->columns ? (int64_t)tensor_count(c->in[0]) / m->columns : 0;
    if (m->columns % m->groups != 0)
        return CALL_FAIL(c, SM_INVALID_ARGUMENT, "%lld columns cannot be split into %lld groups", (long long)m->columns,
                         (long long)m->groups);
    m->columns /= m->groups;
    return SM_OK;
}

static sm_status pack_matrix_vector(call *c, const gemm_kernels *kernels)
{
    matrix m;
    TRY(matrix_read(c, &m));
    const int64_t size = gemm_packed(kernels, m.rows, m.columns), width = m.columns * m.groups;
    const shape   out = shape_vector(size * m.groups);
    TRY(shape_check(&out, sizeof(float), SIZE_MAX / 4, c->err));
    TRY(call_output(c, 0, &out));
    for (int64_t i = 0; i < m.groups && m.rows; i++) {
        const float *in = (const float *)c->in[0]->data + i * m.columns * (m.turned ? m.rows : 1);
        product_pack(c, kernels, in, m.turned ? 1 : width, m.turned ? m.rows : 1, m.rows, m.columns,
                     (float *)c->out[0]->data + i * size);
    }
    return SM_OK;
}
PRODUCT_RUNS(pack_matrix_vector)

static sm_status pack_matrix_portable(call *c)
{
    matrix m;
    TRY(matrix_read(c, &m));
    const shape out = shape_vector((int64_t)tensor_count(c->in[0]));
    if (!m.turned) return call_forward(c, 0, 0, &out);
    TRY(call_output(c, 0, &out));
    const float  *in = c->in[0]->data;
    float        *to = c->out[0]->data;
    const int64_t width = m.columns * m.groups;
    for (int64_t i = 0; i < m.rows; i++)
        for (int64_t j = 0; j < width; j++) to[i * width + j] = in[j * m.rows + i];
    return SM_OK;
}

static sm_status infer_pack_matrix(infer *c)
{
    TRY(infer_rank_at_least(c, 0, 2));
    if (node_bool(c->node, "transpose")) TRY(infer_rank(c, 0, 2));
    c->out[0] = shape_unknown_dims(1); /* the instruction set decides */
    return SM_OK;
}

/* clang-format off */
static const kernel pack_matrix[] = { PRODUCT_ROWS(pack_matrix_vector, "T: float")
                                      { .types = "T: float", .run = pack_matrix_portable }, { 0 } };
/* clang-format on */

const op_def pack_matrix_ops[] = {
    { "_PackMatrix", "matrix:T -> packed:T | T: {float}, groups: int >= 1 = 1, transpose: bool = false",
      infer_pack_matrix, pack_matrix, NULL, 0, "a constant matrix as the product kernels of this machine read it" },
    { 0 },
};
