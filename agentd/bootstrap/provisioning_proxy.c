/* SPDX-License-Identifier: Apache-2.0 */
/* TO-PROXY of a w7 application (ProvCont 1.1 4.9, 4.7): the PXLOGICAL that it names as an HTTP proxy of the account. What names a proxy that cannot be used
 * refuses the document: without it the session would go another way than its author wanted. */
#include <string.h>

#include "base/text.h"
#include "bootstrap/provisioning_room.h"

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

enum error_code provisioning_way(const struct prov_node *application, const struct settings_extras *extras, struct dm_account *a, struct error *err)
{
    extras_name name[LIST];
    size_t names = 0;
    enum error_code rc = field_texts(&(struct field){ application, "APPLICATION w7", WORD_TO_PROXY }, name[0], sizeof name[0], LIST, &names, err);
    if (rc || names == 0)
        return rc;
    const struct proxy *p = proxy_of(extras, name[0]);
    if (!p)
        return error_set(err, ERROR_INCOMPLETE, "APPLICATION w7: TO-PROXY %s names no PXLOGICAL of the document", name[0]);
    a->proxy = (struct http_proxy){ .login = HTTP_PROXY_OPEN };
    rc = take_physical(p, a, err);
    return rc ? rc : take_login(p, &a->proxy, err);
}
