/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the open questions, a socket each. Promises: each is answered once, also when agent-sysd is away, ends, or says nothing in time. */
#include "access/sysd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"
#include "base/writer.h"

enum { MARGIN_MS = 30000 /* to start agent-sysd, and to kill a hook */, LOOK_MS = 30000, BUFFER = WIRE_HEADER + 512, BODY_MAX = 2 * (SYSD_NAME_MAX + 2) };

struct question {
    struct sysd *sysd;
    enum sysd_op op;
    int sock; /* -1: free */
    uint64_t watch, timer;
    enum error_code at_timer;
    sysd_done_fn *done;
    sysd_state_fn *state;
    void *user;
    bool used;
    uint64_t turn;          /* waits for the hooks that were asked for before: its number; 0: it does not */
    uint8_t body[BODY_MAX]; /* while it waits, with its own descriptor */
    size_t len;
    int fd;
};

struct sysd {
    const struct loop *loop;
    char *path;
    uint16_t hooks; /* bit 1 << enum sysd_op */
    uint64_t turns; /* the last that was given */
    struct question question[SYSD_QUESTIONS];
};

static unsigned op_seconds(enum sysd_op op)
{
    switch (op) {
    case SYSD_OP_STATUS:
        return 0;
#define X(symbol, number, hook, verb, input, names, seconds) case SYSD_OP_##symbol: return seconds;
    SYSD_HOOKS(X)
#undef X
    }
    return 0;
}

static void send_question(struct question *q, struct slice body, int fd);

static void drop_descriptor(struct question *q)
{
    if (q->fd >= 0)
        close(q->fd);
    q->fd = -1;
}

/* A hook of ours is at work, as far as we know. */
static bool is_at_work(const struct sysd *s)
{
    for (size_t i = 0; i < SYSD_QUESTIONS; i++)
        if (s->question[i].used && s->question[i].op != SYSD_OP_STATUS && !s->question[i].turn)
            return true;
    return false;
}

/* The one that waits longest, if there is one and none is at work. */
static void send_next(struct sysd *s)
{
    struct question *next = NULL;
    for (size_t i = 0; i < SYSD_QUESTIONS; i++)
        if (s->question[i].turn && (!next || s->question[i].turn < next->turn))
            next = &s->question[i];
    if (!next || is_at_work(s))
        return;
    next->turn = 0;
    send_question(next, (struct slice){ next->body, next->len }, next->fd);
    drop_descriptor(next);
}

/* The question is over before its function runs, which may ask the next. */
static void finish(struct question *q, enum error_code status, struct slice body)
{
    struct question was = *q;
    struct sysd *s = q->sysd;
    loop_cancel(s->loop, &q->watch);
    loop_cancel(s->loop, &q->timer);
    if (q->sock >= 0)
        close(q->sock);
    *q = (struct question){ .sysd = s, .sock = -1, .fd = -1 };
    send_next(s);
    struct reader r = reader_make(body.data, body.len);
    struct sysd_state state = { .status = status, .running = SYSD_OP_STATUS };
    if (was.op == SYSD_OP_STATUS && !status) {
        s->hooks = reader_u16(&r);
        struct slice boot = reader_take(&r, SYSD_BOOT_ID);
        if (boot.len)
            memcpy(state.boot, boot.data, boot.len);
        state.running = reader_u8(&r);
        state.running = state.running ? state.running : SYSD_OP_STATUS;
        state.last.op = reader_u8(&r);
        uint16_t ended = reader_u16(&r);
        state.last.status = ended < ERROR_COUNT ? (enum error_code)ended : ERROR_PROTOCOL;
    }
    struct sysd_outcome *o = &state.last;
    if (was.op != SYSD_OP_STATUS)
        *o = (struct sysd_outcome){ .op = was.op, .status = status };
    o->exit = reader_left(&r) ? reader_u8(&r) : 0;
    size_t len = reader_left(&r) < sizeof o->text ? reader_left(&r) : sizeof o->text - 1;
    struct slice text = reader_take(&r, len);
    if (len)
        memcpy(o->text, text.data, len);
    if (r.failed)
        state.status = o->status = ERROR_PROTOCOL;
    if (was.done)
        was.done(was.user, o);
    if (was.state)
        was.state(was.user, &state);
}

static void on_readable(void *user, int fd, bool readable, bool writable)
{
    struct question *q = user;
    uint8_t buffer[BUFFER];
    struct wire_packet packet;
    (void)readable;
    (void)writable;
    enum error_code rc = wire_receive(fd, buffer, sizeof buffer, &packet);
    if (rc == ERROR_BUSY)
        return;
    if (!rc && packet.fd >= 0)
        close(packet.fd);
    if (rc || packet.op != (uint16_t)q->op || packet.status >= ERROR_COUNT)
        finish(q, rc && rc != ERROR_MALFORMED ? ERROR_PEER_LOST : ERROR_PROTOCOL, (struct slice){ 0 });
    else
        finish(q, (enum error_code)packet.status, packet.body);
}

static void on_timer(void *user)
{
    struct question *q = user;
    q->timer = 0;
    finish(q, q->at_timer, (struct slice){ 0 });
}

static bool put_name(struct writer *w, const char *name)
{
    size_t len = strlen(name);
    writer_u16(w, (uint16_t)len);
    writer_put(w, name, len);
    return len == 0 || (name[0] != '-' && text_is_name(name, "._+~:-", SYSD_NAME_MAX));
}

/* Sends the question; what went wrong is told by the timer. */
static void send_question(struct question *q, struct slice body, int fd)
{
    struct wire_packet packet = { .seq = 1, .op = (uint16_t)q->op, .fd = fd, .body = body };
    unsigned ms = q->op == SYSD_OP_STATUS ? LOOK_MS : op_seconds(q->op) * 1000 + MARGIN_MS;
    q->sock = wire_connect(q->sysd->path);
    q->at_timer = q->sock < 0 || wire_send(q->sock, &packet) ? ERROR_PEER_LOST : ERROR_TIMEOUT;
    if (q->at_timer == ERROR_TIMEOUT)
        q->watch = loop_fd(q->sysd->loop, q->sock, true, false, on_readable, q);
    q->timer = loop_timer(q->sysd->loop, q->at_timer == ERROR_TIMEOUT ? ms : 0, on_timer, q);
}

static struct question *question_new(struct sysd *s, enum sysd_op op, void *user)
{
    for (size_t i = 0; i < SYSD_QUESTIONS; i++)
        if (!s->question[i].used) {
            s->question[i] = (struct question){ .sysd = s, .op = op, .sock = -1, .fd = -1, .used = true, .user = user };
            return &s->question[i];
        }
    log_warning("sysd", "too many questions to agent-sysd");
    return NULL;
}

/* False: there is no descriptor left. */
static bool wait_for_turn(struct question *q, struct slice body, int fd)
{
    if (body.len)
        memcpy(q->body, body.data, body.len);
    q->len = body.len;
    q->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    q->turn = ++q->sysd->turns;
    return fd < 0 || q->fd >= 0;
}

bool sysd_ask(struct sysd *s, const struct sysd_question *ask, sysd_done_fn *fn, void *user)
{
    uint8_t space[BODY_MAX];
    struct writer w = writer_make(space, sizeof space);
    for (size_t i = 0; i < 2 && ask->name[i]; i++)
        if (!put_name(&w, ask->name[i]) || w.failed)
            return false;
    bool busy = is_at_work(s);
    struct question *q = question_new(s, ask->op, user);
    if (!q)
        return false;
    q->done = fn;
    if (!busy) {
        send_question(q, writer_slice(&w), ask->fd);
        return true;
    }
    bool waits = wait_for_turn(q, writer_slice(&w), ask->fd);
    if (!waits)
        *q = (struct question){ .sysd = s, .sock = -1, .fd = -1 };
    return waits;
}

bool sysd_look(struct sysd *s, sysd_state_fn *fn, void *user)
{
    struct question *q = question_new(s, SYSD_OP_STATUS, user);
    if (!q)
        return false;
    q->state = fn;
    send_question(q, (struct slice){ 0 }, -1);
    return true;
}

bool sysd_can(const struct sysd *s, enum sysd_op op)
{
    return s && s->hooks & 1u << op;
}

struct sysd *sysd_new(const struct loop *loop, const char *socket_path)
{
    struct sysd *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->path = strdup(socket_path);
    for (size_t i = 0; i < SYSD_QUESTIONS; i++)
        s->question[i].sock = s->question[i].fd = -1;
    if (s->path)
        return s;
    free(s);
    return NULL;
}

void sysd_free(struct sysd *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SYSD_QUESTIONS; i++) {
        loop_cancel(s->loop, &s->question[i].watch);
        loop_cancel(s->loop, &s->question[i].timer);
        if (s->question[i].sock >= 0)
            close(s->question[i].sock);
        drop_descriptor(&s->question[i]);
    }
    free(s->path);
    free(s);
}
