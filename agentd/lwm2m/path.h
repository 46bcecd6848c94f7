/* SPDX-License-Identifier: Apache-2.0 */
/* Where something is: object, object instance, resource, resource instance, each a number; and its text "/3/0/13". */
#ifndef LWM2M_PATH_H
#define LWM2M_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"

enum { LWM2M_NO_ID = 65535 /* Core TS 1.1.1 clause 7.3: reserved */, PATH_TEXT_MAX = 25 };
enum path_level { PATH_ROOT, PATH_OBJECT, PATH_INSTANCE, PATH_RESOURCE, PATH_RESOURCE_INSTANCE };

struct path {
    uint8_t depth;   /* enum path_level: how many of id are set */
    uint16_t id[4];
};

/* "/3/0/13", "/" for the root. */
void path_put(struct writer *w, const struct path *p);

static inline void path_put_id(struct writer *w, uint16_t id)
{
    if (id >= 100) { /* few are */
        if (id >= 10000)
            writer_u8(w, (uint8_t)('0' + id / 10000));
        if (id >= 1000)
            writer_u8(w, (uint8_t)('0' + id / 1000 % 10));
        writer_u8(w, (uint8_t)('0' + id / 100 % 10));
    }
    if (id >= 10)
        writer_u8(w, (uint8_t)('0' + id / 10 % 10));
    writer_u8(w, (uint8_t)('0' + id % 10));
}

/* What p has more than base, which contains it: "0/13". */
static inline void path_put_below(struct writer *w, const struct path *base, const struct path *p)
{
    for (size_t d = base->depth; d < p->depth; d++) {
        if (d > base->depth)
            writer_u8(w, '/');
        path_put_id(w, p->id[d]);
    }
}

/* Segments of "/a/b/c" from text; false if it is no path of 0..4 numbers below 65535 without leading zeros. */
bool path_parse(struct slice text, struct path *p);
bool path_equal(const struct path *a, const struct path *b);
/* True if inner is outer or lies below it. */
static inline bool path_contains(const struct path *outer, const struct path *inner)
{
    bool same = outer->depth <= inner->depth;
    for (size_t i = 0; same && i < outer->depth; i++)
        same = outer->id[i] == inner->id[i];
    return same;
}

static inline struct path path_child(const struct path *parent, uint16_t id)
{
    struct path p = *parent;
    p.id[p.depth++] = id;
    return p;
}

struct path path_parent(const struct path *p, uint8_t depth); /* its first depth ids */
/* One identifier: decimal digits, no leading zero, below 65535. */
bool path_id(struct slice text, uint16_t *id);

#endif
