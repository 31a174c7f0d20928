/* SPDX-License-Identifier: Apache-2.0 */
/* base/tstring.c - reading and writing TF_TString's four forms. The heap form's memory is
 * malloc's, so a string may be handed to code that was written for TensorFlow's. The layout is
 * that of little-endian machines. */
#include "base/tstring.h"

#include "base/heap.h"

_Static_assert(sizeof(tstring) == 24, "TF_TString takes 24 bytes");

enum { SMALL, LARGE, OFFSET, VIEW };
enum { SMALL_CAPACITY = 22 };

slice tstring_get(const tstring *s)
{
    switch (s->small[0] & 3) {
    case SMALL: return slice_make(s->small + 1, s->small[0] >> 2);
    case LARGE: return slice_make(s->large.ptr, s->large.size_type >> 2);
    case OFFSET: return slice_make((const char *)s + s->offset.offset, s->offset.size_type >> 2);
    default: return slice_make(s->view.ptr, s->view.size_type >> 2);
    }
}

static bool owns_heap(const tstring *s)
{
    return (s->small[0] & 3) == LARGE;
}

/* Memory is copied before the old string is released, for bytes may lie in it. */
bool tstring_set(tstring *s, slice bytes)
{
    tstring t = { { 0 } };

    if (bytes.len > SIZE_MAX / 4 - 16) return false;
    if (owns_heap(s) && bytes.len > SMALL_CAPACITY && bytes.len <= s->large.capacity) {
        memmove(s->large.ptr, bytes.ptr, bytes.len);
        s->large.ptr[bytes.len] = 0;
        s->large.size_type = bytes.len << 2 | LARGE;
        return true;
    }
    if (bytes.len <= SMALL_CAPACITY) {
        t.small[0] = (uint8_t)(bytes.len << 2 | SMALL);
        if (bytes.len) memcpy(t.small + 1, bytes.ptr, bytes.len);
    } else {
        size_t room = (bytes.len + 1 + 15) / 16 * 16;
        char  *p = heap_alloc(room);
        if (!p) return false;
        memcpy(p, bytes.ptr, bytes.len);
        p[bytes.len] = 0;
        t.large.size_type = bytes.len << 2 | LARGE;
        t.large.capacity = room - 1;
        t.large.ptr = p;
    }
    if (owns_heap(s)) heap_free(s->large.ptr);
    *s = t;
    return true;
}

void tstring_set_view(tstring *s, slice bytes)
{
    tstring t = { { 0 } };

    t.view.size_type = bytes.len << 2 | VIEW;
    t.view.ptr = bytes.ptr;
    if (owns_heap(s)) heap_free(s->large.ptr);
    *s = t;
}

bool tstring_copy(tstring *to, const tstring *from)
{
    return to == from || tstring_set(to, tstring_get(from));
}

void tstring_clear(tstring *s)
{
    if (owns_heap(s)) heap_free(s->large.ptr);
    memset(s, 0, sizeof *s);
}
