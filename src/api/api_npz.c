/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_npz.c - numpy's archives of arrays. */
#include "api/arguments.h"
#include "base/heap.h"
#include "format/npy.h"
#include "format/npz.h"
#include "graph/tensor.h"

struct sm_npz {
    npz *archive;
};

sm_status sm_npz_open(const char *path, sm_npz **out, sm_error *err)
{
    sm_npz *z;

    NEED(path, err);
    NEED(out, err);
    z = heap_zero(sizeof *z);
    if (!z) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    sm_status status = npz_open(path, &z->archive, err);
    if (status != SM_OK) {
        heap_free(z);
        return status;
    }
    *out = z;
    return SM_OK;
}

void sm_npz_close(sm_npz *z)
{
    if (!z) return;
    npz_close(z->archive);
    heap_free(z);
}

size_t sm_npz_count(const sm_npz *z)
{
    return npz_count(z->archive);
}

const char *sm_npz_name(const sm_npz *z, size_t i)
{
    return i < npz_count(z->archive) ? npz_name(z->archive, i) : NULL;
}

sm_status sm_npz_read_bytes(sm_npz *z, size_t i, void **bytes, size_t *size, sm_error *err)
{
    NEED(z, err);
    NEED(bytes, err);
    NEED(size, err);
    if (i >= npz_count(z->archive))
        return FAIL(err, SM_OUT_OF_RANGE, "there is no array %zu among %zu", i, npz_count(z->archive));
    return npz_read(z->archive, i, bytes, size, err);
}

sm_status sm_npz_read(sm_npz *z, size_t i, sm_tensor **out, sm_error *err)
{
    void  *bytes;
    size_t size;

    NEED(out, err);
    TRY(sm_npz_read_bytes(z, i, &bytes, &size, err));
    sm_status status = sm_tensor_parse_npy(bytes, size, out, err);
    heap_free(bytes);
    return status == SM_OK ? SM_OK : error_prefix(err, status, "%s", npz_name(z->archive, i));
}

static sm_status write_members(const char *path, const char *const *names, const sm_tensor *const *tensors, size_t n,
                               str *heads, npz_member *members, sm_error *err)
{
    for (size_t i = 0; i < n; i++) {
        NEED(names[i], err);
        NEED(tensors[i], err);
        const tensor *t = tensors[i];
        TRY_IN(npy_encode(t->dtype, &t->shape, t->data, &heads[i], &members[i].tail, err), err, "%s", names[i]);
        members[i].name = names[i];
        members[i].head = str_slice(&heads[i]);
    }
    return npz_write(path, members, n, false, err);
}

sm_status sm_npz_write(const char *path, const char *const *names, const sm_tensor *const *tensors, size_t n, sm_error *err)
{
    NEED(path, err);
    if (n) {
        NEED(names, err);
        NEED(tensors, err);
    }
    str        *heads = heap_array(n + 1, sizeof *heads);
    npz_member *members = heap_array(n + 1, sizeof *members);
    sm_status   status = heads && members ? write_members(path, names, tensors, n, heads, members, err)
                                          : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; heads && i < n; i++) str_clear(&heads[i]);
    heap_free(heads);
    heap_free(members);
    return status;
}
