/* SPDX-License-Identifier: Apache-2.0 */
/* Object 1, LwM2M Server (Core TS 1.1.1 appendix E.2): what servers may know and change of the accounts. An instance an account; who may do what with
 * another's says object 2. Resources 13 to 20 are the bootstrap server's alone up to LwM2M 1.1; since 1.2 a
 * server reads them, and writes those that are about time. */
#include <stdlib.h>
#include <string.h>

#include "lwm2m/objects/objects.h"

struct server_values *server_first(const struct servers *s)
{
    struct server_values *first = NULL;
    for (size_t i = 0; i < s->count; i++) {
        struct server_values *v = s->at[i];
        uint32_t order = server_value(v, SERVER_PRIORITY, UINT32_MAX), best = first ? server_value(first, SERVER_PRIORITY, UINT32_MAX) : 0;
        if (!first || order < best || (order == best && v->short_server_id < first->short_server_id))
            first = v;
    }
    return first;
}

void servers_effect(struct servers *s, unsigned effects)
{
    for (size_t i = 0; i < s->count; i++)
        s->at[i]->effects |= effects;
}

bool servers_keep(const struct servers *s)
{
    return !s->keep || s->keep(s->user);
}

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    if (index >= o->servers->count)
        return false;
    *id = o->servers->at[index]->instance;
    return true;
}

static struct server_values *values_of(const struct objects *o, uint16_t instance)
{
    for (size_t i = 0; i < o->servers->count; i++)
        if (o->servers->at[i]->instance == instance)
            return o->servers->at[i];
    abort(); /* handlers are asked for instances that exist */
}

static struct server_values *values(const struct spot *s)
{
    return values_of(s->o, s->instance);
}

static bool read_short_id(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, values(s)->short_server_id);
    return true;
}

static bool read_lifetime(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, values(s)->lifetime);
    return true;
}

static bool check_lifetime(const struct value *v)
{
    return v->integer > 0 && v->integer <= INT32_MAX;
}

static void write_lifetime(struct spot *s, const struct value *v)
{
    struct server_values *at = values(s);
    at->lifetime = v ? (uint32_t)v->integer : at->lifetime;
    at->effects |= EFFECT_UPDATE | EFFECT_LIFETIME; /* clause 6.2.2: the new lifetime is told by an Update */
}

static bool check_period(const struct value *v)
{
    return v->integer >= 0 && v->integer <= INT32_MAX;
}

static bool check_link(const struct value *v)
{
    return v->integer >> 16 == object_profile.id; /* an APN profile */
}

/* A number or boolean whose value is kept as written. shown: what Read tells while none was; hidden: then there is none. */
static bool read_set(const struct spot *s, enum server_resource which, enum value_type type, uint32_t shown, bool hidden, struct value *v)
{
    const struct server_values *at = values(s);
    *v = value_integer(type, server_value(at, which, shown));
    return !hidden || at->set.written & 1u << which;
}

static void write_set(const struct spot *s, enum server_resource which, const struct value *v)
{
    struct server_values *at = values(s);
    at->set.written &= ~(1u << which);
    if (!v)
        return;
    at->set.written |= 1u << which;
    at->set.value[which] = (uint32_t)v->integer;
}

#define GET(name, which, type, shown, hidden)                               \
    static bool read_##name(struct spot *s, struct value *v)                \
    {                                                                       \
        return read_set(s, which, type, shown, hidden, v);                  \
    }
#define SET(name, which, type, shown, hidden)                               \
    GET(name, which, type, shown, hidden)                                   \
    static void write_##name(struct spot *s, const struct value *v)         \
    {                                                                       \
        write_set(s, which, v);                                             \
    }

SET(pmin, SERVER_PMIN, VALUE_INTEGER, 0, false)
SET(pmax, SERVER_PMAX, VALUE_INTEGER, 0, true)
SET(disable_timeout, SERVER_DISABLE_TIMEOUT, VALUE_INTEGER, DISABLE_TIMEOUT_S, false)
SET(storing, SERVER_STORING, VALUE_BOOLEAN, true, false)
SET(apn_link, SERVER_APN_LINK, VALUE_OBJLNK, 0, true)
GET(bootstrapped, SERVER_BOOTSTRAPPED, VALUE_TIME, 0, true)
GET(priority, SERVER_PRIORITY, VALUE_UNSIGNED, 0, true)
SET(initial_delay, SERVER_INITIAL_DELAY, VALUE_UNSIGNED, 0, true)
GET(failure_block, SERVER_FAILURE_BLOCK, VALUE_BOOLEAN, 0, true)
GET(bootstrap_on_failure, SERVER_BOOTSTRAP_ON_FAILURE, VALUE_BOOLEAN, 0, true)
SET(retry_count, SERVER_RETRY_COUNT, VALUE_UNSIGNED, 0, true)
SET(retry_timer, SERVER_RETRY_TIMER, VALUE_UNSIGNED, 0, true)
SET(sequence_delay, SERVER_SEQUENCE_DELAY, VALUE_UNSIGNED, 0, true)
SET(sequence_count, SERVER_SEQUENCE_COUNT, VALUE_UNSIGNED, 0, true)
SET(trigger, SERVER_TRIGGER, VALUE_BOOLEAN, true, true)
SET(mute_send, SERVER_MUTE_SEND, VALUE_BOOLEAN, true, true) /* E.2: without a value Send is off */

SET(notification_mode, SERVER_NOTIFICATION_MODE, VALUE_INTEGER, 1, true)

static bool check_mode(const struct value *v)
{
    return v->integer == 0 || v->integer == 1; /* not confirmable, confirmable */
}

static bool check_number(const struct value *v)
{
    return v->integer >= 0 && v->integer <= UINT32_MAX;
}

static bool execute_disable(struct spot *s, struct slice arguments)
{
    (void)arguments;
    values(s)->effects |= EFFECT_DISABLE;
    return true;
}

static bool read_binding(struct spot *s, struct value *v)
{
    const struct server_values *at = values(s);
    *v = value_text(at->set.binding[0] ? at->set.binding : at->stream ? "T" : "U");
    return true;
}

/* Q: queue mode, as LwM2M 1.0 writes it (TS 1.0.2 clause 5.3.1.1). */
static bool check_binding(const struct value *v)
{
    return slice_is(v->octets, "U") || slice_is(v->octets, "UQ") || slice_is(v->octets, "T") || slice_is(v->octets, "TQ");
}

/* The URI says how its server is reached. */
static bool fits_binding(const struct objects *o, uint16_t instance, const struct value *v)
{
    return v->octets.data[0] == (values_of(o, instance)->stream ? 'T' : 'U');
}

static void write_channel(const struct value *v, char out[LWM2M_CHANNEL_MAX])
{
    memset(out, 0, LWM2M_CHANNEL_MAX);
    if (v)
        memcpy(out, v->octets.data, v->octets.len);
}

static void write_binding(struct spot *s, const struct value *v)
{
    write_channel(v, values(s)->set.binding);
    values(s)->effects |= EFFECT_UPDATE | EFFECT_BINDING;
}

static bool read_preferred(struct spot *s, struct value *v)
{
    const struct server_values *at = values(s);
    *v = value_text(at->set.preferred);
    return at->set.preferred[0] != '\0';
}

static bool check_preferred(const struct value *v)
{
    return slice_is(v->octets, "U");
}

static void write_preferred(struct spot *s, const struct value *v)
{
    write_channel(v, values(s)->set.preferred);
}

static bool execute_update(struct spot *s, struct slice arguments)
{
    (void)arguments; /* clause 6.2.1.2: a binding override may be given; there is one binding */
    values(s)->effects |= EFFECT_UPDATE;
    return true;
}

static bool execute_bootstrap(struct spot *s, struct slice arguments)
{
    (void)arguments;
    return s->o->device->request_bootstrap && s->o->device->request_bootstrap(s->o->device->user, values(s)->short_server_id);
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

#define UP_TO_12                                                                                                                            \
    { 0, VALUE_INTEGER, R, .read = read_short_id },                                                                                         \
    { 1, VALUE_INTEGER, RW, .mandatory = true, .read = read_lifetime, .check = check_lifetime, .write = write_lifetime },                   \
    { 2, VALUE_INTEGER, RW, .read = read_pmin, .check = check_period, .write = write_pmin },                                                \
    { 3, VALUE_INTEGER, RW, .read = read_pmax, .check = check_period, .write = write_pmax },                                                \
    { 4, VALUE_NONE, E, .execute = execute_disable },                                                                                       \
    { 5, VALUE_INTEGER, RW, .read = read_disable_timeout, .check = check_period, .write = write_disable_timeout },                          \
    { 6, VALUE_BOOLEAN, RW, .mandatory = true, .read = read_storing, .write = write_storing },                                              \
    { 7, VALUE_STRING, RW, .mandatory = true, .read = read_binding, .check = check_binding, .fits = fits_binding, .write = write_binding },                       \
    { 8, VALUE_NONE, E, .execute = execute_update },                                                                                        \
    { 9, VALUE_NONE, E, .execute = execute_bootstrap },                                                                                     \
    { 10, VALUE_OBJLNK, RW, .read = read_apn_link, .check = check_link, .write = write_apn_link },                                          \
    { 12, VALUE_TIME, R, .read = read_bootstrapped }

#define FROM_21                                                                                                                             \
    { 21, VALUE_BOOLEAN, RW, .read = read_trigger, .write = write_trigger },                                                                \
    { 22, VALUE_STRING, RW, .read = read_preferred, .check = check_preferred, .write = write_preferred },                                   \
    { 23, VALUE_BOOLEAN, RW, .read = read_mute_send, .write = write_mute_send }

static const struct resource resources[] = { UP_TO_12, FROM_21 };

const struct object object_server = { .id = 1, .core_version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0], .kept = true,
                                      .instance = next_instance };

static const struct resource resources_1_2[] = {
    UP_TO_12,
    { 13, VALUE_UNSIGNED, R, .read = read_priority },
    { 14, VALUE_UNSIGNED, RW, .read = read_initial_delay, .check = check_number, .write = write_initial_delay },
    { 15, VALUE_BOOLEAN, R, .read = read_failure_block },
    { 16, VALUE_BOOLEAN, R, .read = read_bootstrap_on_failure },
    { 17, VALUE_UNSIGNED, RW, .read = read_retry_count, .check = check_number, .write = write_retry_count },
    { 18, VALUE_UNSIGNED, RW, .read = read_retry_timer, .check = check_number, .write = write_retry_timer },
    { 19, VALUE_UNSIGNED, RW, .read = read_sequence_delay, .check = check_number, .write = write_sequence_delay },
    { 20, VALUE_UNSIGNED, RW, .read = read_sequence_count, .check = check_number, .write = write_sequence_count },
    FROM_21,
    { 26, VALUE_INTEGER, RW, .read = read_notification_mode, .check = check_mode, .write = write_notification_mode },
};

const struct object object_server_1_2 = { .id = 1, .core_version = "1.2", .resources = resources_1_2, .count = sizeof resources_1_2 / sizeof resources_1_2[0],
                                          .kept = true, .instance = next_instance };
