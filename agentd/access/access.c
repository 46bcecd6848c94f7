/* SPDX-License-Identifier: Apache-2.0 */
/* Client of agent-modemd: turns calls into packets and packets into events. Owns the open calls until they are answered or cancelled. Promises: what
 * comes from agent-modemd is read with bounds like anybody's input. Must never decide. */
#include "access/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/peer.h"
#include "base/text.h"
#include "base/writer.h"
#include "model/modemd_wire.h"
#include "model/reach.h"

enum { LINK_MS = 10000, WATCH_MS = 60000, DELETE_MS = 30000, DEVICE_MAX = 64, BODY_MAX = 512 };

struct call {
    struct call *next;
    struct access *access;
    uint32_t id;
    access_done_fn *fn;
    access_answer_fn *answer; /* instead of fn */
    void *user;
};

struct card_listener {
    struct access_card_events events;
    void *user; /* NULL: free */
};

struct access {
    struct peer *peer;
    struct access_events events;
    void *user;
    struct card_listener cards[ACCESS_CARD_LISTENERS];
    struct call *calls;
};

static void on_state(void *user, bool connected)
{
    struct access *a = user;
    if (a->events.state)
        a->events.state(a->user, connected);
    for (size_t i = 0; i < ACCESS_CARD_LISTENERS; i++)
        if (a->cards[i].user && a->cards[i].events.state)
            a->cards[i].events.state(a->cards[i].user, connected);
}

static void on_card(struct access *a, const char *card, struct reader *r)
{
    uint8_t what = reader_u8(r);
    if (r->failed || what < CARD_PRESENT || what > CARD_REFRESHED)
        return;
    for (size_t i = 0; i < ACCESS_CARD_LISTENERS; i++)
        if (a->cards[i].user && a->cards[i].events.changed)
            a->cards[i].events.changed(a->cards[i].user, card, (enum card_change)what);
}

static void on_card_lost(struct access *a, const char *card)
{
    for (size_t i = 0; i < ACCESS_CARD_LISTENERS; i++)
        if (a->cards[i].user && a->cards[i].events.lost)
            a->cards[i].events.lost(a->cards[i].user, card);
}

static void on_sms(struct access *a, const char *device, struct reader *r)
{
    struct access_place place = { .stored = reader_u8(r) != 0 };
    place.storage = reader_u8(r);
    place.index = reader_u32(r);
    struct slice tpdu = reader_take(r, reader_left(r));
    if (tpdu.len && !r->failed && a->events.sms)
        a->events.sms(a->user, device, &place, tpdu);
}

static void on_room(struct access *a, const char *device, struct reader *r)
{
    uint8_t storage = reader_u8(r);
    uint32_t size = reader_u32(r), left = reader_u32(r);
    if (reader_done(r) && a->events.room)
        a->events.room(a->user, device, storage, size, left);
}

static void on_event(void *user, uint16_t op, struct slice body)
{
    struct access *a = user;
    struct reader r = reader_make(body.data, body.len);
    struct slice name = reader_take(&r, reader_u16(&r));
    char device[DEVICE_MAX] = "";
    if (name.len >= sizeof device)
        reader_fail(&r);
    else
        memcpy(device, name.data, name.len);
    if (r.failed || !text_is_name(device, "-_", sizeof device - 1))
        log_warning("modemd", "an event that is none; ignored");
    else if (op == MODEMD_EVENT_SMS)
        on_sms(a, device, &r);
    else if (op == MODEMD_EVENT_ROOM)
        on_room(a, device, &r);
    else if (op == MODEMD_EVENT_LOST && a->events.lost)
        a->events.lost(a->user, device);
    else if (op == MODEMD_EVENT_CARD)
        on_card(a, device, &r);
    else if (op == MODEMD_EVENT_CARD_LOST)
        on_card_lost(a, device);
}

struct access *access_new(const struct loop *loop, const char *socket_path)
{
    static const struct peer_events events = { .state = on_state, .event = on_event };
    struct access *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->peer = peer_new(loop, socket_path, "modemd", &events, a);
    if (!a->peer) {
        free(a);
        return NULL;
    }
    return a;
}

void access_free(struct access *a)
{
    if (!a)
        return;
    peer_free(a->peer);
    while (a->calls) {
        struct call *c = a->calls;
        a->calls = c->next;
        free(c);
    }
    free(a);
}

void access_listen(struct access *a, const struct access_events *events, void *user)
{
    a->events = events ? *events : (struct access_events){ 0 };
    a->user = user;
}

bool access_listen_cards(struct access *a, const struct access_card_events *events, void *user)
{
    for (size_t i = 0; i < ACCESS_CARD_LISTENERS; i++)
        if (a->cards[i].user == (events ? NULL : user)) {
            a->cards[i] = events ? (struct card_listener){ *events, user } : (struct card_listener){ 0 };
            return true;
        }
    return false;
}

bool access_connected(const struct access *a)
{
    return peer_connected(a->peer);
}

static struct call *call_take(struct access *a, uint32_t id)
{
    for (struct call **at = &a->calls; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            struct call *c = *at;
            *at = c->next;
            return c;
        }
    return NULL;
}

static void on_reply(void *user, enum error_code status, struct slice body)
{
    struct call *c = user;
    struct call call = *c;
    free(call_take(c->access, c->id));
    if (call.answer)
        call.answer(call.user, status, body);
    else if (call.fn)
        call.fn(call.user, status);
}

static uint32_t begin(struct access *a, enum modemd_op op, struct slice body, uint64_t timeout_ms, struct call call)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* as in base/peer: a call that never answers is worse */
    *c = call;
    c->next = a->calls;
    c->access = a;
    a->calls = c;
    c->id = peer_call(a->peer, (uint16_t)op, body, -1, timeout_ms, on_reply, c);
    return c->id;
}

static uint32_t ask(struct access *a, enum modemd_op op, const struct writer *body, uint64_t timeout_ms, access_done_fn *fn, void *user)
{
    return begin(a, op, writer_slice(body), timeout_ms, (struct call){ .fn = fn, .user = user });
}

uint32_t access_ask(struct access *a, enum modemd_op op, struct slice body, uint64_t timeout_ms, access_answer_fn *fn, void *user)
{
    return begin(a, op, body, timeout_ms, (struct call){ .answer = fn, .user = user });
}

static void put_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    writer_u16(w, (uint16_t)len);
    writer_put(w, text, len);
}

static void put_address(struct writer *w, const struct ip_address *a, bool with_prefix)
{
    writer_u8(w, a->family);
    if (with_prefix)
        writer_u8(w, a->prefix);
    writer_put(w, a->octets, a->family == 4 ? 4 : 16);
}

/* Where a limited lease leads: its hosts, and the name servers that know them. */
static void put_hosts(struct writer *w, const struct lease *lease)
{
    const struct reach *r = lease->reach;
    writer_u8(w, r != NULL);
    writer_u8(w, (uint8_t)(r ? r->addresses + lease->dns_count : 0));
    for (size_t i = 0; r && i < r->addresses; i++)
        put_address(w, &r->address[i], false);
    for (size_t i = 0; r && i < lease->dns_count; i++)
        put_address(w, &lease->dns[i], false);
}

uint32_t access_link_up(struct access *a, const struct lease *lease, access_done_fn *fn, void *user)
{
    uint8_t space[BODY_MAX];
    struct writer w = writer_make(space, sizeof space);
    put_text(&w, lease->interface);
    writer_u32(&w, lease->table);
    writer_u32(&w, lease->mtu);
    writer_u8(&w, (uint8_t)lease->addresses);
    for (size_t i = 0; i < lease->addresses; i++)
        put_address(&w, &lease->address[i], true);
    writer_u8(&w, (uint8_t)lease->gateways);
    for (size_t i = 0; i < lease->gateways; i++)
        put_address(&w, &lease->gateway[i], false);
    put_hosts(&w, lease);
    return ask(a, MODEMD_OP_LINK_UP, &w, LINK_MS, fn, user);
}

uint32_t access_link_down(struct access *a, const char *interface, uint32_t table, access_done_fn *fn, void *user)
{
    uint8_t space[BODY_MAX];
    struct writer w = writer_make(space, sizeof space);
    put_text(&w, interface);
    writer_u32(&w, table);
    return ask(a, MODEMD_OP_LINK_DOWN, &w, LINK_MS, fn, user);
}

static uint32_t ask_device(struct access *a, enum modemd_op op, const char *device, access_done_fn *fn, void *user)
{
    uint8_t space[BODY_MAX];
    struct writer w = writer_make(space, sizeof space);
    put_text(&w, device);
    return ask(a, op, &w, WATCH_MS, fn, user);
}

uint32_t access_sms_watch(struct access *a, const char *device, access_done_fn *fn, void *user)
{
    return ask_device(a, MODEMD_OP_SMS_WATCH, device, fn, user);
}

uint32_t access_sms_unwatch(struct access *a, const char *device, access_done_fn *fn, void *user)
{
    return ask_device(a, MODEMD_OP_SMS_UNWATCH, device, fn, user);
}

uint32_t access_sms_delete(struct access *a, const char *device, const struct access_place *place, const uint8_t sha256[32], access_done_fn *fn, void *user)
{
    uint8_t space[BODY_MAX];
    struct writer w = writer_make(space, sizeof space);
    put_text(&w, device);
    writer_u8(&w, place->storage);
    writer_u32(&w, place->index);
    writer_put(&w, sha256, 32);
    return ask(a, MODEMD_OP_SMS_DELETE, &w, DELETE_MS, fn, user);
}

void access_cancel(struct access *a, uint32_t id)
{
    peer_cancel(a->peer, id);
    free(call_take(a, id));
}
