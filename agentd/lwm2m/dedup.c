/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of answered requests. */
#include "lwm2m/dedup.h"

#include <stdlib.h>
#include <string.h>

bool token_equal(const struct coap_token *a, const struct coap_token *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

const struct dedup_entry *dedup_find(const struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now)
{
    for (size_t i = 0; i < d->room; i++) {
        const struct dedup_entry *e = &d->at[i];
        if (e->until > now && e->mid == mid && token_equal(&e->token, token))
            return e;
    }
    return NULL;
}

/* A larger ring, the oldest first; without memory it stays as it is. */
static void grow(struct dedup *d)
{
    size_t room = d->room ? 2 * d->room : DEDUP_MIN;
    struct dedup_entry *at = calloc(room, sizeof *at);
    if (!at)
        return;
    for (size_t i = 0; i < d->room; i++)
        at[i] = d->at[(d->next + i) % d->room];
    free(d->at);
    *d = (struct dedup){ .at = at, .room = room, .next = d->room };
}

void dedup_add(struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now, const struct coap_answer *answer)
{
    if (!d->room || (d->at[d->next].until > now && d->room < DEDUP_MAX))
        grow(d);
    if (!d->room)
        return;
    struct dedup_entry *e = &d->at[d->next];
    *e = (struct dedup_entry){ .until = now + EXCHANGE_LIFETIME_MS, .token = *token, .mid = mid, .code = answer->code, .observe = answer->observe };
    memcpy(e->created, answer->created, sizeof e->created);
    d->next = (d->next + 1) % d->room;
}

void dedup_clear(struct dedup *d)
{
    free(d->at);
    *d = (struct dedup){ 0 };
}
