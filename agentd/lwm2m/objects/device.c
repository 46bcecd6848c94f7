/* SPDX-License-Identifier: Apache-2.0 */
/* Object 3, Device (Core TS 1.1.1 appendix E.4): who the gateway is, its clock, its errors, and Reboot. Values are the composition root's. */
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

static bool read_error(struct spot *s, struct value *v)
{
    s->id = 0;
    *v = value_integer(VALUE_INTEGER, 0); /* 0: no error */
    return s->index == 0;
}

static bool read_time(struct spot *s, struct value *v)
{
    uint64_t now = s->o->device->current_time ? s->o->device->current_time(s->o->device->user) : 0;
    *v = value_integer(VALUE_TIME, (int64_t)now);
    return true;
}

static bool read_utc_offset(struct spot *s, struct value *v)
{
    time_t now = s->o->device->current_time ? (time_t)s->o->device->current_time(s->o->device->user) : 0;
    struct tm local;
    localtime_r(&now, &local);
    long minutes = local.tm_gmtoff / 60;
    unsigned magnitude = (unsigned)(minutes < 0 ? -minutes : minutes) % (100 * 60);
    snprintf(s->o->utc_offset, sizeof s->o->utc_offset, "%c%02u:%02u", minutes < 0 ? '-' : '+', magnitude / 60 % 100, magnitude % 60);
    return put_text(s->o->utc_offset, v);
}

static bool read_binding(struct spot *s, struct value *v)
{
    (void)s;
    return put_text("U", v);
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

enum { R = OPERATION_READ, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_STRING, R, .read = read_manufacturer },
    { 1, VALUE_STRING, R, .read = read_model },
    { 2, VALUE_STRING, R, .read = read_serial },
    { 3, VALUE_STRING, R, .read = read_firmware },
    { 4, VALUE_NONE, E, .execute = execute_reboot },
    { 11, VALUE_INTEGER, R, .multiple = true, .read = read_error },
    { 13, VALUE_TIME, R, .continuous = true, .read = read_time },
    { 14, VALUE_STRING, R, .read = read_utc_offset },
    { 16, VALUE_STRING, R, .read = read_binding },
    { 17, VALUE_STRING, R, .read = read_type },
    { 18, VALUE_STRING, R, .read = read_hardware },
    { 19, VALUE_STRING, R, .read = read_software },
};

const struct object object_device = { .id = 3, .resources = resources, .count = sizeof resources / sizeof resources[0] };
