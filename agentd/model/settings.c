/* SPDX-License-Identifier: Apache-2.0 */
/* Life of settings and names of their enums. */
#include "model/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

struct settings *settings_new(void)
{
    return secret_pages_new(sizeof(struct settings));
}

struct access_rights *settings_rights(struct settings *s)
{
    if (!s->rights && !(s->rights = calloc(1, sizeof *s->rights)))
        abort();
    return s->rights;
}

static void drop_rights(struct settings *s)
{
    free(s->rights);
    s->rights = NULL;
}

void settings_free(struct settings *s)
{
    if (s)
        drop_rights(s);
    secret_pages_free(s, sizeof *s);
}

bool settings_is_bearer_only(const struct settings *s)
{
    return s->napdefs > 0 && s->dms == 0 && s->lwm2ms == 0;
}

void settings_clear(struct settings *s)
{
    struct settings_origin *o = &s->origin;
    o->signer[0] = o->issuer[0] = o->id[0] = o->subject[0] = o->next[0] = '\0';
    o->seq = o->issued = o->expires = 0;
    s->provurl[0] = s->bootstrap_name[0] = s->context[0] = '\0';
    s->beyond[0] = '\0';
    s->by_tree = s->renew = false;
    s->napdefs = s->dms = s->lwm2ms = 0;
    drop_rights(s);
    s->leftover.len = 0;
    struct settings_extras *x = &s->extras;
    x->country[0] = x->client_id[0] = '\0';
    x->closed = false;
    x->networks = x->proxy_ids = x->proxies = x->accesses = x->nameds = 0;
}

const struct napdef *settings_napdef(const struct settings *s, const char *napid)
{
    for (size_t i = 0; napid[0] && i < s->napdefs; i++)
        if (strcmp(s->napdef[i].napid, napid) == 0)
            return &s->napdef[i];
    return NULL;
}

bool settings_names(const struct dm_account *a, const struct napdef *n)
{
    bool named = a->napids == 0;
    for (size_t i = 0; i < a->napids; i++)
        named |= strcmp(a->napid[i], n->napid) == 0 || (n->internet && strcmp(a->napid[i], "INTERNET") == 0);
    return named;
}

const struct napdef *settings_way(const struct settings *s, const struct dm_account *a, const char *plmn, int64_t now, uint32_t except, bool *named)
{
    const struct napdef *best = NULL;
    enum napdef_fit best_fit = NAPDEF_UNFIT;
    *named = false;
    for (size_t i = 0; i < s->napdefs; i++) {
        if (a && !settings_names(a, &s->napdef[i]))
            continue;
        enum napdef_fit fit = napdef_fit(&s->napdef[i], plmn, now);
        *named = true;
        if (fit > best_fit && !(except & 1U << i)) {
            best = &s->napdef[i];
            best_fit = fit;
        }
    }
    return best;
}

const char *dm_auth_name(enum dm_auth a)
{
    switch (a) {
    case DM_AUTH_BASIC:
        return "basic";
    case DM_AUTH_MD5:
        return "md5";
    case DM_AUTH_HMAC:
        return "hmac";
    }
    return "md5";
}

const char *lwm2m_mode_name(uint8_t mode)
{
    static const char *const names[] = { [LWM2M_PSK] = "psk", [LWM2M_RPK] = "rpk", [LWM2M_X509] = "x509", [LWM2M_NOSEC] = "nosec", [LWM2M_EST] = "est" };
    return mode < sizeof names / sizeof *names ? names[mode] : "";
}

static uint16_t default_port(const char *scheme)
{
    if (strcmp(scheme, "https") == 0)
        return 443;
    return strncmp(scheme, "coaps", 5) == 0 ? 5684 : 5683; /* RFC 7252 clause 12.7, RFC 8323 clause 8: the same over TCP */
}

/* RFC 3986 3.2 authority without user information; an IPv6 literal stands in brackets. */
enum error_code uri_split(const char *uri, const char *scheme, char *host, size_t host_cap, uint16_t *port, struct error *err)
{
    size_t n = strlen(scheme);
    if (strncmp(uri, scheme, n) != 0 || strncmp(&uri[n], "://", 3) != 0)
        return error_set(err, ERROR_INVALID, "URI must begin with %s://", scheme);
    bool literal = uri[n + 3] == '[';
    const char *at = &uri[n + 3 + (literal ? 1 : 0)];
    size_t len = strcspn(at, literal ? "]@/?#" : ":@/?#");
    if (len == 0 || len >= host_cap || at[len] == '@' || (literal && at[len] != ']'))
        return error_set(err, ERROR_INVALID, "URI has no usable host");
    memcpy(host, at, len);
    host[len] = '\0';
    at = &at[len + (literal ? 1 : 0)];
    size_t rest = *at == '/' ? 0 : strcspn(at, "/?#");
    uint64_t value = rest ? 0 : default_port(scheme);
    if (rest && (*at != ':' || !text_decimal((struct slice){ (const uint8_t *)at + 1, rest - 1 }, UINT16_MAX, &value) || value == 0))
        return error_set(err, ERROR_INVALID, "URI has a bad port");
    *port = (uint16_t)value;
    return ERROR_NONE;
}

enum error_code uri_split_any(const char *uri, const char *schemes, char *host, size_t host_cap, uint16_t *port, struct error *err)
{
    size_t own = strcspn(uri, ":");
    char scheme[16];
    for (const char *at = schemes; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == own && n < sizeof scheme && strncmp(at, uri, n) == 0) {
            memcpy(scheme, at, n);
            scheme[n] = '\0';
            return uri_split(uri, scheme, host, host_cap, port, err);
        }
        at += n;
    }
    return error_set(err, ERROR_INVALID, "URI must be of one of the schemes %s", schemes);
}
