/* SPDX-License-Identifier: Apache-2.0 */
/* The counter in the TPM's non-volatile memory. Its authorisation value is made of the master key: who cannot open the state cannot step it; the owner of the
 * TPM can take it away, after which the state is refused. Must never be made orderly: such a counter jumps when the power fails. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "tred/tpm2.h"

enum { INDEX = 0x01800a6e, OCTETS = 8, TRIES = 20, PAUSE_MS = 100 }; /* of the range for owners (TCG registry of reserved handles) */

static bool auth_of(const struct tpm2 *t, TPM2B_AUTH *auth)
{
    auth->size = (UINT16)t->counter_auth->len;
    memcpy(auth->buffer, t->counter_auth->data, t->counter_auth->len);
    return auth->size == TPM2_HASH;
}

/* The counter as an object of the library, with its authorisation value. NOT_FOUND. */
static enum error_code counter_open(struct tpm2 *t, ESYS_TR *nv)
{
    TPM2B_AUTH auth;
    TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, INDEX, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nv);
    if (rc)
        return tpm2_refused(rc) ? ERROR_NOT_FOUND : tpm2_failed("the counter", rc);
    rc = auth_of(t, &auth) ? Esys_TR_SetAuth(t->esys, *nv, &auth) : TSS2_ESYS_RC_GENERAL_FAILURE;
    secret_zero(&auth, sizeof auth);
    return rc ? tpm2_failed("the counter", rc) : ERROR_NONE;
}

/* What the library knows of it; the TPM keeps it. */
static void counter_close(struct tpm2 *t, ESYS_TR nv)
{
    if (nv != ESYS_TR_NONE)
        (void)Esys_TR_Close(t->esys, &nv);
}

static enum error_code former_remove(struct tpm2 *t)
{
    ESYS_TR nv = ESYS_TR_NONE;
    TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, INDEX, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv);
    if (rc)
        return tpm2_refused(rc) ? ERROR_NONE : tpm2_failed("the counter", rc);
    log_notice("anchor", "this TPM has the counter of a former state; it is given up, and that state with it");
    rc = Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
    return rc ? tpm2_failed("the former counter", rc) : ERROR_NONE;
}

enum error_code tpm2_counter_make(struct tpm2 *t)
{
    TPM2B_NV_PUBLIC public = { .nvPublic = { .nvIndex = INDEX, .nameAlg = TPM2_ALG_SHA256, .dataSize = OCTETS,
                                             .attributes = TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA |
                                                           (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) } };
    TPM2B_AUTH auth;
    ESYS_TR nv = ESYS_TR_NONE, session = ESYS_TR_NONE;
    enum error_code rc = former_remove(t);
    if (!rc)
        rc = auth_of(t, &auth) ? tpm2_hmac_session(t, TPMA_SESSION_DECRYPT, &session) : ERROR_INTERNAL;
    if (rc)
        return rc;
    TSS2_RC tpm = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE, &auth, &public, &nv);
    secret_zero(&auth, sizeof auth);
    if (tpm)
        tpm2_flush(t, session);
    counter_close(t, nv);
    return tpm ? tpm2_failed("the new counter", tpm) : tpm2_counter_step(t); /* it has no value before its first step */
}

enum error_code tpm2_counter_read(struct tpm2 *t, uint64_t *value)
{
    ESYS_TR nv = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TPM2B_MAX_NV_BUFFER *data = NULL;
    enum error_code rc = counter_open(t, &nv);
    if (rc)
        return rc == ERROR_NOT_FOUND ? ERROR_ROLLED_BACK : rc;
    rc = tpm2_hmac_session(t, TPMA_SESSION_ENCRYPT, &session);
    TSS2_RC tpm = rc ? TSS2_RC_SUCCESS : Esys_NV_Read(t->esys, nv, nv, session, ESYS_TR_NONE, ESYS_TR_NONE, OCTETS, 0, &data);
    counter_close(t, nv);
    if (tpm) {
        tpm2_flush(t, session);
        (void)tpm2_failed("the counter", tpm);
        rc = tpm2_refused(tpm) ? ERROR_ROLLED_BACK : ERROR_TPM; /* another state's: this one was given up */
    }
    struct reader r = reader_make(data ? data->buffer : NULL, data ? data->size : 0);
    *value = reader_u64(&r);
    if (!rc && !reader_done(&r))
        rc = ERROR_INTERNAL;
    Esys_Free(data);
    return rc;
}

/* A TPM may slow its writers down (TPM_RC_NV_RATE). */
static TSS2_RC increment(struct tpm2 *t, ESYS_TR nv, ESYS_TR session)
{
    TSS2_RC rc = TPM2_RC_NV_RATE;
    for (size_t i = 0; i < TRIES && rc == TPM2_RC_NV_RATE; i++) {
        if (i)
            (void)poll(NULL, 0, PAUSE_MS);
        rc = Esys_NV_Increment(t->esys, nv, nv, session, ESYS_TR_NONE, ESYS_TR_NONE);
    }
    return rc;
}

enum error_code tpm2_counter_step(struct tpm2 *t)
{
    ESYS_TR nv = ESYS_TR_NONE, session = ESYS_TR_NONE;
    enum error_code rc = counter_open(t, &nv);
    if (rc)
        return rc == ERROR_NOT_FOUND ? ERROR_ROLLED_BACK : rc;
    rc = tpm2_hmac_session(t, 0, &session);
    TSS2_RC tpm = rc ? TSS2_RC_SUCCESS : increment(t, nv, session);
    counter_close(t, nv);
    if (!tpm)
        return rc;
    tpm2_flush(t, session);
    return tpm2_failed("the counter", tpm);
}
