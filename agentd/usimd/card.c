/* SPDX-License-Identifier: Apache-2.0 */
/* Connection to vpcd: frames of u16 length and body; a body of one octet is control (0 off, 1 on, 2 reset, 4 ATR), anything else an APDU. Owns the
 * card's memory. Promises one answer to each APDU, in order; a MID that is no longer ACTIVE is no longer in the reader. */
#include "usimd/card.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "usimd/uicc.h"

enum { FRAME_MAX = 1024, FILES_MAX = 64 * 1024, RETRY_MIN_MS = 250, RETRY_MAX_MS = 30 * 1000 };
enum { CONTROL_ATR = 4 };

struct card {
    const struct loop *loop;
    struct tre *tre;
    const struct usimd_settings *settings;
    int fd; /* -1: not in the reader */
    bool connecting;
    uint64_t watch, retry, delay_ms;
    uint32_t generation; /* of the card in the reader; late answers of the TRE carry it */
    size_t filling;      /* application whose files are on their way */
    uint8_t frame[2 + FRAME_MAX];
    size_t frame_len;
    bool said_away;
    struct uicc uicc;
};

struct pending { /* a question on its way to the TRE */
    struct card *card;
    uint32_t generation;
};

static void try_connect(void *user);
static void fill_next(struct card *c);

static struct pending *pending_new(struct card *c)
{
    struct pending *p = malloc(sizeof *p);
    if (!p)
        abort();
    *p = (struct pending){ .card = c, .generation = c->generation };
    return p;
}

/* NULL if the card that asked is no longer there. */
static struct card *pending_take(void *user)
{
    struct pending p = *(struct pending *)user;
    free(user);
    return p.card->generation == p.generation ? p.card : NULL;
}

static void pull_out(struct card *c)
{
    loop_cancel(c->loop, &c->watch);
    loop_cancel(c->loop, &c->retry);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->frame_len = 0;
    uicc_reset(&c->uicc);
}

static void app_clear(struct uicc_app *a)
{
    if (a->octets)
        secret_zero(a->octets, FILES_MAX);
    free(a->octets);
    *a = (struct uicc_app){ .count = 0 };
}

static void forget(struct card *c)
{
    pull_out(c);
    c->generation++;
    for (size_t i = 0; i < UICC_APPS; i++)
        app_clear(&c->uicc.apps[i]);
    c->uicc.count = 0;
}

static void retry_later(struct card *c)
{
    pull_out(c);
    c->retry = loop_timer(c->loop, c->delay_ms, try_connect, c);
    c->delay_ms = c->delay_ms * 2 < RETRY_MAX_MS ? c->delay_ms * 2 : RETRY_MAX_MS;
}

static void send_frame(struct card *c, struct slice body)
{
    uint8_t frame[2 + FRAME_MAX];
    struct writer w = writer_make(frame, sizeof frame);
    writer_u16(&w, (uint16_t)body.len);
    writer_put(&w, body.data, body.len);
    if (w.failed || send(c->fd, frame, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
        retry_later(c);
    secret_zero(frame, sizeof frame);
}

static void on_aka(void *user, enum error_code status, const struct tre_aka *aka)
{
    struct card *c = pending_take(user);
    uint8_t answer[UICC_ANSWER_MAX];
    struct writer w = writer_make(answer, sizeof answer);
    if (!c || c->uicc.open.kind != UICC_ASK_AKA)
        return;
    if (status)
        log_warning("card", "AUTHENTICATE: %s", error_text(status));
    uicc_take_aka(&c->uicc, status, aka, &w);
    send_frame(c, writer_slice(&w));
    secret_zero(answer, sizeof answer);
}

static void on_pin(void *user, enum error_code status, bool enabled, uint8_t left)
{
    struct card *c = pending_take(user);
    uint8_t answer[UICC_ANSWER_MAX];
    struct writer w = writer_make(answer, sizeof answer);
    if (!c || c->uicc.open.kind != UICC_ASK_PIN)
        return;
    uicc_take_pin(&c->uicc, status, enabled, left, &w);
    send_frame(c, writer_slice(&w));
}

static void take_apdu(struct card *c, struct slice apdu)
{
    uint8_t answer[UICC_ANSWER_MAX];
    struct writer w = writer_make(answer, sizeof answer);
    struct uicc_ask ask;
    if (c->uicc.open.kind != UICC_ASK_NOTHING)
        return; /* the reader does not ask twice before it was answered */
    if (uicc_command(&c->uicc, apdu, &w, &ask))
        send_frame(c, writer_slice(&w));
    else if (ask.kind == UICC_ASK_AKA)
        tre_authenticate(c->tre, ask.mid, ask.purpose, ask.rand, ask.autn, on_aka, pending_new(c));
    else
        tre_pin(c->tre, ask.mid, (struct slice){ ask.pin, ask.pin_len }, on_pin, pending_new(c));
    secret_zero(&ask, sizeof ask);
    secret_zero(answer, sizeof answer);
}

static void take_body(struct card *c, struct slice body)
{
    if (body.len == 1 && body.data[0] == CONTROL_ATR)
        send_frame(c, uicc_atr());
    else if (body.len <= 1)
        uicc_reset(&c->uicc);
    else
        take_apdu(c, body);
}

static void take_frames(struct card *c)
{
    while (c->fd >= 0 && c->frame_len >= 2) {
        struct reader r = reader_make(c->frame, c->frame_len);
        struct slice body = { NULL, reader_u16(&r) };
        if (body.len > FRAME_MAX) {
            log_warning("card", "a command of %zu octets is no APDU", body.len);
            retry_later(c);
            return;
        }
        if (reader_left(&r) < body.len)
            return;
        body = reader_take(&r, body.len);
        take_body(c, body);
        if (c->fd < 0)
            return;
        size_t done = 2 + body.len;
        memmove(c->frame, &c->frame[done], c->frame_len - done);
        c->frame_len -= done;
    }
}

static void connected(struct card *c)
{
    int problem = 0;
    socklen_t len = sizeof problem;
    (void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &problem, &len);
    c->connecting = false;
    if (problem) {
        if (!c->said_away)
            log_info("card", "no reader at %s:%u (%s); trying again", c->settings->card_host, c->settings->card_port, strerror(problem));
        c->said_away = true;
        retry_later(c);
        return;
    }
    c->said_away = false;
    c->delay_ms = RETRY_MIN_MS;
    log_notice("card", "in the reader: %s%s%s", c->uicc.apps[0].mid, c->uicc.count > 1 ? ", " : "", c->uicc.count > 1 ? c->uicc.apps[1].mid : "");
}

static void on_socket(void *user, int fd, bool readable, bool writable);

static void watch(struct card *c)
{
    loop_cancel(c->loop, &c->watch);
    c->watch = loop_fd(c->loop, c->fd, !c->connecting, c->connecting, on_socket, c);
}

static void on_socket(void *user, int fd, bool readable, bool writable)
{
    struct card *c = user;
    (void)readable;
    (void)writable;
    if (c->connecting) {
        connected(c);
        if (c->fd >= 0)
            watch(c);
        return;
    }
    ssize_t n = recv(fd, &c->frame[c->frame_len], sizeof c->frame - c->frame_len, MSG_DONTWAIT);
    if (n > 0) {
        c->frame_len += (size_t)n;
        take_frames(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        log_info("card", "the reader went away");
        retry_later(c);
    }
}

static void try_connect(void *user)
{
    struct card *c = user;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(c->settings->card_port) };
    c->retry = 0;
    if (inet_pton(AF_INET, c->settings->card_host, &to.sin_addr) != 1) {
        log_error("card", "host in [card] must be an IPv4 address, not %s", c->settings->card_host);
        return;
    }
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        retry_later(c);
        return;
    }
    c->connecting = true;
    watch(c);
}

static void put_in(struct card *c)
{
    uicc_reset(&c->uicc);
    c->delay_ms = RETRY_MIN_MS;
    if (c->uicc.count)
        try_connect(c);
}

static void drop_app(struct card *c, enum error_code status, const char *what)
{
    struct uicc_app *a = &c->uicc.apps[c->filling];
    log_warning("card", "%s is left out of the card: %s: %s%s", a->mid, what, error_text(status),
                status == ERROR_DENIED ? " (its ACL must name `identity`)" : "");
    app_clear(a);
    if (c->filling + 1 < c->uicc.count) { /* the one behind is not filled yet */
        *a = c->uicc.apps[c->filling + 1];
        c->uicc.apps[c->filling + 1] = (struct uicc_app){ .count = 0 };
    }
    c->uicc.count--;
    fill_next(c);
}

static void on_first_pin(void *user, enum error_code status, bool enabled, uint8_t left)
{
    struct card *c = pending_take(user);
    if (!c)
        return;
    if (status) {
        drop_app(c, status, "PIN");
        return;
    }
    c->uicc.apps[c->filling].pin_enabled = enabled;
    c->uicc.apps[c->filling].pin_left = left;
    c->filling++;
    fill_next(c);
}

static void on_files(void *user, enum error_code status, struct slice octets)
{
    struct card *c = pending_take(user);
    if (!c)
        return;
    struct uicc_app *a = &c->uicc.apps[c->filling];
    a->octets = status || octets.len > FILES_MAX ? NULL : calloc(1, FILES_MAX);
    if (!a->octets) {
        drop_app(c, status ? status : ERROR_NO_MEMORY, "files");
        return;
    }
    memcpy(a->octets, octets.data, octets.len);
    if (uicc_app_take(a, (struct slice){ a->octets, octets.len }))
        tre_pin(c->tre, a->mid, (struct slice){ NULL, 0 }, on_first_pin, pending_new(c));
    else
        drop_app(c, ERROR_PROTOCOL, "files");
}

static void fill_next(struct card *c)
{
    if (c->filling == c->uicc.count)
        put_in(c);
    else
        tre_files(c->tre, c->uicc.apps[c->filling].mid, on_files, pending_new(c));
}

static bool same(const struct card *c, const struct mid_entry *const wanted[UICC_APPS])
{
    size_t count = 0;
    for (size_t i = 0; i < UICC_APPS; i++) {
        if (!wanted[i])
            continue;
        if (count >= c->uicc.count || strcmp(c->uicc.apps[count].mid, wanted[i]->id) != 0 || c->uicc.apps[count].version != wanted[i]->version)
            return false;
        count++;
    }
    return count == c->uicc.count;
}

void card_refresh(struct card *c)
{
    const struct mid_entry *const wanted[UICC_APPS] = { tre_mid(c->tre, MID_USIM, c->settings->card_usim),
                                                        tre_mid(c->tre, MID_ISIM, c->settings->card_isim) };
    if (same(c, wanted))
        return;
    if (c->fd >= 0)
        log_notice("card", "pulled out");
    forget(c);
    for (size_t i = 0; i < UICC_APPS; i++)
        if (wanted[i]) {
            struct uicc_app *a = &c->uicc.apps[c->uicc.count++];
            (void)text_copy(a->mid, sizeof a->mid, wanted[i]->id);
            a->type = wanted[i]->type == MID_ISIM ? MID_ISIM : MID_USIM; /* a PCID is a USIM to its reader */
            a->version = wanted[i]->version;
        }
    c->filling = 0;
    if (c->uicc.count)
        fill_next(c);
}

struct card *card_new(const struct loop *loop, struct tre *tre, const struct usimd_settings *settings)
{
    struct card *c = secret_pages_new(sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->tre = tre;
    c->settings = settings;
    c->uicc.inline_data = settings->card_inline;
    c->fd = -1;
    return c;
}

void card_free(struct card *c)
{
    if (!c)
        return;
    forget(c);
    secret_pages_free(c, sizeof *c);
}
