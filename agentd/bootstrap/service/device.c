/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as its LwM2M clients see it: what they read, and what servers may have done to it. Owns nothing. */
#include "base/log.h"
#include "bootstrap/history.h"
#include "bootstrap/service/mid_profiles.h"
#include "bootstrap/service/room.h"
#include "bootstrap/service/upkeep.h"

static uint64_t device_time(void *user)
{
    struct service *s = user;
    return site_wall_clock(s->site);
}

/* Execute /1/x/9, by a management server that is in session: the bootstrap server of that account's context. */
static bool device_bootstrap(void *user, uint16_t short_server_id)
{
    struct service *s = user;
    struct error e = { 0 };
    struct entry *own = service_entry_of(s, short_server_id);
    if (!own)
        error_set(&e, ERROR_NOT_FOUND, "server %u has no account in service", short_server_id);
    else
        (void)entry_request_bootstrap(own, &e);
    if (e.code)
        log_warning("lwm2m", "Execute of the bootstrap trigger refused: %s", e.text);
    return e.code == ERROR_NONE;
}

static size_t device_history(void *user, uint64_t after, uint64_t until, char *out, size_t cap)
{
    struct service *s = user;
    return history_text(s->site->store, after, until, out, cap);
}

static uint64_t device_history_last(void *user)
{
    struct service *s = user;
    return store_history_last(s->site->store);
}

static bool device_reboot(void *user)
{
    struct service *s = user;
    return upkeep_begin(s->site->upkeep, SYSD_OP_REBOOT);
}

static bool device_factory_reset(void *user)
{
    struct service *s = user;
    return upkeep_begin(s->site->upkeep, SYSD_OP_FACTORY_RESET);
}

static void device_prefer(void *user, const char *mode)
{
    mode_choice_want(&((struct service *)user)->mode_choice, mode);
}

static void device_measure(void *user)
{
    const struct site *site = ((struct service *)user)->site;
    if (site->modem)
        modem_measure(site->modem);
}

static void device_place(void *user, struct place *out)
{
    const struct site *site = ((struct service *)user)->site;
    if (!site->place_of_modem || !site->modem || !modem_place(site->modem, out))
        *out = site->place;
}

void service_fill_device(struct service *s)
{
    const struct factory_data *f = &s->site->factory;
    s->rules = site_lwm2m_rules(s->site);
    s->device = (struct lwm2m_device){ .manufacturer = f->manufacturer, .model = f->model, .serial = f->serial,
                                       .hardware_version = f->hardware_version, .firmware_version = upkeep_version(s->site->upkeep),
                                       .gateway_id = f->gateway_id, .current_time = device_time, .tree = s->site->tree,
                                       .request_bootstrap = device_bootstrap, .reboot = device_reboot, .factory_reset = device_factory_reset, .prefer = device_prefer,
                                       .place = device_place, .measure = device_measure, .firmware = upkeep_firmware(s->site->upkeep), .software = upkeep_software(s->site->upkeep),
                                       .profiles = access_point_profiles(s->access_point), .rsp = mid_profiles_rsp(s->mid_profiles),
                                       .history = device_history, .history_last = device_history_last,
                                       .version = s->site->lwm2m_version, .queue_mode = s->site->queue_mode, .awake_s = s->site->awake_s, .rules = &s->rules, .user = s };
}
