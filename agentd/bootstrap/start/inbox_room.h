/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the inbox, for inbox.c (the queue, the store), judge.c (what a message is worth) and digits.c (what a person types) only. A part that has done
 * with the message at work calls inbox_finish as its last act. */
#ifndef BOOTSTRAP_START_INBOX_ROOM_H
#define BOOTSTRAP_START_INBOX_ROOM_H

#include "bootstrap/start/hashes.h"
#include "bootstrap/start/inbox.h"
#include "bootstrap/start/route.h"

struct message {
    struct message *next;
    uint8_t hash[32];
    char source[16], sim[40], handle[128];
    uint8_t *octets; /* NULL: only in the store */
    size_t len;
    bool said;       /* that it cannot be stored */
    bool typed;      /* opened for the digits of the submission that runs */
    bool verified;   /* before a restart or a wait, by typed digits */
    inbox_done_fn *done;
    void *user;
    struct error result;
};

/* Digits of a person, tried on each message that waits for some, the newest first: one that fits ends it, the others are not asked. */
struct submission {
    char digits[INBOX_DIGITS_MAX + 1], context[33];
    struct hashes left;    /* to be tried; the last is next */
    size_t tried;
    uint8_t tries_left;    /* the most that any of those that did not fit has */
    inbox_done_fn *done;   /* NULL: none runs */
    void *user;
};

struct inbox {
    struct site *site;
    struct inbox_events events;
    void *user;
    struct hashes waiting;  /* for digits; pending in the store, oldest first */
    struct hashes working;  /* taken with TAKEN_WORKING, not settled yet */
    struct hashes ignored;  /* counted already: each comes by two routes */
    bool wants_imsi;        /* a message waits for the SIM */
    char sims[128];         /* ids of those that were readable when it was looked last */
    struct submission submission;
    struct message *first; /* the first is the one at work while call is set */
    uint32_t call;
    uint64_t kick, again; /* timers: of the queue, of what was postponed */
    struct wsp_push push; /* of the message at work, and its row */
    const struct route *route;
    bool turned_away;     /* a message stayed in the modem; it is asked for again when half of the queue is free */
};

/* inbox.c. The message at work is done with: its done function hears e, the next one begins. */
void inbox_finish(struct inbox *in, const struct error *e);
/* It stays first in the queue until the TRE is back. */
void inbox_wait_for_tre(struct inbox *in);
/* What ends by itself when the TRE is back. */
bool inbox_is_passing(enum error_code status);
void inbox_write_state(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause);
/* The same, with the refusal (may be NULL) in the history. */
void inbox_write_end(struct inbox *in, const uint8_t *hash, enum inbox_state state, const char *cause, const struct error *refused);
/* Another message for the queue, which owns it from now on; false: there is no room, and its done function hears so. */
struct message *inbox_message_new(const struct inbox_from *from);
bool inbox_append(struct inbox *in, struct message *m);

/* judge.c. The message at work, whose octets are there: route, verify, read, hand over. */
void judge(struct inbox *in);
/* The same message refused: stored, counted, visible. */
void judge_refuse(struct inbox *in, const struct error *e);

#endif
