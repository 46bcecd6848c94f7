/* SPDX-License-Identifier: Apache-2.0 */
/* $ttRMC,hhmmss.ss,A,lat,N,lon,E,knots,degrees,ddmmyy,..*hh: fields by their places, any talker. */
#include "codec/nmea.h"

#include <string.h>

#include "base/text.h"

enum { FIELDS = 10, FIELD_NAME = 0, FIELD_TIME = 1, FIELD_STATUS = 2, FIELD_SPEED = 7, FIELD_COURSE = 8, FIELD_DATE = 9, TALKER = 2, FRACTION_MAX = 6, WHOLE_MAX = 9999,
       METRES_OF_MILE = 1852 /* nautical */, SECONDS_OF_HOUR = 3600 };

/* The octets between $ and *, if the checksum after them is theirs. */
static bool take_body(struct slice sentence, struct slice *body)
{
    struct reader r = reader_make(sentence.data, sentence.len);
    uint8_t sum = 0, told;
    size_t len;
    if (sentence.len > NMEA_MAX || reader_u8(&r) != '$')
        return false;
    struct reader inside = r;
    for (len = 0; reader_left(&r) && reader_peek(&r) != '*'; len++)
        sum ^= reader_u8(&r);
    *body = reader_take(&inside, len);
    (void)reader_u8(&r);
    if (!text_hex_decode(reader_take(&r, 2), &told, 1, &len) || len != 1 || told != sum)
        return false;
    struct slice end = reader_take(&r, reader_left(&r));
    return !r.failed && (end.len == 0 || slice_is(end, "\r\n") || slice_is(end, "\r"));
}

static size_t split(struct slice body, struct slice field[FIELDS])
{
    struct reader r = reader_make(body.data, body.len);
    size_t n = 0;
    for (; n < FIELDS && (n == 0 || reader_u8(&r) == ',') && !r.failed; n++) {
        struct reader at = r;
        size_t len = 0;
        for (; reader_left(&r) && reader_peek(&r) != ','; len++)
            (void)reader_u8(&r);
        field[n] = reader_take(&at, len);
    }
    return n;
}

/* Digits with a fraction, up to 9999; empty: false, and nothing is wrong with it. */
static bool read_decimal(struct slice text, double *out, bool *fine)
{
    struct reader r = reader_make(text.data, text.len);
    size_t dot = 0;
    uint64_t whole = 0, part = 0;
    double scale = 1;
    while (dot < text.len && text.data[dot] != '.')
        dot++;
    struct slice before = reader_take(&r, dot);
    (void)(reader_left(&r) ? reader_u8(&r) : 0);
    struct slice after = reader_take(&r, reader_left(&r));
    for (size_t i = 0; i < after.len; i++)
        scale *= 10;
    *fine = text.len == 0 || (after.len <= FRACTION_MAX && text_decimal(before, WHOLE_MAX, &whole) && (after.len == 0 || text_decimal(after, UINT32_MAX, &part)));
    *out = (double)whole + (double)part / scale;
    return *fine && text.len > 0;
}

/* hhmmss[.ss] and ddmmyy */
static bool read_time(struct slice time, struct slice date, int64_t *seconds)
{
    static const char form[] = "20yy-mm-ddThh:mm:ssZ";
    static const struct {
        uint8_t at, from;
    } dates[] = { { 2, 4 }, { 5, 2 }, { 8, 0 } }, times[] = { { 11, 0 }, { 14, 2 }, { 17, 4 } };
    char text[sizeof form];
    if (time.len < 6 || (time.len > 6 && time.data[6] != '.') || date.len != 6)
        return false;
    memcpy(text, form, sizeof form);
    for (size_t i = 0; i < 3; i++) {
        memcpy(&text[dates[i].at], &date.data[dates[i].from], 2);
        memcpy(&text[times[i].at], &time.data[times[i].from], 2);
    }
    return text_time((struct slice){ (const uint8_t *)text, sizeof text - 1 }, seconds);
}

bool nmea_rmc_read(struct slice sentence, struct nmea_rmc *out)
{
    struct slice body, field[FIELDS];
    bool speed_fine, course_fine;
    *out = (struct nmea_rmc){ .time = 0 };
    if (!take_body(sentence, &body) || split(body, field) < FIELDS)
        return false;
    struct slice name = field[FIELD_NAME];
    if (name.len != TALKER + 3 || memcmp(&name.data[TALKER], "RMC", 3) != 0 || !slice_is(field[FIELD_STATUS], "A"))
        return false;
    out->has_speed = read_decimal(field[FIELD_SPEED], &out->speed, &speed_fine);
    out->has_course = read_decimal(field[FIELD_COURSE], &out->course, &course_fine);
    out->speed = out->speed * METRES_OF_MILE / SECONDS_OF_HOUR; /* in this order, so that round figures stay round */
    bool good = speed_fine && course_fine && out->course <= 360 && read_time(field[FIELD_TIME], field[FIELD_DATE], &out->time);
    if (!good)
        *out = (struct nmea_rmc){ .time = 0 };
    return good;
}
