/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous packet client. Open calls form a list; each ends once: by its answer, its time-out, the loss of the peer or cancel.
 * Replies that are known at once (peer away) still come from the loop, by a timer of 0 ms. */
#include "base/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wire.h"

enum { RETRY_MIN_MS = 100, RETRY_MAX_MS = 10000 };

struct call {
    struct call *next;
    struct peer *peer;
    uint32_t seq;
    uint64_t timer;
    enum error_code at_timer; /* what the timer means: TIMEOUT, or the failure to send */
    peer_reply_fn *fn;
    void *user;
};

struct peer {
    const struct loop *loop;
    char *path;
    const char *name;
    struct peer_events events;
    void *user;
    int sock;
    uint64_t watch, retry;
    uint64_t delay_ms;
    uint32_t last_seq;
    struct call *calls;
    bool said_away;
    uint8_t buffer[WIRE_MAX];
};

static struct call *call_find(struct peer *p, uint32_t seq) /* NULL: cancelled or timed out */
{
    struct call *c = p->calls;
    while (c && c->seq != seq)
        c = c->next;
    return c;
}

static void call_free(struct call *c)
{
    struct call **at = &c->peer->calls;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    loop_cancel(c->peer->loop, &c->timer);
    free(c);
}

static void call_end(struct call *c, enum error_code status, struct slice body)
{
    peer_reply_fn *fn = c->fn;
    void *user = c->user;
    call_free(c);
    fn(user, status, body);
}

static void try_connect(void *user);

static void peer_lost(struct peer *p)
{
    loop_cancel(p->loop, &p->watch);
    close(p->sock);
    p->sock = -1;
    log_warning(p->name, "connection lost; connecting again");
    if (p->events.state)
        p->events.state(p->user, false);
    p->delay_ms = RETRY_MIN_MS;
    p->retry = loop_timer(p->loop, p->delay_ms, try_connect, p);
    uint32_t newest = p->last_seq; /* calls made by the replies below are not ended here */
    for (struct call *c = p->calls; c;) {
        if (c->seq <= newest && c->at_timer == ERROR_TIMEOUT) {
            call_end(c, ERROR_PEER_LOST, (struct slice){ NULL, 0 });
            c = p->calls;
        } else {
            c = c->next;
        }
    }
}

static void take_packet(struct peer *p, const struct wire_packet *packet)
{
    if (packet->fd >= 0)
        close(packet->fd); /* our servers never pass one back */
    if (packet->seq == 0) {
        if (p->events.event)
            p->events.event(p->user, packet->op, packet->body);
        return;
    }
    struct call *c = call_find(p, packet->seq);
    if (c)
        call_end(c, packet->status < ERROR_COUNT ? (enum error_code)packet->status : ERROR_PROTOCOL, packet->body);
}

static void on_readable(void *user, int fd, bool readable, bool writable)
{
    struct peer *p = user;
    (void)readable;
    (void)writable;
    struct wire_packet packet;
    enum error_code rc = wire_receive(fd, p->buffer, sizeof p->buffer, &packet);
    if (rc == ERROR_BUSY)
        return;
    if (rc)
        peer_lost(p);
    else
        take_packet(p, &packet);
}

static void try_connect(void *user)
{
    struct peer *p = user;
    p->retry = 0;
    p->sock = wire_connect(p->path);
    if (p->sock < 0) {
        if (!p->said_away)
            log_warning(p->name, "cannot connect to %s: %s; trying again", p->path, strerror(errno));
        p->said_away = true;
        p->delay_ms = p->delay_ms * 2 < RETRY_MAX_MS ? p->delay_ms * 2 : RETRY_MAX_MS;
        p->retry = loop_timer(p->loop, p->delay_ms, try_connect, p);
        return;
    }
    p->said_away = false;
    p->delay_ms = RETRY_MIN_MS;
    p->watch = loop_fd(p->loop, p->sock, true, false, on_readable, p);
    log_info(p->name, "connected");
    if (p->events.state)
        p->events.state(p->user, true);
}

struct peer *peer_new(const struct loop *loop, const char *path, const char *name, const struct peer_events *events, void *user)
{
    struct peer *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->loop = loop; /* one by one: to assign the whole would write to all pages of its buffer */
    p->path = strdup(path);
    p->name = name;
    p->events = *events;
    p->user = user;
    p->sock = -1;
    if (!p->path) {
        free(p);
        return NULL;
    }
    p->delay_ms = RETRY_MIN_MS / 2;
    p->retry = loop_timer(loop, 0, try_connect, p);
    return p;
}

void peer_free(struct peer *p)
{
    if (!p)
        return;
    while (p->calls)
        call_free(p->calls);
    loop_cancel(p->loop, &p->watch);
    loop_cancel(p->loop, &p->retry);
    if (p->sock >= 0)
        close(p->sock);
    explicit_bzero(p->buffer, sizeof p->buffer);
    free(p->path);
    free(p);
}

bool peer_connected(const struct peer *p)
{
    return p->sock >= 0;
}

static void on_timer(void *user)
{
    struct call *c = user;
    enum error_code status = c->at_timer;
    c->timer = 0;
    call_end(c, status, (struct slice){ NULL, 0 });
}

uint32_t peer_call(struct peer *p, uint16_t op, struct slice body, int fd, uint64_t timeout_ms, peer_reply_fn *fn, void *user)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* a call that can never answer would leave its caller waiting for ever */
    *c = (struct call){ .next = p->calls, .peer = p, .seq = ++p->last_seq, .at_timer = ERROR_TIMEOUT, .fn = fn, .user = user };
    p->calls = c;
    struct wire_packet packet = { .seq = c->seq, .op = op, .fd = fd, .body = body };
    enum error_code rc = p->sock < 0 ? ERROR_PEER_LOST : wire_send(p->sock, &packet);
    if (rc)
        c->at_timer = rc;
    c->timer = loop_timer(p->loop, rc ? 0 : timeout_ms, on_timer, c);
    return c->seq;
}

void peer_cancel(struct peer *p, uint32_t id)
{
    struct call *c = call_find(p, id);
    if (c)
        call_free(c);
}
