/* SPDX-License-Identifier: Apache-2.0 */
/* Object 25, LwM2M Gateway 2.0: the devices of the personal network behind the gateway. There is none that this client serves: no instance. */
#include "lwm2m/objects/objects.h"

static bool no_device(struct objects *o, size_t index, uint16_t *id)
{
    (void)o;
    (void)index;
    (void)id;
    return false;
}

static bool no_value(struct spot *s, struct value *v)
{
    (void)s;
    (void)v;
    return false;
}

static const struct resource resources[] = {
    { 0, VALUE_STRING, OPERATION_READ, .mandatory = true, .read = no_value },
    { 1, VALUE_STRING, OPERATION_READ, .mandatory = true, .read = no_value },
    { 3, VALUE_CORELNK, OPERATION_READ, .mandatory = true, .read = no_value },
};

const struct object object_gateway = { .id = 25, .version = "2.0", .resources = resources, .count = sizeof resources / sizeof resources[0], .instance = no_device };
