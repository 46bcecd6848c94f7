/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of smart cards: for each its last bootstrap content and what became of it, and which card a context belongs to. Cards are named by
 * their id, 32 hex digits of the SHA-256 of the ICCID. Writers are called inside of a transaction. */
#ifndef BOOTSTRAP_CARD_BOOK_H
#define BOOTSTRAP_CARD_BOOK_H

#include "store/store.h"

enum { CARD_ID = 33 };

struct card_row {
    uint32_t generation;           /* counts the contents that were offered, so that one that comes back is a new message */
    uint8_t offered[STORE_HASH];   /* the last of them */
    bool is_applied;               /* what is installed came from this card: */
    uint8_t applied[STORE_HASH];
};

void card_book_id(const char *iccid, char out[CARD_ID]);
bool card_book_get(struct store *s, const char *id, struct card_row *out);
void card_book_put(struct store *s, const char *id, const struct card_row *row);
/* The card that the context was bootstrapped from; false if none. */
bool card_book_owner(struct store *s, const char *context, char out[CARD_ID]);
/* The context is committed by that content of that card, or (id "", hash not read) by another source. */
void card_book_commit(struct store *s, const char *context, const char *id, const uint8_t hash[STORE_HASH]);

#endif
