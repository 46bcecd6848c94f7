/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the TPM 2.0 back end share. Commands go by ESAPI (TCG TSS 2.0); each session is salted with the storage key, secrets are encrypted in it,
 * and answers authenticated: on the bus neither key nor counter can be read or changed. */
#ifndef TRED_TPM2_H
#define TRED_TPM2_H

#include <stdbool.h>
#include <tss2/tss2_esys.h>

#include "tred/backend.h"

enum { TPM2_APPROVALS = 16, TPM2_HASH = 32 };

struct tpm2_approval { /* a platform that the authority approved */
    uint32_t pcrs;     /* bit n: PCR n of the SHA-256 bank, 0..23 */
    uint8_t policy[TPM2_HASH], signature[BACKEND_SIGNATURE];
    char name[65];
};

struct tpm2_file { /* tpm.key: public, but for what only this TPM can open */
    TPM2B_NAME storage; /* of the TPM's storage key */
    TPM2B_PUBLIC authority, public;
    TPM2B_PRIVATE private;
};

struct tpm2 {
    enum error_code failed; /* of the start: answered again and again */
    TSS2_TCTI_CONTEXT *link;
    ESYS_CONTEXT *esys;
    ESYS_TR storage; /* the primary key of the owner hierarchy */
    TPM2B_NAME storage_name;
    size_t approvals;
    struct tpm2_approval approved[TPM2_APPROVALS];
    struct tpm2_file file;
    bool filed;
    const struct tpm2_approval *fits; /* the one that opened the last session */
    struct secret *counter_auth;
};

/* A TCTI over a TPM device (/dev/tpmrm0) or the Unix socket of an emulator, opened now; free it after Tss2_Tcti_Finalize. NULL with errno. */
TSS2_TCTI_CONTEXT *tpm2_link_open(const char *path);

/* Logs what could not be done, and why; returns ERROR_TPM. */
enum error_code tpm2_failed(const char *what, TSS2_RC rc);
bool tpm2_refused(TSS2_RC rc); /* the TPM did answer: no */
void tpm2_flush(struct tpm2 *t, ESYS_TR handle); /* ESYS_TR_NONE is fine */

/* Reads the lines `PCRs policy signature name` (doc platform-policy). A missing file is none. */
enum error_code tpm2_policy_read(struct tpm2 *t, const char *path);
/* The policy of what is sealed: whatever that authority approves. */
enum error_code tpm2_policy_digest(struct tpm2 *t, const TPM2B_PUBLIC *authority, TPM2B_DIGEST *out);
/* A session that satisfies it now; what: TPMA_SESSION_DECRYPT (of the command) and _ENCRYPT (of the answer) where these have a first parameter that can
 * be. PLATFORM if no approval fits. */
enum error_code tpm2_policy_session(struct tpm2 *t, TPMA_SESSION what, ESYS_TR *session);
/* A session for authorisation values. */
enum error_code tpm2_hmac_session(struct tpm2 *t, TPMA_SESSION what, ESYS_TR *session);

/* The storage key, made anew from the TPM's seed at each start. */
enum error_code tpm2_storage_make(struct tpm2 *t);
/* Seals octets (<= 64) under the policy into t->file. */
enum error_code tpm2_seal(struct tpm2 *t, struct slice octets);
/* OTHER_TPM if they are of another one. */
enum error_code tpm2_unseal(struct tpm2 *t, struct secret *out);
bool tpm2_public_of(struct slice spki, TPM2B_PUBLIC *out);
/* SHA-256 of the DER SubjectPublicKeyInfo of a public key. */
bool tpm2_thumbprint(const TPM2B_PUBLIC *public, uint8_t out[TPM2_HASH]);
enum error_code tpm2_signer_make(struct tpm2 *t, struct writer *signer, struct writer *spki);
enum error_code tpm2_sign(struct tpm2 *t, struct slice signer, struct slice octets, uint8_t raw[BACKEND_SIGNATURE]);
enum error_code tpm2_quote(struct tpm2 *t, struct slice signer, const uint8_t challenge[BACKEND_CHALLENGE], struct backend_quote *out);

/* The counter of this state; a former one of this TPM gives way. It starts above all that there were. */
enum error_code tpm2_counter_make(struct tpm2 *t);
enum error_code tpm2_counter_read(struct tpm2 *t, uint64_t *value);
enum error_code tpm2_counter_step(struct tpm2 *t);

#endif
