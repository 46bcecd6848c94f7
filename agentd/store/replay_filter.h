/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of messages that must stay known for ever, in a room that does not grow: a Bloom filter. What was put in is always found; what was not is taken
 * for known with a probability of (1 - e^(-4n/65536))^4 after n entries: 2 in 10^9 for 100, 1.2 in 10^5 for 1000. */
#ifndef STORE_REPLAY_FILTER_H
#define STORE_REPLAY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

enum { REPLAY_FILTER_OCTETS = 8192 };

void replay_filter_add(uint8_t filter[REPLAY_FILTER_OCTETS], const uint8_t hash[32]);
bool replay_filter_has(const uint8_t filter[REPLAY_FILTER_OCTETS], const uint8_t hash[32]);

#endif
