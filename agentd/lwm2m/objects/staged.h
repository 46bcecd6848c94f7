/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts while a bootstrap server writes them: instances of objects 0, 1 and 2 as they stand, not yet checked against each other. Holds keys: lives in
 * wiped memory only. */
#ifndef LWM2M_OBJECTS_STAGED_H
#define LWM2M_OBJECTS_STAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/access_rights.h"
#include "model/account.h"

enum { STAGED_MAX = 6 };

struct staged_security {
    bool used, bootstrap;
    bool ciphers, oscore;     /* /0/x/16, /0/x/17 ask for what this client has not */
    uint16_t id;
    uint8_t mode;             /* enum lwm2m_mode */
    char uri[256];
    uint8_t identity[LWM2M_CERTIFICATE_MAX]; /* or certificate */
    size_t identity_len;
    uint8_t server[LWM2M_CERTIFICATE_MAX];
    size_t server_len;
    uint8_t key[LWM2M_PRIVATE_KEY_MAX];
    size_t key_len;
    uint16_t short_server_id; /* 0: not written */
    uint8_t matching, usage, selector; /* selector: of what server is, as in struct lwm2m_x509 */
    bool device;              /* by the device certificate, or: */
    enum lwm2m_key key_from;
    struct lwm2m_gba gba;     /* what makes the key for each session; void as soon as a server writes mode, identity or key */
    char sni[129];
    uint32_t hold_off, timeout; /* seconds */
};

struct staged_server {
    bool used;
    uint16_t id, short_server_id;
    uint32_t lifetime; /* seconds */
    struct lwm2m_server_settings set;
};

struct staged {
    struct staged_security security[STAGED_MAX];
    struct staged_server server[STAGED_MAX];
    struct access_rights rights;
};

#endif
