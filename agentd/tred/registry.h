/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of the TRE that changes, in one sealed record, so that each change is one atomic write: registration tokens, counted wrong
 * PINs, the registry of MIDs. Work on a copy, then registry_commit. */
#ifndef TRED_REGISTRY_H
#define TRED_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/writer.h"
#include "model/mid.h"
#include "model/tre_wire.h"
#include "tred/store.h"

enum { REGISTRY_TOKENS = 4, REGISTRY_TRIES = 64, REGISTRY_NONCE_MAX = 64, HASH_LEN = 32 };

struct token_row { /* an open registration; unused while context is "" */
    char context[33];
    uint8_t value[TRE_TOKEN_LEN];
    uint8_t nonce[REGISTRY_NONCE_MAX]; /* of the last evidence */
    size_t nonce_len;                  /* 0: no evidence yet */
};

struct tries_row { /* wrong PINs for one message; unused while wrong is 0 */
    uint8_t message[HASH_LEN];
    uint8_t wrong;
};

struct mid_row { /* unused while entry.id is "" */
    struct mid_entry entry;
    enum mid_state previous; /* before BLOCKED */
    bool share_mide, session_check;
    bool order_only; /* once it was in service, only an order of its issuer erases it */
    uint64_t record; /* counter of its record in the store; 0 once erased */
    uint64_t key;    /* and of that of its key; 0: sealed by the master key (first formats), or erased */
    uint8_t package_hash[HASH_LEN], token_hash[HASH_LEN];
    uint64_t changed; /* wall clock of the last transition, as far as it is right */
};

struct order_row { /* the last order that was decided of an issuer; unused while issuer is "" */
    char issuer[65];
    uint64_t sequence;
    uint8_t hash[HASH_LEN];
    enum mid_result result;
};

struct registry {
    uint64_t counter; /* of the record that holds this; 0: never stored */
    uint16_t guesses; /* parts of the budget of wrong MACs that are spent (push.c) */
    uint16_t tries_next;
    struct token_row tokens[REGISTRY_TOKENS];
    struct tries_row tries[REGISTRY_TRIES];
    struct mid_row mids[TRE_MID_MAX];
    struct order_row orders[TRE_MID_MAX];
};

/* NOT_FOUND before the first commit; STORAGE if no slot is valid, NEWER_STATE if a newer program wrote it. */
enum error_code registry_load(struct registry *r, const struct store *s);
/* STORAGE if it may be an older one: a slot of it is damaged or gone. NO_MEMORY. */
enum error_code registry_check(const struct store *s);
/* Stores next and, once it is stored, copies it to *now. After an error *now is as before. */
enum error_code registry_commit(struct registry *now, struct registry *next, const struct store *s);
/* The row of that MID or NULL. */
struct mid_row *registry_mid(struct registry *r, const char *id);
/* Its place, 0..TRE_MID_MAX-1; m is a row of r. */
size_t registry_place(const struct registry *r, const struct mid_row *m);
/* Whether any row, tombstones included, is of that issuer. */
bool registry_knows(const struct registry *r, const char *issuer);
/* The row of an issuer that the registry knows, a new one if need be; one of an issuer without MIDs gives way. */
struct order_row *registry_order(struct registry *r, const char *issuer);
/* The open token of the context or NULL. */
struct token_row *registry_token(struct registry *r, const char *context);
/* Body of MID_LIST, and one entry of it. */
void registry_list(const struct registry *r, struct writer *out);
void registry_entry(const struct mid_entry *e, struct writer *out);

#endif
