/* SPDX-License-Identifier: Apache-2.0 */
/* Cards that are watched and read for the peers of the server: one back end each, one read at a time each. */
#ifndef MODEMD_CARDS_H
#define MODEMD_CARDS_H

#include "base/loop.h"
#include "modemd/card_read.h"
#include "modemd/settings_file.h"

struct cards;

struct cards_events { /* called from the loop only; owner is the one that asked */
    void (*answer)(void *owner, uint32_t seq, uint16_t op, enum error_code status, struct slice body);
    void (*event)(void *owner, uint16_t op, const char *card, struct slice tail);
};

struct cards *cards_new(const struct loop *loop, const struct modemd_settings *settings, const struct cards_events *events);
void cards_free(struct cards *c);
/* Each is answered by events->answer with its seq; card was read as a text, the rest of the request is in body. False: the request is malformed. */
bool cards_watch(struct cards *c, void *owner, uint32_t seq, const char *card);
bool cards_unwatch(struct cards *c, void *owner, uint32_t seq, const char *card);
bool cards_read(struct cards *c, void *owner, uint32_t seq, const char *card, struct reader *body);
void cards_forget(struct cards *c, const void *owner); /* its connection is gone */

#endif
