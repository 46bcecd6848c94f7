/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM keeps: the master key as sealed octets, and the device key, which signs evidence and quotes. Both open under the authorised policy only. The
 * device key is restricted: what it signs as a quote cannot have been made up outside (TPM 2.0 part 1, section 25.1), other octets it signs by a ticket
 * that they do not look like one. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base/log.h"
#include "model/fields.h"
#include "tred/tpm2.h"

enum { COORDINATE = 32, CHUNK = 1024 };

static const TPM2B_DATA no_data = { .size = 0 };
static const TPML_PCR_SELECTION no_pcrs = { .count = 0 };

/* TCG TPM v2.0 Provisioning Guidance 1.0, template of an ECC storage key. */
enum error_code tpm2_storage_make(struct tpm2 *t)
{
    static const TPM2B_PUBLIC template = { .publicArea = {
        .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                            TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
        .parameters.eccDetail = { .symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB },
                                  .scheme.scheme = TPM2_ALG_NULL, .curveID = TPM2_ECC_NIST_P256, .kdf.scheme = TPM2_ALG_NULL } } };
    static const TPM2B_SENSITIVE_CREATE nothing = { .size = 0 };
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing, &template, &no_data, &no_pcrs,
                                    &t->storage, NULL, NULL, NULL, NULL);
    if (!rc)
        rc = Esys_TR_GetName(t->esys, t->storage, &name);
    if (!rc)
        t->storage_name = *name;
    Esys_Free(name);
    return rc ? tpm2_failed("the storage key", rc) : ERROR_NONE;
}

static void wipe_free(void *data, size_t len)
{
    if (data)
        secret_zero(data, len);
    Esys_Free(data);
}

/* An object of this TPM below the storage key; the template's policy is filled in. */
static enum error_code object_make(struct tpm2 *t, const TPM2B_SENSITIVE_CREATE *content, TPM2B_PUBLIC *template, TPM2B_PUBLIC *public, TPM2B_PRIVATE *private)
{
    TPM2B_PUBLIC *made = NULL;
    TPM2B_PRIVATE *inside = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    enum error_code rc = tpm2_policy_digest(t, &t->file.authority, &template->publicArea.authPolicy);
    if (!rc)
        rc = tpm2_hmac_session(t, TPMA_SESSION_DECRYPT, &session);
    if (rc)
        return rc;
    TSS2_RC tpm = Esys_Create(t->esys, t->storage, session, ESYS_TR_NONE, ESYS_TR_NONE, content, template, &no_data, &no_pcrs, &inside, &made, NULL, NULL, NULL);
    if (tpm) {
        tpm2_flush(t, session);
        rc = tpm2_failed("an object of the TPM", tpm);
    } else {
        *public = *made;
        *private = *inside;
    }
    Esys_Free(made);
    Esys_Free(inside);
    return rc;
}

static enum error_code object_load(struct tpm2 *t, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, ESYS_TR *object)
{
    TSS2_RC rc = Esys_Load(t->esys, t->storage, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, private, public, object);
    if (!rc)
        return ERROR_NONE;
    (void)tpm2_failed("what was sealed", rc);
    return tpm2_refused(rc) ? ERROR_OTHER_TPM : ERROR_TPM;
}

enum error_code tpm2_seal(struct tpm2 *t, struct slice octets)
{
    TPM2B_PUBLIC template = { .publicArea = { .type = TPM2_ALG_KEYEDHASH, .nameAlg = TPM2_ALG_SHA256,
                                              .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA,
                                              .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL } };
    TPM2B_SENSITIVE_CREATE content = { .sensitive.data.size = (UINT16)octets.len };
    if (octets.len > TPM2_HASH * 2)
        return ERROR_INTERNAL;
    memcpy(content.sensitive.data.buffer, octets.data, octets.len);
    enum error_code rc = object_make(t, &content, &template, &t->file.public, &t->file.private);
    secret_zero(&content, sizeof content);
    return rc;
}

enum error_code tpm2_unseal(struct tpm2 *t, struct secret *out)
{
    ESYS_TR object = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TPM2B_SENSITIVE_DATA *octets = NULL;
    enum error_code rc = object_load(t, &t->file.public, &t->file.private, &object);
    if (rc)
        return rc;
    rc = tpm2_policy_session(t, TPMA_SESSION_ENCRYPT, &session);
    TSS2_RC tpm = rc ? TSS2_RC_SUCCESS : Esys_Unseal(t->esys, object, session, ESYS_TR_NONE, ESYS_TR_NONE, &octets);
    if (tpm) {
        tpm2_flush(t, session);
        (void)tpm2_failed("the master key", tpm);
        rc = tpm2_refused(tpm) ? ERROR_PLATFORM : ERROR_TPM;
    }
    tpm2_flush(t, object);
    if (!rc && !secret_set(out, octets->buffer, octets->size))
        rc = ERROR_INTERNAL;
    wipe_free(octets, sizeof *octets);
    return rc;
}

static bool coordinate(const EVP_PKEY *key, const char *name, TPM2B_ECC_PARAMETER *out)
{
    BIGNUM *n = NULL;
    out->size = COORDINATE;
    bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_bn2binpad(n, out->buffer, COORDINATE) == COORDINATE;
    BN_free(n);
    return ok;
}

bool tpm2_public_of(struct slice spki, TPM2B_PUBLIC *out)
{
    char group[32];
    const unsigned char *at = spki.data;
    EVP_PKEY *key = spki.len ? d2i_PUBKEY(NULL, &at, (long)spki.len) : NULL;
    *out = (TPM2B_PUBLIC){ .publicArea = { .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256,
                                           .objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH,
                                           .parameters.eccDetail = { .symmetric.algorithm = TPM2_ALG_NULL, .scheme.scheme = TPM2_ALG_NULL,
                                                                     .curveID = TPM2_ECC_NIST_P256, .kdf.scheme = TPM2_ALG_NULL } } };
    bool ok = key && EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) == 1 && strcmp(group, "prime256v1") == 0 &&
              coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, &out->publicArea.unique.ecc.x) && coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, &out->publicArea.unique.ecc.y);
    EVP_PKEY_free(key);
    return ok;
}

static bool coordinate_put(struct writer *w, const TPM2B_ECC_PARAMETER *n)
{
    static const uint8_t zeros[COORDINATE];
    if (n->size > COORDINATE)
        return false;
    writer_put(w, zeros, (size_t)(COORDINATE - n->size));
    writer_put(w, n->buffer, n->size);
    return !w->failed;
}

static bool spki_put(const TPMS_ECC_POINT *point, struct writer *spki)
{
    uint8_t octets[1 + 2 * COORDINATE];
    char group[] = "prime256v1";
    struct writer w = writer_make(octets, sizeof octets);
    writer_u8(&w, 4); /* uncompressed (SEC 1, section 2.3.3) */
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof octets), OSSL_PARAM_construct_end() };
    EVP_PKEY *key = NULL;
    unsigned char *der = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = coordinate_put(&w, &point->x) && coordinate_put(&w, &point->y) && c && EVP_PKEY_fromdata_init(c) == 1 &&
              EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    int len = ok ? i2d_PUBKEY(key, &der) : 0;
    if (len > 0)
        writer_put(spki, der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(c);
    return len > 0 && !spki->failed;
}

bool tpm2_thumbprint(const TPM2B_PUBLIC *public, uint8_t out[TPM2_HASH])
{
    uint8_t der[128];
    struct writer spki = writer_make(der, sizeof der);
    return spki_put(&public->publicArea.unique.ecc, &spki) && SHA256(der, spki.len, out);
}

/* signer = octets TPM2B_PUBLIC, octets TPM2B_PRIVATE. */
static bool signer_put(const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, struct writer *w)
{
    uint8_t a[sizeof *public], b[sizeof *private];
    size_t a_len = 0, b_len = 0;
    bool ok = Tss2_MU_TPM2B_PUBLIC_Marshal(public, a, sizeof a, &a_len) == 0 && Tss2_MU_TPM2B_PRIVATE_Marshal(private, b, sizeof b, &b_len) == 0;
    if (ok) {
        fields_put(w, a, a_len);
        fields_put(w, b, b_len);
    }
    return ok && !w->failed;
}

static enum error_code signer_load(struct tpm2 *t, struct slice signer, ESYS_TR *object)
{
    TPM2B_PUBLIC public = { .size = 0 };
    TPM2B_PRIVATE private = { .size = 0 };
    size_t at = 0, at2 = 0;
    struct reader r = reader_make(signer.data, signer.len);
    struct slice a = fields_take(&r), b = fields_take(&r);
    bool ok = reader_done(&r) && Tss2_MU_TPM2B_PUBLIC_Unmarshal(a.data, a.len, &at, &public) == 0 &&
              Tss2_MU_TPM2B_PRIVATE_Unmarshal(b.data, b.len, &at2, &private) == 0;
    return ok ? object_load(t, &public, &private, object) : ERROR_STORAGE;
}

enum error_code tpm2_signer_make(struct tpm2 *t, struct writer *signer, struct writer *spki)
{
    TPM2B_PUBLIC template = { .publicArea = {
        .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                            TPMA_OBJECT_SIGN_ENCRYPT,
        .parameters.eccDetail = { .symmetric.algorithm = TPM2_ALG_NULL, .scheme = { .scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
                                  .curveID = TPM2_ECC_NIST_P256, .kdf.scheme = TPM2_ALG_NULL } } };
    static const TPM2B_SENSITIVE_CREATE nothing = { .size = 0 };
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE private;
    enum error_code rc = object_make(t, &nothing, &template, &public, &private);
    if (rc)
        return rc;
    return spki_put(&public.publicArea.unique.ecc, spki) && signer_put(&public, &private, signer) ? ERROR_NONE : ERROR_INTERNAL;
}

/* SHA-256 in the TPM, and its word that the octets are no structure of its own. */
static enum error_code ticket_for(struct tpm2 *t, struct slice octets, TPM2B_DIGEST **digest, TPMT_TK_HASHCHECK **ticket)
{
    static const TPM2B_AUTH no_auth = { .size = 0 };
    TPM2B_MAX_BUFFER chunk = { .size = 0 };
    ESYS_TR sequence = ESYS_TR_NONE;
    struct reader r = reader_make(octets.data, octets.len);
    TSS2_RC rc = Esys_HashSequenceStart(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &no_auth, TPM2_ALG_SHA256, &sequence);
    while (!rc) {
        size_t left = reader_left(&r);
        struct slice part = reader_take(&r, left < CHUNK ? left : CHUNK);
        chunk.size = (UINT16)part.len;
        if (part.len)
            memcpy(chunk.buffer, part.data, part.len);
        if (!reader_left(&r))
            break;
        rc = Esys_SequenceUpdate(t->esys, sequence, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &chunk);
    }
    if (!rc)
        rc = Esys_SequenceComplete(t->esys, sequence, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &chunk, ESYS_TR_RH_OWNER, digest, ticket);
    if (rc && sequence != ESYS_TR_NONE)
        tpm2_flush(t, sequence);
    return rc ? tpm2_failed("a digest", rc) : ERROR_NONE;
}

static bool signature_put(const TPMT_SIGNATURE *s, uint8_t raw[BACKEND_SIGNATURE])
{
    struct writer w = writer_make(raw, BACKEND_SIGNATURE);
    return s->sigAlg == TPM2_ALG_ECDSA && coordinate_put(&w, &s->signature.ecdsa.signatureR) && coordinate_put(&w, &s->signature.ecdsa.signatureS);
}

/* Device key and a session that opens it. */
static enum error_code signer_open(struct tpm2 *t, struct slice signer, ESYS_TR *key, ESYS_TR *session)
{
    enum error_code rc = signer_load(t, signer, key);
    if (!rc)
        rc = tpm2_policy_session(t, 0, session);
    return rc;
}

static enum error_code signer_close(struct tpm2 *t, ESYS_TR key, ESYS_TR session, const char *what, TSS2_RC tpm)
{
    tpm2_flush(t, key);
    if (!tpm)
        return ERROR_NONE;
    tpm2_flush(t, session);
    return tpm2_failed(what, tpm);
}

enum error_code tpm2_sign(struct tpm2 *t, struct slice signer, struct slice octets, uint8_t raw[BACKEND_SIGNATURE])
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    ESYS_TR key = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TPM2B_DIGEST *digest = NULL;
    TPMT_TK_HASHCHECK *ticket = NULL;
    TPMT_SIGNATURE *signature = NULL;
    TSS2_RC tpm = TSS2_RC_SUCCESS;
    enum error_code rc = ticket_for(t, octets, &digest, &ticket);
    if (!rc && !(rc = signer_open(t, signer, &key, &session)))
        tpm = Esys_Sign(t->esys, key, session, ESYS_TR_NONE, ESYS_TR_NONE, digest, &own, ticket, &signature);
    enum error_code closed = signer_close(t, key, session, "a signature", tpm);
    rc = rc ? rc : closed;
    if (!rc && !signature_put(signature, raw))
        rc = ERROR_INTERNAL;
    Esys_Free(signature);
    Esys_Free(ticket);
    Esys_Free(digest);
    return rc;
}

static TPML_PCR_SELECTION selection_of(uint32_t pcrs)
{
    TPML_PCR_SELECTION s = { .count = 1, .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3 } } };
    for (size_t i = 0; i < 3; i++)
        s.pcrSelections[0].pcrSelect[i] = (uint8_t)(pcrs >> 8 * i);
    return s;
}

/* At most BACKEND_PCRS registers, which one answer of the TPM holds. */
static enum error_code registers_read(struct tpm2 *t, struct backend_quote *out)
{
    const TPML_PCR_SELECTION wanted = selection_of(t->fits->pcrs);
    TPML_DIGEST *values = NULL;
    TSS2_RC rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, NULL, NULL, &values);
    if (rc)
        return tpm2_failed("the platform's registers", rc);
    out->count = 0;
    for (uint8_t i = 0; i < 24 && out->count < values->count && out->count < BACKEND_PCRS; i++)
        if (t->fits->pcrs & 1u << i) {
            out->pcrs[out->count].index = i;
            memcpy(out->pcrs[out->count].value, values->digests[out->count].buffer, TPM2_HASH);
            out->count++;
        }
    bool all = out->count == (size_t)__builtin_popcount(t->fits->pcrs);
    Esys_Free(values);
    return all ? ERROR_NONE : ERROR_INTERNAL;
}

enum error_code tpm2_quote(struct tpm2 *t, struct slice signer, const uint8_t challenge[BACKEND_CHALLENGE], struct backend_quote *out)
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    TPM2B_DATA extra = { .size = BACKEND_CHALLENGE };
    ESYS_TR key = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    TSS2_RC tpm = TSS2_RC_SUCCESS;
    memcpy(extra.buffer, challenge, BACKEND_CHALLENGE);
    enum error_code rc = signer_open(t, signer, &key, &session);
    const TPML_PCR_SELECTION pcrs = selection_of(rc ? 0 : t->fits->pcrs);
    if (!rc)
        tpm = Esys_Quote(t->esys, key, session, ESYS_TR_NONE, ESYS_TR_NONE, &extra, &own, &pcrs, &attest, &signature);
    enum error_code closed = signer_close(t, key, session, "a quote", tpm);
    rc = rc ? rc : closed;
    if (!rc && (attest->size > sizeof out->attest || !signature_put(signature, out->signature)))
        rc = ERROR_INTERNAL;
    if (!rc) {
        memcpy(out->attest, attest->attestationData, attest->size);
        out->attest_len = attest->size;
        rc = registers_read(t, out);
    }
    Esys_Free(attest);
    Esys_Free(signature);
    return rc;
}
