/* SPDX-License-Identifier: Apache-2.0 */
/* Object 5, Firmware Update 1.1 (Core TS 1.1.1 appendix E.6): the update that lwm2m/firmware.h keeps, as every server sees it. It exists while the administrator has
 * a hook for firmware. Severity and the time for which a user may put it off are kept for the server: nobody sits at a gateway. */
#include "lwm2m/firmware.h"

#include "lwm2m/objects/objects.h"

enum { DELIVERY_BOTH = 2, SEVERITY_DEFAULT = 1, PROTOCOLS = 6 };

static struct firmware *firmware(const struct objects *o)
{
    return o->device->firmware;
}

static bool while_hook(const struct objects *o)
{
    return firmware_present(firmware(o));
}

static bool may_write(const struct objects *o, uint16_t instance, const struct value *v)
{
    (void)instance;
    return firmware_may_write(firmware(o), v->octets);
}

static void write_package(struct spot *s, const struct value *v)
{
    firmware_write_package(firmware(s->o), v ? v->octets : (struct slice){ 0 });
}

static bool read_uri(struct spot *s, struct value *v)
{
    *v = value_text(firmware_uri(firmware(s->o)));
    return true;
}

static bool check_uri(const struct value *v)
{
    return v->octets.len <= DOWNLOAD_URI;
}

static void write_uri(struct spot *s, const struct value *v)
{
    firmware_write_uri(firmware(s->o), v ? v->octets : (struct slice){ 0 });
}

static bool execute_update(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return firmware_update(firmware(s->o));
}

static bool read_state(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, firmware_state(firmware(s->o)));
    return true;
}

static bool read_result(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, firmware_result(firmware(s->o)));
    return true;
}

static bool put_known(const char *text, struct value *v)
{
    *v = value_text(text);
    return text[0] != '\0';
}

static bool read_name(struct spot *s, struct value *v)
{
    return put_known(firmware_package_name(firmware(s->o)), v);
}

static bool read_version(struct spot *s, struct value *v)
{
    return put_known(firmware_package_version(firmware(s->o)), v);
}

/* Protocols of Package URI. */
static bool read_protocol(struct spot *s, struct value *v)
{
    unsigned protocols = firmware_protocols(firmware(s->o));
    size_t left = s->index;
    s->id = (uint16_t)s->index;
    for (int i = 0; i < PROTOCOLS; i++)
        if (protocols & 1u << i && left-- == 0) {
            *v = value_integer(VALUE_INTEGER, i);
            return true;
        }
    return false;
}

static bool read_delivery(struct spot *s, struct value *v)
{
    (void)s;
    *v = value_integer(VALUE_INTEGER, DELIVERY_BOTH);
    return true;
}

static bool execute_cancel(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return firmware_cancel(firmware(s->o));
}

static bool read_severity(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->servers->severity ? s->o->servers->severity - 1 : SEVERITY_DEFAULT);
    return true;
}

static bool check_severity(const struct value *v)
{
    return v->integer >= 0 && v->integer <= SEVERITY_MAX;
}

static void write_severity(struct spot *s, const struct value *v)
{
    s->o->servers->severity = v ? (uint8_t)(v->integer + 1) : 0;
}

static bool read_changed(struct spot *s, struct value *v)
{
    uint64_t at = firmware_changed_at(firmware(s->o));
    *v = value_integer(VALUE_TIME, (int64_t)at);
    return at > 0;
}

static bool read_defer(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_UNSIGNED, s->o->servers->defer);
    return true;
}

static bool check_defer(const struct value *v)
{
    return v->integer >= 0 && v->integer <= UINT32_MAX;
}

static void write_defer(struct spot *s, const struct value *v)
{
    s->o->servers->defer = v ? (uint32_t)v->integer : 0;
}

enum { R = OPERATION_READ, W = OPERATION_WRITE, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_OPAQUE, W, .mandatory = true, .allowed = may_write, .write = write_package },
    { 1, VALUE_STRING, RW, .mandatory = true, .read = read_uri, .check = check_uri, .allowed = may_write, .write = write_uri },
    { 2, VALUE_NONE, E, .execute = execute_update },
    { 3, VALUE_INTEGER, R, .mandatory = true, .read = read_state },
    { 5, VALUE_INTEGER, R, .mandatory = true, .read = read_result },
    { 6, VALUE_STRING, R, .read = read_name },
    { 7, VALUE_STRING, R, .read = read_version },
    { 8, VALUE_INTEGER, R, .multiple = true, .read = read_protocol },
    { 9, VALUE_INTEGER, R, .mandatory = true, .read = read_delivery },
    { 10, VALUE_NONE, E, .execute = execute_cancel },
    { 11, VALUE_INTEGER, RW, .kept = true, .read = read_severity, .check = check_severity, .write = write_severity },
    { 12, VALUE_TIME, R, .read = read_changed },
    { 13, VALUE_UNSIGNED, RW, .kept = true, .read = read_defer, .check = check_defer, .write = write_defer },
};

const struct object object_firmware = { .id = 5, .version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_hook };
