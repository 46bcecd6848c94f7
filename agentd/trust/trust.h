/* SPDX-License-Identifier: Apache-2.0 */
/* The trusted environment as agentd sees it: asynchronous calls to agent-tred (model/tre_wire.h). Each reply function is called exactly
 * once from the loop, unless trust_cancel; slices are borrowed for the call. Secrets in slices: copy into struct secret, nothing else. */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "model/mid.h"
#include "model/tre_wire.h"
#include "model/tree.h"

struct trust;

struct trust_status {
    bool connected;
    uint8_t state;   /* enum tre_state, 0 while unknown */
    uint8_t backend; /* enum tre_backend */
    uint16_t cause;  /* enum error_code: why it is blocked */
    uint8_t tre_id[16];
    char gateway_id[65];
};

typedef void trust_done_fn(void *user, enum error_code status);
typedef void trust_octets_fn(void *user, enum error_code status, struct slice octets);
typedef void trust_verdict_fn(void *user, enum error_code status, uint8_t tries_left);
typedef void trust_mid_fn(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry); /* entry NULL on error */

struct trust_keys {
    struct slice pfc, transport, certificate; /* DER; certificate may be empty */
};
typedef void trust_keys_fn(void *user, enum error_code status, const struct trust_keys *keys);

/* Keeps the Manager properties TreState, TreCause, TreBackend and the Mid nodes of the tree up to date. on_change (may be NULL): status changed. */
struct trust *trust_new(const struct loop *loop, const char *socket_path, struct tree *tree, void (*on_change)(void *user), void *user);
void trust_free(struct trust *t);
const struct trust_status *trust_status(const struct trust *t);

/* All return an id > 0 for trust_cancel. context is the bootstrap context ("usim"). */
uint32_t trust_keys(struct trust *t, trust_keys_fn *fn, void *user);
struct trust_push {
    uint8_t sec;
    const char *imsi;            /* digits; NULL or "" if not known */
    const char *typed;           /* digits of a person, at most 40; NULL or "": the device PIN is used */
    struct slice mac;            /* 20 octets or empty */
    const uint8_t *message_hash; /* 32 octets, SHA-256 of the whole push */
    struct slice document;       /* the octets that the MAC covers */
};
uint32_t trust_verify_push(struct trust *t, const struct trust_push *push, trust_verdict_fn *fn, void *user);
/* Package #0 (digest and trigger) for the account sealed in blob under label; readings: of the default nonce, bits of enum tre_nonce. The one octet of the
 * answer is the enum tre_nonce that fits. */
uint32_t trust_verify_notification(struct trust *t, const char *label, struct slice blob, uint8_t readings, struct slice body, trust_octets_fn *fn, void *user);
uint32_t trust_seal(struct trust *t, const char *label, struct slice plain, trust_octets_fn *fn, void *user);
uint32_t trust_unseal(struct trust *t, const char *label, struct slice blob, trust_octets_fn *fn, void *user);
uint32_t trust_token_open(struct trust *t, const char *context, trust_octets_fn *fn, void *user);
uint32_t trust_token_spend(struct trust *t, const char *context, trust_done_fn *fn, void *user);
/* now: Unix seconds, 0 while the clock is not trusted (also below). */
uint32_t trust_evidence(struct trust *t, const char *context, struct slice nonce, const char *host_facts, uint64_t now, enum tre_form form,
                        trust_octets_fn *fn, void *user);
/* A certificate request (DER) of the platform key that names the program which runs, or of another key in its place (COSE_Sign1 by the former), and the certificate
 * that came of it. */
uint32_t trust_pfc_request(struct trust *t, bool successor, trust_octets_fn *fn, void *user);
uint32_t trust_pfc_certificate(struct trust *t, struct slice der, trust_done_fn *fn, void *user);
uint32_t trust_mid_install(struct trust *t, const char *context, uint64_t now, struct slice package, trust_mid_fn *fn, void *user);
uint32_t trust_mid_set_state(struct trust *t, const char *mid_id, enum mid_state state, trust_mid_fn *fn, void *user);
/* A signed order of an issuer (doc mid-package, section 4). The receipt may come with a refusal too; it is empty if there is none. */
typedef void trust_order_fn(void *user, enum error_code status, enum mid_result result, struct slice receipt);
uint32_t trust_mid_order(struct trust *t, uint64_t now, struct slice order, trust_order_fn *fn, void *user);
/* mac: 32 octets; covered: what it covers (codec/bei.h). */
uint32_t trust_verify_instruction(struct trust *t, struct slice mac, struct slice covered, trust_verdict_fn *fn, void *user);
/* COSE_Sign1 over a request of ours, at most 1600 octets. */
uint32_t trust_sign_request(struct trust *t, struct slice payload, trust_octets_fn *fn, void *user);
/* The fields of model/tre_wire.h for that kind (enum tre_credentials). */
uint32_t trust_credentials(struct trust *t, uint8_t kind, const char *first, const char *server, trust_octets_fn *fn, void *user);
void trust_cancel(struct trust *t, uint32_t id);

#endif
