/* SPDX-License-Identifier: Apache-2.0 */
/* What the object tables work on, for the server whose request it is. */
#ifndef LWM2M_OBJECTS_STATE_H
#define LWM2M_OBJECTS_STATE_H

#include "lwm2m/lwm2m.h"
#include "lwm2m/objects/servers.h"
#include "lwm2m/objects/system.h"
#include "model/napdef.h"

/* What the tables read and write. */
struct model;
struct staged;

struct objects {
    const struct model *model; /* what the server at work sees */
    struct staged *staged;     /* model_bootstrap only */
    struct servers *servers;   /* model_managed only */
    struct server_values *self; /* the server at work; among servers->at */
    const struct lwm2m_device *device;
    int64_t utc_minute;
    char utc_offset[8];      /* /3/0/14, as it was in that minute */
    uint8_t velocity[4];     /* /6/0/4, written by each Read of it */
    char validity[NAPDEF_VALIDITIES][8]; /* /11/x/8, the same */
    struct system_facts system;
};

#endif
