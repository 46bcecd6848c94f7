/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from ModemManager's enums to ours. What came from the network through ModemManager is checked here before anybody uses it. */
#include "modemmanager_map.h"

#include <net/if.h>
#include <string.h>

#include "base/text.h"

struct row {
    int code;
    enum error_code ours;
    bool other_type; /* another address type may help */
};

static const struct row core_rows[] = {
    { MM_CORE_ERROR_UNAUTHORIZED, ERROR_DENIED, false },
    { MM_CORE_ERROR_WRONG_STATE, ERROR_NOT_REGISTERED, false },
    { MM_CORE_ERROR_WRONG_SIM_STATE, ERROR_SIM_LOCKED, false },
    { MM_CORE_ERROR_NOT_FOUND, ERROR_NO_MODEM, false },
    { MM_CORE_ERROR_TOO_MANY, ERROR_BUSY, false },
    { MM_CORE_ERROR_IN_PROGRESS, ERROR_BUSY, false },
    { MM_CORE_ERROR_CONNECTED, ERROR_BUSY, false },
    { MM_CORE_ERROR_UNSUPPORTED, ERROR_BEARER_REFUSED, true },
    { MM_CORE_ERROR_INVALID_ARGS, ERROR_BEARER_REFUSED, true },
    { MM_CORE_ERROR_FAILED, ERROR_BEARER_REFUSED, true },
};

/* TS 24.008 causes, as ModemManager names them. By name: the domain with its 300 codes would take 32 KiB for good. */
static const struct {
    const char *name;
    struct row row;
} network_rows[] = {
    { "MissingOrUnknownApn", { .ours = ERROR_BEARER_REFUSED } },
    { "UserAuthenticationFailed", { .ours = ERROR_BEARER_REFUSED } },
    { "PdpAuthFailure", { .ours = ERROR_BEARER_REFUSED } },
    { "ServiceOptionNotSubscribed", { .ours = ERROR_BEARER_REFUSED } },
    { "RequestedApnNotSupported", { .ours = ERROR_BEARER_REFUSED } },
    { "NoNetwork", { .ours = ERROR_NOT_REGISTERED } },
    { "RoamingNotAllowedInArea", { .ours = ERROR_NOT_REGISTERED } },
    { "NetworkTimeout", { .ours = ERROR_TIMEOUT } },
};

static const struct row bus_rows[] = {
    { G_DBUS_ERROR_SERVICE_UNKNOWN, ERROR_NO_MODEM, false }, { G_DBUS_ERROR_NAME_HAS_NO_OWNER, ERROR_NO_MODEM, false },
    { G_DBUS_ERROR_UNKNOWN_OBJECT, ERROR_NO_MODEM, false },  { G_DBUS_ERROR_UNKNOWN_METHOD, ERROR_NO_MODEM, false },
    { G_DBUS_ERROR_UNKNOWN_INTERFACE, ERROR_NO_MODEM, false }, { G_DBUS_ERROR_NO_REPLY, ERROR_TIMEOUT, false },
    { G_DBUS_ERROR_ACCESS_DENIED, ERROR_DENIED, false },
};

static const struct row *find(const struct row *rows, size_t count, int code)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

static const struct row *find_network(const GError *e)
{
    g_autofree char *name = g_dbus_error_get_remote_error(e);
    for (size_t i = 0; name && g_str_has_prefix(name, MM_MOBILE_EQUIPMENT_ERROR_DBUS_PREFIX ".") && i < G_N_ELEMENTS(network_rows); i++)
        if (strcmp(&name[sizeof MM_MOBILE_EQUIPMENT_ERROR_DBUS_PREFIX], network_rows[i].name) == 0)
            return &network_rows[i].row;
    return NULL;
}

static const struct row *row_of(const GError *e)
{
    if (e->domain == MM_CORE_ERROR)
        return find(core_rows, G_N_ELEMENTS(core_rows), e->code);
    if (e->domain == G_DBUS_ERROR)
        return find(bus_rows, G_N_ELEMENTS(bus_rows), e->code);
    return find_network(e);
}

/* Past the D-Bus name that GLib puts before a remote message. */
static const char *message_of(const GError *e)
{
    static const char remote[] = "GDBus.Error:";
    const char *colon = strncmp(e->message, remote, sizeof remote - 1) == 0 ? strstr(e->message, ": ") : NULL;
    return colon ? &colon[2] : e->message;
}

enum error_code map_error(const GError *e, enum error_code otherwise, char *text, size_t cap)
{
    const struct row *row = row_of(e);
    (void)text_copy(text, cap, message_of(e));
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
    if (g_error_matches(e, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return ERROR_TIMEOUT;
    return row ? row->ours : otherwise;
}

bool map_retry_type(const GError *e)
{
    const struct row *row = row_of(e);
    if (row)
        return row->other_type;
    g_autofree char *name = g_dbus_error_get_remote_error(e);
    return name && g_str_has_prefix(name, MM_DBUS_ERROR_PREFIX "."); /* a cause of the network that has no row */
}

enum error_code map_state(MMModemState state, const char **text)
{
    switch (state) {
    case MM_MODEM_STATE_FAILED:
    case MM_MODEM_STATE_UNKNOWN:
    case MM_MODEM_STATE_INITIALIZING:
        *text = "the modem is not usable";
        return ERROR_NO_MODEM;
    case MM_MODEM_STATE_LOCKED:
        *text = "the SIM is locked";
        return ERROR_SIM_LOCKED;
    case MM_MODEM_STATE_DISABLED:
    case MM_MODEM_STATE_DISABLING:
    case MM_MODEM_STATE_ENABLING:
        *text = "the modem is not enabled";
        return ERROR_NOT_READY;
    case MM_MODEM_STATE_ENABLED:
    case MM_MODEM_STATE_SEARCHING:
        *text = "the modem is not registered in a network";
        return ERROR_NOT_REGISTERED;
    case MM_MODEM_STATE_REGISTERED:
    case MM_MODEM_STATE_DISCONNECTING:
    case MM_MODEM_STATE_CONNECTING:
    case MM_MODEM_STATE_CONNECTED:
        break;
    }
    return ERROR_NONE;
}

static MMBearerAllowedAuth auth_of(enum napdef_auth auth)
{
    switch (auth) {
    case NAPDEF_AUTH_NONE:
        return MM_BEARER_ALLOWED_AUTH_NONE;
    case NAPDEF_AUTH_PAP:
        return MM_BEARER_ALLOWED_AUTH_PAP;
    case NAPDEF_AUTH_CHAP:
        return MM_BEARER_ALLOWED_AUTH_CHAP;
    }
    return MM_BEARER_ALLOWED_AUTH_NONE;
}

static MMBearerIpFamily family_of(enum napdef_ip type)
{
    switch (type) {
    case NAPDEF_IPV4:
        return MM_BEARER_IP_FAMILY_IPV4;
    case NAPDEF_IPV6:
        return MM_BEARER_IP_FAMILY_IPV6;
    case NAPDEF_IPV4V6:
        return MM_BEARER_IP_FAMILY_IPV4V6;
    }
    return MM_BEARER_IP_FAMILY_IPV4;
}

MMBearerProperties *map_properties(const struct napdef *napdef, enum napdef_ip type)
{
    MMBearerProperties *p = mm_bearer_properties_new();
    mm_bearer_properties_set_apn(p, napdef->apn); /* "": the default of the subscription; ModemManager refuses a bearer without the property */
    mm_bearer_properties_set_ip_type(p, family_of(type));
    mm_bearer_properties_set_allow_roaming(p, TRUE); /* policy was asked above: it does not connect where it must not */
    if (napdef->auth != NAPDEF_AUTH_NONE) {
        mm_bearer_properties_set_allowed_auth(p, auth_of(napdef->auth));
        mm_bearer_properties_set_user(p, napdef->user);
        mm_bearer_properties_set_password(p, napdef->password);
    }
    return p;
}

/* Takes what one family gave; false if it is there but makes no sense. */
static bool take_config(MMBearerIpConfig *c, uint8_t family, struct lease *out)
{
    struct ip_address a, gateway, dns;
    const char *text = mm_bearer_ip_config_get_address(c);
    guint prefix = mm_bearer_ip_config_get_prefix(c), mtu = mm_bearer_ip_config_get_mtu(c);
    if (!text || !ip_address_parse(text, &a) || a.family != family || prefix > a.prefix)
        return false;
    a.prefix = (uint8_t)prefix;
    out->address[out->addresses++] = a;
    text = mm_bearer_ip_config_get_gateway(c);
    if (text && ip_address_parse(text, &gateway) && gateway.family == family)
        out->gateway[out->gateways++] = gateway;
    const char **servers = mm_bearer_ip_config_get_dns(c);
    for (size_t i = 0; servers && servers[i]; i++)
        if (out->dns_count < LEASE_DNS && ip_address_parse(servers[i], &dns))
            out->dns[out->dns_count++] = dns;
    if (mtu >= 576 && mtu <= 65535 && (out->mtu == 0 || mtu < out->mtu))
        out->mtu = mtu;
    return true;
}

enum error_code map_lease(MMBearer *bearer, struct lease *out, const char **text)
{
    *out = (struct lease){ .bound = true };
    g_autoptr(MMBearerIpConfig) four = mm_bearer_get_ipv4_config(bearer), six = mm_bearer_get_ipv6_config(bearer);
    bool sound = true;
    if (four && mm_bearer_ip_config_get_method(four) == MM_BEARER_IP_METHOD_STATIC)
        sound = take_config(four, 4, out);
    if (six && mm_bearer_ip_config_get_method(six) == MM_BEARER_IP_METHOD_STATIC)
        sound = take_config(six, 6, out) && sound;
    if (!out->addresses) {
        *text = sound ? "ModemManager gives no static address for this modem (PPP and DHCP are not supported)"
                      : "ModemManager gives an address that is none";
        return sound ? ERROR_NOT_SUPPORTED : ERROR_PROTOCOL;
    }
    const char *interface = mm_bearer_get_interface(bearer);
    if (!interface || !text_copy(out->interface, sizeof out->interface, interface) || !text_is_name(interface, "._-", IFNAMSIZ - 1)) {
        *text = "the bearer has no network port";
        return ERROR_PROTOCOL;
    }
    return ERROR_NONE;
}
