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

static struct node *show(struct tree *t, const char *id, const struct napdef *napdef, const char *backend, const char *state, const struct lease *lease)
{
    static const struct lease nothing;
    bool fresh = !tree_find(t, TREE_BEARER, id);
    struct node *n = tree_add(t, TREE_BEARER, id);
    node_set(n, "Name", napdef->name);
    node_set(n, "NapId", napdef->napid);
    node_set(n, "Apn", napdef->apn);
    node_set(n, "Auth", napdef_auth_name(napdef->auth));
    node_set(n, "User", napdef->user);
    node_set(n, "IpType", napdef_ip_name(napdef->ip_type));
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
    return n;
}

void bearer_node_show(struct tree *t, const struct plan *p, const char *backend, const char *state, const struct lease *lease)
{
    if (plan_is_set(p))
        (void)show(t, p->id, &p->napdef, backend, state, lease);
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

static bool is_plan(const struct plan *p, const struct node *n)
{
    return plan_is_set(p) && strcmp(node_id(n), p->id) == 0;
}

static bool is_installed(const struct node *n)
{
    return node_get(n, "Installed")->flag;
}

static bool is_listed(const struct node *n, const struct bearer_installed *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(node_id(n), list[i].id) == 0)
            return true;
    return false;
}

void bearer_node_install(struct tree *t, const struct bearer_installed *list, size_t count, const char *backend, const struct plan *kept, const struct plan *now)
{
    for (struct node *n = tree_next(t, TREE_BEARER, NULL); n; n = tree_next(t, TREE_BEARER, n))
        node_set_flag(n, "Installed", is_listed(n, list, count));
    for (size_t i = 0; i < count; i++) {
        struct node *n = tree_find(t, TREE_BEARER, list[i].id);
        if (!n || (!is_plan(kept, n) && !is_plan(now, n))) /* those tell their state themselves */
            n = show(t, list[i].id, list[i].napdef, backend, list[i].napdef->disabled ? "disabled" : "waiting", NULL);
        node_set_flag(n, "Installed", true);
    }
}

void bearer_node_keep(struct tree *t, const struct plan *kept, const struct plan *now)
{
    for (struct node *n = tree_next(t, TREE_BEARER, NULL); n; n = tree_next(t, TREE_BEARER, n))
        if (is_plan(kept, n))
            node_set_flag(n, "Installed", true);
        else if (!is_plan(now, n) && is_installed(n) && strcmp(node_text(n, "State"), "idle") == 0)
            node_set(n, "State", "waiting");
}

void bearer_node_prune(struct tree *t, const struct plan *kept, const struct plan *now)
{
    for (struct node *n = tree_next(t, TREE_BEARER, NULL), *next; n && plan_is_set(kept); n = next) {
        next = tree_next(t, TREE_BEARER, n);
        if (!is_plan(kept, n) && !is_plan(now, n) && !is_installed(n))
            node_remove(n);
    }
}
