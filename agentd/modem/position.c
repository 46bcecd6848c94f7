/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver is switched on while the administrator wants its position, and asked for it every minute: ModemManager would tell changes by itself, but to every user
 * of the bus. Owns which sources are on because of us. Must never switch off what others switched on. */
#include "modem/position.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/nmea.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { ASK_MS = 60000, FIRST_MS = 5000, CLOSE_MS = 2000, RECEIVER = MM_MODEM_LOCATION_SOURCE_GPS_RAW | MM_MODEM_LOCATION_SOURCE_GPS_NMEA };

static MMModemLocation *location_of(const struct modem *m)
{
    return mm_object_peek_modem_location(m->object);
}

static bool can_tell(const struct modem *m)
{
    MMModemLocation *location = location_of(m);
    return m->watch->place_wanted && m->watch->primary == m && m->state >= MM_MODEM_STATE_ENABLED && location &&
           ((uint32_t)mm_modem_location_get_capabilities(location) & MM_MODEM_LOCATION_SOURCE_GPS_RAW);
}

/* ---- what it says ---- */

/* Speed and course are in one of the sentences, and the date. */
static void read_motion(MMLocationGpsNmea *nmea, struct place *p)
{
    g_auto(GStrv) sentences = nmea ? mm_location_gps_nmea_get_traces(nmea) : NULL;
    struct nmea_rmc rmc;
    for (size_t i = 0; sentences && sentences[i]; i++)
        if (nmea_rmc_read((struct slice){ (const uint8_t *)sentences[i], strlen(sentences[i]) }, &rmc)) {
            p->time = rmc.time;
            p->has_speed = rmc.has_speed;
            p->has_course = rmc.has_speed && rmc.has_course;
            p->speed = rmc.speed;
            p->course = rmc.course;
            return;
        }
}

/* False: it has no fix, or none since the last look. */
static bool take_fix(struct position *p, MMLocationGpsRaw *raw, MMLocationGpsNmea *nmea)
{
    const char *time = raw ? mm_location_gps_raw_get_utc_time(raw) : NULL;
    double latitude = raw ? mm_location_gps_raw_get_latitude(raw) : -1000, longitude = raw ? mm_location_gps_raw_get_longitude(raw) : -1000;
    bool inside = latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180;
    if (!time || !inside || strcmp(time, p->fix) == 0)
        return false;
    (void)text_copy(p->fix, sizeof p->fix, time);
    double altitude = mm_location_gps_raw_get_altitude(raw);
    p->place = (struct place){ .known = true, .latitude = latitude, .longitude = longitude, .has_altitude = altitude > -10000 && altitude < 100000, .altitude = altitude,
                               .time = g_get_real_time() / G_USEC_PER_SEC };
    read_motion(nmea, &p->place);
    return true;
}

static void ask_later(struct modem *m, uint64_t ms);

static void on_location(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MMLocation3gpp) cell = NULL;
    g_autoptr(MMLocationGpsNmea) nmea = NULL;
    g_autoptr(MMLocationGpsRaw) raw = NULL;
    g_autoptr(MMLocationCdmaBs) base = NULL;
    bool ok = mm_modem_location_get_full_finish(MM_MODEM_LOCATION(source), result, &cell, &nmea, &raw, &base, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    m->position.asking = false;
    if (!ok)
        log_debug(m->facts.id, "no position: %s", error->message);
    else if (take_fix(&m->position, raw, nmea))
        watch_changed(m->watch);
    if (can_tell(m))
        ask_later(m, m->position.place.known ? ASK_MS : FIRST_MS);
}

static void on_timer(void *user)
{
    struct modem *m = user;
    m->position.timer = 0;
    if (m->position.asking || !can_tell(m))
        return;
    m->position.asking = true;
    mm_modem_location_get_full(location_of(m), m->watch->cancel, on_location, m->handle);
}

static void ask_later(struct modem *m, uint64_t ms)
{
    if (!m->position.timer && !m->position.asking)
        m->position.timer = loop_timer(m->watch->loop, ms, on_timer, m);
}

/* ---- on and off ---- */

static void on_set(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    bool ok = mm_modem_location_setup_finish(MM_MODEM_LOCATION(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m)
        return;
    m->position.setting = false;
    m->position.refused = !ok;
    if (ok) {
        position_look(m);
        return;
    }
    char text[MODEM_PATH];
    facts_clean(text, sizeof text, error->message);
    m->position.ours = 0;
    log_warning(m->facts.id, "its satellite receiver cannot be switched on: %s", text);
}

static void switch_on(struct modem *m, uint32_t missing)
{
    MMModemLocation *location = location_of(m);
    MMModemLocationSource sources = mm_modem_location_get_enabled(location) | (MMModemLocationSource)missing;
    m->position.setting = true;
    m->position.ours |= missing;
    log_notice(m->facts.id, "switching on its satellite receiver");
    mm_modem_location_setup(location, sources, mm_modem_location_signals_location(location), m->watch->cancel, on_set, m->handle);
}

void position_look(struct modem *m)
{
    if (!can_tell(m)) {
        m->position.refused = false;
        loop_cancel(m->watch->loop, &m->position.timer);
        return;
    }
    MMModemLocation *location = location_of(m);
    uint32_t wanted = (uint32_t)mm_modem_location_get_capabilities(location) & RECEIVER;
    uint32_t missing = wanted & ~(uint32_t)mm_modem_location_get_enabled(location);
    if (missing && !m->position.setting && !m->position.refused)
        switch_on(m, missing);
    else if (!missing)
        ask_later(m, m->position.place.known ? ASK_MS : 0);
}

void position_close(struct modem *m)
{
    loop_cancel(m->watch->loop, &m->position.timer);
}

void position_restore(struct modem *m)
{
    MMModemLocation *location = location_of(m);
    if (!location || !m->position.ours)
        return;
    uint32_t sources = (uint32_t)mm_modem_location_get_enabled(location) & ~m->position.ours;
    g_autoptr(GVariant) done = g_dbus_proxy_call_sync(G_DBUS_PROXY(location), "Setup", g_variant_new("(ub)", sources, mm_modem_location_signals_location(location)),
                                                      G_DBUS_CALL_FLAGS_NONE, CLOSE_MS, NULL, NULL);
}

void modem_watch_want_place(struct modem_watch *w, bool wanted)
{
    w->place_wanted = wanted;
    for (GList *l = w->modems; l; l = l->next)
        position_look(l->data);
}

bool modem_place(const struct modem_watch *w, struct place *out)
{
    const struct place *p = w->primary ? &w->primary->position.place : NULL;
    *out = p && p->known ? *p : (struct place){ .known = false };
    return out->known;
}
