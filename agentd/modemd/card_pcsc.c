/* SPDX-License-Identifier: Apache-2.0 */
/* A card in a PC/SC reader. The library blocks, so two threads stand between it and the loop, each with a context of its own (pcsc-lite wants that): one
 * waits for cards to come and go, one carries commands. They share the reader's name under a lock; results go to the loop as idle sources that carry a
 * number, not an address. Promises: other programs find the card as it was: shared access, a transaction for each read, no reset. */
#include <fnmatch.h>
#include <glib.h>
#include <string.h>
#include <winscard.h>

#include "base/log.h"
#include "modemd/card_apdu.h"
#include "modemd/card_io.h"

enum { READERS_MAX = 16, AGAIN_S = 5, ANSWER_MAX = 258 };

struct pcsc_card {
    guint number;
    char *pattern, *name;
    struct card_events events;
    void *user;
    bool started;
    card_answer_fn *fn;
    void *fn_user;
    GThread *monitor, *worker;
    struct threads *shared;
};

/* What the threads use; freed when both have ended and the card was stopped. */
struct threads {
    gint refs;
    guint number; /* of the card; 0 once it is stopped */
    char *pattern;
    GMutex lock;  /* number, reader, monitor's context */
    char reader[MAX_READERNAME];
    SCARDCONTEXT watching;
    bool watched;
    GAsyncQueue *commands;
};

struct command {
    enum card_ask_kind kind;
    bool quit;
    uint8_t channel;
    uint8_t data[APDU_MAX];
    size_t len;
};

struct message { /* from a thread to the loop */
    guint number;
    enum { MESSAGE_STARTED, MESSAGE_CHANGED, MESSAGE_ANSWER } kind;
    enum error_code status;
    enum card_change change;
    uint8_t data[ANSWER_MAX];
    size_t len;
};

static GHashTable *cards; /* number -> struct pcsc_card; the loop's */
static guint last_number;

/* --- the loop's side --- */

static gboolean on_message(gpointer data)
{
    struct message *m = data;
    struct pcsc_card *c = cards ? g_hash_table_lookup(cards, GUINT_TO_POINTER(m->number)) : NULL;
    card_answer_fn *fn;
    switch (c ? (int)m->kind : -1) {
    case MESSAGE_STARTED:
        c->started = !m->status;
        c->events.started(c->user, m->status);
        break;
    case MESSAGE_CHANGED:
        if (c->started)
            c->events.changed(c->user, m->change);
        break;
    case MESSAGE_ANSWER:
        fn = c->fn;
        c->fn = NULL;
        if (fn)
            fn(c->fn_user, m->status, (struct slice){ m->data, m->len });
        break;
    default:
        break;
    }
    explicit_bzero(m, sizeof *m);
    g_free(m);
    return G_SOURCE_REMOVE;
}

static struct message *message_new(struct threads *t, int kind)
{
    struct message *m = g_new0(struct message, 1);
    m->kind = kind;
    g_mutex_lock(&t->lock);
    m->number = t->number;
    g_mutex_unlock(&t->lock);
    return m;
}

static void post(struct message *m)
{
    g_idle_add(on_message, m);
}

static void threads_unref(struct threads *t)
{
    if (!g_atomic_int_dec_and_test(&t->refs))
        return;
    g_async_queue_unref(t->commands);
    g_mutex_clear(&t->lock);
    g_free(t->pattern);
    g_free(t);
}

static bool is_stopped(struct threads *t)
{
    g_mutex_lock(&t->lock);
    bool stopped = t->number == 0;
    g_mutex_unlock(&t->lock);
    return stopped;
}

/* --- the monitor --- */

/* The first reader that fits the pattern, with a card if one has any. */
static bool find_reader(struct threads *t, SCARDCONTEXT context, SCARD_READERSTATE *state)
{
    static const char none[] = "";
    char names[READERS_MAX * MAX_READERNAME];
    DWORD len = sizeof names;
    bool found = false;
    if (SCardListReaders(context, NULL, names, &len) != SCARD_S_SUCCESS)
        len = 0;
    g_mutex_lock(&t->lock);
    t->reader[0] = '\0';
    for (const char *name = len ? names : none; *name && !found; name += strlen(name) + 1)
        if (fnmatch(t->pattern, name, 0) == 0 && strlen(name) < sizeof t->reader) {
            memcpy(t->reader, name, strlen(name) + 1);
            found = true;
        }
    *state = (SCARD_READERSTATE){ .szReader = found ? t->reader : "\\\\?PnP?\\Notification" };
    g_mutex_unlock(&t->lock);
    return found;
}

static void tell(struct threads *t, bool present)
{
    struct message *m = message_new(t, MESSAGE_CHANGED);
    m->change = present ? CARD_PRESENT : CARD_ABSENT;
    post(m);
}

/* Until the reader goes or the context is cancelled. A change of the event counter alone is a card pulled and put back meanwhile. */
static void watch_reader(struct threads *t, SCARDCONTEXT context, SCARD_READERSTATE *state)
{
    bool known = false, present = false;
    DWORD counter = 0;
    while (!is_stopped(t)) {
        LONG rc = SCardGetStatusChange(context, INFINITE, state, 1);
        if (rc != SCARD_S_SUCCESS || (state->dwEventState & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE)))
            return;
        bool now = state->dwEventState & SCARD_STATE_PRESENT && !(state->dwEventState & SCARD_STATE_MUTE);
        if (!known || now != present || (state->dwEventState & 0xFFFF0000) != counter)
            tell(t, now);
        known = true;
        present = now;
        counter = state->dwEventState & 0xFFFF0000;
        state->dwCurrentState = state->dwEventState;
    }
}

static void watch_readers(struct threads *t, SCARDCONTEXT context)
{
    while (!is_stopped(t)) {
        SCARD_READERSTATE state;
        if (find_reader(t, context, &state)) {
            watch_reader(t, context, &state);
            tell(t, false);
            if (SCardIsValidContext(context) != SCARD_S_SUCCESS)
                return; /* pcscd ended */
        } else {
            LONG rc = SCardGetStatusChange(context, AGAIN_S * 1000, &state, 1); /* a reader comes */
            if (rc != SCARD_S_SUCCESS && rc != SCARD_E_TIMEOUT)
                return;
        }
    }
}

static gpointer monitor(gpointer data)
{
    struct threads *t = data;
    bool first = true;
    while (!is_stopped(t)) {
        SCARDCONTEXT context;
        LONG rc = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
        if (first) {
            struct message *m = message_new(t, MESSAGE_STARTED);
            m->status = rc == SCARD_S_SUCCESS ? ERROR_NONE : ERROR_NOT_READY;
            post(m);
        }
        if (first && rc != SCARD_S_SUCCESS)
            break; /* no pcscd: asked again later */
        first = false;
        if (rc == SCARD_S_SUCCESS) {
            g_mutex_lock(&t->lock);
            t->watching = context;
            t->watched = true;
            g_mutex_unlock(&t->lock);
            watch_readers(t, context);
            g_mutex_lock(&t->lock);
            t->watched = false;
            g_mutex_unlock(&t->lock);
            (void)SCardReleaseContext(context);
        }
        if (!is_stopped(t))
            g_usleep(AGAIN_S * G_USEC_PER_SEC / 5);
    }
    threads_unref(t);
    return NULL;
}

/* --- the worker --- */

struct session { /* one read */
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    bool has_context, connected, in_transaction;
};

static void session_end(struct session *s)
{
    if (s->in_transaction)
        (void)SCardEndTransaction(s->card, SCARD_LEAVE_CARD);
    if (s->connected)
        (void)SCardDisconnect(s->card, SCARD_LEAVE_CARD);
    if (s->has_context)
        (void)SCardReleaseContext(s->context);
    *s = (struct session){ 0 };
}

static enum error_code session_begin(struct threads *t, struct session *s)
{
    char reader[MAX_READERNAME];
    g_mutex_lock(&t->lock);
    memcpy(reader, t->reader, sizeof reader);
    g_mutex_unlock(&t->lock);
    s->has_context = reader[0] && SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &s->context) == SCARD_S_SUCCESS;
    s->connected = s->has_context &&
                   SCardConnect(s->context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &s->card, &s->protocol) == SCARD_S_SUCCESS;
    s->in_transaction = s->connected && SCardBeginTransaction(s->card) == SCARD_S_SUCCESS;
    return s->in_transaction ? ERROR_NONE : ERROR_NOT_READY;
}

/* Sends one command; the answer with its status word into m. */
static enum error_code transmit(struct session *s, struct writer *apdu, struct message *m)
{
    DWORD len = sizeof m->data;
    m->len = 0;
    if (s->protocol == SCARD_PROTOCOL_T1)
        apdu_want_answer(apdu);
    struct slice out = writer_slice(apdu);
    if (!s->in_transaction)
        return ERROR_NOT_READY;
    if (!apdu_allowed(out))
        return ERROR_INTERNAL;
    if (SCardTransmit(s->card, s->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1, out.data, out.len, NULL, m->data, &len) != SCARD_S_SUCCESS)
        return ERROR_IO;
    m->len = len;
    return len < 2 ? ERROR_IO : ERROR_NONE;
}

static void keep_status(struct message *m)
{
    uint16_t sw = apdu_status((struct slice){ m->data, m->len });
    m->data[0] = (uint8_t)(sw >> 8);
    m->data[1] = (uint8_t)sw;
    m->len = 2;
}

static void close_channel(struct session *s, uint8_t channel)
{
    struct message unused = { 0 };
    uint8_t space[APDU_MAX];
    struct writer w = writer_make(space, sizeof space);
    apdu_close_channel(&w, channel);
    if (transmit(s, &w, &unused) || apdu_error(apdu_status((struct slice){ unused.data, unused.len })))
        log_warning("pcsc", "channel %u could not be closed", channel);
}

/* MANAGE CHANNEL, then the application on the new channel. On any failure the channel is closed again and the session over. */
static enum error_code open_channel(struct threads *t, struct session *s, const struct command *c, struct message *m)
{
    uint8_t space[APDU_MAX], channel;
    struct writer w = writer_make(space, sizeof space);
    enum error_code rc = session_begin(t, s);
    apdu_open_channel(&w);
    if (!rc)
        rc = transmit(s, &w, m);
    if (!rc)
        rc = apdu_error(apdu_status((struct slice){ m->data, m->len }));
    if (rc || m->len != 3 || (channel = m->data[0]) == 0 || channel > APDU_CHANNEL_MAX) {
        keep_status(m);
        return rc ? rc : ERROR_IO;
    }
    if (c->len) {
        w = writer_make(space, sizeof space);
        apdu_select_aid(&w, channel, (struct slice){ c->data, c->len });
        rc = transmit(s, &w, m);
        uint16_t sw = apdu_status((struct slice){ m->data, m->len });
        if (!rc && sw >> 8 != 0x61) /* 61: its FCP waits, which nobody wants */
            rc = apdu_error(sw);
        if (rc) {
            keep_status(m);
            close_channel(s, channel);
            return rc;
        }
    }
    m->data[0] = channel;
    m->len = 1;
    return ERROR_NONE;
}

static void carry(struct threads *t, struct session *s, struct command *c)
{
    struct message *m = message_new(t, MESSAGE_ANSWER);
    struct writer w = writer_make(c->data, sizeof c->data);
    w.len = c->len;
    switch (c->kind) {
    case CARD_ASK_OPEN:
        m->status = open_channel(t, s, c, m);
        if (m->status)
            session_end(s);
        break;
    case CARD_ASK_APDU:
        m->status = transmit(s, &w, m);
        break;
    case CARD_ASK_CLOSE:
        close_channel(s, c->channel);
        session_end(s);
        break;
    case CARD_ASK_ATTRIBUTES:
    case CARD_ASK_PART:
        m->status = ERROR_NOT_SUPPORTED;
        break;
    }
    post(m);
}

static gpointer worker(gpointer data)
{
    struct threads *t = data;
    struct session s = { 0 };
    for (bool quit = false; !quit;) {
        struct command *c = g_async_queue_pop(t->commands);
        quit = c->quit;
        if (!quit)
            carry(t, &s, c);
        g_free(c);
    }
    session_end(&s);
    threads_unref(t);
    return NULL;
}

/* --- the table --- */

static void pcsc_ask(void *io, const struct card_ask *ask, card_answer_fn *fn, void *user)
{
    struct pcsc_card *c = io;
    struct command *command = g_new0(struct command, 1);
    c->fn = fn;
    c->fn_user = user;
    command->kind = ask->kind;
    command->channel = ask->channel;
    command->len = ask->data.len < sizeof command->data ? ask->data.len : 0;
    if (command->len)
        memcpy(command->data, ask->data.data, command->len);
    g_async_queue_push(c->shared->commands, command);
}

static void *pcsc_start(const char *place, const char *name, const struct card_events *events, void *user)
{
    if (!cards)
        cards = g_hash_table_new(NULL, NULL);
    struct pcsc_card *c = g_new0(struct pcsc_card, 1);
    struct threads *t = g_new0(struct threads, 1);
    *c = (struct pcsc_card){ .number = ++last_number, .name = g_strdup(name), .events = *events, .user = user, .shared = t };
    *t = (struct threads){ .refs = 3, .number = c->number, .pattern = g_strdup(place), .commands = g_async_queue_new_full(g_free) };
    g_mutex_init(&t->lock);
    g_hash_table_insert(cards, GUINT_TO_POINTER(c->number), c);
    c->monitor = g_thread_new("pcsc-monitor", monitor, t);
    c->worker = g_thread_new("pcsc-worker", worker, t);
    return c;
}

static void pcsc_stop(void *io)
{
    struct pcsc_card *c = io;
    struct threads *t = c->shared;
    struct command *quit = g_new0(struct command, 1);
    g_hash_table_remove(cards, GUINT_TO_POINTER(c->number));
    g_mutex_lock(&t->lock);
    t->number = 0;
    if (t->watched)
        (void)SCardCancel(t->watching);
    g_mutex_unlock(&t->lock);
    quit->quit = true;
    g_async_queue_push(t->commands, quit);
    g_thread_unref(c->monitor); /* they end by themselves; a reader that hangs does not hang us */
    g_thread_unref(c->worker);
    threads_unref(t);
    g_free(c->name);
    g_free(c);
}

const struct card_backend card_pcsc = { .name = "pcsc", .way = CARD_WAY_PCSC, .files = false, .start = pcsc_start, .ask = pcsc_ask, .stop = pcsc_stop };
