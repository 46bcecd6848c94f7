/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that a server sends in blocks (RFC 7959 clause 2.5), put together: one body at a time a session, in order, bounded. libcoap's own assembly mixes
 * bodies on the unknown resource. */
#ifndef LWM2M_BLOCK1_H
#define LWM2M_BLOCK1_H

#include "lwm2m/coap.h"

enum { BLOCK1_BODY_MAX = 65536, BLOCK1_KEY_MAX = 64 };

struct block1 {
    uint8_t *body; /* NULL: none under way */
    size_t len;
    uint8_t key[BLOCK1_KEY_MAX]; /* method, format and path of the body */
    size_t key_len;
    uint64_t until; /* loop milliseconds: given up then */
};

/* Takes the block of r (which has Block1). CHANGED: *whole is the body, valid until block1_drop. Else the answer: CONTINUE; INCOMPLETE (not the block that is
 * due: begin again); TOO_LARGE; BAD_REQUEST (bad option); INTERNAL (no memory). */
enum coap_code block1_take(struct block1 *b, const struct coap_request *r, uint64_t now, struct slice *whole);
void block1_drop(struct block1 *b, const struct coap_request *r); /* r was served; nothing if it had no Block1 */
void block1_clear(struct block1 *b);

#endif
