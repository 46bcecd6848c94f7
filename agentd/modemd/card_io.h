/* SPDX-License-Identifier: Apache-2.0 */
/* A way to a card: what the back ends (QMI modem, PC/SC) have in common, as a const table. A back end carries what it is asked and nothing else; which
 * file is read how is card_read's. Everything is asynchronous; answers and events come from the loop. */
#ifndef MODEMD_CARD_IO_H
#define MODEMD_CARD_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "model/modemd_wire.h"

enum card_ask_kind {
    CARD_ASK_OPEN,       /* data: AID or empty. Answer: the channel's number (1 octet); the application is selected on it */
    CARD_ASK_APDU,       /* data: a command that apdu_allowed lets through, on channel. Answer: octets and status word */
    CARD_ASK_CLOSE,      /* channel */
    CARD_ASK_ATTRIBUTES, /* file. Answer: u32 size, u16 record length (0: transparent), u8 records; big endian */
    CARD_ASK_PART,       /* file, at (offset, or record number from 1), length, records. Answer: the octets */
};

struct card_ask {
    enum card_ask_kind kind;
    uint8_t channel;
    struct slice data; /* borrowed for the call */
    struct slice file; /* path from 3F00 on */
    bool records;
    uint16_t at, length;
};

/* status NONE, or: NOT_READY no card, NOT_FOUND, PIN_REQUIRED, NOT_SUPPORTED (this way to the card is refused), IO, TIMEOUT. After a failure data is the status word
 * (2 octets) or empty. */
typedef void card_answer_fn(void *user, enum error_code status, struct slice data);

struct card_events { /* called from the loop only */
    void (*started)(void *user, enum error_code status);       /* once; after a failure the owner stops it */
    void (*changed)(void *user, enum card_change what);
    void (*lost)(void *user);                                  /* after a successful start; the owner stops it */
};

struct card_backend {
    const char *name;
    enum card_way way; /* of APDUs */
    bool files;        /* knows ATTRIBUTES and PART */
    /* place: device file, or pattern of readers. Never NULL. */
    void *(*start)(const char *place, const char *name, const struct card_events *events, void *user);
    /* One at a time. fn is called once, from the loop, unless stopped before. */
    void (*ask)(void *io, const struct card_ask *ask, card_answer_fn *fn, void *user);
    void (*stop)(void *io); /* no answer, no event any more; also from inside of one's own event */
};

extern const struct card_backend card_qmi;
extern const struct card_backend card_pcsc; /* in a build without PC/SC: its start answers NOT_SUPPORTED */

#endif
