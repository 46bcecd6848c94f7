/* SPDX-License-Identifier: Apache-2.0 */
/* ModemManager's messages of one modem: listed once when the modem is enabled, then followed by its signals. A message is handed on once in the life of
 * its object, later if there is no room for it; one that is still being received waits for its parts. Never deletes by itself: modem_sms_delete does what
 * it is told. */
#include <string.h>

#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { LIST_RETRY_MS = 10000, OVERFLOW_MS = 1000, SHORT_MS = 20 * 1000, LONG_MS = 10 * 60 * 1000, MESSAGES_MAX = 512,
       READS_MAX = 32, /* a bus admits 128 open calls of a connection and refuses the rest */
       READ_AGAIN_MS = 2000, READ_ATTEMPTS = 5 };

enum message_state {
    MESSAGE_UNREAD,  /* its object is being read */
    MESSAGE_PARTIAL, /* being received */
    MESSAGE_WAITING, /* whole, not taken yet */
    MESSAGE_TAKEN,   /* ours; it is there until it is deleted */
    MESSAGE_KEPT,    /* none of our business */
};

struct message {
    enum message_state state;
    struct modem *modem;
    gpointer handle;
    char path[MODEM_PATH];
    MMSms *sms;          /* NULL: not read yet, or done with */
    gulong on_changed;
    uint64_t timer;
    bool queued;         /* to be read when others have been */
    unsigned attempts;   /* to read it */
    bool said;           /* that it stays incomplete */
    bool disowned;       /* one of its parts may be deleted already: its indexes may mean other messages */
};

static struct message *message_of(const struct modem *m, const char *path)
{
    for (GList *l = m->messages; l; l = l->next) {
        struct message *s = l->data;
        if (strcmp(s->path, path) == 0)
            return s;
    }
    return NULL;
}

/* No more interest in its object; its path stays known, so that a new listing does not hand it on again. */
static void message_settle(struct message *s)
{
    loop_cancel(s->modem->watch->loop, &s->timer);
    if (s->on_changed)
        g_signal_handler_disconnect(s->sms, s->on_changed);
    s->on_changed = 0;
    g_clear_object(&s->sms);
}

static void message_free(struct message *s)
{
    message_settle(s);
    handle_drop(s->handle);
    g_free(s);
}

static void set_state(struct message *s, enum message_state state)
{
    struct modem *m = s->modem;
    m->kept -= s->state == MESSAGE_KEPT;
    m->kept += state == MESSAGE_KEPT;
    bool shown = (s->state == MESSAGE_KEPT) != (state == MESSAGE_KEPT);
    s->state = state;
    if (shown)
        facts_show_messages(m);
}

static void forget(struct message *s)
{
    set_state(s, MESSAGE_UNREAD);
    s->modem->messages = g_list_remove(s->modem->messages, s);
    message_free(s);
}

/* Its user data goes to the agent; from inside, the modem may vanish. */
static void hand_on(struct message *s)
{
    struct modem_watch *w = s->modem->watch;
    gpointer handle = s->handle;
    gsize len = 0;
    const guint8 *data = mm_sms_get_data(s->sms, &len);
    g_autofree guint8 *copy = len ? g_memdup2(data, len) : NULL;
    char path[MODEM_PATH];
    g_strlcpy(path, s->path, sizeof path);
    log_debug("sms", "%s is whole: %zu octets of data", path, len);
    bool stored = mm_sms_get_storage(s->sms) != MM_SMS_STORAGE_UNKNOWN;
    message_settle(s);
    bool ours = copy && modem_sms_sort((struct slice){ copy, len }) == MODEM_SMS_OURS;
    set_state(s, ours ? MESSAGE_TAKEN : MESSAGE_KEPT);
    if (ours)
        relist_found(s->modem);
    if (!copy || !w->events.sms) /* a person's text */
        return;
    struct modem_sms sms = { .data = { copy, len }, .sim = s->modem->facts.sim, .handle = stored ? path : "" };
    bool taken = w->events.sms(w->user, &sms);
    s = handle_get(handle);
    if (s && !taken)
        set_state(s, MESSAGE_WAITING);
    else if (s && ours && !stored) /* by transfer route: ModemManager cannot delete it, and never will */
        forget(s);
}

static void on_wait_over(gpointer user)
{
    struct message *s = user;
    s->timer = 0;
    if (!s->said) {
        s->said = true;
        log_info("sms", "%s: parts are missing after 20 seconds", s->path);
        relist_soon(s->modem, "parts are missing");
        s->timer = loop_timer(s->modem->watch->loop, LONG_MS - SHORT_MS, on_wait_over, s);
        return;
    }
    log_warning("sms", "%s: still incomplete after ten minutes; it stays in the modem (ModemManager may have missed a part)", s->path);
}

static void message_look(struct message *s);

static void on_changed(GDBusProxy *proxy, GVariant *changed, char **invalidated, gpointer handle)
{
    (void)proxy;
    (void)changed;
    (void)invalidated;
    struct message *s = handle_get(handle);
    if (s)
        message_look(s);
}

/* A message object tells its type when it is whole; while it is received all of that may be unknown yet. */
static void message_look(struct message *s)
{
    if (!s->sms)
        return;
    if (mm_sms_get_state(s->sms) == MM_SMS_STATE_RECEIVING) {
        if (!s->on_changed) {
            set_state(s, MESSAGE_PARTIAL);
            s->on_changed = g_signal_connect(s->sms, "g-properties-changed", G_CALLBACK(on_changed), s->handle);
            s->timer = loop_timer(s->modem->watch->loop, SHORT_MS, on_wait_over, s);
        }
        return;
    }
    MMSmsPduType type = mm_sms_get_pdu_type(s->sms);
    if (mm_sms_get_state(s->sms) == MM_SMS_STATE_RECEIVED && (type == MM_SMS_PDU_TYPE_DELIVER || type == MM_SMS_PDU_TYPE_UNKNOWN)) {
        hand_on(s);
    } else { /* sent, a draft, a status report */
        message_settle(s);
        set_state(s, MESSAGE_KEPT);
    }
}

static void message_read(struct message *s);

struct reading { /* one read of an object; both may go meanwhile */
    gpointer message, modem;
};

static void on_read_again(gpointer user)
{
    struct message *s = user;
    s->timer = 0;
    message_read(s);
}

/* Not there any more, which ModemManager tells by a signal too, or nobody answered: asked again some times. */
static void read_failed(struct message *s, const GError *error)
{
    log_debug("sms", "%s: %s", s->path, error ? error->message : "not to be read");
    if (++s->attempts < READ_ATTEMPTS)
        s->timer = loop_timer(s->modem->watch->loop, READ_AGAIN_MS, on_read_again, s);
    else
        forget(s);
}

static void read_queued(struct modem *m)
{
    for (GList *l = m->messages; l && m->reads < READS_MAX; l = l->next) {
        struct message *s = l->data;
        if (s->queued)
            message_read(s);
    }
}

static void on_proxy(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GObject) proxy = g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, &error);
    g_autofree struct reading *r = data;
    struct message *s = handle_get(r->message);
    struct modem *m = handle_get(r->modem);
    if (m)
        m->reads--;
    g_autoptr(GVariant) state = proxy ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(proxy), "State") : NULL;
    if (s && state) {
        s->attempts = 0;
        s->sms = MM_SMS(g_steal_pointer(&proxy));
        message_look(s);
    } else if (s) {
        read_failed(s, error);
    }
    m = handle_get(r->modem);
    if (m)
        read_queued(m);
}

static void message_read(struct message *s)
{
    struct modem *m = s->modem;
    s->state = MESSAGE_UNREAD;
    s->queued = m->reads >= READS_MAX;
    if (s->queued)
        return;
    m->reads++;
    struct reading *r = g_new(struct reading, 1);
    *r = (struct reading){ s->handle, m->handle };
    g_async_initable_new_async(MM_TYPE_SMS, G_PRIORITY_DEFAULT, m->watch->cancel, on_proxy, r, "g-flags",
                               G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, "g-name", MM_DBUS_SERVICE, "g-connection", m->watch->bus,
                               "g-object-path", s->path, "g-interface-name", MM_DBUS_INTERFACE_SMS, NULL);
}

void messages_added(struct modem *m, const char *path)
{
    if (strlen(path) >= MODEM_PATH || message_of(m, path))
        return;
    if (g_list_length(m->messages) >= MESSAGES_MAX) {
        if (!m->overflow)
            log_warning("sms", "more than %d messages; the others wait until some are deleted", MESSAGES_MAX);
        m->overflow = true;
        return;
    }
    struct message *s = g_new0(struct message, 1);
    *s = (struct message){ .modem = m };
    g_strlcpy(s->path, path, sizeof s->path);
    s->handle = handle_new(s);
    m->messages = g_list_append(m->messages, s);
    relist_stir(m);
    message_read(s);
}

void messages_again(struct modem *m)
{
    for (GList *l = m->messages; l; l = l->next) {
        struct message *s = l->data;
        if (s->state == MESSAGE_WAITING)
            message_read(s);
    }
}

bool messages_busy(const struct modem *m)
{
    for (GList *l = m->messages; l; l = l->next) {
        const struct message *s = l->data;
        bool fresh = s->state == MESSAGE_UNREAD || s->state == MESSAGE_WAITING || s->state == MESSAGE_TAKEN || (s->state == MESSAGE_PARTIAL && !s->said);
        if (fresh && !s->disowned)
            return true;
    }
    return false;
}

void messages_disown(struct modem *m)
{
    for (GList *l = m->messages; l; l = l->next) {
        struct message *s = l->data;
        s->disowned = s->disowned || s->state != MESSAGE_KEPT;
    }
}

static void on_list_again(void *user)
{
    struct modem *m = user;
    m->list_timer = 0;
    m->listed = false;
    messages_look(m);
}

void messages_deleted(struct modem *m, const char *path)
{
    struct message *s = message_of(m, path);
    if (!s)
        return;
    forget(s);
    if (m->overflow && !m->list_timer) {
        m->overflow = false;
        m->list_timer = loop_timer(m->watch->loop, OVERFLOW_MS, on_list_again, m);
    }
}

void messages_clear(struct modem *m)
{
    loop_cancel(m->watch->loop, &m->list_timer);
    m->overflow = false;
    m->kept = 0;
    while (m->messages) {
        struct message *s = m->messages->data;
        m->messages = g_list_delete_link(m->messages, m->messages);
        message_free(s);
    }
}

static void on_listed(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    if (!answer) {
        log_warning("sms", "cannot list messages: %s", error->message);
        if (!m->list_timer)
            m->list_timer = loop_timer(m->watch->loop, LIST_RETRY_MS, on_list_again, m);
        return;
    }
    g_autoptr(GVariant) paths = g_variant_get_child_value(answer, 0);
    GVariantIter iter;
    const char *path;
    g_variant_iter_init(&iter, paths);
    while (g_variant_iter_next(&iter, "&o", &path))
        messages_added(m, path);
}

void messages_look(struct modem *m)
{
    bool enabled = m->state >= MM_MODEM_STATE_ENABLED;
    MMModemMessaging *messaging = mm_object_peek_modem_messaging(m->object);
    if (!enabled || !messaging) {
        if (m->listed) /* ModemManager forgets its objects when the modem is disabled */
            messages_clear(m);
        m->listed = false;
        return;
    }
    if (m->listed)
        return;
    m->listed = true;
    g_dbus_connection_call(m->watch->bus, MM_DBUS_SERVICE, m->facts.path, MM_DBUS_INTERFACE_MODEM_MESSAGING, "List", NULL,
                           G_VARIANT_TYPE("(ao)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, m->watch->cancel, on_listed, m->handle);
}

static struct message *message_find(struct modem_watch *w, const char *path)
{
    struct message *s = NULL;
    for (GList *l = w->modems; l && !s; l = l->next)
        s = message_of(l->data, path);
    return s;
}

const char *messages_owner(struct modem_watch *w, const char *path)
{
    struct message *s = message_find(w, path);
    if (!s || s->disowned)
        return NULL;
    relist_soon(s->modem, "others may hide behind a deleted message");
    return s->modem->facts.path;
}

void messages_disown_one(struct modem_watch *w, const char *path)
{
    struct message *s = message_find(w, path);
    if (s)
        s->disowned = true;
}
