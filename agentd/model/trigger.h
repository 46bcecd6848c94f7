/* SPDX-License-Identifier: Apache-2.0 */
/* The values that travel through the pipeline: start gives a trigger, briefing a briefing, execution a struct settings (completed). */
#ifndef MODEL_TRIGGER_H
#define MODEL_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/settings.h"

/* SEC values of OMA ProvBoot 5.2 */
enum push_sec { PUSH_NETWPIN = 0, PUSH_USERPIN = 1, PUSH_USERNETWPIN = 2, PUSH_USERPINMAC = 3 };

struct trigger {
    uint8_t hash[32];          /* of the whole message: its replay id */
    char source[16];           /* sms-mm, sms-qmi, file */
    char context[33];          /* usim, m2m */
    enum push_sec sec;         /* how it was authenticated */
    struct settings *settings; /* owned; what the document asks for */
};

enum mechanism { MECHANISM_OMADM };

struct briefing {
    enum mechanism mechanism;
    bool needs_ip;
    const struct dm_account *account; /* inside the trigger's settings */
    const struct napdef *napdef;      /* way to the server; NULL: any uplink */
};

#endif
