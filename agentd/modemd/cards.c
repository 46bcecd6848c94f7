/* SPDX-License-Identifier: Apache-2.0 */
/* A slot is freed by a timer, never from inside its back end's own event. Must never look into a file. */
#include "modemd/cards.h"

#include <glib.h>
#include <string.h>

#include "base/log.h"
#include "base/writer.h"

enum { CARDS_MAX = 4, NAME_MAX_LEN = 64 };

#define PCSC_NAME "pcsc"

struct slot {
    struct cards *cards;
    void *owner; /* NULL: free */
    char name[NAME_MAX_LEN];
    uint32_t watch_seq, read_seq; /* requests without answer; 0: none */
    bool ended;                   /* could not start, or lost: waits for reap */
    const struct card_backend *backend;
    void *io;
    struct card_read *read;
    uint64_t reap;
};

struct cards {
    const struct loop *loop;
    const struct modemd_settings *settings;
    struct cards_events events;
    struct slot slot[CARDS_MAX];
    uint8_t answer[CARD_FILE_MAX + 2];
};

static const struct slice nothing = { NULL, 0 };

static void slot_clear(struct slot *s)
{
    loop_cancel(s->cards->loop, &s->reap);
    card_read_free(s->read);
    if (s->io)
        s->backend->stop(s->io);
    *s = (struct slot){ .cards = s->cards };
}

static void on_reap(void *user)
{
    struct slot *s = user;
    s->reap = 0;
    slot_clear(s);
}

static void end(struct slot *s)
{
    s->ended = true;
    if (!s->reap)
        s->reap = loop_timer(s->cards->loop, 0, on_reap, s);
}

static void reply(struct slot *s, uint32_t *seq, uint16_t op, enum error_code status, struct slice body)
{
    uint32_t waiting = *seq;
    *seq = 0;
    if (waiting)
        s->cards->events.answer(s->owner, waiting, op, status, body);
}

static void on_started(void *user, enum error_code status)
{
    struct slot *s = user;
    if (status)
        end(s);
    else
        log_notice(s->name, "card watch runs (%s)", s->backend->name);
    reply(s, &s->watch_seq, MODEMD_OP_CARD_WATCH, status, nothing);
}

static void on_changed(void *user, enum card_change what)
{
    struct slot *s = user;
    uint8_t octet = (uint8_t)what;
    if (!s->ended)
        s->cards->events.event(s->owner, MODEMD_EVENT_CARD, s->name, (struct slice){ &octet, 1 });
}

static void on_lost(void *user)
{
    struct slot *s = user;
    if (s->ended)
        return;
    log_notice(s->name, "card watch lost");
    end(s);
    reply(s, &s->read_seq, MODEMD_OP_CARD_READ, ERROR_IO, nothing);
    s->cards->events.event(s->owner, MODEMD_EVENT_CARD_LOST, s->name, nothing);
}

static void on_read(void *user, enum error_code status, uint16_t status_word, enum card_way way, uint8_t record_length, struct slice content)
{
    struct slot *s = user;
    struct cards *c = s->cards;
    struct writer w = writer_make(c->answer, sizeof c->answer);
    s->read = NULL;
    if (status) {
        writer_u16(&w, status_word);
    } else {
        writer_u8(&w, (uint8_t)way);
        writer_u8(&w, record_length);
        writer_put(&w, content.data, content.len);
    }
    log_debug(s->name, "card file: %s, %zu octets, status word %04X", error_name(status), content.len, status_word);
    reply(s, &s->read_seq, MODEMD_OP_CARD_READ, status, writer_slice(&w));
    explicit_bzero(c->answer, w.len);
}

static struct slot *slot_of(struct cards *c, const void *owner, const char *card)
{
    for (size_t i = 0; i < CARDS_MAX; i++)
        if (c->slot[i].owner == owner && (!card || strcmp(c->slot[i].name, card) == 0))
            return &c->slot[i];
    return NULL;
}

static void slot_start(struct slot *s)
{
    static const struct card_events events = { .started = on_started, .changed = on_changed, .lost = on_lost };
    const struct modemd_settings *settings = s->cards->settings;
    bool pcsc = strcmp(s->name, PCSC_NAME) == 0;
    g_autofree char *path = pcsc ? g_strdup(settings->reader) : g_build_filename(settings->device_directory, s->name, NULL);
    s->backend = pcsc ? &card_pcsc : &card_qmi;
    s->io = s->backend->start(path, s->name, &events, s);
}

bool cards_watch(struct cards *c, void *owner, uint32_t seq, const char *card)
{
    struct slot *s = slot_of(c, owner, card);
    enum error_code rc = ERROR_NONE;
    if (s && s->watch_seq)
        rc = ERROR_BUSY;
    else if (s)
        slot_clear(s); /* asked again: from the beginning */
    s = rc ? NULL : slot_of(c, NULL, NULL);
    if (!rc && !s)
        rc = ERROR_BUSY;
    else if (!rc && !modemd_device_name_ok(card))
        rc = ERROR_INVALID;
    else if (!rc && strcmp(card, PCSC_NAME) == 0 && !c->settings->reader)
        rc = ERROR_NOT_SUPPORTED;
    if (rc) {
        c->events.answer(owner, seq, MODEMD_OP_CARD_WATCH, rc, nothing);
        return true;
    }
    s->owner = owner;
    s->watch_seq = seq;
    (void)g_strlcpy(s->name, card, sizeof s->name);
    slot_start(s);
    return true;
}

bool cards_unwatch(struct cards *c, void *owner, uint32_t seq, const char *card)
{
    struct slot *s = slot_of(c, owner, card);
    if (s) {
        reply(s, &s->watch_seq, MODEMD_OP_CARD_WATCH, ERROR_CANCELLED, nothing);
        reply(s, &s->read_seq, MODEMD_OP_CARD_READ, ERROR_CANCELLED, nothing);
        slot_clear(s);
    }
    c->events.answer(owner, seq, MODEMD_OP_CARD_UNWATCH, ERROR_NONE, nothing);
    return true;
}

static size_t read_octets(struct reader *r, uint8_t *out, size_t min, size_t max)
{
    struct slice s = reader_take(r, reader_u8(r));
    if (s.len > max || (s.len && s.len < min)) {
        reader_fail(r);
        return 0;
    }
    if (s.len)
        memcpy(out, s.data, s.len);
    return s.len;
}

static bool is_path(const uint8_t *path, size_t len)
{
    return len % 2 == 0 && (len <= 2 || (path[0] == 0x3F && path[1] == 0x00));
}

static bool read_file(struct reader *r, struct card_file *f)
{
    *f = (struct card_file){ 0 };
    uint8_t form = reader_u8(r);
    f->records = form == 1;
    f->aid_len = read_octets(r, f->aid, 5, sizeof f->aid);
    f->df_len = read_octets(r, f->df, 2, sizeof f->df);
    f->path_len = read_octets(r, f->path, 2, sizeof f->path);
    return reader_done(r) && form <= 1 && f->path_len && is_path(f->df, f->df_len) && is_path(f->path, f->path_len);
}

bool cards_read(struct cards *c, void *owner, uint32_t seq, const char *card, struct reader *body)
{
    struct card_file file;
    struct slot *s = slot_of(c, owner, card);
    if (!read_file(body, &file))
        return false;
    enum error_code rc = !s || s->ended || s->watch_seq ? ERROR_NOT_READY : s->read_seq ? ERROR_BUSY : ERROR_NONE;
    if (rc) {
        c->events.answer(owner, seq, MODEMD_OP_CARD_READ, rc, nothing);
        return true;
    }
    s->read_seq = seq;
    s->read = card_read_start(s->backend, s->io, &file, on_read, s);
    return true;
}

void cards_forget(struct cards *c, const void *owner)
{
    for (size_t i = 0; i < CARDS_MAX; i++)
        if (c->slot[i].owner == owner)
            slot_clear(&c->slot[i]);
}

struct cards *cards_new(const struct loop *loop, const struct modemd_settings *settings, const struct cards_events *events)
{
    struct cards *c = g_new0(struct cards, 1);
    c->loop = loop;
    c->settings = settings;
    c->events = *events;
    for (size_t i = 0; i < CARDS_MAX; i++)
        c->slot[i].cards = c;
    return c;
}

void cards_free(struct cards *c)
{
    for (size_t i = 0; i < CARDS_MAX; i++)
        if (c->slot[i].owner)
            slot_clear(&c->slot[i]);
    g_free(c);
}
