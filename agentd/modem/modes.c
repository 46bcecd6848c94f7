/* SPDX-License-Identifier: Apache-2.0 */
/* Which generation of network a modem prefers. Owns the choice among the combinations that ModemManager says the modem has. Promises: what is allowed now stays
 * allowed, so that a preference never puts a modem where there is no network for it. */
#include <string.h>

#include "base/log.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { MODES = 5 };

static const struct {
    MMModemMode mode;
    const char *name;
} rows[MODES] = { { MM_MODEM_MODE_NONE, "none" }, { MM_MODEM_MODE_2G, "2g" }, { MM_MODEM_MODE_3G, "3g" }, { MM_MODEM_MODE_4G, "4g" }, { MM_MODEM_MODE_5G, "5g" } };

struct mode_call {
    gpointer watch;
    modem_done_fn *fn;
    void *user;
    enum error_code status;
    const char *text;
};

/* The combination that prefers that mode, allows all that is allowed now, and little else. False: the modem has none. */
static bool find_combination(MMModem *modem, MMModemMode preferred, MMModemMode *allowed)
{
    g_autofree MMModemModeCombination *list = NULL;
    MMModemMode now, ignored;
    guint count = 0;
    bool found = false;
    if (!mm_modem_get_current_modes(modem, &now, &ignored) || !mm_modem_get_supported_modes(modem, &list, &count))
        return false;
    for (guint i = 0; i < count; i++)
        if (list[i].preferred == preferred && (list[i].allowed & now) == now && (!found || (list[i].allowed & *allowed) == list[i].allowed)) {
            *allowed = list[i].allowed;
            found = true;
        }
    return found;
}

void modes_show(struct modem *m, struct node *n)
{
    const char *able[MODES];
    size_t count = 0;
    MMModemMode allowed, preferred;
    const char *now = "";
    bool known = mm_modem_get_current_modes(m->modem, &allowed, &preferred);
    for (size_t i = 0; known && i < MODES; i++) {
        if (rows[i].mode == preferred)
            now = rows[i].name;
        if (find_combination(m->modem, rows[i].mode, &allowed))
            able[count++] = rows[i].name;
    }
    node_set(n, "PreferredMode", now);
    node_set_texts(n, "PreferableModes", able, count);
}

static gboolean tell(gpointer data)
{
    g_autofree struct mode_call *c = data;
    if (handle_get(c->watch))
        c->fn(c->user, c->status, c->text);
    return G_SOURCE_REMOVE;
}

static void on_set(GObject *source, GAsyncResult *result, gpointer data)
{
    struct mode_call *c = data;
    g_autoptr(GError) error = NULL;
    char text[MODEM_TEXT];
    if (!mm_modem_set_current_modes_finish(MM_MODEM(source), result, &error)) {
        facts_clean(text, sizeof text, error->message);
        log_warning("modem", "preferred mode: %s", text);
        c->status = g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED) ? ERROR_DENIED : ERROR_NOT_SUPPORTED;
        c->text = "ModemManager could not set it";
    }
    (void)tell(c);
}

void modem_prefer(struct modem_watch *w, const char *mode, modem_done_fn *fn, void *user)
{
    struct mode_call *c = g_new0(struct mode_call, 1);
    MMModemMode allowed;
    size_t i = 0;
    *c = (struct mode_call){ .watch = w->handle, .fn = fn, .user = user, .text = "" };
    while (i < MODES && strcmp(rows[i].name, mode) != 0)
        i++;
    if (w->primary && i < MODES && find_combination(w->primary->modem, rows[i].mode, &allowed)) {
        mm_modem_set_current_modes(w->primary->modem, allowed, rows[i].mode, w->cancel, on_set, c);
        return;
    }
    c->status = w->primary ? ERROR_NOT_SUPPORTED : ERROR_NO_MODEM;
    c->text = w->primary ? "the modem cannot prefer that mode" : "there is no modem";
    g_idle_add(tell, c);
}
