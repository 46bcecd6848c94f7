/* SPDX-License-Identifier: Apache-2.0 */
/* A smart card as agentd sees it: watched by agent-modemd, read whole when it appears, changes or is refreshed by its issuer. Decides nothing about what
 * it reads; asks again by itself when agent-modemd or the modem was away. */
#ifndef CARD_CARD_H
#define CARD_CARD_H

#include "base/loop.h"
#include "card/walk.h"

#define CARD_PCSC "pcsc" /* the reader that agent-modemd.conf names */

struct card;

struct card_events { /* from the loop only; the card may be freed from within */
    void (*reading)(void *user);
    void (*content)(void *user, const struct card_content *content);
    void (*failed)(void *user, const struct error *error, const char *iccid); /* iccid "" if not known */
    void (*absent)(void *user); /* no card, or no way to it now */
};

/* name: a modem's control port, or CARD_PCSC. dm_oid borrowed, or NULL. NULL without memory or listeners left. */
struct card *card_new(const struct loop *loop, struct access *access, const char *name, const char *dm_oid, const struct card_events *events, void *user);
void card_free(struct card *c);
const char *card_name(const struct card *c);
void card_read_again(struct card *c); /* soon: changes come in bursts */

#endif
