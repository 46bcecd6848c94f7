/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen entries: searched and moved one by one. */
#include "bootstrap/start/hashes.h"

#include <string.h>

static size_t find(const struct hashes *h, const uint8_t hash[32])
{
    size_t i = 0;
    while (i < h->count && memcmp(h->hash[i], hash, sizeof h->hash[i]) != 0)
        i++;
    return i;
}

static void take_out(struct hashes *h, size_t at)
{
    h->count--;
    for (size_t i = at; i < h->count; i++)
        memcpy(h->hash[i], h->hash[i + 1], sizeof h->hash[i]);
}

bool hashes_has(const struct hashes *h, const uint8_t hash[32])
{
    return find(h, hash) < h->count;
}

bool hashes_add(struct hashes *h, const uint8_t hash[32], uint8_t gone[32])
{
    if (hashes_has(h, hash))
        return false;
    bool full = h->count == HASHES_MAX;
    if (full) {
        memcpy(gone, h->hash[0], sizeof h->hash[0]);
        take_out(h, 0);
    }
    memcpy(h->hash[h->count++], hash, sizeof h->hash[0]);
    return full;
}

bool hashes_remove(struct hashes *h, const uint8_t hash[32])
{
    size_t at = find(h, hash);
    if (at == h->count)
        return false;
    take_out(h, at);
    return true;
}
