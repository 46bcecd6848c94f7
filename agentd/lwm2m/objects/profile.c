/* SPDX-License-Identifier: Apache-2.0 */
/* Object 11, APN Connection Profile 1.1: the installed network access points, to read. Never shows a secret. */
#include <string.h>

#include "lwm2m/objects/objects.h"

static struct node *bearer(const struct spot *s)
{
    return places_node(&s->o->servers->profiles, s->o->device->tree, TREE_BEARER, s->instance);
}

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    return places_at(&o->servers->profiles, o->device->tree, TREE_BEARER, index, id);
}

static bool read_property(struct spot *s, const char *property, struct value *v)
{
    struct node *n = bearer(s);
    *v = value_text(n ? node_text(n, property) : "");
    return v->octets.len > 0;
}

static bool read_name(struct spot *s, struct value *v)
{
    return read_property(s, "Name", v) || read_property(s, "NapId", v);
}

static bool read_apn(struct spot *s, struct value *v)
{
    return read_property(s, "Apn", v);
}

/* The number that stands for the text of a property. */
struct numbered {
    const char *text;
    int64_t number;
};

static bool read_numbered(struct spot *s, const char *property, const struct numbered *rows, size_t count, struct value *v)
{
    struct node *n = bearer(s);
    for (size_t i = 0; n && i < count; i++)
        if (strcmp(rows[i].text, node_text(n, property)) == 0) {
            *v = value_integer(VALUE_INTEGER, rows[i].number);
            return true;
        }
    return false;
}

static bool read_auth(struct spot *s, struct value *v)
{
    static const struct numbered rows[] = { { "pap", 0 }, { "chap", 1 }, { "none", 3 } };
    return read_numbered(s, "Auth", rows, sizeof rows / sizeof rows[0], v);
}

static bool read_user(struct spot *s, struct value *v)
{
    return read_property(s, "User", v);
}

static bool read_type(struct spot *s, struct value *v)
{
    static const struct numbered rows[] = { { "ipv4", 1 }, { "ipv6", 2 }, { "ipv4v6", 3 } };
    return read_numbered(s, "IpType", rows, sizeof rows / sizeof rows[0], v);
}

static bool read_address(struct spot *s, struct value *v)
{
    s->id = (uint16_t)s->index;
    return bearer_address(bearer(s), "Addresses", s->index, v);
}

static bool read_gateway(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && read_property(s, "Gateway", v);
}

static bool read_first_dns(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && bearer_address(bearer(s), "Dns", 0, v);
}

static bool read_second_dns(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && bearer_address(bearer(s), "Dns", 1, v);
}

enum { R = OPERATION_READ };

static const struct resource resources[] = {
    { 0, VALUE_STRING, R, .mandatory = true, .read = read_name },
    { 1, VALUE_STRING, R, .read = read_apn },
    { 4, VALUE_INTEGER, R, .mandatory = true, .read = read_auth },
    { 5, VALUE_STRING, R, .read = read_user },
    { 15, VALUE_STRING, R, .multiple = true, .read = read_address },
    { 18, VALUE_STRING, R, .multiple = true, .read = read_gateway },
    { 19, VALUE_STRING, R, .multiple = true, .read = read_first_dns },
    { 20, VALUE_STRING, R, .multiple = true, .read = read_second_dns },
    { 24, VALUE_INTEGER, R, .read = read_type },
};

const struct object object_profile = { .id = 11, .version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0],
                                       .instance = next_instance };
