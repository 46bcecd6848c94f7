/* SPDX-License-Identifier: Apache-2.0 */
/* One stream socket. Owns the requests that wait for their answers. Promises that what charon sends is bounded and read through before it is used; a
 * charon that says something else is left and tried again. */
#include "usimd/vici_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/vici.h"

enum { ANSWER_MAX = 64 * 1024, RETRY_MIN_MS = 250, RETRY_MAX_MS = 30 * 1000 };

struct waiting {
    vici_answer_fn *fn;
    void *user;
};

struct vici_link {
    const struct loop *loop;
    const char *path;
    vici_state_fn *state;
    void *user;
    int fd; /* -1: down */
    uint64_t watch, retry, delay_ms;
    bool said_away;
    struct waiting waiting[VICI_LINK_REQUESTS]; /* a ring */
    size_t first, count;
    uint8_t in[VICI_LENGTH + ANSWER_MAX];
    size_t in_len;
};

static void try_connect(void *user);

static void down(struct vici_link *l)
{
    bool was = l->fd >= 0;
    loop_cancel(l->loop, &l->watch);
    loop_cancel(l->loop, &l->retry);
    if (was)
        close(l->fd);
    l->fd = -1;
    l->in_len = l->count = l->first = 0;
    l->retry = loop_timer(l->loop, l->delay_ms, try_connect, l);
    l->delay_ms = l->delay_ms * 2 < RETRY_MAX_MS ? l->delay_ms * 2 : RETRY_MAX_MS;
    if (was)
        l->state(l->user, false);
}

static void take_packet(struct vici_link *l, const struct vici_packet *p)
{
    bool answer = p->type == VICI_RESPONSE || p->type == VICI_UNKNOWN;
    if (!answer || !l->count) {
        log_warning("vici", "charon answers what was not asked");
        down(l);
        return;
    }
    struct waiting w = l->waiting[l->first];
    l->first = (l->first + 1) % VICI_LINK_REQUESTS;
    l->count--;
    if (w.fn)
        w.fn(w.user, p->type == VICI_RESPONSE, p->message);
}

/* False if there is no whole packet, or no connection any more. */
static bool take_one(struct vici_link *l)
{
    struct reader r = reader_make(l->in, l->in_len);
    struct vici_packet p;
    size_t len = reader_u32(&r);
    if (r.failed)
        return false;
    if (len > ANSWER_MAX) {
        log_warning("vici", "an answer of %zu octets is refused", len);
        down(l);
        return false;
    }
    if (reader_left(&r) < len)
        return false;
    if (!vici_read(reader_take(&r, len), &p)) {
        log_warning("vici", "charon's answer is not well formed");
        down(l);
        return false;
    }
    take_packet(l, &p);
    if (l->fd < 0)
        return false;
    l->in_len -= VICI_LENGTH + len;
    memmove(l->in, &l->in[VICI_LENGTH + len], l->in_len);
    return true;
}

static void on_readable(void *user, int fd, bool readable, bool writable)
{
    struct vici_link *l = user;
    (void)readable;
    (void)writable;
    ssize_t n = recv(fd, &l->in[l->in_len], sizeof l->in - l->in_len, MSG_DONTWAIT);
    if (n > 0) {
        l->in_len += (size_t)n;
        while (l->fd >= 0 && take_one(l))
            ;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        log_info("vici", "charon went away");
        down(l);
    }
}

static void try_connect(void *user)
{
    struct vici_link *l = user;
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    l->retry = 0;
    memcpy(to.sun_path, l->path, strlen(l->path)); /* vici_link_new has checked the length */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        if (!l->said_away)
            log_info("vici", "no charon at %s (%s); trying again", l->path, strerror(errno));
        l->said_away = true;
        if (fd >= 0)
            close(fd);
        down(l);
        return;
    }
    l->fd = fd;
    l->said_away = false;
    l->delay_ms = RETRY_MIN_MS;
    l->watch = loop_fd(l->loop, fd, true, false, on_readable, l);
    log_info("vici", "connected to charon");
    l->state(l->user, true);
}

struct vici_link *vici_link_new(const struct loop *loop, const char *path, vici_state_fn *state, void *user)
{
    struct vici_link *l = strlen(path) < sizeof ((struct sockaddr_un *)0)->sun_path ? calloc(1, sizeof *l) : NULL;
    if (!l) {
        log_error("vici", "the path of the socket is too long, or no memory");
        return NULL;
    }
    *l = (struct vici_link){ .loop = loop, .path = path, .state = state, .user = user, .fd = -1, .delay_ms = RETRY_MIN_MS };
    l->retry = loop_timer(loop, 0, try_connect, l);
    return l;
}

void vici_link_free(struct vici_link *l)
{
    if (!l)
        return;
    loop_cancel(l->loop, &l->watch);
    loop_cancel(l->loop, &l->retry);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}

bool vici_link_up(const struct vici_link *l)
{
    return l->fd >= 0;
}

void vici_link_send(struct vici_link *l, struct slice packet, vici_answer_fn *fn, void *user)
{
    if (l->fd < 0)
        return;
    if (!packet.len || l->count == VICI_LINK_REQUESTS || send(l->fd, packet.data, packet.len, MSG_NOSIGNAL) != (ssize_t)packet.len) {
        log_warning("vici", "a request could not be sent");
        loop_cancel(l->loop, &l->watch); /* told from the loop, not from here */
        l->watch = loop_fd(l->loop, l->fd, true, false, on_readable, l);
        (void)shutdown(l->fd, SHUT_RDWR);
        return;
    }
    l->waiting[(l->first + l->count++) % VICI_LINK_REQUESTS] = (struct waiting){ fn, user };
}
