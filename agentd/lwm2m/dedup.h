/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that were answered lately, by message id and token, so that a repeated one has no second effect (RFC 7252 clause 4.5). Grows
 * with what an EXCHANGE_LIFETIME brings, up to DEDUP_MAX: then the oldest gives way. One table a session. */
#ifndef LWM2M_DEDUP_H
#define LWM2M_DEDUP_H

#include "lwm2m/coap.h"

enum { DEDUP_MIN = 16, DEDUP_MAX = 1024, EXCHANGE_LIFETIME_MS = 247000 };

struct dedup_entry {
    uint64_t until; /* loop milliseconds; 0: free */
    int64_t observe;
    enum coap_code code;
    uint16_t created[2], mid;
    struct coap_token token;
};

struct dedup {
    struct dedup_entry *at; /* a ring, the oldest at next; NULL: nothing yet */
    size_t room, next;
};

/* The answer given to this request, or NULL if it is new. */
const struct dedup_entry *dedup_find(const struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now);
void dedup_add(struct dedup *d, uint16_t mid, const struct coap_token *token, uint64_t now, const struct coap_answer *answer);
void dedup_clear(struct dedup *d);

#endif
