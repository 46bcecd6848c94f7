/* SPDX-License-Identifier: Apache-2.0 */
/* What agent-usimd.conf says (agent-usimd.conf(5)): which programs are served, and with which MIDs. */
#ifndef USIMD_SETTINGS_H
#define USIMD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct settings { /* texts are owned; NULL: not served, or no choice made */
    char *wpa_folder, *wpa_mid;
    char *card_host;
    uint16_t card_port;
    bool card_inline;
    char *card_usim, *card_isim;
};

/* An absent file is an empty one unless must_exist. INVALID with what and where: unknown groups and keys are refused. */
enum error_code settings_read(const char *path, bool must_exist, struct settings *out, struct error *err);
void settings_clear(struct settings *s);

#endif
