/* SPDX-License-Identifier: Apache-2.0 */
/* agentd.conf(5) as values. */
#ifndef AGENTD_AGENTD_CONFIG_H
#define AGENTD_AGENTD_CONFIG_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "bootstrap/pull.h"
#include "bootstrap/site.h"

struct agentd_config {
    char factory[256];       /* path of factory.json */
    char plugin[32];         /* bearer plug-in */
    char plugin_dir[256];
    enum uplink_policy uplink;
    bool enable_modem, smart_card;
    char primary_modem[128]; /* IMEI or sysfs path, "" */
    bool any_sim_of_operator;
    char card_dm_oid[64];    /* of an OMA DM file, dotted text */
    struct roaming_policy roaming;
    enum default_nonce default_nonce;
    uint32_t lwm2m_triggers; /* an hour */
    enum lwm2m_version lwm2m_version;
    bool queue_mode;
    uint32_t awake_s;        /* of queue mode */
    bool lwm2m_nosec, lwm2m_pack;
    bool published_credentials;
    struct source_order sources;
    struct pull_settings pull;
    bool has_latitude, has_longitude, place_of_modem;
    struct place place; /* surveyed; its time is that of the file unless the file says another */
    char bsf[256]; /* URL of the BSF, "": derived from the identity */
    enum log_level log_level;
    enum log_target log_target;
};

/* Defaults, then the file at path. A missing file is fine; an unknown group, key or value is INVALID and names it. */
enum error_code config_load(const char *path, struct agentd_config *out, struct error *err);

#endif
