/* SPDX-License-Identifier: Apache-2.0 */
/* The values that travel through the pipeline: start gives a trigger, briefing a briefing, execution a struct settings (completed). */
#ifndef MODEL_TRIGGER_H
#define MODEL_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "model/push_sec.h"
#include "model/settings.h"

/* What a message asks for. SETTINGS and CARD bring a document that is a bootstrap; the others carry a body whose authenticity is judged by whoever
 * owns the keys. */
enum trigger_kind {
    TRIGGER_SETTINGS,     /* OMA CP document or DM profile, authenticated by SEC and MAC */
    TRIGGER_CARD,         /* the same from the smart card: the card vouches */
    TRIGGER_LWM2M,        /* one CoAP message, unauthenticated (LwM2M 1.0 appendix L) */
    TRIGGER_NOTIFICATION, /* OMA DM Package #0, authenticated by its own digest */
    TRIGGER_RENEWAL,      /* of the agent itself: what a context has, its LwM2M bootstrap server is to be asked again */
    TRIGGER_FACTORY,      /* of the agent itself: LwM2M accounts of the factory data */
    TRIGGER_BEI,          /* oneM2M bootstrap execution instruction, COSE_Mac0 or COSE_Sign1 */
    TRIGGER_KINDS
};

struct trigger {
    enum trigger_kind kind;
    uint8_t hash[32];          /* of the whole message: its replay id */
    char source[16];           /* sms-mm, sms-qmi, file, card */
    char sim[40];              /* Sim node of the card that it came to: acted on over that modem. "": the primary one's */
    char context[33];          /* usim, m2m; "" where the body says it (NOTIFICATION, LWM2M, BEI) */
    char card[33];             /* CARD: which (bootstrap/card_book.h); else "" */
    uint8_t card_hash[32];     /* of its files */
    enum push_sec sec;         /* SETTINGS: how it was authenticated */
    struct settings *settings; /* SETTINGS, CARD: owned; what the document asks for. NULL otherwise */
    struct slice body;         /* the others: the message's body, borrowed for the call */
};

/* What became of a trigger that was given to somebody. */
enum taken {
    TAKEN_DONE,    /* carried out, without proof of who sent it: remembered for as long as a refused one */
    TAKEN_WORKING, /* taken over (with its settings); who took it settles the message later. Until then it stays pending */
    TAKEN_LATER,   /* not now; the message stays pending */
    TAKEN_REFUSED, /* for the reason given; the message is refused */
};

enum mechanism {
    MECHANISM_OMADM,
    MECHANISM_DIRECT, /* the document brings the LwM2M accounts itself: nothing is to be fetched */
    MECHANISM_LWM2M,  /* the document brings a LwM2M bootstrap server, which brings the accounts */
    MECHANISM_BEARER /* nothing to execute: the document brings a first bearer, and its connection is the proof */
};

struct briefing {
    enum mechanism mechanism;
    bool needs_ip;
    const struct dm_account *account; /* inside the trigger's settings; NULL: DIRECT, LWM2M; BEARER: an empty one, which goes any way */
    const struct napdef *napdef;      /* way to the server; NULL: any uplink */
};

#endif
