/* SPDX-License-Identifier: Apache-2.0 */
/* What a message is worth: its route, its MAC by the TRE or whoever else vouches, its reader, its taker; and the end of those that are worth nothing. Must
 * never read a body before who vouches for it was asked. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/instruction/instruction.h"
#include "bootstrap/start/inbox_room.h"
#include "codec/bei.h"

/* --- what waits for a person --- */

static void show_waiting(struct inbox *in)
{
    node_set_number(tree_manager(in->site->tree), "MessagesWaiting", in->waiting.count);
    in->events.waiting(in->user);
}

static void refuse_hash(struct inbox *in, const uint8_t hash[32], enum inbox_state state, const struct error *e)
{
    inbox_write_end(in, hash, state, error_name(e->code), e->code == ERROR_NOT_FOR_US ? NULL : e);
    if (e->code == ERROR_NOT_FOR_US)
        site_count_ignored(in->site, "inbox", e);
    else
        site_report_refused(in->site, "inbox", e);
    if (hashes_remove(&in->waiting, hash))
        show_waiting(in);
}

void judge_refuse(struct inbox *in, const struct error *e)
{
    refuse_hash(in, in->first->hash, INBOX_REFUSED, e);
    inbox_finish(in, e);
}

/* The message stays pending. A flood of such messages pushes out the oldest: the one that the owner has just been told of is the newest. */
static void wait_for_digits(struct inbox *in)
{
    uint8_t gone[32];
    struct error e;
    if (hashes_add(&in->waiting, in->first->hash, gone)) {
        error_set(&e, ERROR_BUSY, "more than %d messages wait for digits; the oldest was dropped", HASHES_MAX);
        refuse_hash(in, gone, INBOX_REFUSED, &e);
    }
    error_set(&e, ERROR_PIN_REQUIRED, "push message waits for the digits that belong to it");
    log_notice("inbox", "%s; %s", e.text, e.hint);
    show_waiting(in);
    inbox_finish(in, &e);
}

/* --- read: only after who vouches for it was asked --- */

static bool brings_document(enum trigger_kind kind)
{
    return kind == TRIGGER_SETTINGS || kind == TRIGGER_CARD || kind == TRIGGER_RENEWAL || kind == TRIGGER_FACTORY || kind == TRIGGER_BEI;
}

static enum error_code make_trigger(struct inbox *in, struct trigger *t, struct error *err)
{
    const struct message *m = in->first;
    *t = (struct trigger){ .kind = in->route->kind, .sec = (enum push_sec)in->push.sec, .body = in->push.body };
    memcpy(t->hash, m->hash, sizeof t->hash);
    (void)text_copy(t->source, sizeof t->source, m->source);
    (void)text_copy(t->sim, sizeof t->sim, m->sim);
    if (brings_document(t->kind) && !(t->settings = settings_new()))
        return error_set(err, ERROR_NO_MEMORY, "message");
    return in->route->read ? in->route->read(&in->push, t, err) : ERROR_NONE;
}

static void tell_leftover(const struct settings *s)
{
    char paths[400];
    leftover_paths(&s->leftover, paths, sizeof paths);
    if (paths[0])
        log_info("inbox", "the document also says, kept without a field of its own: %s", paths);
}

/* Digits are typed for one context; a document for another one goes on waiting. */
static bool typed_for_another(struct inbox *in, struct trigger *t, struct error *err)
{
    if (!in->first->typed || strcmp(in->submission.context, t->context) == 0)
        return false;
    error_set(err, ERROR_POLICY, "the digits fit a message for context %s; give them there", t->context);
    settings_free(t->settings);
    return true;
}

static enum taken give(struct inbox *in, struct trigger *t, struct error *err)
{
    const struct message *m = in->first;
    if (m->typed) { /* digits are not kept: that they fitted is */
        inbox_write_state(in, m->hash, INBOX_VERIFIED, "");
        (void)hashes_remove(&in->waiting, m->hash);
        show_waiting(in);
    }
    if (t->settings)
        tell_leftover(t->settings);
    enum taken taken = in->events.trigger(in->user, t, err);
    if (taken != TAKEN_WORKING)
        settings_free(t->settings);
    else if (!t->settings)
        (void)hashes_add(&in->working, m->hash, (uint8_t[32]){ 0 });
    return taken;
}

static bool by_proof(const struct inbox *in)
{
    return in->route->voucher == ROUTE_BY_PROOF || in->route->voucher == ROUTE_BY_SIGNATURE;
}

/* Nobody but who has the owner's key can bring such a message about. */
static bool is_owners(const struct inbox *in)
{
    return by_proof(in) || (in->route->voucher == ROUTE_BY_SEC && in->push.sec != PUSH_NETWPIN);
}

static void hand_over(struct inbox *in)
{
    struct error e = { 0 };
    struct trigger t;
    enum taken taken = TAKEN_REFUSED;
    if (make_trigger(in, &t, &e)) {
        settings_free(t.settings);
    } else if (typed_for_another(in, &t, &e)) {
        inbox_finish(in, &e);
        return;
    } else {
        taken = give(in, &t, &e);
    }
    switch (taken) {
    case TAKEN_DONE:
        inbox_write_state(in, in->first->hash, INBOX_DONE, "");
        inbox_finish(in, &e);
        return;
    case TAKEN_WORKING:
        inbox_finish(in, &e);
        return;
    case TAKEN_LATER:
        if (e.code)
            site_report(in->site, "inbox", 0, &e);
        else
            error_set(&e, ERROR_BUSY, "another bootstrap is running; the message waits");
        inbox_finish(in, &e);
        return;
    case TAKEN_REFUSED: /* what only the owner could send stays known: its day must not come when the context is opened again */
        refuse_hash(in, in->first->hash, is_owners(in) ? INBOX_DENIED : INBOX_REFUSED, &e);
        inbox_finish(in, &e);
        return;
    }
}

static void on_verified(void *user, enum error_code status, uint8_t tries_left)
{
    struct inbox *in = user;
    struct error e;
    in->call = 0;
    if (status == ERROR_NONE) {
        hand_over(in);
        return;
    }
    if (inbox_is_passing(status)) {
        inbox_wait_for_tre(in);
        return;
    }
    if (status == ERROR_PIN_REQUIRED) {
        wait_for_digits(in);
        return;
    }
    error_set(&e, status, "push message: %s", error_text(status));
    if (in->first->typed && tries_left) {
        in->submission.tries_left = tries_left > in->submission.tries_left ? tries_left : in->submission.tries_left;
        inbox_finish(in, &e); /* goes on waiting */
        return;
    }
    judge_refuse(in, &e);
}

/* The MAC parameter as octets; empty if there is none: the TRE decides, USERPINMAC has none. */
static enum error_code read_mac(const struct wsp_push *push, uint8_t mac[20], struct slice *out, struct error *err)
{
    *out = (struct slice){ NULL, 0 };
    if (!push->has_sec)
        return error_set(err, ERROR_MAC_MISSING, "push message carries no SEC parameter");
    if (!push->has_mac)
        return ERROR_NONE;
    *out = (struct slice){ mac, 20 };
    return wsp_mac_decode(push, mac, err);
}

/* Of the card that the message came to, in whichever modem it is now. */
static const char *imsi_for(const struct inbox *in, const struct message *m)
{
    const struct modem_watch *w = in->site->modem;
    const struct modem_facts *facts = !w ? NULL : m->sim[0] ? modem_of_sim(w, m->sim) : modem_primary(w);
    return facts ? facts->imsi : "";
}

static void verify_mac(struct inbox *in)
{
    struct message *m = in->first;
    struct error e = { 0 };
    uint8_t mac[20];
    struct slice mac_octets;
    if (read_mac(&in->push, mac, &mac_octets, &e)) {
        judge_refuse(in, &e);
        return;
    }
    const char *imsi = imsi_for(in, m);
    if (!imsi[0] && (in->push.sec == PUSH_NETWPIN || in->push.sec == PUSH_USERNETWPIN)) {
        in->wants_imsi = true; /* pending, and out of the way of others */
        error_set(&e, ERROR_NOT_READY, "push message waits for the IMSI of the SIM");
        inbox_finish(in, &e);
        return;
    }
    struct trust_push push = { .sec = in->push.sec, .imsi = imsi, .mac = mac_octets, .message_hash = m->hash, .document = in->push.body };
    if (m->typed)
        push.typed = in->submission.digits;
    in->call = trust_verify_push(in->site->trust, &push, on_verified, in);
}

static void on_proof(void *user, enum error_code status, uint8_t unused)
{
    struct inbox *in = user;
    struct error e;
    (void)unused;
    in->call = 0;
    if (status == ERROR_NONE) {
        hand_over(in);
    } else if (inbox_is_passing(status)) {
        inbox_wait_for_tre(in);
    } else {
        error_set(&e, status, "instruction: %s", error_text(status));
        judge_refuse(in, &e);
    }
}

/* The envelope is read, its proof judged over the raw octets; the payload not before. */
static void verify_proof(struct inbox *in)
{
    struct bei_envelope v;
    struct error e = { 0 };
    uint8_t covered[BEI_OCTETS_MAX + 64];
    struct writer w = writer_make(covered, sizeof covered);
    enum error_code rc = bei_open(in->push.body, &v, &e);
    if (!rc)
        bei_put_authenticated(&w, &v);
    if (!rc && v.kind == BEI_MAC0 && in->route->voucher == ROUTE_BY_SIGNATURE)
        rc = error_set(&e, ERROR_POLICY, "instruction from the LAN with a MAC; only a signature is taken there");
    if (!rc && v.kind == BEI_MAC0) {
        in->call = trust_verify_instruction(in->site->trust, v.proof, writer_slice(&w), on_proof, in);
        return;
    }
    if (rc || instruction_verify(&in->site->factory, &v, writer_slice(&w), &e))
        judge_refuse(in, &e);
    else
        hand_over(in);
}

void judge(struct inbox *in)
{
    struct message *m = in->first;
    struct error e = { 0 };
    if (route_find(m->source, (struct slice){ m->octets, m->len }, &in->push, &in->route, &e))
        judge_refuse(in, &e);
    else if (in->route->voucher == ROUTE_BY_SEC && !m->verified)
        verify_mac(in);
    else if (by_proof(in))
        verify_proof(in);
    else
        hand_over(in);
}

void inbox_settle(struct inbox *in, const uint8_t hash[32], const struct error *error)
{
    (void)hashes_remove(&in->working, hash);
    if (error)
        refuse_hash(in, hash, INBOX_REFUSED, error);
    else
        inbox_write_state(in, hash, INBOX_DONE, "");
}

void inbox_ignore(struct inbox *in, struct slice message)
{
    uint8_t hash[32], gone[32];
    struct error e;
    if (EVP_Digest(message.data, message.len, hash, NULL, EVP_sha256(), NULL) != 1 || hashes_has(&in->ignored, hash))
        return;
    (void)hashes_add(&in->ignored, hash, gone);
    error_set(&e, ERROR_NOT_FOR_US, "WSP push of another kind; left in the modem");
    site_count_ignored(in->site, "inbox", &e);
}

void inbox_sim_changed(struct inbox *in)
{
    char sims[sizeof in->sims] = "";
    const struct modem_facts *m;
    for (size_t n = 0; in->site->modem && (m = modem_at(in->site->modem, n)); n++)
        if (m->imsi[0])
            (void)snprintf(&sims[strlen(sims)], sizeof sims - strlen(sims), "%s ", m->sim);
    bool same = strcmp(sims, in->sims) == 0;
    (void)text_copy(in->sims, sizeof in->sims, sims);
    if (same || !in->wants_imsi)
        return;
    in->wants_imsi = false;
    inbox_resume(in);
}
