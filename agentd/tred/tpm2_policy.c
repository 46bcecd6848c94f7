/* SPDX-License-Identifier: Apache-2.0 */
/* When the TPM gives out what it keeps: PolicyPCR of the platform as it runs, and PolicyAuthorize, the word of the authority that this one is approved
 * (TPM 2.0 part 3, sections 23.7 and 23.16). A firmware upgrade brings its own word; what is sealed stays as it is. Must never take a file's word itself: the TPM
 * verifies the signature. */
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "tred/tpm2.h"

enum { FILE_MAX = 16 * 1024, PCR_LAST = 23, WORDS = 3 };

static const char reference[] = "gateway-agent platform 1"; /* policyRef: keeps other signatures of that key out */

static const TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_AES, .keyBits = { .aes = 128 }, .mode = { .aes = TPM2_ALG_CFB } };

static TPM2B_NONCE policy_ref(void)
{
    TPM2B_NONCE ref = { .size = sizeof reference - 1 };
    memcpy(ref.buffer, reference, sizeof reference - 1);
    return ref;
}

static struct slice word_take(struct reader *r, char until)
{
    size_t begin = r->pos;
    while (reader_left(r) && reader_peek(r) != (uint8_t)until)
        (void)reader_u8(r);
    struct slice word = { &r->in.data[begin], r->pos - begin };
    if (reader_left(r))
        (void)reader_u8(r);
    return word;
}

static bool take_pcrs(struct slice text, uint32_t *pcrs)
{
    struct reader r = reader_make(text.data, text.len);
    *pcrs = 0;
    while (reader_left(&r)) {
        uint64_t n;
        if (!text_decimal(word_take(&r, ','), PCR_LAST, &n) || (*pcrs & 1u << n))
            return false;
        *pcrs |= 1u << n;
    }
    return *pcrs != 0 && __builtin_popcount(*pcrs) <= BACKEND_PCRS;
}

static bool take_hex(struct slice text, uint8_t *out, size_t want)
{
    size_t len = 0;
    return text_hex_decode(text, out, want, &len) && len == want;
}

static bool take_line(struct slice line, struct tpm2_approval *a)
{
    struct reader r = reader_make(line.data, line.len);
    *a = (struct tpm2_approval){ .name = "" };
    bool good = take_pcrs(word_take(&r, ' '), &a->pcrs) && take_hex(word_take(&r, ' '), a->policy, sizeof a->policy) &&
                take_hex(word_take(&r, ' '), a->signature, sizeof a->signature);
    struct slice name = reader_take(&r, reader_left(&r));
    if (name.len >= sizeof a->name)
        return false;
    if (name.len)
        memcpy(a->name, name.data, name.len);
    return good && (!name.len || text_is_name(a->name, " ._:+-", sizeof a->name - 1));
}

static enum error_code take_file(struct tpm2 *t, const char *path, struct slice text)
{
    struct reader r = reader_make(text.data, text.len);
    for (size_t number = 1; reader_left(&r); number++) {
        struct slice line = word_take(&r, '\n');
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (t->approvals == TPM2_APPROVALS || !take_line(line, &t->approved[t->approvals])) {
            log_error("platform", "%s line %zu: not `PCRs policy signature name`, or more than %d", path, number, TPM2_APPROVALS);
            return ERROR_PLATFORM;
        }
        t->approvals++;
    }
    return ERROR_NONE;
}

enum error_code tpm2_policy_read(struct tpm2 *t, const char *path)
{
    static uint8_t text[FILE_MAX + 1];
    FILE *in = fopen(path, "re");
    t->approvals = 0;
    if (!in) {
        log_error("platform", "%s cannot be opened: no platform is approved", path);
        return ERROR_PLATFORM;
    }
    size_t len = fread(text, 1, sizeof text, in);
    (void)fclose(in);
    if (len <= FILE_MAX)
        return take_file(t, path, (struct slice){ text, len });
    log_error("platform", "%s is larger than %d octets", path, FILE_MAX);
    return ERROR_PLATFORM;
}

static enum error_code session_start(struct tpm2 *t, TPM2_SE kind, TPMA_SESSION what, ESYS_TR *session)
{
    *session = ESYS_TR_NONE;
    TSS2_RC rc = Esys_StartAuthSession(t->esys, kind == TPM2_SE_TRIAL ? ESYS_TR_NONE : t->storage, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       NULL, kind, &symmetric, TPM2_ALG_SHA256, session);
    if (!rc && kind != TPM2_SE_TRIAL)
        rc = Esys_TRSess_SetAttributes(t->esys, *session, what, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION);
    return rc ? tpm2_failed("a session", rc) : ERROR_NONE;
}

enum error_code tpm2_hmac_session(struct tpm2 *t, TPMA_SESSION what, ESYS_TR *session)
{
    return session_start(t, TPM2_SE_HMAC, what, session);
}

/* The authority's key in the TPM: of the owner's hierarchy, else the TPM issues no ticket. */
static enum error_code authority_load(struct tpm2 *t, const TPM2B_PUBLIC *authority, ESYS_TR *key)
{
    TSS2_RC rc = Esys_LoadExternal(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, authority, ESYS_TR_RH_OWNER, key);
    return rc ? tpm2_failed("the platform authority's key", rc) : ERROR_NONE;
}

enum error_code tpm2_policy_digest(struct tpm2 *t, const TPM2B_PUBLIC *authority, TPM2B_DIGEST *out)
{
    const TPMT_TK_VERIFIED none = { .tag = TPM2_ST_VERIFIED, .hierarchy = TPM2_RH_OWNER };
    const TPM2B_DIGEST any = { .size = 0 };
    const TPM2B_NONCE ref = policy_ref();
    ESYS_TR session = ESYS_TR_NONE, key = ESYS_TR_NONE;
    TPM2B_NAME *name = NULL;
    TPM2B_DIGEST *digest = NULL;
    enum error_code rc = authority_load(t, authority, &key);
    if (rc)
        return rc;
    TSS2_RC tpm = Esys_TR_GetName(t->esys, key, &name);
    tpm2_flush(t, key);
    rc = tpm ? tpm2_failed("the authority's name", tpm) : session_start(t, TPM2_SE_TRIAL, 0, &session);
    if (!rc) {
        tpm = Esys_PolicyAuthorize(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &any, &ref, name, &none);
        if (!tpm)
            tpm = Esys_PolicyGetDigest(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest);
        rc = tpm ? tpm2_failed("the policy", tpm) : ERROR_NONE;
    }
    if (!rc)
        *out = *digest;
    tpm2_flush(t, session);
    Esys_Free(digest);
    Esys_Free(name);
    return rc;
}

/* Whether the platform is that of the approval; the session then holds its PolicyPCR. */
static enum error_code platform_is(struct tpm2 *t, ESYS_TR session, const struct tpm2_approval *a, bool *fits)
{
    const TPM2B_DIGEST present = { .size = 0 };
    TPML_PCR_SELECTION pcrs = { .count = 1, .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3 } } };
    TPM2B_DIGEST *digest = NULL;
    for (size_t i = 0; i < 3; i++)
        pcrs.pcrSelections[0].pcrSelect[i] = (uint8_t)(a->pcrs >> 8 * i);
    TSS2_RC rc = Esys_PolicyPCR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &present, &pcrs);
    if (!rc)
        rc = Esys_PolicyGetDigest(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest);
    *fits = !rc && slice_equal((struct slice){ digest->buffer, digest->size }, (struct slice){ a->policy, sizeof a->policy });
    Esys_Free(digest);
    return rc ? tpm2_failed("the platform's registers", rc) : ERROR_NONE;
}

/* PolicyAuthorize wants a ticket of the TPM that the key signed the policy. PLATFORM if it did not. */
static enum error_code authorize(struct tpm2 *t, ESYS_TR session, const struct tpm2_approval *a)
{
    TPM2B_DIGEST signed_digest = { .size = TPM2_HASH }, policy = { .size = TPM2_HASH };
    TPMT_SIGNATURE signature = { .sigAlg = TPM2_ALG_ECDSA, .signature.ecdsa = { .hash = TPM2_ALG_SHA256, .signatureR = { .size = 32 }, .signatureS = { .size = 32 } } };
    TPMT_TK_VERIFIED *ticket = NULL;
    TPM2B_NAME *name = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    const TPM2B_NONCE ref = policy_ref();
    uint8_t octets[TPM2_HASH + sizeof reference - 1];
    memcpy(octets, a->policy, TPM2_HASH);
    memcpy(&octets[TPM2_HASH], reference, sizeof reference - 1);
    if (!SHA256(octets, sizeof octets, signed_digest.buffer))
        return ERROR_NO_MEMORY;
    memcpy(policy.buffer, a->policy, TPM2_HASH);
    memcpy(signature.signature.ecdsa.signatureR.buffer, a->signature, 32);
    memcpy(signature.signature.ecdsa.signatureS.buffer, &a->signature[32], 32);
    enum error_code rc = authority_load(t, &t->file.authority, &key);
    if (rc)
        return rc;
    TSS2_RC tpm = Esys_TR_GetName(t->esys, key, &name);
    if (!tpm)
        tpm = Esys_VerifySignature(t->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &signed_digest, &signature, &ticket);
    tpm2_flush(t, key);
    if (tpm)
        rc = tpm2_failed("the authority's signature", tpm);
    else if ((tpm = Esys_PolicyAuthorize(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &policy, &ref, name, ticket)))
        rc = tpm2_failed("the approved policy", tpm);
    Esys_Free(ticket);
    Esys_Free(name);
    return rc && tpm2_refused(tpm) ? ERROR_PLATFORM : rc;
}

enum error_code tpm2_policy_session(struct tpm2 *t, TPMA_SESSION what, ESYS_TR *session)
{
    enum error_code rc = ERROR_NONE;
    for (size_t i = 0; i < t->approvals && !rc; i++) {
        bool fits = false;
        rc = session_start(t, TPM2_SE_POLICY, what, session);
        if (!rc)
            rc = platform_is(t, *session, &t->approved[i], &fits);
        if (!rc && fits) {
            t->fits = &t->approved[i];
            log_debug("platform", "approved as %s", t->approved[i].name);
            rc = authorize(t, *session, &t->approved[i]);
            if (!rc)
                return ERROR_NONE;
        }
        tpm2_flush(t, *session);
        *session = ESYS_TR_NONE;
        if (rc == ERROR_PLATFORM) { /* a line that is not the authority's does not hide another one */
            log_error("platform", "the approval %s is not signed by the authority of this gateway", t->approved[i].name);
            rc = ERROR_NONE;
        }
    }
    return rc ? rc : ERROR_PLATFORM;
}
