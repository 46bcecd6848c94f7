/* SPDX-License-Identifier: Apache-2.0 */
/* What agent-usimd.conf says (agent-usimd.conf(5)): which programs are served, and with which MIDs. */
#ifndef USIMD_SETTINGS_H
#define USIMD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SETTINGS_IKE = 8, SETTINGS_UA = 5 };

struct ike_setting { /* a group [ike NAME]; texts are owned */
    char *name, *naf, *peer; /* peer: identity of the responder, the NAF's name unless given */
    char *identity, *mid;    /* NULL: the B-TID; whichever MID is ACTIVE */
    uint8_t ua[SETTINGS_UA]; /* Ua security protocol identifier (TS 33.220 annex H) */
    char **keys, **values;   /* of [ike NAME connection], parallel, NULL-terminated; NULL: the connection is somebody else's */
};

struct usimd_settings { /* texts are owned; NULL: not served, or no choice made */
    char *wpa_folder, *wpa_mid;
    char *card_host;
    uint16_t card_port;
    bool card_inline;
    char *card_usim, *card_isim;
    char *vici_socket;
    struct ike_setting ike[SETTINGS_IKE];
    size_t ikes;
};

/* An absent file is an empty one unless must_exist. INVALID with what and where: unknown groups and keys are refused. */
enum error_code usimd_settings_read(const char *path, bool must_exist, struct usimd_settings *out, struct error *err);
void usimd_settings_clear(struct usimd_settings *s);

#endif
