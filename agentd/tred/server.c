/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one request at a time. Promises: a peer that is not in the permit table gets nothing; what is not a packet ends its connection,
 * and the process when it comes from agentd, whose code can then not be what we think it is. */
#include "tred/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/wire.h"
#include "model/fields.h"
#include "tred/gba.h"
#include "tred/heap.h"
#include "tred/mide.h"
#include "tred/requests.h"
#include "tred/session.h"

enum { CLIENTS = 8, LARGE = 8 * 1024, TURN = 32 }; /* TURN: requests of one client before the others have theirs */

struct client {
    int fd; /* -1: free */
    unsigned peers;
};

struct server {
    struct tre *tre;
    struct server_users users;
    int listener;
    uint64_t told; /* counter of the registry that agent-usimd knows of */
    struct client clients[CLIENTS];
    uint8_t *in, *out; /* WIRE_MAX each */
};

static unsigned peers_of(const struct server *s, uid_t uid)
{
    unsigned peers = (uid == s->users.agentd ? TRE_PEER_AGENTD : 0) | (uid == s->users.usimd ? TRE_PEER_USIMD : 0);
    return uid == 0 ? peers | TRE_PEER_ROOT : peers;
}

static void client_accept(struct server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    uid_t uid = wire_peer_uid(fd);
    unsigned peers = uid == (uid_t)-1 ? 0 : peers_of(s, uid);
    for (size_t i = 0; peers && i < CLIENTS; i++)
        if (s->clients[i].fd < 0) {
            s->clients[i] = (struct client){ .fd = fd, .peers = peers };
            return;
        }
    log_warning("server", peers ? "too many connections: user %lu refused" : "user %lu may not connect", (unsigned long)uid);
    close(fd);
}

static void client_end(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

/* Large requests leave nothing behind: their pages go back to the system. */
static bool buffers_renew(struct server *s)
{
    heap_drop(s->in, WIRE_MAX);
    heap_drop(s->out, WIRE_MAX);
    s->in = heap_pages(WIRE_MAX);
    s->out = heap_pages(WIRE_MAX);
    return s->in && s->out;
}

static bool buffers_clean(struct server *s, size_t in_len, size_t out_len)
{
    if (in_len > LARGE || out_len > LARGE)
        return buffers_renew(s);
    secret_zero(s->in, in_len + WIRE_HEADER);
    secret_zero(s->out, out_len);
    return true;
}

static void tell(const struct server *s, unsigned peers, uint16_t op, struct slice body)
{
    struct wire_packet event = { .op = op, .fd = -1, .body = body };
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i].fd >= 0 && (s->clients[i].peers & peers))
            (void)wire_send(s->clients[i].fd, &event);
}

/* Before the answer to a request that changed the registry: engines and sessions of MIDs that are no longer ACTIVE go, agent-usimd hears of it. */
static void registry_watch(struct server *s)
{
    if (s->told == s->tre->registry.counter)
        return;
    s->told = s->tre->registry.counter;
    mide_refresh(s->tre);
    session_sweep(s->tre, false);
    gba_sweep(s->tre, false);
    tell(s, TRE_PEER_USIMD, TRE_OP_MID_LIST, (struct slice){ NULL, 0 });
}

static void news_tell(struct server *s)
{
    struct tre_news news = s->tre->news;
    uint8_t body[2 + sizeof news.mid];
    struct writer w = writer_make(body, sizeof body);
    s->tre->news.peers = 0;
    if (!news.peers)
        return;
    fields_put_text(&w, news.mid);
    tell(s, news.peers, news.op, writer_slice(&w));
}

static void poll_fill(const struct server *s, struct pollfd *p)
{
    p[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
    for (size_t i = 0; i < CLIENTS; i++)
        p[i + 1] = (struct pollfd){ .fd = s->clients[i].fd, .events = POLLIN };
}

/* False if the request was not one that this peer may send in that form. */
static bool client_answer(struct server *s, struct client *c, const struct wire_packet *q, bool *malformed)
{
    struct writer out = writer_make(s->out, WIRE_MAX);
    enum error_code status = ERROR_INTERNAL;
    enum requests_verdict verdict = requests_handle(s->tre, c->peers, q->op, q->body, &status, &out);
    registry_watch(s);
    news_tell(s);
    *malformed = verdict == REQUEST_MALFORMED;
    if (verdict != REQUEST_ANSWER) {
        log_error("server", "%s request %u (%s), %zu octets: connection ended", *malformed ? "malformed" : "forbidden", q->op,
                  requests_name(q->op), q->body.len);
        return false;
    }
    struct wire_packet answer = { .seq = q->seq, .op = q->op, .status = (uint16_t)status, .fd = -1, .body = writer_slice(&out) };
    log_debug("server", "%s: %s", requests_name(q->op), error_name(status));
    return wire_send(c->fd, &answer) == ERROR_NONE && buffers_clean(s, q->body.len, out.len);
}

/* False if the process must end; *idle once the client has nothing more to ask. */
static bool client_serve(struct server *s, struct client *c, bool *idle)
{
    struct wire_packet q;
    enum error_code rc = wire_receive(c->fd, s->in, WIRE_MAX, &q);
    *idle = rc != ERROR_NONE;
    if (rc == ERROR_BUSY)
        return true;
    bool malformed = rc == ERROR_MALFORMED || (!rc && (q.fd >= 0 || q.seq == 0)); /* no request carries a descriptor */
    if (q.fd >= 0)
        close(q.fd);
    if (malformed)
        log_error("server", "malformed packet: connection ended");
    if (!rc && !malformed && client_answer(s, c, &q, &malformed))
        return true;
    bool fatal = malformed && (c->peers & TRE_PEER_AGENTD);
    client_end(c);
    *idle = true;
    return !fatal && buffers_renew(s);
}

static bool client_turn(struct server *s, struct client *c)
{
    bool idle = false, good = true;
    for (size_t i = 0; i < TURN && good && !idle; i++)
        good = client_serve(s, c, &idle);
    return good;
}

static bool round_serve(struct server *s, const struct pollfd *p)
{
    if (p[0].revents)
        client_accept(s);
    for (size_t i = 0; i < CLIENTS; i++)
        if (p[i + 1].revents && !client_turn(s, &s->clients[i]))
            return false;
    mide_refresh(s->tre);
    return true;
}

int server_run(struct tre *t, int listener, const struct server_users *users)
{
    struct server s = { .tre = t, .users = *users, .listener = listener, .told = t->registry.counter };
    struct pollfd p[CLIENTS + 1];
    for (size_t i = 0; i < CLIENTS; i++)
        s.clients[i].fd = -1;
    if (!buffers_renew(&s))
        return 1;
    for (;;) {
        int wait = mide_wait_ms(t);
        if (wait < 0) /* no engine is open: no key is to be found */
            secret_stack_wipe();
        poll_fill(&s, p);
        if (poll(p, CLIENTS + 1, wait) < 0) {
            if (errno != EINTR)
                return 1;
            continue;
        }
        if (!round_serve(&s, p))
            return 1;
    }
}
