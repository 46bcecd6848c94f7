/* SPDX-License-Identifier: Apache-2.0 */
/* The queue and the store. One message at a time walks: seal -> commit and delete -> (unseal) -> judge.c. Owns the messages that are not committed yet (they
 * are still in modem storage, so losing the queue loses nothing). Must never look into one. */
#include "bootstrap/start/inbox_room.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/tre_wire.h"

enum {
    MESSAGE_MAX = 33000,
    QUEUE_MAX = 32,
    KEEP_REFUSED = 256,
    PASSING_MS = 30000, /* how long a message waits when the TRE is busy or away; its return is noticed at once */
    STORE_AGAIN_MS = 5000,
    RETRY_SECONDS = 10, /* a failed message is acted on again at most this often, times its attempts */
};

static void work(void *user);

/* What ends by itself when the TRE is back: the message waits for inbox_resume. */
bool inbox_is_passing(enum error_code status)
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
void inbox_wait_for_tre(struct inbox *in)
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

void inbox_finish(struct inbox *in, const struct error *e)
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
void inbox_write_end(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause, const struct error *refused)
{
    struct error e;
    struct store *s = in->site->store;
    if (store_begin(s, &e))
        return;
    store_inbox_set(s, hash, state, cause, state == INBOX_REFUSED || state == INBOX_DONE || state == INBOX_DENIED);
    store_inbox_prune(s, KEEP_REFUSED);
    if (refused)
        store_history_add(s, site_wall_clock(in->site), 0, error_name(refused->code), refused->text);
    if (store_commit(s, &e))
        log_error("inbox", "%s", e.text);
}

/* --- octets out of the store --- */

static void on_unsealed(void *user, enum error_code status, struct slice octets)
{
    struct inbox *in = user;
    struct message *m = in->first;
    in->call = 0;
    if (inbox_is_passing(status)) {
        inbox_wait_for_tre(in);
        return;
    }
    if (m->octets)
        secret_zero(m->octets, m->len);
    free(m->octets); /* from before the TRE went away */
    m->octets = status ? NULL : malloc(octets.len + 1);
    if (!m->octets) {
        struct error e;
        error_set(&e, status ? status : ERROR_NO_MEMORY, "stored message cannot be opened");
        judge_refuse(in, &e);
        return;
    }
    memcpy(m->octets, octets.data, octets.len);
    m->len = octets.len;
    judge(in);
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
        judge_refuse(in, &e);
        return;
    }
    in->call = trust_unseal(in->site->trust, label_of(m, label), (struct slice){ sealed, len }, on_unsealed, in);
}

/* --- octets into the store --- */

/* Not committed, so not deleted either: a message from a modem is tried until there is room; who has sent it by hand is told. */
static void not_stored(struct inbox *in, const struct error *e)
{
    struct message *m = in->first;
    if (!m->said)
        site_report(in->site, "inbox", 0, e);
    m->said = true;
    if (m->done)
        inbox_finish(in, e);
    else
        in->kick = loop_timer(in->site->loop, STORE_AGAIN_MS, work, in);
}

static void on_sealed(void *user, enum error_code status, struct slice blob)
{
    struct inbox *in = user;
    struct message *m = in->first;
    struct error e = { 0 };
    in->call = 0;
    if (inbox_is_passing(status)) {
        inbox_wait_for_tre(in); /* the SMS is still in the modem, the message in the queue */
        return;
    }
    if (status) {
        error_set(&e, status, "message cannot be sealed: %s", error_text(status));
        site_report(in->site, "inbox", 0, &e);
        inbox_finish(in, &e);
        return;
    }
    struct inbox_row row = { .state = INBOX_PENDING, .received = site_wall_clock(in->site) };
    memcpy(row.hash, m->hash, sizeof row.hash);
    (void)text_copy(row.source, sizeof row.source, m->source);
    (void)text_copy(row.sim, sizeof row.sim, m->sim);
    struct store *s = in->site->store;
    if (!store_begin(s, &e)) {
        store_inbox_add(s, &row, blob);
        (void)store_commit(s, &e);
    }
    if (e.code) {
        not_stored(in, &e);
        return;
    }
    struct node *manager = tree_manager(in->site->tree);
    const struct tree_value *v = node_get(manager, "MessagesReceived");
    node_set_number(manager, "MessagesReceived", (v ? v->number : 0) + 1);
    log_notice("inbox", "push message taken over (%s, %zu octets)", m->source, m->len);
    delete_sms(in, m);
    judge(in);
}

void inbox_write_state(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause)
{
    inbox_write_end(in, hash, state, cause, NULL);
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
    (void)text_copy(m->sim, sizeof m->sim, row->sim);
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
        inbox_write_state(in, m->hash, INBOX_PENDING, "");
        open_stored(in);
        return;
    case INBOX_REFUSED:
    case INBOX_DENIED:
        error_set(&e, ERROR_REPLAYED, "message was refused before: %s", row->cause);
        break;
    case INBOX_COMMITTED:
    case INBOX_DONE:
        error_set(&e, ERROR_REPLAYED, "message was carried out before");
        break;
    }
    log_info("inbox", "%s", e.text);
    inbox_finish(in, &e);
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
        inbox_wait_for_tre(in);
        return;
    }
    struct inbox_row row;
    char label[80];
    if (store_inbox_get(in->site->store, m->hash, &row))
        known(in, &row);
    else if (m->octets)
        in->call = trust_seal(in->site->trust, label_of(m, label), (struct slice){ m->octets, m->len }, on_sealed, in);
    else
        inbox_finish(in, &m->result);
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
bool inbox_append(struct inbox *in, struct message *m)
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

struct message *inbox_message_new(const struct inbox_from *from)
{
    struct message *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    (void)text_copy(m->source, sizeof m->source, from->source);
    (void)text_copy(m->sim, sizeof m->sim, from->sim);
    (void)text_copy(m->handle, sizeof m->handle, from->handle);
    return m;
}

bool inbox_offer(struct inbox *in, const struct inbox_from *from, struct slice data, inbox_done_fn *done, void *user)
{
    struct message *m = inbox_message_new(from);
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
    if (inbox_append(in, m))
        return true;
    if (!in->turned_away)
        log_info("inbox", "%d messages wait; further ones stay in the modem until there is room", QUEUE_MAX);
    in->turned_away = true;
    return false;
}

void inbox_reopen(struct inbox *in, const uint8_t hash[32], const char *source, inbox_done_fn *done, void *user)
{
    struct message *m = inbox_message_new(&(struct inbox_from){ source, "", "" });
    memcpy(m->hash, hash, sizeof m->hash);
    m->done = done;
    m->user = user;
    error_set(&m->result, ERROR_NOT_FOUND, "the message is not in the store any more");
    (void)inbox_append(in, m);
}

static void on_again(void *user)
{
    struct inbox *in = user;
    in->again = 0;
    inbox_resume(in);
}

void inbox_postpone(struct inbox *in, const uint8_t hash[32])
{
    (void)hashes_remove(&in->working, hash);
    if (!in->again)
        in->again = loop_timer(in->site->loop, PASSING_MS, on_again, in);
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
    loop_cancel(in->site->loop, &in->again);
    while (in->first) {
        struct message *m = in->first;
        in->first = m->next;
        message_free(m);
    }
    secret_zero(&in->submission, sizeof in->submission);
    free(in);
}
