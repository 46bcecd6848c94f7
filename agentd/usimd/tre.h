/* SPDX-License-Identifier: Apache-2.0 */
/* The trusted environment as agent-usimd sees it: which MIDs are ACTIVE, and what their ACL gives to this program (model/tre_wire.h). */
#ifndef USIMD_TRE_H
#define USIMD_TRE_H

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "model/mid.h"
#include "model/tre_wire.h"

struct tre;

struct tre_aka { /* slices are borrowed for the call; empty ones were not given */
    enum tre_verdict verdict;
    uint32_t session;
    struct slice res, ck, ik, auts;
};
typedef void tre_aka_fn(void *user, enum error_code status, const struct tre_aka *aka); /* NULL on error */
typedef void tre_octets_fn(void *user, enum error_code status, struct slice octets);
struct tre_naf { /* borrowed */
    uint32_t seconds; /* that the key still has */
    struct slice btid, key;
};
typedef void tre_naf_fn(void *user, enum error_code status, const struct tre_naf *naf); /* NULL on error; NOT_READY: no Ks, agentd is told to get one */
typedef void tre_pin_fn(void *user, enum error_code status, bool enabled, uint8_t left);

/* on_change: the ACTIVE MIDs may be others now. NULL without memory. */
struct tre *tre_new(const struct loop *loop, const char *socket, void (*on_change)(void *user), void *user);
void tre_free(struct tre *t); /* open calls are dropped */
/* The ACTIVE MID of that type, by its own name or the first one if name is NULL; a PCID stands in for a USIM. NULL if there is none. Valid until the next on_change. */
const struct mid_entry *tre_mid(const struct tre *t, enum mid_type type, const char *name);
/* Each answers once, from the loop, unless tre_free comes first. */
void tre_authenticate(struct tre *t, const char *mid, enum tre_purpose purpose, const uint8_t rand[16], const uint8_t autn[16], tre_aka_fn *fn, void *user);
void tre_files(struct tre *t, const char *mid, tre_octets_fn *fn, void *user); /* body of READ_FILE for all files */
void tre_pin(struct tre *t, const char *mid, struct slice digits, tre_pin_fn *fn, void *user);
void tre_naf_key(struct tre *t, const char *mid, struct slice naf_id, tre_naf_fn *fn, void *user);
/* fn hears of each MID that has a new Ks. */
void tre_watch_ks(struct tre *t, void (*fn)(void *user, const char *mid), void *user);
/* A request whose body the caller makes (model/tre_wire.h). */
void tre_request(struct tre *t, enum tre_op op, struct slice body, tre_octets_fn *fn, void *user);

#endif
