/* SPDX-License-Identifier: Apache-2.0 */
/* Objects 0 and 1 as the bootstrap server sees them (Core TS 1.1.1 appendices E.1, E.2): every resource can be written, none but those of object 1 read.
 * Optional resources that this client has no use for are taken and dropped. */
#include "lwm2m/objects/staged.h"

#include <stdlib.h>
#include <string.h>

#include "lwm2m/objects/objects.h"

/* ---- 0, Security ---- */

static struct staged_security *security_at(struct objects *o, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (o->staged->security[i].used && o->staged->security[i].id == id)
            return &o->staged->security[i];
    abort(); /* handlers are asked for instances that exist */
}

/* The index-th of ascending ids among those that `used` and `id` tell of. */
static bool nth_id(const uint16_t *ids, const bool *used, size_t index, uint16_t *id)
{
    int last = -1;
    for (size_t n = 0; n <= index; n++) {
        int next = -1;
        for (size_t i = 0; i < STAGED_MAX; i++)
            if (used[i] && ids[i] > last && (next < 0 || ids[i] < next))
                next = ids[i];
        if (next < 0)
            return false;
        last = next;
    }
    *id = (uint16_t)last;
    return true;
}

static bool security_instance(struct objects *o, size_t index, uint16_t *id)
{
    uint16_t ids[STAGED_MAX];
    bool used[STAGED_MAX];
    for (size_t i = 0; i < STAGED_MAX; i++) {
        ids[i] = o->staged->security[i].id;
        used[i] = o->staged->security[i].used;
    }
    return nth_id(ids, used, index, id);
}

static bool security_create(struct objects *o, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (!o->staged->security[i].used) {
            o->staged->security[i] = (struct staged_security){ .used = true, .id = id, .mode = SECURITY_NONE };
            return true;
        }
    return false;
}

/* The bootstrap server's own account stays (clause 6.1.7.6). */
static bool security_remove(struct objects *o, uint16_t id)
{
    struct staged_security *s = security_at(o, id);
    if (s->bootstrap)
        return false;
    *s = (struct staged_security){ .used = false };
    return true;
}

static bool check_uri(const struct value *v)
{
    return v->octets.len < sizeof((struct staged_security *)0)->uri && !memchr(v->octets.data ? (const void *)v->octets.data : "", 0, v->octets.len);
}

static void write_uri(struct spot *s, const struct value *v)
{
    struct staged_security *at = security_at(s->o, s->instance);
    memset(at->uri, 0, sizeof at->uri);
    if (v && v->octets.len)
        memcpy(at->uri, v->octets.data, v->octets.len);
}

static void write_bootstrap(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->bootstrap = v && v->integer != 0;
}

static bool check_mode(const struct value *v)
{
    return v->integer >= 0 && v->integer <= 4;
}

static void write_mode(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->mode = v ? (uint8_t)v->integer : SECURITY_NONE;
}

static void set_octets(const struct value *v, uint8_t *out, size_t *len)
{
    *len = v ? v->octets.len : 0;
    if (*len)
        memcpy(out, v->octets.data, *len);
}

static bool check_identity(const struct value *v)
{
    return v->octets.len <= sizeof((struct staged_security *)0)->identity;
}

static void write_identity(struct spot *s, const struct value *v)
{
    struct staged_security *at = security_at(s->o, s->instance);
    set_octets(v, at->identity, &at->identity_len);
}

static bool check_key(const struct value *v)
{
    return v->octets.len <= sizeof((struct staged_security *)0)->key;
}

static void write_key(struct spot *s, const struct value *v)
{
    struct staged_security *at = security_at(s->o, s->instance);
    set_octets(v, at->key, &at->key_len);
}

static bool check_short_id(const struct value *v)
{
    return v->integer > 0 && v->integer < LWM2M_NO_ID;
}

static void write_security_short_id(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->short_server_id = v ? (uint16_t)v->integer : 0;
}

static bool check_seconds(const struct value *v)
{
    return v->integer >= 0 && v->integer <= INT32_MAX;
}

static void write_hold_off(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->hold_off = v ? (uint32_t)v->integer : 0;
}

static void write_nowhere(struct spot *s, const struct value *v)
{
    (void)s;
    (void)v;
}

static const struct resource security_resources[] = {
    { 0, VALUE_STRING, 0, .mandatory = true, .check = check_uri, .write = write_uri },
    { 1, VALUE_BOOLEAN, 0, .mandatory = true, .write = write_bootstrap },
    { 2, VALUE_INTEGER, 0, .mandatory = true, .check = check_mode, .write = write_mode },
    { 3, VALUE_OPAQUE, 0, .mandatory = true, .check = check_identity, .write = write_identity },
    { 4, VALUE_OPAQUE, 0, .mandatory = true, .write = write_nowhere },
    { 5, VALUE_OPAQUE, 0, .mandatory = true, .check = check_key, .write = write_key },
    { 6, VALUE_INTEGER, 0, .write = write_nowhere },
    { 7, VALUE_OPAQUE, 0, .write = write_nowhere },
    { 8, VALUE_OPAQUE, 0, .write = write_nowhere },
    { 9, VALUE_STRING, 0, .write = write_nowhere },
    { 10, VALUE_INTEGER, 0, .check = check_short_id, .write = write_security_short_id },
    { 11, VALUE_INTEGER, 0, .check = check_seconds, .write = write_hold_off },
    { 12, VALUE_INTEGER, 0, .write = write_nowhere },
};

const struct object object_staged_security = { .id = 0, .resources = security_resources, .count = sizeof security_resources / sizeof security_resources[0],
                                               .instance = security_instance, .create = security_create, .remove = security_remove };

/* ---- 1, Server ---- */

static struct staged_server *server_at(struct objects *o, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (o->staged->server[i].used && o->staged->server[i].id == id)
            return &o->staged->server[i];
    abort();
}

static bool server_instance(struct objects *o, size_t index, uint16_t *id)
{
    uint16_t ids[STAGED_MAX];
    bool used[STAGED_MAX];
    for (size_t i = 0; i < STAGED_MAX; i++) {
        ids[i] = o->staged->server[i].id;
        used[i] = o->staged->server[i].used;
    }
    return nth_id(ids, used, index, id);
}

static bool server_create(struct objects *o, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (!o->staged->server[i].used) {
            o->staged->server[i] = (struct staged_server){ .used = true, .store = true, .id = id };
            return true;
        }
    return false;
}

static bool server_remove(struct objects *o, uint16_t id)
{
    *server_at(o, id) = (struct staged_server){ .used = false };
    return true;
}

static bool read_short_id(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, server_at(s->o, s->instance)->short_server_id);
    return true;
}

static void write_short_id(struct spot *s, const struct value *v)
{
    server_at(s->o, s->instance)->short_server_id = v ? (uint16_t)v->integer : 0;
}

static bool read_lifetime(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, server_at(s->o, s->instance)->lifetime);
    return true;
}

static bool check_lifetime(const struct value *v)
{
    return v->integer > 0 && v->integer <= INT32_MAX;
}

static void write_lifetime(struct spot *s, const struct value *v)
{
    server_at(s->o, s->instance)->lifetime = v ? (uint32_t)v->integer : 0;
}

static bool read_pmin(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, server_at(s->o, s->instance)->pmin);
    return v->integer > 0;
}

static void write_pmin(struct spot *s, const struct value *v)
{
    server_at(s->o, s->instance)->pmin = v ? (uint32_t)v->integer : 0;
}

static bool read_pmax(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, server_at(s->o, s->instance)->pmax);
    return v->integer > 0;
}

static void write_pmax(struct spot *s, const struct value *v)
{
    server_at(s->o, s->instance)->pmax = v ? (uint32_t)v->integer : 0;
}

static bool read_storing(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_BOOLEAN, server_at(s->o, s->instance)->store);
    return true;
}

static void write_storing(struct spot *s, const struct value *v)
{
    server_at(s->o, s->instance)->store = !v || v->integer != 0;
}

static bool read_binding(struct spot *s, struct value *v)
{
    *v = value_text(server_at(s->o, s->instance)->binding);
    return true;
}

static bool check_binding(const struct value *v)
{
    return v->octets.len > 0 && v->octets.len < sizeof((struct staged_server *)0)->binding;
}

static void write_binding(struct spot *s, const struct value *v)
{
    struct staged_server *at = server_at(s->o, s->instance);
    memset(at->binding, 0, sizeof at->binding);
    if (v)
        memcpy(at->binding, v->octets.data, v->octets.len);
}

enum { R = OPERATION_READ };

static const struct resource server_resources[] = {
    { 0, VALUE_INTEGER, R, .mandatory = true, .read = read_short_id, .check = check_short_id, .write = write_short_id },
    { 1, VALUE_INTEGER, R, .mandatory = true, .read = read_lifetime, .check = check_lifetime, .write = write_lifetime },
    { 2, VALUE_INTEGER, R, .read = read_pmin, .check = check_seconds, .write = write_pmin },
    { 3, VALUE_INTEGER, R, .read = read_pmax, .check = check_seconds, .write = write_pmax },
    { 5, VALUE_INTEGER, 0, .write = write_nowhere },
    { 6, VALUE_BOOLEAN, R, .mandatory = true, .read = read_storing, .write = write_storing },
    { 7, VALUE_STRING, R, .mandatory = true, .read = read_binding, .check = check_binding, .write = write_binding },
    { 10, VALUE_OBJLNK, 0, .write = write_nowhere },
    { 13, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 14, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 15, VALUE_BOOLEAN, 0, .write = write_nowhere },
    { 16, VALUE_BOOLEAN, 0, .write = write_nowhere },
    { 17, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 18, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 19, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 20, VALUE_UNSIGNED, 0, .write = write_nowhere },
    { 21, VALUE_BOOLEAN, 0, .write = write_nowhere },
    { 22, VALUE_STRING, 0, .write = write_nowhere },
    { 23, VALUE_BOOLEAN, 0, .write = write_nowhere },
};

const struct object object_staged_server = { .id = 1, .resources = server_resources, .count = sizeof server_resources / sizeof server_resources[0],
                                             .instance = server_instance, .create = server_create, .remove = server_remove };
