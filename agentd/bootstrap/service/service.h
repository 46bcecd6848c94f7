/* SPDX-License-Identifier: Apache-2.0 */
/* What is installed and in service: the kept bearer, the LwM2M clients, the accounts. Shows them in the tree, keeps Manager.State. During a bootstrap
 * it also runs the trial client that proves a new account, and takes it over when the job is committed. */
#ifndef BOOTSTRAP_SERVICE_H
#define BOOTSTRAP_SERVICE_H

#include "bootstrap/service/renewal.h"

struct service;

typedef void service_proved_fn(void *user, const struct error *error);
typedef void service_account_fn(void *user, enum error_code status, const struct dm_account *account); /* wiped after the call */

struct service *service_new(struct site *site);
void service_free(struct service *s); /* at once */
/* Loads what is installed; call when the TRE is ready (again): what is loaded already stays. */
void service_start(struct service *s);
/* De-registers everywhere (at most 5 s), then fn once from the loop. */
void service_stop(struct service *s, void (*fn)(void *user), void *user);
/* From bearer events: the lease of the kept bearer, NULL while it is down. */
void service_bearer(struct service *s, const struct lease *lease);
/* Modem, SIM, serving network, roaming policy or clock changed: which bearer is kept, and whether any may be, is judged again. */
void service_look(struct service *s);
void service_set_bootstrapping(struct service *s, bool running);

/* Registers account over lease beside what is in service; fn once: NULL when registered, else why (60 s). */
void service_prove(struct service *s, const struct lwm2m_account *account, const char *context, const struct lease *lease,
                   service_proved_fn *fn, void *user);
void service_drop_trial(struct service *s); /* no fn any more */
/* After commit: the trial becomes the account of its context, former ones of the context end; loads the new bearer and accounts. */
void service_adopt(struct service *s, const char *context);
/* What a bootstrap left of object 2 (NULL: nothing) into the open transaction, for service_adopt. */
void service_write_rights(struct site *site, const struct access_rights *rights);
/* After a roll-back: the kept bearer comes back. */
void service_restore(struct service *s);
/* The installed DM account of context, opened for one session. NOT_FOUND. */
void service_dm_account(struct service *s, const char *context, service_account_fn *fn, void *user);
/* The installed DM account of the server with that id, as it is in the store: sealed octets and their row. False if there is none. */
bool service_dm_find(struct service *s, struct slice server_id, struct item_row *row, void *buf, size_t cap, size_t *len);
void service_dm_open(struct service *s, const struct item_row *row, service_account_fn *fn, void *user);
/* What a session of that account came to; error NULL while it runs (contact false) or when it ended well. */
void service_dm_show(struct service *s, const struct item_row *row, const char *state, bool contact, const struct error *error);
/* The way of what is installed in context: its kept bearer, or the host's uplink. False while that bearer is down. */
bool service_lease(struct service *s, const char *context, struct lease *out);
/* By a LwM2M trigger, which says nothing but an instance of the Server object (Core TS 1.1.1 clauses 6.2.1.2 and 6.1.3.4): the account that has this instance in
 * the registrations, and for a bootstrap the bootstrap server of that account's context, as Execute. NOT_READY: no account in service; NOT_FOUND: none is that
 * instance, or its context has no bootstrap server; POLICY: its server wants no triggers (/1/x/21); and what renewal_begin says. */
enum error_code service_update_instance(struct service *s, uint16_t instance, struct error *err);
enum error_code service_bootstrap_instance(struct service *s, uint16_t instance, struct error *err);
/* How the bootstrap servers of contexts are asked again; owned by the service. */
struct renewal *service_renewal(struct service *s);
/* D-Bus Account.Update. */
enum error_code service_update(struct service *s, const char *account_id, struct error *err);

#endif
