/* SPDX-License-Identifier: Apache-2.0 */
/* MAC of a provisioning push (OMA-WAP-ProvBoot 1.1 section 5.2), with the device PIN or with digits that a person typed. Owns two bounds: three wrong
 * typings for a message, and a budget of wrong MACs over all messages (push.c says how large and why). */
#ifndef TRED_PUSH_H
#define TRED_PUSH_H

#include "tred/tre.h"

enum { PUSH_TRIES = 3, PUSH_MAC_LEN = 20, PUSH_BUDGET_UNITS = 100, PUSH_BUDGET_DAYS = 30 };

struct push {
    uint8_t sec;          /* enum push_sec */
    struct slice mac;     /* empty or 20 octets */
    struct slice message; /* SHA-256 of the whole push: what typings are counted for */
    struct slice imsi;    /* digits; may be empty */
    struct slice typed;   /* digits of a person; empty: the device PIN is used */
    struct slice document;
};

/* NONE if the MAC fits. *tries_left: typings for this message. SEC_UNKNOWN, MAC_MISSING, NOT_READY (no IMSI known), STORAGE. PIN_REQUIRED: digits must be
 * typed, because SEC says so (USERPINMAC), the gateway has no device PIN, or the budget is spent although this MAC fits. MAC_MISMATCH: counted, and
 * stored first. INVALID: the digits have not the form that SEC demands; not counted. DENIED: no typings left for the message. */
enum error_code push_verify(struct tre *t, const struct push *p, uint8_t *tries_left);
/* Wrong MACs that a PIN of so many digits bears: one in a thousand of its values. */
uint64_t push_budget(size_t digits);
/* The same budget for another proof of the device PIN, of that many digits, which fitted or not. MAC_MISMATCH: counted. DENIED: fits, but the budget is spent. */
enum error_code push_judge(struct tre *t, size_t digits, bool fits);
/* Key octets of an IMSI (EF_IMSI without its length octet); 0 if it is not 6..15 digits. */
size_t push_imsi_key(struct slice imsi, uint8_t out[8]);

#endif
