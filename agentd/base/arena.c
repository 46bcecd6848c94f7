/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocator over a borrowed buffer; the invariant is len <= cap. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

struct arena arena_make(void *data, size_t cap)
{
    return (struct arena){ .data = data, .cap = cap };
}

void *arena_get(struct arena *a, size_t len)
{
    size_t align = alignof(max_align_t);
    size_t start = (a->len + align - 1) / align * align;
    if (start > a->cap || a->cap - start < len)
        return NULL;
    a->len = start + len;
    return memset(&a->data[start], 0, len);
}

char *arena_text(struct arena *a, struct slice s)
{
    char *out = s.len < SIZE_MAX ? arena_get(a, s.len + 1) : NULL;
    if (out && s.len)
        memcpy(out, s.data, s.len);
    return out;
}

void arena_reset(struct arena *a)
{
    memset(a->data, 0, a->len);
    a->len = 0;
}
