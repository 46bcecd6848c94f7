/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M 1.1 client for one server, over UDP, DTLS, TCP or TLS: registers, updates, serves the server's requests, notifies, de-registers. One coap_context a server. Objects are
 * tables (lwm2m/objects). Retries with back-off by itself; tells its state. */
#ifndef LWM2M_LWM2M_H
#define LWM2M_LWM2M_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "base/writer.h"
#include "lwm2m/endpoint.h"
#include "lwm2m/version.h"
#include "model/lease.h"
#include "model/place.h"
#include "model/settings.h"
#include "model/tree.h"

struct firmware;
struct software;
struct profiles;
struct rsp;
struct lwm2m_client;
struct lwm2m_device { /* object 3; borrowed for the client's life, values read at each Read; its functions must not call the client */
    const char *manufacturer, *model, *serial, *hardware_version, *firmware_version, *gateway_id;
    uint64_t (*current_time)(void *user); /* /3/0/13, Unix seconds */
    struct tree *tree; /* facts of modems and bearers, only read; NULL: none */
    const struct lwm2m_rules *rules; /* NULL: nothing allowed, nothing trusted */
    const char *root;  /* before the paths of system files; NULL: none */
    bool (*request_bootstrap)(void *user, uint16_t short_server_id); /* Execute /1/x/9, of that server's account: as reboot */
    /* The agent's history as text, the part behind `after` up to `until`; the number of its newest event. NULL: no object 20. */
    size_t (*history)(void *user, uint64_t after, uint64_t until, char *out, size_t cap);
    uint64_t (*history_last)(void *user);
    struct firmware *firmware; /* object 5; NULL: none */
    struct software *software; /* object 9; NULL: none */
    void (*place)(void *user, struct place *out); /* object 6; NULL: none */
    void (*measure)(void *user); /* the radio's values are read: the modem is asked anew, for the next Read or an observer; NULL: nobody is */
    struct profiles *profiles; /* what servers write to object 11; NULL: nothing */
    struct rsp *rsp;   /* object 504; NULL: none */
    bool (*reboot)(void *user); /* Execute /3/0/4: starts a reboot soon, after the answer; false or NULL: refused (4.05) */
    bool (*factory_reset)(void *user); /* Execute /3/0/5: as reboot */
    void (*prefer)(void *user, const char *mode); /* Write of /13/0/0, one of the Modem's PreferableModes: soon, after the answer; NULL: no object 13 */
    enum lwm2m_version version; /* the highest that servers are told */
    bool queue_mode;   /* registers with Q wherever the account does not say otherwise */
    uint32_t awake_s;  /* queue mode: reachable for so long after a message; 0: MAX_TRANSMIT_WAIT, 93 s */
    void *user;
};

enum lwm2m_state { LWM2M_IDLE, LWM2M_CONNECTING, LWM2M_REGISTERED, LWM2M_RETRYING, LWM2M_STOPPED, LWM2M_ASLEEP /* registered, queue mode */ };
struct lwm2m_status {
    enum lwm2m_state state;
    char location[128];     /* registration path, "" if none */
    uint64_t last_contact;  /* loop milliseconds, 0: never; as the next one */
    uint64_t next_contact;
    struct error error;     /* of the last failure; cleared by success */
    bool exhausted;         /* retrying, all its attempts are over, and the server wants a bootstrap then (/1/x/16) */
};
typedef void lwm2m_state_fn(void *user, const struct lwm2m_status *status); /* called from the loop at each change of state */

/* account and lease are copied (key into locked memory). */
struct lwm2m_client *lwm2m_client_new(const struct loop *loop, const struct lwm2m_account *account, const struct lease *lease,
                                      const struct lwm2m_device *device, lwm2m_state_fn *fn, void *user, struct error *err);
/* A new lease (bearer is up again): new session and Register. NULL: no connectivity now, wait. */
void lwm2m_client_set_lease(struct lwm2m_client *c, const struct lease *lease);
void lwm2m_client_update(struct lwm2m_client *c); /* Update (or Register) now; an SMS trigger wakes so, if lwm2m_client_triggered is true */
uint16_t lwm2m_client_server_id(const struct lwm2m_client *c);
uint16_t lwm2m_client_instance(const struct lwm2m_client *c); /* of object 1, as its registration lists it */
const struct endpoint *lwm2m_client_endpoint(const struct lwm2m_client *c); /* the client's */
bool lwm2m_client_triggered(const struct lwm2m_client *c); /* the server allows it (/1/x/21) */
/* Sends the values at paths ("/3/0/13 /4") to the server, which allowed it (/1/x/23); format: senml-cbor ("" too), senml-json, lwm2m-cbor. fn once, with the
 * server's answer: error NULL or SERVER_STATUS, TIMEOUT, CONNECT. NOT_READY, NOT_SUPPORTED, POLICY (muted), BUSY, INVALID, NOT_FOUND, TOO_LARGE: no fn. */
typedef void lwm2m_sent_fn(void *user, const struct error *error);
enum error_code lwm2m_client_send(struct lwm2m_client *c, const char *paths, const char *format, lwm2m_sent_fn *fn, void *user, struct error *err);
/* De-registers and stays away for so long (0: until lwm2m_client_update). */
void lwm2m_client_disable(struct lwm2m_client *c, uint32_t seconds);
void lwm2m_client_changed(struct lwm2m_client *c); /* facts of the device changed: observers, and a changed list of objects, are told */
/* De-registers (at most 5 s) and calls fn once from the loop; the client is freed before. fn may be NULL. The state function is not called any more. */
void lwm2m_client_stop(struct lwm2m_client *c, void (*fn)(void *user), void *user);
void lwm2m_client_free(struct lwm2m_client *c); /* at once, without de-registration */
const char *lwm2m_state_name(enum lwm2m_state s); /* idle, connecting, registered, retrying, disabled, asleep */
/* What the clients of one gateway share: the servers, the rights of object 2, the objects that are the gateway's own. */
struct servers *lwm2m_servers_new(void);
void lwm2m_servers_free(struct servers *s); /* no client is in it any more; NULL is fine */
/* From now on c is one of these servers; a client that joined nobody is its only server. At most SERVERS_MAX: else it stays alone. */
void lwm2m_client_join(struct lwm2m_client *c, struct servers *s);
void lwm2m_servers_forget(struct servers *s, uint16_t short_server_id); /* its account is gone for good: its rights and what it owned go to others */
void lwm2m_servers_fresh(struct servers *s, uint16_t instance); /* of object 1: another account than was there; rights on that one are not its own */
/* For who keeps things over a restart. keep: store it all now, the answer waits; false: refuse. changed: something did, store it soon (both from inside requests). */
void lwm2m_servers_watch(struct servers *s, bool (*keep)(void *user), void (*changed)(void *user), void *user);
/* What servers wrote, as octets: rights and objects of the gateway; of one client the values of its account and the attributes. Read: false and nothing
 * changed if they are none. At most LWM2M_KEPT_MAX octets. */
enum { LWM2M_KEPT_MAX = 16384 };
void lwm2m_servers_write(const struct servers *s, struct writer *w);
bool lwm2m_servers_read(struct servers *s, struct slice in);
void lwm2m_client_write(const struct lwm2m_client *c, struct writer *w);
bool lwm2m_client_read(struct lwm2m_client *c, struct slice in); /* before it joins: it gets the instance of object 1 that it had */

#endif
