/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves whose answer comes from the TRE: evidence, token, keys, Install, orders. One call at a time; the queue of commands waits for it. Never keeps what the
 * TRE said beyond the message that carries it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "dm/session.h"

static void go_on(struct dm_session *s)
{
    s->task++;
    command_run(s);
}

/* What a failing TRE means to the server: 404 while there is nothing yet, 406 for a form of evidence that it cannot give, 409 while the platform needs another
 * certificate, 500 otherwise. */
static int status_of(enum error_code code)
{
    if (code == ERROR_ENROLMENT)
        return DM_CONFLICT;
    if (code == ERROR_NOT_SUPPORTED)
        return DM_OPTIONAL;
    return code == ERROR_NOT_READY || code == ERROR_NOT_FOUND ? DM_NOT_FOUND : DM_FAILED;
}

static void give_octets(struct dm_session *s, enum error_code code, struct slice octets)
{
    const struct dm_task *t = &s->tasks[s->task];
    if (!code && octets.len == 0)
        code = ERROR_NOT_FOUND;
    if (!code && octets.len + 600 > s->server_limit) { /* Results are not chunked: they must fit a message of the server */
        command_answer(s, t, DM_TOO_LARGE);
    } else if (code) {
        if (status_of(code) == DM_FAILED || code == ERROR_ENROLMENT)
            log_warning(s->log, "the TRE gave no value: %s", error_text(code));
        command_answer(s, t, status_of(code));
    } else {
        command_answer(s, t, DM_OK);
        outbox_results(&s->outbox, s->msg_ref, syncml_text(t->cmd, SYNCML_CMD_ID), command_uri(t), DM_BIN, octets);
    }
}

static void on_octets(void *user, enum error_code status, struct slice octets)
{
    struct dm_session *s = user;
    s->call = 0;
    give_octets(s, status, octets);
    go_on(s);
}

/* Evidence is bound to the registration token: the TRE opens one if there is none (doc mid-package). */
static void on_token_for_evidence(void *user, enum error_code status, struct slice octets)
{
    struct dm_session *s = user;
    s->call = 0;
    (void)octets;
    if (status) {
        on_octets(s, status, (struct slice){ NULL, 0 });
        return;
    }
    struct slice nonce = { s->tree.vendor.nonce, s->tree.vendor.nonce_len };
    s->call = trust_evidence(s->trust, s->context, nonce, s->tree.device->network ? s->tree.device->network : "", s->now, s->tree.vendor.form, on_octets,
                             s);
}

static void on_keys(void *user, enum error_code status, const struct trust_keys *keys)
{
    struct dm_session *s = user;
    struct slice octets = { NULL, 0 };
    enum dm_ask ask;
    struct dm_value unused;
    char name[DM_NAME_CAP];
    s->call = 0;
    (void)dm_tree_get(&s->tree, command_uri(&s->tasks[s->task]), &unused, &ask, name);
    if (!status)
        octets = ask == DM_ASK_CERTIFICATE ? keys->certificate : ask == DM_ASK_PUBLIC_KEY ? keys->pfc : keys->transport;
    give_octets(s, status, octets);
    go_on(s);
}

/* Doc management-objects, "Exec of Install": the status, and in the same package a generic alert with the result. */
static void tell_result(struct dm_session *s, const struct dm_task *t, const struct dm_mid *m)
{
    char source[DM_URI_CAP], data[12];
    (void)snprintf(source, sizeof source, "./GatewayAgent/Mid/%s", m->name);
    (void)snprintf(data, sizeof data, "%d", (int)m->result);
    command_answer(s, t, m->result == MID_OK ? DM_OK : DM_FAILED);
    struct dm_generic g = { .source = source, .type = "org.gatewayagent.mid.install", .format = "int", .data = data,
                            .correlator = syncml_text(t->cmd, SYNCML_CORRELATOR) };
    (void)outbox_generic(&s->outbox, &g);
}

static void on_installed(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct dm_session *s = user;
    const struct dm_task *t = &s->tasks[s->task];
    enum dm_ask ask;
    char name[DM_NAME_CAP];
    s->call = 0;
    (void)dm_tree_exec(&s->tree, command_uri(t), &ask, name);
    struct dm_mid *m = dm_tree_mid(&s->tree, name);
    free(m->package); /* handed over; the same package again must be sent again */
    m->package = NULL;
    m->package_len = 0;
    m->attempted = true;
    m->result = (status || !entry) && result == MID_OK ? MID_INTERNAL : result;
    if (entry)
        m->entry = *entry;
    s->mid = *m;
    if (m->result == MID_OK)
        log_notice(s->log, "MID %s version %u installed", m->entry.id, (unsigned)m->entry.version);
    else
        log_warning(s->log, "MID package refused: %s (result %d)", error_text(status ? status : ERROR_INTERNAL), (int)m->result);
    tell_result(s, t, m);
    go_on(s);
}

static bool install(struct dm_session *s, const struct dm_task *t, const char *name)
{
    struct dm_mid *m = dm_tree_mid(&s->tree, name);
    if (!m || !m->package) {
        command_answer(s, t, DM_INCOMPLETE);
        return true;
    }
    s->call = trust_mid_install(s->trust, s->context, s->now, (struct slice){ m->package, m->package_len }, on_installed, s);
    return false;
}

static void on_ordered(void *user, enum error_code status, enum mid_result result, struct slice receipt)
{
    struct dm_session *s = user;
    struct dm_order *o = &s->tree.vendor.order;
    s->call = 0;
    o->attempted = true;
    o->result = result;
    o->receipt_len = receipt.len <= sizeof o->receipt ? receipt.len : 0;
    if (o->receipt_len)
        memcpy(o->receipt, receipt.data, o->receipt_len);
    if (status)
        log_warning(s->log, "order refused: %s (result %d)", error_text(status), (int)result);
    else
        log_notice(s->log, "order carried out");
    command_answer(s, &s->tasks[s->task], status ? DM_FAILED : DM_OK);
    go_on(s);
}

static bool apply(struct dm_session *s, const struct dm_task *t)
{
    struct dm_order *o = &s->tree.vendor.order;
    if (o->len == 0) {
        command_answer(s, t, DM_INCOMPLETE);
        return true;
    }
    s->call = trust_mid_order(s->trust, s->now, (struct slice){ o->octets, o->len }, on_ordered, s);
    o->len = 0; /* handed over; the same order again must be sent again */
    return false;
}

static void on_enrolled(void *user, enum error_code status)
{
    struct dm_session *s = user;
    s->call = 0;
    if (status)
        log_warning(s->log, "the new certificate of the platform is refused: %s", error_text(status));
    else
        log_notice(s->log, "the platform has a new certificate");
    command_answer(s, &s->tasks[s->task], status ? DM_FAILED : DM_OK);
    go_on(s);
}

static bool enrol(struct dm_session *s, const struct dm_task *t)
{
    struct dm_vendor *v = &s->tree.vendor;
    if (v->certificate_len == 0) {
        command_answer(s, t, DM_INCOMPLETE);
        return true;
    }
    s->call = trust_pfc_certificate(s->trust, (struct slice){ v->certificate, v->certificate_len }, on_enrolled, s);
    v->certificate_len = 0; /* handed over; the same one again must be sent again */
    return false;
}

bool remote_ask(struct dm_session *s, const struct dm_task *t, enum dm_ask ask, const char *name)
{
    switch (ask) {
    case DM_ASK_EVIDENCE:
        if (s->tree.vendor.nonce_len == 0)
            break;
        s->call = trust_token_open(s->trust, s->context, on_token_for_evidence, s);
        return false;
    case DM_ASK_TOKEN:
        s->call = trust_token_open(s->trust, s->context, on_octets, s);
        return false;
    case DM_ASK_CERTIFICATE:
    case DM_ASK_PUBLIC_KEY:
    case DM_ASK_TRANSPORT_KEY:
        s->call = trust_keys(s->trust, on_keys, s);
        return false;
    case DM_ASK_REQUEST:
    case DM_ASK_KEY_REQUEST:
        s->call = trust_pfc_request(s->trust, ask == DM_ASK_KEY_REQUEST, on_octets, s);
        return false;
    case DM_ASK_ENROL:
        return enrol(s, t);
    case DM_ASK_INSTALL:
        return install(s, t, name);
    case DM_ASK_APPLY:
        return apply(s, t);
    case DM_ASK_RECEIPT:
        give_octets(s, ERROR_NONE, (struct slice){ s->tree.vendor.order.receipt, s->tree.vendor.order.receipt_len });
        return true;
    case DM_ASK_NOTHING:
        break;
    }
    command_answer(s, t, DM_NOT_FOUND); /* evidence over no nonce */
    return true;
}
