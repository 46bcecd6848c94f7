/* SPDX-License-Identifier: Apache-2.0 */
/* Object 3, Device (Core TS 1.1.1 appendix E.4): who the gateway is, its clock, its errors, Reboot and factory
 * reset. Values are the composition root's. */
#include <stdio.h>
#include <time.h>

#include "config.h"
#include "lwm2m/objects/objects.h"

static bool put_text(const char *text, struct value *v)
{
    *v = value_text(text);
    return v->octets.len > 0;
}

static bool read_manufacturer(struct spot *s, struct value *v)
{
    return put_text(s->o->device->manufacturer, v);
}

static bool read_model(struct spot *s, struct value *v)
{
    return put_text(s->o->device->model, v);
}

static bool read_serial(struct spot *s, struct value *v)
{
    return put_text(s->o->device->serial, v) || put_text(s->o->device->gateway_id, v);
}

static bool read_firmware(struct spot *s, struct value *v)
{
    return put_text(s->o->device->firmware_version, v);
}

static uint64_t moment(struct spot *s)
{
    const struct lwm2m_device *d = s->o->device;
    if (!s->now && d->current_time)
        s->now = d->current_time(d->user);
    return s->now;
}

static const struct system_facts *facts(struct spot *s)
{
    const char *root = s->o->device->root;
    if (!s->system) {
        system_refresh(&s->o->system, root ? root : "", moment(s));
        s->system = &s->o->system;
    }
    return s->system;
}

/* Power sources, their voltage and current have the same resource instances (E.4): those without a measurement are passed over. */
static const struct power_source *source(struct spot *s, bool (*has)(const struct power_source *p))
{
    const struct system_facts *f = facts(s);
    size_t left = s->index;
    for (size_t i = 0; i < f->powers; i++)
        if (has(&f->power[i]) && left-- == 0) {
            s->id = (uint16_t)i;
            return &f->power[i];
        }
    return NULL;
}

static bool any_source(const struct power_source *p)
{
    (void)p;
    return true;
}

static bool has_voltage(const struct power_source *p)
{
    return p->has_voltage;
}

static bool has_current(const struct power_source *p)
{
    return p->has_current;
}

static bool read_power(struct spot *s, struct value *v)
{
    const struct power_source *p = source(s, any_source);
    *v = value_integer(VALUE_INTEGER, p ? (int64_t)p->kind : 0);
    return p != NULL;
}

static bool read_voltage(struct spot *s, struct value *v)
{
    const struct power_source *p = source(s, has_voltage);
    *v = value_integer(VALUE_INTEGER, p ? p->millivolt : 0);
    return p != NULL;
}

static bool read_current(struct spot *s, struct value *v)
{
    const struct power_source *p = source(s, has_current);
    *v = value_integer(VALUE_INTEGER, p ? p->milliampere : 0);
    return p != NULL;
}

static const struct power_source *battery(struct spot *s)
{
    const struct system_facts *f = facts(s);
    for (size_t i = 0; i < f->powers; i++)
        if (f->power[i].kind == POWER_INTERNAL_BATTERY)
            return &f->power[i];
    return NULL;
}

static bool read_level(struct spot *s, struct value *v)
{
    const struct power_source *p = battery(s);
    *v = value_integer(VALUE_INTEGER, p ? p->percent : 0);
    return p && p->has_level;
}

static bool read_battery_status(struct spot *s, struct value *v)
{
    const struct power_source *p = battery(s);
    *v = value_integer(VALUE_INTEGER, p ? (int64_t)p->status : 0);
    return p != NULL;
}

static bool read_storage_free(struct spot *s, struct value *v)
{
    const struct system_facts *f = facts(s);
    *v = value_integer(VALUE_INTEGER, (int64_t)f->storage_free);
    return f->storage_total > 0;
}

static bool read_storage_total(struct spot *s, struct value *v)
{
    const struct system_facts *f = facts(s);
    *v = value_integer(VALUE_INTEGER, (int64_t)f->storage_total);
    return f->storage_total > 0;
}

static bool read_zone(struct spot *s, struct value *v)
{
    return put_text(facts(s)->zone, v);
}

static bool read_error(struct spot *s, struct value *v)
{
    s->id = 0;
    *v = value_integer(VALUE_INTEGER, 0); /* 0: no error */
    return s->index == 0;
}

static bool read_time(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_TIME, (int64_t)moment(s));
    return true;
}

static bool read_utc_offset(struct spot *s, struct value *v)
{
    time_t now = (time_t)moment(s);
    if (s->o->utc_offset[0] && now / 60 == s->o->utc_minute) /* summer time begins with a minute */
        return put_text(s->o->utc_offset, v);
    struct tm local;
    localtime_r(&now, &local);
    long minutes = local.tm_gmtoff / 60;
    s->o->utc_minute = now / 60;
    unsigned magnitude = (unsigned)(minutes < 0 ? -minutes : minutes) % (100 * 60);
    snprintf(s->o->utc_offset, sizeof s->o->utc_offset, "%c%02u:%02u", minutes < 0 ? '-' : '+', magnitude / 60 % 100, magnitude % 60);
    return put_text(s->o->utc_offset, v);
}

static bool read_binding(struct spot *s, struct value *v)
{
    (void)s;
    return put_text("UT", v);
}

static bool read_type(struct spot *s, struct value *v)
{
    (void)s;
    return put_text("gateway", v);
}

static bool read_hardware(struct spot *s, struct value *v)
{
    return put_text(s->o->device->hardware_version, v);
}

static bool read_software(struct spot *s, struct value *v)
{
    (void)s;
    return put_text(AGENT_VERSION, v);
}

static bool execute_reboot(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return s->o->device->reboot && s->o->device->reboot(s->o->device->user);
}

static bool execute_factory_reset(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return s->o->device->factory_reset && s->o->device->factory_reset(s->o->device->user);
}

enum { R = OPERATION_READ, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_STRING, R, .read = read_manufacturer },
    { 1, VALUE_STRING, R, .read = read_model },
    { 2, VALUE_STRING, R, .read = read_serial },
    { 3, VALUE_STRING, R, .read = read_firmware },
    { 4, VALUE_NONE, E, .execute = execute_reboot },
    { 5, VALUE_NONE, E, .execute = execute_factory_reset },
    { 6, VALUE_INTEGER, R, .multiple = true, .read = read_power },
    { 7, VALUE_INTEGER, R, .multiple = true, .continuous = true, .read = read_voltage },
    { 8, VALUE_INTEGER, R, .multiple = true, .continuous = true, .read = read_current },
    { 9, VALUE_INTEGER, R, .continuous = true, .read = read_level },
    { 10, VALUE_INTEGER, R, .continuous = true, .read = read_storage_free },
    { 11, VALUE_INTEGER, R, .multiple = true, .read = read_error },
    { 13, VALUE_TIME, R, .continuous = true, .read = read_time },
    { 14, VALUE_STRING, R, .read = read_utc_offset },
    { 15, VALUE_STRING, R, .read = read_zone },
    { 16, VALUE_STRING, R, .read = read_binding },
    { 17, VALUE_STRING, R, .read = read_type },
    { 18, VALUE_STRING, R, .read = read_hardware },
    { 19, VALUE_STRING, R, .read = read_software },
    { 20, VALUE_INTEGER, R, .read = read_battery_status },
    { 21, VALUE_INTEGER, R, .read = read_storage_total },
};

const struct object object_device = { .id = 3, .core_version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0] };
