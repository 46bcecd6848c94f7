/* SPDX-License-Identifier: Apache-2.0 */
/* Strict, like the rest of the factory data. Holds no secret: an account names how its key is made, or found, inside the TRE. */
#include "bootstrap/factory/lwm2m.h"

#include <string.h>

#include "base/text.h"
#include "bootstrap/factory/sources.h"

enum { LIFETIME = 86400, LIFETIME_MIN = 60, LIFETIME_MAX = 365 * 86400, SERVER_MAX = 65534 };

static enum error_code bad(struct error *err, size_t i, const char *rule)
{
    return error_set(err, ERROR_INVALID, "factory data: \"lwm2m\" entry %zu: %s", i + 1, rule);
}

static bool known_keys(json_t *object)
{
    static const char *const known[] = { "context", "uri", "server_id", "lifetime", "endpoint", "identity", "server", "psk" };
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(key, known[i]) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return false;
    }
    return json_is_object(object);
}

/* A whole number within bounds, or absent: then `absent`. */
static bool take_number(json_t *object, const char *key, json_int_t min, json_int_t max, json_int_t absent, json_int_t *out)
{
    json_t *value = json_object_get(object, key);
    *out = value ? json_integer_value(value) : absent;
    return !value || (json_is_integer(value) && *out >= min && *out <= max);
}

/* A name, or absent: "". */
static bool take_name(json_t *object, const char *key, char *out, size_t cap)
{
    json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    out[0] = '\0';
    return !value || (text && text_is_name(text, "._:@-", cap - 1) && text_copy(out, cap, text));
}

/* psk names a key of the secret part; without it the key is derived for the server's name, which is its host unless `server` says otherwise. */
static const char *take_key(json_t *object, struct lwm2m_account *a)
{
    char psk[33], server[sizeof a->key_ref], host[256];
    uint16_t port;
    if (!take_name(object, "psk", psk, sizeof psk) || !take_name(object, "server", server, sizeof server))
        return "\"psk\" and \"server\" must be names";
    if (psk[0] && server[0])
        return "\"psk\" or \"server\", not both";
    (void)uri_split_any(a->uri, LWM2M_SECURE_SCHEMES, host, sizeof host, &port, NULL);
    a->key_from = psk[0] ? LWM2M_KEY_NAMED : LWM2M_KEY_DERIVED;
    return text_copy(a->key_ref, sizeof a->key_ref, psk[0] ? psk : server[0] ? server : host) ? NULL : "the host is too long for a name; give \"server\"";
}

/* NULL, or what is wrong. */
static const char *take_account(json_t *object, const struct factory_data *f, struct factory_lwm2m *out)
{
    struct lwm2m_account *a = &out->account;
    json_int_t server, lifetime;
    *out = (struct factory_lwm2m){ .context = "" };
    if (!known_keys(object))
        return "must be {uri; context, server_id, lifetime, endpoint, identity, server, psk} and nothing else";
    if (!factory_sources_uri(object, LWM2M_SECURE_SCHEMES, a->uri, sizeof a->uri))
        return "\"uri\" must be a coaps or coaps+tcp URL";
    if (!factory_sources_context(object, f, out->context, sizeof out->context))
        return "\"context\" must be one of contexts";
    if (!take_number(object, "server_id", 1, SERVER_MAX, 0, &server))
        return "\"server_id\" must be 1..65534, or absent for a bootstrap server";
    if (!take_number(object, "lifetime", LIFETIME_MIN, LIFETIME_MAX, LIFETIME, &lifetime) || (!server && json_object_get(object, "lifetime")))
        return "\"lifetime\" must be 60..31536000 seconds, and is for servers alone";
    if (!take_name(object, "endpoint", a->endpoint, sizeof a->endpoint) || !take_name(object, "identity", a->identity, sizeof a->identity))
        return "\"endpoint\" and \"identity\" must be names";
    a->short_server_id = (uint16_t)server;
    a->lifetime = server ? (uint32_t)lifetime : 0;
    return take_key(object, a);
}

/* What one context has must fit together: a context has one way to begin, and a server one account. */
static const char *check_others(const struct factory_data *f, const struct factory_lwm2m *last)
{
    for (size_t i = 0; i < f->accounts; i++)
        if (strcmp(f->account[i].context, last->context) == 0)
            return "its context has an OMA DM account or provurl already";
    for (const struct factory_lwm2m *o = f->lwm2m; o < last; o++)
        if (strcmp(o->context, last->context) == 0 && o->account.short_server_id == last->account.short_server_id)
            return "its context has an account of that server_id, or a bootstrap server, already";
    return NULL;
}

enum error_code factory_lwm2m_take(json_t *list, struct factory_data *out, struct error *err)
{
    if (!list)
        return ERROR_NONE;
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    if (count < 1 || count > FACTORY_LWM2MS)
        return error_set(err, ERROR_INVALID, "factory data: \"lwm2m\" must be a list of 1..%d accounts", FACTORY_LWM2MS);
    for (size_t i = 0; i < count; i++) {
        const char *wrong = take_account(json_array_get(list, i), out, &out->lwm2m[i]);
        if (!wrong)
            wrong = check_others(out, &out->lwm2m[i]);
        if (wrong)
            return bad(err, i, wrong);
        out->lwm2ms++;
    }
    return ERROR_NONE;
}
