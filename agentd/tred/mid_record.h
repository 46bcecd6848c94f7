/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored of a MID: its manifest, sealed by a key of its own, and that key, sealed by the master key. Once the small record of the key is overwritten,
 * no copy of the large one opens, whoever has the master key (R20). */
#ifndef TRED_MID_RECORD_H
#define TRED_MID_RECORD_H

#include "tred/tre.h"

/* The manifest's octets of a row, from malloc (store_release). STORAGE if key or manifest are not as the registry knows them; NO_MEMORY, INTERNAL. */
enum error_code mid_record_read(const struct tre *t, const struct mid_row *m, uint8_t **plain, size_t *len);
/* Stores them under a new key for row number `at`, beside those that m->record and m->key name (0: none), and renews these two. NO_SPACE, STORAGE,
 * NO_MEMORY, INTERNAL: what they named is still there. */
enum error_code mid_record_write(const struct tre *t, size_t at, struct mid_row *m, struct slice plain);
/* Overwrites and removes what is stored of row `at` but what m names. False if any of it may still be readable. */
bool mid_record_sweep(const struct tre *t, size_t at, const struct mid_row *m);

#endif
