/* SPDX-License-Identifier: Apache-2.0 */
/* One message at a time walks: seal -> commit and delete -> (unseal) -> route -> verify -> read -> hand over. Owns the queue of messages that are not
 * committed yet (they are still in modem storage, so losing the queue loses nothing). Must never parse what is not verified. */
#include "bootstrap/start/inbox.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/start/hashes.h"
#include "bootstrap/instruction.h"
#include "bootstrap/start/route.h"
#include "codec/bei.h"
#include "model/tre_wire.h"

enum {
    MESSAGE_MAX = 33000,
    QUEUE_MAX = 32,
    KEEP_REFUSED = 256,
    PASSING_MS = 30000, /* how long a message waits when the TRE is busy or away; its return is noticed at once */
    RETRY_SECONDS = 10, /* a failed message is acted on again at most this often, times its attempts */
};

struct message {
    struct message *next;
    uint8_t hash[32];
    char source[16], handle[128];
    uint8_t *octets; /* NULL: only in the store */
    size_t len;
    bool typed;      /* opened for the digits of the submission that runs */
    bool verified;   /* before a restart or a wait, by typed digits */
    inbox_done_fn *done;
    void *user;
    struct error result;
};

/* Digits of a person, tried on each message that waits for some, the newest first: one that fits ends it, the others are not asked. */
struct submission {
    char digits[INBOX_DIGITS_MAX + 1], context[33];
    struct hashes left;    /* to be tried; the last is next */
    size_t tried;
    uint8_t tries_left;    /* the most that any of those that did not fit has */
    inbox_done_fn *done;   /* NULL: none runs */
    void *user;
};

struct inbox {
    struct site *site;
    struct inbox_events events;
    void *user;
    struct hashes waiting;  /* for digits; pending in the store, oldest first */
    struct hashes working;  /* taken with TAKEN_WORKING, not settled yet */
    struct hashes ignored;  /* counted already: each comes by two routes */
    bool wants_imsi;        /* a message waits for the SIM */
    struct submission submission;
    struct message *first; /* the first is the one at work while call is set */
    uint32_t call;
    uint64_t kick;
    struct wsp_push push; /* of the message at work, and its row */
    const struct route *route;
    bool turned_away;     /* a message stayed in the modem; it is asked for again when half of the queue is free */
};

static void work(void *user);

/* What ends by itself when the TRE is back: the message waits for inbox_resume. */
static bool is_passing(enum error_code status)
{
    return status == ERROR_PEER_LOST || status == ERROR_TIMEOUT || status == ERROR_NOT_READY || status == ERROR_BUSY;
}

static void kick(struct inbox *in)
{
    loop_cancel(in->site->loop, &in->kick);
    if (!in->call)
        in->kick = loop_timer(in->site->loop, 0, work, in);
}

/* The message at work stays first in the queue. */
static void wait_for_tre(struct inbox *in)
{
    if (!in->kick)
        in->kick = loop_timer(in->site->loop, PASSING_MS, work, in);
}

static const char *label_of(const struct message *m, char out[80])
{
    char hex[65];
    (void)strcpy(out, "inbox/");
    return strcat(out, text_hex(m->hash, sizeof m->hash, hex));
}

static void message_free(struct message *m)
{
    if (m->octets)
        secret_zero(m->octets, m->len);
    free(m->octets);
    free(m);
}

static size_t queue_length(const struct inbox *in)
{
    size_t n = 0;
    for (const struct message *m = in->first; m; m = m->next)
        n++;
    return n;
}

static void finish(struct inbox *in, const struct error *e)
{
    struct message *m = in->first;
    in->first = m->next;
    in->call = 0;
    if (m->done)
        m->done(m->user, e);
    message_free(m);
    if (in->first)
        kick(in);
    if (in->turned_away && queue_length(in) <= QUEUE_MAX / 2) {
        in->turned_away = false;
        if (in->site->modem)
            modem_sms_again(in->site->modem);
    }
}

static void on_deleted(void *user, enum error_code status, const char *text)
{
    (void)user;
    if (status)
        log_warning("inbox", "SMS could not be deleted from the modem: %s", text ? text : error_text(status));
}

static void delete_sms(struct inbox *in, const struct message *m)
{
    if (m->handle[0] && in->site->modem)
        modem_sms_delete(in->site->modem, m->handle, on_deleted, NULL);
}

/* refused (may be NULL) goes into the history, in the same transaction: a flood costs one for each message taken over and one for each refused. */
static void write_end(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause, const struct error *refused)
{
    struct error e;
    struct store *s = in->site->store;
    if (store_begin(s, &e))
        return;
    store_inbox_set(s, hash, state, cause, state == INBOX_REFUSED || state == INBOX_DONE);
    store_inbox_prune(s, KEEP_REFUSED);
    if (refused)
        store_history_add(s, site_wall_clock(in->site), 0, error_name(refused->code), refused->text);
    if (store_commit(s, &e))
        log_error("inbox", "%s", e.text);
}

static void write_state(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause)
{
    write_end(in, hash, state, cause, NULL);
}

/* --- what waits for a person --- */

static void show_waiting(struct inbox *in)
{
    node_set_number(tree_manager(in->site->tree), "MessagesWaiting", in->waiting.count);
    in->events.waiting(in->user);
}

static void refuse_hash(struct inbox *in, const uint8_t hash[32], const struct error *e)
{
    write_end(in, hash, INBOX_REFUSED, error_name(e->code), e->code == ERROR_NOT_FOR_US ? NULL : e);
    if (e->code == ERROR_NOT_FOR_US)
        site_count_ignored(in->site, "inbox", e);
    else
        site_report_refused(in->site, "inbox", e);
    if (hashes_remove(&in->waiting, hash))
        show_waiting(in);
}

static void refuse(struct inbox *in, const struct error *e)
{
    refuse_hash(in, in->first->hash, e);
    finish(in, e);
}

/* The message stays pending. A flood of such messages pushes out the oldest: the one that the owner has just been told of is the newest. */
static void wait_for_digits(struct inbox *in)
{
    uint8_t gone[32];
    struct error e;
    if (hashes_add(&in->waiting, in->first->hash, gone)) {
        error_set(&e, ERROR_BUSY, "more than %d messages wait for digits; the oldest was dropped", HASHES_MAX);
        refuse_hash(in, gone, &e);
    }
    error_set(&e, ERROR_PIN_REQUIRED, "push message waits for the digits that belong to it");
    log_notice("inbox", "%s; %s", e.text, e.hint);
    show_waiting(in);
    finish(in, &e);
}

/* --- read: only after who vouches for it was asked --- */

static bool brings_document(enum trigger_kind kind)
{
    return kind == TRIGGER_SETTINGS || kind == TRIGGER_CARD || kind == TRIGGER_BEI;
}

static enum error_code make_trigger(struct inbox *in, struct trigger *t, struct error *err)
{
    const struct message *m = in->first;
    *t = (struct trigger){ .kind = in->route->kind, .sec = (enum push_sec)in->push.sec, .body = in->push.body };
    memcpy(t->hash, m->hash, sizeof t->hash);
    (void)text_copy(t->source, sizeof t->source, m->source);
    if (brings_document(t->kind) && !(t->settings = settings_new()))
        return error_set(err, ERROR_NO_MEMORY, "message");
    return in->route->read ? in->route->read(&in->push, t, err) : ERROR_NONE;
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
        write_state(in, m->hash, INBOX_VERIFIED, "");
        (void)hashes_remove(&in->waiting, m->hash);
        show_waiting(in);
    }
    enum taken taken = in->events.trigger(in->user, t, err);
    if (taken != TAKEN_WORKING)
        settings_free(t->settings);
    else if (!t->settings)
        (void)hashes_add(&in->working, m->hash, (uint8_t[32]){ 0 });
    return taken;
}

static void hand_over(struct inbox *in)
{
    struct error e = { 0 };
    struct trigger t;
    enum taken taken = TAKEN_REFUSED;
    if (make_trigger(in, &t, &e)) {
        settings_free(t.settings);
    } else if (typed_for_another(in, &t, &e)) {
        finish(in, &e);
        return;
    } else {
        taken = give(in, &t, &e);
    }
    switch (taken) {
    case TAKEN_DONE:
        write_state(in, in->first->hash, INBOX_DONE, "");
        finish(in, &e);
        return;
    case TAKEN_WORKING:
        finish(in, &e);
        return;
    case TAKEN_LATER:
        error_set(&e, ERROR_BUSY, "another bootstrap is running; the message waits");
        finish(in, &e);
        return;
    case TAKEN_REFUSED:
        refuse(in, &e);
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
    if (is_passing(status)) {
        wait_for_tre(in);
        return;
    }
    if (status == ERROR_PIN_REQUIRED) {
        wait_for_digits(in);
        return;
    }
    error_set(&e, status, "push message: %s", error_text(status));
    if (in->first->typed && tries_left) {
        in->submission.tries_left = tries_left > in->submission.tries_left ? tries_left : in->submission.tries_left;
        finish(in, &e); /* goes on waiting */
        return;
    }
    refuse(in, &e);
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

static const char *imsi_now(const struct inbox *in)
{
    const struct modem_facts *facts = in->site->modem ? modem_primary(in->site->modem) : NULL;
    return facts ? facts->imsi : "";
}

static void verify_mac(struct inbox *in)
{
    struct message *m = in->first;
    struct error e = { 0 };
    uint8_t mac[20];
    struct slice mac_octets;
    if (read_mac(&in->push, mac, &mac_octets, &e)) {
        refuse(in, &e);
        return;
    }
    const char *imsi = imsi_now(in);
    if (!imsi[0] && (in->push.sec == PUSH_NETWPIN || in->push.sec == PUSH_USERNETWPIN)) {
        in->wants_imsi = true; /* pending, and out of the way of others */
        error_set(&e, ERROR_NOT_READY, "push message waits for the IMSI of the SIM");
        finish(in, &e);
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
    } else if (is_passing(status)) {
        wait_for_tre(in);
    } else {
        error_set(&e, status, "instruction: %s", error_text(status));
        refuse(in, &e);
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
    if (!rc && v.kind == BEI_MAC0) {
        in->call = trust_verify_instruction(in->site->trust, v.proof, writer_slice(&w), on_proof, in);
        return;
    }
    if (rc || instruction_verify(&in->site->factory, &v, writer_slice(&w), &e))
        refuse(in, &e);
    else
        hand_over(in);
}

static void verify(struct inbox *in)
{
    struct message *m = in->first;
    struct error e = { 0 };
    if (route_find(m->source, (struct slice){ m->octets, m->len }, &in->push, &in->route, &e))
        refuse(in, &e);
    else if (in->route->voucher == ROUTE_BY_SEC && !m->verified)
        verify_mac(in);
    else if (in->route->voucher == ROUTE_BY_PROOF)
        verify_proof(in);
    else
        hand_over(in);
}

/* --- octets out of the store --- */

static void on_unsealed(void *user, enum error_code status, struct slice octets)
{
    struct inbox *in = user;
    struct message *m = in->first;
    in->call = 0;
    if (is_passing(status)) {
        wait_for_tre(in);
        return;
    }
    if (m->octets)
        secret_zero(m->octets, m->len);
    free(m->octets); /* from before the TRE went away */
    m->octets = status ? NULL : malloc(octets.len + 1);
    if (!m->octets) {
        struct error e;
        error_set(&e, status ? status : ERROR_NO_MEMORY, "stored message cannot be opened");
        refuse(in, &e);
        return;
    }
    memcpy(m->octets, octets.data, octets.len);
    m->len = octets.len;
    verify(in);
}

static void open_stored(struct inbox *in)
{
    struct message *m = in->first;
    static uint8_t sealed[MESSAGE_MAX + 256];
    char label[80];
    size_t len;
    if (!store_inbox_octets(in->site->store, m->hash, sealed, sizeof sealed, &len)) {
        struct error e;
        error_set(&e, ERROR_NOT_FOUND, "stored message is not there any more");
        refuse(in, &e);
        return;
    }
    in->call = trust_unseal(in->site->trust, label_of(m, label), (struct slice){ sealed, len }, on_unsealed, in);
}

/* --- octets into the store --- */

static void on_sealed(void *user, enum error_code status, struct slice blob)
{
    struct inbox *in = user;
    struct message *m = in->first;
    struct error e = { 0 };
    in->call = 0;
    if (is_passing(status)) {
        wait_for_tre(in); /* the SMS is still in the modem, the message in the queue */
        return;
    }
    if (status) {
        error_set(&e, status, "message cannot be sealed: %s", error_text(status));
        site_report(in->site, "inbox", 0, &e);
        finish(in, &e);
        return;
    }
    struct inbox_row row = { .state = INBOX_PENDING, .received = site_wall_clock(in->site) };
    memcpy(row.hash, m->hash, sizeof row.hash);
    (void)text_copy(row.source, sizeof row.source, m->source);
    struct store *s = in->site->store;
    if (!store_begin(s, &e)) {
        store_inbox_add(s, &row, blob);
        (void)store_commit(s, &e);
    }
    if (e.code) {
        site_report(in->site, "inbox", 0, &e); /* not committed: not deleted, tried again at the next start or offer */
        finish(in, &e);
        return;
    }
    struct node *manager = tree_manager(in->site->tree);
    const struct tree_value *v = node_get(manager, "MessagesReceived");
    node_set_number(manager, "MessagesReceived", (v ? v->number : 0) + 1);
    log_notice("inbox", "push message taken over (%s, %zu octets)", m->source, m->len);
    delete_sms(in, m);
    verify(in);
}

/* A message of before, or of the other route, that is in somebody's hands. */
static bool waits_already(const struct inbox *in, const struct message *m, struct error *err)
{
    if (!m->typed && hashes_has(&in->waiting, m->hash))
        error_set(err, ERROR_PIN_REQUIRED, "message waits for digits already");
    else if (hashes_has(&in->working, m->hash))
        error_set(err, ERROR_BUSY, "message is being worked on");
    return err->code != ERROR_NONE;
}

/* By the clock of records; one that went back (1970 after a power cut) says nothing and holds nobody up. */
static bool too_early(const struct inbox *in, const struct inbox_row *row)
{
    uint64_t now = site_wall_clock(in->site);
    return now >= row->received && now < row->received + (uint64_t)RETRY_SECONDS * row->attempts;
}

/* A message that is known already: delete it again, act only where the rules of replay allow. */
static void known(struct inbox *in, const struct inbox_row *row)
{
    struct message *m = in->first;
    struct error e = { 0 };
    delete_sms(in, m);
    if (!m->source[0])
        (void)text_copy(m->source, sizeof m->source, row->source);
    switch (row->state) {
    case INBOX_VERIFIED:
        m->verified = true;
        open_stored(in);
        return;
    case INBOX_PENDING:
        if (waits_already(in, m, &e))
            break;
        open_stored(in);
        return;
    case INBOX_FAILED:
        if (too_early(in, row)) {
            error_set(&e, ERROR_REPLAYED, "message failed before (%s) and may be tried again later", row->cause);
            break;
        }
        write_state(in, m->hash, INBOX_PENDING, "");
        open_stored(in);
        return;
    case INBOX_REFUSED:
        error_set(&e, ERROR_REPLAYED, "message was refused before: %s", row->cause);
        break;
    case INBOX_COMMITTED:
    case INBOX_DONE:
        error_set(&e, ERROR_REPLAYED, "message was carried out before");
        break;
    }
    log_info("inbox", "%s", e.text);
    finish(in, &e);
}

static void work(void *user)
{
    struct inbox *in = user;
    in->kick = 0;
    struct message *m = in->first;
    if (!m || in->call)
        return;
    if (trust_status(in->site->trust)->state != TRE_READY) {
        log_info("inbox", "message waits for agent-tred");
        wait_for_tre(in);
        return;
    }
    struct inbox_row row;
    char label[80];
    if (store_inbox_get(in->site->store, m->hash, &row))
        known(in, &row);
    else if (m->octets)
        in->call = trust_seal(in->site->trust, label_of(m, label), (struct slice){ m->octets, m->len }, on_sealed, in);
    else
        finish(in, &m->result);
}

static void done_later(void *user)
{
    struct message *m = user;
    m->done(m->user, &m->result);
    message_free(m);
}

/* Not taken in: whoever waits is told from the loop. */
static void reject(struct inbox *in, struct message *m)
{
    if (m->done || m->result.code != ERROR_BUSY) /* a full queue is said once, by whom it turns away */
        log_warning("inbox", "%s", m->result.text);
    if (m->done)
        (void)loop_timer(in->site->loop, 0, done_later, m);
    else
        message_free(m);
}

/* False: turned away. */
static bool append(struct inbox *in, struct message *m)
{
    struct message **at = &in->first;
    size_t n = 0;
    for (; *at; at = &(*at)->next, n++)
        if (memcmp((*at)->hash, m->hash, sizeof m->hash) == 0 && !m->done && !m->handle[0]) {
            message_free(m); /* the other route was first and nobody waits for this one */
            return true;
        }
    if (n >= QUEUE_MAX) {
        error_set(&m->result, ERROR_BUSY, "%d messages wait; this one stays where it is", QUEUE_MAX);
        reject(in, m);
        return false;
    }
    *at = m;
    kick(in);
    return true;
}

static struct message *message_new(const char *source, const char *handle)
{
    struct message *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    (void)text_copy(m->source, sizeof m->source, source);
    (void)text_copy(m->handle, sizeof m->handle, handle);
    return m;
}

bool inbox_offer(struct inbox *in, const char *source, struct slice data, const char *handle, inbox_done_fn *done, void *user)
{
    struct message *m = message_new(source, handle);
    m->done = done;
    m->user = user;
    if (data.len == 0 || data.len > MESSAGE_MAX)
        error_set(&m->result, ERROR_TOO_LARGE, "message has %zu octets, allowed are 1..%d", data.len, MESSAGE_MAX);
    else if (done && trust_status(in->site->trust)->state != TRE_READY)
        error_set(&m->result, ERROR_NOT_READY, "agent-tred is not ready");
    else if (!(m->octets = malloc(data.len)) || EVP_Digest(data.data, data.len, m->hash, NULL, EVP_sha256(), NULL) != 1)
        error_set(&m->result, ERROR_NO_MEMORY, "message");
    if (m->result.code) {
        reject(in, m);
        return true;
    }
    memcpy(m->octets, data.data, data.len);
    m->len = data.len;
    if (append(in, m))
        return true;
    if (!in->turned_away)
        log_info("inbox", "%d messages wait; further ones stay in the modem until there is room", QUEUE_MAX);
    in->turned_away = true;
    return false;
}

void inbox_reopen(struct inbox *in, const uint8_t hash[32], const char *source, inbox_done_fn *done, void *user)
{
    struct message *m = message_new(source, "");
    memcpy(m->hash, hash, sizeof m->hash);
    m->done = done;
    m->user = user;
    error_set(&m->result, ERROR_NOT_FOUND, "the message is not in the store any more");
    (void)append(in, m);
}

void inbox_settle(struct inbox *in, const uint8_t hash[32], const struct error *error)
{
    (void)hashes_remove(&in->working, hash);
    if (error)
        refuse_hash(in, hash, error);
    else
        write_state(in, hash, INBOX_DONE, "");
}

/* --- digits of a person --- */

static void submission_step(struct inbox *in);

static void submission_end(struct inbox *in, const struct error *e)
{
    inbox_done_fn *done = in->submission.done;
    void *user = in->submission.user;
    secret_zero(&in->submission, sizeof in->submission);
    done(user, e);
}

static void on_tried(void *user, const struct error *error)
{
    struct inbox *in = user;
    if (error->code == ERROR_MAC_MISMATCH || error->code == ERROR_DENIED || error->code == ERROR_INVALID || error->code == ERROR_NOT_FOUND)
        submission_step(in);
    else
        submission_end(in, error);
}

static void submission_step(struct inbox *in)
{
    struct submission *s = &in->submission;
    struct error e;
    if (s->left.count == 0) {
        error_set(&e, ERROR_MAC_MISMATCH, "the digits fit none of %zu waiting messages; tries left: %u", s->tried, s->tries_left);
        submission_end(in, &e);
        return;
    }
    struct message *m = message_new("", "");
    memcpy(m->hash, s->left.hash[s->left.count - 1], sizeof m->hash);
    (void)hashes_remove(&s->left, m->hash);
    s->tried++;
    m->typed = true;
    m->done = on_tried;
    m->user = in;
    error_set(&m->result, ERROR_NOT_FOUND, "the message is not in the store any more");
    append(in, m);
}

void inbox_submit(struct inbox *in, const char *context, const char *digits, inbox_done_fn *done, void *user)
{
    struct error e = { 0 };
    struct submission *s = &in->submission;
    if (s->done)
        error_set(&e, ERROR_BUSY, "digits of somebody else are being tried");
    else if (in->waiting.count == 0)
        error_set(&e, ERROR_NOT_FOUND, "no message waits for digits");
    else if (trust_status(in->site->trust)->state != TRE_READY)
        error_set(&e, ERROR_NOT_READY, "agent-tred is not ready");
    else if (!text_copy(s->digits, sizeof s->digits, digits) || !text_copy(s->context, sizeof s->context, context))
        error_set(&e, ERROR_INVALID, "more than %d digits", INBOX_DIGITS_MAX);
    if (e.code) {
        done(user, &e);
        return;
    }
    s->left = in->waiting;
    s->done = done;
    s->user = user;
    submission_step(in);
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
    if (!in->wants_imsi || !imsi_now(in)[0])
        return;
    in->wants_imsi = false;
    inbox_resume(in);
}

void inbox_resume(struct inbox *in)
{
    struct inbox_row row;
    for (size_t n = 0; n < QUEUE_MAX && store_inbox_pending(in->site->store, n, &row); n++)
        if (!hashes_has(&in->waiting, row.hash) && !hashes_has(&in->working, row.hash))
            inbox_reopen(in, row.hash, row.source, NULL, NULL);
    kick(in);
}

struct inbox *inbox_new(struct site *site, const struct inbox_events *events, void *user)
{
    struct inbox *in = calloc(1, sizeof *in);
    if (in)
        *in = (struct inbox){ .site = site, .events = *events, .user = user };
    return in;
}

void inbox_free(struct inbox *in)
{
    if (!in)
        return;
    if (in->call)
        trust_cancel(in->site->trust, in->call);
    loop_cancel(in->site->loop, &in->kick);
    while (in->first) {
        struct message *m = in->first;
        in->first = m->next;
        message_free(m);
    }
    secret_zero(&in->submission, sizeof in->submission);
    free(in);
}
