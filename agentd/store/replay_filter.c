/* SPDX-License-Identifier: Apache-2.0 */
/* Four bits a hash, which is a SHA-256: its first octets are as good as four independent hash functions. */
#include "store/replay_filter.h"

#include <stddef.h>

enum { BITS_A_HASH = 4 };

static size_t bit_at(const uint8_t hash[32], size_t i)
{
    return (size_t)hash[2 * i] << 8 | hash[2 * i + 1]; /* 16 bits: below 8 * REPLAY_FILTER_OCTETS */
}

void replay_filter_add(uint8_t filter[REPLAY_FILTER_OCTETS], const uint8_t hash[32])
{
    for (size_t i = 0; i < BITS_A_HASH; i++)
        filter[bit_at(hash, i) / 8] |= (uint8_t)(1u << bit_at(hash, i) % 8);
}

bool replay_filter_has(const uint8_t filter[REPLAY_FILTER_OCTETS], const uint8_t hash[32])
{
    for (size_t i = 0; i < BITS_A_HASH; i++)
        if (!(filter[bit_at(hash, i) / 8] & 1u << bit_at(hash, i) % 8))
            return false;
    return true;
}
