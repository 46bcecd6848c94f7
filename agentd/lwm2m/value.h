/* SPDX-License-Identifier: Apache-2.0 */
/* What travels between objects and formats: paths, typed values, and records (a path with its value). Values borrow their octets. */
#ifndef LWM2M_VALUE_H
#define LWM2M_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"

enum { LWM2M_NO_ID = 65535 };                                  /* Core TS 1.1.1 clause 7.3: reserved */
enum path_level { PATH_ROOT, PATH_OBJECT, PATH_INSTANCE, PATH_RESOURCE, PATH_RESOURCE_INSTANCE };

struct path {
    uint8_t depth;   /* enum path_level: how many of id are set */
    uint16_t id[4];
};

enum value_type { /* Core TS 1.1.1 appendix C */
    VALUE_NONE,      /* of an executable resource */
    VALUE_STRING,
    VALUE_INTEGER,
    VALUE_UNSIGNED,
    VALUE_FLOAT,
    VALUE_BOOLEAN,
    VALUE_OPAQUE,
    VALUE_TIME,      /* signed Unix seconds */
    VALUE_OBJLNK,
    VALUE_CORELNK,   /* 1.1: links of RFC 6690 as text */
};

struct value {
    enum value_type type;
    int64_t integer;      /* INTEGER, TIME; UNSIGNED up to INT64_MAX; BOOLEAN 0 or 1; OBJLNK object << 16 | instance */
    double real;          /* FLOAT */
    struct slice octets;  /* STRING, OPAQUE, CORELNK */
};

enum { RECORDS_MAX = 192, PATHS_MAX = 32, PATH_TEXT_MAX = 25 };

struct record {
    struct path path;  /* depth RESOURCE, or RESOURCE_INSTANCE when multiple */
    bool multiple;     /* one instance of a multiple resource; with depth RESOURCE: the resource has no instance */
    struct value value;
};

struct model;

struct records {
    const struct model *model; /* whose tables give the types of what is read in */
    struct record at[RECORDS_MAX + 1]; /* the one behind the last is read into, and counts if there was a value */
    size_t count;
    int64_t time; /* Unix seconds when the values were so, for formats that can say it; 0: now */
};

struct paths { /* of a composite operation */
    struct path at[PATHS_MAX];
    size_t count;
};

/* "/3/0/13", "/" for the root. */
void path_put(struct writer *w, const struct path *p);
/* What p has more than base, which contains it: "0/13". */
void path_put_below(struct writer *w, const struct path *base, const struct path *p);
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

struct value value_text(const char *text); /* NULL counts as "" */
struct value value_integer(enum value_type type, int64_t v);
bool value_is_number(enum value_type type); /* may carry gt, lt, st (clause 5.1.2) */
double value_number(const struct value *v);
void integer_put(struct writer *w, int64_t v); /* decimal */
/* Shortest decimal text that reads back as the same double. */
void real_put(struct writer *w, double v);
bool real_parse(struct slice text, double *v);      /* decimal, sign, fraction, exponent; nothing else */
bool integer_parse(struct slice text, int64_t *v);  /* optional sign and digits */

#endif
