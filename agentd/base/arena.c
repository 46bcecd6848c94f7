/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocator over a borrowed buffer; the invariant is len <= cap. */
#include "base/arena.h"

#include <string.h>

struct arena arena_make(void *data, size_t cap)
{
    return (struct arena){ .data = data, .cap = cap };
}

static size_t aligned(size_t at)
{
    return at / alignof(max_align_t) * alignof(max_align_t);
}

void *arena_get(struct arena *a, size_t len)
{
    void *out = arena_take(a, len);
    return out ? memset(out, 0, len) : NULL;
}

char *arena_text(struct arena *a, struct slice s)
{
    char *out = s.len < SIZE_MAX ? arena_take(a, s.len + 1) : NULL;
    if (!out)
        return NULL;
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return out;
}

struct arena arena_split(struct arena *a, size_t len)
{
    if (a->cap < len || aligned(a->cap - len) < a->len)
        return arena_make(a->data, 0);
    size_t end = a->cap;
    a->cap = aligned(end - len);
    return arena_make(&a->data[a->cap], end - a->cap);
}

void arena_reset(struct arena *a)
{
    memset(a->data, 0, a->len);
    a->len = 0;
}
