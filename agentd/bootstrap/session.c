/* SPDX-License-Identifier: Apache-2.0 */
/* One notification at a time walks through the table below. Invariants: nothing of a notification is believed before the TRE has judged its digest; a crash
 * leaves the message pending, so that it is judged again; the record of the job says FAILED until it has ended well. The nonces that a session came to are
 * kept until the TRE has sealed them, also after its job. */
#include "bootstrap/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rate.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/execution/omadm.h"
#include "bootstrap/job/view.h"
#include "codec/notification.h"
#include "model/settings_octets.h"
#include "model/tre_wire.h"

enum { POLL_MS = 1000, WAIT_MS = 180000, SEALED_MAX = SETTINGS_OCTETS_MAX + 256, REPEATED_S = 24 * 3600 };

/*   FREE -notified-> JUDGING -authentic-> WAITING -ready-> RUNNING -ended-> STORING -sealed-> FREE      any -failed-> FREE
 *                           -repeated-> FREE */
enum state { FREE, JUDGING, WAITING, RUNNING, STORING, STATES };
enum event { NOTIFIED, AUTHENTIC, REPEATED, READY, ENDED, SEALED, FAILED };

struct sessions {
    struct site *site;
    struct service *service;
    struct conductor *conductor;
    enum state state;
    uint8_t hash[32];
    char source[16];
    struct item_row item;   /* the account in the store */
    uint16_t session_id;
    enum tre_nonce nonce;
    struct rate defaults;   /* notifications with the default nonce */
    struct job_row row;     /* id 0: not begun */
    enum job_step step;
    struct dm_account *account; /* wiped pages; NULL while it is sealed */
    struct lease lease;
    uint64_t entered_ms, timer;
    uint32_t call;
    struct omadm *omadm;
    struct apply *apply;
    bool changed;           /* credentials moved on in the session */
    bool sealed;            /* and wait in apply for the transaction of the end */
    bool later;             /* the TRE went away: the message stays pending */
    struct error error;
};

static void post(struct sessions *s, enum event event);

static void fail(struct sessions *s, const struct error *e)
{
    s->error = *e;
    post(s, FAILED);
}

static const char *held_key(const struct sessions *s, char *out, size_t cap)
{
    (void)snprintf(out, cap, "session/%s", s->item.id);
    return out;
}

/* The session of that id was held lately: a notification may come twice in different messages. (Ids come again in time; then the nonce is another one.) */
static bool was_held(struct sessions *s)
{
    char key[STORE_NAME + 16], last[32];
    if (!store_value_get(s->site->store, held_key(s, key, sizeof key), last, sizeof last))
        return false;
    char *at;
    unsigned long id = strtoul(last, &at, 16);
    uint64_t then = strtoull(at, NULL, 10), now = site_wall_clock(s->site);
    return id == s->session_id && (now < then || now - then < REPEATED_S);
}

/* --- the job as people see it --- */

static void write_row(struct sessions *s, enum job_step step)
{
    (void)text_copy(s->row.step, sizeof s->row.step, job_step_row(step)->name);
    store_job_put(s->site->store, &s->row);
}

static void write_held(struct sessions *s)
{
    char key[STORE_NAME + 16], last[32];
    (void)snprintf(last, sizeof last, "%X %llu", s->session_id, (unsigned long long)site_wall_clock(s->site));
    store_value_put(s->site->store, held_key(s, key, sizeof key), last);
}

static void write_error(struct sessions *s)
{
    (void)text_copy(s->row.error, sizeof s->row.error, s->error.code ? error_name(s->error.code) : "");
    (void)text_copy(s->row.text, sizeof s->row.text, s->error.text);
    (void)text_copy(s->row.hint, sizeof s->row.hint, s->error.hint);
}

/* The administrator may have removed the account meanwhile. */
static bool is_installed(struct sessions *s)
{
    uint8_t sealed[SEALED_MAX];
    size_t len;
    return store_item_octets(s->site->store, s->item.kind, s->item.id, false, sealed, sizeof sealed, &len);
}

/* One transaction, because the nonces that the session moved on make its message a stranger's: a crash before it leaves both as they were, one behind it neither. */
static void write_end(struct sessions *s)
{
    struct error failed = { 0 };
    bool good = s->error.code == ERROR_NONE;
    write_error(s);
    if (!store_begin(s->site->store, &failed)) {
        if (s->sealed && is_installed(s))
            apply_stage(s->apply, false, 0);
        if (s->row.id)
            write_row(s, good ? JOB_REPORTED : JOB_FAILED);
        if (good)
            write_held(s);
        if (!s->later)
            store_inbox_set(s->site->store, s->hash, good ? INBOX_DONE : INBOX_REFUSED, s->row.error, true);
        (void)store_commit(s->site->store, &failed);
    }
    if (!failed.code)
        return;
    site_report(s->site, "session", s->row.id, &failed);
    if (good)
        s->error = failed;
    write_error(s);
}

static void show_step(struct sessions *s, const char *event, enum job_step to)
{
    log_notice("session", "job%llu %s: %s --%s--> %s", (unsigned long long)s->row.id, s->item.id, job_step_row(s->step)->name, event, job_step_row(to)->name);
    enum job_step from = s->step;
    s->step = to;
    job_view_step(s->site, &s->row, from, event, to);
}

static void begin_job(struct sessions *s)
{
    s->row = (struct job_row){ .created = site_wall_clock(s->site) };
    (void)text_copy(s->row.context, sizeof s->row.context, s->item.context);
    (void)text_copy(s->row.source, sizeof s->row.source, s->source);
    memcpy(s->row.hash, s->hash, sizeof s->row.hash);
    struct error ignored;
    if (!store_begin(s->site->store, &ignored)) {
        write_row(s, JOB_FAILED); /* what a crash leaves; the message is judged again then */
        (void)store_commit(s->site->store, &ignored);
    }
    s->step = JOB_NEW;
    job_view_begin(s->site, &s->row, "session", JOB_NEW);
}

static void note(void *user, const char *text)
{
    struct sessions *s = user;
    if (s->row.id)
        job_view_note(s->site, &s->row, text);
}

static void show_end(struct sessions *s)
{
    bool good = s->error.code == ERROR_NONE;
    show_step(s, good ? "stored" : "failed", good ? JOB_REPORTED : JOB_FAILED);
    job_view_end(s->site, &s->row, s->step);
    service_dm_show(s->service, &s->item, "idle", good, good ? NULL : &s->error);
}

/* --- actions: one piece of work each, whose end posts an event --- */

static bool is_away(enum error_code status)
{
    return status == ERROR_PEER_LOST || status == ERROR_TIMEOUT || status == ERROR_NOT_READY;
}

static void on_judged(void *user, enum error_code status, struct slice answer)
{
    struct sessions *s = user;
    struct error e;
    s->call = 0;
    s->nonce = answer.len == 1 ? (enum tre_nonce)answer.data[0] : TRE_NONCE_STORED;
    s->later = is_away(status);
    if (status || answer.len != 1) {
        error_set(&e, status ? status : ERROR_INTERNAL, "notification for %.40s: %s", s->item.id, error_text(status));
        if (status == ERROR_MAC_MISMATCH)
            (void)text_copy(e.hint, sizeof e.hint, "the server's secret or nonce differs from the account's");
        fail(s, &e);
    } else if (was_held(s)) {
        post(s, REPEATED);
    } else if (s->nonce != TRE_NONCE_STORED && !rate_take(&s->defaults, loop_now(s->site->loop))) {
        error_set(&e, ERROR_RATE_LIMITED, "notification for %.40s with the default nonce: at most one an hour", s->item.id);
        fail(s, &e);
    } else {
        post(s, AUTHENTIC);
    }
}

/* OMA DM Security 1.2 clause 5.3.4: both sides begin again with the default nonce, in the reading of the server. */
static void use_default_nonces(struct sessions *s)
{
    const char *octets = s->nonce == TRE_NONCE_TEXT ? "0x00000000" : "\0\0\0\0";
    size_t len = s->nonce == TRE_NONCE_TEXT ? 10 : 4;
    struct dm_credential *both[] = { &s->account->client, &s->account->server };
    for (size_t i = 0; s->nonce != TRE_NONCE_STORED && i < 2; i++) {
        memcpy(both[i]->nonce, octets, len);
        both[i]->nonce_len = len;
    }
}

static void await_way(void *user)
{
    struct sessions *s = user;
    s->timer = 0;
    if (s->account && service_lease(s->service, s->item.context, &s->lease)) {
        post(s, READY);
        return;
    }
    if (loop_now(s->site->loop) - s->entered_ms >= WAIT_MS) {
        struct error e;
        error_set(&e, ERROR_TIMEOUT, "session with %.40s: its bearer did not come up in %d s", s->item.id, WAIT_MS / 1000);
        fail(s, &e);
        return;
    }
    s->timer = loop_timer(s->site->loop, POLL_MS, await_way, s);
}

static void on_account(void *user, enum error_code status, const struct dm_account *account);

/* Without the TRE for too long the job ends, and the message is judged again. */
static void await_account(void *user)
{
    struct sessions *s = user;
    struct error e;
    s->timer = 0;
    if (loop_now(s->site->loop) - s->entered_ms >= WAIT_MS) {
        s->later = true;
        error_set(&e, ERROR_TIMEOUT, "session with %.40s: agent-tred was not there in %d s to open its account", s->item.id, WAIT_MS / 1000);
        fail(s, &e);
    } else if (trust_status(s->site->trust)->state == TRE_READY) {
        service_dm_open(s->service, &s->item, on_account, s);
    } else {
        note(s, "waiting for agent-tred");
        s->timer = loop_timer(s->site->loop, POLL_MS, await_account, s);
    }
}

static void on_account(void *user, enum error_code status, const struct dm_account *account)
{
    struct sessions *s = user;
    struct error e;
    if (s->state != WAITING || s->account)
        return;
    if (is_away(status)) {
        s->timer = loop_timer(s->site->loop, POLL_MS, await_account, s);
        return;
    }
    if (status || !(s->account = secret_pages_new(sizeof *s->account))) {
        error_set(&e, status ? status : ERROR_NO_MEMORY, "account %.40s cannot be opened", s->item.id);
        fail(s, &e);
        return;
    }
    *s->account = *account;
    use_default_nonces(s);
    s->timer = loop_timer(s->site->loop, 0, await_way, s);
}

static void enter_waiting(struct sessions *s)
{
    begin_job(s);
    show_step(s, "authentic", JOB_CONNECTING);
    s->entered_ms = loop_now(s->site->loop);
    service_dm_open(s->service, &s->item, on_account, s);
}

static void on_ended(void *user, const struct error *error, const struct dm_outcome *outcome)
{
    struct sessions *s = user;
    s->omadm = NULL;
    s->changed = outcome->credentials_changed; /* an authentic server moves them on, whether the session ended well or not */
    *s->account = *outcome->account;
    if (error)
        s->error = *error;
    post(s, ENDED);
}

static void enter_running(struct sessions *s)
{
    struct omadm_task task = { .account = s->account, .context = s->item.context, .lease = &s->lease, .apn = site_lease_apn(s->site, &s->lease), .management = true, .by_server = true,
                               .session_id = s->session_id };
    show_step(s, "ready", JOB_EXECUTING);
    service_dm_show(s->service, &s->item, "connecting", false, NULL);
    s->omadm = omadm_start(s->site, &task, on_ended, note, s);
}

/* The job does not wait for ever. Its account does, and nothing else begins before it: without the TRE nothing could. The message stays pending until then, for if
 * agentd ends too, the next one judges it by the nonce in the store, and its session comes to nonces that both sides have. */
static void end_job(struct sessions *s)
{
    struct error ignored;
    if (!s->error.code)
        error_set(&s->error, ERROR_TIMEOUT, "session with %.40s: agent-tred was not there in %d s to seal its account", s->item.id, WAIT_MS / 1000);
    write_error(s);
    if (!store_begin(s->site->store, &ignored)) {
        write_row(s, JOB_FAILED);
        (void)store_commit(s->site->store, &ignored);
    }
    show_end(s);
    s->row = (struct job_row){ 0 };
}

static void on_sealed(void *user, const struct error *error);
static void await_tre(void *user);

static void tre_is_away(struct sessions *s)
{
    note(s, "waiting for agent-tred");
    s->timer = loop_timer(s->site->loop, POLL_MS, await_tre, s);
}

static void await_tre(void *user)
{
    struct sessions *s = user;
    s->timer = 0;
    if (s->row.id && loop_now(s->site->loop) - s->entered_ms >= WAIT_MS)
        end_job(s);
    if (trust_status(s->site->trust)->state == TRE_READY)
        s->apply = apply_account(s->site, s->account, s->item.context, on_sealed, s);
    else
        tre_is_away(s);
}

static void on_sealed(void *user, const struct error *error)
{
    struct sessions *s = user;
    if (error && is_away(error->code)) {
        apply_free(s->apply);
        s->apply = NULL;
        tre_is_away(s);
        return;
    }
    s->sealed = s->changed && !error;
    if (error && !s->error.code)
        s->error = *error;
    post(s, s->error.code ? FAILED : SEALED);
}

static void enter_storing(struct sessions *s)
{
    s->entered_ms = loop_now(s->site->loop);
    if (s->changed)
        await_tre(s);
    else
        on_sealed(s, NULL);
}

static void drop_work(struct sessions *s)
{
    loop_cancel(s->site->loop, &s->timer);
    omadm_cancel(s->omadm);
    apply_free(s->apply);
    secret_pages_free(s->account, sizeof *s->account);
    if (s->call)
        trust_cancel(s->site->trust, s->call);
    s->omadm = NULL;
    s->apply = NULL;
    s->account = NULL;
    s->call = 0;
}

/* The end: the message is settled, the job leaves, and whoever waited may go on. */
static void enter_free(struct sessions *s)
{
    if (s->row.id || s->sealed)
        write_end(s);
    if (s->row.id)
        show_end(s);
    drop_work(s);
    s->row = (struct job_row){ 0 };
    if (s->later) {
        log_notice("session", "notification for %.40s: it is judged again when agent-tred is there", s->item.id);
        conductor_postpone(s->conductor, s->hash);
    } else {
        conductor_settle(s->conductor, s->hash, s->error.code ? &s->error : NULL);
    }
    conductor_release(s->conductor);
}

static const struct {
    enum state state;
    enum event event;
    enum state next;
    void (*action)(struct sessions *s);
} arrows[] = {
    { FREE, NOTIFIED, JUDGING, NULL },
    { JUDGING, AUTHENTIC, WAITING, enter_waiting },
    { JUDGING, REPEATED, FREE, enter_free },
    { WAITING, READY, RUNNING, enter_running },
    { RUNNING, ENDED, STORING, enter_storing },
    { STORING, SEALED, FREE, enter_free },
    { JUDGING, FAILED, FREE, enter_free },
    { WAITING, FAILED, FREE, enter_free },
    { RUNNING, FAILED, FREE, enter_free },
    { STORING, FAILED, FREE, enter_free },
};

static void post(struct sessions *s, enum event event)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (arrows[i].state == s->state && arrows[i].event == event) {
            s->state = arrows[i].next;
            if (arrows[i].action)
                arrows[i].action(s);
            return;
        }
    log_error("session", "event %d has no meaning in state %d", (int)event, (int)s->state);
}

/* --- notifications --- */

static uint8_t readings_of(enum default_nonce d)
{
    switch (d) {
    case DEFAULT_NONCE_NO:
        return 0;
    case DEFAULT_NONCE_OCTETS:
        return TRE_NONCE_ZERO;
    case DEFAULT_NONCE_TEXT:
        return TRE_NONCE_TEXT;
    case DEFAULT_NONCE_BOTH:
        return TRE_NONCE_ZERO | TRE_NONCE_TEXT;
    }
    return 0;
}

static enum taken on_notification(void *user, const struct trigger *t, struct error *err)
{
    struct sessions *s = user;
    struct notification n;
    struct item_row item;
    uint8_t sealed[SEALED_MAX];
    char label[96];
    size_t len;
    bool same_message = s->state != FREE && memcmp(s->hash, t->hash, sizeof s->hash) == 0;
    if (same_message)
        return TAKEN_WORKING;
    if (notification_parse(t->body, &n, err))
        return TAKEN_REFUSED;
    if (!service_dm_find(s->service, n.server_id, &item, sealed, sizeof sealed, &len)) {
        error_set(err, ERROR_NOT_FOUND, "notification of a server that has no account here");
        return TAKEN_REFUSED;
    }
    if (s->state != FREE || !conductor_hold(s->conductor))
        return TAKEN_LATER;
    s->item = item;
    s->session_id = n.session_id;
    s->error = (struct error){ 0 };
    s->changed = s->sealed = s->later = false;
    memcpy(s->hash, t->hash, sizeof s->hash);
    (void)text_copy(s->source, sizeof s->source, t->source);
    apply_label("dm", item.id, label, sizeof label);
    log_info("session", "notification for %s, session %X", item.id, n.session_id);
    s->call = trust_verify_notification(s->site->trust, label, (struct slice){ sealed, len }, readings_of(s->site->default_nonce), t->body, on_judged, s);
    post(s, NOTIFIED);
    return TAKEN_WORKING;
}

enum error_code sessions_cancel(struct sessions *s, const char *job_id, struct error *err)
{
    char id[24];
    struct error e;
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)s->row.id);
    if (!s->row.id || strcmp(id, job_id) != 0)
        return error_set(err, ERROR_NOT_FOUND, "job %s is not running", job_id);
    if (s->state == STORING)
        return error_set(err, ERROR_NOT_CANCELLABLE, "job %s has ended its session", job_id);
    error_set(&e, ERROR_CANCELLED, "cancelled by the administrator");
    if (s->state == RUNNING)
        omadm_stop(s->omadm, &e); /* the server may have nonces of it */
    else
        fail(s, &e);
    return ERROR_NONE;
}

struct sessions *sessions_new(struct site *site, struct service *service, struct conductor *conductor)
{
    struct sessions *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct sessions){ .site = site, .service = service, .conductor = conductor, .defaults = { .per_hour = 1 } };
    conductor_take(conductor, TRIGGER_NOTIFICATION, on_notification, s);
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    drop_work(s);
    free(s);
}
