/* SPDX-License-Identifier: Apache-2.0 */
/* What travels between objects and formats: typed values, and records (a path with its value). Values borrow their octets. */
#ifndef LWM2M_VALUE_H
#define LWM2M_VALUE_H

#include <string.h>

#include "lwm2m/path.h"

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

enum { RECORDS_MAX = 192, PATHS_MAX = 32 };

struct record {
    struct path path;  /* depth RESOURCE, or RESOURCE_INSTANCE when multiple */
    bool multiple;     /* one instance of a multiple resource; with depth RESOURCE: the resource has no instance */
    struct value value;
};

/* A multiple resource that has no instance: TLV and LwM2M CBOR show it, the others have no word for it. */
static inline bool record_is_empty(const struct record *record)
{
    return record->multiple && record->path.depth == PATH_RESOURCE;
}

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

static inline struct value value_text(const char *text) /* NULL counts as "" */
{
    const char *t = text ? text : "";
    return (struct value){ .type = VALUE_STRING, .octets = { (const uint8_t *)t, strlen(t) } };
}

static inline struct value value_integer(enum value_type type, int64_t v)
{
    return (struct value){ .type = type, .integer = v };
}

bool value_is_number(enum value_type type); /* may carry gt, lt, st (clause 5.1.2) */
double value_number(const struct value *v);
void integer_put(struct writer *w, int64_t v); /* decimal */
/* Shortest decimal text that reads back as the same double. */
void real_put(struct writer *w, double v);
bool real_parse(struct slice text, double *v);      /* decimal, sign, fraction, exponent; nothing else */
bool integer_parse(struct slice text, int64_t *v);  /* optional sign and digits */

#endif
