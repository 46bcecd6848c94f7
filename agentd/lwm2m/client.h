/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the room: the client of one server and how its files reach each other. registration.c moves it from state to state; the others
 * serve requests and report values. */
#ifndef LWM2M_CLIENT_H
#define LWM2M_CLIENT_H

#include "base/secret.h"
#include "lwm2m/attributes.h"
#include "lwm2m/coap.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/objects/objects.h"
#include "net/https.h"

struct observation;

enum phase { PHASE_IDLE, PHASE_RESOLVING, PHASE_REGISTERING, PHASE_REGISTERED, PHASE_UPDATING, PHASE_RETRYING, PHASE_LEAVING,
             PHASE_DISABLING, PHASE_DISABLED };
enum event {
    EVENT_LEASE, EVENT_NO_LEASE,
    EVENT_ADDRESS,  /* the server's name is resolved */
    EVENT_ACCEPTED, /* 2.xx to Register or Update */
    EVENT_UNKNOWN,  /* the server does not know the registration (any more) */
    EVENT_OLDER,    /* the server wants an older version of LwM2M */
    EVENT_LOST,     /* a session that had served well is dead */
    EVENT_FAILED,   /* anything else that went wrong; client->failure says what */
    EVENT_TIMER, EVENT_UPDATE,
    EVENT_DISABLE,  /* Execute /1/x/4 */
    EVENT_STOP,
    EVENT_LEFT,     /* de-registered, or given up */
};
enum { EVENTS_MAX = 16, OBSERVATIONS_MAX = 16384, LINKS_MAX = 1024 /* payload of Register: one datagram */ };

struct posted {
    enum event event;
    uint64_t generation; /* of the session that it is about; 0: of none */
};

struct lwm2m_client {
    const struct loop *loop;
    struct lwm2m_account account; /* without the key */
    struct secret *key;
    struct lease lease;
    struct lwm2m_device device;
    lwm2m_state_fn *fn;
    void *user;
    void (*stopped)(void *user);
    void *stopped_user;

    enum phase phase;
    struct posted queue[EVENTS_MAX];
    size_t queued;
    uint64_t step_timer, timer, report_timer;
    char host[256];
    uint16_t port;
    struct resolve *resolve;
    struct ip_address address; /* of the server, for the next session */
    struct coap_link *link;
    uint64_t generation;       /* grows with each session */
    struct coap_token token;   /* of the request under way */
    unsigned attempts;         /* failures in a row */
    uint64_t registered_at;
    bool update_again;         /* asked for while one was under way */
    struct error failure;
    struct lwm2m_status status;

    struct objects objects;
    struct attribute_table attributes;
    bool version_1_0;          /* negotiated down, until the session ends */
    bool leased;               /* there is connectivity */
    char links[LINKS_MAX];     /* what the server was told that we have */
    size_t links_len;
    struct observation *observations; /* of reporting.c */
    size_t observed, observations_room;
    struct records records;    /* scratch of one request */
};

/* registration.c */
void registration_post(struct lwm2m_client *c, enum event event, uint64_t generation);
void registration_changed(struct lwm2m_client *c); /* an Update, if the list of objects is not what the server was told */
void registration_close(struct lwm2m_client *c); /* session, name look-up and timer away */

#endif
