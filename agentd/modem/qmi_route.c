/* SPDX-License-Identifier: Apache-2.0 */
/* Raw SMS of the primary modem: asks agent-modemd to watch its control port, again after every loss and when a message could not be taken, and puts the
 * parts together. Messages of this route are deleted by ModemManager's side; what it does not know of, by leftovers.c. */
#include <string.h>

#include "base/log.h"
#include "codec/sms.h"
#include "codec/sms_assembly.h"
#include "modem/room.h"

enum { RETRY_MIN_MS = 2000, RETRY_MAX_MS = 60000, AGAIN_MS = 3000 };

static void show(struct modem_watch *w, bool running)
{
    w->route.running = running;
    if (w->primary)
        facts_show(w->primary);
}

static void stop(struct modem_watch *w)
{
    struct qmi_route *r = &w->route;
    loop_cancel(w->loop, &r->retry);
    loop_cancel(w->loop, &r->again);
    if (r->call)
        access_cancel(w->access, r->call);
    if (r->device[0] && access_connected(w->access))
        (void)access_sms_unwatch(w->access, r->device, NULL, NULL);
    r->call = 0;
    r->device[0] = r->path[0] = '\0';
    r->running = r->missed = false;
    leftovers_clear(r->leftovers);
    g_free(r->parts); /* its storage is read again from the beginning when it is back */
    r->parts = g_new0(struct sms_assembly, 1);
}

static void begin(void *user);

static void try_later(struct modem_watch *w)
{
    struct qmi_route *r = &w->route;
    show(w, false);
    loop_cancel(w->loop, &r->retry);
    r->retry = loop_timer(w->loop, r->delay_ms, begin, w);
    r->delay_ms = MIN(r->delay_ms * 2, RETRY_MAX_MS);
}

static void on_watching(void *user, enum error_code status)
{
    struct modem_watch *w = user;
    struct qmi_route *r = &w->route;
    r->call = 0;
    if (status == ERROR_NONE) {
        log_notice("modem", "raw SMS of %s arrive by agent-modemd", r->device);
        r->delay_ms = RETRY_MIN_MS;
        show(w, true);
        return;
    }
    if (r->delay_ms == RETRY_MIN_MS)
        log_info("modem", "no raw SMS of %s: %s; trying again", r->device, error_text(status));
    try_later(w);
}

static void begin(void *user)
{
    struct modem_watch *w = user;
    struct qmi_route *r = &w->route;
    r->retry = 0;
    if (r->call || !r->device[0] || !access_connected(w->access))
        return; /* on_state begins it */
    r->call = access_sms_watch(w->access, r->device, on_watching, w);
}

static void on_state(void *user, bool connected)
{
    struct modem_watch *w = user;
    struct qmi_route *r = &w->route;
    loop_cancel(w->loop, &r->retry);
    r->delay_ms = RETRY_MIN_MS;
    if (!r->device[0])
        return;
    if (connected)
        begin(w);
    else
        show(w, false);
}

static void on_again(void *user)
{
    struct modem_watch *w = user;
    w->route.again = 0;
    w->route.missed = false;
    log_info("modem", "messages of %s are read once more", w->route.device);
    begin(w);
}

void qmi_route_again(struct modem_watch *w)
{
    struct qmi_route *r = &w->route;
    if (r->missed && r->running && !r->again)
        r->again = loop_timer(w->loop, AGAIN_MS, on_again, w);
}

static void on_sms(void *user, const char *device, const struct access_place *place, struct slice tpdu)
{
    struct modem_watch *w = user;
    struct qmi_route *r = &w->route;
    struct sms_deliver fields;
    struct error err = { 0 };
    struct slice data;
    char handle[32];
    if (strcmp(device, r->device) != 0 || !r->parts)
        return;
    if (sms_deliver_parse(tpdu, &fields, &err)) {
        log_debug("sms", "raw message of %zu octets left alone: %s", tpdu.len, err.text);
        return;
    }
    if (!fields.binary) /* a person's text, whatever its octets look like */
        return;
    fields.place = leftovers_note(r->leftovers, place, tpdu);
    if (!sms_assembly_add(r->parts, &fields, loop_now(w->loop), &data) || data.len == 0 || !w->events.sms)
        return;
    leftovers_join(r->leftovers, r->parts->places, r->parts->place_count, handle, sizeof handle);
    struct modem_sms sms = { .data = data, .sim = w->primary ? w->primary->facts.sim : "", .via_qmi = true, .handle = handle };
    if (!w->events.sms(w->user, &sms))
        r->missed = true;
}

static void on_room(void *user, const char *device, uint8_t storage, uint32_t size, uint32_t left)
{
    struct modem_watch *w = user;
    if (strcmp(device, w->route.device) != 0 || !w->primary)
        return;
    if (left == 0)
        log_warning(w->primary->facts.id, "SMS storage %u is full (%u messages): triggers cannot arrive until the user's messages are deleted", storage, size);
    else
        log_notice(w->primary->facts.id, "SMS storage %u has room again", storage);
    w->primary->full_storages = left == 0 ? w->primary->full_storages | 1u << (storage & 7) : w->primary->full_storages & ~(1u << (storage & 7));
    facts_show(w->primary);
    watch_changed(w);
}

static void on_lost(void *user, const char *device)
{
    struct modem_watch *w = user;
    if (strcmp(device, w->route.device) == 0)
        try_later(w);
}

void qmi_route_open(struct modem_watch *w)
{
    static const struct access_events events = { .state = on_state, .sms = on_sms, .room = on_room, .lost = on_lost };
    w->route.parts = g_new0(struct sms_assembly, 1);
    w->route.leftovers = leftovers_new(w);
    w->route.delay_ms = RETRY_MIN_MS;
    if (w->access)
        access_listen(w->access, &events, w);
}

void qmi_route_look(struct modem_watch *w)
{
    struct qmi_route *r = &w->route;
    const struct modem *m = w->primary;
    const char *device = m ? m->device : "", *path = m ? m->facts.path : "";
    if (!w->access || (strcmp(r->device, device) == 0 && (!device[0] || strcmp(r->path, path) == 0)))
        return;
    stop(w);
    if (!device[0])
        return;
    g_strlcpy(r->device, device, sizeof r->device);
    g_strlcpy(r->path, path, sizeof r->path);
    r->delay_ms = RETRY_MIN_MS;
    begin(w);
}

void qmi_route_close(struct modem_watch *w)
{
    if (w->access) {
        stop(w);
        access_listen(w->access, NULL, NULL);
    }
    leftovers_free(w->route.leftovers);
    w->route.leftovers = NULL;
    g_free(w->route.parts);
    w->route.parts = NULL;
}
