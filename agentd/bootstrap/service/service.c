/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are the installed LwM2M accounts (and one trial); each is unsealed when a lease is there and only then. The bearer of a context is chosen
 * by ways and kept by bearer/; a context without bearer uses the host's uplink. */
#include "bootstrap/service/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/service/kept.h"
#include "bootstrap/service/mid_profiles.h"
#include "bootstrap/service/upkeep.h"
#include "config.h"
#include "lwm2m/rights.h"
#include "lwm2m/resume.h"
#include "model/settings_octets.h"
#include "model/tre_wire.h"

enum { PROVE_MS = 60000, STARTING_MS = 180000 /* a modem registers and a bearer is up by then */ };

static bool is_registered(const struct entry *e)
{
    return e->used && !e->trial && (e->status.state == LWM2M_REGISTERED || e->status.state == LWM2M_ASLEEP);
}

static bool is_in_service(const struct entry *e)
{
    return e->used && !e->trial && e->client;
}

static void update_state(struct service *s)
{
    const char *state = "idle";
    bool account = false, registered = false;
    for (size_t i = 0; i < ENTRIES; i++) {
        account = account || (s->entry[i].used && !s->entry[i].trial);
        registered = registered || is_registered(&s->entry[i]);
    }
    if (!s->site->factory.present)
        state = "unprovisioned";
    else if (s->bootstrapping)
        state = "bootstrapping";
    else if (registered)
        state = "managed";
    else if (account)
        state = "degraded";
    node_set(tree_manager(s->site->tree), "State", state);
}

void service_set_bootstrapping(struct service *s, bool running)
{
    s->bootstrapping = running;
    if (running)
        access_point_yield(s->access_point);
    else
        access_point_go_on(s->access_point);
    ways_hold(s->ways, running);
    update_state(s);
}

/* --- tree --- */

static uint64_t wall_of(const struct service *s, uint64_t loop_ms)
{
    if (!loop_ms)
        return 0;
    int64_t delta = (int64_t)loop_ms - (int64_t)loop_now(s->site->loop);
    return (uint64_t)((int64_t)(site_wall_clock(s->site) * 1000) + delta) * 1000;
}

void service_show_error(struct node *n, const struct error *e)
{
    node_set(n, "LastError", e && e->code ? error_name(e->code) : "");
    node_set(n, "LastErrorText", e && e->code ? e->text : "");
    node_set(n, "LastErrorHint", e && e->code ? e->hint : "");
}

static void show_status(struct entry *e)
{
    struct node *n = e->node;
    node_set(n, "State", e->trial && e->status.state == LWM2M_IDLE ? "staged" : lwm2m_state_name(e->status.state));
    node_set(n, "RegistrationId", e->status.location);
    node_set_number(n, "LastContact", wall_of(e->service, e->status.last_contact));
    node_set_number(n, "NextContact", wall_of(e->service, e->status.next_contact));
    service_show_error(n, &e->status.error);
    node_set_flag(n, "Installed", !e->trial);
}

void entry_show(struct entry *e, const struct lwm2m_account *a)
{
    char id[8], name[STORE_NAME + 8];
    (void)snprintf(id, sizeof id, "%u", (unsigned)a->short_server_id);
    (void)snprintf(name, sizeof name, "lwm2m-%s", e->id);
    e->node = tree_add(e->service->site->tree, TREE_ACCOUNT, name);
    node_set(e->node, "Protocol", "lwm2m");
    node_set(e->node, "ServerId", id);
    node_set(e->node, "Uri", a->uri);
    node_set(e->node, "Endpoint", a->endpoint);
    node_set(e->node, "SecurityMode", a->key_from == LWM2M_KEY_NAF ? "gba" : lwm2m_mode_name(a->mode));
    node_set_number(e->node, "Lifetime", a->lifetime);
    show_status(e);
    node_publish(e->node);
}

/* --- LwM2M clients --- */

static struct entry *entry_new(struct service *s, const char *id, const char *context)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (!s->entry[i].used) {
            struct entry *e = &s->entry[i];
            *e = (struct entry){ .service = s, .used = true };
            (void)text_copy(e->id, sizeof e->id, id);
            (void)text_copy(e->context, sizeof e->context, context);
            return e;
        }
    return NULL;
}

static struct entry *entry_find(struct service *s, const char *id, bool trial)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].trial == trial && strcmp(s->entry[i].id, id) == 0)
            return &s->entry[i];
    return NULL;
}

void entry_end(struct entry *e, bool politely)
{
    struct site *site = e->service->site;
    if (e->call)
        trust_cancel(site->trust, e->call);
    if (e->client && politely)
        lwm2m_client_stop(e->client, NULL, NULL);
    else if (e->client)
        lwm2m_client_free(e->client);
    kept_registration_end(e);
    purge_stop(&e->purge);
    entry_key_end(e);
    node_remove(e->node);
    *e = (struct entry){ 0 };
}

static void prove_end(struct service *s, const struct error *error)
{
    service_proved_fn *fn = s->proved;
    s->proved = NULL;
    loop_cancel(s->site->loop, &s->prove_timer);
    if (fn)
        fn(s->proved_user, error);
}

const struct entry *service_bootstrap_entry(const struct service *s, const char *context)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && !s->entry[i].trial && s->entry[i].bootstrap && strcmp(s->entry[i].context, context) == 0)
            return &s->entry[i];
    return NULL;
}

/* No waiting makes a key right, ours or the server's (Transport TS 1.1.1 clause 5.2.9). */
static bool is_final(enum error_code code)
{
    return code == ERROR_CLIENT_AUTH || code == ERROR_TLS_UNTRUSTED;
}

static void on_state(void *user, const struct lwm2m_status *status)
{
    struct entry *e = user;
    struct service *s = e->service;
    enum lwm2m_state before = e->status.state;
    e->status = *status;
    if (e->node)
        show_status(e);
    if (before != status->state)
        log_notice("lwm2m", "%s: %s", e->id, lwm2m_state_name(status->state));
    if (status->error.code && before != LWM2M_RETRYING && status->state == LWM2M_RETRYING)
        site_report(s->site, "lwm2m", 0, &status->error);
    update_state(s);
    if (e->made && status->state == LWM2M_REGISTERED)
        e->renew_delay_ms = 0;
    if (!e->trial && e->client && status->state == LWM2M_REGISTERED)
        access_point_registered(s->access_point, lwm2m_client_server_id(e->client));
    if (e->made && !e->trial && status->state == LWM2M_RETRYING && (status->error.code == ERROR_CLIENT_AUTH || status->error.code == ERROR_KEY_UNANSWERED))
        entry_key_again(e);
    if (e->trial && status->state == LWM2M_REGISTERED)
        prove_end(s, NULL);
    else if (e->trial && status->state == LWM2M_RETRYING && is_final(status->error.code))
        prove_end(s, &status->error);
    else if (!e->trial && status->state == LWM2M_RETRYING && status->exhausted)
        entry_fall_back(e);
}

/* A bootstrap server's account is kept and shown; nobody registers there (LwM2M Core 6.1.7: it has no Server object). */
static bool is_bootstrap(const struct lwm2m_account *a)
{
    return a->short_server_id == 0;
}

static void on_purge(void *user)
{
    struct entry *e = user;
    struct site *site = e->service->site;
    struct error err = { 0 };
    if (!store_begin(site->store, &err)) {
        store_item_remove(site->store, "lwm2m", e->id);
        store_history_add(site->store, site_wall_clock(site), 0, "AccountRemoved", e->id);
        (void)store_commit(site->store, &err);
    }
    if (err.code) { /* the next start tries again */
        site_report(site, "lwm2m", 0, &err);
        return;
    }
    log_notice("lwm2m", "%s: the time of the bootstrap server's account is over; it is removed", e->id);
    entry_end(e, false);
}

static bool entry_connect(struct entry *e, const struct lwm2m_account *account, const struct lease *lease, struct error *err)
{
    struct service *s = e->service;
    service_fill_device(s);
    entry_show(e, account);
    e->bootstrap = is_bootstrap(account);
    if (e->bootstrap) {
        node_set(e->node, "State", "bootstrap");
        purge_start(&e->purge, s->site, account->purge_at, on_purge, e);
        return true;
    }
    e->client = lwm2m_client_new(s->site->loop, account, lease, &s->device, on_state, e, err);
    if (account->key_from == LWM2M_KEY_NAF)
        entry_key_watch(e, account);
    return e->client != NULL;
}

static const struct lease *lease_for(struct service *s, const struct entry *e)
{
    static const struct lease host;
    if (!e->cellular)
        return &host;
    return s->has_lease ? &s->lease : NULL;
}

/* All accounts are in service and all access points are known. */
static bool is_complete(const struct service *s)
{
    bool complete = s->loaded && ways_known(s->ways) && access_point_known(s->access_point);
    for (size_t i = 0; complete && i < ENTRIES; i++)
        complete = !s->entry[i].used || s->entry[i].bootstrap || is_in_service(&s->entry[i]);
    return complete;
}

/* Then what has rights and is still not there has gone. */
static void look_complete(struct service *s)
{
    if (is_complete(s))
        lwm2m_servers_hold(s->servers, false);
}

/* The order of servers (resource 13) can be kept when all accounts are open. */
void service_release(struct service *s)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].call)
            return;
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].waits) {
            s->entry[i].waits = false;
            lwm2m_client_set_lease(s->entry[i].client, lease_for(s, &s->entry[i]));
        }
    look_complete(s);
}

void entry_open(struct entry *e, const struct lwm2m_account *account)
{
    struct service *s = e->service;
    struct error err = { 0 };
    if (e->client)
        lwm2m_client_stop(e->client, NULL, NULL);
    e->client = NULL;
    if (!entry_connect(e, account, NULL, &err) && !err.code)
        error_set(&err, ERROR_INTERNAL, "account %s cannot be started", e->id);
    if (err.code)
        site_report(s->site, "lwm2m", 0, &err);
    e->waits = e->client != NULL;
    if (e->client)
        kept_join(e);
    service_release(s);
}

static void on_account_open(void *user, enum error_code status, struct slice octets)
{
    struct entry *e = user;
    struct service *s = e->service;
    struct lwm2m_account account;
    struct error err = { 0 };
    e->call = 0;
    if (status || !lease_for(s, e)) {
        if (e->made)
            entry_key_again(e);
        service_release(s);
        return; /* the next lease or the return of the TRE tries again */
    }
    if (!lwm2m_account_read(octets, &account)) {
        error_set(&err, ERROR_STORAGE, "stored account %s is not readable", e->id);
        site_report(s->site, "lwm2m", 0, &err);
        service_release(s);
    } else if (account_key_is_made(&account) && !is_bootstrap(&account)) {
        entry_key_make(e, &account);
        service_release(s); /* the others need not wait for a BSF */
    } else {
        entry_open(e, &account);
    }
    secret_zero(&account, sizeof account);
}

static void entry_wake(struct entry *e)
{
    if (!e->used || e->trial || e->call || e->bootstrap)
        return;
    if (e->client)
        lwm2m_client_set_lease(e->client, lease_for(e->service, e));
    else if (lease_for(e->service, e) && !e->key)
        entry_unseal(e);
}

void entry_unseal(struct entry *e)
{
    e->call = apply_open(e->service->site, "lwm2m", e->id, on_account_open, e);
}

/* --- loading --- */

static bool context_has_bearer(struct service *s, const char *context)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(s->site->store, "bearer", false, n, &row); n++)
        if (strcmp(row.context, context) == 0 || strcmp(context, SERVICE_LOCAL) == 0)
            return true;
    return false;
}

static void load_lwm2m(struct service *s)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(s->site->store, "lwm2m", false, n, &row); n++) {
        struct entry *e = entry_find(s, row.id, false);
        if (!e)
            e = entry_new(s, row.id, row.context);
        if (!e)
            return;
        e->cellular = context_has_bearer(s, row.context);
        if (!e->client)
            entry_wake(e);
    }
}

void service_start(struct service *s)
{
    if (trust_status(s->site->trust)->state != TRE_READY) {
        update_state(s);
        return;
    }
    ways_load(s->ways, NULL);
    access_point_load(s->access_point);
    service_dm_load(s);
    load_lwm2m(s);
    s->loaded = true;
    update_state(s);
}

bool service_lease(struct service *s, const char *context, struct lease *out)
{
    const struct lease *kept = s->site->bearers ? bearers_lease(s->site->bearers) : NULL;
    bool cellular = context_has_bearer(s, context);
    *out = cellular && kept ? *kept : (struct lease){ .bound = false };
    return !cellular || kept;
}

/* Modem, bearer or firmware are not what they were: the LwM2M servers that watch them are told. */
void service_facts_changed(struct service *s)
{
    look_complete(s);
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].client)
            lwm2m_client_changed(s->entry[i].client);
}

void service_bearer(struct service *s, const struct lease *lease)
{
    s->has_lease = lease != NULL;
    if (lease)
        s->lease = *lease;
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].cellular)
            entry_wake(&s->entry[i]);
    service_facts_changed(s);
}

void entry_replace(struct entry *e)
{
    struct service *s = e->service;
    char id[STORE_NAME];
    uint8_t sealed[SETTINGS_OCTETS_MAX + 256];
    size_t len;
    uint16_t server_id = e->client ? lwm2m_client_server_id(e->client) : 0;
    (void)text_copy(id, sizeof id, e->id);
    entry_end(e, true);
    kept_forget(s, id);
    access_point_forget(s->access_point, id);
    if (server_id && !store_item_octets(s->site->store, "lwm2m", id, false, sealed, sizeof sealed, &len))
        lwm2m_servers_forget(s->servers, server_id);
}

/* --- proving --- */

static struct entry *trial_of(struct service *s)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].trial)
            return &s->entry[i];
    return NULL;
}

static void on_prove_timeout(void *user)
{
    struct service *s = user;
    struct entry *e = trial_of(s);
    struct error err;
    s->prove_timer = 0;
    if (e && e->status.error.code)
        err = e->status.error;
    else
        error_set(&err, ERROR_TIMEOUT, "the new account was not registered within %d s", PROVE_MS / 1000);
    prove_end(s, &err);
}

static void prove_failed(void *user)
{
    struct service *s = user;
    struct error err;
    s->prove_timer = 0;
    error_set(&err, ERROR_INTERNAL, "the new account cannot be started");
    prove_end(s, &err);
}

void service_prove(struct service *s, const struct lwm2m_account *account, const char *context, const struct lease *lease,
                   service_proved_fn *fn, void *user)
{
    char name[8], id[STORE_NAME];
    struct error err = { 0 };
    service_drop_trial(s);
    (void)snprintf(name, sizeof name, "%u", (unsigned)account->short_server_id);
    apply_id(context, name, id, sizeof id);
    struct entry *old = entry_find(s, id, false);
    if (old)
        entry_end(old, true); /* the same server again: it holds one registration an endpoint */
    struct entry *e = entry_new(s, id, context);
    s->proved = fn;
    s->proved_user = user;
    if (e) {
        e->trial = true;
        e->cellular = lease->bound;
    }
    bool started = e && entry_connect(e, account, lease, &err);
    s->prove_timer = loop_timer(s->site->loop, started ? PROVE_MS : 0, started ? on_prove_timeout : prove_failed, s);
}

void service_drop_trial(struct service *s)
{
    s->proved = NULL;
    loop_cancel(s->site->loop, &s->prove_timer);
    struct entry *e = trial_of(s);
    if (e)
        entry_end(e, true);
}

void service_adopt(struct service *s, const char *context)
{
    struct entry *trial = trial_of(s);
    access_point_adopted(s->access_point, context);
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && !s->entry[i].trial && strcmp(s->entry[i].context, context) == 0)
            entry_replace(&s->entry[i]);
    lwm2m_servers_hold(s->servers, true);
    kept_take_rights(s);
    if (trial) {
        trial->trial = false;
        show_status(trial);
        kept_forget(s, trial->id); /* the bootstrap server's word is newer */
        kept_join(trial);
    }
    ways_load(s->ways, context);
    ways_hold(s->ways, false);
    const struct lease *lease = s->site->bearers ? bearers_lease(s->site->bearers) : NULL;
    if (lease) { /* the bearer that was proved is kept without going up once more: the context's other accounts need it too */
        s->lease = *lease;
        s->has_lease = true;
    }
    service_dm_hide_old(s);
    service_start(s);
}

void service_restore(struct service *s)
{
    ways_hold(s->ways, false);
    service_start(s);
}

void service_look(struct service *s)
{
    ways_look(s->ways);
    service_facts_changed(s);
}

struct entry *service_entry_of(struct service *s, uint16_t short_server_id)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e = &s->entry[i];
        if (is_in_service(e) && lwm2m_client_server_id(e->client) == short_server_id)
            return e;
    }
    return NULL;
}

struct entry *service_entry(struct service *s, const char *account_id, struct error *err)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && s->entry[i].node && strcmp(node_id(s->entry[i].node), account_id) == 0)
            return &s->entry[i];
    error_set(err, ERROR_NOT_FOUND, "no LwM2M account %s", account_id);
    return NULL;
}

enum error_code service_update(struct service *s, const char *account_id, struct error *err)
{
    struct entry *e = service_entry(s, account_id, err);
    if (!e)
        return err->code;
    if (!e->client)
        return error_set(err, ERROR_NOT_READY, "account %s has no connectivity", account_id);
    lwm2m_client_update(e->client);
    return ERROR_NONE;
}

/* Who is meant by a trigger, if that server wants to be heard so. */
static struct entry *triggered_entry(struct service *s, uint16_t instance, struct error *err)
{
    bool any = false;
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e = &s->entry[i];
        if (!is_in_service(e))
            continue;
        any = true;
        if (lwm2m_client_instance(e->client) != instance)
            continue;
        if (lwm2m_client_triggered(e->client))
            return e;
        error_set(err, ERROR_POLICY, "trigger for instance %u of the Server object: its server wants no triggers (/1/%u/21)", instance, instance);
        return NULL;
    }
    if (any)
        error_set(err, ERROR_NOT_FOUND, "trigger for instance %u of the Server object: no account is that instance", instance);
    else
        error_set(err, ERROR_NOT_READY, "trigger, and no LwM2M account is in service");
    return NULL;
}

enum error_code service_update_instance(struct service *s, uint16_t instance, struct error *err)
{
    struct entry *e = triggered_entry(s, instance, err);
    if (!e)
        return err->code;
    lwm2m_client_update(e->client);
    return ERROR_NONE;
}

enum error_code entry_request_bootstrap(struct entry *e, struct error *err)
{
    struct service *s = e->service;
    if (service_bootstrap_entry(s, e->context))
        return renewal_begin(s->renewal, e->context, err);
    return error_set(err, ERROR_NOT_FOUND, "bootstrap trigger of %s: context %s has no account of a bootstrap server", e->id, e->context);
}

enum error_code service_bootstrap_instance(struct service *s, uint16_t instance, struct error *err)
{
    struct entry *e = triggered_entry(s, instance, err);
    return e ? entry_request_bootstrap(e, err) : err->code;
}

struct renewal *service_renewal(struct service *s)
{
    return s->renewal;
}

/* --- life --- */

static void on_moved(void *user, const struct lease *lease)
{
    service_bearer(user, lease);
}

static void on_upkeep(void *user)
{
    service_facts_changed(user);
}

/* An account's URI is not known before it is open; for one that is still not open when the start is over nobody waits. */
static bool server_at(void *user, const char *uri, struct site_server *out)
{
    struct service *s = user;
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct entry *e = &s->entry[i];
        if (is_in_service(e) && endpoint_is_at(lwm2m_client_endpoint(e->client), uri)) {
            *out = (struct site_server){ lwm2m_client_endpoint(e->client), lease_for(s, e) };
            return out->lease != NULL;
        }
    }
    *out = (struct site_server){ NULL, NULL };
    return is_complete(s) || loop_now(s->site->loop) - s->begun >= STARTING_MS;
}

struct service *service_new(struct site *site)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->site = site;
    s->begun = loop_now(site->loop);
    s->servers = lwm2m_servers_new();
    if (!s->servers)
        abort();
    kept_load(s);
    s->ways = ways_new(site, on_moved, s);
    s->renewal = renewal_new(site);
    s->access_point = access_point_new(s);
    s->mid_profiles = mid_profiles_new(s);
    s->mode_choice.site = site;
    upkeep_listen(site->upkeep, on_upkeep, s);
    site->servers = (struct site_servers){ server_at, s };
    return s;
}

static void on_client_stopped(void *user)
{
    struct service *s = user;
    if (--s->stopping == 0 && s->stopped)
        s->stopped(s->stopped_user);
}

void service_stop(struct service *s, void (*fn)(void *user), void *user)
{
    kept_end(s);
    s->stopped = fn;
    s->stopped_user = user;
    s->stopping = 1; /* ours: so that the last one cannot end the wait before all are told */
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e = &s->entry[i];
        if (!e->used || !e->client)
            continue;
        if (kept_registration_stands(e)) { /* to be found again */
            lwm2m_client_leave_be(e->client);
            e->client = NULL;
            continue;
        }
        kept_registration_end(e);
        s->stopping++;
        lwm2m_client_stop(e->client, on_client_stopped, s);
        e->client = NULL;
    }
    (void)loop_timer(s->site->loop, 0, on_client_stopped, s);
}

void service_free(struct service *s)
{
    if (!s)
        return;
    s->site->servers = (struct site_servers){ .at = NULL };
    loop_cancel(s->site->loop, &s->prove_timer);
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used)
            entry_end(&s->entry[i], false);
    lwm2m_servers_free(s->servers);
    mode_choice_stop(&s->mode_choice);
    access_point_free(s->access_point);
    mid_profiles_free(s->mid_profiles);
    ways_free(s->ways);
    renewal_free(s->renewal);
    free(s);
}
