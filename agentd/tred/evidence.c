/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence. Promises: the nonce is bound to the registration before the signature leaves; the host's words are marked as such ("host") and
 * never mixed with what the TRE knows by itself; a form that the back end cannot give is refused, never replaced by a weaker one. */
#include "tred/evidence.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/secret.h"
#include "codec/cbor.h"
#include "config.h"
#include "tred/cose.h"
#include "tred/enrolment.h"
#include "tred/token.h"

enum { CLAIM_IAT = 6, CLAIM_NONCE = 10, CLAIM_UEID = 256, UEID_RAND = 1, LIST_MAX = 4096 };

static void put_hash(struct writer *w, const char *key, const void *data, size_t len)
{
    uint8_t hash[HASH_LEN];
    cbor_put_text(w, key);
    if (SHA256(data, len, hash))
        cbor_put_bytes(w, hash, sizeof hash);
    else
        w->failed = true;
}

static void put_named(struct writer *w, const char *key, const char *value)
{
    cbor_put_text(w, key);
    cbor_put_text(w, value);
}

static const char *form_name(enum tre_form form)
{
    switch (form) {
    case TRE_FORM_SEMI_AUTONOMOUS:
        return "semi-autonomous";
    case TRE_FORM_AUTONOMOUS:
        return "autonomous";
    case TRE_FORM_REMOTE:
        return "remote";
    }
    return NULL;
}

/* What the form needs of the back end, asked before anything is written. */
struct evidence_facts {
    bool spoken;  /* more than that the key could sign at all */
    bool located; /* platform holds */
    bool quoted;
    struct backend_platform platform;
    struct backend_quote quote;
};

/* The quote is over nonce, token and transport key: it cannot be taken out of this evidence into another. */
static enum error_code quote_take(struct tre *t, const struct evidence_request *q, struct evidence_facts *f)
{
    uint8_t challenge[HASH_LEN], octets[REGISTRY_NONCE_MAX + 2 * HASH_LEN];
    struct writer w = writer_make(octets, sizeof octets);
    struct identity_secrets secrets;
    writer_put(&w, q->nonce.data, q->nonce.len);
    w.failed = !SHA256(registry_token(&t->registry, q->context)->value, TRE_TOKEN_LEN, challenge);
    writer_put(&w, challenge, sizeof challenge);
    writer_put(&w, t->identity.transport.hash, HASH_LEN);
    enum error_code rc = w.failed || !SHA256(w.data, w.len, challenge) ? ERROR_INTERNAL : identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    rc = t->backend->table->quote(t->backend, secrets.pfc_key, challenge, &f->quote);
    identity_close(&secrets);
    f->quoted = !rc;
    return rc;
}

static enum error_code facts_take(struct tre *t, const struct evidence_request *q, struct evidence_facts *f)
{
    *f = (struct evidence_facts){ .spoken = q->form != TRE_FORM_AUTONOMOUS };
    if (!f->spoken)
        return ERROR_NONE;
    enum error_code rc = t->backend->table->platform(t->backend, &f->platform);
    f->located = !rc;
    if (rc && rc != ERROR_NOT_SUPPORTED)
        return rc;
    return q->form == TRE_FORM_REMOTE ? quote_take(t, q, f) : ERROR_NONE;
}

/* [TPMS_ATTEST, r | s, {register: value}] */
static void put_quote(struct writer *w, const struct backend_quote *quote)
{
    cbor_put_text(w, "quote");
    cbor_put_array(w, 3);
    cbor_put_bytes(w, quote->attest, quote->attest_len);
    cbor_put_bytes(w, quote->signature, sizeof quote->signature);
    cbor_put_map(w, quote->count);
    for (size_t i = 0; i < quote->count; i++) {
        cbor_put_uint(w, quote->pcrs[i].index);
        cbor_put_bytes(w, quote->pcrs[i].value, sizeof quote->pcrs[i].value);
    }
}

static uint64_t count_claims(const struct evidence_request *q, const struct evidence_facts *f)
{
    return 6U + (q->now != 0) + (f->spoken ? 5U : 0) + (f->located ? 2U : 0) + f->quoted;
}

/* Canonical order, RFC 8949 section 4.2.1: the encoded keys octet by octet. */
static void put_claims(struct tre *t, const struct evidence_request *q, const struct evidence_facts *f, struct writer *w)
{
    uint8_t list[LIST_MAX], ueid[1 + TRE_ID_LEN] = { UEID_RAND };
    struct writer mids = writer_make(list, sizeof list);
    registry_list(&t->registry, &mids);
    memcpy(&ueid[1], t->identity.tre_id, TRE_ID_LEN);
    cbor_put_map(w, count_claims(q, f));
    if (q->now) {
        cbor_put_int(w, CLAIM_IAT);
        cbor_put_uint(w, q->now);
    }
    cbor_put_int(w, CLAIM_NONCE);
    cbor_put_bytes(w, q->nonce.data, q->nonce.len);
    cbor_put_int(w, CLAIM_UEID);
    cbor_put_bytes(w, ueid, sizeof ueid);
    if (f->spoken)
        put_named(w, "fw", AGENT_VERSION);
    cbor_put_text(w, "kem");
    cbor_put_bytes(w, t->identity.transport.hash, HASH_LEN);
    if (f->spoken)
        put_named(w, "boot", t->mid_damaged ? "blocked" : "ok");
    put_named(w, "form", form_name(q->form));
    if (f->spoken) {
        put_named(w, "host", q->host);
        put_hash(w, "mids", list, mids.len);
    }
    if (f->quoted)
        put_quote(w, &f->quote);
    put_hash(w, "token", registry_token(&t->registry, q->context)->value, TRE_TOKEN_LEN);
    put_named(w, "backend", t->backend->table->name);
    if (f->spoken) {
        cbor_put_text(w, "program");
        cbor_put_bytes(w, t->program, HASH_LEN);
    }
    if (f->located) {
        put_named(w, "platform", f->platform.name);
        cbor_put_text(w, "authority");
        cbor_put_bytes(w, f->platform.authority, sizeof f->platform.authority);
    }
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
    if (q->nonce.len < EVIDENCE_NONCE_MIN || q->nonce.len > REGISTRY_NONCE_MAX || !printable(q->host) || !form_name(q->form))
        return ERROR_INVALID;
    if (t->enrolment_due) /* perhaps for want of memory only */
        enrolment_check(t);
    if (t->enrolment_due)
        return ERROR_ENROLMENT;
    enum error_code rc = token_set_nonce(t, q->context, q->nonce);
    struct evidence_facts facts;
    if (!rc)
        rc = facts_take(t, q, &facts);
    if (rc)
        return rc;
    uint8_t claims[COSE_PAYLOAD_MAX];
    struct writer w = writer_make(claims, sizeof claims);
    put_claims(t, q, &facts, &w);
    return w.failed ? ERROR_INTERNAL : cose_sign(t, (struct slice){ NULL, 0 }, writer_slice(&w), out);
}
