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

enum phase { PHASE_IDLE, PHASE_RESOLVING, PHASE_REGISTERING, PHASE_REGISTERED, PHASE_UPDATING, PHASE_RETRYING, PHASE_LEAVING };
enum event {
    EVENT_LEASE, EVENT_NO_LEASE,
    EVENT_ADDRESS,  /* the server's name is resolved */
    EVENT_ACCEPTED, /* 2.xx to Register or Update */
    EVENT_UNKNOWN,  /* the server does not know the registration (any more) */
    EVENT_LOST,     /* a session that had served well is dead */
    EVENT_FAILED,   /* anything else that went wrong; client->failure says what */
    EVENT_TIMER, EVENT_UPDATE, EVENT_STOP,
    EVENT_LEFT,     /* de-registered, or given up */
};
enum { EVENTS_MAX = 16, OBSERVATIONS_MAX = 32 };

struct posted {
    enum event event;
    uint64_t generation; /* of the session that it is about; 0: of none */
};

struct observation {
    bool used;
    struct coap_token token;
    struct path path;
    uint16_t format;
    uint32_t sequence;   /* RFC 7641 clause 3.4: grows with each notification */
    uint64_t sent_at;    /* loop milliseconds */
    uint64_t digest;     /* of the values last reported */
    double number;       /* value last reported, of a numeric resource */
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
    struct observation observations[OBSERVATIONS_MAX];
    struct records records;    /* scratch of one request */
};

/* registration.c */
void registration_post(struct lwm2m_client *c, enum event event, uint64_t generation);
void registration_close(struct lwm2m_client *c); /* session, name look-up and timer away */

/* device_management.c: one request of the server. */
void device_management_serve(struct lwm2m_client *c, const struct coap_request *request, struct coap_answer *answer);

/* discover.c */
void discover_put(struct lwm2m_client *c, struct writer *w, const struct path *p);
void discover_put_registration(struct writer *w); /* payload of Register */

/* reporting.c */
/* Adds or renews the observation of this token; the values just read are what was reported. False: no room, answer without Observe. */
bool reporting_observe(struct lwm2m_client *c, const struct coap_token *token, const struct path *p, uint16_t format, int64_t *sequence);
void reporting_cancel(struct lwm2m_client *c, const struct coap_token *token);
bool reporting_has(const struct lwm2m_client *c, const struct coap_token *token);
void reporting_clear(struct lwm2m_client *c);
void reporting_changed(struct lwm2m_client *c); /* values or attributes changed: looks at all observations from the loop, after the answer is out */

#endif
