/* SPDX-License-Identifier: Apache-2.0 */
/* Verdict over what is no push's MAC: the proof of an instruction, the digest of a notification; with keys at hand, offline. */
#ifndef CTL_DECODE_PROOF_H
#define CTL_DECODE_PROOF_H

#include "codec/bei.h"
#include "codec/notification.h"
#include "ctl/decode_item.h"

/* OK; BAD with MAC_MISMATCH; MISSING for a bare one; UNCHECKED with PIN_REQUIRED or UNKNOWN_KEY, which say what to give. */
enum push_mac proof_of_instruction(const struct bei_envelope *e, const struct decode_keys *keys, struct error *err);
/* The same of Package #0. *nonce: with which nonce it fits ("given", "default (4 octets)", "default (text)"), NULL if it does not. */
enum push_mac proof_of_notification(const struct notification *n, const struct decode_keys *keys, const char **nonce, struct error *err);

#endif
