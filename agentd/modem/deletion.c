/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion of messages through ModemManager, one at a time: in AT mode it refuses while it works with the storages ("try again later"), and a message that
 * arrives while it deletes is dropped. Owns the queue of requests; each is answered once, from the loop. */
#include <string.h>

#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { AGAIN_MS = 200, ATTEMPTS = 50 };

struct deletion { /* one request of the agent */
    gpointer watch;
    char path[MODEM_PATH];
    modem_done_fn *fn;
    void *user;
    unsigned attempts;
    enum error_code status;
    char text[160];
};

static gboolean tell(gpointer data)
{
    struct deletion *d = data;
    if (d->fn && handle_get(d->watch))
        d->fn(d->user, d->status, d->text);
    g_free(d);
    return G_SOURCE_REMOVE;
}

static bool is_gone(const GError *e)
{
    return g_error_matches(e, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND) || g_error_matches(e, MM_CORE_ERROR, MM_CORE_ERROR_INVALID_ARGS) ||
           g_error_matches(e, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
}

/* The storages are in use, or the modem is being enabled. */
static bool is_passing(const GError *e)
{
    return g_error_matches(e, MM_CORE_ERROR, MM_CORE_ERROR_RETRY) || g_error_matches(e, MM_CORE_ERROR, MM_CORE_ERROR_WRONG_STATE);
}

static void next(struct modem_watch *w);

static void on_again(void *user)
{
    struct modem_watch *w = user;
    w->deletions.timer = 0;
    next(w);
}

static void failed(struct modem_watch *w, struct deletion *d, const GError *error)
{
    d->status = g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED) ? ERROR_DENIED : ERROR_IO;
    facts_clean(d->text, sizeof d->text, error->message);
    log_warning("sms", "%s: cannot delete: %s", d->path, d->text);
    if (w)
        messages_disown_one(w, d->path);
}

static void on_deleted(GObject *source, GAsyncResult *result, gpointer data)
{
    struct deletion *d = data;
    struct modem_watch *w = handle_get(d->watch);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    bool later = error && is_passing(error) && ++d->attempts < ATTEMPTS;
    if (w)
        w->deletions.running = false;
    if (w && later) {
        g_queue_push_head(&w->deletions.queue, d);
        w->deletions.timer = loop_timer(w->loop, AGAIN_MS, on_again, w);
        return;
    }
    if (!answer && !is_gone(error))
        failed(w, d, error);
    (void)tell(d);
    w = w ? handle_get(w->handle) : NULL;
    if (w)
        next(w);
}

/* The modem of the first one may be gone meanwhile: then so is the message. */
static void next(struct modem_watch *w)
{
    struct deletions *q = &w->deletions;
    struct deletion *d;
    while (!q->running && !q->timer && (d = g_queue_pop_head(&q->queue))) {
        const char *modem = messages_owner(w, d->path);
        if (!modem) {
            g_idle_add(tell, d);
            continue;
        }
        q->running = true;
        g_dbus_connection_call(w->bus, MM_DBUS_SERVICE, modem, MM_DBUS_INTERFACE_MODEM_MESSAGING, "Delete", g_variant_new("(o)", d->path), NULL,
                               G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_deleted, d);
    }
}

void modem_sms_delete(struct modem_watch *w, const char *handle, modem_done_fn *fn, void *user)
{
    struct deletion *d = g_new0(struct deletion, 1);
    *d = (struct deletion){ .watch = w->handle, .fn = fn, .user = user };
    g_strlcpy(d->path, handle, sizeof d->path);
    if (leftovers_delete(w->route.leftovers, handle)) {
        g_idle_add(tell, d);
        return;
    }
    g_queue_push_tail(&w->deletions.queue, d);
    next(w);
}

void deletions_close(struct modem_watch *w)
{
    loop_cancel(w->loop, &w->deletions.timer);
    g_queue_clear_full(&w->deletions.queue, g_free);
}
