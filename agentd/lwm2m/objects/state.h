/* SPDX-License-Identifier: Apache-2.0 */
/* The values behind the object tables, as far as they are the client's own. */
#ifndef LWM2M_OBJECTS_STATE_H
#define LWM2M_OBJECTS_STATE_H

#include "lwm2m/lwm2m.h"
#include "lwm2m/objects/places.h"
#include "lwm2m/objects/system.h"

enum { DISABLE_TIMEOUT_S = 86400 }; /* /1/x/5, default */
enum effect { EFFECT_UPDATE = 1, EFFECT_LIFETIME = 2, EFFECT_OBJECTS = 4, EFFECT_DISABLE = 8 }; /* what a Write or Execute asks of the registration */

/* Object 16: identities of the host device that a server keeps here. */
enum { PORTFOLIOS = 4, PORTFOLIO_IDENTITIES = 4, PORTFOLIO_TEXT = 64 };
struct portfolio {
    bool used;
    char identity[PORTFOLIO_IDENTITIES][PORTFOLIO_TEXT + 1]; /* "": no such instance */
};

/* Object 7: octets that the connected bearer carried since Start. */
struct statistics {
    bool started, running;
    uint64_t sent, received;
    uint64_t last_sent, last_received; /* what the interface said last */
};

/* What the tables read and write: the state of the server's account, and the device. */
struct model;
struct staged;

struct objects {
    const struct model *model; /* what the server at work sees */
    struct staged *staged;     /* model_bootstrap only */
    uint16_t short_server_id;
    uint32_t lifetime;       /* /1/0/1, seconds */
    uint32_t pmin, pmax;     /* /1/0/2, /1/0/3: defaults for attributes; 0: none */
    bool store_notifications; /* /1/0/6 */
    const struct lwm2m_device *device;
    unsigned effects;        /* enum effect, set by write and execute, taken by the caller */
    long utc_minutes;
    char utc_offset[8];      /* /3/0/14, written when the minutes change */
    struct portfolio portfolio[PORTFOLIOS];
    uint32_t disable_timeout; /* /1/0/5, seconds */
    struct system_facts system;
    struct statistics statistics;
    uint8_t severity;         /* /5/0/11 and one; 0: the default */
    uint32_t defer;           /* /5/0/13, seconds */
    struct places profiles;   /* object 11: nodes of Bearers */
};

#endif
