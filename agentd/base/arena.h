/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for one message: parsers allocate here and nowhere else; one reset frees all. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "base/reader.h"

struct arena {
    unsigned char *data;
    size_t cap, len; /* len is aligned */
};

/* Over the caller's buffer, which must be aligned to max_align_t and outlive the arena. */
struct arena arena_make(void *data, size_t cap);

/* Aligned to max_align_t and not zeroed: for what is assigned as a whole. NULL when the arena is full. */
static inline void *arena_take(struct arena *a, size_t len)
{
    size_t whole = (len + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (whole < len || whole > a->cap - a->len)
        return NULL;
    a->len += whole;
    return &a->data[a->len - whole];
}

/* Zeroed and aligned to max_align_t; NULL when the arena is full. */
void *arena_get(struct arena *a, size_t len);
char *arena_text(struct arena *a, struct slice s); /* NUL-terminated copy, or NULL */
/* The last len octets (or some more, to be aligned) as an arena of their own; the first is that much shorter from then on. Without room for them: full. */
struct arena arena_split(struct arena *a, size_t len);
void arena_reset(struct arena *a);                 /* also zeroes what was used */

#endif
