/* SPDX-License-Identifier: Apache-2.0 */
/* What D-Bus methods do: the table that bus/ calls, over conductor, service and modem. */
#ifndef AGENTD_CALLS_H
#define AGENTD_CALLS_H

#include "bootstrap/job/job.h"
#include "bootstrap/service/accounts.h"
#include "bootstrap/session.h"
#include "bootstrap/sim_pin.h"
#include "bus/bus.h"
#include "mid/gba.h"
#include "pn/devices.h"

struct calls {
    struct site *site;
    struct service *service;
    struct accounts *accounts;
    struct conductor *conductor;
    struct sim_pins *pins;
    struct sessions *sessions;
    struct gba *gba;
    struct devices *devices;
    const char *config_path;
};

/* calls is borrowed for the life of the table. */
struct bus_calls calls_table(struct calls *calls);

#endif
