/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_npz.c - numpy's .npz: an archive whose members are npy files, "x.npy" for the array x. */
#include "api/arguments.h"
#include "base/heap.h"
#include "format/archive.h"
#include "format/npy.h"
#include "graph/tensor.h"

struct sm_npz {
    archive *archive;
    arena    arena;
    char   **names; /* without ".npy" */
};

static sm_status name_arrays(sm_npz *z, sm_error *err)
{
    size_t count = archive_count(z->archive);

    z->names = ARENA_ARRAY(&z->arena, char *, count + 1);
    for (size_t i = 0; z->names && i < count; i++) {
        slice name = slice_of(archive_name(z->archive, i));
        if (slice_ends(name, ".npy")) name.len -= strlen(".npy");
        z->names[i] = arena_strdup(&z->arena, name);
    }
    return arena_check(&z->arena, "opening an npz archive", err);
}

sm_status sm_npz_open(const char *path, sm_npz **out, sm_error *err)
{
    sm_npz *z;

    NEED(path, err);
    NEED(out, err);
    z = heap_zero(sizeof *z);
    if (!z) return FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    arena_init(&z->arena, 0);
    sm_status status = archive_open(path, &z->archive, err);
    if (status == SM_OK) status = name_arrays(z, err);
    if (status == SM_OK)
        *out = z;
    else
        sm_npz_close(z);
    return status;
}

void sm_npz_close(sm_npz *z)
{
    if (!z) return;
    archive_close(z->archive);
    arena_clear(&z->arena);
    heap_free(z);
}

size_t sm_npz_count(const sm_npz *z)
{
    return archive_count(z->archive);
}

const char *sm_npz_name(const sm_npz *z, size_t i)
{
    return i < archive_count(z->archive) ? z->names[i] : NULL;
}

sm_status sm_npz_read_bytes(sm_npz *z, size_t i, void **bytes, size_t *size, sm_error *err)
{
    NEED(z, err);
    NEED(bytes, err);
    NEED(size, err);
    if (i >= archive_count(z->archive))
        return FAIL(err, SM_OUT_OF_RANGE, "there is no array %zu among %zu", i, archive_count(z->archive));
    return archive_read(z->archive, i, bytes, size, err);
}

sm_status sm_npz_read(sm_npz *z, size_t i, sm_tensor **out, sm_error *err)
{
    void  *bytes;
    size_t size;

    NEED(out, err);
    TRY(sm_npz_read_bytes(z, i, &bytes, &size, err));
    sm_status status = sm_tensor_parse_npy(bytes, size, out, err);
    heap_free(bytes);
    return status == SM_OK ? SM_OK : error_prefix(err, status, "%s", z->names[i]);
}

static sm_status write_members(const char *path, const char *const *names, const sm_tensor *const *tensors, size_t n,
                               arena *a, str *heads, archive_member *members, sm_error *err)
{
    for (size_t i = 0; i < n; i++) {
        NEED(names[i], err);
        NEED(tensors[i], err);
        const tensor *t = tensors[i];
        TRY_IN(npy_encode(t->dtype, &t->shape, t->data, &heads[i], &members[i].tail, err), err, "%s", names[i]);
        members[i].name = arena_printf(a, "%s.npy", names[i]);
        members[i].head = str_slice(&heads[i]);
    }
    TRY(arena_check(a, "writing an npz archive", err));
    return archive_write(path, members, n, false, err);
}

sm_status sm_npz_write(const char *path, const char *const *names, const sm_tensor *const *tensors, size_t n, sm_error *err)
{
    NEED(path, err);
    if (n) {
        NEED(names, err);
        NEED(tensors, err);
    }
    arena a;
    arena_init(&a, 0);
    str            *heads = heap_array(n + 1, sizeof *heads);
    archive_member *members = heap_array(n + 1, sizeof *members);
    sm_status       status = heads && members ? write_members(path, names, tensors, n, &a, heads, members, err)
                                              : FAIL(err, SM_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; heads && i < n; i++) str_clear(&heads[i]);
    heap_free(heads);
    heap_free(members);
    arena_clear(&a);
    return status;
}
