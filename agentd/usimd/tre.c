/* SPDX-License-Identifier: Apache-2.0 */
/* Client of agent-tred. Owns the list of MIDs as last told. Promises that no octet of an answer is kept here. */
#include "usimd/tre.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/peer.h"
#include "base/secret.h"
#include "base/writer.h"
#include "model/fields.h"

enum { TIMEOUT_MS = 15 * 1000, NAF_KEY = 32 };

struct tre {
    const struct loop *loop;
    struct peer *peer;
    void (*on_change)(void *user);
    void *user;
    void (*on_ks)(void *user, const char *mid); /* may be NULL */
    void *ks_user;
    struct mid_entry mids[TRE_MID_MAX];
    size_t count;
};

struct call {
    void (*take)(const struct call *c, enum error_code status, struct slice body);
    union {
        tre_aka_fn *aka;
        tre_octets_fn *octets;
        tre_pin_fn *pin;
        tre_naf_fn *naf;
    } fn;
    void *user;
    struct tre *tre;
};

static void on_reply(void *user, enum error_code status, struct slice body)
{
    struct call c = *(struct call *)user;
    free(user);
    c.take(&c, status, body);
}

static void call(struct tre *t, enum tre_op op, struct slice body, const struct call *like)
{
    struct call *c = malloc(sizeof *c);
    if (!c)
        abort();
    *c = *like;
    c->tre = t;
    (void)peer_call(t->peer, (uint16_t)op, body, -1, TIMEOUT_MS, on_reply, c);
}

static void take_list(const struct call *c, enum error_code status, struct slice body)
{
    struct tre *t = c->tre;
    struct reader r = reader_make(body.data, body.len);
    size_t count = status ? 0 : reader_u8(&r);
    if (count > TRE_MID_MAX)
        reader_fail(&r);
    for (size_t i = 0; i < count && !r.failed; i++)
        mid_entry_take(&r, &t->mids[i]);
    t->count = status || !reader_done(&r) ? 0 : count;
    if (status && status != ERROR_PEER_LOST)
        log_warning("tre", "no list of MIDs: %s", error_text(status));
    t->on_change(t->user);
}

static void refresh(struct tre *t)
{
    call(t, TRE_OP_MID_LIST, (struct slice){ NULL, 0 }, &(struct call){ .take = take_list });
}

static void on_state(void *user, bool connected)
{
    struct tre *t = user;
    if (connected) {
        refresh(t);
        return;
    }
    t->count = 0;
    t->on_change(t->user);
}

static void on_event(void *user, uint16_t op, struct slice body)
{
    struct tre *t = user;
    struct reader r = reader_make(body.data, body.len);
    char id[sizeof ((struct mid_entry *)0)->id];
    if (op == TRE_OP_MID_LIST) {
        refresh(t);
    } else if (op == TRE_OP_GBA_BIND && t->on_ks) {
        fields_take_text(&r, id, sizeof id);
        if (reader_done(&r))
            t->on_ks(t->ks_user, id);
    }
}

void tre_watch_ks(struct tre *t, void (*fn)(void *user, const char *mid), void *user)
{
    t->on_ks = fn;
    t->ks_user = user;
}

struct tre *tre_new(const struct loop *loop, const char *socket, void (*on_change)(void *user), void *user)
{
    static const struct peer_events events = { .state = on_state, .event = on_event };
    struct tre *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->loop = loop;
    t->on_change = on_change;
    t->user = user;
    t->peer = peer_new(loop, socket, "tre", &events, t);
    if (t->peer)
        return t;
    free(t);
    return NULL;
}

void tre_free(struct tre *t)
{
    if (!t)
        return;
    peer_free(t->peer);
    free(t);
}

static const struct mid_entry *find(const struct tre *t, enum mid_type type, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct mid_entry *e = &t->mids[i];
        if (e->state == MID_ACTIVE && e->type == type && (!name || strcmp(e->id, name) == 0))
            return e;
    }
    return NULL;
}

const struct mid_entry *tre_mid(const struct tre *t, enum mid_type type, const char *name)
{
    const struct mid_entry *e = find(t, type, name);
    return e || type != MID_USIM ? e : find(t, MID_PCID, name);
}

static void take_aka(const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    struct tre_aka a = { .res = { NULL, 0 } };
    if (!status) {
        uint8_t verdict = reader_u8(&r);
        a.verdict = (enum tre_verdict)verdict;
        a.session = reader_u32(&r);
        a.res = fields_take(&r);
        a.ck = fields_take(&r);
        a.ik = fields_take(&r);
        a.auts = fields_take(&r);
        status = reader_done(&r) && verdict <= TRE_AKA_MAC ? ERROR_NONE : ERROR_PROTOCOL;
    }
    c->fn.aka(c->user, status, status ? NULL : &a);
    if (body.len)
        secret_zero((void *)(uintptr_t)body.data, body.len); /* the buffer of peer.c, which has handed it to us */
}

void tre_authenticate(struct tre *t, const char *mid, enum tre_purpose purpose, const uint8_t rand[16], const uint8_t autn[16], tre_aka_fn *fn, void *user)
{
    uint8_t body[128];
    struct writer w = writer_make(body, sizeof body);
    fields_put_text(&w, mid);
    writer_u8(&w, (uint8_t)purpose);
    writer_put(&w, rand, 16);
    writer_put(&w, autn, 16);
    call(t, TRE_OP_AUTHENTICATE, writer_slice(&w), &(struct call){ .take = take_aka, .fn.aka = fn, .user = user });
}

static void take_octets(const struct call *c, enum error_code status, struct slice body)
{
    c->fn.octets(c->user, status, status ? (struct slice){ NULL, 0 } : body);
    if (body.len)
        secret_zero((void *)(uintptr_t)body.data, body.len);
}

void tre_request(struct tre *t, enum tre_op op, struct slice body, tre_octets_fn *fn, void *user)
{
    call(t, op, body, &(struct call){ .take = take_octets, .fn.octets = fn, .user = user });
}

void tre_files(struct tre *t, const char *mid, tre_octets_fn *fn, void *user)
{
    uint8_t body[128];
    struct writer w = writer_make(body, sizeof body);
    fields_put_text(&w, mid);
    fields_put(&w, NULL, 0);
    tre_request(t, TRE_OP_READ_FILE, writer_slice(&w), fn, user);
}

static void take_pin(const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    bool enabled = reader_u8(&r) != 0;
    uint8_t left = reader_u8(&r);
    c->fn.pin(c->user, status, enabled, left);
}

void tre_pin(struct tre *t, const char *mid, struct slice digits, tre_pin_fn *fn, void *user)
{
    uint8_t body[128];
    struct writer w = writer_make(body, sizeof body);
    fields_put_text(&w, mid);
    fields_put(&w, digits.data, digits.len);
    call(t, TRE_OP_VERIFY_PIN, writer_slice(&w), &(struct call){ .take = take_pin, .fn.pin = fn, .user = user });
    secret_zero(body, sizeof body);
}

static void take_naf(const struct call *c, enum error_code status, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    struct tre_naf n = { .seconds = 0 };
    if (!status) {
        n.seconds = reader_u32(&r);
        n.btid = fields_take(&r);
        n.key = reader_take(&r, NAF_KEY);
        status = reader_done(&r) ? ERROR_NONE : ERROR_PROTOCOL;
    }
    c->fn.naf(c->user, status, status ? NULL : &n);
    if (body.len)
        secret_zero((void *)(uintptr_t)body.data, body.len);
}

void tre_naf_key(struct tre *t, const char *mid, struct slice naf_id, tre_naf_fn *fn, void *user)
{
    uint8_t body[512];
    struct writer w = writer_make(body, sizeof body);
    fields_put_text(&w, mid);
    fields_put(&w, naf_id.data, naf_id.len);
    call(t, TRE_OP_NAF_KEY, writer_slice(&w), &(struct call){ .take = take_naf, .fn.naf = fn, .user = user });
}
