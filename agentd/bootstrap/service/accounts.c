/* SPDX-License-Identifier: Apache-2.0 */
/* One account is added at a time: checked, sealed by the TRE, stored in one transaction, then loaded like all others. */
#include "bootstrap/service/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/service/room.h"
#include "model/tre_wire.h"

enum { LIFETIME_S = 86400, KEY_MIN = 16, LAST_ID = 65534 };

struct accounts {
    struct site *site;
    struct service *service;
    struct settings *adding; /* NULL: nothing is being added */
    struct apply *apply;
    accounts_added_fn *fn;
    void *user;
};

/* ---- what a file says ---- */

static bool take_number(struct slice value, uint64_t max, uint64_t *out)
{
    return text_decimal(value, max, out) && *out > 0;
}

static bool take_text(struct slice value, char *out, size_t cap)
{
    if (value.len == 0 || value.len >= cap || memchr(value.data, 0, value.len))
        return false;
    memcpy(out, value.data, value.len);
    out[value.len] = '\0';
    return true;
}

static bool take_field(struct lwm2m_account *a, struct slice key, struct slice value)
{
    uint64_t n = 0;
    if (slice_is(key, "uri"))
        return take_text(value, a->uri, sizeof a->uri);
    if (slice_is(key, "identity"))
        return take_text(value, a->identity, sizeof a->identity);
    if (slice_is(key, "endpoint"))
        return take_text(value, a->endpoint, sizeof a->endpoint);
    if (slice_is(key, "key"))
        return text_hex_decode(value, a->key, sizeof a->key, &a->key_len) && a->key_len >= KEY_MIN;
    if (slice_is(key, "server-id")) {
        bool fine = take_number(value, LAST_ID, &n);
        a->short_server_id = (uint16_t)n;
        return fine;
    }
    bool fine = slice_is(key, "lifetime") && take_number(value, INT32_MAX, &n);
    a->lifetime = (uint32_t)n;
    return fine;
}

static struct slice take_until(struct reader *r, uint8_t end)
{
    struct reader ahead = *r;
    size_t len = 0;
    while (reader_left(&ahead) && reader_u8(&ahead) != end)
        len++;
    struct slice out = reader_take(r, len);
    if (reader_left(r))
        reader_u8(r);
    return out;
}

/* Empty lines and lines that begin with # say nothing. Values never come into an error's text: one of them is a key. */
static enum error_code read_file(struct slice text, struct lwm2m_account *a, struct error *err)
{
    struct reader r = reader_make(text.data, text.len);
    for (unsigned number = 1; reader_left(&r); number++) {
        struct slice line = take_until(&r, '\n');
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        struct reader fields = reader_make(line.data, line.len);
        struct slice key = take_until(&fields, '=');
        if (!take_field(a, key, reader_take(&fields, reader_left(&fields))))
            return error_set(err, ERROR_INVALID, "line %u: no field of an account, or a value that it cannot have", number);
    }
    return ERROR_NONE;
}

static bool has_server(struct tree *tree, uint16_t short_server_id)
{
    for (struct node *n = tree_next(tree, TREE_ACCOUNT, NULL); n; n = tree_next(tree, TREE_ACCOUNT, n)) {
        const char *id = node_text(n, "ServerId");
        uint64_t v;
        if (strcmp(node_text(n, "Protocol"), "lwm2m") == 0 && text_decimal((struct slice){ (const uint8_t *)id, strlen(id) }, LAST_ID, &v) && v == short_server_id)
            return true;
    }
    return false;
}

static enum error_code check_account(const struct site *site, const struct lwm2m_account *a, struct error *err)
{
    char host[256];
    uint16_t port;
    if (!a->uri[0] || !a->identity[0] || !a->key_len || !a->short_server_id)
        return error_set(err, ERROR_INCOMPLETE, "an account needs uri, server-id, identity and key");
    if (!a->endpoint[0])
        return error_set(err, ERROR_INCOMPLETE, "the gateway has no id, so the account needs an endpoint");
    if (has_server(site->tree, a->short_server_id))
        return error_set(err, ERROR_EXISTS, "server %u has an account already", a->short_server_id);
    return uri_split_any(a->uri, LWM2M_SECURE_SCHEMES, host, sizeof host, &port, err);
}

/* ---- adding ---- */

static void end_adding(struct accounts *a, const struct error *error, const struct node *node)
{
    accounts_added_fn *fn = a->fn;
    apply_free(a->apply);
    settings_free(a->adding);
    a->apply = NULL;
    a->adding = NULL;
    fn(a->user, error, node);
}

static void on_sealed(void *user, const struct error *error)
{
    struct accounts *a = user;
    struct error e = { 0 };
    char id[STORE_NAME], name[STORE_NAME + 8];
    if (error)
        e = *error;
    if (!e.code && !store_begin(a->site->store, &e)) {
        apply_stage(a->apply, false, 0);
        (void)store_commit(a->site->store, &e);
    }
    if (e.code) {
        end_adding(a, &e, NULL);
        return;
    }
    (void)snprintf(name, sizeof name, "%u", (unsigned)a->adding->lwm2m[0].short_server_id);
    apply_id(SERVICE_LOCAL, name, id, sizeof id);
    (void)snprintf(name, sizeof name, "lwm2m-%s", id);
    log_notice("lwm2m", "%s: added by the administrator", id);
    service_start(a->service);
    end_adding(a, NULL, tree_add(a->site->tree, TREE_ACCOUNT, name)); /* shown when it is open */
}

static enum error_code begin_adding(struct accounts *a, struct slice text, struct error *err)
{
    if (a->adding || a->service->bootstrapping)
        return error_set(err, ERROR_BUSY, "accounts are being changed");
    if (trust_status(a->site->trust)->state != TRE_READY || !(a->adding = settings_new()))
        return error_set(err, ERROR_NOT_READY, "an account cannot be sealed now");
    struct lwm2m_account *account = &a->adding->lwm2m[0];
    *account = (struct lwm2m_account){ .lifetime = LIFETIME_S };
    a->adding->lwm2ms = 1;
    (void)text_copy(account->endpoint, sizeof account->endpoint, a->site->factory.gateway_id);
    if (read_file(text, account, err) || check_account(a->site, account, err))
        return err->code;
    return ERROR_NONE;
}

void accounts_add(struct accounts *a, struct slice text, accounts_added_fn *fn, void *user)
{
    struct error e = { 0 };
    bool busy = a->adding != NULL;
    if (begin_adding(a, text, &e)) {
        if (!busy) {
            settings_free(a->adding);
            a->adding = NULL;
        }
        fn(user, &e, NULL);
        return;
    }
    a->fn = fn;
    a->user = user;
    a->apply = apply_seal(a->site, a->adding, false, SERVICE_LOCAL, on_sealed, a);
}

/* ---- removing ---- */

static size_t management_accounts(struct tree *tree)
{
    size_t count = 0;
    for (struct node *n = tree_next(tree, TREE_ACCOUNT, NULL); n; n = tree_next(tree, TREE_ACCOUNT, n)) {
        const struct tree_value *installed = node_get(n, "Installed");
        count += installed && installed->flag && strcmp(node_text(n, "State"), "bootstrap") != 0;
    }
    return count;
}

/* "lwm2m-usim-101", "omadm-usim-com.example.dm": the kind of the store's item, and its id. */
static bool item_of(const char *account_id, const char **kind, const char **item)
{
    bool lwm2m = strncmp(account_id, "lwm2m-", 6) == 0;
    *kind = lwm2m ? "lwm2m" : "dm";
    *item = account_id + 6;
    return lwm2m || strncmp(account_id, "omadm-", 6) == 0;
}

enum error_code accounts_remove(struct accounts *a, const char *account_id, struct error *err)
{
    const char *kind, *item;
    struct node *node = tree_find(a->site->tree, TREE_ACCOUNT, account_id);
    if (!node || !item_of(account_id, &kind, &item))
        return error_set(err, ERROR_NOT_FOUND, "no account %s", account_id);
    if (a->adding || a->service->bootstrapping)
        return error_set(err, ERROR_BUSY, "accounts are being changed");
    size_t left = management_accounts(a->site->tree) - (strcmp(node_text(node, "State"), "bootstrap") != 0);
    if (left == 0) {
        error_set(err, ERROR_POLICY, "%s is the last account: without it nobody manages the gateway", account_id);
        (void)text_copy(err->hint, sizeof err->hint, "add another one first: agentctl account add FILE");
        return ERROR_POLICY;
    }
    if (store_begin(a->site->store, err))
        return err->code;
    store_item_remove(a->site->store, kind, item);
    store_history_add(a->site->store, site_wall_clock(a->site), 0, "AccountRemoved", account_id);
    if (store_commit(a->site->store, err))
        return err->code;
    log_notice("lwm2m", "%s: removed by the administrator", account_id);
    struct error ignored;
    struct entry *e = service_entry(a->service, account_id, &ignored);
    if (e)
        entry_replace(e);
    else
        node_remove(node);
    return ERROR_NONE;
}

/* ---- one account ---- */

static struct entry *running(struct accounts *a, const char *account_id, struct error *err)
{
    struct entry *e = service_entry(a->service, account_id, err);
    if (e && !e->client) {
        error_set(err, ERROR_NOT_READY, "account %s %s", account_id, e->bootstrap ? "is a bootstrap server's: nobody registers there" : "has no connectivity");
        return NULL;
    }
    return e;
}

enum error_code accounts_connect(struct accounts *a, const char *account_id, struct error *err)
{
    struct entry *e = running(a, account_id, err);
    if (!e)
        return err->code;
    if (e->status.state != LWM2M_REGISTERED && e->status.state != LWM2M_ASLEEP)
        lwm2m_client_update(e->client);
    return ERROR_NONE;
}

enum error_code accounts_disable(struct accounts *a, const char *account_id, uint32_t seconds, struct error *err)
{
    struct entry *e = running(a, account_id, err);
    if (!e)
        return err->code;
    lwm2m_client_disable(e->client, seconds);
    return ERROR_NONE;
}

struct sent {
    accounts_sent_fn *fn;
    void *user;
};

static void on_sent(void *user, const struct error *error)
{
    struct sent s = *(struct sent *)user;
    free(user);
    s.fn(s.user, error ? error->code : ERROR_NONE, error ? error->text : NULL);
}

void accounts_send(struct accounts *a, const char *account_id, const char *paths, const char *format, accounts_sent_fn *fn, void *user)
{
    struct error err = { 0 };
    struct entry *e = running(a, account_id, &err);
    struct sent *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    *s = (struct sent){ fn, user };
    if (!e || lwm2m_client_send(e->client, paths, format, on_sent, s, &err))
        on_sent(s, &err);
}

struct accounts *accounts_new(struct site *site, struct service *service)
{
    struct accounts *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct accounts){ .site = site, .service = service };
    return a;
}

void accounts_free(struct accounts *a)
{
    if (!a)
        return;
    apply_free(a->apply);
    settings_free(a->adding);
    free(a);
}
