/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, token, session, in this order. Owns a copy of the account while it runs and wipes it. */
#include "bootstrap/execution/omadm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/execution/credentials.h"
#include "config.h"

enum { CLOCK_POLL_MS = 1000 };

struct omadm {
    struct site *site;
    struct dm_account account, after;
    enum dm_secrets source;
    struct credentials *credentials;
    struct lease lease;
    char context[33], network[256], device_id[96];
    bool report, management, by_server;
    int report_code;
    uint16_t session_id;
    dm_done_fn *fn;
    void (*waiting)(void *user, const char *text);
    void *user;
    uint64_t timer;
    uint32_t call;
    struct dm_session *session;
    bool said_waiting;
};

static void omadm_free(struct omadm *o)
{
    loop_cancel(o->site->loop, &o->timer);
    if (o->call)
        trust_cancel(o->site->trust, o->call);
    credentials_cancel(o->credentials);
    secret_pages_free(o, sizeof *o);
}

void omadm_cancel(struct omadm *o)
{
    if (!o)
        return;
    if (o->session)
        dm_session_cancel(o->session);
    omadm_free(o);
}

static void end(struct omadm *o, const struct error *e, const struct dm_outcome *outcome)
{
    dm_done_fn *fn = o->fn;
    void *user = o->user;
    o->session = NULL;
    fn(user, e, outcome);
    omadm_free(o);
}

/* What the account was completed with for the session goes out of it again. */
static void on_session(void *user, const struct error *e, const struct dm_outcome *outcome)
{
    struct omadm *o = user;
    struct dm_outcome told = *outcome;
    struct error weak = { 0 };
    o->after = *outcome->account;
    told.account = &o->after;
    told.credentials_changed = told.credentials_changed || o->source != DM_SECRETS_OWN;
    bool bad = credentials_settle(&o->after, o->source, &o->account, &weak) != ERROR_NONE;
    end(o, !e && bad ? &weak : e, &told);
}

static void fail(struct omadm *o, const struct error *e)
{
    struct dm_outcome nothing = { .account = &o->account };
    end(o, e, &nothing);
}

void omadm_stop(struct omadm *o, const struct error *why)
{
    if (o->session)
        dm_session_stop(o->session, why);
    else
        fail(o, why);
}

static void start_session(struct omadm *o)
{
    const struct factory_data *f = &o->site->factory;
    struct dm_device device = {
        .device_id = o->device_id, .manufacturer = f->manufacturer, .model = f->model, .serial = f->serial,
        .hardware_version = f->hardware_version, .firmware_version = AGENT_VERSION, .gateway_id = f->gateway_id, .network = o->network,
    };
    struct dm_job job = {
        .account = &o->account, .context = o->context, .device = &device, .lease = &o->lease, .roots_pem = f->roots_pem,
        .now = clock_now(&o->site->clock), .report = o->report, .report_code = o->report_code,
        .management = o->management, .by_server = o->by_server, .session_id = o->session_id,
    };
    struct error e = { 0 };
    o->session = dm_session_start(o->site->loop, o->site->https, o->site->trust, &job, on_session, o, &e);
    if (!o->session)
        fail(o, &e);
}

static void on_credentials(void *user, const struct error *e)
{
    struct omadm *o = user;
    o->credentials = NULL;
    if (e)
        fail(o, e);
    else
        start_session(o);
}

static void complete_account(struct omadm *o)
{
    o->source = credentials_source(&o->account);
    o->credentials = credentials_fill(o->site, &o->account, on_credentials, o);
}

static void on_token(void *user, enum error_code status, struct slice token)
{
    struct omadm *o = user;
    (void)token; /* the session asks for it when the server does */
    o->call = 0;
    struct error e;
    if (status) {
        error_set(&e, status, "registration token: %s", error_text(status));
        fail(o, &e);
        return;
    }
    complete_account(o);
}

/* A certificate cannot be judged without time (DESIGN situations); everything else goes on meanwhile. */
static void await_clock(void *user)
{
    struct omadm *o = user;
    o->timer = 0;
    if (clock_source(&o->site->clock) == CLOCK_UNTRUSTED) {
        if (!o->said_waiting && o->waiting)
            o->waiting(o->user, "waiting for network time: the clock is not trusted");
        o->said_waiting = true;
        o->timer = loop_timer(o->site->loop, CLOCK_POLL_MS, await_clock, o);
        return;
    }
    if (o->management) {
        start_session(o);
        return;
    }
    o->call = trust_token_open(o->site->trust, o->context, on_token, o);
}

/* DevId is a URN of the gateway's own identity: modem and SIM can be replaced (DESIGN trust rule 8). */
struct omadm *omadm_start(struct site *site, const struct omadm_task *task, dm_done_fn *fn, void (*waiting)(void *user, const char *text),
                          void *user)
{
    struct omadm *o = secret_pages_new(sizeof *o);
    if (!o)
        abort();
    *o = (struct omadm){ .site = site, .account = *task->account, .lease = *task->lease, .report = task->report,
                         .report_code = task->report_code, .management = task->management, .by_server = task->by_server,
                         .session_id = task->session_id, .fn = fn, .waiting = waiting, .user = user };
    (void)text_copy(o->context, sizeof o->context, task->context);
    (void)snprintf(o->device_id, sizeof o->device_id, "urn:gateway:%s", site->factory.gateway_id);
    (void)site_network_facts(site, task->apn, o->network, sizeof o->network);
    o->timer = loop_timer(site->loop, 0, await_clock, o);
    return o;
}
