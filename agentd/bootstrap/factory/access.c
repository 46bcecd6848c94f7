/* SPDX-License-Identifier: Apache-2.0 */
/* Strict, like the rest of the factory data. Holds no secret: the network knows a PCID by its card (TR 33.812, 5.2.2.6.1 steps 1 to 4). */
#include "bootstrap/factory/access.h"

#include <string.h>

#include "base/text.h"

enum { APN_MAX = 100, DIGITS_MIN = 5 /* MCC and MNC */, DIGITS_MAX = 15 };

static enum error_code bad(struct error *err, const char *rule)
{
    return error_set(err, ERROR_INVALID, "factory data: \"initial_access\" must be {pcid, apn, hosts; ip}: %s", rule);
}

static bool only_known(json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
        if (strcmp(key, "pcid") != 0 && strcmp(key, "apn") != 0 && strcmp(key, "hosts") != 0 && strcmp(key, "ip") != 0)
            return false;
    return json_is_object(object);
}

/* "card": whatever card is there. Else how its IMSI begins. */
static bool take_pcid(json_t *value, struct factory_access *out)
{
    const char *text = json_string_value(value);
    size_t len = text ? strlen(text) : 0;
    if (text && strcmp(text, "card") == 0)
        return true;
    return len >= DIGITS_MIN && len <= DIGITS_MAX && strspn(text, "0123456789") == len && text_copy(out->imsi, sizeof out->imsi, text);
}

static bool take_ip(json_t *value, enum napdef_ip *out)
{
    const char *text = json_string_value(value);
    *out = NAPDEF_IPV4V6;
    return text ? napdef_ip_from_name(text, out) : !value;
}

static bool take_hosts(json_t *list, struct reach *out)
{
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    struct ip_address a;
    for (size_t i = 0; count <= REACH_HOSTS && i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || reach_allows(out, text) || (!text_is_name(text, ".-", REACH_HOST - 1) && !ip_address_parse(text, &a)))
            return false;
        (void)text_copy(out->host[out->hosts++], REACH_HOST, text);
    }
    return count >= 1 && count <= REACH_HOSTS;
}

enum error_code factory_access_take(json_t *object, struct factory_data *out, struct error *err)
{
    struct factory_access *a = &out->initial;
    const char *apn = json_string_value(json_object_get(object, "apn"));
    if (!object)
        return ERROR_NONE;
    if (!only_known(object))
        return bad(err, "another key");
    if (!take_pcid(json_object_get(object, "pcid"), a))
        return bad(err, "pcid is \"card\", or the first 5 to 15 digits of its IMSI");
    if (!apn || !text_is_name(apn, ".-_", APN_MAX))
        return bad(err, "apn is the name of an access point");
    if (!take_hosts(json_object_get(object, "hosts"), &a->hosts))
        return bad(err, "hosts are 1 to 8 names or addresses, each once");
    if (!take_ip(json_object_get(object, "ip"), &a->napdef.ip_type))
        return bad(err, "ip is ipv4, ipv6 or ipv4v6");
    (void)text_copy(a->napdef.napid, sizeof a->napdef.napid, "initial");
    (void)text_copy(a->napdef.name, sizeof a->napdef.name, "Initial access");
    (void)text_copy(a->napdef.apn, sizeof a->napdef.apn, apn);
    return ERROR_NONE;
}
