/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the memory of the body under way. Never keeps more than one, nor one that did not move for an EXCHANGE_LIFETIME. */
#include "lwm2m/block1.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "lwm2m/dedup.h"

enum { SZX_RESERVED = 7, MORE = 8 };

static bool make_key(const struct coap_request *r, struct writer *w)
{
    writer_u8(w, (uint8_t)r->method);
    writer_u16(w, (uint16_t)(r->content_format + 1));
    for (size_t i = 0; i < r->segments && i < COAP_SEGMENTS; i++) {
        writer_u8(w, '/');
        writer_put(w, r->segment[i].data, r->segment[i].len);
    }
    return !w->failed;
}

void block1_clear(struct block1 *b)
{
    if (b->body)
        secret_zero(b->body, BLOCK1_BODY_MAX); /* may hold credentials */
    free(b->body);
    *b = (struct block1){ 0 };
}

static enum coap_code begin(struct block1 *b, struct slice key)
{
    block1_clear(b);
    b->body = malloc(BLOCK1_BODY_MAX);
    if (!b->body)
        return CODE_INTERNAL;
    memcpy(b->key, key.data, key.len);
    b->key_len = key.len;
    return CODE_CONTINUE;
}

static bool is_due(const struct block1 *b, struct slice key, size_t offset, uint64_t now)
{
    return b->body && now < b->until && b->len == offset && b->key_len == key.len && memcmp(b->key, key.data, key.len) == 0;
}

enum coap_code block1_take(struct block1 *b, const struct coap_request *r, uint64_t now, struct slice *whole)
{
    uint8_t octets[BLOCK1_KEY_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    unsigned szx = (unsigned)r->block1 & 7;
    size_t size = (size_t)16 << szx, offset = (size_t)(r->block1 >> 4) * size;
    bool more = r->block1 & MORE;
    if (szx == SZX_RESERVED || !make_key(r, &w) || r->payload.len > size || (more && r->payload.len != size))
        return CODE_BAD_REQUEST;
    if (offset + r->payload.len > BLOCK1_BODY_MAX) {
        block1_clear(b);
        return CODE_TOO_LARGE;
    }
    enum coap_code code = offset == 0 ? begin(b, writer_slice(&w)) : is_due(b, writer_slice(&w), offset, now) ? CODE_CONTINUE : CODE_INCOMPLETE;
    if (code != CODE_CONTINUE)
        return code;
    if (r->payload.len)
        memcpy(&b->body[b->len], r->payload.data, r->payload.len);
    b->len += r->payload.len;
    b->until = now + EXCHANGE_LIFETIME_MS;
    *whole = (struct slice){ b->body, b->len };
    return more ? CODE_CONTINUE : CODE_CHANGED;
}

void block1_drop(struct block1 *b, const struct coap_request *r)
{
    if (r->block1 >= 0)
        block1_clear(b);
}
