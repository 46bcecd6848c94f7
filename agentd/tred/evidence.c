/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence. Promises: the nonce is bound to the registration before the signature leaves; the host's words are marked as such ("host") and
 * never mixed with what the TRE knows by itself. */
#include "tred/evidence.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/secret.h"
#include "codec/cbor.h"
#include "config.h"
#include "tred/token.h"

enum { COSE_SIGN1 = 18, HEADER_ALG = 1, HEADER_KID = 4, ALG_ES256 = -7, CLAIM_IAT = 6, CLAIM_NONCE = 10, CLAIM_UEID = 256 };
enum { UEID_RAND = 1, SIGNATURE = 64, LIST_MAX = 4096 };

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
    put_named(w, "backend", "software");
    if (mids.failed)
        w->failed = true;
}

/* DER ECDSA-Sig-Value to r | s of 32 octets each (RFC 9053 section 2.1). */
static bool signature_raw(const uint8_t *der, size_t len, uint8_t raw[SIGNATURE])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, SIGNATURE / 2) == SIGNATURE / 2 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), &raw[SIGNATURE / 2], SIGNATURE / 2) == SIGNATURE / 2;
    ECDSA_SIG_free(sig);
    return ok;
}

static bool key_sign(EVP_PKEY *key, struct slice octets, uint8_t raw[SIGNATURE])
{
    uint8_t der[96];
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, der, &len, octets.data, octets.len) == 1 && signature_raw(der, len, raw);
    EVP_MD_CTX_free(ctx);
    return ok;
}

static enum error_code sign(struct tre *t, struct slice octets, uint8_t raw[SIGNATURE])
{
    struct identity_secrets secrets;
    enum error_code rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    EVP_PKEY *key = identity_key(secrets.pfc_key);
    identity_close(&secrets);
    bool ok = key_sign(key, octets, raw);
    EVP_PKEY_free(key);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

/* RFC 9052 section 4.2 (COSE_Sign1) and 4.4 (Sig_structure). */
static enum error_code put_signed(struct tre *t, struct slice payload, struct writer *out)
{
    uint8_t protected_octets[8], tbs[EVIDENCE_MAX], signature[SIGNATURE];
    struct writer p = writer_make(protected_octets, sizeof protected_octets), s = writer_make(tbs, sizeof tbs);
    cbor_put_map(&p, 1);
    cbor_put_int(&p, HEADER_ALG);
    cbor_put_int(&p, ALG_ES256);
    cbor_put_array(&s, 4);
    cbor_put_text(&s, "Signature1");
    cbor_put_bytes(&s, p.data, p.len);
    cbor_put_bytes(&s, NULL, 0);
    cbor_put_bytes(&s, payload.data, payload.len);
    enum error_code rc = s.failed || p.failed ? ERROR_INTERNAL : sign(t, writer_slice(&s), signature);
    if (rc)
        return rc;
    cbor_put_tag(out, COSE_SIGN1);
    cbor_put_array(out, 4);
    cbor_put_bytes(out, p.data, p.len);
    cbor_put_map(out, 1);
    cbor_put_int(out, HEADER_KID);
    cbor_put_bytes(out, t->identity.pfc.hash, HASH_LEN);
    cbor_put_bytes(out, payload.data, payload.len);
    cbor_put_bytes(out, signature, sizeof signature);
    return out->failed ? ERROR_INTERNAL : ERROR_NONE;
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
    return w.failed ? ERROR_INTERNAL : put_signed(t, writer_slice(&w), out);
}
