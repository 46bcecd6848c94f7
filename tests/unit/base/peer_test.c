/* SPDX-License-Identifier: Apache-2.0 */
/* The packet client on a loop whose clock the test turns: connecting with back-off, answers, time-outs, a lost server, cancelling. */
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/peer.h"
#include "base/wire.h"

/* --- a loop of its own: timers fire when the test lets time pass --- */

enum { SOURCES = 32 };

struct source {
    uint64_t id, at;
    int fd; /* -1: timer */
    loop_timer_fn *timer;
    loop_fd_fn *ready;
    void *user;
};

struct fake {
    uint64_t now, last;
    struct source source[SOURCES];
};

static uint64_t fake_now(void *ctx)
{
    return ((struct fake *)ctx)->now;
}

static uint64_t fake_add(struct fake *f, struct source s)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (!f->source[i].id) {
            f->source[i] = s;
            return f->source[i].id = ++f->last;
        }
    g_error("too many sources");
}

static uint64_t fake_timer(void *ctx, uint64_t delay, loop_timer_fn *fn, void *user)
{
    struct fake *f = ctx;
    return fake_add(f, (struct source){ .at = f->now + delay, .fd = -1, .timer = fn, .user = user });
}

static uint64_t fake_fd(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    g_assert_true(readable && !writable);
    return fake_add(ctx, (struct source){ .fd = fd, .ready = fn, .user = user });
}

static void fake_cancel(void *ctx, uint64_t id)
{
    struct fake *f = ctx;
    for (size_t i = 0; i < SOURCES; i++)
        if (f->source[i].id == id)
            f->source[i] = (struct source){ 0 };
}

/* One due timer or readable descriptor; false if there is none. */
static bool step(struct fake *f)
{
    for (size_t i = 0; i < SOURCES; i++) {
        struct source s = f->source[i];
        if (s.id && s.fd < 0 && s.at <= f->now) {
            f->source[i] = (struct source){ 0 };
            s.timer(s.user);
            return true;
        }
        struct pollfd p = { .fd = s.fd, .events = POLLIN };
        if (s.id && s.fd >= 0 && poll(&p, 1, 0) == 1) {
            s.ready(s.user, s.fd, true, false);
            return true;
        }
    }
    return false;
}

static void pass(struct fake *f, uint64_t ms)
{
    for (uint64_t end = f->now + ms;; f->now++) {
        while (step(f))
            ;
        if (f->now == end)
            return;
    }
}

static size_t sources(const struct fake *f)
{
    size_t n = 0;
    for (size_t i = 0; i < SOURCES; i++)
        n += f->source[i].id != 0;
    return n;
}

/* --- fixture: the server's socket, and what the client said --- */

struct fixture {
    struct fake fake;
    struct loop loop;
    char *dir, *path;
    int listener, server;
    struct peer *peer;
    GString *said; /* one word an event */
};

static void on_state(void *user, bool connected)
{
    g_string_append(((struct fixture *)user)->said, connected ? "up " : "down ");
}

static void on_event(void *user, uint16_t op, struct slice body)
{
    g_string_append_printf(((struct fixture *)user)->said, "event%u:%zu ", op, body.len);
}

static void on_reply(void *user, enum error_code status, struct slice body)
{
    g_string_append_printf(((struct fixture *)user)->said, "%s:%.*s ", error_name(status), (int)body.len, (const char *)body.data);
}

static void start_server(struct fixture *f)
{
    f->listener = wire_listen(f->path, 0600);
    g_assert_cmpint(f->listener, >=, 0);
}

static void accept_client(struct fixture *f)
{
    f->server = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);
    g_assert_cmpint(f->server, >=, 0);
}

static void stop_server(struct fixture *f)
{
    close(f->listener);
    close(f->server);
    f->listener = f->server = -1;
    unlink(f->path);
}

static void set_up(struct fixture *f, gconstpointer started)
{
    static const struct peer_events events = { on_state, on_event };
    *f = (struct fixture){ .listener = -1, .server = -1, .said = g_string_new(NULL) };
    f->loop = (struct loop){ &f->fake, fake_now, fake_timer, fake_fd, fake_cancel };
    f->dir = g_dir_make_tmp("peer-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "sock", NULL);
    if (started)
        start_server(f);
    f->peer = peer_new(&f->loop, f->path, "test", &events, f);
    g_assert_cmpstr(f->said->str, ==, "");
    pass(&f->fake, 0);
    if (started)
        accept_client(f);
}

static void tear_down(struct fixture *f, gconstpointer started)
{
    (void)started;
    peer_free(f->peer);
    g_assert_cmpuint(sources(&f->fake), ==, 0);
    stop_server(f);
    rmdir(f->dir);
    g_free(f->dir);
    g_free(f->path);
    g_string_free(f->said, TRUE);
}

static void said(struct fixture *f, const char *text)
{
    g_assert_cmpstr(f->said->str, ==, text);
    g_string_truncate(f->said, 0);
}

static struct slice text(const char *t)
{
    return (struct slice){ (const uint8_t *)t, strlen(t) };
}

static uint32_t call(struct fixture *f, const char *body)
{
    return peer_call(f->peer, 3, text(body), -1, 500, on_reply, f);
}

static void answer(struct fixture *f, uint32_t seq, enum error_code status, const char *body)
{
    struct wire_packet p = { .seq = seq, .status = (uint16_t)status, .fd = -1, .body = text(body) };
    g_assert_cmpint(wire_send(f->server, &p), ==, ERROR_NONE);
}

/* --- tests --- */

static void answers_find_their_calls(struct fixture *f, gconstpointer data)
{
    (void)data;
    said(f, "up ");
    g_assert_true(peer_connected(f->peer));
    uint32_t a = call(f, "a"), b = call(f, "b");
    g_assert_true(a && b && a != b);
    uint8_t buffer[WIRE_MAX];
    struct wire_packet p;
    g_assert_cmpint(wire_receive(f->server, buffer, sizeof buffer, &p), ==, ERROR_NONE);
    g_assert_true(p.seq == a && p.op == 3 && slice_is(p.body, "a"));
    answer(f, b, ERROR_NONE, "B");
    answer(f, a, ERROR_DENIED, "A");
    answer(f, a, ERROR_NONE, "again");
    answer(f, 99, ERROR_NONE, "nobody");
    pass(&f->fake, 0);
    said(f, "None:B Denied:A ");
    uint32_t c = call(f, "c");
    struct wire_packet odd = { .seq = c, .status = ERROR_COUNT, .fd = -1 };
    g_assert_cmpint(wire_send(f->server, &odd), ==, ERROR_NONE);
    pass(&f->fake, 0);
    said(f, "Protocol: ");
}

static void events_come_without_a_call(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct wire_packet p = { .op = 9, .fd = dup(0), .body = text("xy") };
    g_assert_cmpint(wire_send(f->server, &p), ==, ERROR_NONE);
    close(p.fd);
    pass(&f->fake, 0);
    said(f, "up event9:2 ");
    g_assert_cmpint(fcntl(p.fd, F_GETFD), ==, -1); /* the descriptor was not kept */
}

static void calls_end_in_time(struct fixture *f, gconstpointer data)
{
    (void)data;
    uint32_t late = call(f, "a");
    pass(&f->fake, 499);
    said(f, "up ");
    pass(&f->fake, 1);
    said(f, "Timeout: ");
    answer(f, late, ERROR_NONE, "late");
    uint32_t cancelled = call(f, "b");
    peer_cancel(f->peer, cancelled);
    peer_cancel(f->peer, cancelled);
    answer(f, cancelled, ERROR_NONE, "cancelled");
    pass(&f->fake, 1000);
    said(f, "");
}

static void a_lost_server_ends_every_call(struct fixture *f, gconstpointer data)
{
    (void)data;
    call(f, "a");
    call(f, "b");
    stop_server(f);
    pass(&f->fake, 0);
    said(f, "up down PeerLost: PeerLost: ");
    g_assert_false(peer_connected(f->peer));
    call(f, "c");
    said(f, ""); /* never from inside the call */
    pass(&f->fake, 0);
    said(f, "PeerLost: ");
    start_server(f);
    pass(&f->fake, 100);
    accept_client(f);
    said(f, "up ");
    uint8_t buffer[WIRE_MAX];
    struct wire_packet p;
    g_assert_cmpint(wire_receive(f->server, buffer, sizeof buffer, &p), ==, ERROR_BUSY); /* nothing is sent twice */
}

static void a_malformed_packet_ends_the_connection(struct fixture *f, gconstpointer data)
{
    (void)data;
    call(f, "a");
    g_assert_cmpint(send(f->server, "bad", 3, 0), ==, 3);
    pass(&f->fake, 0);
    said(f, "up down PeerLost: ");
    pass(&f->fake, 100);
    said(f, "up ");
}

static void it_waits_longer_and_longer(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const uint64_t delays[] = { 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };
    for (size_t i = 0; i < G_N_ELEMENTS(delays); i++) {
        uint64_t id = f->fake.last;
        g_assert_cmpuint(sources(&f->fake), ==, 1);
        pass(&f->fake, delays[i] - 1);
        g_assert_cmpuint(f->fake.last, ==, id);
        pass(&f->fake, 1);
        g_assert_cmpuint(f->fake.last, ==, id + 1);
    }
    said(f, "");
    start_server(f);
    pass(&f->fake, 10000);
    said(f, "up ");
    accept_client(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_level(LOG_LEVEL_ERROR);
    static const int started = 1;
    g_test_add("/peer/answers find their calls", struct fixture, &started, set_up, answers_find_their_calls, tear_down);
    g_test_add("/peer/events come without a call", struct fixture, &started, set_up, events_come_without_a_call, tear_down);
    g_test_add("/peer/calls end in time", struct fixture, &started, set_up, calls_end_in_time, tear_down);
    g_test_add("/peer/a lost server ends every call", struct fixture, &started, set_up, a_lost_server_ends_every_call, tear_down);
    g_test_add("/peer/a malformed packet ends the connection", struct fixture, &started, set_up, a_malformed_packet_ends_the_connection, tear_down);
    g_test_add("/peer/it waits longer and longer", struct fixture, NULL, set_up, it_waits_longer_and_longer, tear_down);
    return g_test_run();
}
