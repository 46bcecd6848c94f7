/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that lie in an AT modem and that ModemManager does not show: parts of a burst, a repeated reference behind an undeleted one, parts of two senders
 * that it took for one message. It reads the storages only when the modem is enabled, so the modem is disabled and enabled again: never while a bearer is
 * up or coming, in a pause of the messages (those that come meanwhile are hidden too), never for a modem that agent-modemd reads, never when enabling is somebody else's business; each time that found nothing doubles
 * the wait for the next one. */
#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { FIRST_MS = 10 * 1000, AGAIN_MIN_MS = 20 * 1000, AGAIN_MAX_MS = 60 * 60 * 1000, PATIENCE_MS = 5 * 60 * 1000, FOUND_MS = 15 * 1000 };

static bool is_read_raw(const struct modem *m)
{
    return m->device[0] && m->watch->primary == m && m->watch->route.running;
}

static bool is_idle(const struct modem *m)
{
    return m->state == MM_MODEM_STATE_ENABLED || m->state == MM_MODEM_STATE_SEARCHING || m->state == MM_MODEM_STATE_REGISTERED;
}

static void on_enabled(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    bool ok = mm_modem_enable_finish(MM_MODEM(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    m->relist.running = false;
    m->relist.ended_ms = loop_now(m->watch->loop);
    if (ok)
        return;
    char text[MODEM_PATH];
    facts_clean(text, sizeof text, error->message); /* modem.c enables it, now that nobody does */
    log_warning(m->facts.id, "cannot be enabled again: %s", text);
}

static void on_disabled(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    bool ok = mm_modem_disable_finish(MM_MODEM(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    if (ok) {
        mm_modem_enable(m->modem, m->watch->cancel, on_enabled, m->handle);
        return;
    }
    char text[MODEM_PATH];
    facts_clean(text, sizeof text, error->message);
    log_warning(m->facts.id, "its messages cannot be listed anew: %s", text);
    m->relist.running = false;
}

static void begin(void *user)
{
    struct modem *m = user;
    m->relist.timer = m->relist.until_ms = 0;
    if (is_read_raw(m) || m->state == MM_MODEM_STATE_DISABLED)
        return;
    if (!is_idle(m)) {
        if (!m->relist.waits)
            log_notice(m->facts.id, "messages may be hidden; they are listed anew when no bearer is up");
        m->relist.waits = true;
        return;
    }
    log_notice(m->facts.id, "disabled and enabled, so that ModemManager lists its messages anew");
    m->relist.waits = false;
    m->relist.running = true;
    m->relist.delay_ms = CLAMP(m->relist.delay_ms * 2, AGAIN_MIN_MS, AGAIN_MAX_MS);
    mm_modem_disable(m->modem, m->watch->cancel, on_disabled, m->handle);
}

static void wait_ms(struct modem *m, uint64_t ms)
{
    struct relist *r = &m->relist;
    uint64_t now = loop_now(m->watch->loop);
    if (!r->until_ms)
        r->until_ms = now + PATIENCE_MS + ms;
    loop_cancel(m->watch->loop, &r->timer);
    r->timer = loop_timer(m->watch->loop, MIN(ms, r->until_ms > now ? r->until_ms - now : 0), begin, m);
}

void relist_soon(struct modem *m, const char *why)
{
    struct relist *r = &m->relist;
    if (r->running || r->waits || !m->watch->enable || is_read_raw(m))
        return;
    if (!r->timer)
        log_debug(m->facts.id, "%s: its messages are listed anew in a pause of %u s", why, (unsigned)(MAX(r->delay_ms, FIRST_MS) / 1000));
    wait_ms(m, MAX(r->delay_ms, FIRST_MS));
}

void relist_stir(struct modem *m)
{
    if (m->relist.timer)
        wait_ms(m, MAX(m->relist.delay_ms, FIRST_MS));
}

void relist_look(struct modem *m)
{
    if (m->relist.waits && !m->relist.timer && is_idle(m))
        wait_ms(m, FIRST_MS);
}

void relist_found(struct modem *m)
{
    struct relist *r = &m->relist;
    if (r->running || (r->ended_ms && loop_now(m->watch->loop) - r->ended_ms < FOUND_MS))
        r->delay_ms = 0;
}

void relist_close(struct modem *m)
{
    loop_cancel(m->watch->loop, &m->relist.timer);
}
