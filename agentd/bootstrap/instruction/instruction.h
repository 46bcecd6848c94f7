/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions (model/bei.h): from octets to settings, who may sign them, and the rules that each must keep (doc bootstrap-instruction). Below the stages,
 * like provisioning. The sequence numbers accepted so far are the one state; it lies in the store. */
#ifndef BOOTSTRAP_INSTRUCTION_H
#define BOOTSTRAP_INSTRUCTION_H

#include "bootstrap/site.h"
#include "codec/bei.h"
#include "codec/wsp.h"
#include "model/trigger.h"

/* A signature by one of the factory's instruction keys over covered. MAC_MISSING when bare, UNKNOWN_KEY, MAC_MISMATCH. */
enum error_code instruction_verify(const struct factory_data *f, const struct bei_envelope *v, struct slice covered, struct error *err);
/* Reader of a route (start/route.h): the authenticated body into t->settings, with their origin, and t->context. Errors of codec/bei; NOT_SUPPORTED for a
 * mechanism that is not carried out, INCOMPLETE, INVALID (target). */
enum error_code instruction_read(const struct wsp_push *push, struct trigger *t, struct error *err);
/* The rules that need the gateway: sub, iat and exp, seq. WRONG_SUBJECT, EXPIRED, REPLAYED. A message that was accepted before may come again (a restart, a
 * failed attempt) as long as none with a higher number came. */
enum error_code instruction_judge(struct site *s, const struct trigger *t, struct error *err);
/* Remembers the number as accepted; inside an open transaction of the store. */
void instruction_accept(struct store *store, const struct trigger *t);
/* True if the committed context may be opened again by t: it is signed by whom the context was bootstrapped by (DESIGN section 4). */
bool instruction_of_owner(struct store *store, const struct trigger *t);
/* Remembers the signer as owner of the context, or that it has none; inside an open transaction. */
void instruction_own(struct store *store, const char *context, const struct settings_origin *origin);
/* The last number accepted from a briefing node, the factory's (source bbn) or one of the LAN (lan); 0 if none. */
uint64_t instruction_last_of_node(struct store *store, const char *source);

/* What is owed to the issuer of the last instruction that named `next`; one at a time, a newer one takes its place. */
struct instruction_result {
    char id[33], phase[16], code[32], next[256];
    uint64_t seq;
};
/* The job of that message ended (phase done or failed, code an error name); inside an open transaction. Other messages: nothing. */
void instruction_result_end(struct store *store, const uint8_t hash[32], const char *phase, const char *code);
bool instruction_result_due(struct store *store, struct instruction_result *out);
void instruction_result_sent(struct store *store); /* inside an open transaction */
/* "urn:gateway:<id>". Returns out. */
char *instruction_subject(const struct site *s, char *out, size_t cap);

#endif
