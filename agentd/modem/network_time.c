/* SPDX-License-Identifier: Apache-2.0 */
/* Network time by ModemManager's Time interface. Owns when it is asked for: while it is wanted, of every registered modem, again with back-off,
 * because networks tell it late and ModemManager's generic modems never announce it (only GetNetworkTime, an AT+CCLK? of theirs). Promises no
 * timer while it is not wanted. Must never judge a time: a modem that was told none answers with a date of its own, e.g. in 1980. */
#include <string.h>

#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { ASK_MS = 5000, ASK_MAX_MS = 60000 };

static void ask_soon(struct modem_watch *w);

void network_time_take(struct modem_watch *w, const char *text)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = text && strlen(text) < MODEM_TEXT ? g_date_time_new_from_iso8601(text, utc) : NULL;
    gint64 seconds = when ? g_date_time_to_unix(when) : 0;
    if (seconds > 0 && w->events.network_time)
        w->events.network_time(w->user, (uint64_t)seconds);
}

static void on_time(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = mm_modem_time_get_network_time_finish(MM_MODEM_TIME(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    m->time_asked = false;
    if (text)
        network_time_take(m->watch, text);
    else
        log_debug(m->facts.id, "no network time: %s", error ? error->message : "?");
}

static bool can_tell(const struct modem *m)
{
    return m->facts.registered && mm_object_peek_modem_time(m->object);
}

static void ask(struct modem *m)
{
    if (m->time_asked || !can_tell(m))
        return;
    m->time_asked = true;
    mm_modem_time_get_network_time(mm_object_peek_modem_time(m->object), m->watch->cancel, on_time, m->handle);
}

static void on_timer(void *user)
{
    struct modem_watch *w = user;
    bool any = false;
    w->time_timer = 0;
    for (GList *l = w->modems; l; l = l->next) {
        any |= can_tell(l->data);
        ask(l->data);
    }
    w->time_delay_ms = MIN(w->time_delay_ms * 2, ASK_MAX_MS);
    if (any)
        ask_soon(w);
}

static void ask_soon(struct modem_watch *w)
{
    if (w->time_wanted && !w->time_timer)
        w->time_timer = loop_timer(w->loop, w->time_delay_ms, on_timer, w);
}

void network_time_look(struct modem *m)
{
    struct modem_watch *w = m->watch;
    bool could = m->time_able;
    m->time_able = can_tell(m);
    if (!w->time_wanted || could || !m->time_able)
        return;
    loop_cancel(w->loop, &w->time_timer); /* a modem has just registered: the series begins anew */
    w->time_delay_ms = ASK_MS;
    ask(m);
    ask_soon(w);
}

void modem_watch_want_time(struct modem_watch *w, bool wanted)
{
    if (wanted == w->time_wanted)
        return;
    w->time_wanted = wanted;
    w->time_delay_ms = ASK_MS;
    loop_cancel(w->loop, &w->time_timer);
    for (GList *l = w->modems; wanted && l; l = l->next)
        ask(l->data);
    if (wanted)
        ask_soon(w);
}

void network_time_close(struct modem_watch *w)
{
    loop_cancel(w->loop, &w->time_timer);
}
