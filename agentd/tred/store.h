/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed records in files, two slots each: NAME.a and NAME.b. A record is
 *   "GATR" | u16 format (1) | u16 0 | u64 counter | u32 length of the rest | nonce | ciphertext | tag
 * with label and header as associated data. A write goes to the slot that does not hold what must be kept; a power cut leaves
 * the old or the new value. */
#ifndef TRED_STORE_H
#define TRED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "tred/anchor.h"
#include "tred/seal.h"
#include "tred/vfs.h"

enum { STORE_RECORD_MAX = 64 * 1024, STORE_NAME_MAX = 16 };

struct store {
    const struct vfs *vfs;
    const struct seal *seal;
    struct anchor *anchor; /* NULL: nothing tells an old copy */
};

/* Writes plain as a new record of a higher counter (returned); the record with the counter `keep` (0: none) survives.
 * NO_SPACE, STORAGE, TOO_LARGE, and the anchor's; after an error the old value is there, or old and new. */
enum error_code store_write(const struct store *s, const char *name, const char *label, struct slice plain, uint64_t keep, uint64_t *counter);
/* Opens the record whose counter is `want`, or the highest valid one if want is 0. *plain is from malloc, of *len octets: give it back
 * with store_release. NOT_FOUND if there is no file at all, STORAGE if no slot is valid, ROLLED_BACK if only one is that the anchor knows to be old;
 * NO_MEMORY, INTERNAL: nothing is known. Bad slots are logged. */
enum error_code store_read(const struct store *s, const char *name, const char *label, uint64_t want, uint8_t **plain, size_t *len,
                           uint64_t *counter);
/* Like store_read with want 0, but STORAGE if a slot is not valid, or gone although a second value was written: for values that must not go back. */
enum error_code store_read_whole(const struct store *s, const char *name, const char *label, uint8_t **plain, size_t *len);
/* Whether there is a slot of that name, valid or not. */
bool store_exists(const struct store *s, const char *name);
void store_release(uint8_t *plain, size_t len); /* zeroes and frees; NULL is fine */
/* Overwrites and removes each slot but the one with the counter `keep` (0: all), and what an interrupted write left. False if any of it may still be
 * readable. */
bool store_erase(const struct store *s, const char *name, uint64_t keep);

#endif
