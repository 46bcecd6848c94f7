/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and values as text. Owns the textual forms of numbers (no locale: the decimal point is a point whatever the environment says). */
#include "lwm2m/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void integer_put(struct writer *w, int64_t v)
{
    char digits[20]; /* of 2^64, from the last */
    size_t n = sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        digits[--n] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (v < 0)
        writer_u8(w, '-');
    writer_put(w, &digits[n], sizeof digits - n);
}

/* Most ids are below 100, and each record of a Read has one. */
static void id_put(struct writer *w, unsigned id)
{
    if (id >= 100) {
        integer_put(w, id);
        return;
    }
    if (id >= 10)
        writer_u8(w, (uint8_t)('0' + id / 10));
    writer_u8(w, (uint8_t)('0' + id % 10));
}

void path_put(struct writer *w, const struct path *p)
{
    if (p->depth == PATH_ROOT)
        writer_u8(w, '/');
    for (size_t i = 0; i < p->depth; i++) {
        writer_u8(w, '/');
        id_put(w, p->id[i]);
    }
}

void path_put_below(struct writer *w, const struct path *base, const struct path *p)
{
    for (size_t d = base->depth; d < p->depth; d++) {
        if (d > base->depth)
            writer_u8(w, '/');
        id_put(w, p->id[d]);
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

struct value value_text(const char *text)
{
    const char *t = text ? text : "";
    return (struct value){ .type = VALUE_STRING, .octets = { (const uint8_t *)t, strlen(t) } };
}

struct value value_integer(enum value_type type, int64_t v)
{
    return (struct value){ .type = type, .integer = v };
}

bool value_is_number(enum value_type type)
{
    return type == VALUE_INTEGER || type == VALUE_UNSIGNED || type == VALUE_FLOAT || type == VALUE_TIME;
}

double value_number(const struct value *v)
{
    return v->type == VALUE_FLOAT ? v->real : (double)v->integer;
}

void real_put(struct writer *w, double v)
{
    char text[40];
    if (v == 0 && signbit(v)) {
        writer_text(w, "-0.0"); /* "-0" is an integer to JSON, which has no sign of zero */
        return;
    }
    if (fabs(v) < 1e15 && floor(v) == v) { /* "300", not "3e+02" */
        integer_put(w, (int64_t)v);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    for (char *c = strchr(text, ','); c; c = strchr(c, ','))
        *c = '.';
    writer_text(w, text);
}

bool real_parse(struct slice text, double *v)
{
    char copy[40];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!text.data[i] || !strchr("+-.0123456789eE", text.data[i]))
            return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    char *end;
    *v = strtod(copy, &end);
    return *end == '\0' && isfinite(*v);
}

bool integer_parse(struct slice text, int64_t *v)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    struct reader r = reader_make(text.data, text.len);
    reader_take(&r, negative ? 1 : 0);
    uint64_t magnitude;
    if (!text_decimal(reader_take(&r, reader_left(&r)), INT64_MAX, &magnitude))
        return false;
    *v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}
