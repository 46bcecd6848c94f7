/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers of one gateway share: who they are, each with the values of its instance of object 1; who may do what (object 2); the objects that are the
 * gateway's own. One for all clients; the tables read and write it, clients join and leave (lwm2m/servers.c). */
#ifndef LWM2M_OBJECTS_SERVERS_H
#define LWM2M_OBJECTS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/objects/places.h"
#include "model/access_rights.h"
#include "model/account.h"

enum { SERVERS_MAX = 8, DISABLE_TIMEOUT_S = 86400 /* /1/x/5, default */ };
enum effect { EFFECT_UPDATE = 1, EFFECT_LIFETIME = 2, EFFECT_OBJECTS = 4, EFFECT_DISABLE = 8, EFFECT_BINDING = 16 }; /* what is asked of the registration */
enum server_resource { /* of object 1 (Core TS 1.1.1 appendix E.2): numbers and booleans */
    SERVER_PMIN = 2, SERVER_PMAX = 3, SERVER_DISABLE_TIMEOUT = 5, SERVER_STORING = 6, SERVER_APN_LINK = 10, SERVER_BOOTSTRAPPED = 12,
    SERVER_PRIORITY = 13, SERVER_INITIAL_DELAY = 14, SERVER_FAILURE_BLOCK = 15, SERVER_BOOTSTRAP_ON_FAILURE = 16, SERVER_RETRY_COUNT = 17,
    SERVER_RETRY_TIMER = 18, SERVER_SEQUENCE_DELAY = 19, SERVER_SEQUENCE_COUNT = 20, SERVER_TRIGGER = 21, SERVER_MUTE_SEND = 23, SERVER_NOTIFICATION_MODE = 26,
};

struct lwm2m_client;

struct server_values {
    uint16_t instance;          /* of object 1 */
    uint16_t short_server_id;
    uint32_t lifetime;          /* seconds */
    struct lwm2m_server_settings set;
    bool stream;                /* it is reached over TCP */
    unsigned effects;           /* enum effect, set by write and execute, taken by the registration */
    struct lwm2m_client *client; /* whose account it is; not for the tables */
};

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

/* Object 20: the part of the history that is read. */
struct event_log {
    bool running;
    uint64_t after, until; /* numbers of events; until 0: no end */
};

enum { SEVERITY_MAX = 2 };
struct objects;
struct servers {
    struct server_values *at[SERVERS_MAX]; /* ascending instances */
    size_t count;
    struct access_row access[ACCESS_ROWS];
    bool held; /* servers and objects are still to come: rows of what is not there stay */
    struct portfolio portfolio[PORTFOLIOS];
    struct statistics statistics;
    struct event_log event_log;
    struct places profiles;   /* object 11: nodes of Bearers */
    uint8_t severity;         /* /5/0/11 and one; 0: the default */
    uint32_t defer;           /* /5/0/13, seconds */
    bool (*keep)(void *user);    /* lwm2m_servers_watch; NULL: nobody keeps it */
    void (*changed)(void *user); /* the same; NULL: nobody asks */
    void *user;
};

/* The value, or what is taken while none was written. */
static inline uint32_t server_value(const struct server_values *v, enum server_resource which, uint32_t otherwise)
{
    return v->set.written & 1u << which ? v->set.value[which] : otherwise;
}
struct server_values *server_first(const struct servers *s); /* lowest priority order, then lowest short server id; NULL: there is none */
/* What the server of o wrote to object 16 while it was alone becomes the gateway's: under the same number, unless that is another server's. */
void portfolio_move(struct objects *o, struct servers *from);
void servers_effect(struct servers *s, unsigned effects);    /* for all of them */
bool servers_keep(const struct servers *s); /* what a request changed is stored now, and its answer may go out; false: nothing of it is */

#endif
