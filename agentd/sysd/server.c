/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and requests. A peer that is not agentd's user or root is closed unheard. A request out of its bounds shuts the door for good: agentd never
 * sends one, so whoever did is not agentd any more; the program ends as soon as no hook runs. The hook outlives its requester: a firmware that
 * is being written is not left half written because agentd restarted. */
#include "sysd/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"
#include "base/writer.h"
#include "sysd/hook.h"

enum { CLIENTS = 4, IDLE_MS = 30000, ANSWER_MAX = SYSD_OUTPUT_MAX + SYSD_BOOT_ID + 8, BODY_MAX = 2 * (SYSD_NAME_MAX + 2) };
enum { FIRST_CLIENT = 3 /* in the poll set: listener, signals, output of the hook, clients */, POLLED = FIRST_CLIENT + CLIENTS };

struct row {
    uint16_t op;
    const char *hook, *verb;
    bool input;
    size_t names;
    unsigned seconds;
};

static const struct row rows[] = {
#define X(symbol, number, hook, verb, input, names, seconds) { number, hook, verb, input, names, seconds },
    SYSD_HOOKS(X)
#undef X
};

struct outcome {
    uint16_t op; /* 0: none */
    enum error_code status;
    int exit;
    bool heard; /* somebody was told */
    char text[SYSD_OUTPUT_MAX + 1];
};

struct server {
    struct server_setup setup;
    int client[CLIENTS]; /* -1: free */
    struct hook hook;
    const struct row *running; /* NULL: none */
    uint32_t seq;              /* of its request */
    int asker;                 /* index of the client that waits; -1: it went away */
    struct outcome last;
    bool broken;
    char boot[SYSD_BOOT_ID + 1]; /* boot id of the kernel */
    uint8_t buffer[BODY_MAX + WIRE_HEADER];
};

static const struct row *row_find(uint16_t op)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].op == op)
            return &rows[i];
    return NULL;
}

static void client_end(struct server *s, int i)
{
    close(s->client[i]);
    s->client[i] = -1;
    if (s->asker == i)
        s->asker = -1;
}

static bool answer(struct server *s, int i, const struct wire_packet *packet)
{
    if (wire_send(s->client[i], packet) == ERROR_NONE)
        return true;
    client_end(s, i);
    return false;
}

static void put_outcome(struct writer *w, const struct outcome *o)
{
    writer_u8(w, (uint8_t)o->exit);
    writer_text(w, o->text);
}

static bool answer_outcome(struct server *s, int i, uint32_t seq, const struct outcome *o)
{
    uint8_t space[ANSWER_MAX];
    struct writer w = writer_make(space, sizeof space);
    put_outcome(&w, o);
    return answer(s, i, &(struct wire_packet){ .seq = seq, .op = o->op, .status = (uint16_t)o->status, .fd = -1, .body = writer_slice(&w) });
}

static void refuse(struct server *s, int i, const struct wire_packet *q, enum error_code status, const struct error *err)
{
    struct outcome o = { .op = q->op, .status = status };
    (void)text_copy(o.text, sizeof o.text, err->text);
    log_warning("server", "request %u refused: %s", q->op, err->text);
    (void)answer_outcome(s, i, q->seq, &o);
}

/* ---- requests ---- */

static void do_status(struct server *s, int i, const struct wire_packet *q)
{
    uint8_t space[ANSWER_MAX];
    struct writer w = writer_make(space, sizeof space);
    uint16_t there = 0;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        if (hook_look(s->setup.hooks, rows[k].hook, NULL) == ERROR_NONE)
            there |= (uint16_t)(1u << rows[k].op);
    writer_u16(&w, there);
    writer_put(&w, s->boot, SYSD_BOOT_ID);
    writer_u8(&w, s->running ? (uint8_t)s->running->op : 0);
    writer_u8(&w, (uint8_t)s->last.op);
    writer_u16(&w, (uint16_t)s->last.status);
    put_outcome(&w, &s->last);
    if (answer(s, i, &(struct wire_packet){ .seq = q->seq, .op = q->op, .fd = -1, .body = writer_slice(&w) }))
        s->last.heard = true;
}

/* A name of the body; false if it is none that a hook may get. */
static bool read_name(struct reader *r, bool may_be_empty, char out[SYSD_NAME_MAX + 1])
{
    struct slice s = reader_take(r, reader_u16(r));
    if (r->failed || s.len > SYSD_NAME_MAX || (s.len && memchr(s.data, 0, s.len)))
        return false;
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return s.len ? out[0] != '-' && text_is_name(out, "._+~:-", SYSD_NAME_MAX) : may_be_empty;
}

static bool is_plain_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* False if agentd would never have sent it. The descriptor stays the caller's. */
static bool do_hook(struct server *s, int i, const struct wire_packet *q, const struct row *row)
{
    char name[HOOK_NAMES][SYSD_NAME_MAX + 1];
    struct reader r = reader_make(q->body.data, q->body.len);
    struct hook_order order = { .file = row->hook, .verb = row->verb, .input = q->fd, .seconds = row->seconds };
    struct error err = { 0 };
    for (size_t k = 0; k < row->names; k++) {
        if (!read_name(&r, k > 0, name[k]))
            return false;
        order.name[k] = name[k];
    }
    if (!reader_done(&r) || (q->fd >= 0) != row->input || (row->input && !is_plain_file(q->fd)))
        return false;
    if (s->setup.limit && s->setup.limit < order.seconds)
        order.seconds = s->setup.limit;
    enum error_code rc = s->running ? error_set(&err, ERROR_BUSY, "hook %s still runs", s->running->hook) : hook_start(&s->hook, s->setup.hooks, &order, &err);
    if (rc) {
        refuse(s, i, q, rc, &err);
        return true;
    }
    s->running = row;
    s->seq = q->seq;
    s->asker = i;
    return true;
}

static bool take(struct server *s, int i, const struct wire_packet *q)
{
    const struct row *row = row_find(q->op);
    if (q->seq == 0)
        return false;
    if (q->op == SYSD_OP_STATUS && q->body.len == 0 && q->fd < 0) {
        do_status(s, i, q);
        return true;
    }
    return row && do_hook(s, i, q, row);
}

static void client_serve(struct server *s, int i)
{
    struct wire_packet q;
    enum error_code rc = wire_receive(s->client[i], s->buffer, sizeof s->buffer, &q);
    if (rc == ERROR_BUSY)
        return;
    bool malformed = rc == ERROR_MALFORMED || (!rc && !take(s, i, &q));
    if (!rc && q.fd >= 0)
        close(q.fd);
    if (malformed) {
        log_error("server", "a malformed request came; ending");
        s->broken = true;
    }
    if ((rc || malformed) && s->client[i] >= 0)
        client_end(s, i);
}

static void client_accept(struct server *s)
{
    int fd = accept4(s->setup.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    uid_t uid = wire_peer_uid(fd);
    for (int i = 0; (uid == 0 || uid == s->setup.agentd) && i < CLIENTS; i++)
        if (s->client[i] < 0) {
            s->client[i] = fd;
            return;
        }
    log_warning("server", "connection of user %ld refused", (long)uid);
    close(fd);
}

/* ---- the hook's end ---- */

static void hook_ended(struct server *s, int status)
{
    bool late = s->hook.late;
    s->last = (struct outcome){ .op = s->running->op, .exit = status, .status = late ? ERROR_TIMEOUT : status ? ERROR_HOOK : ERROR_NONE };
    (void)text_copy(s->last.text, sizeof s->last.text, s->hook.last);
    log_msg(s->last.status ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "hook", "%s %s ended with status %d%s", s->running->hook, s->running->verb, status,
            late ? ", too late" : "");
    s->running = NULL;
    if (s->asker >= 0)
        s->last.heard = answer_outcome(s, s->asker, s->seq, &s->last);
    s->asker = -1;
}

/* False if the program is told to end. */
static bool on_signal(struct server *s)
{
    struct signalfd_siginfo info;
    bool stay = true;
    int status;
    while (read(s->setup.signals, &info, sizeof info) == (ssize_t)sizeof info)
        stay = stay && info.ssi_signo == SIGCHLD;
    if (s->running && hook_reap(&s->hook, &status))
        hook_ended(s, status);
    return stay;
}

/* ---- the loop ---- */

static bool is_idle(const struct server *s)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->client[i] >= 0)
            return false;
    return !s->running && (!s->last.op || s->last.heard);
}

static void poll_fill(const struct server *s, struct pollfd p[POLLED])
{
    p[0] = (struct pollfd){ .fd = s->broken ? -1 : s->setup.listener, .events = POLLIN };
    p[1] = (struct pollfd){ .fd = s->setup.signals, .events = POLLIN };
    p[2] = (struct pollfd){ .fd = s->running ? s->hook.output : -1, .events = POLLIN };
    for (size_t i = 0; i < CLIENTS; i++)
        p[FIRST_CLIENT + i] = (struct pollfd){ .fd = s->broken ? -1 : s->client[i], .events = POLLIN };
}

/* False if the program is told to end. */
static bool round_serve(struct server *s, const struct pollfd p[POLLED])
{
    if (p[2].revents)
        hook_read(&s->hook);
    if (p[1].revents && !on_signal(s))
        return false;
    hook_tick(&s->hook);
    for (int i = 0; i < CLIENTS && !s->broken; i++)
        if (p[FIRST_CLIENT + i].revents && p[FIRST_CLIENT + i].fd == s->client[i])
            client_serve(s, i);
    if (p[0].revents)
        client_accept(s);
    return true;
}

static void read_boot_id(struct server *s)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    memset(s->boot, '0', SYSD_BOOT_ID);
    if (fd < 0 || read(fd, s->boot, SYSD_BOOT_ID) != SYSD_BOOT_ID)
        log_warning("server", "the boot id cannot be read");
    if (fd >= 0)
        close(fd);
}

int server_run(const struct server_setup *setup)
{
    struct server s = { .setup = *setup, .asker = -1, .hook = { .output = -1 } };
    struct pollfd p[POLLED];
    read_boot_id(&s);
    for (size_t i = 0; i < CLIENTS; i++)
        s.client[i] = -1;
    while (!s.broken || s.running) {
        bool may_end = setup->on_demand && is_idle(&s);
        poll_fill(&s, p);
        int n = poll(p, POLLED, may_end ? IDLE_MS : hook_wait_ms(&s.hook));
        if (n < 0 && errno != EINTR)
            return EX_OSERR;
        if ((n == 0 && may_end) || (n >= 0 && !round_serve(&s, p)))
            return EX_OK;
    }
    return EX_PROTOCOL;
}
