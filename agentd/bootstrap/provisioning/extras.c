/* SPDX-License-Identifier: Apache-2.0 */
/* PXLOGICAL with PXAUTHINFO, PORT and PXPHYSICAL (ProvCont 1.1 4.7), ACCESS (4.12), CLIENTIDENTITY (4.11), the rest of BOOTSTRAP (4.5), and names of what
 * is not for this gateway. Reads only; what is kept changes nothing by itself. */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/provisioning/room.h"

/* One text parm of a characteristic and where it goes in its struct. */
struct text_row {
    enum prov_word name;
    size_t offset, cap;
    bool mandatory;
};
#define TEXT(type, parm, member, must) { parm, offsetof(struct type, member), sizeof(((struct type *)0)->member), must }

static enum error_code take_texts(struct prov_node *in, const char *where, const struct text_row *rows, size_t count, void *out, struct error *err)
{
    enum error_code rc = ERROR_NONE;
    for (size_t i = 0; !rc && i < count; i++)
        rc = field_text(&(struct field){ in, where, rows[i].name }, rows[i].mandatory, &((char *)out)[rows[i].offset], rows[i].cap, err);
    return rc;
}

/* A parm that may stand several times. */
static enum error_code take_list(struct prov_node *in, const char *where, enum prov_word name, extras_name *out, size_t *count, struct error *err)
{
    return field_texts(&(struct field){ in, where, name }, out[0], sizeof out[0], EXTRAS_LIST, count, err);
}

/* "0" or "1"; absent: 0; a parm without value is there (TRUST, MASTER): 1. */
static enum error_code take_flag(struct prov_node *in, const char *where, enum prov_word name, bool *out, struct error *err)
{
    const char *value = field_value(in, name);
    *out = value && strcmp(value, "0") != 0;
    if (!value || !value[0] || strcmp(value, "0") == 0 || strcmp(value, "1") == 0)
        return ERROR_NONE;
    return error_set(err, ERROR_INVALID, "%s: %s is neither 0 nor 1", where, prov_word_text(name));
}

static enum error_code take_ports(struct prov_node *in, struct proxy_port *ports, size_t *count, struct error *err)
{
    for (struct prov_node *n = NULL; (n = prov_characteristic(in, WORD_PORT, n));) {
        uint32_t number = 0;
        bool given = false;
        if (*count == EXTRAS_PORTS)
            return error_set(err, ERROR_TOO_LARGE, "more than %d PORT", EXTRAS_PORTS);
        struct proxy_port *p = &ports[(*count)++];
        enum error_code rc = field_number(&(struct field){ n, "PORT", WORD_PORTNBR }, UINT16_MAX, &number, &given, err);
        if (!rc && !given)
            rc = error_set(err, ERROR_INCOMPLETE, "PORT lacks PORTNBR");
        if (!rc && number == 0)
            rc = error_set(err, ERROR_INVALID, "PORT: PORTNBR is no port");
        p->number = (uint16_t)number;
        if (!rc)
            rc = take_list(n, "PORT", WORD_SERVICE, p->service, &p->services, err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

/* PXADDRTYPE says what PXADDR is: IPV4 unless told otherwise; other types (E164, ALPHA ..) are addresses of other bearers and stay as they are. */
static enum error_code check_address(struct prov_node *in, const struct proxy_physical *p, struct error *err)
{
    const char *type = prov_parm(in, WORD_PXADDRTYPE);
    struct in6_addr scratch;
    if ((!type || strcmp(type, "IPV4") == 0) && inet_pton(AF_INET, p->address, &scratch) != 1)
        return error_set(err, ERROR_INVALID, "PXPHYSICAL: PXADDR is not an IPv4 address");
    if (type && strcmp(type, "IPV6") == 0 && inet_pton(AF_INET6, p->address, &scratch) != 1)
        return error_set(err, ERROR_INVALID, "PXPHYSICAL: PXADDR is not an IPv6 address");
    return ERROR_NONE;
}

static enum error_code take_physical(struct prov_node *in, struct proxy_physical *p, struct error *err)
{
    static const struct text_row rows[] = { TEXT(proxy_physical, WORD_PHYSICAL_PROXY_ID, id, true), TEXT(proxy_physical, WORD_PXADDR, address, true),
                                            TEXT(proxy_physical, WORD_PXADDR_FQDN, fqdn, false) };
    enum error_code rc = take_texts(in, "PXPHYSICAL", rows, sizeof rows / sizeof *rows, p, err);
    if (!rc)
        rc = check_address(in, p, err);
    if (!rc)
        rc = take_list(in, "PXPHYSICAL", WORD_TO_NAPID, p->napid, &p->napids, err);
    if (!rc)
        rc = take_list(in, "PXPHYSICAL", WORD_DOMAIN, p->domain, &p->domains, err);
    if (!rc)
        rc = take_flag(in, "PXPHYSICAL", WORD_PUSHENABLED, &p->push, err);
    if (!rc)
        rc = take_flag(in, "PXPHYSICAL", WORD_PULLENABLED, &p->pull, err);
    return rc ? rc : take_ports(in, p->port, &p->ports, err);
}

static enum error_code take_proxy_auth(struct prov_node *in, struct proxy *p, struct error *err)
{
    static const struct {
        const char *name;
        enum proxy_auth auth;
    } types[] = { { "HTTP-BASIC", PROXY_AUTH_HTTP_BASIC }, { "HTTP-DIGEST", PROXY_AUTH_HTTP_DIGEST }, { "WTLS-SS", PROXY_AUTH_WTLS_SS } };
    static const struct text_row rows[] = { TEXT(proxy, WORD_PXAUTH_ID, auth_id, false), TEXT(proxy, WORD_PXAUTH_PW, auth_password, false) };
    struct prov_node *info = prov_characteristic(in, WORD_PXAUTHINFO, NULL);
    const char *type = info ? field_value(info, WORD_PXAUTH_TYPE) : NULL;
    if (!info)
        return ERROR_NONE;
    if (!type)
        return error_set(err, ERROR_INCOMPLETE, "PXAUTHINFO lacks PXAUTH-TYPE");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0)
            p->auth = types[i].auth;
    if (p->auth == PROXY_AUTH_NONE)
        return error_set(err, ERROR_INVALID, "PXAUTHINFO: PXAUTH-TYPE %.20s", type);
    return take_texts(info, "PXAUTHINFO", rows, sizeof rows / sizeof *rows, p, err);
}

static enum error_code take_flags(struct prov_node *in, struct proxy *p, struct error *err)
{
    enum error_code rc = take_flag(in, "PXLOGICAL", WORD_TRUST, &p->trust, err);
    if (!rc)
        rc = take_flag(in, "PXLOGICAL", WORD_MASTER, &p->master, err);
    if (!rc)
        rc = take_flag(in, "PXLOGICAL", WORD_PUSHENABLED, &p->push, err);
    return rc ? rc : take_flag(in, "PXLOGICAL", WORD_PULLENABLED, &p->pull, err);
}

enum error_code provisioning_proxy(struct prov_node *in, struct settings_extras *out, struct error *err)
{
    static const struct text_row rows[] = {
        TEXT(proxy, WORD_PROXY_ID, id, true),
        TEXT(proxy, WORD_NAME, name, false),
        TEXT(proxy, WORD_PROXY_PW, password, false),
        TEXT(proxy, WORD_PROXY_PROVIDER_ID, provider, false),
        TEXT(proxy, WORD_PPGAUTH_TYPE, ppg_auth, false),
        TEXT(proxy, WORD_WSP_VERSION, wsp_version, false),
        TEXT(proxy, WORD_STARTPAGE, startpage, false),
        TEXT(proxy, WORD_BASAUTH_ID, basic_id, false),
        TEXT(proxy, WORD_BASAUTH_PW, basic_password, false),
    };
    if (out->proxies == SETTINGS_PROXIES)
        return error_set(err, ERROR_TOO_LARGE, "more than %d PXLOGICAL", SETTINGS_PROXIES);
    struct proxy *p = &out->proxy[out->proxies];
    *p = (struct proxy){ .trust = false };
    enum error_code rc = take_texts(in, "PXLOGICAL", rows, sizeof rows / sizeof *rows, p, err);
    for (size_t i = 0; !rc && i < out->proxies; i++)
        if (strcmp(out->proxy[i].id, p->id) == 0)
            rc = error_set(err, ERROR_INVALID, "PROXY-ID %s stands twice", p->id);
    if (!rc)
        rc = take_flags(in, p, err);
    if (!rc)
        rc = take_list(in, "PXLOGICAL", WORD_DOMAIN, p->domain, &p->domains, err);
    if (!rc)
        rc = take_proxy_auth(in, p, err);
    if (!rc)
        rc = take_ports(in, p->port, &p->ports, err);
    for (struct prov_node *n = NULL; !rc && (n = prov_characteristic(in, WORD_PXPHYSICAL, n));) {
        if (p->physicals == sizeof p->physical / sizeof *p->physical)
            return error_set(err, ERROR_TOO_LARGE, "PXLOGICAL %s: more than %zu PXPHYSICAL", p->id, p->physicals);
        rc = take_physical(n, &p->physical[p->physicals++], err);
    }
    if (!rc)
        out->proxies++;
    return rc;
}

enum error_code provisioning_access(struct prov_node *in, struct settings_extras *out, struct error *err)
{
    if (out->accesses == SETTINGS_ACCESS)
        return error_set(err, ERROR_TOO_LARGE, "more than %d ACCESS", SETTINGS_ACCESS);
    struct access_rule *a = &out->access[out->accesses];
    struct {
        enum prov_word name;
        extras_name *list;
        size_t *count;
    } rows[] = { { WORD_RULE, a->rule, &a->rules }, { WORD_APPID, a->app, &a->apps }, { WORD_DOMAIN, a->domain, &a->domains }, { WORD_TO_NAPID, a->napid, &a->napids },
                 { WORD_TO_PROXY, a->proxy, &a->proxies }, { WORD_PORTNBR, a->port, &a->ports } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum error_code rc = take_list(in, "ACCESS", rows[i].name, rows[i].list, rows[i].count, err);
        if (rc)
            return rc;
    }
    out->accesses++;
    return ERROR_NONE;
}

enum error_code provisioning_client(struct prov_node *in, struct settings_extras *out, struct error *err)
{
    if (out->client_id[0])
        return error_set(err, ERROR_INVALID, "CLIENTIDENTITY stands twice");
    return field_text(&(struct field){ in, "CLIENTIDENTITY", WORD_CLIENT_ID }, true, out->client_id, sizeof out->client_id, err);
}

enum error_code provisioning_reach(struct prov_node *in, struct settings_extras *out, struct error *err)
{
    bool allow = true;
    enum error_code rc = field_texts(&(struct field){ in, "BOOTSTRAP", WORD_NETWORK }, out->network[0], sizeof out->network[0], EXTRAS_NETWORKS, &out->networks, err);
    for (size_t i = 0; !rc && i < out->networks; i++)
        if (!field_is_digits(out->network[i], 5, 6))
            rc = error_set(err, ERROR_INVALID, "BOOTSTRAP: NETWORK is no MCC and MNC");
    if (!rc)
        rc = field_text(&(struct field){ in, "BOOTSTRAP", WORD_COUNTRY }, false, out->country, sizeof out->country, err);
    if (!rc && out->country[0] && !country_known(out->country) && !field_is_digits(out->country, 3, 3))
        rc = error_set(err, ERROR_INVALID, "BOOTSTRAP: COUNTRY is no ISO 3166 country");
    if (!rc)
        rc = take_list(in, "BOOTSTRAP", WORD_PROXY_ID, out->proxy_id, &out->proxy_ids, err);
    if (!rc)
        rc = take_flag(in, "BOOTSTRAP", WORD_CONTEXT_ALLOW, &allow, err);
    out->closed = prov_parm(in, WORD_CONTEXT_ALLOW) && !allow;
    return rc;
}

enum error_code provisioning_named(struct prov_node *in, const char *what, enum prov_word id, struct settings_extras *out, struct error *err)
{
    if (out->nameds == SETTINGS_NAMED)
        return error_set(err, ERROR_TOO_LARGE, "more than %d APPLICATION and NAPDEF that are not for this gateway", SETTINGS_NAMED);
    struct named *n = &out->named[out->nameds];
    (void)text_copy(n->what, sizeof n->what, what);
    enum error_code rc = field_text(&(struct field){ in, what, id }, true, n->id, sizeof n->id, err);
    if (!rc)
        rc = field_text(&(struct field){ in, what, WORD_NAME }, false, n->name, sizeof n->name, err);
    if (!rc)
        out->nameds++;
    return rc;
}
