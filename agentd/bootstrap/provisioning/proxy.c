/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a w7 application: TO-PROXY (ProvCont 1.1 4.9, 4.7), the PXLOGICAL that it names as an HTTP proxy of the account; for an account that names neither
 * proxy nor access point, the first rule of ACCESS that fits it. What names a proxy that cannot be used refuses the document: without it the session would
 * go another way than its author wanted. A proxy that nobody names is never used, default of the document or not. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "bootstrap/provisioning/room.h"

enum { LIST = EXTRAS_LIST };

static const struct proxy *proxy_of(const struct settings_extras *x, const char *id)
{
    for (size_t i = 0; i < x->proxies; i++)
        if (strcmp(x->proxy[i].id, id) == 0)
            return &x->proxy[i];
    return NULL;
}

/* SERVICE names what a port is for: WSP, WTA and OTA are not HTTP (ProvCont 4.7.3); a port without says nothing, as one of an HTTP proxy does. */
static uint16_t port_for_http(const struct proxy_port *port, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (port[i].services == 0)
            return port[i].number;
    return 0;
}

static enum error_code take_login(const struct proxy *p, struct http_proxy *out, struct error *err)
{
    switch (p->auth) {
    case PROXY_AUTH_NONE:
        return ERROR_NONE;
    case PROXY_AUTH_HTTP_BASIC:
        out->login = HTTP_PROXY_BASIC;
        break;
    case PROXY_AUTH_HTTP_DIGEST:
        out->login = HTTP_PROXY_DIGEST;
        break;
    case PROXY_AUTH_WTLS_SS:
        return error_set(err, ERROR_NOT_SUPPORTED, "PXLOGICAL %s: PXAUTH-TYPE WTLS-SS is not that of an HTTP proxy", p->id);
    }
    if (!p->auth_id[0] || strchr(p->auth_id, ':')) /* RFC 7617 section 2 */
        return error_set(err, ERROR_INVALID, "PXLOGICAL %s: PXAUTHINFO needs a PXAUTH-ID without a colon", p->id);
    (void)text_copy(out->user, sizeof out->user, p->auth_id);
    (void)text_copy(out->password, sizeof out->password, p->auth_password);
    return ERROR_NONE;
}

static bool is_host(const char *text)
{
    struct ip_address literal;
    return ip_address_parse(text, &literal) || text_is_name(text, ".-", 127);
}

/* The first PXPHYSICAL: its address (a name only as PXADDR-FQDN, or where PXADDR is none), its port or the logical one's, its NAPDEFs. */
static enum error_code take_physical(const struct proxy *p, struct dm_account *a, struct error *err)
{
    const struct proxy_physical *x = &p->physical[0];
    uint16_t port = port_for_http(x->port, x->ports);
    if (p->physicals == 0)
        return error_set(err, ERROR_INCOMPLETE, "PXLOGICAL %s has no PXPHYSICAL", p->id);
    if (!port && x->ports == 0)
        port = port_for_http(p->port, p->ports);
    if (!port)
        return error_set(err, ERROR_INCOMPLETE, "PXLOGICAL %s has no PORT for HTTP (PORTNBR without SERVICE)", p->id);
    a->proxy.port = port;
    if (!is_host(x->address) || !text_copy(a->proxy.host, sizeof a->proxy.host, x->address))
        return error_set(err, ERROR_NOT_SUPPORTED, "PXPHYSICAL %s: its PXADDR is no address or name of an IP network", x->id);
    if (x->napids) { /* the way to the proxy is the way to the server */
        a->napids = x->napids;
        memcpy(a->napid, x->napid, sizeof x->napid);
    }
    return ERROR_NONE;
}

static enum error_code use_proxy(const struct settings_extras *x, const char *where, const char *id, struct dm_account *a, struct error *err)
{
    const struct proxy *p = proxy_of(x, id);
    if (!p)
        return error_set(err, ERROR_INCOMPLETE, "%s: TO-PROXY %s names no PXLOGICAL of the document", where, id);
    a->proxy = (struct http_proxy){ .login = HTTP_PROXY_OPEN };
    enum error_code rc = take_physical(p, a, err);
    return rc ? rc : take_login(p, &a->proxy, err);
}

/* --- ACCESS --- */

/* example.net is the domain of itself and of dm.example.net. */
static bool in_domain(const char *host, const char *domain)
{
    size_t len = strlen(host), tail = strlen(domain);
    return len >= tail && strcasecmp(&host[len - tail], domain) == 0 && (len == tail || host[len - tail - 1] == '.');
}

/* Of each kind that the rule names one must fit; a kind that it does not name fits always. RULE is a name for people. */
static bool rule_fits(const struct access_rule *r, const char *host, uint16_t port)
{
    bool app = r->apps == 0, at = r->ports == 0, domain = r->domains == 0;
    char number[8];
    (void)snprintf(number, sizeof number, "%u", (unsigned)port);
    for (size_t i = 0; i < r->apps; i++)
        app = app || strcmp(r->app[i], "w7") == 0;
    for (size_t i = 0; i < r->ports; i++)
        at = at || strcmp(r->port[i], number) == 0;
    for (size_t i = 0; i < r->domains; i++)
        domain = domain || in_domain(host, r->domain[i]);
    return app && at && domain;
}

static enum error_code use_naps(const struct settings *s, const struct access_rule *r, struct dm_account *a, struct error *err)
{
    for (size_t i = 0; i < r->napids; i++)
        if (strcmp(r->napid[i], "INTERNET") != 0 && !settings_napdef(s, r->napid[i]))
            return error_set(err, ERROR_INCOMPLETE, "ACCESS: TO-NAPID %s names no NAPDEF of the document", r->napid[i]);
    a->napids = r->napids;
    memcpy(a->napid, r->napid, sizeof r->napid);
    return ERROR_NONE;
}

enum error_code provisioning_rule(const struct settings *s, struct dm_account *a, struct error *err)
{
    char host[256];
    uint16_t port;
    enum error_code rc = s->extras.accesses ? uri_split(a->uri, "https", host, sizeof host, &port, err) : ERROR_NONE;
    for (size_t i = 0; !rc && i < s->extras.accesses; i++) {
        const struct access_rule *r = &s->extras.access[i];
        if ((!r->napids && !r->proxies) || !rule_fits(r, host, port))
            continue;
        rc = use_naps(s, r, a, err);
        return rc || !r->proxies ? rc : use_proxy(&s->extras, "ACCESS", r->proxy[0], a, err);
    }
    return rc;
}

enum error_code provisioning_way(struct prov_node *application, const struct settings *s, struct dm_account *a, struct error *err)
{
    extras_name name[LIST];
    size_t names = 0;
    enum error_code rc = field_texts(&(struct field){ application, "APPLICATION w7", WORD_TO_PROXY }, name[0], sizeof name[0], LIST, &names, err);
    if (rc)
        return rc;
    struct prov_node *more = prov_parm_next(application, WORD_TO_PROXY, NULL);
    while (more && (more = prov_parm_next(application, WORD_TO_PROXY, more)))
        more->taken = false; /* only the first is used */
    if (names)
        return use_proxy(&s->extras, "APPLICATION w7", name[0], a, err);
    return a->napids ? ERROR_NONE : provisioning_rule(s, a, err);
}
