/* SPDX-License-Identifier: Apache-2.0 */
/* Objects 0 and 1 as the bootstrap server sees them (Core TS 1.1.1 appendices E.1, E.2): every resource can be written, none but those of object 1 read.
 * Optional resources that this client has no use for are taken and dropped. */
#include "lwm2m/objects/staged.h"

#include <stdlib.h>
#include <string.h>

#include "lwm2m/objects/objects.h"

enum { USAGE_DEFAULT = 3 }; /* /0/x/15: domain-issued certificate */

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
            o->staged->security[i] = (struct staged_security){ .used = true, .id = id, .mode = LWM2M_NOSEC, .usage = USAGE_DEFAULT };
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

/* Its key is that of the instance from now on. */
static struct staged_security *with_own_key(struct spot *s)
{
    struct staged_security *at = security_at(s->o, s->instance);
    at->device = false;
    at->key_from = LWM2M_KEY_OWN;
    return at;
}

static void write_mode(struct spot *s, const struct value *v)
{
    with_own_key(s)->mode = v ? (uint8_t)v->integer : LWM2M_NOSEC;
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
    struct staged_security *at = with_own_key(s);
    set_octets(v, at->identity, &at->identity_len);
}

static bool check_server_key(const struct value *v)
{
    return v->octets.len <= sizeof((struct staged_security *)0)->server;
}

static void write_server_key(struct spot *s, const struct value *v)
{
    struct staged_security *at = security_at(s->o, s->instance);
    set_octets(v, at->server, &at->server_len);
    at->selector = 0;
}

static bool check_key(const struct value *v)
{
    return v->octets.len <= sizeof((struct staged_security *)0)->key;
}

static void write_key(struct spot *s, const struct value *v)
{
    struct staged_security *at = with_own_key(s);
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

static void write_timeout(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->timeout = v ? (uint32_t)v->integer : 0;
}

static bool check_choice(const struct value *v)
{
    return v->integer >= 0 && v->integer <= 3;
}

static void write_matching(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->matching = v ? (uint8_t)v->integer : 0;
}

static void write_usage(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->usage = v ? (uint8_t)v->integer : USAGE_DEFAULT;
}

static bool check_sni(const struct value *v)
{
    return v->octets.len < sizeof((struct staged_security *)0)->sni && !(v->octets.len && memchr(v->octets.data, 0, v->octets.len));
}

static void write_sni(struct spot *s, const struct value *v)
{
    struct staged_security *at = security_at(s->o, s->instance);
    memset(at->sni, 0, sizeof at->sni);
    if (v && v->octets.len)
        memcpy(at->sni, v->octets.data, v->octets.len);
}

static void write_ciphers(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->ciphers = v != NULL;
}

static void write_oscore(struct spot *s, const struct value *v)
{
    security_at(s->o, s->instance)->oscore = v && v->integer != (int64_t)UINT32_MAX; /* 65535:65535 names none */
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
    { 4, VALUE_OPAQUE, 0, .mandatory = true, .check = check_server_key, .write = write_server_key },
    { 5, VALUE_OPAQUE, 0, .mandatory = true, .check = check_key, .write = write_key },
    { 6, VALUE_INTEGER, 0, .write = write_nowhere },
    { 7, VALUE_OPAQUE, 0, .write = write_nowhere },
    { 8, VALUE_OPAQUE, 0, .write = write_nowhere },
    { 9, VALUE_STRING, 0, .write = write_nowhere },
    { 10, VALUE_INTEGER, 0, .check = check_short_id, .write = write_security_short_id },
    { 11, VALUE_INTEGER, 0, .check = check_seconds, .write = write_hold_off },
    { 12, VALUE_INTEGER, 0, .check = check_seconds, .write = write_timeout },
    { 13, VALUE_UNSIGNED, 0, .check = check_choice, .write = write_matching },
    { 14, VALUE_STRING, 0, .check = check_sni, .write = write_sni },
    { 15, VALUE_UNSIGNED, 0, .check = check_choice, .write = write_usage },
    { 16, VALUE_UNSIGNED, 0, .multiple = true, .write = write_ciphers },
    { 17, VALUE_OBJLNK, 0, .write = write_oscore },
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
            o->staged->server[i] = (struct staged_server){ .used = true, .id = id };
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

/* Numbers and booleans are kept as written. */
static bool read_set(const struct spot *s, enum server_resource which, enum value_type type, struct value *v)
{
    const struct lwm2m_server_settings *set = &server_at(s->o, s->instance)->set;
    *v = value_integer(type, set->value[which]);
    return set->written & 1u << which;
}

static void write_set(const struct spot *s, enum server_resource which, const struct value *v)
{
    struct lwm2m_server_settings *set = &server_at(s->o, s->instance)->set;
    set->written &= ~(1u << which);
    set->written |= v ? 1u << which : 0;
    set->value[which] = v ? (uint32_t)v->integer : 0;
}

#define SET(name, which, type)                                      \
    static bool read_##name(struct spot *s, struct value *v)        \
    {                                                               \
        return read_set(s, which, type, v);                         \
    }                                                               \
    static void write_##name(struct spot *s, const struct value *v) \
    {                                                               \
        write_set(s, which, v);                                     \
    }

SET(pmin, SERVER_PMIN, VALUE_INTEGER)
SET(pmax, SERVER_PMAX, VALUE_INTEGER)
SET(disable_timeout, SERVER_DISABLE_TIMEOUT, VALUE_INTEGER)
SET(apn_link, SERVER_APN_LINK, VALUE_OBJLNK)
SET(priority, SERVER_PRIORITY, VALUE_UNSIGNED)
SET(initial_delay, SERVER_INITIAL_DELAY, VALUE_UNSIGNED)
SET(failure_block, SERVER_FAILURE_BLOCK, VALUE_BOOLEAN)
SET(bootstrap_on_failure, SERVER_BOOTSTRAP_ON_FAILURE, VALUE_BOOLEAN)
SET(retry_count, SERVER_RETRY_COUNT, VALUE_UNSIGNED)
SET(retry_timer, SERVER_RETRY_TIMER, VALUE_UNSIGNED)
SET(sequence_delay, SERVER_SEQUENCE_DELAY, VALUE_UNSIGNED)
SET(sequence_count, SERVER_SEQUENCE_COUNT, VALUE_UNSIGNED)
SET(trigger, SERVER_TRIGGER, VALUE_BOOLEAN)
SET(mute_send, SERVER_MUTE_SEND, VALUE_BOOLEAN)
SET(notification_mode, SERVER_NOTIFICATION_MODE, VALUE_INTEGER)

static bool check_notification_mode(const struct value *v)
{
    return v->integer == 0 || v->integer == 1;
}

static bool read_storing(struct spot *s, struct value *v)
{
    if (!read_set(s, SERVER_STORING, VALUE_BOOLEAN, v))
        *v = value_integer(VALUE_BOOLEAN, true);
    return true;
}

static void write_storing(struct spot *s, const struct value *v)
{
    write_set(s, SERVER_STORING, v);
}

static bool check_number(const struct value *v)
{
    return v->integer >= 0 && v->integer <= UINT32_MAX;
}

static bool check_channel(const struct value *v)
{
    return v->octets.len > 0 && v->octets.len < LWM2M_CHANNEL_MAX;
}

static void write_channel(const struct value *v, char out[LWM2M_CHANNEL_MAX])
{
    memset(out, 0, LWM2M_CHANNEL_MAX);
    if (v)
        memcpy(out, v->octets.data, v->octets.len);
}

static bool read_binding(struct spot *s, struct value *v)
{
    *v = value_text(server_at(s->o, s->instance)->set.binding);
    return true;
}

static void write_binding(struct spot *s, const struct value *v)
{
    write_channel(v, server_at(s->o, s->instance)->set.binding);
}

static bool read_preferred(struct spot *s, struct value *v)
{
    *v = value_text(server_at(s->o, s->instance)->set.preferred);
    return v->octets.len > 0;
}

static void write_preferred(struct spot *s, const struct value *v)
{
    write_channel(v, server_at(s->o, s->instance)->set.preferred);
}

enum { R = OPERATION_READ };

static const struct resource server_resources[] = {
    { 0, VALUE_INTEGER, R, .mandatory = true, .read = read_short_id, .check = check_short_id, .write = write_short_id },
    { 1, VALUE_INTEGER, R, .mandatory = true, .read = read_lifetime, .check = check_lifetime, .write = write_lifetime },
    { 2, VALUE_INTEGER, R, .read = read_pmin, .check = check_seconds, .write = write_pmin },
    { 3, VALUE_INTEGER, R, .read = read_pmax, .check = check_seconds, .write = write_pmax },
    { 5, VALUE_INTEGER, R, .read = read_disable_timeout, .check = check_seconds, .write = write_disable_timeout },
    { 6, VALUE_BOOLEAN, R, .mandatory = true, .read = read_storing, .write = write_storing },
    { 7, VALUE_STRING, R, .mandatory = true, .read = read_binding, .check = check_channel, .write = write_binding },
    { 10, VALUE_OBJLNK, R, .read = read_apn_link, .write = write_apn_link },
    { 13, VALUE_UNSIGNED, R, .read = read_priority, .check = check_number, .write = write_priority },
    { 14, VALUE_UNSIGNED, R, .read = read_initial_delay, .check = check_number, .write = write_initial_delay },
    { 15, VALUE_BOOLEAN, R, .read = read_failure_block, .write = write_failure_block },
    { 16, VALUE_BOOLEAN, R, .read = read_bootstrap_on_failure, .write = write_bootstrap_on_failure },
    { 17, VALUE_UNSIGNED, R, .read = read_retry_count, .check = check_number, .write = write_retry_count },
    { 18, VALUE_UNSIGNED, R, .read = read_retry_timer, .check = check_number, .write = write_retry_timer },
    { 19, VALUE_UNSIGNED, R, .read = read_sequence_delay, .check = check_number, .write = write_sequence_delay },
    { 20, VALUE_UNSIGNED, R, .read = read_sequence_count, .check = check_number, .write = write_sequence_count },
    { 21, VALUE_BOOLEAN, R, .read = read_trigger, .write = write_trigger },
    { 22, VALUE_STRING, R, .read = read_preferred, .check = check_channel, .write = write_preferred },
    { 23, VALUE_BOOLEAN, R, .read = read_mute_send, .write = write_mute_send },
    { 26, VALUE_INTEGER, R, .read = read_notification_mode, .check = check_notification_mode, .write = write_notification_mode },
};

const struct object object_staged_server = { .id = 1, .core_version = "1.2", .resources = server_resources, .count = sizeof server_resources / sizeof server_resources[0],
                                             .instance = server_instance, .create = server_create, .remove = server_remove };
