/* SPDX-License-Identifier: Apache-2.0 */
/* Client of agent-tred. Owns the open calls and what the tree shows of the TRE and its MIDs. Promises that nothing is sent which the TRE would
 * take as malformed: out of bounds, the answer comes from the loop like any other. Must never keep an octet of a body. */
#include "trust/trust_aka.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/peer.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/wire.h"
#include "base/writer.h"
#include "model/fields.h"
#include "model/tre_wire.h"

enum { TIMEOUT_MS = 15 * 1000, INSTALL_TIMEOUT_MS = 60 * 1000, LOOK_AGAIN_MS = 5 * 1000, CONTEXT_MAX = 32, LABEL_MAX = 128, HOST_MAX = 256 };
enum { MAC_LEN = 20, INSTRUCTION_MAC_LEN = 32, NONCE_MIN = 16, NONCE_MAX = 64, IMSI_MAX = 15, TYPED_MAX = 40 };
enum { TEXT_MAX = 512, DIGEST_TEXT = 32, BTID_MAX = 280, KS_NAF = 32, MID_WATCHERS = 2 };

struct call;
/* Takes the answer apart and calls the caller's function; body is empty unless the TRE sent one. */
typedef void answer_fn(struct trust *t, const struct call *c, enum error_code status, struct slice body);

struct call {
    struct call *next;
    struct trust *trust;
    uint32_t id, peer_id;
    uint64_t timer; /* of a call that failed before it was sent */
    enum error_code early;
    answer_fn *answer;
    union {
        trust_done_fn *done;
        trust_octets_fn *octets;
        trust_verdict_fn *verdict;
        trust_mid_fn *mid;
        trust_keys_fn *keys;
        trust_aka_fn *aka;
        trust_naf_fn *naf;
        trust_order_fn *order;
    } fn;
    void *user;
};

struct trust {
    const struct loop *loop;
    struct peer *peer;
    struct tree *tree;
    void (*on_change)(void *user);
    void *user;
    struct trust_status status;
    void (*ks_wanted)(void *user, const char *mid_id);
    void *ks_user;
    struct {
        void (*changed)(void *user);
        void *user;
    } mids[MID_WATCHERS];
    uint64_t look_again; /* timer, while the TRE is unprovisioned */
    uint32_t last_id;
    struct call *calls;
};

struct request { /* a body being written */
    struct writer w;
    bool invalid;
};

static const struct {
    uint16_t op;
    size_t min, max;
} bounds[] = {
#define X(symbol, number, peers, states, min, max) { number, min, max },
    TRE_OPS(X)
#undef X
};

static void call_unlink(struct trust *t, struct call *c)
{
    struct call **at = &t->calls;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    loop_cancel(t->loop, &c->timer);
}

static void call_end(struct call *c, enum error_code status, struct slice body)
{
    struct call held = *c;
    call_unlink(c->trust, c);
    free(c);
    held.answer(held.trust, &held, status, body);
}

static void on_reply(void *user, enum error_code status, struct slice body)
{
    call_end(user, status, body);
}

static void on_early(void *user)
{
    struct call *c = user;
    c->timer = 0;
    call_end(c, c->early, (struct slice){ NULL, 0 });
}

static struct request request_begin(void)
{
    uint8_t *body = malloc(WIRE_MAX);
    if (!body)
        abort(); /* a call that can never answer would leave its caller waiting for ever */
    return (struct request){ .w = writer_make(body, WIRE_MAX) };
}

static enum error_code request_check(const struct request *q, uint16_t op)
{
    if (q->invalid || q->w.failed)
        return q->invalid ? ERROR_INVALID : ERROR_TOO_LARGE;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i].op == op && q->w.len > bounds[i].max)
            return ERROR_TOO_LARGE;
        else if (bounds[i].op == op)
            return q->w.len < bounds[i].min ? ERROR_INVALID : ERROR_NONE;
    return ERROR_INTERNAL;
}

/* Sends q (and frees it) as the call `like`. */
static uint32_t request_send(struct trust *t, struct request *q, uint16_t op, const struct call *like)
{
    struct call *c = malloc(sizeof *c);
    if (!c)
        abort();
    *c = *like;
    c->trust = t;
    c->id = ++t->last_id ? t->last_id : ++t->last_id;
    c->next = t->calls;
    t->calls = c;
    c->early = request_check(q, op);
    if (c->early)
        c->timer = loop_timer(t->loop, 0, on_early, c);
    else
        c->peer_id = peer_call(t->peer, op, writer_slice(&q->w), -1, op == TRE_OP_MID_INSTALL ? INSTALL_TIMEOUT_MS : TIMEOUT_MS, on_reply, c);
    secret_zero(q->w.data, q->w.len);
    free(q->w.data);
    return c->id;
}

void trust_cancel(struct trust *t, uint32_t id)
{
    struct call *c = t->calls;
    while (c && c->id != id)
        c = c->next;
    if (!c)
        return;
    if (c->peer_id)
        peer_cancel(t->peer, c->peer_id);
    call_unlink(t, c);
    free(c);
}

static void put_context(struct request *q, const char *context)
{
    q->invalid = q->invalid || !text_is_name(context, "_-", CONTEXT_MAX);
    fields_put_text(&q->w, context);
}

/* Text of min..max octets, so that the TRE never sees one that it must take for an attack. */
static void put_text(struct request *q, const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    q->invalid = q->invalid || len < min || len > max;
    fields_put_text(&q->w, text);
}

/* What the tree shows. */

static void show_state(struct trust *t)
{
    struct node *m = tree_manager(t->tree);
    const char *state = "absent";
    if (t->status.state == TRE_UNPROVISIONED)
        state = "unprovisioned";
    else if (t->status.state == TRE_READY)
        state = "ready";
    else if (t->status.state == TRE_BLOCKED)
        state = "blocked";
    node_set(m, "TreState", state);
    node_set(m, "TreCause", t->status.cause ? error_name((enum error_code)t->status.cause) : "");
    node_set(m, "TreBackend", t->status.state == 0 ? "" : t->status.backend == TRE_BACKEND_TPM2 ? "tpm2" : "software");
}

static void show_mid(struct trust *t, const struct mid_entry *e)
{
    struct node *n = tree_add(t->tree, TREE_MID, e->id), *context = e->context[0] ? tree_find(t->tree, TREE_CONTEXT, e->context) : NULL;
    node_set(n, "MidId", e->id);
    node_set(n, "Type", mid_type_name(e->type));
    node_set_number(n, "Version", e->version);
    node_set(n, "State", mid_state_name(e->state));
    node_set(n, "Reason", mid_reason_name(e->reason));
    node_set(n, "Issuer", e->issuer);
    node_set(n, "Algorithm", mid_algorithm_name(e->algorithm));
    node_set_number(n, "NotAfter", e->not_after * 1000000);
    node_set(n, "Context", context ? node_path(context) : "/");
    if (e->state != MID_ACTIVE || !node_get(n, "GbaState")) { /* Ks ends with the state */
        node_set(n, "GbaState", "none");
        node_set_number(n, "GbaUntil", 0);
        node_set(n, "GbaError", "");
        node_set_texts(n, "Impus", NULL, 0);
    }
    node_publish(n);
}

static bool listed(const struct mid_entry *entries, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].id, id) == 0)
            return true;
    return false;
}

static void show_list(struct trust *t, const struct mid_entry *entries, size_t count)
{
    for (struct node *n = tree_next(t->tree, TREE_MID, NULL), *next; n; n = next) {
        next = tree_next(t->tree, TREE_MID, n);
        if (!listed(entries, count, node_id(n)))
            node_remove(n);
    }
    for (size_t i = 0; i < count; i++)
        show_mid(t, &entries[i]);
}

static void on_list(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct mid_entry entries[TRE_MID_MAX];
    struct reader r = reader_make(body.data, body.len);
    (void)c;
    if (status)
        return;
    size_t count = reader_u8(&r);
    if (count > TRE_MID_MAX)
        reader_fail(&r);
    for (size_t i = 0; i < count && !r.failed; i++)
        mid_entry_take(&r, &entries[i]);
    if (reader_done(&r)) {
        show_list(t, entries, count);
        for (size_t i = 0; i < MID_WATCHERS; i++)
            if (t->mids[i].changed)
                t->mids[i].changed(t->mids[i].user);
    } else {
        log_error("tre", "the list of MIDs is not well formed");
    }
}

static void refresh_mids(struct trust *t)
{
    struct request q = request_begin();
    (void)request_send(t, &q, TRE_OP_MID_LIST, &(struct call){ .answer = on_list });
}

static void refresh_status(struct trust *t);

static void on_look_again(void *user)
{
    struct trust *t = user;
    t->look_again = 0;
    if (t->status.connected)
        refresh_status(t);
}

static bool take_status(struct slice body, struct trust_status *s)
{
    struct reader r = reader_make(body.data, body.len);
    char version[65];
    s->state = reader_u8(&r);
    s->backend = reader_u8(&r);
    struct slice id = reader_take(&r, sizeof s->tre_id);
    fields_take_text(&r, s->gateway_id, sizeof s->gateway_id);
    fields_take_text(&r, version, sizeof version);
    s->cause = reader_u16(&r);
    if (!reader_done(&r) || (s->state != TRE_UNPROVISIONED && s->state != TRE_READY && s->state != TRE_BLOCKED))
        return false;
    memcpy(s->tre_id, id.data, id.len);
    return true;
}

static void set_status(struct trust *t, const struct trust_status *s)
{
    if (memcmp(s, &t->status, sizeof *s) == 0)
        return;
    t->status = *s;
    show_state(t);
    if (t->on_change)
        t->on_change(t->user);
}

static void on_status(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct trust_status s;
    memset(&s, 0, sizeof s); /* padding too: it is compared as octets */
    (void)c;
    s.connected = t->status.connected;
    if (status || !take_status(body, &s)) {
        log_error("tre", "no valid status: %s", error_text(status ? status : ERROR_PROTOCOL));
        t->look_again = loop_timer(t->loop, LOOK_AGAIN_MS, on_look_again, t);
        return;
    }
    if (s.state == TRE_UNPROVISIONED)
        t->look_again = loop_timer(t->loop, LOOK_AGAIN_MS, on_look_again, t);
    else
        refresh_mids(t);
    set_status(t, &s);
}

static void refresh_status(struct trust *t)
{
    struct request q = request_begin();
    loop_cancel(t->loop, &t->look_again);
    (void)request_send(t, &q, TRE_OP_STATUS, &(struct call){ .answer = on_status });
}

static void on_peer(void *user, bool connected)
{
    struct trust *t = user;
    struct trust_status s;
    memset(&s, 0, sizeof s);
    s.connected = connected;
    loop_cancel(t->loop, &t->look_again);
    set_status(t, &s);
    if (connected)
        refresh_status(t);
}

static void on_event(void *user, uint16_t op, struct slice body)
{
    struct trust *t = user;
    struct reader r = reader_make(body.data, body.len);
    char id[sizeof ((struct mid_entry *)0)->id];
    fields_take_text(&r, id, sizeof id);
    if (op == TRE_OP_NAF_KEY && reader_done(&r) && t->ks_wanted)
        t->ks_wanted(t->ks_user, id);
}

void trust_watch_mids(struct trust *t, void (*fn)(void *user), void *user)
{
    for (size_t i = 0; i < MID_WATCHERS; i++)
        if (fn ? !t->mids[i].changed : t->mids[i].user == user) {
            t->mids[i].changed = fn;
            t->mids[i].user = fn ? user : NULL;
            return;
        }
    if (fn)
        abort(); /* a bug of ours: one more than there are rooms that watch */
}

void trust_watch_ks(struct trust *t, void (*fn)(void *user, const char *mid_id), void *user)
{
    t->ks_wanted = fn;
    t->ks_user = user;
}

struct trust *trust_new(const struct loop *loop, const char *socket_path, struct tree *tree, void (*on_change)(void *user), void *user)
{
    struct trust *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->loop = loop;
    t->tree = tree;
    t->on_change = on_change;
    t->user = user;
    show_state(t);
    static const struct peer_events events = { .state = on_peer, .event = on_event };
    t->peer = peer_new(loop, socket_path, "tre", &events, t);
    if (t->peer)
        return t;
    free(t);
    return NULL;
}

void trust_free(struct trust *t)
{
    if (!t)
        return;
    while (t->calls)
        trust_cancel(t, t->calls->id);
    loop_cancel(t->loop, &t->look_again);
    peer_free(t->peer);
    free(t);
}

const struct trust_status *trust_status(const struct trust *t)
{
    return &t->status;
}

/* The requests. */

static void answer_keys(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    (void)t;
    struct trust_keys keys = { .pfc = { NULL, 0 } };
    if (!status) {
        keys.pfc = fields_take(&r);
        keys.transport = fields_take(&r);
        keys.certificate = fields_take(&r);
        status = reader_done(&r) ? ERROR_NONE : ERROR_PROTOCOL;
    }
    c->fn.keys(c->user, status, &keys);
}

uint32_t trust_keys(struct trust *t, trust_keys_fn *fn, void *user)
{
    struct request q = request_begin();
    return request_send(t, &q, TRE_OP_KEYS, &(struct call){ .answer = answer_keys, .fn.keys = fn, .user = user });
}

static void answer_verdict(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    (void)t;
    c->fn.verdict(c->user, status, reader_u8(&r));
}

uint32_t trust_verify_push(struct trust *t, const struct trust_push *push, trust_verdict_fn *fn, void *user)
{
    struct request q = request_begin();
    q.invalid = push->mac.len != 0 && push->mac.len != MAC_LEN;
    writer_u8(&q.w, push->sec);
    writer_u8(&q.w, (uint8_t)push->mac.len);
    writer_put(&q.w, push->mac.data, push->mac.len);
    writer_put(&q.w, push->message_hash, 32);
    put_text(&q, push->imsi ? push->imsi : "", 0, IMSI_MAX);
    put_text(&q, push->typed ? push->typed : "", 0, TYPED_MAX);
    writer_put(&q.w, push->document.data, push->document.len);
    return request_send(t, &q, TRE_OP_VERIFY_PUSH, &(struct call){ .answer = answer_verdict, .fn.verdict = fn, .user = user });
}

static void answer_octets(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    (void)t;
    c->fn.octets(c->user, status, status ? (struct slice){ NULL, 0 } : body);
}

uint32_t trust_verify_notification(struct trust *t, const char *label, struct slice blob, uint8_t readings, struct slice body, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, label, 1, LABEL_MAX);
    q.invalid = q.invalid || blob.len > UINT16_MAX;
    fields_put(&q.w, blob.data, blob.len);
    writer_u8(&q.w, readings);
    writer_put(&q.w, body.data, body.len);
    return request_send(t, &q, TRE_OP_VERIFY_NOTIFICATION, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

static uint32_t labelled(struct trust *t, uint16_t op, const char *label, struct slice octets, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, label, 1, LABEL_MAX);
    writer_put(&q.w, octets.data, octets.len);
    return request_send(t, &q, op, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

uint32_t trust_seal(struct trust *t, const char *label, struct slice plain, trust_octets_fn *fn, void *user)
{
    return labelled(t, TRE_OP_SEAL, label, plain, fn, user);
}

uint32_t trust_unseal(struct trust *t, const char *label, struct slice blob, trust_octets_fn *fn, void *user)
{
    return labelled(t, TRE_OP_UNSEAL, label, blob, fn, user);
}

static void answer_token(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    answer_octets(t, c, !status && body.len != TRE_TOKEN_LEN ? ERROR_PROTOCOL : status, body);
}

uint32_t trust_token_open(struct trust *t, const char *context, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    put_context(&q, context);
    return request_send(t, &q, TRE_OP_TOKEN_OPEN, &(struct call){ .answer = answer_token, .fn.octets = fn, .user = user });
}

static void answer_done(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    (void)t;
    (void)body;
    c->fn.done(c->user, status);
}

uint32_t trust_token_spend(struct trust *t, const char *context, trust_done_fn *fn, void *user)
{
    struct request q = request_begin();
    put_context(&q, context);
    return request_send(t, &q, TRE_OP_TOKEN_SPEND, &(struct call){ .answer = answer_done, .fn.done = fn, .user = user });
}

uint32_t trust_evidence(struct trust *t, const char *context, struct slice nonce, const char *host_facts, uint64_t now, enum tre_form form,
                        trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    put_context(&q, context);
    q.invalid = q.invalid || nonce.len < NONCE_MIN || nonce.len > NONCE_MAX;
    fields_put(&q.w, nonce.data, nonce.len);
    put_text(&q, host_facts ? host_facts : "", 0, HOST_MAX);
    writer_u64(&q.w, now);
    writer_u8(&q.w, (uint8_t)form);
    return request_send(t, &q, TRE_OP_EVIDENCE, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

uint32_t trust_pfc_request(struct trust *t, bool successor, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_u8(&q.w, successor);
    return request_send(t, &q, TRE_OP_PFC_REQUEST, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

uint32_t trust_pfc_certificate(struct trust *t, struct slice der, trust_done_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_put(&q.w, der.data, der.len);
    return request_send(t, &q, TRE_OP_PFC_CERTIFICATE, &(struct call){ .answer = answer_done, .fn.done = fn, .user = user });
}

/* The entry of an answer; shown before the caller hears of it. The list follows, for what else the step has changed. */
static void answer_entry(struct trust *t, const struct call *c, enum error_code status, enum mid_result result, struct reader *r)
{
    struct mid_entry e;
    bool ok = !status;
    if (ok) {
        mid_entry_take(r, &e);
        ok = reader_done(r);
    }
    if (ok)
        show_mid(t, &e);
    if (t->status.connected)
        refresh_mids(t);
    c->fn.mid(c->user, status || ok ? status : ERROR_PROTOCOL, status || ok ? result : MID_INTERNAL, ok ? &e : NULL);
}

static void answer_install(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    uint8_t result = reader_u8(&r);
    bool known = body.len > 0 && result <= MID_DAMAGED && (status == ERROR_NONE) == (result == MID_OK);
    answer_entry(t, c, status || known ? status : ERROR_PROTOCOL, known ? (enum mid_result)result : MID_INTERNAL, &r);
}

uint32_t trust_mid_install(struct trust *t, const char *context, uint64_t now, struct slice package, trust_mid_fn *fn, void *user)
{
    struct request q = request_begin();
    put_context(&q, context);
    writer_u64(&q.w, now);
    writer_put(&q.w, package.data, package.len);
    return request_send(t, &q, TRE_OP_MID_INSTALL, &(struct call){ .answer = answer_install, .fn.mid = fn, .user = user });
}

static void answer_set_state(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    answer_entry(t, c, status, status ? MID_INTERNAL : MID_OK, &r);
}

uint32_t trust_mid_set_state(struct trust *t, const char *mid_id, enum mid_state state, trust_mid_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, mid_id, 1, 64);
    writer_u8(&q.w, (uint8_t)state);
    return request_send(t, &q, TRE_OP_MID_SET_STATE, &(struct call){ .answer = answer_set_state, .fn.mid = fn, .user = user });
}

static void answer_order(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    uint8_t result = reader_u8(&r);
    bool known = body.len > 0 && result <= MID_DAMAGED && (status == ERROR_NONE) == (result == MID_OK);
    if (t->status.connected)
        refresh_mids(t);
    c->fn.order(c->user, status || known ? status : ERROR_PROTOCOL, known ? (enum mid_result)result : MID_INTERNAL,
                known ? reader_take(&r, reader_left(&r)) : (struct slice){ NULL, 0 });
}

uint32_t trust_mid_order(struct trust *t, uint64_t now, struct slice order, trust_order_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_u64(&q.w, now);
    writer_put(&q.w, order.data, order.len);
    return request_send(t, &q, TRE_OP_MID_ORDER, &(struct call){ .answer = answer_order, .fn.order = fn, .user = user });
}

static void answer_aka(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    struct trust_aka aka = { .res = { NULL, 0 } };
    (void)t;
    if (!status) {
        uint8_t verdict = reader_u8(&r);
        aka.session = reader_u32(&r);
        aka.res = fields_take(&r);
        (void)fields_take(&r);
        (void)fields_take(&r);
        aka.auts = fields_take(&r);
        aka.verdict = (enum tre_verdict)verdict;
        status = reader_done(&r) && verdict <= TRE_AKA_MAC ? ERROR_NONE : ERROR_PROTOCOL;
    }
    c->fn.aka(c->user, status, status ? NULL : &aka);
}

struct challenge {
    enum tre_purpose purpose;
    const uint8_t *rand, *autn;
};

static uint32_t authenticate(struct trust *t, const char *mid_id, const struct challenge *c, trust_aka_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, mid_id, 1, 64);
    writer_u8(&q.w, (uint8_t)c->purpose);
    writer_put(&q.w, c->rand, 16);
    writer_put(&q.w, c->autn, 16);
    return request_send(t, &q, TRE_OP_AUTHENTICATE, &(struct call){ .answer = answer_aka, .fn.aka = fn, .user = user });
}

uint32_t trust_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user)
{
    struct node *n = tree_find(t->tree, TREE_MID, mid_id);
    bool isim = n && strcmp(node_text(n, "Type"), mid_type_name(MID_ISIM)) == 0;
    return authenticate(t, mid_id, &(struct challenge){ isim ? TRE_FOR_ISIM : TRE_FOR_USIM, rand, autn }, fn, user);
}

uint32_t trust_gba_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user)
{
    return authenticate(t, mid_id, &(struct challenge){ TRE_FOR_GBA, rand, autn }, fn, user);
}

uint32_t trust_digest_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user)
{
    return authenticate(t, mid_id, &(struct challenge){ TRE_FOR_DIGEST, rand, autn }, fn, user);
}

static void answer_digest(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    answer_octets(t, c, !status && body.len != DIGEST_TEXT ? ERROR_PROTOCOL : status, body);
}

uint32_t trust_digest(struct trust *t, const struct trust_digest *d, trust_octets_fn *fn, void *user)
{
    const char *const texts[] = { d->username, d->realm, d->nonce, d->uri, d->method, d->cnonce };
    struct request q = request_begin();
    writer_u32(&q.w, d->session);
    writer_u8(&q.w, d->version);
    writer_u8(&q.w, d->qop);
    writer_u32(&q.w, d->nc);
    writer_put(&q.w, d->body, 16);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(&q, texts[i], 0, TEXT_MAX);
    return request_send(t, &q, TRE_OP_DIGEST, &(struct call){ .answer = answer_digest, .fn.octets = fn, .user = user });
}

uint32_t trust_gba_bind(struct trust *t, uint32_t session, uint32_t seconds, const char *btid, const char *impi, trust_done_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_u32(&q.w, session);
    writer_u32(&q.w, seconds);
    put_text(&q, btid, 1, TEXT_MAX);
    put_text(&q, impi, 1, TEXT_MAX);
    return request_send(t, &q, TRE_OP_GBA_BIND, &(struct call){ .answer = answer_done, .fn.done = fn, .user = user });
}

static void answer_naf(struct trust *t, const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    char btid[BTID_MAX + 1] = "";
    struct trust_naf naf = { .seconds = reader_u32(&r), .btid = btid };
    (void)t;
    fields_take_text(&r, btid, sizeof btid);
    naf.key = reader_take(&r, KS_NAF);
    if (!status && !reader_done(&r))
        status = ERROR_PROTOCOL;
    c->fn.naf(c->user, status, status ? NULL : &naf);
}

uint32_t trust_naf_key(struct trust *t, const char *mid_id, struct slice naf_id, trust_naf_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, mid_id, 1, 64);
    fields_put(&q.w, naf_id.data, naf_id.len);
    return request_send(t, &q, TRE_OP_NAF_KEY, &(struct call){ .answer = answer_naf, .fn.naf = fn, .user = user });
}

static void on_session_ended(void *user, enum error_code status)
{
    (void)user;
    (void)status;
}

uint32_t trust_session_end(struct trust *t, uint32_t session)
{
    struct request q = request_begin();
    writer_u32(&q.w, session);
    return request_send(t, &q, TRE_OP_SESSION_END, &(struct call){ .answer = answer_done, .fn.done = on_session_ended });
}

uint32_t trust_files(struct trust *t, const char *mid_id, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    put_text(&q, mid_id, 1, 64);
    fields_put(&q.w, NULL, 0);
    return request_send(t, &q, TRE_OP_READ_FILE, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

uint32_t trust_verify_instruction(struct trust *t, struct slice mac, struct slice covered, trust_verdict_fn *fn, void *user)
{
    struct request q = request_begin();
    q.invalid = mac.len != INSTRUCTION_MAC_LEN;
    writer_put(&q.w, mac.data, mac.len);
    writer_put(&q.w, covered.data, covered.len);
    return request_send(t, &q, TRE_OP_VERIFY_INSTRUCTION, &(struct call){ .answer = answer_verdict, .fn.verdict = fn, .user = user });
}

uint32_t trust_sign_request(struct trust *t, struct slice payload, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_put(&q.w, payload.data, payload.len);
    return request_send(t, &q, TRE_OP_SIGN_REQUEST, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}

uint32_t trust_credentials(struct trust *t, uint8_t kind, const char *first, const char *server, trust_octets_fn *fn, void *user)
{
    struct request q = request_begin();
    writer_u8(&q.w, kind);
    put_text(&q, first, 1, 128);
    put_text(&q, server, 1, 255);
    return request_send(t, &q, TRE_OP_CREDENTIALS, &(struct call){ .answer = answer_octets, .fn.octets = fn, .user = user });
}
