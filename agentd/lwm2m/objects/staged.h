/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts while a bootstrap server writes them: instances of objects 0 and 1 as they stand, not yet checked against each other. Holds keys: lives in
 * wiped memory only. */
#ifndef LWM2M_OBJECTS_STAGED_H
#define LWM2M_OBJECTS_STAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/account.h"

enum { STAGED_MAX = 6 };
enum security_mode { SECURITY_PSK = 0, SECURITY_RPK = 1, SECURITY_CERTIFICATE = 2, SECURITY_NONE = 3 }; /* /0/x/2 */

struct staged_security {
    bool used, bootstrap;
    uint16_t id;
    uint8_t mode;             /* enum security_mode */
    char uri[256];
    uint8_t identity[128];
    size_t identity_len;
    uint8_t key[64];
    size_t key_len;
    uint16_t short_server_id; /* 0: not written */
    uint32_t hold_off;        /* seconds */
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
};

#endif
