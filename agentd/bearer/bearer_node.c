/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees of bearers. Never shows a password. */
#include "bearer/bearer_node.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESS_TEXT = 64 };

static void show_addresses(struct node *n, const char *property, const struct ip_address *list, size_t count, bool with_prefix)
{
    char text[LEASE_ADDRESSES][ADDRESS_TEXT];
    const char *texts[LEASE_ADDRESSES];
    for (size_t i = 0; i < count && i < LEASE_ADDRESSES; i++)
        texts[i] = ip_address_text(&list[i], with_prefix, text[i], ADDRESS_TEXT);
    node_set_texts(n, property, texts, count < LEASE_ADDRESSES ? count : LEASE_ADDRESSES);
}

static void show_lease(struct node *n, const struct lease *l)
{
    char gateway[ADDRESS_TEXT] = "";
    if (l->gateways)
        (void)ip_address_text(&l->gateway[0], false, gateway, sizeof gateway);
    node_set(n, "Interface", l->interface);
    show_addresses(n, "Addresses", l->address, l->addresses, true);
    node_set(n, "Gateway", gateway);
    show_addresses(n, "Dns", l->dns, l->dns_count, false);
    node_set_number(n, "Mtu", l->mtu);
}

void bearer_node_show(struct tree *t, const struct plan *p, const char *backend, const char *state, const struct lease *lease)
{
    static const struct lease nothing;
    if (!plan_is_set(p))
        return;
    bool fresh = !tree_find(t, TREE_BEARER, p->id);
    struct node *n = tree_add(t, TREE_BEARER, p->id);
    node_set(n, "Name", p->napdef.name);
    node_set(n, "NapId", p->napdef.napid);
    node_set(n, "Apn", p->napdef.apn);
    node_set(n, "Auth", napdef_auth_name(p->napdef.auth));
    node_set(n, "User", p->napdef.user);
    node_set(n, "IpType", napdef_ip_name(p->napdef.ip_type));
    node_set(n, "State", state);
    node_set(n, "Backend", backend);
    show_lease(n, lease ? lease : &nothing);
    if (fresh) {
        node_set_flag(n, "Installed", false);
        node_set_texts(n, "Hosts", NULL, 0);
        node_set(n, "LastError", "");
        node_set(n, "LastErrorText", "");
        node_publish(n);
    }
}

void bearer_node_hosts(struct tree *t, const struct plan *p, const struct reach *r)
{
    struct node *n = tree_find(t, TREE_BEARER, p->id);
    const char *hosts[REACH_HOSTS];
    for (size_t i = 0; i < r->hosts; i++)
        hosts[i] = r->host[i];
    if (n)
        node_set_texts(n, "Hosts", hosts, r->hosts);
}

void bearer_node_error(struct tree *t, const struct plan *p, enum error_code status, const char *text)
{
    struct node *n = tree_find(t, TREE_BEARER, p->id);
    if (!n)
        return;
    node_set(n, "LastError", status ? error_name(status) : "");
    node_set(n, "LastErrorText", status ? text : "");
}

void bearer_node_keep(struct tree *t, const struct plan *kept)
{
    for (struct node *n = tree_next(t, TREE_BEARER, NULL); n; n = tree_next(t, TREE_BEARER, n))
        node_set_flag(n, "Installed", plan_is_set(kept) && strcmp(node_id(n), kept->id) == 0);
}

void bearer_node_prune(struct tree *t, const struct plan *kept, const struct plan *now)
{
    for (struct node *n = tree_next(t, TREE_BEARER, NULL), *next; n && plan_is_set(kept); n = next) {
        next = tree_next(t, TREE_BEARER, n);
        if (strcmp(node_id(n), kept->id) != 0 && strcmp(node_id(n), now->id) != 0)
            node_remove(n);
    }
}
