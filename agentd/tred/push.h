/* SPDX-License-Identifier: Apache-2.0 */
/* MAC of a provisioning push (OMA-WAP-ProvBoot 1.1 section 5.2; SEC 0 NETWPIN, 1 USERPIN, 2 USERNETWPIN, 3 USERPINMAC). */
#ifndef TRED_PUSH_H
#define TRED_PUSH_H

#include "tred/tre.h"

enum push_sec { PUSH_NETWPIN = 0, PUSH_USERPIN = 1, PUSH_USERNETWPIN = 2, PUSH_USERPINMAC = 3 };
enum { PUSH_TRIES = 3, PUSH_MAC_LEN = 20, PUSH_GUESSES_MAX = 30, PUSH_FORGIVE_MS = 120 * 1000 };

struct push {
    uint8_t sec;
    struct slice mac;     /* empty or 20 octets */
    struct slice message; /* SHA-256 of the whole push: what tries are counted for */
    struct slice imsi;    /* digits; may be empty */
    struct slice document;
};

/* NONE if the MAC fits. *tries_left: for this message. MAC_MISSING, SEC_UNKNOWN, PIN_REQUIRED (USERPINMAC), NOT_READY (no IMSI known),
 * MAC_MISMATCH (counted and stored first), DENIED (no tries left for the message), BUSY (PIN guessed too often over all messages; one
 * guess is forgiven every PUSH_FORGIVE_MS), STORAGE. */
enum error_code push_verify(struct tre *t, const struct push *p, uint8_t *tries_left);
/* Key octets of an IMSI (EF_IMSI without its length octet); 0 if it is not 6..15 digits. */
size_t push_imsi_key(struct slice imsi, uint8_t out[8]);

#endif
