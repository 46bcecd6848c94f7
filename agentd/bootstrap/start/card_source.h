/* SPDX-License-Identifier: Apache-2.0 */
/* Start stage: smart cards as a source of triggers. What a card holds is offered to the inbox once for each content: unchanged content does nothing, another
 * content replaces what that card (or the card before it) brought, by a job with proof and roll-back. Trust is possession of the card: its data never touch
 * what another source has installed, and nothing without security is accepted (LwM2M TS 1.0 appendix G, Bootstrap from Smartcard). */
#ifndef BOOTSTRAP_START_CARD_SOURCE_H
#define BOOTSTRAP_START_CARD_SOURCE_H

#include "access/access.h"
#include "bootstrap/site.h"

struct card_source;

/* Gives a message of source "card" to the inbox; done (never NULL) is called once from the loop. */
typedef void card_offer_fn(void *user, struct slice message, void (*done)(void *user, const struct error *error), void *done_user);

/* dm_oid: as for pkcs15_dodf_next, borrowed. NULL without memory. */
struct card_source *card_source_new(struct site *site, struct access *access, const char *dm_oid, card_offer_fn *offer, void *user);
void card_source_free(struct card_source *cs); /* NULL is fine */
/* True when each slot has said what is in it: a card that was read or cannot be, or none. A modem that is awaited has not. */
bool card_source_known(const struct card_source *cs);
/* The modem, the TRE or a job changed: watches the primary modem's card, shows states, reads again what had to wait. */
void card_source_look(struct card_source *cs);

#endif
