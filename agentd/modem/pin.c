/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN of a card. Owns the one question to ModemManager and what its answers mean. Promises: the last try of a card is never made, a PUK never
 * tried. Must never keep a PIN or choose one. */
#include <string.h>

#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { TRIES_LEFT_MIN = 2 };

struct pin_call {
    gpointer watch;
    modem_done_fn *fn;
    void *user;
    enum error_code status;
    const char *text;
};

static gboolean tell_pin(gpointer data)
{
    g_autofree struct pin_call *p = data;
    if (p->fn && handle_get(p->watch))
        p->fn(p->user, p->status, p->text);
    return G_SOURCE_REMOVE;
}

/* Nobody has answered: not even with an error whose D-Bus name belongs to no domain here. */
static bool is_away(const GError *error)
{
    return error->domain == G_DBUS_ERROR || (error->domain == G_IO_ERROR && error->code != G_IO_ERROR_DBUS_ERROR);
}

/* ModemManager names a wrong PIN differently from back end to back end: what is not known to be something else is taken as the card's refusal. */
static void judge(struct pin_call *p, const GError *error)
{
    if (g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED)) {
        p->status = ERROR_DENIED;
        p->text = "ModemManager does not let us (polkit rule)";
    } else if (is_away(error)) {
        p->status = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? ERROR_TIMEOUT : ERROR_NO_MODEM;
        p->text = "the modem or ModemManager went away before an answer";
    } else {
        p->status = ERROR_PIN_WRONG;
        p->text = "the card refused it";
    }
}

static void on_pin(GObject *source, GAsyncResult *result, gpointer data)
{
    struct pin_call *p = data;
    g_autoptr(GError) error = NULL;
    if (!mm_sim_send_pin_finish(MM_SIM(source), result, &error)) {
        judge(p, error);
        log_warning("sim", "PIN: %s", p->text);
    }
    (void)tell_pin(p);
}

static void check(struct pin_call *p, const struct modem *m, const char *pin)
{
    size_t len = strlen(pin);
    if (!m || !m->sim) {
        p->status = ERROR_NOT_FOUND;
        p->text = "no such SIM";
    } else if (len < 4 || len > 8 || strspn(pin, "0123456789") != len) { /* TS 31.101 9.4 */
        p->status = ERROR_INVALID;
        p->text = "a PIN has 4 to 8 digits";
    } else if (m->facts.lock == SIM_PUK) {
        p->status = ERROR_SIM_PUK;
        p->text = "the card wants its PUK, which this agent never tries";
    } else if (m->facts.lock != SIM_PIN) {
        p->status = ERROR_INVALID;
        p->text = "the SIM does not wait for a PIN";
    } else if (m->facts.pin_tries < TRIES_LEFT_MIN) {
        p->status = ERROR_PIN_LAST;
        p->text = "one try is left; it is not made by this agent";
    }
}

void modem_send_pin(struct modem_watch *w, const char *sim_node_id, const char *pin, modem_done_fn *fn, void *user)
{
    const struct modem *m = watch_sim(w, sim_node_id);
    struct pin_call *p = g_new0(struct pin_call, 1);
    *p = (struct pin_call){ .watch = w->handle, .fn = fn, .user = user, .text = "" };
    check(p, m, pin);
    if (p->status)
        g_idle_add(tell_pin, p);
    else
        mm_sim_send_pin(m->sim, pin, w->cancel, on_pin, p);
}
