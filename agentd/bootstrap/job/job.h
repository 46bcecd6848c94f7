/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: carries one trigger from stage to stage, by the job table, each transition one transaction of the store. It is the only file
 * that knows all stages. After a crash it looks at the last committed state: before COMMITTED the job begins anew from its sealed message,
 * from COMMITTED on only the report is left, a roll-back is finished. */
#ifndef BOOTSTRAP_JOB_H
#define BOOTSTRAP_JOB_H

#include "bootstrap/service/service.h"
#include "bootstrap/site.h"
#include "bootstrap/start/inbox.h"

struct conductor;

struct conductor *conductor_new(struct site *site, struct service *service);
void conductor_free(struct conductor *c);
/* Once the TRE is ready (again): recovery at the first call, then what waits. */
void conductor_resume(struct conductor *c);
/* A push message from a modem (see inbox_offer). */
bool conductor_sms(struct conductor *c, const struct modem_sms *sms);
/* The bootstrap files of a smart card (start/card_document.h); done is called once, with what became of the offer. */
void conductor_card(struct conductor *c, struct slice message, inbox_done_fn *done, void *user);
/* Who takes triggers of a kind that brings no document. fn answers like inbox_trigger_fn, err set for TAKEN_REFUSED; after TAKEN_WORKING it owes a
 * conductor_settle with the trigger's hash: error NULL is committed, else refused and reported; or conductor_postpone: it is to be judged again. */
typedef enum taken conductor_take_fn(void *user, const struct trigger *t, struct error *err);
void conductor_take(struct conductor *c, enum trigger_kind kind, conductor_take_fn *fn, void *user);
void conductor_settle(struct conductor *c, const uint8_t hash[32], const struct error *error);
void conductor_postpone(struct conductor *c, const uint8_t hash[32]);
/* Keeps jobs from beginning while somebody else runs a session; false if a job is running, or somebody holds already. */
bool conductor_hold(struct conductor *c);
void conductor_release(struct conductor *c);
/* A message by hand (source file: a push; instruction: a signed one; ui: one without envelope, of our own making): fn gets the job's object path ("/" for
 * one that brings no document), or what is wrong. */
typedef void conductor_reply_fn(void *user, const struct error *error, const char *job_path);
void conductor_bootstrap(struct conductor *c, const char *source, struct slice message, conductor_reply_fn *fn, void *user);
/* Digits that a person typed for the context's message that waits for them: fn as above. */
void conductor_submit_pin(struct conductor *c, const char *context, const char *digits, conductor_reply_fn *fn, void *user);
/* A message that the gateway fetched or made itself (source bbn, factory). False while a job runs: not taken. */
bool conductor_offer(struct conductor *c, const char *source, struct slice message);
/* Told when a job has ended; one watcher. */
void conductor_watch(struct conductor *c, void (*fn)(void *user, bool succeeded), void *user);
enum error_code conductor_cancel(struct conductor *c, const char *job_id, struct error *err);
enum error_code conductor_reopen(struct conductor *c, const char *context, struct error *err);
/* Facts about modem or clock changed: a job that waits looks again. */
void conductor_poke(struct conductor *c);

#endif
