/* SPDX-License-Identifier: Apache-2.0 */
/* Object 11, APN Connection Profile 1.1: the installed network access points. What a server writes is a draft (lwm2m/profiles.h) that is shown until it was tried.
 * Never shows a secret. */
#include <string.h>

#include "lwm2m/objects/objects.h"
#include "lwm2m/profiles.h"

static struct node *bearer(const struct spot *s)
{
    return places_node(&s->o->servers->profiles, s->o->device->tree, TREE_BEARER, s->instance);
}

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    return places_at(&o->servers->profiles, o->device->tree, TREE_BEARER, index, id);
}

/* What a server wrote and nobody has proved yet; NULL: nothing. */
static const struct napdef *draft(const struct spot *s)
{
    struct node *n = bearer(s);
    return n && s->o->device->profiles ? profiles_draft(s->o->device->profiles, node_id(n)) : NULL;
}

static bool put_text(const char *text, struct value *v)
{
    *v = value_text(text);
    return v->octets.len > 0;
}

static bool read_property(struct spot *s, const char *property, struct value *v)
{
    struct node *n = bearer(s);
    return put_text(n ? node_text(n, property) : "", v);
}

static bool read_name(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d && d->name[0] ? put_text(d->name, v) : read_property(s, "Name", v) || read_property(s, "NapId", v);
}

static bool read_apn(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d ? put_text(d->apn, v) : read_property(s, "Apn", v);
}

/* In use: never otherwise while it is installed, for a server can neither add one nor put one aside. */
static bool read_enabled(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_BOOLEAN, bearer(s) != NULL);
    return true;
}

/* The number that stands for the text of a property. */
struct numbered {
    const char *text;
    int64_t number;
};

static bool read_numbered(const char *text, const struct numbered *rows, size_t count, struct value *v)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].text, text) == 0) {
            *v = value_integer(VALUE_INTEGER, rows[i].number);
            return true;
        }
    return false;
}

static const struct numbered auth_rows[] = { { "pap", 0 }, { "chap", 1 }, { "none", 3 } };
static const struct numbered type_rows[] = { { "ipv4", 1 }, { "ipv6", 2 }, { "ipv4v6", 3 } };
enum { AUTHS = sizeof auth_rows / sizeof auth_rows[0], TYPES = sizeof type_rows / sizeof type_rows[0] };

static const char *property(const struct spot *s, const char *name)
{
    struct node *n = bearer(s);
    return n ? node_text(n, name) : "";
}

static bool read_auth(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return read_numbered(d ? napdef_auth_name(d->auth) : property(s, "Auth"), auth_rows, AUTHS, v);
}

static bool read_user(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d ? put_text(d->user, v) : read_property(s, "User", v);
}

static bool read_type(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return read_numbered(d ? napdef_ip_name(d->ip_type) : property(s, "IpType"), type_rows, TYPES, v);
}

/* Of the last change that a server wrote: when it was tried, and how that ended. */
static const struct profile_attempt *attempt(const struct spot *s)
{
    struct node *n = bearer(s);
    return n && s->o->device->profiles && s->index == 0 ? profiles_attempt(s->o->device->profiles, node_id(n)) : NULL;
}

static bool read_tried_at(struct spot *s, struct value *v)
{
    const struct profile_attempt *a = attempt(s);
    s->id = 0;
    *v = value_integer(VALUE_TIME, a ? (int64_t)a->at : 0);
    return a != NULL;
}

static bool read_tried_result(struct spot *s, struct value *v)
{
    const struct profile_attempt *a = attempt(s);
    s->id = 0;
    *v = value_integer(VALUE_INTEGER, a ? (int64_t)a->result : 0);
    return a != NULL;
}

/* ---- to write ---- */

static bool may_write(const struct objects *o, uint16_t instance, const struct value *v)
{
    const struct node *n = places_node(&o->servers->profiles, o->device->tree, TREE_BEARER, instance);
    (void)v;
    return n && o->device->profiles && profiles_may(o->device->profiles, o->self->short_server_id, node_id(n));
}

static bool may_enable(const struct objects *o, uint16_t instance, const struct value *v)
{
    return v->integer == 1 && may_write(o, instance, v); /* the last bearer is not put aside (DESIGN, trust rule 7) */
}

static struct napdef *edit(struct spot *s)
{
    const struct node *n = bearer(s);
    return n ? profiles_edit(s->o->device->profiles, s->o->self->short_server_id, node_id(n)) : NULL;
}

static bool is_text(const struct value *v, size_t cap)
{
    return v->octets.len < cap && !memchr(v->octets.data, 0, v->octets.len);
}

static void set_text(char *out, size_t cap, const struct value *v)
{
    memset(out, 0, cap);
    if (v && v->octets.len)
        memcpy(out, v->octets.data, v->octets.len);
}

static bool check_name(const struct value *v)
{
    return v->octets.len > 0 && is_text(v, sizeof ((struct napdef *)0)->name);
}

static void write_name(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->name, sizeof d->name, v);
}

/* TS 23.003 clause 9.1: labels of letters, digits and hyphens. */
static bool check_apn(const struct value *v)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    size_t i = 0;
    while (i < v->octets.len && v->octets.data[i] && strchr(allowed, v->octets.data[i]))
        i++;
    return v->octets.len > 0 && i == v->octets.len && is_text(v, sizeof ((struct napdef *)0)->apn);
}

static void write_apn(struct spot *s, const struct value *v)
{
    struct napdef *d = v ? edit(s) : NULL; /* a replacing Write without APN keeps it: there is no profile without one */
    if (d)
        set_text(d->apn, sizeof d->apn, v);
}

static void write_enabled(struct spot *s, const struct value *v)
{
    if (v)
        (void)edit(s); /* tried as it is */
}

static bool has_number(const struct numbered *rows, size_t count, const struct value *v)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].number == v->integer)
            return true;
    return false;
}

static bool check_auth(const struct value *v)
{
    return has_number(auth_rows, AUTHS, v); /* "PAP or CHAP" (2) is nothing that ModemManager is asked for */
}

static void write_auth(struct spot *s, const struct value *v)
{
    static const enum napdef_auth of[] = { NAPDEF_AUTH_PAP, NAPDEF_AUTH_CHAP, NAPDEF_AUTH_NONE, NAPDEF_AUTH_NONE };
    struct napdef *d = edit(s);
    if (d)
        d->auth = v ? of[v->integer] : NAPDEF_AUTH_NONE;
}

static bool check_user(const struct value *v)
{
    return is_text(v, sizeof ((struct napdef *)0)->user);
}

static void write_user(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->user, sizeof d->user, v);
}

static bool check_secret(const struct value *v)
{
    return is_text(v, sizeof ((struct napdef *)0)->password);
}

static void write_secret(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->password, sizeof d->password, v);
}

static bool check_type(const struct value *v)
{
    return has_number(type_rows, TYPES, v); /* Non-IP (0) has no session */
}

static void write_type(struct spot *s, const struct value *v)
{
    static const enum napdef_ip of[] = { NAPDEF_IPV4V6, NAPDEF_IPV4, NAPDEF_IPV6, NAPDEF_IPV4V6 };
    struct napdef *d = edit(s);
    if (d)
        d->ip_type = v ? of[v->integer] : NAPDEF_IPV4V6;
}

/* ---- of the connection ---- */

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

enum { R = OPERATION_READ, W = OPERATION_WRITE, RW = OPERATION_READ | OPERATION_WRITE };

static const struct resource resources[] = {
    { 0, VALUE_STRING, RW, .mandatory = true, .read = read_name, .check = check_name, .allowed = may_write, .write = write_name },
    { 1, VALUE_STRING, RW, .read = read_apn, .check = check_apn, .allowed = may_write, .write = write_apn },
    { 3, VALUE_BOOLEAN, RW, .read = read_enabled, .allowed = may_enable, .write = write_enabled },
    { 4, VALUE_INTEGER, RW, .mandatory = true, .read = read_auth, .check = check_auth, .allowed = may_write, .write = write_auth },
    { 5, VALUE_STRING, RW, .read = read_user, .check = check_user, .allowed = may_write, .write = write_user },
    { 6, VALUE_STRING, W, .check = check_secret, .allowed = may_write, .write = write_secret },
    { 9, VALUE_TIME, R, .multiple = true, .read = read_tried_at },
    { 10, VALUE_INTEGER, R, .multiple = true, .read = read_tried_result },
    { 15, VALUE_STRING, R, .multiple = true, .read = read_address },
    { 18, VALUE_STRING, R, .multiple = true, .read = read_gateway },
    { 19, VALUE_STRING, R, .multiple = true, .read = read_first_dns },
    { 20, VALUE_STRING, R, .multiple = true, .read = read_second_dns },
    { 24, VALUE_INTEGER, RW, .read = read_type, .check = check_type, .allowed = may_write, .write = write_type },
};

const struct object object_profile = { .id = 11, .version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0],
                                       .instance = next_instance };
