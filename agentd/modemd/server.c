/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, requests, watches. A peer that is not agentd's user or root is closed unheard. A request out of its bounds ends the program: agentd
 * never sends one, so whoever did is not agentd any more. Every text of a request is checked before anything is done with it. */
#include "modemd/server.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/reader.h"
#include "base/wire.h"
#include "base/writer.h"
#include "model/modemd_wire.h"
#include "modemd/cards.h"
#include "modemd/link.h"
#include "modemd/sms_watch.h"

enum { CONNECTIONS_MAX = 8, WATCHES_MAX = 8, DEVICE_MAX = 64, EVENT_MAX = 512 };
enum { SEND_BUFFER = 1024 * 1024 }; /* two full storages of messages while agentd writes to its disk */
enum { CAN_LINK = 1, CAN_QMI = 2, CAN_PCSC = 4 };

struct connection {
    struct server *server;
    int sock;
    uint64_t watch;
};

struct watch {
    struct connection *owner; /* NULL: free slot */
    char device[DEVICE_MAX];
    uint32_t seq; /* the request that has no answer yet; 0: started */
    uint32_t deletion; /* the SMS_DELETE that has no answer yet; 0: none */
    struct sms_watch *sms;
    uint64_t reap; /* timer that frees it: never from inside its own event */
    struct server *server;
};

struct server {
    const struct loop *loop;
    int sock;
    uint64_t accept;
    const struct modemd_settings *settings;
    struct server_limits limits;
    void (*broken)(void *user);
    void *user;
    struct connection *connections[CONNECTIONS_MAX];
    struct watch watches[WATCHES_MAX];
    struct cards *cards;
    uint8_t buffer[WIRE_MAX];
};

struct request {
    struct connection *from;
    uint32_t seq;
    struct reader body;
};

static const struct {
    uint16_t op;
    const char *name;
    size_t min, max;
} bounds[] = {
#define X(symbol, number, min, max) { number, #symbol, min, max },
    MODEMD_OPS(X)
#undef X
};

static void connection_close(struct connection *c);

static void watch_clear(struct watch *w)
{
    loop_cancel(w->server->loop, &w->reap);
    sms_watch_free(w->sms);
    w->sms = NULL;
    w->owner = NULL;
}

static void answer(struct connection *c, uint32_t seq, uint16_t op, enum error_code status, struct slice body)
{
    struct wire_packet packet = { .seq = seq, .op = op, .status = (uint16_t)status, .fd = -1, .body = body };
    enum error_code rc = wire_send(c->sock, &packet);
    if (rc) { /* it does not read: nothing we say would arrive; the next read ends the connection */
        log_warning("server", "answer to agentd: %s", error_text(rc));
        (void)shutdown(c->sock, SHUT_RDWR);
    }
}

static void reply(const struct request *r, uint16_t op, enum error_code status)
{
    answer(r->from, r->seq, op, status, (struct slice){ NULL, 0 });
}

static void read_text(struct reader *r, char *out, size_t cap)
{
    struct slice s = reader_take(r, reader_u16(r));
    if (s.len == 0 || s.len >= cap || memchr(s.data, 0, s.len)) {
        reader_fail(r);
        return;
    }
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
}

static void read_octets(struct reader *r, struct ip_address *a)
{
    size_t len = a->family == 4 ? 4 : 16;
    struct slice s = reader_take(r, len);
    if ((a->family != 4 && a->family != 6) || a->prefix > 8 * len || s.len != len) {
        reader_fail(r);
        return;
    }
    memcpy(a->octets, s.data, len);
}

/* An address that a host may have on a network: not unspecified, loopback, multicast. */
static bool is_unicast(const struct ip_address *a)
{
    static const uint8_t zeros[15];
    if (a->family == 4)
        return a->octets[0] != 0 && a->octets[0] != 127 && a->octets[0] < 224;
    return a->octets[0] != 0xff && (memcmp(a->octets, zeros, sizeof zeros) != 0 || a->octets[15] > 1);
}

static bool read_link(struct reader *r, struct link_request *out)
{
    *out = (struct link_request){ 0 };
    read_text(r, out->port, sizeof out->port);
    out->table = reader_u32(r);
    out->mtu = reader_u32(r);
    out->addresses = reader_u8(r);
    if (out->addresses < 1 || out->addresses > LEASE_ADDRESSES)
        return false;
    for (size_t i = 0; i < out->addresses; i++) {
        out->address[i].family = reader_u8(r);
        out->address[i].prefix = reader_u8(r);
        read_octets(r, &out->address[i]);
        if (!is_unicast(&out->address[i]))
            reader_fail(r);
    }
    out->gateways = reader_u8(r);
    if (out->gateways > 2)
        return false;
    for (size_t i = 0; i < out->gateways; i++) {
        out->gateway[i].family = reader_u8(r);
        read_octets(r, &out->gateway[i]);
    }
    uint8_t limited = reader_u8(r);
    out->limited = limited == 1;
    out->hosts = reader_u8(r);
    if (limited > 1 || out->hosts > LINK_HOSTS)
        return false;
    for (size_t i = 0; i < out->hosts; i++) {
        out->host[i].family = reader_u8(r);
        read_octets(r, &out->host[i]);
    }
    return reader_done(r) && out->table >= LINK_TABLE_MIN && out->table <= LINK_TABLE_MAX && (out->mtu == 0 || (out->mtu >= 68 && out->mtu <= 65535));
}

static enum error_code may_touch(const struct server *s, const char *port)
{
    if (!s->limits.link)
        return ERROR_NOT_SUPPORTED;
    if (modemd_port_allowed(s->settings, port))
        return ERROR_NONE;
    log_warning("link", "port %s is not in [link] ports; refused", port);
    return ERROR_DENIED;
}

static bool do_status(struct server *s, struct request *r)
{
    uint8_t can = (uint8_t)((s->limits.link ? CAN_LINK : 0) | (s->limits.qmi ? CAN_QMI : 0) | (s->settings->reader ? CAN_PCSC : 0));
    answer(r->from, r->seq, MODEMD_OP_STATUS, ERROR_NONE, (struct slice){ &can, 1 });
    return true;
}

static bool do_link_up(struct server *s, struct request *r)
{
    struct link_request link;
    struct error err = { 0 };
    if (!read_link(&r->body, &link))
        return false;
    enum error_code rc = may_touch(s, link.port);
    if (!rc && (rc = link_up(&link, &err)))
        log_warning("link", "%s", err.text);
    if (!rc)
        log_notice("link", "%s up: %zu addresses, table %u%s", link.port, link.addresses, (unsigned)link.table, link.limited ? ", for some hosts alone" : "");
    reply(r, MODEMD_OP_LINK_UP, rc);
    return true;
}

static bool do_link_down(struct server *s, struct request *r)
{
    char port[16];
    struct error err = { 0 };
    read_text(&r->body, port, sizeof port);
    uint32_t table = reader_u32(&r->body);
    if (!reader_done(&r->body) || table < LINK_TABLE_MIN || table > LINK_TABLE_MAX)
        return false;
    enum error_code rc = may_touch(s, port);
    if (!rc && (rc = link_down(port, table, &err)))
        log_warning("link", "%s", err.text);
    if (!rc)
        log_notice("link", "%s down, table %u empty", port, (unsigned)table);
    reply(r, MODEMD_OP_LINK_DOWN, rc);
    return true;
}

static void reap(void *user)
{
    struct watch *w = user;
    w->reap = 0;
    watch_clear(w);
}

static void on_started(void *user, const char *device, enum error_code status)
{
    struct watch *w = user;
    (void)device;
    uint32_t seq = w->seq;
    w->seq = 0;
    if (status)
        w->reap = loop_timer(w->server->loop, 0, reap, w);
    answer(w->owner, seq, MODEMD_OP_SMS_WATCH, status, (struct slice){ NULL, 0 });
}

static void send_event_of(struct connection *owner, uint16_t op, const char *name, struct slice tail)
{
    uint8_t space[EVENT_MAX];
    struct writer out = writer_make(space, sizeof space);
    writer_u16(&out, (uint16_t)strlen(name));
    writer_text(&out, name);
    writer_put(&out, tail.data, tail.len);
    answer(owner, 0, op, ERROR_NONE, writer_slice(&out));
}

static void send_event(struct watch *w, uint16_t op, struct slice tail)
{
    send_event_of(w->owner, op, w->device, tail);
}

static void on_message(void *user, const char *device, const struct sms_place *place, struct slice tpdu)
{
    uint8_t space[EVENT_MAX];
    (void)device;
    struct writer out = writer_make(space, sizeof space);
    writer_u8(&out, place->stored);
    writer_u8(&out, place->storage);
    writer_u32(&out, place->index);
    writer_put(&out, tpdu.data, tpdu.len);
    send_event(user, MODEMD_EVENT_SMS, writer_slice(&out));
}

static void on_room(void *user, const char *device, uint8_t storage, uint32_t size, uint32_t left)
{
    uint8_t space[EVENT_MAX];
    (void)device;
    struct writer out = writer_make(space, sizeof space);
    writer_u8(&out, storage);
    writer_u32(&out, size);
    writer_u32(&out, left);
    send_event(user, MODEMD_EVENT_ROOM, writer_slice(&out));
}

static void answer_deletion(struct watch *w, enum error_code status)
{
    uint32_t seq = w->deletion;
    w->deletion = 0;
    if (seq)
        answer(w->owner, seq, MODEMD_OP_SMS_DELETE, status, (struct slice){ NULL, 0 });
}

static void on_deleted(void *user, const char *device, enum error_code status)
{
    (void)device;
    answer_deletion(user, status);
}

static void on_lost(void *user, const char *device)
{
    struct watch *w = user;
    (void)device;
    answer_deletion(w, ERROR_PEER_LOST);
    w->reap = loop_timer(w->server->loop, 0, reap, w);
    send_event(w, MODEMD_EVENT_LOST, (struct slice){ NULL, 0 });
}

static struct watch *watch_of(struct server *s, const struct connection *owner, const char *device)
{
    for (size_t i = 0; i < WATCHES_MAX; i++)
        if (s->watches[i].owner == owner && (!device || strcmp(s->watches[i].device, device) == 0))
            return &s->watches[i];
    return NULL;
}

static bool do_sms_watch(struct server *s, struct request *r)
{
    static const struct sms_watch_events events = { .started = on_started, .message = on_message, .room = on_room, .deleted = on_deleted,
                                                   .lost = on_lost };
    char device[DEVICE_MAX];
    read_text(&r->body, device, sizeof device);
    if (!reader_done(&r->body))
        return false;
    struct watch *w = watch_of(s, r->from, device);
    if (w && w->seq) {
        reply(r, MODEMD_OP_SMS_WATCH, ERROR_BUSY);
        return true;
    }
    if (w) { /* asked again: from the beginning, stored messages included */
        answer_deletion(w, ERROR_CANCELLED);
        watch_clear(w);
    }
    w = watch_of(s, NULL, NULL);
    if (!w || !modemd_device_name_ok(device)) {
        reply(r, MODEMD_OP_SMS_WATCH, w ? ERROR_INVALID : ERROR_BUSY);
        return true;
    }
    *w = (struct watch){ .owner = r->from, .seq = r->seq, .server = s };
    (void)g_strlcpy(w->device, device, sizeof w->device);
    g_autofree char *path = g_build_filename(s->settings->device_directory, device, NULL);
    w->sms = sms_watch_start(path, device, &events, w);
    return true;
}

static bool do_sms_unwatch(struct server *s, struct request *r)
{
    char device[DEVICE_MAX];
    read_text(&r->body, device, sizeof device);
    if (!reader_done(&r->body))
        return false;
    struct watch *w = watch_of(s, r->from, device);
    if (w) {
        if (w->seq)
            answer(r->from, w->seq, MODEMD_OP_SMS_WATCH, ERROR_CANCELLED, (struct slice){ NULL, 0 });
        answer_deletion(w, ERROR_CANCELLED);
        watch_clear(w);
    }
    reply(r, MODEMD_OP_SMS_UNWATCH, ERROR_NONE);
    return true;
}

static void on_card_answer(void *owner, uint32_t seq, uint16_t op, enum error_code status, struct slice body)
{
    answer(owner, seq, op, status, body);
}

static void on_card_event(void *owner, uint16_t op, const char *card, struct slice tail)
{
    send_event_of(owner, op, card, tail);
}

static bool do_card(struct server *s, enum modemd_op op, struct request *r)
{
    char card[DEVICE_MAX];
    read_text(&r->body, card, sizeof card);
    if (r->body.failed || (op != MODEMD_OP_CARD_READ && !reader_done(&r->body)))
        return false;
    if (op == MODEMD_OP_CARD_READ)
        return cards_read(s->cards, r->from, r->seq, card, &r->body);
    return (op == MODEMD_OP_CARD_WATCH ? cards_watch : cards_unwatch)(s->cards, r->from, r->seq, card);
}

static bool do_sms_delete(struct server *s, struct request *r)
{
    char device[DEVICE_MAX];
    struct sms_place place = { .stored = true };
    read_text(&r->body, device, sizeof device);
    place.storage = reader_u8(&r->body);
    place.index = reader_u32(&r->body);
    struct slice sha256 = reader_take(&r->body, 32);
    if (!reader_done(&r->body))
        return false;
    struct watch *w = watch_of(s, r->from, device);
    enum error_code rc = w && !w->reap ? sms_watch_delete(w->sms, &place, sha256.data) : ERROR_NOT_READY;
    if (rc)
        reply(r, MODEMD_OP_SMS_DELETE, rc);
    else
        w->deletion = r->seq;
    return true;
}

static bool dispatch(struct server *s, enum modemd_op op, struct request *r)
{
    switch (op) {
    case MODEMD_OP_STATUS:
        return do_status(s, r);
    case MODEMD_OP_LINK_UP:
        return do_link_up(s, r);
    case MODEMD_OP_LINK_DOWN:
        return do_link_down(s, r);
    case MODEMD_OP_SMS_WATCH:
        return do_sms_watch(s, r);
    case MODEMD_OP_SMS_UNWATCH:
        return do_sms_unwatch(s, r);
    case MODEMD_OP_CARD_WATCH:
    case MODEMD_OP_CARD_UNWATCH:
    case MODEMD_OP_CARD_READ:
        return do_card(s, op, r);
    case MODEMD_OP_SMS_DELETE:
        return do_sms_delete(s, r);
    case MODEMD_EVENT_SMS:
    case MODEMD_EVENT_LOST:
    case MODEMD_EVENT_CARD:
    case MODEMD_EVENT_CARD_LOST:
    case MODEMD_EVENT_ROOM:
        return false;
    }
    return false;
}

static bool take(struct server *s, struct connection *c, const struct wire_packet *packet)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
        if (bounds[i].op == packet->op) {
            struct request r = { .from = c, .seq = packet->seq, .body = reader_make(packet->body.data, packet->body.len) };
            bool fits = packet->seq != 0 && packet->body.len >= bounds[i].min && packet->body.len <= bounds[i].max;
            return fits && dispatch(s, (enum modemd_op)packet->op, &r);
        }
    return false;
}

static void on_packet(void *user, int fd, bool readable, bool writable)
{
    struct connection *c = user;
    struct server *s = c->server;
    (void)readable;
    (void)writable;
    struct wire_packet packet;
    enum error_code rc = wire_receive(fd, s->buffer, sizeof s->buffer, &packet);
    if (rc == ERROR_BUSY)
        return;
    if (rc && rc != ERROR_MALFORMED) {
        log_info("server", "agentd left");
        connection_close(c);
        return;
    }
    bool passed = !rc && packet.fd >= 0; /* no request carries a descriptor */
    if (passed)
        close(packet.fd);
    if (rc || passed || !take(s, c, &packet)) {
        log_error("server", "a malformed request came; ending");
        s->broken(s->user);
    }
}

static void on_accept(void *user, int fd, bool readable, bool writable)
{
    struct server *s = user;
    (void)readable;
    (void)writable;
    int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (sock < 0)
        return;
    uid_t uid = wire_peer_uid(sock);
    size_t i = 0;
    while (i < CONNECTIONS_MAX && s->connections[i])
        i++;
    if ((uid != 0 && uid != s->limits.agentd) || i == CONNECTIONS_MAX) {
        log_warning("server", "connection of user %ld refused%s", (long)uid, i == CONNECTIONS_MAX ? ": too many" : "");
        close(sock);
        return;
    }
    int size = SEND_BUFFER;
    if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    struct connection *c = g_new0(struct connection, 1);
    *c = (struct connection){ .server = s, .sock = sock };
    c->watch = loop_fd(s->loop, sock, true, false, on_packet, c);
    s->connections[i] = c;
    log_info("server", "user %ld connected", (long)uid);
}

static void connection_close(struct connection *c)
{
    struct server *s = c->server;
    for (size_t i = 0; i < WATCHES_MAX; i++)
        if (s->watches[i].owner == c)
            watch_clear(&s->watches[i]);
    cards_forget(s->cards, c);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (s->connections[i] == c)
            s->connections[i] = NULL;
    loop_cancel(s->loop, &c->watch);
    close(c->sock);
    g_free(c);
}

struct server *server_new(const struct loop *loop, int sock, const struct modemd_settings *settings, const struct server_limits *limits,
                          void (*broken)(void *user), void *user)
{
    struct server *s = g_new0(struct server, 1);
    *s = (struct server){ .loop = loop, .sock = sock, .settings = settings, .limits = *limits, .broken = broken, .user = user };
    static const struct cards_events card_events = { .answer = on_card_answer, .event = on_card_event };
    s->cards = cards_new(loop, settings, &card_events);
    s->accept = loop_fd(loop, sock, true, false, on_accept, s);
    return s;
}

void server_free(struct server *s)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (s->connections[i])
            connection_close(s->connections[i]);
    cards_free(s->cards);
    loop_cancel(s->loop, &s->accept);
    close(s->sock);
    g_free(s);
}
