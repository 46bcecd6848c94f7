/* SPDX-License-Identifier: Apache-2.0 */
/* Owns no state: what is up is bearer/'s. Promises that a bearer of the gateway's own ends its use for good. */
#include "bootstrap/way/initial_access.h"

#include <string.h>

#include "bootstrap/policy.h"

#define NODE "initial"

/* R30: a PCID is an IMSI. A card that does not tell its IMSI is none, unless every card is one. */
static bool is_pcid(const struct factory_access *a, const struct modem_facts *m)
{
    return m && strncmp(m->imsi, a->imsi, strlen(a->imsi)) == 0;
}

static bool is_only_way(const struct site *s)
{
    struct item_row row;
    return s->bearers && s->factory.initial.napdef.apn[0] && !store_item_at(s->store, "bearer", false, 0, &row) && !policy_host_leads(s);
}

bool initial_access_is_due(const struct site *s)
{
    return is_pcid(&s->factory.initial, site_modem(s)) && is_only_way(s);
}

bool initial_access_is_awaited(const struct site *s)
{
    const struct modem_facts *m = site_modem(s);
    const struct node *n = m ? tree_find(s->tree, TREE_MODEM, m->id) : NULL;
    return (!m || (!m->registered && n && strcmp(node_text(n, "Registration"), "denied") != 0)) && is_only_way(s);
}

enum error_code initial_access_check(const struct site *s, const char *uri, struct error *err)
{
    char host[256] = "";
    uint16_t port;
    const struct reach *r = &s->factory.initial.hosts;
    if (uri_split(uri, "https", host, sizeof host, &port, NULL) == ERROR_NONE && reach_allows(r, host))
        return ERROR_NONE;
    return error_set(err, ERROR_POLICY, "the initial access leads to %.80s%s alone, not to %.80s", r->host[0], r->hosts > 1 ? " and others of the factory data" : "", host);
}

void initial_access_connect(struct site *s, bearer_lease_fn *fn, void *user)
{
    const struct factory_access *a = &s->factory.initial;
    bearers_connect_limited(s->bearers, NODE, &a->napdef, &a->hosts, fn, user);
}

const struct lease *initial_access_lease(const struct site *s)
{
    return s->bearers ? bearers_limited_lease(s->bearers) : NULL;
}

void initial_access_leave(struct site *s)
{
    if (s->bearers)
        bearers_leave_limited(s->bearers);
}
