/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge to wpa_supplicant. Owns one datagram socket for each control socket. Promises that each request is answered once, a failure too, so
 * that nobody waits for its time-out; a socket that is made again is attached again. Must never send a key to another peer than who asked. */
#include "usimd/wpa.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "usimd/wpa_text.h"

enum { LINKS = 8, DATAGRAM_MAX = 4096, ATTACH_AGAIN_MS = 100, ATTACH_TRIES = 50 };

struct link {
    struct wpa *wpa;
    char *name;      /* NULL: free */
    uint64_t number; /* inode of the control socket: another one is another supplicant */
    int fd;     /* -1 while not attached */
    uint64_t watch, timer;
    unsigned tries;
    uint32_t generation; /* late answers of the TRE carry it */
};

struct wpa {
    const struct loop *loop;
    struct tre *tre;
    const char *folder, *mid;
    int notify; /* inotify: the folder's parent and the folder, which comes and goes with the last supplicant */
    uint64_t watch;
    struct link links[LINKS];
    uint32_t last_generation;
};

struct pending { /* a question on its way to the TRE */
    struct link *link;
    uint32_t generation;
    struct wpa_request request;
    struct wpa_triplet triplets[WPA_RANDS]; /* of GSM-AUTH, as far as they are answered */
    size_t answered;
};

static void link_close(struct link *l)
{
    loop_cancel(l->wpa->loop, &l->watch);
    loop_cancel(l->wpa->loop, &l->timer);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->generation = 0;
}

static void link_end(struct link *l)
{
    link_close(l);
    g_clear_pointer(&l->name, g_free);
}

static void reply(struct link *l, const char *text, size_t len)
{
    if (send(l->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        log_warning("wpa", "%s: the answer could not be sent: %s", l->name, strerror(errno));
}

static void on_aka(void *user, enum error_code status, const struct tre_aka *aka)
{
    static const char *const verdicts[] = { [TRE_AKA_OK] = "ok", [TRE_AKA_SYNC] = "out of step", [TRE_AKA_MAC] = "the network's MAC is wrong" };
    struct pending *p = user;
    char text[WPA_ANSWER_MAX];
    bool here = p->link->generation == p->generation;
    if (here)
        reply(p->link, text, wpa_answer(&p->request, status, aka, text));
    if (here && !status && aka->verdict == TRE_AKA_OK && aka->ck.len == 0)
        log_warning("wpa", "%s: the ACL of the MID does not give CK and IK to this program (ckik)", p->link->name);
    else if (here)
        log_info("wpa", "%s: network %u: %s", p->link->name, p->request.network, status ? error_text(status) : verdicts[aka->verdict]);
    secret_zero(text, sizeof text);
    g_free(p);
}

/* The MID that answers, or NULL: no USIM is ACTIVE. */
static const struct mid_entry *mid_for(const struct link *l, const struct wpa_request *q)
{
    const struct mid_entry *m = tre_mid(l->wpa->tre, MID_USIM, l->wpa->mid);
    if (!m)
        log_warning("wpa", "%s: network %u asks for a SIM, and no USIM is ACTIVE", l->name, q->network);
    return m;
}

static struct pending *pending_new(struct link *l, const struct wpa_request *q)
{
    struct pending *p = g_new0(struct pending, 1);
    *p = (struct pending){ .link = l, .generation = l->generation, .request = *q };
    return p;
}

static void answer_umts(struct link *l, const struct wpa_request *q)
{
    const struct mid_entry *m = mid_for(l, q);
    char text[WPA_ANSWER_MAX];
    if (m)
        tre_authenticate(l->wpa->tre, m->id, TRE_FOR_USIM, q->rand[0], q->autn, on_aka, pending_new(l, q));
    else
        reply(l, text, wpa_answer(q, ERROR_NOT_FOUND, NULL, text));
}

/* --- EAP-SIM: one RAND after the other --- */

static void ask_triplet(struct pending *p);

static void end_gsm(struct pending *p, const char *what)
{
    struct link *l = p->link;
    char text[WPA_ANSWER_MAX];
    bool ok = p->answered == p->request.rands;
    if (l->generation == p->generation) {
        reply(l, text, wpa_answer_gsm(&p->request, ok ? p->triplets : NULL, text));
        if (ok)
            log_info("wpa", "%s: network %u: ok (GSM)", l->name, p->request.network);
        else
            log_warning("wpa", "%s: network %u: EAP-SIM is refused: %s", l->name, p->request.network, what);
    }
    secret_zero(text, sizeof text);
    secret_zero(p, sizeof *p);
    g_free(p);
}

static void on_triplet(void *user, enum error_code status, const struct tre_aka *aka)
{
    struct pending *p = user;
    struct wpa_triplet *t = &p->triplets[p->answered];
    if (status || aka->ck.len != sizeof t->kc || aka->res.len != sizeof t->sres) {
        end_gsm(p, status && status != ERROR_DENIED ? error_text(status) : "the ACL of the MID does not give SRES and Kc to this program (gsm, ckik)");
        return;
    }
    memcpy(t->kc, aka->ck.data, sizeof t->kc);
    memcpy(t->sres, aka->res.data, sizeof t->sres);
    p->answered++;
    if (p->answered == p->request.rands)
        end_gsm(p, "");
    else
        ask_triplet(p);
}

/* A supplicant that has gone is not worth another answer. */
static void ask_triplet(struct pending *p)
{
    static const uint8_t no_autn[16] = { 0 };
    bool here = p->link->generation == p->generation;
    const struct mid_entry *m = here ? mid_for(p->link, &p->request) : NULL;
    if (m)
        tre_authenticate(p->link->wpa->tre, m->id, TRE_FOR_GSM, p->request.rand[p->answered], no_autn, on_triplet, p);
    else
        end_gsm(p, "no USIM is ACTIVE");
}

static void take_datagram(struct link *l, struct slice datagram)
{
    struct wpa_request q;
    switch (wpa_parse(datagram, &q)) {
    case WPA_OTHER:
        return;
    case WPA_UMTS_AUTH:
        answer_umts(l, &q);
        return;
    case WPA_GSM_AUTH:
        ask_triplet(pending_new(l, &q));
        return;
    case WPA_TERMINATING:
        log_info("wpa", "%s: ended", l->name);
        link_end(l);
        return;
    }
}

static void on_readable(void *user, int fd, bool readable, bool writable)
{
    struct link *l = user;
    uint8_t datagram[DATAGRAM_MAX];
    (void)readable;
    (void)writable;
    ssize_t n = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT);
    if (n > 0)
        take_datagram(l, (struct slice){ datagram, (size_t)n });
    else if (errno != EAGAIN && errno != EINTR)
        link_end(l);
}

/* An address without a file, given by the kernel: nothing is left behind. */
static int attach(const char *folder, const char *name)
{
    struct sockaddr_un own = { .sun_family = AF_UNIX }, to = { .sun_family = AF_UNIX };
    static const char word[] = "ATTACH";
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_strlcpy(to.sun_path, path, sizeof to.sun_path) >= sizeof to.sun_path)
        return -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof own.sun_family) == 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        send(fd, word, sizeof word - 1, MSG_NOSIGNAL) == (ssize_t)sizeof word - 1)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The file is there before its owner listens, and may stay after it has died: a few tries, then the next change of the folder. */
static void link_try(void *user)
{
    struct link *l = user;
    struct wpa *w = l->wpa;
    l->timer = 0;
    l->fd = attach(w->folder, l->name);
    if (l->fd >= 0) {
        l->generation = ++w->last_generation;
        l->watch = loop_fd(w->loop, l->fd, true, false, on_readable, l);
        log_info("wpa", "%s: attached", l->name);
    } else if (++l->tries < ATTACH_TRIES) {
        l->timer = loop_timer(w->loop, ATTACH_AGAIN_MS, link_try, l);
    } else {
        log_warning("wpa", "%s: nobody answers there: %s", l->name, strerror(errno));
        link_end(l);
    }
}

static uint64_t socket_number(const struct wpa *w, const char *name)
{
    struct stat st;
    g_autofree char *path = g_build_filename(w->folder, name, NULL);
    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? (uint64_t)st.st_ino : 0;
}

/* The number of a file is soon given again: ask who is there. PONG is an answer that nobody waits for. */
static bool alive(const struct link *l)
{
    return l->fd < 0 || send(l->fd, "PING", 4, MSG_NOSIGNAL) == 4;
}

static void link_new(struct wpa *w, const char *name)
{
    struct link *l = NULL;
    uint64_t number = socket_number(w, name);
    for (size_t i = 0; i < LINKS; i++) {
        struct link *old = &w->links[i];
        if (old->name && strcmp(old->name, name) == 0 && old->number == number && alive(old))
            return; /* seen twice */
        if (old->name && strcmp(old->name, name) == 0)
            link_end(old); /* made again */
        if (!l && !old->name)
            l = old;
    }
    if (!number)
        return;
    if (!l) {
        log_warning("wpa", "%s: more than %d control sockets; this one is left out", name, (int)LINKS);
        return;
    }
    l->name = g_strdup(name);
    l->number = number;
    l->tries = 0;
    link_try(l);
}

static void attach_all(struct wpa *w)
{
    g_autoptr(GDir) dir = g_dir_open(w->folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (name[0] != '.')
            link_new(w, name);
}

/* Asked for again with each change: a folder that was made anew is another one to the kernel, and ours to read only once its group is set. */
static bool look(struct wpa *w)
{
    g_autofree char *parent = g_path_get_dirname(w->folder);
    bool above = inotify_add_watch(w->notify, parent, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) >= 0;
    bool inside = inotify_add_watch(w->notify, w->folder, IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR) >= 0;
    attach_all(w);
    return above || inside;
}

/* What has changed is not read out of the events: the folder itself is looked at. */
static void on_notify(void *user, int fd, bool readable, bool writable)
{
    struct wpa *w = user;
    char events[DATAGRAM_MAX];
    (void)readable;
    (void)writable;
    while (read(fd, events, sizeof events) > 0)
        ;
    for (size_t i = 0; i < LINKS; i++)
        if (w->links[i].name && !alive(&w->links[i]))
            link_end(&w->links[i]);
    (void)look(w);
}

struct wpa *wpa_new(const struct loop *loop, struct tre *tre, const char *folder, const char *name)
{
    struct wpa *w = g_new0(struct wpa, 1);
    *w = (struct wpa){ .loop = loop, .tre = tre, .folder = folder, .mid = name };
    for (size_t i = 0; i < LINKS; i++)
        w->links[i] = (struct link){ .wpa = w, .fd = -1 };
    w->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->notify < 0 || !look(w)) {
        log_error("wpa", "%s cannot be watched: %s", folder, strerror(errno));
        wpa_free(w);
        return NULL;
    }
    w->watch = loop_fd(loop, w->notify, true, false, on_notify, w);
    return w;
}

void wpa_free(struct wpa *w)
{
    if (!w)
        return;
    loop_cancel(w->loop, &w->watch);
    if (w->notify >= 0)
        close(w->notify);
    for (size_t i = 0; i < LINKS; i++)
        link_end(&w->links[i]);
    g_free(w);
}
