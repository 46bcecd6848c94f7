/* SPDX-License-Identifier: Apache-2.0 */
/* Object 9, Software Management 1.0 (OMA-TS-LWM2M_SwMgmt): the packages that lwm2m/software.h keeps, an instance each. It exists while the administrator has a hook
 * for packages, or one is managed. Servers create an instance for what they bring; who it is, the hook tells. */
#include "lwm2m/software.h"

#include "lwm2m/objects/objects.h"

static struct software *software(const struct objects *o)
{
    return o->device->software;
}

static bool while_hook(const struct objects *o)
{
    return software_present(software(o));
}

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    return software_instance(software(o), index, id);
}

static bool create(struct objects *o, uint16_t id)
{
    return software_create(software(o), id);
}

static bool remove_instance(struct objects *o, uint16_t id)
{
    return software_delete(software(o), id);
}

static bool read_name(struct spot *s, struct value *v)
{
    *v = value_text(software_name(software(s->o), s->instance));
    return true;
}

static bool read_version(struct spot *s, struct value *v)
{
    *v = value_text(software_version(software(s->o), s->instance));
    return true;
}

static bool may_write(const struct objects *o, uint16_t instance, const struct value *v)
{
    (void)v;
    return !object_has_instance((struct objects *)o, &object_software, instance) || software_may_write(software(o), instance);
}

static void write_package(struct spot *s, const struct value *v)
{
    if (v)
        software_write_package(software(s->o), s->instance, v->octets);
}

static bool check_uri(const struct value *v)
{
    return v->octets.len <= DOWNLOAD_URI;
}

static void write_uri(struct spot *s, const struct value *v)
{
    if (v)
        software_write_uri(software(s->o), s->instance, v->octets);
}

static bool execute_install(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return software_install(software(s->o), s->instance);
}

/* Argument 1 ("ForUpdate"): the software stays until its successor is installed. */
static bool execute_uninstall(struct spot *s, struct slice arguments)
{
    return software_uninstall(software(s->o), s->instance, slice_is(arguments, "1"));
}

static bool read_state(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, software_state(software(s->o), s->instance));
    return true;
}

static bool read_result(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, software_result(software(s->o), s->instance));
    return true;
}

static bool execute_activate(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return software_switch(software(s->o), s->instance, true);
}

static bool execute_deactivate(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return software_switch(software(s->o), s->instance, false);
}

static bool read_active(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_BOOLEAN, software_active(software(s->o), s->instance));
    return true;
}

static bool read_reason(struct spot *s, struct value *v)
{
    *v = value_text(software_reason(software(s->o), s->instance));
    return v->octets.len > 0;
}

enum { R = OPERATION_READ, W = OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_STRING, R, .read = read_name },
    { 1, VALUE_STRING, R, .read = read_version },
    { 2, VALUE_OPAQUE, W, .allowed = may_write, .write = write_package },
    { 3, VALUE_STRING, W, .check = check_uri, .allowed = may_write, .write = write_uri },
    { 4, VALUE_NONE, E, .execute = execute_install },
    { 6, VALUE_NONE, E, .execute = execute_uninstall },
    { 7, VALUE_INTEGER, R, .read = read_state },
    { 9, VALUE_INTEGER, R, .read = read_result },
    { 10, VALUE_NONE, E, .execute = execute_activate },
    { 11, VALUE_NONE, E, .execute = execute_deactivate },
    { 12, VALUE_BOOLEAN, R, .read = read_active },
    { 16, VALUE_STRING, R, .read = read_reason },
};

const struct object object_software = { .id = 9, .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_hook,
                                        .instance = next_instance, .create = create, .remove = remove_instance };
