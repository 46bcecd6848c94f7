/* SPDX-License-Identifier: Apache-2.0 */
/* The radio of a modem: how strong and clean its signal is, and which cell serves it. Owns when ModemManager is asked: when it tells that the signal, the network or
 * the access technology changed, and when somebody reads, so that an idle modem costs nobody a wake-up. Promises: what the administrator set (another rate, a source of location that he
 * switched off) stays as it is, and what is set here is taken back at the end. Must never switch on signals of the location, which every user of the bus would see. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "modem/handle.h"
#include "modem/room.h"

/* Seconds between two measurements that ModemManager takes by itself. It takes one at once when the rate is set, and that is what is wanted; nobody else is
 * likely to choose this one, so a rate that a crash left is known as ours. */
enum { OUR_RATE = 3607, CLOSE_MS = 2000, AGAIN_MS = 10000 };

/* Where ModemManager's Signal interface has what: TS 36.214 (LTE), 38.215 (NR), 25.215 (UMTS), 45.008 (GSM). */
static const struct {
    const char *access, *property, *strength, *quality, *noise;
} rows[] = {
    { "5gnr", "Nr5g", "rsrp", "rsrq", "snr" },
    { "lte", "Lte", "rsrp", "rsrq", "snr" },
    { "umts", "Umts", "rscp", "ecio", NULL },
    { "gsm", "Gsm", "rssi", NULL, NULL },
    { "cdma", "Cdma", "rssi", "ecio", NULL },
};

enum { UNMEASURED = 1000 }; /* dBm or dB: beyond any radio */

/* NULL key: nothing. ModemManager's own number for "unknown" is a huge one. */
static double measured(GVariant *values, const char *key)
{
    double value;
    return key && g_variant_lookup(values, key, "d", &value) && value > -200 && value < 200 ? value : UNMEASURED;
}

/* UMTS by modems that do not tell RSCP: Ec/Io is RSCP / RSSI (TS 25.215 clause 5.1.4). */
static double measured_strength(GVariant *values, const char *key)
{
    double told = measured(values, key), rssi = measured(values, "rssi"), ecio = measured(values, "ecio");
    bool can_tell = strcmp(key, "rscp") == 0 && rssi < UNMEASURED && ecio < UNMEASURED;
    return told < UNMEASURED || !can_tell ? told : rssi + ecio;
}

static void put(char *out, size_t cap, double value)
{
    out[0] = '\0';
    if (value < UNMEASURED)
        (void)g_snprintf(out, (gulong)cap, "%d", (int)(value < 0 ? value - 0.5 : value + 0.5));
}

static size_t row_of(const char *access)
{
    size_t i = 0;
    while (i < G_N_ELEMENTS(rows) && strcmp(rows[i].access, access) != 0)
        i++;
    return i;
}

void radio_take(struct radio *r, const char *access, GVariant *values)
{
    size_t i = row_of(access);
    bool any = i < G_N_ELEMENTS(rows) && values && g_variant_is_of_type(values, G_VARIANT_TYPE_VARDICT);
    put(r->strength, sizeof r->strength, any ? measured_strength(values, rows[i].strength) : UNMEASURED);
    put(r->quality, sizeof r->quality, any ? measured(values, rows[i].quality) : UNMEASURED);
    put(r->noise, sizeof r->noise, any ? measured(values, rows[i].noise) : UNMEASURED);
}

static void read_signal(struct modem *m)
{
    MMModemSignal *signal = mm_object_peek_modem_signal(m->object);
    size_t i = row_of(m->facts.access);
    g_autoptr(GVariant) values = signal && i < G_N_ELEMENTS(rows) ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(signal), rows[i].property) : NULL;
    radio_take(&m->radio, m->facts.access, values);
}

/* ---- asking ---- */

static bool rate_is_free(MMModemSignal *signal)
{
    guint rate = mm_modem_signal_get_rate(signal);
    return rate == 0 || rate == OUR_RATE;
}

static void on_measured(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    struct modem *m = handle_get(handle);
    if (!mm_modem_signal_setup_finish(MM_MODEM_SIGNAL(source), result, &error) && m) /* what it measured comes as properties */
        log_debug(m->facts.id, "no signal to be had: %s", error->message);
}

static void ask_signal(struct modem *m)
{
    MMModemSignal *signal = mm_object_peek_modem_signal(m->object);
    if (signal && rate_is_free(signal))
        mm_modem_signal_setup(signal, OUR_RATE, m->watch->cancel, on_measured, m->handle);
}

static void ask_cell(struct modem *m);

static void set_cell(struct modem *m, uint32_t cell, uint32_t area)
{
    struct modem_facts *f = &m->facts;
    if (cell == f->cell && area == f->area)
        return;
    f->cell = cell;
    f->area = area;
    facts_show(m);
    watch_changed(m->watch);
}

static void on_cell(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MMLocation3gpp) where = mm_modem_location_get_3gpp_finish(MM_MODEM_LOCATION(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    struct radio *r = &m->radio;
    bool by_tracking_area = strcmp(m->facts.access, "lte") == 0 || strcmp(m->facts.access, "5gnr") == 0; /* TS 23.003 clause 19.4.2.3 */
    r->asking = false;
    if (g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED)) {
        if (!r->denied)
            log_warning(m->facts.id, "ModemManager does not tell the cell to us; install our polkit rule");
        r->denied = true;
    }
    set_cell(m, where ? (uint32_t)mm_location_3gpp_get_cell_id(where) : 0,
             where ? (uint32_t)(by_tracking_area ? mm_location_3gpp_get_tracking_area_code(where) : mm_location_3gpp_get_location_area_code(where)) : 0);
    if (r->again)
        ask_cell(m);
}

static void ask_cell(struct modem *m)
{
    struct radio *r = &m->radio;
    MMModemLocation *location = mm_object_peek_modem_location(m->object);
    r->again = r->asking;
    if (!location || r->asking || r->denied)
        return;
    r->asking = true;
    mm_modem_location_get_3gpp(location, m->watch->cancel, on_cell, m->handle);
}

static void ask(struct modem *m)
{
    m->radio.asked_at = loop_now(m->watch->loop);
    ask_signal(m);
    ask_cell(m);
}

/* What makes it worth asking: any difference. */
static void take_moment(struct modem *m, struct radio_moment *out)
{
    gboolean recent;
    memset(out, 0, sizeof *out); /* compared as octets */
    (void)text_copy(out->plmn, sizeof out->plmn, m->facts.plmn);
    (void)text_copy(out->access, sizeof out->access, m->facts.access);
    out->percent = m->facts.registered ? mm_modem_get_signal_quality(m->modem, &recent) : 0;
    out->registered = m->facts.registered;
    out->has_signal = mm_object_peek_modem_signal(m->object) != NULL;
    out->has_location = mm_object_peek_modem_location(m->object) != NULL;
}

void radio_look(struct modem *m)
{
    struct radio_moment now;
    take_moment(m, &now);
    bool same = memcmp(&now, &m->radio.moment, sizeof now) == 0;
    m->radio.moment = now;
    if (!now.registered) {
        m->radio.strength[0] = m->radio.quality[0] = m->radio.noise[0] = '\0';
        m->facts.cell = m->facts.area = 0;
        return;
    }
    read_signal(m);
    if (!same)
        ask(m);
}

/* A cell may change while all else stays, which nobody tells. */
void modem_measure(struct modem_watch *w)
{
    struct modem *m = w->primary;
    if (m && m->radio.moment.registered && loop_now(w->loop) - m->radio.asked_at >= AGAIN_MS)
        ask(m);
}

void radio_show(const struct modem *m, struct node *n)
{
    const struct radio *r = &m->radio;
    node_set_number(n, "SignalPercent", r->moment.percent);
    node_set(n, "SignalStrength", r->strength);
    node_set(n, "SignalQuality", r->quality);
    node_set(n, "SignalToNoise", r->noise);
    node_set_number(n, "CellId", m->facts.cell);
    node_set_number(n, "AreaCode", m->facts.area);
}

/* Waits for the answer: ModemManager asks polkit who we are, and a name that has left the bus is nobody. */
void radio_close(struct modem *m)
{
    MMModemSignal *signal = mm_object_peek_modem_signal(m->object);
    if (!signal || mm_modem_signal_get_rate(signal) != OUR_RATE)
        return;
    g_autoptr(GVariant) done = g_dbus_proxy_call_sync(G_DBUS_PROXY(signal), "Setup", g_variant_new("(u)", 0), G_DBUS_CALL_FLAGS_NONE, CLOSE_MS, NULL, NULL);
}
