/* SPDX-License-Identifier: Apache-2.0 */
/* Object 6, Location 1.0 (Core TS 1.1.1 appendix E.7): where the gateway is. There is none while that is not known. Velocity and speed are left out: a gateway stands. */
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

static bool read_time(struct spot *s, struct value *v)
{
    struct place p = place(s->o);
    *v = value_integer(VALUE_TIME, p.time);
    return p.known;
}

static const struct resource resources[] = {
    { 0, VALUE_FLOAT, OPERATION_READ, .read = read_latitude }, { 1, VALUE_FLOAT, OPERATION_READ, .read = read_longitude },
    { 2, VALUE_FLOAT, OPERATION_READ, .read = read_altitude }, { 3, VALUE_FLOAT, OPERATION_READ, .read = read_radius },
    { 5, VALUE_TIME, OPERATION_READ, .read = read_time },
};

const struct object object_location = { .id = 6, .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_known };
