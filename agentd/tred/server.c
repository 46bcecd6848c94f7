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
#include "base/wire.h"
#include "tred/heap.h"
#include "tred/requests.h"

enum { CLIENTS = 8, LARGE = 8 * 1024 };

struct client {
    int fd; /* -1: free */
    unsigned peers;
};

struct server {
    struct tre *tre;
    uid_t agentd;
    int listener;
    struct client clients[CLIENTS];
    uint8_t *in, *out; /* WIRE_MAX each */
};

static unsigned peers_of(const struct server *s, uid_t uid)
{
    unsigned peers = uid == s->agentd ? TRE_PEER_AGENTD : 0;
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
    heap_trim();
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

/* False if the request was not one that this peer may send in that form. */
static bool client_answer(struct server *s, struct client *c, const struct wire_packet *q, bool *malformed)
{
    struct writer out = writer_make(s->out, WIRE_MAX);
    enum error_code status = ERROR_INTERNAL;
    enum requests_verdict verdict = requests_handle(s->tre, c->peers, q->op, q->body, &status, &out);
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

/* False if the process must end. */
static bool client_serve(struct server *s, struct client *c)
{
    struct wire_packet q;
    enum error_code rc = wire_receive(c->fd, s->in, WIRE_MAX, &q);
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
    return !fatal && buffers_renew(s);
}

static void poll_fill(const struct server *s, struct pollfd *p)
{
    p[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
    for (size_t i = 0; i < CLIENTS; i++)
        p[i + 1] = (struct pollfd){ .fd = s->clients[i].fd, .events = POLLIN };
}

int server_run(struct tre *t, int listener, uid_t agentd)
{
    struct server s = { .tre = t, .agentd = agentd, .listener = listener };
    struct pollfd p[CLIENTS + 1];
    for (size_t i = 0; i < CLIENTS; i++)
        s.clients[i].fd = -1;
    if (!buffers_renew(&s))
        return 1;
    for (;;) {
        poll_fill(&s, p);
        if (poll(p, CLIENTS + 1, -1) < 0 && errno != EINTR)
            return 1;
        if (p[0].revents)
            client_accept(&s);
        for (size_t i = 0; i < CLIENTS; i++)
            if (p[i + 1].revents && !client_serve(&s, &s.clients[i]))
                return 1;
    }
}
