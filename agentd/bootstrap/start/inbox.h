/* SPDX-License-Identifier: Apache-2.0 */
/* Start stage: messages become triggers. Octets are sealed and committed, then the SMS is deleted, then the route is found (route.h), then who vouches is
 * asked (the TRE for a MAC over the raw octets), then the body is read (DESIGN trust rules 1 and 2). A message is looked at once: by its SHA-256,
 * whichever way it came. */
#ifndef BOOTSTRAP_START_INBOX_H
#define BOOTSTRAP_START_INBOX_H

#include "bootstrap/site.h"
#include "model/trigger.h"

struct inbox;

/* Gives a trigger to the conductor; t->settings goes over with TAKEN_WORKING only. err is set for TAKEN_REFUSED. */
typedef enum taken inbox_trigger_fn(void *user, struct trigger *t, struct error *err);

struct inbox_events {
    inbox_trigger_fn *trigger;
    void (*waiting)(void *user); /* another number of messages waits for digits (Manager.MessagesWaiting) */
};

enum { INBOX_DIGITS_MAX = 40 };

/* What became of an offered message: ERROR_NONE when its trigger was taken. */
typedef void inbox_done_fn(void *user, const struct error *error);

struct inbox *inbox_new(struct site *site, const struct inbox_events *events, void *user);
void inbox_free(struct inbox *in);
/* source: sms-mm, sms-qmi, file (a WSP push), or one of route.c with bare octets. sim: Sim node of the card that it came to, or "". handle: the
 * modem's SMS to delete once the octets are safe, or "". */
struct inbox_from {
    const char *source, *sim, *handle;
};

/* done may be NULL; called once from the loop.
 * False: too many wait; the message stays in the modem, which is asked for it again (modem_sms_again). */
bool inbox_offer(struct inbox *in, const struct inbox_from *from, struct slice message, inbox_done_fn *done, void *user);
/* The end of a message that was taken with TAKEN_WORKING: error NULL: committed; else refused, reported. */
void inbox_settle(struct inbox *in, const uint8_t hash[32], const struct error *error);
/* Another end: nothing is known of it yet (the TRE went away); it stays pending and is judged again soon. */
void inbox_postpone(struct inbox *in, const uint8_t hash[32]);
/* Digits that a person typed for context: tried on the messages that wait for some, the newest first; done is called once, with what became of the one
 * that they fit. MAC_MISMATCH (a message whose third typing this was is refused), NOT_FOUND (none waits), BUSY, POLICY (it is for another context). */
void inbox_submit(struct inbox *in, const char *context, const char *digits, inbox_done_fn *done, void *user);
/* Counts a WSP push that is none of ours; it stays where it is. */
void inbox_ignore(struct inbox *in, struct slice message);
/* Facts about the SIM changed: messages whose key needs the IMSI go on. */
void inbox_sim_changed(struct inbox *in);
/* Goes on with what waits: at start, when the TRE is ready again, when the conductor is free. */
void inbox_resume(struct inbox *in);
/* Opens a committed message again for a job that restarts; its trigger arrives as usual, done (may be NULL) says what became of it. */
void inbox_reopen(struct inbox *in, const uint8_t hash[32], const char *source, inbox_done_fn *done, void *user);

#endif
