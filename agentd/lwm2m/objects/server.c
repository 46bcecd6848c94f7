/* SPDX-License-Identifier: Apache-2.0 */
/* Object 1, LwM2M Server (Core TS 1.1.1 appendix E.2): what the server may know and change of its own account. */
#include "lwm2m/objects/objects.h"

static bool read_short_id(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    *v = value_integer(VALUE_INTEGER, o->short_server_id);
    return index == 0;
}

static bool read_lifetime(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    *v = value_integer(VALUE_INTEGER, o->lifetime);
    return index == 0;
}

static bool check_lifetime(const struct value *v)
{
    return v->integer > 0 && v->integer <= INT32_MAX;
}

static void write_lifetime(struct objects *o, const struct value *v)
{
    o->lifetime = v ? (uint32_t)v->integer : o->lifetime;
    o->effects |= EFFECT_UPDATE | EFFECT_LIFETIME; /* clause 6.2.2: the new lifetime is told by an Update */
}

static bool check_period(const struct value *v)
{
    return v->integer >= 0 && v->integer <= INT32_MAX;
}

static bool read_pmin(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    *v = value_integer(VALUE_INTEGER, o->pmin);
    return index == 0;
}

static void write_pmin(struct objects *o, const struct value *v)
{
    o->pmin = v ? (uint32_t)v->integer : 0;
}

static bool read_pmax(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    *v = value_integer(VALUE_INTEGER, o->pmax);
    return index == 0 && o->pmax > 0;
}

static void write_pmax(struct objects *o, const struct value *v)
{
    o->pmax = v ? (uint32_t)v->integer : 0;
}

static bool read_storing(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    *v = value_integer(VALUE_BOOLEAN, o->store_notifications);
    return index == 0;
}

static void write_storing(struct objects *o, const struct value *v)
{
    o->store_notifications = !v || v->integer != 0;
}

static bool read_binding(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    (void)o;
    *v = value_text("U");
    return index == 0;
}

static bool check_binding(const struct value *v)
{
    return slice_is(v->octets, "U"); /* UDP is what this client has */
}

static void write_binding(struct objects *o, const struct value *v)
{
    (void)v;
    o->effects |= EFFECT_UPDATE;
}

static bool execute_update(struct objects *o, struct slice arguments)
{
    (void)arguments; /* clause 6.2.1.2: a binding override may be given; there is one binding */
    o->effects |= EFFECT_UPDATE;
    return true;
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, R, .read = read_short_id },
    { 1, VALUE_INTEGER, RW, .mandatory = true, .read = read_lifetime, .check = check_lifetime, .write = write_lifetime },
    { 2, VALUE_INTEGER, RW, .read = read_pmin, .check = check_period, .write = write_pmin },
    { 3, VALUE_INTEGER, RW, .read = read_pmax, .check = check_period, .write = write_pmax },
    { 6, VALUE_BOOLEAN, RW, .mandatory = true, .read = read_storing, .write = write_storing },
    { 7, VALUE_STRING, RW, .mandatory = true, .read = read_binding, .check = check_binding, .write = write_binding },
    { 8, VALUE_NONE, E, .execute = execute_update },
};

const struct object object_server = { .id = 1, .resources = resources, .count = sizeof resources / sizeof resources[0] };
