/* SPDX-License-Identifier: Apache-2.0 */
/* What a MID's engine must not forget over a power cut: its sequence numbers and the wrong PINs, one sealed record a MID. */
#ifndef TRED_COUNTERS_H
#define TRED_COUNTERS_H

#include "tred/manifest.h"
#include "tred/sqn.h"
#include "tred/store.h"

enum { COUNTERS_KEYS = 32, COUNTERS_PIN_TRIES = 3 };

struct counters {
    uint8_t keys[COUNTERS_KEYS]; /* SHA-256 of K and OP: other keys start anew */
    uint8_t ind_bits;
    uint64_t seq[SQN_SLOTS]; /* no SEQ up to these is accepted after a start; at or above those that were */
    uint8_t pin_left;
};

/* The counters that a MID starts with. */
void counters_start(struct counters *c, const struct manifest *m);
/* Those of row `row` of the registry. NOT_FOUND; STORAGE if any of its slots is damaged: an older one would accept a RAND again. */
enum error_code counters_load(const struct store *s, size_t row, const char *id, struct counters *c);
/* On disk when it returns NONE; else NO_SPACE or STORAGE, and the old or the new ones may be there. */
enum error_code counters_save(const struct store *s, size_t row, const char *id, const struct counters *c);
/* False if any of it may still be readable. */
bool counters_erase(const struct store *s, size_t row);
/* Sequence numbers to work with: from the record if it is of these keys, never lower than the manifest's first one. *c becomes what the
 * record must hold for them, without being saved. */
void counters_adapt(struct counters *c, const struct manifest *m, struct sqn *out);

#endif
