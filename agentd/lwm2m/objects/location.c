/* SPDX-License-Identifier: Apache-2.0 */
/* Object 6, Location 1.0 (Core TS 1.1.1 appendix E.7): where the gateway is. There is none while that is not known. Velocity and speed are
 * those of a receiver that tells them. */
#include "base/writer.h"
#include "lwm2m/objects/objects.h"

/* All zero: not known. */
static struct place place(const struct objects *o)
{
    struct place p = { .known = false };
    if (o->device->place)
        o->device->place(o->device->user, &p);
    return p;
}

static bool while_known(const struct objects *o)
{
    return place(o).known;
}

static bool put(bool known, double real, struct value *v)
{
    *v = (struct value){ .type = VALUE_FLOAT, .real = real };
    return known;
}

static bool read_latitude(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    return put(p.known, p.latitude, v);
}

static bool read_longitude(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    return put(p.known, p.longitude, v);
}

static bool read_altitude(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    return put(p.has_altitude, p.altitude, v);
}

static bool read_radius(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    return put(p.has_radius, p.radius, v);
}

/* Horizontal velocity (TS 23.032 clause 8.12): type 0 in four bits, three spare ones, nine of bearing in degrees, 16 of km/h. */
static bool read_velocity(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    struct writer w = writer_make(s->o->velocity, sizeof s->o->velocity);
    double kilometres = p.speed * 3.6 + 0.5;
    writer_u16(&w, (uint16_t)((unsigned)(p.course + 0.5) % 360));
    writer_u16(&w, kilometres < UINT16_MAX ? (uint16_t)kilometres : UINT16_MAX);
    *v = (struct value){ .type = VALUE_OPAQUE, .octets = writer_slice(&w) };
    return p.known && p.has_speed && p.has_course;
}

static bool read_speed(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    return put(p.known && p.has_speed, p.speed, v);
}

static bool read_time(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    *v = value_integer(VALUE_TIME, p.time);
    return p.known;
}

static const struct resource resources[] = {
    { 0, VALUE_FLOAT, OPERATION_READ, .read = read_latitude }, { 1, VALUE_FLOAT, OPERATION_READ, .read = read_longitude },
    { 2, VALUE_FLOAT, OPERATION_READ, .read = read_altitude }, { 3, VALUE_FLOAT, OPERATION_READ, .read = read_radius },
    { 4, VALUE_OPAQUE, OPERATION_READ, .read = read_velocity },     { 5, VALUE_TIME, OPERATION_READ, .read = read_time },
    { 6, VALUE_FLOAT, OPERATION_READ, .read = read_speed },
};

const struct object object_location = { .id = 6, .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_known };
