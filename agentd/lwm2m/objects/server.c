/* SPDX-License-Identifier: Apache-2.0 */
/* Object 1, LwM2M Server (Core TS 1.1.1 appendix E.2): what the server may know and change of its own account. */
#include "lwm2m/objects/objects.h"

static bool read_short_id(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->short_server_id);
    return true;
}

static bool read_lifetime(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->lifetime);
    return true;
}

static bool check_lifetime(const struct value *v)
{
    return v->integer > 0 && v->integer <= INT32_MAX;
}

static void write_lifetime(struct spot *s, const struct value *v)
{
    s->o->lifetime = v ? (uint32_t)v->integer : s->o->lifetime;
    s->o->effects |= EFFECT_UPDATE | EFFECT_LIFETIME; /* clause 6.2.2: the new lifetime is told by an Update */
}

static bool check_period(const struct value *v)
{
    return v->integer >= 0 && v->integer <= INT32_MAX;
}

static bool read_pmin(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->pmin);
    return true;
}

static void write_pmin(struct spot *s, const struct value *v)
{
    s->o->pmin = v ? (uint32_t)v->integer : 0;
}

static bool read_pmax(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->pmax);
    return s->o->pmax > 0;
}

static void write_pmax(struct spot *s, const struct value *v)
{
    s->o->pmax = v ? (uint32_t)v->integer : 0;
}

static bool execute_disable(struct spot *s, struct slice arguments)
{
    (void)arguments;
    s->o->effects |= EFFECT_DISABLE;
    return true;
}

static bool read_disable_timeout(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->disable_timeout);
    return true;
}

static void write_disable_timeout(struct spot *s, const struct value *v)
{
    s->o->disable_timeout = v ? (uint32_t)v->integer : DISABLE_TIMEOUT_S;
}

static bool read_storing(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_BOOLEAN, s->o->store_notifications);
    return true;
}

static void write_storing(struct spot *s, const struct value *v)
{
    s->o->store_notifications = !v || v->integer != 0;
}

static bool read_binding(struct spot *s, struct value *v)
{
    (void)s;
    *v = value_text("U");
    return true;
}

static bool check_binding(const struct value *v)
{
    return slice_is(v->octets, "U"); /* UDP is what this client has */
}

static void write_binding(struct spot *s, const struct value *v)
{
    (void)v;
    s->o->effects |= EFFECT_UPDATE;
}

static bool execute_update(struct spot *s, struct slice arguments)
{
    (void)arguments; /* clause 6.2.1.2: a binding override may be given; there is one binding */
    s->o->effects |= EFFECT_UPDATE;
    return true;
}

static bool execute_bootstrap(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return s->o->device->request_bootstrap && s->o->device->request_bootstrap(s->o->device->user);
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, R, .read = read_short_id },
    { 1, VALUE_INTEGER, RW, .mandatory = true, .read = read_lifetime, .check = check_lifetime, .write = write_lifetime },
    { 2, VALUE_INTEGER, RW, .read = read_pmin, .check = check_period, .write = write_pmin },
    { 3, VALUE_INTEGER, RW, .read = read_pmax, .check = check_period, .write = write_pmax },
    { 4, VALUE_NONE, E, .execute = execute_disable },
    { 5, VALUE_INTEGER, RW, .read = read_disable_timeout, .check = check_period, .write = write_disable_timeout },
    { 6, VALUE_BOOLEAN, RW, .mandatory = true, .read = read_storing, .write = write_storing },
    { 7, VALUE_STRING, RW, .mandatory = true, .read = read_binding, .check = check_binding, .write = write_binding },
    { 8, VALUE_NONE, E, .execute = execute_update },
    { 9, VALUE_NONE, E, .execute = execute_bootstrap },
};

const struct object object_server = { .id = 1, .resources = resources, .count = sizeof resources / sizeof resources[0] };
