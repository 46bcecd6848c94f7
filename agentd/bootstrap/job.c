/* SPDX-License-Identifier: Apache-2.0 */
/* One job at a time. Invariants: the store holds the step that the tree shows; nothing that a job brings replaces what works before COMMITTED;
 * a pending message outlives every failure of the agent. Stages post events; on_event is the only place where the state changes. */
#include "bootstrap/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/briefing/briefing.h"
#include "bootstrap/execution/omadm.h"
#include "bootstrap/job_table.h"
#include "bootstrap/job_view.h"
#include "bootstrap/policy.h"

enum { CONNECT_POLL_MS = 1000, REPORT_RETRY_MS = 30000, REPORT_RETRY_MAX_MS = 3600000 };

struct conductor {
    struct site *site;
    struct service *service;
    struct inbox *inbox;
    bool recovered;

    /* the job; row.id 0: none */
    struct job_row row;
    enum job_step step;
    struct trigger trigger; /* settings NULL while only reporting */
    struct briefing briefing;
    struct lease lease;
    struct error error;
    bool busy_connecting, session_confirmed;
    uint64_t entered_ms;
    uint64_t timer, state_timer, post_timer;
    enum job_event posted;
    struct omadm *omadm;
    struct apply *apply;
    uint32_t tre_call;
    uint64_t report_delay_ms;

    conductor_reply_fn *reply; /* of the offer by hand that is on its way */
    void *reply_user;
};

static void enter(struct conductor *c);

/* --- events --- */

static void on_event(struct conductor *c, enum job_event event);

static void on_posted(void *user)
{
    struct conductor *c = user;
    c->post_timer = 0;
    on_event(c, c->posted);
}

/* The next event of the job; posting is always the last thing a callback does. The first of two posts wins. */
static void post(struct conductor *c, enum job_event event)
{
    if (c->post_timer)
        return;
    c->posted = event;
    c->post_timer = loop_timer(c->site->loop, 0, on_posted, c);
}

static void fail(struct conductor *c, const struct error *e)
{
    c->error = *e;
    post(c, JOB_ERROR);
}

static void on_state_timeout(void *user)
{
    struct conductor *c = user;
    c->state_timer = 0;
    if (!c->error.code)
        error_set(&c->error, ERROR_TIMEOUT, "no end of %s in %u s", job_step_row(c->step)->name, job_step_row(c->step)->timeout_ms / 1000);
    post(c, JOB_TIMEOUT);
}

/* --- what a transition writes --- */

static void context_read(struct conductor *c, struct context_row *row)
{
    if (!store_context_get(c->site->store, c->row.context, row)) {
        *row = (struct context_row){ 0 };
        (void)text_copy(row->name, sizeof row->name, c->row.context);
    }
}

static void write_committed(struct conductor *c)
{
    struct context_row row;
    context_read(c, &row);
    row.committed = true;
    row.committed_at = site_wall_clock();
    row.last_error[0] = '\0';
    (void)text_copy(row.source, sizeof row.source, c->row.source);
    (void)text_copy(row.server_id, sizeof row.server_id, c->briefing.account->server_id);
    (void)text_copy(row.provurl, sizeof row.provurl, c->trigger.settings->provurl);
    store_context_put(c->site->store, &row);
    store_items_commit(c->site->store, c->row.id);
    store_inbox_set(c->site->store, c->row.hash, INBOX_COMMITTED, "", true);
}

static void write_failed(struct conductor *c)
{
    struct context_row row;
    context_read(c, &row);
    row.attempts++;
    (void)text_copy(row.last_error, sizeof row.last_error, c->row.error);
    store_context_put(c->site->store, &row);
    store_inbox_set(c->site->store, c->row.hash, INBOX_FAILED, c->row.error, false);
}

static void write_step(struct conductor *c, enum job_step to)
{
    struct store *s = c->site->store;
    if (to == JOB_STAGED)
        apply_stage(c->apply, true, c->row.id);
    if (to == JOB_COMMITTED)
        write_committed(c);
    if (to == JOB_ROLLING_BACK)
        store_items_drop(s, c->row.id);
    if (to == JOB_FAILED)
        write_failed(c);
    (void)text_copy(c->row.step, sizeof c->row.step, job_step_row(to)->name);
    store_job_put(s, &c->row);
}

static void copy_error_to_row(struct conductor *c)
{
    (void)text_copy(c->row.error, sizeof c->row.error, c->error.code ? error_name(c->error.code) : "");
    (void)text_copy(c->row.text, sizeof c->row.text, c->error.text);
    (void)text_copy(c->row.hint, sizeof c->row.hint, c->error.hint);
}

static enum error_code persist(struct conductor *c, enum job_step to, const char *event, struct error *err)
{
    enum error_code rc = store_begin(c->site->store, err);
    if (rc)
        return rc;
    write_step(c, to);
    store_history_add(c->site->store, site_wall_clock(), c->row.id, event, c->row.text);
    return store_commit(c->site->store, err);
}

/* --- leaving a state: whatever it had under way ends --- */

static void stop_work(struct conductor *c)
{
    loop_cancel(c->site->loop, &c->timer);
    loop_cancel(c->site->loop, &c->state_timer);
    loop_cancel(c->site->loop, &c->post_timer);
    omadm_cancel(c->omadm);
    c->omadm = NULL;
    if (c->tre_call)
        trust_cancel(c->site->trust, c->tre_call);
    c->tre_call = 0;
}

static void drop_values(struct conductor *c)
{
    apply_free(c->apply);
    c->apply = NULL;
    settings_free(c->trigger.settings);
    c->trigger.settings = NULL;
    c->briefing = (struct briefing){ 0 };
}

static void job_done(struct conductor *c)
{
    stop_work(c);
    drop_values(c);
    job_view_end(c->site, &c->row, c->step);
    c->row = (struct job_row){ 0 };
    c->error = (struct error){ 0 };
    service_set_bootstrapping(c->service, false);
    inbox_resume(c->inbox);
}

static void on_event(struct conductor *c, enum job_event event)
{
    enum job_step to;
    char object[24];
    struct error err = { 0 };
    (void)snprintf(object, sizeof object, "job%llu", (unsigned long long)c->row.id);
    if (!c->row.id)
        return;
    if (!job_next(c->step, event, &to)) {
        log_error(object, "%s has no arrow for %s; ignored", job_step_row(c->step)->name, job_event_name(event));
        return;
    }
    if (event == JOB_CANCELLED)
        error_set(&c->error, ERROR_CANCELLED, "cancelled by the administrator");
    copy_error_to_row(c);
    if (persist(c, to, job_event_name(event), &err)) {
        site_report(c->site, object, c->row.id, &err);
        if (to < JOB_ROLLING_BACK) { /* forward only with a committed step; backward also without: the store has the older truth */
            c->error = err;
            copy_error_to_row(c);
            to = JOB_ROLLING_BACK;
        }
    }
    stop_work(c);
    log_notice(object, "%s --%s--> %s", job_step_row(c->step)->name, job_event_name(event), job_step_row(to)->name);
    enum job_step from = c->step;
    c->step = to;
    c->entered_ms = loop_now(c->site->loop);
    job_view_step(c->site, &c->row, from, job_event_name(event), to);
    if (job_step_row(to)->timeout_ms)
        c->state_timer = loop_timer(c->site->loop, job_step_row(to)->timeout_ms, on_state_timeout, c);
    enter(c);
}

/* --- CONNECTING --- */

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct conductor *c = user;
    c->busy_connecting = false;
    if (!c->row.id || c->step != JOB_CONNECTING)
        return; /* the job went another way meanwhile */
    if (status) {
        struct error e;
        error_set(&e, status, "bearer %s: %s", c->briefing.napdef ? c->briefing.napdef->apn : "", text && text[0] ? text : error_text(status));
        fail(c, &e);
        return;
    }
    c->lease = *lease;
    post(c, JOB_LEASED);
}

static void connect_bearer(struct conductor *c)
{
    char id[STORE_NAME];
    apply_id(c->row.context, c->briefing.napdef->napid, id, sizeof id);
    c->busy_connecting = true;
    bearers_connect(c->site->bearers, id, c->briefing.napdef, on_lease, c);
}

static void wait_note(struct conductor *c, const char *text)
{
    (void)text_copy(c->row.text, sizeof c->row.text, text);
    job_view_note(c->site, &c->row, text);
}

/* Looks once a second, and at each change of the modem, whether the way is there. */
static void try_connect(void *user)
{
    struct conductor *c = user;
    struct error e = { 0 };
    c->timer = 0;
    if (c->busy_connecting) { /* a bearer call of a former attempt is still ending */
        c->timer = loop_timer(c->site->loop, CONNECT_POLL_MS, try_connect, c);
        return;
    }
    enum way way = policy_way(c->site, c->row.source, c->briefing.napdef, loop_now(c->site->loop) - c->entered_ms);
    if (way == WAY_HOST || !c->briefing.napdef) {
        c->lease = (struct lease){ .bound = false };
        post(c, JOB_LEASED);
        return;
    }
    enum error_code rc = policy_modem(c->site, &e);
    if (way == WAY_CELLULAR && rc == ERROR_NONE) {
        connect_bearer(c);
        return;
    }
    if (rc == ERROR_POLICY) {
        fail(c, &e);
        return;
    }
    wait_note(c, e.text);
    c->error = e; /* the reason of a time-out */
    c->timer = loop_timer(c->site->loop, CONNECT_POLL_MS, try_connect, c);
}

/* --- EXECUTING --- */

static void on_sealed(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error)
        fail(c, error);
    else
        post(c, JOB_EXECUTED);
}

static void on_waiting(void *user, const char *text)
{
    wait_note(user, text);
}

static enum error_code mid_error(enum mid_result r)
{
    static const enum error_code codes[] = { ERROR_NONE, ERROR_MID_SIGNATURE, ERROR_MID_TARGET, ERROR_MID_BINDING, ERROR_MID_VERSION,
                                             ERROR_MID_POLICY, ERROR_NO_SPACE, ERROR_MID_BACKEND, ERROR_MID_SELFTEST, ERROR_BUSY, ERROR_INTERNAL,
                                             ERROR_MALFORMED };
    return (size_t)r < sizeof codes / sizeof *codes ? codes[r] : ERROR_INTERNAL;
}

/* The session ended. What it brought joins the settings; the account keeps its new nonces. */
static void on_executed(void *user, const struct error *error, const struct dm_outcome *outcome)
{
    struct conductor *c = user;
    struct settings *s = c->trigger.settings;
    struct error e;
    c->omadm = NULL;
    if (outcome->mid_attempted && outcome->mid_result == MID_OK)
        (void)text_copy(c->row.mid, sizeof c->row.mid, outcome->mid.id);
    c->row.result = outcome->mid_attempted ? (int)outcome->mid_result : 0;
    if (error) {
        fail(c, error);
        return;
    }
    if (outcome->mid_attempted && outcome->mid_result != MID_OK) {
        error_set(&e, mid_error(outcome->mid_result), "the MID was not installed: %s", error_text(mid_error(outcome->mid_result)));
        fail(c, &e);
        return;
    }
    if (!outcome->mid_attempted && outcome->lwm2ms == 0) {
        error_set(&e, ERROR_INCOMPLETE, "the server ended the session without a MID or an account");
        fail(c, &e);
        return;
    }
    if (outcome->credentials_changed)
        s->dm[0] = *outcome->account;
    for (size_t i = 0; i < outcome->lwm2ms && s->lwm2ms < SETTINGS_LWM2M; i++)
        s->lwm2m[s->lwm2ms++] = outcome->lwm2m[i];
    c->session_confirmed = true;
    c->apply = apply_seal(c->site, s, c->lease.bound ? c->briefing.napdef : NULL, c->row.context, on_sealed, c);
}

static void execute(struct conductor *c)
{
    struct omadm_task task = { .account = c->briefing.account, .context = c->row.context, .lease = &c->lease,
                               .apn = c->lease.bound ? c->briefing.napdef->apn : "" };
    c->omadm = omadm_start(c->site, &task, on_executed, on_waiting, c);
}

/* --- PROVING --- */

/* The MID of this job's context in that state, other than the job's own: the one that was in service before. */
static const char *other_mid(struct conductor *c, const char *state)
{
    struct node *context = tree_find(c->site->tree, TREE_CONTEXT, c->row.context);
    for (struct node *n = tree_next(c->site->tree, TREE_MID, NULL); context && n; n = tree_next(c->site->tree, TREE_MID, n))
        if (strcmp(node_text(n, "Context"), node_path(context)) == 0 && strcmp(node_text(n, "State"), state) == 0 &&
            strcmp(node_id(n), c->row.mid) != 0)
            return node_id(n);
    return NULL;
}

static void activate_mid(struct conductor *c);

static void on_mid_state(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    struct error e;
    (void)result;
    c->tre_call = 0;
    if (status) {
        error_set(&e, status, "MID %s could not be activated: %s", c->row.mid, error_text(status));
        fail(c, &e);
    } else if (entry->state == MID_SUSPENDED) {
        activate_mid(c); /* the old one is out of the way */
    } else {
        post(c, JOB_PROVED);
    }
}

/* One MID of a type is active in a context: the old one is suspended first, and comes back if the job is rolled back. */
static void activate_mid(struct conductor *c)
{
    const char *old = c->row.mid[0] ? other_mid(c, mid_state_name(MID_ACTIVE)) : NULL;
    if (old)
        c->tre_call = trust_mid_set_state(c->site->trust, old, MID_SUSPENDED, on_mid_state, c);
    else if (c->row.mid[0])
        c->tre_call = trust_mid_set_state(c->site->trust, c->row.mid, MID_ACTIVE, on_mid_state, c);
    else
        post(c, JOB_PROVED);
}

static void on_proved(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error)
        fail(c, error);
    else
        activate_mid(c);
}

/* Without a LwM2M account the DM session itself, bound to the lease, was the confirmed session. */
static void prove(struct conductor *c)
{
    const struct settings *s = c->trigger.settings;
    if (s->lwm2ms)
        service_prove(c->service, &s->lwm2m[0], c->row.context, &c->lease, on_proved, c);
    else
        activate_mid(c);
}

/* --- COMMITTED: report --- */

static void report(void *user);

static void report_later(struct conductor *c)
{
    c->report_delay_ms = c->report_delay_ms ? c->report_delay_ms * 2 : REPORT_RETRY_MS;
    if (c->report_delay_ms > REPORT_RETRY_MAX_MS)
        c->report_delay_ms = REPORT_RETRY_MAX_MS;
    c->timer = loop_timer(c->site->loop, c->report_delay_ms, report, c);
}

static void on_spent(void *user, enum error_code status)
{
    struct conductor *c = user;
    c->tre_call = 0;
    if (status) {
        report_later(c);
        return;
    }
    post(c, JOB_REPORT_TAKEN);
}

static void on_account_stored(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error)
        site_report(c->site, "report", c->row.id, error);
    c->tre_call = trust_token_spend(c->site->trust, c->row.context, on_spent, c);
}

static void on_reported(void *user, const struct error *error, const struct dm_outcome *outcome)
{
    struct conductor *c = user;
    c->omadm = NULL;
    if (error) {
        site_report(c->site, "report", c->row.id, error);
        report_later(c);
        return;
    }
    apply_free(c->apply);
    c->apply = apply_account(c->site, outcome->account, c->row.context, on_account_stored, c);
}

static void on_report_account(void *user, enum error_code status, const struct dm_account *account)
{
    struct conductor *c = user;
    if (!c->row.id || c->step != JOB_COMMITTED || c->omadm)
        return;
    if (status) {
        report_later(c);
        return;
    }
    struct omadm_task task = { .account = account, .context = c->row.context, .lease = &c->lease, .apn = "", .report = true,
                               .report_code = c->row.result };
    c->omadm = omadm_start(c->site, &task, on_reported, on_waiting, c);
}

/* Over the bearer that is kept; without one (host uplink) over the host's. After a restart the lease is not there at once. */
static void report(void *user)
{
    struct conductor *c = user;
    struct item_row row;
    c->timer = 0;
    const struct lease *lease = c->site->bearers ? bearers_lease(c->site->bearers) : NULL;
    bool cellular = store_item_at(c->site->store, "bearer", false, 0, &row);
    if (cellular && !lease) {
        c->timer = loop_timer(c->site->loop, CONNECT_POLL_MS, report, c);
        return;
    }
    c->lease = cellular ? *lease : (struct lease){ .bound = false };
    service_dm_account(c->service, c->row.context, on_report_account, c);
}

/* --- ROLLING_BACK --- */

static void on_restored(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    (void)status; /* the table goes on: FAILED says why, the MID's state is visible */
    (void)result;
    (void)entry;
    c->tre_call = 0;
    post(c, JOB_ROLLED_BACK);
}

static void restore_mid(struct conductor *c)
{
    const char *old = other_mid(c, mid_state_name(MID_SUSPENDED));
    if (old)
        c->tre_call = trust_mid_set_state(c->site->trust, old, MID_ACTIVE, on_restored, c);
    else
        post(c, JOB_ROLLED_BACK);
}

static void on_erased(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    (void)status; /* NOT_FOUND and the like: there is nothing to erase */
    (void)result;
    (void)entry;
    c->tre_call = 0;
    restore_mid(c);
}

static void on_bearer_down(void *user)
{
    struct conductor *c = user;
    c->busy_connecting = false;
    service_restore(c->service);
}

static void roll_back(struct conductor *c)
{
    service_drop_trial(c->service);
    drop_values(c);
    if (c->site->bearers) {
        c->busy_connecting = true; /* until the old state is back */
        bearers_disconnect(c->site->bearers, on_bearer_down, c);
    }
    if (c->row.mid[0])
        c->tre_call = trust_mid_set_state(c->site->trust, c->row.mid, MID_ERASED, on_erased, c);
    else
        restore_mid(c);
}

/* --- entry actions, one a state --- */

static void authorise(struct conductor *c)
{
    struct error e = { 0 };
    if (policy_authorise(c->site, &c->trigger, &e))
        fail(c, &e);
    else
        post(c, JOB_ACCEPTED);
}

static void brief(struct conductor *c)
{
    struct error e = { 0 };
    if (briefing_from_settings(c->trigger.settings, &c->briefing, &e))
        fail(c, &e);
    else
        post(c, JOB_GO);
}

static void adopt(struct conductor *c)
{
    drop_values(c);
    c->report_delay_ms = 0;
    service_adopt(c->service, c->row.context);
    job_view_context(c->site, c->row.context);
    c->timer = loop_timer(c->site->loop, 0, report, c);
}

static void end_failed(struct conductor *c)
{
    char object[24];
    (void)snprintf(object, sizeof object, "job%llu", (unsigned long long)c->row.id);
    site_report(c->site, object, c->row.id, &c->error);
    job_view_context(c->site, c->row.context);
    job_done(c);
}

static void enter(struct conductor *c)
{
    switch (c->step) {
    case JOB_NEW:
        authorise(c);
        break;
    case JOB_AUTHORISED:
        brief(c); /* the document is its own briefing, and names the way that CONNECTING needs */
        break;
    case JOB_CONNECTING:
        try_connect(c);
        break;
    case JOB_BRIEFING:
        post(c, JOB_BRIEFED);
        break;
    case JOB_EXECUTING:
        execute(c);
        break;
    case JOB_STAGED:
        post(c, JOB_STAGED_ALL);
        break;
    case JOB_PROVING:
        prove(c);
        break;
    case JOB_COMMITTED:
        adopt(c);
        break;
    case JOB_REPORTED:
        job_done(c);
        break;
    case JOB_ROLLING_BACK:
        roll_back(c);
        break;
    case JOB_FAILED:
        end_failed(c);
        break;
    case JOB_STEPS:
        break;
    }
}

/* --- beginning --- */

static void begin(struct conductor *c, enum job_step step)
{
    c->step = step;
    c->entered_ms = loop_now(c->site->loop);
    c->session_confirmed = false;
    service_set_bootstrapping(c->service, step < JOB_COMMITTED);
    job_view_begin(c->site, &c->row, step);
    enter(c);
}

static bool job_insert(struct conductor *c, const struct trigger *t, struct error *err)
{
    c->row = (struct job_row){ .created = site_wall_clock() };
    (void)text_copy(c->row.context, sizeof c->row.context, t->context);
    (void)text_copy(c->row.source, sizeof c->row.source, t->source);
    (void)text_copy(c->row.step, sizeof c->row.step, job_step_row(JOB_NEW)->name);
    memcpy(c->row.hash, t->hash, sizeof c->row.hash);
    if (store_begin(c->site->store, err))
        return false;
    store_job_put(c->site->store, &c->row);
    return store_commit(c->site->store, err) == ERROR_NONE;
}

static bool on_trigger(void *user, struct trigger *t)
{
    struct conductor *c = user;
    struct error e = { 0 };
    bool same = c->row.id && memcmp(c->row.hash, t->hash, sizeof t->hash) == 0;
    if (same && c->trigger.settings) { /* the other route, or a repetition: acted on once */
        settings_free(t->settings);
        return true;
    }
    if (c->row.id && !same)
        return false; /* stays pending; job_done resumes the inbox */
    if (!same && !job_insert(c, t, &e)) {
        site_report(c->site, "job", 0, &e);
        c->row = (struct job_row){ 0 };
        return false;
    }
    c->trigger = *t;
    begin(c, JOB_NEW);
    return true;
}

/* The last committed state decides what is left to do. */
static void recover(struct conductor *c)
{
    enum job_step step;
    if (!store_job_open(c->site->store, &c->row) || !job_step_from_name(c->row.step, &step)) {
        c->row = (struct job_row){ 0 };
        return;
    }
    char object[24];
    (void)snprintf(object, sizeof object, "job%llu", (unsigned long long)c->row.id);
    log_notice(object, "found in %s after a restart; going on", c->row.step);
    c->error = (struct error){ .code = c->row.error[0] ? error_from_name(c->row.error) : ERROR_NONE };
    (void)text_copy(c->error.text, sizeof c->error.text, c->row.text);
    (void)text_copy(c->error.hint, sizeof c->error.hint, c->row.hint);
    if (step == JOB_COMMITTED || step == JOB_ROLLING_BACK) {
        begin(c, step);
        return;
    }
    struct error e = { 0 };
    c->error = (struct error){ 0 };
    if (!store_begin(c->site->store, &e)) {
        store_items_drop(c->site->store, c->row.id);
        (void)store_commit(c->site->store, &e);
    }
    service_set_bootstrapping(c->service, true);
    job_view_begin(c->site, &c->row, JOB_NEW);
    inbox_reopen(c->inbox, c->row.hash, c->row.source);
}

void conductor_resume(struct conductor *c)
{
    if (!c->recovered) {
        c->recovered = true;
        job_view_contexts(c->site);
        recover(c);
    }
    inbox_resume(c->inbox);
}

/* --- outside --- */

void conductor_sms(struct conductor *c, const struct modem_sms *sms)
{
    if (modem_sms_is_push(sms->data))
        inbox_offer(c->inbox, sms->via_qmi ? "sms-qmi" : "sms-mm", sms->data, sms->handle, NULL, NULL);
}

static void on_offered(void *user, const struct error *error)
{
    struct conductor *c = user;
    conductor_reply_fn *reply = c->reply;
    c->reply = NULL;
    char path[128] = "";
    if (!error->code)
        job_view_path(c->site, &c->row, path, sizeof path);
    reply(c->reply_user, error, path);
}

void conductor_bootstrap(struct conductor *c, struct slice message, conductor_reply_fn *fn, void *user)
{
    struct error e = { 0 };
    if (c->row.id || c->reply) {
        error_set(&e, ERROR_BUSY, "job %llu is running", (unsigned long long)c->row.id);
        fn(user, &e, "");
        return;
    }
    c->reply = fn;
    c->reply_user = user;
    inbox_offer(c->inbox, "file", message, "", on_offered, c);
}

static bool is_job(const struct conductor *c, const char *job_id)
{
    char id[24];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)c->row.id);
    return c->row.id && strcmp(id, job_id) == 0;
}

enum error_code conductor_cancel(struct conductor *c, const char *job_id, struct error *err)
{
    if (!is_job(c, job_id))
        return error_set(err, ERROR_NOT_FOUND, "job %s is not running", job_id);
    if (c->step >= JOB_COMMITTED)
        return error_set(err, ERROR_NOT_CANCELLABLE, "job %s is in %s", job_id, job_step_row(c->step)->name);
    loop_cancel(c->site->loop, &c->post_timer); /* the administrator's wish goes first */
    post(c, JOB_CANCELLED);
    return ERROR_NONE;
}

enum error_code conductor_reopen(struct conductor *c, const char *context, struct error *err)
{
    struct context_row row;
    if (!store_context_get(c->site->store, context, &row) || !row.committed)
        return error_set(err, ERROR_NOT_FOUND, "context %s is not committed", context);
    row.committed = false;
    enum error_code rc = store_begin(c->site->store, err);
    if (rc)
        return rc;
    store_context_put(c->site->store, &row);
    rc = store_commit(c->site->store, err);
    job_view_context(c->site, context);
    return rc;
}

void conductor_poke(struct conductor *c)
{
    if (c->row.id && c->step == JOB_CONNECTING && c->timer) {
        loop_cancel(c->site->loop, &c->timer);
        c->timer = loop_timer(c->site->loop, 0, try_connect, c);
    }
}

struct conductor *conductor_new(struct site *site, struct service *service)
{
    struct conductor *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->site = site;
    c->service = service;
    c->inbox = inbox_new(site, on_trigger, c);
    return c;
}

void conductor_free(struct conductor *c)
{
    if (!c)
        return;
    stop_work(c);
    drop_values(c);
    inbox_free(c->inbox);
    free(c);
}
