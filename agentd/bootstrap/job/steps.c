/* SPDX-License-Identifier: Apache-2.0 */
/* Entry actions on the way forward: authorise, brief, connect, execute, prove. Each starts one piece of work whose end posts an event. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/briefing/briefing.h"
#include "bootstrap/job/room.h"
#include "bootstrap/policy.h"
#include "bootstrap/way/default_way.h"
#include "bootstrap/way/initial_access.h"

void job_authorise(struct conductor *c)
{
    struct error e = { 0 };
    if (policy_authorise(c->site, &c->trigger, &e))
        job_fail(c, &e);
    else
        job_post(c, JOB_ACCEPTED);
}

void job_brief(struct conductor *c)
{
    struct error e = { 0 };
    if (briefing_from_settings(c->trigger.settings, &c->briefing, &e))
        job_fail(c, &e);
    else
        job_post(c, JOB_GO);
}

/* --- CONNECTING --- */

/* ProvCont 5.4: the document may name several ways; one that the network refuses does not end the job while another one is valid here. */
static bool another_way(struct conductor *c)
{
    bool named;
    const struct modem_facts *m = site_modem(c->site);
    const struct settings *s = c->trigger.settings;
    if (!m || !c->briefing.napdef)
        return false;
    c->refused |= 1U << (c->briefing.napdef - s->napdef);
    return settings_way(s, c->briefing.account, m->plmn, (int64_t)clock_now(&c->site->clock), c->refused, &named) != NULL;
}

/* Of the way that was chosen; "" of the host's. */
static const char *way_apn(const struct conductor *c)
{
    return c->briefing.napdef ? c->briefing.napdef->apn : initial_access_is_due(c->site) ? c->site->factory.initial.napdef.apn : "";
}

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct conductor *c = user;
    c->busy_connecting = false;
    if (!c->row.id || c->step != JOB_CONNECTING)
        return; /* the job went another way meanwhile */
    if (status == ERROR_BUSY) { /* another one is on its way, which a job outranks as soon as it is there */
        c->timer = loop_timer(c->site->loop, JOB_POLL_MS, job_connect, c);
        return;
    }
    if (status) {
        struct error e;
        if (status == ERROR_BEARER_REFUSED && another_way(c)) {
            log_notice("job", "bearer %s was refused: %s; the next access point of the document is tried", c->briefing.napdef->apn, text ? text : "");
            job_connect(c);
            return;
        }
        error_set(&e, status, "bearer %s: %s", way_apn(c)[0] ? way_apn(c) : "by default", text && text[0] ? text : error_text(status));
        job_fail(c, &e);
        return;
    }
    c->lease = *lease;
    job_post(c, JOB_LEASED);
}

/* Of the NAPDEFs that lead to the server, the one for the network that serves the modem now. A document without one gets those of default_way.h, as if it had named them. */
static enum error_code choose_napdef(struct conductor *c, struct error *err)
{
    bool named;
    struct settings *s = c->trigger.settings;
    const char *plmn = site_modem(c->site)->plmn;
    c->briefing.napdef = settings_way(s, c->briefing.account, plmn, (int64_t)clock_now(&c->site->clock), c->refused, &named);
    if (!c->briefing.napdef && !named) {
        if (!default_way_add(c->service, c->row.context, c->briefing.account, s))
            return error_set(err, ERROR_NOT_READY, "what is installed is being opened");
        c->briefing.napdef = settings_way(s, c->briefing.account, plmn, (int64_t)clock_now(&c->site->clock), c->refused, &named);
    }
    return c->briefing.napdef ? ERROR_NONE : error_set(err, ERROR_POLICY, "no access point of the document is valid in network %s", plmn);
}

static void connect_bearer(struct conductor *c)
{
    char id[STORE_NAME];
    service_look(c->service); /* whether data may be used is judged by the facts of now */
    apply_id(c->row.context, c->briefing.napdef->napid, id, sizeof id);
    c->busy_connecting = c->touched_bearer = true;
    bearers_connect(c->site->bearers, id, c->briefing.napdef, on_lease, c);
}

/* TR 33.812, 5.2.2.6.1 steps 4 to 7: IP access towards the RO only, for its management session. */
static void connect_initially(struct conductor *c)
{
    struct error e = { 0 };
    if (c->briefing.mechanism != MECHANISM_OMADM)
        error_set(&e, ERROR_POLICY, "the initial access is for a session with the RO; the document brings accounts of LwM2M and no access point for them");
    else
        (void)initial_access_check(c->site, c->briefing.account->uri, &e);
    if (e.code) {
        job_fail(c, &e);
        return;
    }
    service_look(c->service);
    c->busy_connecting = c->touched_bearer = true;
    initial_access_connect(c->site, on_lease, c);
}

/* Looks once a second, and at each change of the modem, whether the way is there. */
void job_connect(void *user)
{
    struct conductor *c = user;
    struct error e = { 0 };
    c->timer = 0;
    if (c->busy_connecting) { /* a bearer call of a former attempt is still ending */
        c->timer = loop_timer(c->site->loop, JOB_POLL_MS, job_connect, c);
        return;
    }
    if (!c->briefing.napdef && initial_access_is_due(c->site)) {
        connect_initially(c);
        return;
    }
    enum way way = policy_way(c->site, c->row.source, c->briefing.napdef, loop_now(c->site->loop) - c->entered_ms);
    if (way == WAY_HOST && c->briefing.mechanism == MECHANISM_BEARER) {
        error_set(&e, ERROR_NO_MODEM, "the document brings a bearer and no modem is there for it");
        job_fail(c, &e);
        return;
    }
    if (way == WAY_HOST) {
        c->lease = (struct lease){ .bound = false };
        job_post(c, JOB_LEASED);
        return;
    }
    enum error_code rc = policy_modem(c->site, &e);
    bool ready = way == WAY_CELLULAR && rc == ERROR_NONE;
    if (ready)
        rc = choose_napdef(c, &e);
    if (ready && rc == ERROR_NONE) {
        connect_bearer(c);
        return;
    }
    if (rc == ERROR_POLICY || rc == ERROR_ROAMING) {
        job_fail(c, &e);
        return;
    }
    job_wait_note(c, e.text);
    c->error = e; /* the reason of a time-out */
    c->timer = loop_timer(c->site->loop, JOB_POLL_MS, job_connect, c);
}

/* --- EXECUTING --- */

static void on_sealed(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error)
        job_fail(c, error);
    else
        job_post(c, JOB_EXECUTED);
}

static enum error_code mid_error(enum mid_result r)
{
    static const enum error_code codes[] = { ERROR_NONE, ERROR_MID_SIGNATURE, ERROR_MID_TARGET, ERROR_MID_BINDING, ERROR_MID_VERSION,
                                             ERROR_MID_POLICY, ERROR_NO_SPACE, ERROR_MID_BACKEND, ERROR_MID_SELFTEST, ERROR_BUSY, ERROR_INTERNAL,
                                             ERROR_MALFORMED };
    return (size_t)r < sizeof codes / sizeof *codes ? codes[r] : ERROR_INTERNAL;
}

/* The MID that the job answers for. A newer version of the one in service took its place in the TRE and is in service; it is none of the job's to undo. */
static void take_mid(struct conductor *c, const struct dm_outcome *outcome)
{
    bool waits = outcome->mid_attempted && outcome->mid_result == MID_OK && outcome->mid.state != MID_ACTIVE;
    if (waits)
        (void)text_copy(c->row.mid, sizeof c->row.mid, outcome->mid.id);
    c->row.result = outcome->mid_attempted ? (int)outcome->mid_result : 0;
}

/* The session ended. What it brought joins the settings; the account keeps its new nonces. */
static void on_executed(void *user, const struct error *error, const struct dm_outcome *outcome)
{
    struct conductor *c = user;
    struct settings *s = c->trigger.settings;
    struct error e;
    c->omadm = NULL;
    take_mid(c, outcome);
    if (error) {
        job_fail(c, error);
        return;
    }
    if (outcome->mid_attempted && outcome->mid_result != MID_OK) {
        error_set(&e, mid_error(outcome->mid_result), "the MID was not installed: %s", error_text(mid_error(outcome->mid_result)));
        job_fail(c, &e);
        return;
    }
    if (!outcome->mid_attempted && outcome->lwm2ms == 0) {
        error_set(&e, ERROR_INCOMPLETE, "the server ended the session without a MID or an account");
        job_fail(c, &e);
        return;
    }
    if (outcome->credentials_changed)
        s->dm[0] = *outcome->account;
    for (size_t i = 0; i < outcome->lwm2ms && s->lwm2ms < SETTINGS_LWM2M; i++)
        s->lwm2m[s->lwm2ms++] = outcome->lwm2m[i];
    c->session_confirmed = true;
    c->apply = apply_seal(c->site, s, c->lease.bound, c->row.context, on_sealed, c);
}

/* The bootstrap server has written the accounts, and they fit together. */
static void on_accounts(void *user, const struct error *error)
{
    struct conductor *c = user;
    c->lwm2m = NULL;
    if (error)
        job_fail(c, error);
    else
        c->apply = apply_seal(c->site, c->trigger.settings, c->lease.bound, c->row.context, on_sealed, c);
}

static void execute_lwm2m(struct conductor *c)
{
    struct error e = { 0 };
    c->lwm2m = lwm2m_execute(c->site, c->trigger.settings, &c->lease, on_accounts, job_wait_note, c, &e);
    if (c->lwm2m)
        job_allow(c, lwm2m_execution_wait_ms(c->lwm2m));
    else
        job_fail(c, &e);
}

/* Accounts are complete: either they are all, or their bootstrap server brings the others. */
static void on_keys(void *user, const struct error *error)
{
    struct conductor *c = user;
    c->keys = NULL;
    if (error)
        job_fail(c, error);
    else if (c->briefing.mechanism == MECHANISM_LWM2M)
        execute_lwm2m(c);
    else
        c->apply = apply_seal(c->site, c->trigger.settings, c->lease.bound, c->row.context, on_sealed, c);
}

void job_execute(struct conductor *c)
{
    if (c->briefing.mechanism == MECHANISM_BEARER) {
        c->apply = apply_seal(c->site, c->trigger.settings, c->lease.bound, c->row.context, on_sealed, c);
        return;
    }
    if (c->briefing.mechanism == MECHANISM_DIRECT || c->briefing.mechanism == MECHANISM_LWM2M) {
        c->keys = lwm2m_keys_fill(c->site, c->trigger.settings, on_keys, c);
        return;
    }
    struct omadm_task task = { .account = c->briefing.account, .context = c->row.context, .lease = &c->lease,
                               .apn = site_lease_apn(c->site, &c->lease) };
    c->omadm = omadm_start(c->site, &task, on_executed, job_wait_note, c);
}

/* --- PROVING --- */

static void activate_mid(struct conductor *c);

static void on_mid_state(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    struct error e;
    (void)result;
    c->tre_call = 0;
    if (status) {
        error_set(&e, status, "MID %s could not be activated: %s", c->row.mid, error_text(status));
        job_fail(c, &e);
    } else if (entry->state == MID_SUSPENDED) {
        activate_mid(c); /* the old one is out of the way */
    } else {
        job_post(c, JOB_PROVED);
    }
}

/* One MID of a type is active in a context: the old one is suspended first, and comes back if the job is rolled back. */
static void activate_mid(struct conductor *c)
{
    const char *old = c->row.mid[0] ? job_other_mid(c, mid_state_name(MID_ACTIVE)) : NULL;
    if (old)
        c->tre_call = trust_mid_set_state(c->site->trust, old, MID_SUSPENDED, on_mid_state, c);
    else if (c->row.mid[0])
        c->tre_call = trust_mid_set_state(c->site->trust, c->row.mid, MID_ACTIVE, on_mid_state, c);
    else
        job_post(c, JOB_PROVED);
}

static void on_proved(void *user, const struct error *error)
{
    struct conductor *c = user;
    if (error)
        job_fail(c, error);
    else
        activate_mid(c);
}

/* By the first server account. Without one the DM session itself, bound to the lease, was the confirmed session; a bootstrap server alone is not asked here. */
void job_prove(struct conductor *c)
{
    const struct settings *s = c->trigger.settings;
    size_t i = 0;
    while (i < s->lwm2ms && s->lwm2m[i].short_server_id == 0)
        i++;
    if (i < s->lwm2ms && c->lease.reach) {
        struct error e;
        error_set(&e, ERROR_POLICY, "the initial access carries no LwM2M: server %u needs an access point, and the document brings none", (unsigned)s->lwm2m[i].short_server_id);
        job_fail(c, &e);
        return;
    }
    if (i < s->lwm2ms)
        service_prove(c->service, &s->lwm2m[i], c->row.context, &c->lease, on_proved, c);
    else
        activate_mid(c);
}
