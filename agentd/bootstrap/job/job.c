/* SPDX-License-Identifier: Apache-2.0 */
/* One job at a time. Invariants: the store holds the step that the tree shows; nothing that a job brings replaces what works before COMMITTED;
 * a pending message outlives every failure of the agent. Stages post events; on_event is the only place where the state changes. */
#include "bootstrap/job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/card_book.h"
#include "bootstrap/instruction/instruction.h"
#include "bootstrap/job/room.h"
#include "bootstrap/policy.h"
#include "bootstrap/way/ways.h"

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
void job_post(struct conductor *c, enum job_event event)
{
    if (c->post_timer)
        return;
    c->posted = event;
    c->post_timer = loop_timer(c->site->loop, 0, on_posted, c);
}

void job_fail(struct conductor *c, const struct error *e)
{
    c->error = *e;
    job_post(c, JOB_ERROR);
}

static void on_state_timeout(void *user)
{
    struct conductor *c = user;
    c->state_timer = 0;
    if (!c->error.code)
        error_set(&c->error, ERROR_TIMEOUT, "no end of %s in %llu s", job_step_row(c->step)->name, (unsigned long long)(loop_now(c->site->loop) - c->entered_ms) / 1000);
    job_post(c, JOB_TIMEOUT);
}

void job_allow(struct conductor *c, uint64_t more_ms)
{
    loop_cancel(c->site->loop, &c->state_timer);
    c->state_timer = loop_timer(c->site->loop, job_step_row(c->step)->timeout_ms + more_ms, on_state_timeout, c);
}

void job_wait_note(void *user, const char *text)
{
    struct conductor *c = user;
    (void)text_copy(c->row.text, sizeof c->row.text, text);
    job_view_note(c->site, &c->row, text);
}

/* --- what a transition writes --- */

static void context_read(struct conductor *c, struct context_row *row)
{
    if (!store_context_get(c->site->store, c->row.context, row)) {
        *row = (struct context_row){ 0 };
        (void)text_copy(row->name, sizeof row->name, c->row.context);
    }
}

/* Who the context belongs to from now on. */
static void name_server(const struct conductor *c, char *out, size_t cap)
{
    const struct settings *s = c->trigger.settings;
    size_t i = 0;
    while (i + 1 < s->lwm2ms && s->lwm2m[i].short_server_id == 0)
        i++;
    if (c->briefing.account)
        (void)text_copy(out, cap, c->briefing.account->server_id);
    else
        (void)snprintf(out, cap, "lwm2m %u", (unsigned)s->lwm2m[i].short_server_id);
}

/* Bearers alone do not consume the context. */
static void write_committed(struct conductor *c)
{
    struct context_row row;
    store_items_commit(c->site->store, c->row.id);
    if (c->lease.bound && !c->lease.reach)
        ways_bind_sim(c->site, c->row.context);
    if (c->briefing.mechanism == MECHANISM_BEARER) {
        store_inbox_set(c->site->store, c->row.hash, INBOX_DONE, "", true);
        return;
    }
    service_write_rights(c->site, c->trigger.settings->rights);
    context_read(c, &row);
    row.committed = true;
    row.closes_others = c->trigger.settings->extras.closed;
    row.committed_at = site_wall_clock(c->site);
    row.last_error[0] = '\0';
    (void)text_copy(row.source, sizeof row.source, c->row.source);
    name_server(c, row.server_id, sizeof row.server_id);
    (void)text_copy(row.provurl, sizeof row.provurl, c->trigger.settings->provurl);
    store_context_put(c->site->store, &row);
    instruction_own(c->site->store, row.name, &c->trigger.settings->origin);
    instruction_result_end(c->site->store, c->row.hash, "done", error_name(ERROR_NONE));
    if (c->trigger.kind != TRIGGER_RENEWAL) /* which comes by what the card once brought */
        card_book_commit(c->site->store, c->row.context, c->trigger.card, c->trigger.card_hash);
    store_inbox_set(c->site->store, c->row.hash, INBOX_COMMITTED, "", true);
}

/* Authenticated by the IMSI alone, which is no secret. */
static bool is_anybodys(const struct trigger *t)
{
    return t->kind == TRIGGER_SETTINGS && t->sec == PUSH_NETWPIN;
}

static void write_failed(struct conductor *c)
{
    struct context_row row;
    bool known = memcmp(c->trigger.hash, c->row.hash, sizeof c->row.hash) == 0; /* not after a restart in the roll-back */
    if (known && is_anybodys(&c->trigger)) { /* its context stays as it is, and the message is not kept */
        store_inbox_set(c->site->store, c->row.hash, INBOX_REFUSED, c->row.error, true);
        return;
    }
    context_read(c, &row);
    row.attempts++;
    (void)text_copy(row.last_error, sizeof row.last_error, c->row.error);
    store_context_put(c->site->store, &row);
    store_inbox_set(c->site->store, c->row.hash, INBOX_FAILED, c->row.error, false);
    instruction_result_end(c->site->store, c->row.hash, "failed", c->row.error);
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
    store_history_add(c->site->store, site_wall_clock(c->site), c->row.id, event, c->row.text);
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
    lwm2m_keys_cancel(c->keys);
    c->keys = NULL;
    lwm2m_execution_cancel(c->lwm2m);
    c->lwm2m = NULL;
    if (c->tre_call)
        trust_cancel(c->site->trust, c->tre_call);
    c->tre_call = 0;
}

void job_drop_values(struct conductor *c)
{
    apply_free(c->apply);
    c->apply = NULL;
    settings_free(c->trigger.settings);
    c->trigger.settings = NULL;
    c->briefing = (struct briefing){ 0 };
}

static void job_done(struct conductor *c)
{
    bool succeeded = c->step == JOB_REPORTED;
    stop_work(c);
    job_drop_values(c);
    job_view_end(c->site, &c->row, c->step);
    c->row = (struct job_row){ 0 };
    c->error = (struct error){ 0 };
    c->reopening = false;
    service_set_bootstrapping(c->service, false);
    inbox_resume(c->inbox);
    if (c->ended)
        c->ended(c->ended_user, succeeded);
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
    else if (to < JOB_ROLLING_BACK)
        c->error = (struct error){ 0 }; /* what was waited for has come */
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

/* --- entry actions, one a state --- */

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
        job_authorise(c);
        break;
    case JOB_AUTHORISED:
        job_brief(c); /* the document is its own briefing, and names the way that CONNECTING needs */
        break;
    case JOB_CONNECTING:
        job_connect(c);
        break;
    case JOB_BRIEFING:
        job_post(c, JOB_BRIEFED);
        break;
    case JOB_EXECUTING:
        job_execute(c);
        break;
    case JOB_STAGED:
        job_post(c, JOB_STAGED_ALL);
        break;
    case JOB_PROVING:
        job_prove(c);
        break;
    case JOB_COMMITTED:
        job_adopt(c);
        break;
    case JOB_REPORTED:
        job_done(c);
        break;
    case JOB_ROLLING_BACK:
        job_roll_back(c);
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
    c->session_confirmed = c->touched_bearer = false;
    c->refused = 0;
    service_set_bootstrapping(c->service, step < JOB_COMMITTED);
    if (step < JOB_COMMITTED)
        site_use_sim(c->site, c->trigger.sim);
    job_view_begin(c->site, &c->row, "bootstrap", step);
    enter(c);
}

static bool job_insert(struct conductor *c, const struct trigger *t, struct error *err)
{
    c->row = (struct job_row){ .created = site_wall_clock(c->site) };
    (void)text_copy(c->row.context, sizeof c->row.context, t->context);
    (void)text_copy(c->row.source, sizeof c->row.source, t->source);
    (void)text_copy(c->row.step, sizeof c->row.step, job_step_row(JOB_NEW)->name);
    memcpy(c->row.hash, t->hash, sizeof c->row.hash);
    if (store_begin(c->site->store, err))
        return false;
    store_job_put(c->site->store, &c->row);
    if (t->kind == TRIGGER_BEI)
        instruction_accept(c->site->store, t);
    return store_commit(c->site->store, err) == ERROR_NONE;
}

/* Two sources want the same context: what is not executing yet makes room for a higher rank. */
static void conflict(struct conductor *c, const struct trigger *t)
{
    char object[24];
    if (strcmp(c->row.context, t->context) != 0)
        return;
    (void)snprintf(object, sizeof object, "job%llu", (unsigned long long)c->row.id);
    bool yields = c->step < JOB_EXECUTING && policy_rank(c->site, t->source) < policy_rank(c->site, c->row.source);
    log_notice(object, "context %s: conflict of sources: %s is at work, %s %s", c->row.context, c->row.source, t->source,
               yields ? "outranks it" : "waits");
    if (!yields)
        return;
    error_set(&c->error, ERROR_CANCELLED, "source %s outranks %s", t->source, c->row.source);
    loop_cancel(c->site->loop, &c->post_timer);
    job_post(c, JOB_ERROR);
}

/* Judged before there is a job: what is refused touches neither context nor bearer. */
static enum taken authorise(struct conductor *c, const struct trigger *t, struct error *err)
{
    enum error_code rc = policy_authorise(c->site, t, err);
    return !rc ? TAKEN_WORKING : rc == ERROR_UNPROVISIONED ? TAKEN_LATER : TAKEN_REFUSED;
}

static enum taken begin_job(struct conductor *c, struct trigger *t, struct error *err)
{
    struct error e = { 0 };
    if (t->kind == TRIGGER_BEI && instruction_judge(c->site, t, err))
        return TAKEN_REFUSED;
    bool same = c->row.id && memcmp(c->row.hash, t->hash, sizeof t->hash) == 0;
    if (same && !c->reopening) { /* the other route, or a repetition: acted on once */
        settings_free(t->settings);
        return TAKEN_WORKING;
    }
    bool other = (c->row.id && !same) || c->held;
    if (other && is_anybodys(t)) { /* whoever knows the IMSI makes nothing wait */
        error_set(err, ERROR_BUSY, "another bootstrap is running");
        return TAKEN_REFUSED;
    }
    if (other && c->row.id && authorise(c, t, &e) == TAKEN_WORKING) /* what would be refused makes no room for itself */
        conflict(c, t);
    if (other)
        return TAKEN_LATER; /* stays pending; job_done, or who holds, resumes the inbox */
    enum taken taken = same ? TAKEN_WORKING : authorise(c, t, err);
    if (taken != TAKEN_WORKING)
        return taken;
    if (!same && !job_insert(c, t, &e)) {
        site_report(c->site, "job", 0, &e);
        c->row = (struct job_row){ 0 };
        return TAKEN_LATER;
    }
    c->reopening = false;
    c->trigger = *t;
    begin(c, JOB_NEW);
    return TAKEN_WORKING;
}

/* What brings a document is a job; the rest goes to whoever has asked for its kind. */
static enum taken on_trigger(void *user, struct trigger *t, struct error *err)
{
    struct conductor *c = user;
    const struct taker *taker = &c->taker[t->kind];
    if (t->settings)
        return begin_job(c, t, err);
    if (taker->fn)
        return taker->fn(taker->user, t, err);
    error_set(err, ERROR_NOT_SUPPORTED, "nobody on this gateway takes such a message");
    return TAKEN_REFUSED;
}

/* Every context that is open and not at work shows that digits are waited for: the document, unread, may be for any. */
static void on_waiting(void *user)
{
    struct conductor *c = user;
    for (size_t i = 0; i < c->site->factory.context_count; i++)
        if (!c->row.id || strcmp(c->row.context, c->site->factory.contexts[i]) != 0)
            job_view_context(c->site, c->site->factory.contexts[i]);
}

void conductor_take(struct conductor *c, enum trigger_kind kind, conductor_take_fn *fn, void *user)
{
    c->taker[kind] = (struct taker){ fn, user };
}

void conductor_watch(struct conductor *c, void (*fn)(void *user, bool succeeded), void *user)
{
    c->ended = fn;
    c->ended_user = user;
}

bool conductor_offer(struct conductor *c, const char *source, struct slice message)
{
    if (!c->row.id)
        inbox_offer(c->inbox, &(struct inbox_from){ source, "", "" }, message, NULL, NULL);
    return c->row.id == 0;
}

void conductor_settle(struct conductor *c, const uint8_t hash[32], const struct error *error)
{
    inbox_settle(c->inbox, hash, error);
}

void conductor_postpone(struct conductor *c, const uint8_t hash[32])
{
    inbox_postpone(c->inbox, hash);
}

bool conductor_hold(struct conductor *c)
{
    bool idle = !c->row.id && !c->held;
    c->held = c->held || idle;
    return idle;
}

void conductor_release(struct conductor *c)
{
    c->held = false;
    inbox_resume(c->inbox);
}

/* A job whose message cannot be opened again ends as any failed one. */
static void on_reopened(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error->code && c->reopening)
        job_fail(c, error);
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
    c->step = JOB_NEW;
    service_set_bootstrapping(c->service, true);
    job_view_begin(c->site, &c->row, "bootstrap", JOB_NEW);
    c->reopening = true;
    inbox_reopen(c->inbox, c->row.hash, c->row.source, on_reopened, c);
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

bool conductor_sms(struct conductor *c, const struct modem_sms *sms)
{
    switch (modem_sms_sort(sms->data)) {
    case MODEM_SMS_OURS:
        return inbox_offer(c->inbox, &(struct inbox_from){ sms->via_qmi ? "sms-qmi" : "sms-mm", sms->sim, sms->handle }, sms->data, NULL, NULL);
    case MODEM_SMS_OTHER_PUSH:
        inbox_ignore(c->inbox, sms->data);
        break;
    case MODEM_SMS_PERSONAL:
        break;
    }
    return true;
}

void conductor_card(struct conductor *c, struct slice message, inbox_done_fn *done, void *user)
{
    inbox_offer(c->inbox, &(struct inbox_from){ "card", "", "" }, message, done, user);
}

static void on_offered(void *user, const struct error *error)
{
    struct conductor *c = user;
    conductor_reply_fn *reply = c->reply;
    c->reply = NULL;
    char path[128] = "/"; /* what brings no document is done without a job */
    if (!error->code && c->row.id)
        job_view_path(c->site, &c->row, path, sizeof path);
    reply(c->reply_user, error, path);
}

/* One call by hand at a time, and none while a job runs. */
static bool reply_to(struct conductor *c, conductor_reply_fn *fn, void *user)
{
    struct error e = { 0 };
    if (c->row.id || c->reply) {
        error_set(&e, ERROR_BUSY, "job %llu is running", (unsigned long long)c->row.id);
        fn(user, &e, "");
        return false;
    }
    c->reply = fn;
    c->reply_user = user;
    return true;
}

void conductor_bootstrap(struct conductor *c, const char *source, struct slice message, conductor_reply_fn *fn, void *user)
{
    if (reply_to(c, fn, user))
        (void)inbox_offer(c->inbox, &(struct inbox_from){ source, "", "" }, message, on_offered, c);
}

void conductor_submit_pin(struct conductor *c, const char *context, const char *digits, conductor_reply_fn *fn, void *user)
{
    struct context_row row;
    struct error e;
    if (store_context_get(c->site->store, context, &row) && row.committed) {
        error_set(&e, ERROR_CONTEXT_COMMITTED, "context %s was bootstrapped by %s", context, row.server_id);
        fn(user, &e, "");
    } else if (reply_to(c, fn, user)) {
        inbox_submit(c->inbox, context, digits, on_offered, c);
    }
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
    job_post(c, JOB_CANCELLED);
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
    inbox_sim_changed(c->inbox);
    if (c->row.id && c->step == JOB_CONNECTING && c->timer) {
        loop_cancel(c->site->loop, &c->timer);
        c->timer = loop_timer(c->site->loop, 0, job_connect, c);
    }
}

static void on_renewal(void *user, struct slice message)
{
    struct conductor *c = user;
    inbox_offer(c->inbox, &(struct inbox_from){ "lwm2m", "", "" }, message, NULL, NULL);
}

struct conductor *conductor_new(struct site *site, struct service *service)
{
    struct conductor *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->site = site;
    c->service = service;
    static const struct inbox_events events = { .trigger = on_trigger, .waiting = on_waiting };
    c->inbox = inbox_new(site, &events, c);
    renewal_to(service_renewal(service), on_renewal, c);
    return c;
}

void conductor_free(struct conductor *c)
{
    if (!c)
        return;
    stop_work(c);
    job_drop_values(c);
    inbox_free(c->inbox);
    free(c);
}
