/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence. Promises: the nonce is bound to the registration before the signature leaves; the host's words are marked as such ("host") and
 * never mixed with what the TRE knows by itself. */
#include "tred/evidence.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/secret.h"
#include "codec/cbor.h"
#include "config.h"
#include "tred/cose.h"
#include "tred/token.h"

enum { CLAIM_IAT = 6, CLAIM_NONCE = 10, CLAIM_UEID = 256, UEID_RAND = 1, LIST_MAX = 4096 };

static void put_hash(struct writer *w, const char *key, const void *data, size_t len)
{
    uint8_t hash[HASH_LEN];
    cbor_put_text(w, key);
    cbor_put_bytes(w, SHA256(data, len, hash), sizeof hash);
}

static void put_named(struct writer *w, const char *key, const char *value)
{
    cbor_put_text(w, key);
    cbor_put_text(w, value);
}

/* Canonical order, RFC 8949 section 4.2.1: the encoded keys octet by octet. */
static void put_claims(struct tre *t, const struct evidence_request *q, struct writer *w)
{
    uint8_t list[LIST_MAX], ueid[1 + TRE_ID_LEN] = { UEID_RAND };
    struct writer mids = writer_make(list, sizeof list);
    registry_list(&t->registry, &mids);
    memcpy(&ueid[1], t->identity.tre_id, TRE_ID_LEN);
    cbor_put_map(w, q->now ? 10 : 9);
    if (q->now) {
        cbor_put_int(w, CLAIM_IAT);
        cbor_put_uint(w, q->now);
    }
    cbor_put_int(w, CLAIM_NONCE);
    cbor_put_bytes(w, q->nonce.data, q->nonce.len);
    cbor_put_int(w, CLAIM_UEID);
    cbor_put_bytes(w, ueid, sizeof ueid);
    put_named(w, "fw", AGENT_VERSION);
    cbor_put_text(w, "kem");
    cbor_put_bytes(w, t->identity.transport.hash, HASH_LEN);
    put_named(w, "boot", t->mid_damaged ? "blocked" : "ok");
    put_named(w, "host", q->host);
    put_hash(w, "mids", list, mids.len);
    put_hash(w, "token", registry_token(&t->registry, q->context)->value, TRE_TOKEN_LEN);
    put_named(w, "backend", t->backend->table->name);
    if (mids.failed)
        w->failed = true;
}

static bool printable(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return len <= EVIDENCE_HOST_MAX;
}

enum error_code evidence_make(struct tre *t, const struct evidence_request *q, struct writer *out)
{
    if (q->nonce.len < EVIDENCE_NONCE_MIN || q->nonce.len > REGISTRY_NONCE_MAX || !printable(q->host))
        return ERROR_INVALID;
    enum error_code rc = token_set_nonce(t, q->context, q->nonce);
    if (rc)
        return rc;
    uint8_t claims[1024];
    struct writer w = writer_make(claims, sizeof claims);
    put_claims(t, q, &w);
    return w.failed ? ERROR_INTERNAL : cose_sign(t, (struct slice){ NULL, 0 }, writer_slice(&w), out);
}
