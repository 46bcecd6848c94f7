/* SPDX-License-Identifier: Apache-2.0 */
/* What is installed and in service: the kept bearer, the LwM2M clients, the accounts. Shows them in the tree, keeps Manager.State. During a bootstrap
 * it also runs the trial client that proves a new account, and takes it over when the job is committed. */
#ifndef BOOTSTRAP_SERVICE_H
#define BOOTSTRAP_SERVICE_H

#include "bootstrap/site.h"

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
void service_set_bootstrapping(struct service *s, bool running);

/* Registers account over lease beside what is in service; fn once: NULL when registered, else why (60 s). */
void service_prove(struct service *s, const struct lwm2m_account *account, const char *context, const struct lease *lease,
                   service_proved_fn *fn, void *user);
void service_drop_trial(struct service *s); /* no fn any more */
/* After commit: the trial becomes the account of its context, former ones of the context end; loads the new bearer and accounts. */
void service_adopt(struct service *s, const char *context);
/* After a roll-back: the kept bearer comes back. */
void service_restore(struct service *s);
/* The installed DM account of context, opened for one session. NOT_FOUND. */
void service_dm_account(struct service *s, const char *context, service_account_fn *fn, void *user);
/* D-Bus Account.Update. */
enum error_code service_update(struct service *s, const char *account_id, struct error *err);

#endif
