/* SPDX-License-Identifier: Apache-2.0 */
/* The access point that a server wrote and that is not proved yet, over a restart: sealed in the store before the server has its answer, so that a kill at any
 * moment loses nothing that was accepted. One at a time. */
#ifndef BOOTSTRAP_DRAFT_H
#define BOOTSTRAP_DRAFT_H

#include "bootstrap/service/room.h"
#include "lwm2m/profiles.h"
#include "model/napdef.h"

enum { DRAFT_TRIALS = 2 /* one that a restart cut off is tried once more */, DRAFT_SEALED_MAX = 8192 };

struct draft_head {
    char bearer[PROFILE_ID];
    char account[STORE_NAME]; /* of whose server it is */
    uint16_t server;
    bool created;   /* nothing is installed under that id yet */
    uint8_t trials; /* that began */
};

/* In one transaction with all else that servers wrote (kept.h), in place of an earlier one. Waits for the TRE (trust/ask.h). Its errors and the store's. */
enum error_code draft_keep(struct service *s, const struct draft_head *head, const struct napdef *napdef, struct error *err);
bool draft_find(struct store *store, struct draft_head *head); /* false: there is none */
/* Opens the one that there is: fn once from the loop with the octets of its NAPDEF, or why not. Returns the call, for trust_cancel. */
uint32_t draft_open(struct site *site, trust_octets_fn *fn, void *user);
/* One more trial of it begins; in a transaction of its own. The store's errors. */
enum error_code draft_count(struct site *site, struct error *err);
void draft_erase(struct site *site); /* in the open transaction */
void draft_end(struct site *site);   /* the same in one of its own, if there is one; a failure is reported */

#endif
