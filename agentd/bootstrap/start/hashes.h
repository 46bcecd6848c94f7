/* SPDX-License-Identifier: Apache-2.0 */
/* A short list of message hashes, in order of arrival: what waits for a person, what somebody works on, what was counted already. Never grows: the
 * oldest makes room. */
#ifndef BOOTSTRAP_START_HASHES_H
#define BOOTSTRAP_START_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASHES_MAX = 16 };

struct hashes {
    uint8_t hash[HASHES_MAX][32];
    size_t count;
};

bool hashes_has(const struct hashes *h, const uint8_t hash[32]);
/* Puts it at the end, once. True: the list was full, and the oldest, now in gone, is not in it any more. */
bool hashes_add(struct hashes *h, const uint8_t hash[32], uint8_t gone[32]);
/* True if it was there. */
bool hashes_remove(struct hashes *h, const uint8_t hash[32]);

#endif
