/* SPDX-License-Identifier: Apache-2.0 */
/* The public factory data as values (doc factory-data). */
#ifndef BOOTSTRAP_FACTORY_DATA_H
#define BOOTSTRAP_FACTORY_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/reach.h"
#include "model/settings.h"

struct instruction_key { /* who may sign instructions */
    uint8_t kid[32]; /* SHA-256 of spki */
    uint8_t spki[128];
    size_t spki_len;
};

struct factory_account { /* an account that the factory prepares; its secrets are in the TRE */
    char context[33], server_id[256], uri[256];
    struct server_trust trust;
    enum dm_secrets secrets;
};

struct factory_lwm2m { /* a LwM2M account that the factory prepares; its key is in the TRE */
    char context[33];
    struct lwm2m_account account;
};

#define BRIEFING_SCHEMES "https coaps coaps+tcp" /* of a briefing node, and of `next` of an instruction */

struct factory_briefing { /* a briefing node; uri "" if there is none */
    char uri[256];
    struct server_trust trust;
};

struct factory_access { /* the initial access of a PCID; napdef.apn "" if there is none */
    char imsi[16]; /* how a PCID begins; "": every card is one */
    struct napdef napdef;
    struct reach hosts; /* of the RO */
};

struct factory_access_point { /* for what names none; apn "" if there is none */
    char apn[101];
    enum napdef_ip ip_type;
};

enum { FACTORY_CONTEXTS = 4, FACTORY_KEYS = 4, FACTORY_ACCOUNTS = 4, FACTORY_LWM2MS = SETTINGS_LWM2M };

struct factory_data {
    bool present;
    char gateway_id[65], manufacturer[65], model[65], serial[65], hardware_version[65];
    char *roots_pem; /* concatenated trust roots; owned */
    char contexts[FACTORY_CONTEXTS][33];
    size_t context_count;
    char imei[16]; /* of the modem that the factory fitted; "" if not given */
    struct instruction_key instruction_key[FACTORY_KEYS];
    size_t instruction_keys;
    struct factory_briefing briefing;
    struct factory_access initial;
    struct factory_access_point access_point;
    struct factory_account account[FACTORY_ACCOUNTS];
    size_t accounts;
    struct factory_lwm2m lwm2m[FACTORY_LWM2MS]; /* in contexts without one of account */
    size_t lwm2ms;
};

#endif
