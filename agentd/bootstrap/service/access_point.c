/* SPDX-License-Identifier: Apache-2.0 */
/* One trial at a time. Owns its values, in wiped pages. The former access point stays kept by bearer/ and installed in the store until the new one is proved, so
 * that it comes back by itself after a refusal, a silence or a crash.
 *
 *   IDLE --begin--> SEALING --sealed--> CONNECTING --leased--> PROVING --proved--> IDLE, installed
 *                      |--shelved--> IDLE, installed; it waits
 *                      '-------------------'---------------------'-----failed----> IDLE, the former one */
#include "bootstrap/service/access_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/service/draft.h"
#include "bootstrap/service/kept.h"
#include "bootstrap/service/room.h"
#include "model/settings_octets.h"

enum { PROVE_MS = 60000, LOOK_MS = 250 };

enum state { IDLE, SEALING, CONNECTING, PROVING };
enum event { BEGUN, SEALED, SHELVED, LEASED, PROVED, FAILED };

struct access_point {
    struct service *service;
    struct profiles *profiles;
    enum state state;
    char id[STORE_NAME], context[STORE_NAME];
    uint16_t server;
    bool waits; /* is not to be used here and now */
    struct settings *settings; /* the NAPDEF, alone */
    struct apply *apply;
    bool connecting;           /* bearer/ owes an answer */
    uint64_t timer, leased_at; /* loop milliseconds */
    struct error error;
    profiles_outcome_fn *outcome;
    void *user;
    bool looked;   /* for a draft of before the restart; it is resumed or being opened, or there was none */
    uint32_t call; /* it is being opened */
};

static const char *const state_names[] = { "IDLE", "SEALING", "CONNECTING", "PROVING" };
static const char *const event_names[] = { "begun", "sealed", "shelved", "leased", "proved", "failed" };

static void fire(struct access_point *a, enum event event);

static void fail(struct access_point *a, enum error_code code, const char *text)
{
    error_set(&a->error, code, "access point %s of server %u: %.90s; the former one is used again", a->id, (unsigned)a->server, text && text[0] ? text : error_text(code));
    fire(a, FAILED);
}

/* ---- steps ---- */

static void on_sealed(void *user, const struct error *error)
{
    struct access_point *a = user;
    if (error)
        fail(a, error->code, error->text);
    else
        fire(a, a->waits ? SHELVED : SEALED);
}

static void do_seal(struct access_point *a)
{
    if (!a->waits)
        ways_hold(a->service->ways, true);
    a->apply = apply_seal(a->service->site, a->settings, true, a->context, on_sealed, a);
}

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct access_point *a = user;
    a->connecting = false;
    if (a->state != CONNECTING)
        return; /* a job ended the trial meanwhile */
    if (status) {
        fail(a, status, text);
        return;
    }
    a->leased_at = loop_now(a->service->site->loop);
    service_bearer(a->service, lease);
    fire(a, LEASED);
}

static void do_connect(struct access_point *a)
{
    a->connecting = true;
    bearers_connect(a->service->site->bearers, a->id, &a->settings->napdef[0], on_lease, a);
}

/* The server answered over the new bearer. */
static void look(void *user)
{
    struct access_point *a = user;
    const struct entry *e = service_entry_of(a->service, a->server);
    a->timer = 0;
    if (e && e->status.state == LWM2M_REGISTERED && e->status.last_contact > a->leased_at)
        fire(a, PROVED);
    else if (loop_now(a->service->site->loop) - a->leased_at >= PROVE_MS)
        fail(a, ERROR_TIMEOUT, "its server was not reached over it within 60 s");
    else
        a->timer = loop_timer(a->service->site->loop, LOOK_MS, look, a);
}

/* Its clients have the lease, and register anew over it. */
static void do_prove(struct access_point *a)
{
    a->timer = loop_timer(a->service->site->loop, LOOK_MS, look, a);
}

static void settle(struct access_point *a, enum profile_result result)
{
    struct service *s = a->service;
    loop_cancel(s->site->loop, &a->timer);
    apply_free(a->apply);
    settings_free(a->settings);
    a->apply = NULL;
    a->settings = NULL;
    if (!s->bootstrapping && !a->waits)
        ways_hold(s->ways, false);
    a->outcome(a->user, result);
}

/* The end of what was written. */
static void report_refusal(struct access_point *a)
{
    site_report(a->service->site, "bearer", 0, &a->error);
    draft_end(a->service->site);
}

static void do_restore(struct access_point *a)
{
    report_refusal(a);
    if (!a->service->bootstrapping && !a->waits) /* else a job has other plans for the bearer, or it was never another one */
        bearers_disconnect(a->service->site->bearers, NULL, NULL);
    settle(a, PROFILE_REJECTED);
}

static void do_install(struct access_point *a)
{
    struct service *s = a->service;
    struct error e = { 0 };
    if (!store_begin(s->site->store, &e)) {
        apply_stage(a->apply, false, 0);
        draft_erase(s->site);
        if (!a->waits)
            ways_prefer(s->site, a->context, a->id);
        store_history_add(s->site->store, site_wall_clock(s->site), 0, "AccessPointChanged", a->id);
        (void)store_commit(s->site->store, &e);
    }
    if (e.code) {
        a->error = e;
        do_restore(a);
        return;
    }
    log_notice("bearer", "%s: access point %s of server %u is %s", a->id, a->settings->napdef[0].apn, (unsigned)a->server,
               a->waits ? "installed, and waits" : "proved and installed");
    ways_put(s->ways, a->context, a->id, &a->settings->napdef[0], !a->waits);
    settle(a, a->waits ? PROFILE_WAITS : PROFILE_ACCEPTED);
}

static const struct row {
    enum state from;
    enum event event;
    enum state to;
    void (*action)(struct access_point *a);
} table[] = {
    { IDLE, BEGUN, SEALING, do_seal },
    { SEALING, SEALED, CONNECTING, do_connect },
    { SEALING, SHELVED, IDLE, do_install },
    { SEALING, FAILED, IDLE, do_restore },
    { CONNECTING, LEASED, PROVING, do_prove },
    { CONNECTING, FAILED, IDLE, do_restore },
    { PROVING, PROVED, IDLE, do_install },
    { PROVING, FAILED, IDLE, do_restore },
};

static void fire(struct access_point *a, enum event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].from == a->state && table[i].event == event) {
            log_notice(a->id, "trial %s --%s--> %s", state_names[a->state], event_names[event], state_names[table[i].to]);
            a->state = table[i].to;
            table[i].action(a);
            return;
        }
    log_debug(a->id, "trial: %s in %s: nothing to do", event_names[event], state_names[a->state]);
}

/* ---- what profiles asks ---- */

/* The answer no, with its cause, for the administrator. */
static bool refuse(struct access_point *a, enum error_code code, uint16_t server, const char *bearer, const char *why)
{
    struct error e;
    error_set(&e, code, "access point %s: refused to server %u: %s", bearer, (unsigned)server, why);
    site_report(a->service->site, "bearer", 0, &e);
    return false;
}

static bool is_busy(const struct access_point *a)
{
    return a->service->bootstrapping || a->state != IDLE || a->connecting || a->call;
}

static bool may(void *user, uint16_t server, const char *bearer)
{
    struct access_point *a = user;
    struct service *s = a->service;
    char context[STORE_NAME];
    const struct entry *entry = service_entry_of(s, server);
    if (is_busy(a))
        return refuse(a, ERROR_BUSY, server, bearer, "a job or another trial has the bearer");
    if (!s->site->bearers || !ways_napdef(s->ways, bearer, NULL, context, sizeof context) || !entry || strcmp(entry->context, context) != 0)
        return refuse(a, ERROR_POLICY, server, bearer, "it is of another context");
    return true;
}

static bool may_go(void *user, uint16_t server, const char *bearer)
{
    struct access_point *a = user;
    struct service *s = a->service;
    char context[STORE_NAME] = "";
    (void)ways_napdef(s->ways, bearer, NULL, context, sizeof context);
    if (ways_count(s->ways, context) < 2)
        return refuse(a, ERROR_POLICY, server, bearer, "it is the last one");
    if (ways_uses(s->ways, bearer))
        return refuse(a, ERROR_POLICY, server, bearer, "it is in use; enable another one before");
    return true;
}

/* A NAPID that no access point of the context has. */
static bool find_name(const struct service *s, const char *context, struct napdef *out, char id[PROFILE_ID])
{
    char other[STORE_NAME];
    for (unsigned n = 1; n <= WAYS_MAX; n++) {
        (void)snprintf(out->napid, sizeof out->napid, "lwm2m-%u", n);
        apply_id(context, out->napid, id, PROFILE_ID);
        if (!ways_napdef(s->ways, id, NULL, other, sizeof other))
            return true;
    }
    return false;
}

static bool may_create(void *user, uint16_t server, char bearer[PROFILE_ID], struct napdef *out)
{
    struct access_point *a = user;
    struct service *s = a->service;
    const struct entry *entry = service_entry_of(s, server);
    *out = (struct napdef){ .ip_type = NAPDEF_IPV4V6, .internet = true };
    if (is_busy(a) || !ways_known(s->ways))
        return refuse(a, ERROR_BUSY, server, "(new)", "a job or another trial has the bearer");
    if (!s->site->bearers || !entry || !ways_count(s->ways, entry->context))
        return refuse(a, ERROR_POLICY, server, "(new)", "its context has none");
    if (ways_full(s->ways) || !find_name(s, entry->context, out, bearer))
        return refuse(a, ERROR_TOO_LARGE, server, "(new)", "no more can be installed; delete one before");
    return true;
}

static bool keep_draft(void *user, uint16_t server, const char *bearer, bool created, const struct napdef *draft)
{
    struct access_point *a = user;
    struct error e = { 0 };
    struct draft_head head = { .server = server, .created = created };
    const struct entry *entry = service_entry_of(a->service, server);
    (void)text_copy(head.bearer, sizeof head.bearer, bearer);
    (void)text_copy(head.account, sizeof head.account, entry ? entry->id : "");
    if (draft_keep(a->service, &head, draft, &e))
        return refuse(a, e.code, server, bearer, e.text);
    return true;
}

/* Also one that is a draft still, and what was written of it. */
static bool remove_kept(void *user, uint16_t server, const char *bearer)
{
    struct access_point *a = user;
    struct service *s = a->service;
    struct error e = { 0 };
    char context[STORE_NAME];
    bool installed = ways_napdef(s->ways, bearer, NULL, context, sizeof context);
    if (!store_begin(s->site->store, &e)) {
        draft_erase(s->site);
        if (installed) {
            ways_erase(s->site, context, bearer);
            store_history_add(s->site->store, site_wall_clock(s->site), 0, "AccessPointRemoved", bearer);
        }
        (void)kept_commit(s, &e);
    }
    if (e.code)
        return refuse(a, e.code, server, bearer, e.text);
    log_notice("bearer", "%s: removed by server %u", bearer, (unsigned)server);
    ways_remove(s->ways, bearer);
    return true;
}

static bool open_installed(void *user, const char *bearer, struct napdef *out)
{
    struct access_point *a = user;
    char context[STORE_NAME];
    return ways_napdef(a->service->ways, bearer, out, context, sizeof context);
}

static void on_rejected(void *user)
{
    struct access_point *a = user;
    a->timer = 0;
    report_refusal(a);
    a->outcome(a->user, PROFILE_REJECTED);
}

static bool is_valid_here(struct access_point *a, const struct napdef *draft)
{
    const struct modem_facts *m = site_modem(a->service->site);
    return !draft->disabled && (!m || napdef_fit(draft, m->plmn, (int64_t)clock_now(&a->service->site->clock)) != NAPDEF_UNFIT);
}

/* It is installed in that server's context, or will be. */
static bool find_context(struct access_point *a)
{
    const struct entry *entry = service_entry_of(a->service, a->server);
    return ways_napdef(a->service->ways, a->id, NULL, a->context, sizeof a->context) ||
           (entry && ways_known(a->service->ways) && text_copy(a->context, sizeof a->context, entry->context));
}

/* What would be proved and then not used, by its own VALIDITY, would leave the gateway without a bearer. */
static bool can_begin(struct access_point *a, const struct napdef *draft)
{
    struct service *s = a->service;
    a->error = (struct error){ 0 };
    a->waits = !is_valid_here(a, draft);
    if (!find_context(a))
        error_set(&a->error, ERROR_NOT_FOUND, "access point %s: the change of server %u is dropped: neither is there any more", a->id, (unsigned)a->server);
    else if (a->waits && ways_uses(s->ways, a->id))
        error_set(&a->error, ERROR_POLICY, "access point %s: the change of server %u is dropped: it is not valid in the network that serves the modem", a->id, (unsigned)a->server);
    else
        (void)draft_count(s->site, &a->error);
    return !a->error.code;
}

static bool is_ready(void *user)
{
    return !((struct access_point *)user)->service->bootstrapping;
}

static void begin(void *user, uint16_t server, const char *bearer, const struct napdef *draft, profiles_outcome_fn *outcome, void *outcome_user)
{
    struct access_point *a = user;
    struct service *s = a->service;
    a->outcome = outcome;
    a->user = outcome_user;
    a->server = server;
    (void)text_copy(a->id, sizeof a->id, bearer);
    a->settings = can_begin(a, draft) ? settings_new() : NULL;
    if (!a->settings) {
        if (!a->error.code)
            error_set(&a->error, ERROR_NO_MEMORY, "access point %s", a->id);
        a->timer = loop_timer(s->site->loop, 0, on_rejected, a);
        return;
    }
    a->settings->napdef[0] = *draft;
    a->settings->napdefs = 1;
    fire(a, BEGUN);
}

static uint64_t unix_time(void *user)
{
    return site_wall_clock(((struct access_point *)user)->service->site);
}

static void changed(void *user)
{
    service_look(((struct access_point *)user)->service);
}

/* ---- over a restart ---- */

static void drop_draft(struct access_point *a, enum error_code code, const struct draft_head *head, const char *why)
{
    struct error e;
    error_set(&e, code, "access point %s of server %u is dropped: %s", head->bearer, (unsigned)head->server, why);
    site_report(a->service->site, "bearer", 0, &e);
    draft_end(a->service->site);
}

static void look_for_server(struct access_point *a, uint16_t server)
{
    const struct entry *entry = service_entry_of(a->service, server);
    if (entry && (entry->status.state == LWM2M_REGISTERED || entry->status.state == LWM2M_ASLEEP))
        profiles_server_is_there(a->profiles, server);
}

static void on_opened(void *user, enum error_code status, struct slice octets)
{
    struct access_point *a = user;
    struct service *s = a->service;
    struct draft_head head;
    struct napdef napdef;
    a->call = 0;
    a->looked = status != ERROR_PEER_LOST && status != ERROR_TIMEOUT; /* else the return of the TRE tries again */
    if (!draft_find(s->site->store, &head))
        return;
    if (!status && napdef_read(octets, &napdef))
        profiles_resume(a->profiles, head.server, head.bearer, head.created, &napdef);
    else if (a->looked)
        drop_draft(a, status ? status : ERROR_STORAGE, &head, "it cannot be opened");
    secret_zero(&napdef, sizeof napdef);
    look_for_server(a, head.server);
    service_look(s);
}

void access_point_load(struct access_point *a)
{
    struct draft_head head;
    uint8_t sealed[SETTINGS_OCTETS_MAX + 256];
    size_t len;
    struct store *store = a->service->site->store;
    if (a->looked || a->call)
        return;
    a->looked = true;
    if (!draft_find(store, &head))
        return;
    if (head.trials >= DRAFT_TRIALS)
        drop_draft(a, ERROR_CANCELLED, &head, "its trial was cut off twice");
    else if (!store_item_octets(store, "lwm2m", head.account, false, sealed, sizeof sealed, &len))
        drop_draft(a, ERROR_NOT_FOUND, &head, "its server has no account any more");
    else
        a->call = draft_open(a->service->site, on_opened, a);
}

bool access_point_known(const struct access_point *a)
{
    return a->looked && !a->call;
}

void access_point_registered(struct access_point *a, uint16_t server)
{
    profiles_server_is_there(a->profiles, server);
}

void access_point_forget(struct access_point *a, const char *account)
{
    struct draft_head head;
    if (a->state != IDLE || !draft_find(a->service->site->store, &head) || strcmp(head.account, account) != 0)
        return;
    draft_end(a->service->site);
    profiles_drop(a->profiles);
}

/* ---- beside a job ---- */

void access_point_go_on(struct access_point *a)
{
    struct draft_head head;
    if (draft_find(a->service->site->store, &head))
        look_for_server(a, head.server);
}

static bool is_of_another(struct store *store, const char *account, const char *context)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(store, "lwm2m", false, n, &row); n++)
        if (strcmp(row.id, account) == 0)
            return strcmp(row.context, context) != 0;
    return false;
}

void access_point_adopted(struct access_point *a, const char *context)
{
    struct draft_head head;
    struct store *store = a->service->site->store;
    if (a->state != IDLE || !draft_find(store, &head) || is_of_another(store, head.account, context))
        return;
    drop_draft(a, ERROR_CANCELLED, &head, "a bootstrap brought what is installed now");
    profiles_drop(a->profiles);
}

/* ---- life ---- */

void access_point_yield(struct access_point *a)
{
    if (a->state != IDLE)
        fail(a, ERROR_CANCELLED, "a job needs the bearer");
}

struct profiles *access_point_profiles(const struct access_point *a)
{
    return a->profiles;
}

struct access_point *access_point_new(struct service *s)
{
    struct access_point *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct access_point){ .service = s };
    struct profiles_host host = { .may = may, .may_go = may_go, .may_create = may_create, .keep = keep_draft, .remove = remove_kept,
                                  .ready = is_ready, .open = open_installed, .begin = begin, .time = unix_time, .changed = changed, .user = a };
    a->profiles = profiles_new(s->site->loop, &host);
    if (!a->profiles)
        abort();
    return a;
}

void access_point_free(struct access_point *a)
{
    if (!a)
        return;
    loop_cancel(a->service->site->loop, &a->timer);
    if (a->call)
        trust_cancel(a->service->site->trust, a->call);
    apply_free(a->apply);
    settings_free(a->settings);
    profiles_free(a->profiles);
    free(a);
}
