/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text. Owns the textual forms of numbers (no locale: the decimal point is a point whatever the environment says). */
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
