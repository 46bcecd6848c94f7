/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service.c and the files beside it: the accounts in service, what is kept of their servers' writes, what people do with accounts. */
#ifndef BOOTSTRAP_SERVICE_ROOM_H
#define BOOTSTRAP_SERVICE_ROOM_H

#include "bootstrap/service/access_point.h"
#include "bootstrap/service/account_key.h"
#include "bootstrap/service/fallback.h"
#include "bootstrap/service/mode_choice.h"
#include "bootstrap/service/purge.h"
#include "bootstrap/service/service.h"
#include "bootstrap/way/ways.h"
#include "lwm2m/lwm2m.h"

enum { ENTRIES = 8 };
#define SERVICE_LOCAL "local" /* context of accounts that were added by hand */

struct entry {
    struct service *service;
    char id[STORE_NAME], context[STORE_NAME];
    bool used, trial, cellular, bootstrap;
    bool waits; /* for the other accounts, which may come before it in the order */
    uint32_t call; /* unsealing */
    bool kept, changed; /* the store has its registration; it is another one since */
    uint32_t sealing;   /* its registration */
    bool made, fresh;       /* fresh: of a new bootstrapping. Its key is made anew for it, by service/key.c: */
    struct account_key *key;      /* being made */
    struct lwm2m_account *opened; /* meanwhile; wiped pages */
    uint64_t renew_timer, renew_delay_ms;
    struct purge purge; /* of a bootstrap server's account */
    struct lwm2m_client *client;
    struct lwm2m_status status;
    struct node *node;
};

struct service {
    struct site *site;
    struct renewal *renewal;
    struct entry entry[ENTRIES];
    struct fallback fallback[FACTORY_CONTEXTS]; /* as the contexts of the factory data */
    uint64_t begun; /* loop milliseconds */
    struct lease lease; /* of the kept bearer */
    bool has_lease, bootstrapping, loaded; /* loaded: what is installed has its entries */
    struct access_point *access_point;
    struct mid_profiles *mid_profiles;
    struct mode_choice mode_choice;
    struct ways *ways;
    struct lwm2m_device device;
    struct servers *servers;
    uint64_t save_timer;
    struct lwm2m_rules rules;
    service_proved_fn *proved;
    void *proved_user;
    uint64_t prove_timer;
    size_t stopping;
    void (*stopped)(void *user);
    void *stopped_user;
};

/* service.c */
struct entry *service_entry(struct service *s, const char *account_id, struct error *err); /* by its node; NOT_FOUND */
struct entry *service_entry_of(struct service *s, uint16_t short_server_id); /* in session with that server; NULL: none */
void service_facts_changed(struct service *s); /* modem, bearer, firmware or identities are not what they were: the LwM2M servers that watch them are told */
const struct entry *service_bootstrap_entry(const struct service *s, const char *context); /* of its bootstrap server; NULL: none */
enum error_code entry_request_bootstrap(struct entry *e, struct error *err); /* of the entry's context. NOT_FOUND: it has none; and what renewal_begin says */
void entry_end(struct entry *e, bool politely);
/* The account is gone from the store, or is another one: what its server wrote is void; its rights too, if no account has that server now. */
void entry_replace(struct entry *e);

/* The account is complete: its client begins, in place of one that it has. */
void entry_open(struct entry *e, const struct lwm2m_account *account);
void entry_unseal(struct entry *e); /* begins to open the account anew */
void service_release(struct service *s); /* those that wait get their lease, when all accounts are open */
void entry_show(struct entry *e, const struct lwm2m_account *account); /* in the tree, and its status */

void service_show_error(struct node *n, const struct error *e); /* NULL: none */

/* service/dm.c */
void service_dm_load(struct service *s);     /* all of the store into the tree */
void service_dm_hide_old(struct service *s); /* those whose place another server's took leave it */

/* service/bootstrap_again.c: the entry's registration failed for good */
void entry_fall_back(struct entry *e);

/* service/key.c: accounts whose keys the store does not have. */
void entry_key_make(struct entry *e, const struct lwm2m_account *account); /* then entry_open */
void entry_key_watch(struct entry *e, const struct lwm2m_account *account); /* another key before this one ends */
void entry_key_again(struct entry *e); /* the server refused it, or it could not be made: with back-off */
void entry_key_end(struct entry *e);

void service_fill_device(struct service *s); /* service/device.c: s->device, which the clients share */

#endif
