/* SPDX-License-Identifier: Apache-2.0 */
/* Installed DM accounts: in the tree as long as they are in the store, opened by the TRE for one session at a time. */
#include "bootstrap/service/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "model/settings_octets.h"

/* Opening of an installed DM account. */
struct opening {
    struct service *service;
    char id[STORE_NAME];
    service_account_fn *fn;
    void *user;
};

enum { DM_NODE = STORE_NAME + 8 };

static void dm_node_name(const char *item_id, char out[DM_NODE])
{
    (void)snprintf(out, DM_NODE, "omadm-%s", item_id);
}

static void show_dm(struct service *s, const char *item_id, const struct dm_account *a)
{
    char name[DM_NODE];
    dm_node_name(item_id, name);
    struct node *n = tree_add(s->site->tree, TREE_ACCOUNT, name);
    node_set(n, "Protocol", "omadm");
    node_set(n, "ServerId", a->server_id);
    node_set(n, "Uri", a->uri);
    node_set(n, "Endpoint", a->client.name);
    node_set(n, "SecurityMode", dm_auth_name(a->auth));
    node_set(n, "State", "idle");
    node_set_flag(n, "Installed", true);
    node_set_number(n, "Lifetime", 0);
    node_set(n, "RegistrationId", "");
    node_set_number(n, "LastContact", 0);
    node_set_number(n, "NextContact", 0);
    service_show_error(n, NULL);
    node_publish(n);
}

void service_dm_hide_old(struct service *s)
{
    char name[DM_NODE];
    struct item_row row;
    for (struct node *n = tree_next(s->site->tree, TREE_ACCOUNT, NULL), *next; n; n = next) {
        bool stays = strcmp(node_text(n, "Protocol"), "omadm") != 0;
        next = tree_next(s->site->tree, TREE_ACCOUNT, n);
        for (size_t i = 0; !stays && store_item_at(s->site->store, "dm", false, i, &row); i++) {
            dm_node_name(row.id, name);
            stays = strcmp(name, node_id(n)) == 0;
        }
        if (!stays)
            node_remove(n);
    }
}

static void on_item_open(void *user, enum error_code status, struct slice octets)
{
    struct opening *o = user;
    struct dm_account account;
    bool ok = !status && dm_account_read(octets, &account);
    if (ok)
        show_dm(o->service, o->id, &account);
    if (o->fn)
        o->fn(o->user, ok ? ERROR_NONE : status ? status : ERROR_STORAGE, ok ? &account : NULL);
    secret_zero(&account, sizeof account);
    free(o);
}

static bool open_item(struct service *s, const struct item_row *row, service_account_fn *fn, void *user)
{
    struct opening *o = calloc(1, sizeof *o);
    if (!o || !apply_open(s->site, row->kind, row->id, on_item_open, o)) {
        free(o);
        return false;
    }
    *o = (struct opening){ .service = s, .fn = fn, .user = user };
    (void)text_copy(o->id, sizeof o->id, row->id);
    return true;
}

void service_dm_load(struct service *s)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(s->site->store, "dm", false, n, &row); n++)
        (void)open_item(s, &row, NULL, NULL);
}

void service_dm_account(struct service *s, const char *context, service_account_fn *fn, void *user)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(s->site->store, "dm", false, n, &row); n++)
        if (strcmp(row.context, context) == 0 && open_item(s, &row, fn, user))
            return;
    fn(user, ERROR_NOT_FOUND, NULL);
}

bool service_dm_find(struct service *s, struct slice server_id, struct item_row *row, void *buf, size_t cap, size_t *len)
{
    char name[256], id[STORE_NAME];
    if (server_id.len >= sizeof name)
        return false;
    memcpy(name, server_id.data, server_id.len);
    name[server_id.len] = '\0';
    for (size_t n = 0; store_item_at(s->site->store, "dm", false, n, row); n++) {
        apply_id(row->context, name, id, sizeof id); /* may be cut: whose account it is says the account, which the TRE compares */
        if (strcmp(id, row->id) == 0 && store_item_octets(s->site->store, "dm", row->id, false, buf, cap, len))
            return true;
    }
    return false;
}

void service_dm_open(struct service *s, const struct item_row *row, service_account_fn *fn, void *user)
{
    if (!open_item(s, row, fn, user))
        fn(user, ERROR_NOT_FOUND, NULL);
}

void service_dm_show(struct service *s, const struct item_row *row, const char *state, bool contact, const struct error *error)
{
    char name[DM_NODE];
    dm_node_name(row->id, name);
    struct node *n = tree_find(s->site->tree, TREE_ACCOUNT, name);
    if (!n)
        return;
    node_set(n, "State", state);
    service_show_error(n, error);
    if (contact)
        node_set_number(n, "LastContact", site_wall_clock(s->site) * 1000000);
}
