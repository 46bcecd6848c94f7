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
#include "lwm2m/retry.h"
#include "net/https.h"

struct observation;

enum phase { PHASE_IDLE, PHASE_RESOLVING, PHASE_REGISTERING, PHASE_REGISTERED, PHASE_UPDATING, PHASE_RETRYING,
             PHASE_LEAVING, PHASE_DISABLING, PHASE_DISABLED, PHASE_WAITING, PHASE_ASLEEP, PHASE_OFFLINE, PHASE_RESUMING };
enum event {
    EVENT_LEASE, EVENT_NO_LEASE,
    EVENT_ADDRESS,  /* the server's name is resolved */
    EVENT_ACCEPTED, /* 2.xx to Register or Update */
    EVENT_UNKNOWN,  /* the server does not know the registration (any more) */
    EVENT_OLDER,    /* the server wants an older version of LwM2M */
    EVENT_LOST,     /* a session that had served well is dead */
    EVENT_FAILED,   /* anything else that went wrong; client->failure says what */
    EVENT_TIMER, EVENT_UPDATE,
    EVENT_DISABLE, EVENT_STOP, /* Execute /1/x/4, or the administrator; the account goes */
    EVENT_LEFT,     /* de-registered, or given up */
    EVENT_TURN,     /* a server before this one in the order registered or gave up */
    EVENT_REST,     /* queue mode: nothing was said for the awake time */
    EVENT_WAKE,     /* something was said */
    EVENT_RETURN,   /* the lease is back as it was, and so may be the session; or that of before a restart is; or that of the last try */
    EVENT_KEPT,     /* as address, with a registration of before a restart */
    EVENT_ENABLE,   /* told to register, while it de-registers */
};
enum { EVENTS_MAX = 16, OBSERVATIONS_MAX = 16384, LINKS_MAX = 1024 /* payload of Register: one datagram */ };

struct posted {
    enum event event;
    uint64_t generation; /* of the session that it is about; 0: of none */
};
struct lwm2m_client {
    const struct loop *loop;
    struct endpoint *endpoint; /* with the account */
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
    struct resolve *resolve;
    struct ip_address address; /* of the server, for the next session */
    struct coap_link *link;
    uint64_t generation;       /* grows with each session */
    struct coap_token token;   /* of the request under way */
    unsigned attempts;         /* failures in a row */
    bool again;                /* the session is that of a Register that was not answered */
    uint64_t registered_at;
    bool update_again, begun;  /* asked for while one was under way; the initial delay is over */
    uint64_t update_due, lost_at, awake_until; /* loop milliseconds: of the next Update; of the end of the registration; queue mode */
    uint32_t disable_s;        /* by the administrator, UINT32_MAX: until told otherwise; 0: as the server says */
    struct lease session_lease; /* over which the session runs */
    struct error failure;
    struct lwm2m_status status;

    struct server_values server; /* among those of objects.servers */
    struct servers *own;       /* of a client that joined nobody, else NULL */
    struct objects objects;
    struct attribute_table attributes;
    struct sending *sending;   /* of send.c */
    uint8_t connection[256];   /* what send.c last told unasked */
    size_t connection_len, kept_octets; /* the latter: of notifications that wait */
    enum lwm2m_version version; /* as the server was told: negotiated down until the session ends */
    bool leased;               /* there is connectivity */
    char links[LINKS_MAX];     /* what the server was told that we have */
    size_t links_len;
    bool held;                 /* the server cannot be told now: notifications are kept or dropped (/1/x/6) */
    struct resume *resume;     /* of resume.c: a registration of before a restart, until it is taken up or void */
    void (*watcher)(void *user); /* of what is kept of the registration */
    void *watcher_user;
    struct observation *observations; /* of reporting.c */
    size_t observed, observations_room;
    struct records records;    /* scratch of one request */
};

/* registration.c */
void registration_post(struct lwm2m_client *c, enum event event, uint64_t generation);
void registration_changed(struct lwm2m_client *c); /* an Update, if the list of objects is not what the server was told */
void registration_close(struct lwm2m_client *c); /* session, name look-up and timer away */
void registration_settle(struct servers *s); /* posts what requests asked of the registrations */
void registration_spoke(struct lwm2m_client *c); /* a message went or came: in queue mode it stays awake */
void registration_speak(struct lwm2m_client *c, enum lwm2m_version version); /* to this server, from now on */
void registration_unsettle(struct lwm2m_client *c); /* what is kept of it over a restart is void */

#endif
