/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded output into the caller's buffer. Writing past the end sets `failed` and writes nothing more. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/reader.h"

struct writer {
    uint8_t *data;
    size_t cap, len;
    bool failed;
};

static inline struct writer writer_make(void *data, size_t cap)
{
    return (struct writer){ .data = data, .cap = cap };
}

/* Leaves no room, so that no octet needs to ask for more than that. */
static inline void writer_fail(struct writer *w)
{
    w->failed = true;
    w->cap = w->len;
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
    if (w->len == w->cap)
        writer_fail(w);
    else
        w->data[w->len++] = v;
}

/* Writes an octet that stands at that place already anew. */
static inline void writer_change_u8(struct writer *w, size_t at, uint8_t v)
{
    if (at >= w->len)
        writer_fail(w);
    else
        w->data[at] = v;
}

void writer_u16(struct writer *w, uint16_t v); /* big endian, like the next two */
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_uintvar(struct writer *w, uint32_t v); /* base 128, shortest form */

static inline void writer_put(struct writer *w, const void *data, size_t len)
{
    if (w->cap - w->len < len) {
        writer_fail(w);
        return;
    }
    if (len)
        memcpy(&w->data[w->len], data, len);
    w->len += len;
}

void writer_text(struct writer *w, const char *text); /* without NUL */

static inline struct slice writer_slice(const struct writer *w) /* what was written; empty if failed */
{
    return w->failed ? (struct slice){ NULL, 0 } : (struct slice){ w->data, w->len };
}

#endif
