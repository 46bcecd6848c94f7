/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of answered requests. */
#include "lwm2m/dedup.h"

#include <string.h>

bool token_equal(const struct coap_token *a, const struct coap_token *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

const struct dedup_entry *dedup_find(const struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now)
{
    for (size_t i = 0; i < DEDUP_ENTRIES; i++) {
        const struct dedup_entry *e = &d->at[i];
        if (e->until > now && e->mid == mid && token_equal(&e->token, token))
            return e;
    }
    return NULL;
}

void dedup_add(struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now, const struct coap_answer *answer)
{
    struct dedup_entry *e = &d->at[d->next];
    *e = (struct dedup_entry){ .until = now + EXCHANGE_LIFETIME_MS, .token = *token, .mid = mid, .code = answer->code, .observe = answer->observe };
    memcpy(e->created, answer->created, sizeof e->created);
    d->next = (d->next + 1) % DEDUP_ENTRIES;
}
