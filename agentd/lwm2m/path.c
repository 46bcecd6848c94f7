/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and their text. Pure; what is no path is told, never mended. */
#include "lwm2m/path.h"

#include <string.h>

#include "base/text.h"

void path_put(struct writer *w, const struct path *p)
{
    if (p->depth == PATH_ROOT)
        writer_u8(w, '/');
    for (size_t i = 0; i < p->depth; i++) {
        writer_u8(w, '/');
        path_put_id(w, p->id[i]);
    }
}

bool path_id(struct slice text, uint16_t *id)
{
    uint64_t v;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.data[0] == '0') || !text_decimal(text, LWM2M_NO_ID - 1, &v))
        return false;
    *id = (uint16_t)v;
    return true;
}

bool path_parse(struct slice text, struct path *p)
{
    *p = (struct path){ 0 };
    if (slice_is(text, "/"))
        return true;
    struct reader r = reader_make(text.data, text.len);
    while (reader_left(&r)) {
        if (reader_u8(&r) != '/' || p->depth == 4)
            return false;
        size_t start = r.pos;
        while (reader_left(&r) && reader_peek(&r) != '/')
            reader_u8(&r);
        struct slice segment = { &text.data[start], r.pos - start };
        if (!path_id(segment, &p->id[p->depth++]))
            return false;
    }
    return p->depth > 0;
}

bool path_equal(const struct path *a, const struct path *b)
{
    return a->depth == b->depth && path_contains(a, b);
}

struct path path_parent(const struct path *p, uint8_t depth)
{
    struct path out = { .depth = depth < p->depth ? depth : p->depth };
    memcpy(out.id, p->id, out.depth * sizeof out.id[0]);
    return out;
}
