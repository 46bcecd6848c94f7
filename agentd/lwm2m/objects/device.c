/* SPDX-License-Identifier: Apache-2.0 */
/* Object 3, Device (Core TS 1.1.1 appendix E.4): who the gateway is, its clock, its errors, and Reboot. Values are the composition root's. */
#include <stdio.h>
#include <time.h>

#include "config.h"
#include "lwm2m/objects/objects.h"

static bool put_text(const char *text, size_t index, struct value *v)
{
    *v = value_text(text);
    return index == 0 && v->octets.len > 0;
}

static bool read_manufacturer(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    return put_text(o->device->manufacturer, index, v);
}

static bool read_model(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    return put_text(o->device->model, index, v);
}

static bool read_serial(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    return put_text(o->device->serial, index, v) || put_text(o->device->gateway_id, index, v);
}

static bool read_firmware(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    return put_text(o->device->firmware_version, index, v);
}

static bool read_error(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)o;
    *instance = 0;
    *v = value_integer(VALUE_INTEGER, 0); /* 0: no error */
    return index == 0;
}

static bool read_time(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    uint64_t now = o->device->current_time ? o->device->current_time(o->device->user) : 0;
    *v = value_integer(VALUE_TIME, (int64_t)now);
    return index == 0;
}

static bool read_utc_offset(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    time_t now = o->device->current_time ? (time_t)o->device->current_time(o->device->user) : 0;
    struct tm local;
    localtime_r(&now, &local);
    long minutes = local.tm_gmtoff / 60;
    unsigned magnitude = (unsigned)(minutes < 0 ? -minutes : minutes) % (100 * 60);
    snprintf(o->utc_offset, sizeof o->utc_offset, "%c%02u:%02u", minutes < 0 ? '-' : '+', magnitude / 60 % 100, magnitude % 60);
    return put_text(o->utc_offset, index, v);
}

static bool read_binding(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    (void)o;
    return put_text("U", index, v);
}

static bool read_type(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    (void)o;
    return put_text("gateway", index, v);
}

static bool read_hardware(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    return put_text(o->device->hardware_version, index, v);
}

static bool read_software(struct objects *o, size_t index, uint16_t *instance, struct value *v)
{
    (void)instance;
    (void)o;
    return put_text(AGENT_VERSION, index, v);
}

static bool execute_reboot(struct objects *o, struct slice arguments)
{
    (void)arguments;
    return o->device->reboot && o->device->reboot(o->device->user);
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
