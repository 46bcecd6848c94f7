/* SPDX-License-Identifier: Apache-2.0 */
/* What stands below the trusted environment: who keeps its master key and its device key, and who remembers that its state is not an old copy. One const
 * table a back end, linked into a program of its own: nothing is chosen or loaded at run time. */
#ifndef TRED_BACKEND_H
#define TRED_BACKEND_H

#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/writer.h"
#include "model/mid.h"
#include "tred/vfs.h"

enum { BACKEND_KEY = 32, BACKEND_SIGNATURE = 64, BACKEND_SIGNER_MAX = 1024, BACKEND_CHALLENGE = 32, BACKEND_PCRS = 8, BACKEND_ATTEST_MAX = 256 };

struct backend_options {
    const char *tpm;    /* how to reach it; the software back end has none */
    const char *policy; /* file of approved platforms */
    const char *keys;   /* folder of the key file, NULL: the state directory. Of the software back end alone */
};

struct backend_quote { /* what a TPM says of the platform */
    uint8_t attest[BACKEND_ATTEST_MAX]; /* TPMS_ATTEST */
    size_t attest_len;
    uint8_t signature[BACKEND_SIGNATURE];
    size_t count;
    struct {
        uint8_t index, value[32];
    } pcrs[BACKEND_PCRS]; /* SHA-256 bank, in rising order */
};

struct backend_platform { /* what the back end itself found when it opened */
    char name[65];         /* of the approval that fits */
    uint8_t authority[32]; /* SHA-256 of the SubjectPublicKeyInfo of who gave it */
};

struct backend;

/* Beside what a function names, all can fail with TPM (no answer, or refused), PLATFORM (not a state that is approved), OTHER_TPM, and INTERNAL. */
struct backend_table {
    const char *name;        /* Manager.TreBackend */
    enum tre_backend number; /* a MID's minBackend must not be above it */
    /* Opens what the sandbox will close: once, before anything else. A failure is logged and answered again by each later call. */
    void (*start)(struct backend *b, const struct backend_options *how);
    void (*stop)(struct backend *b);
    /* The master key into key: NOT_FOUND if none was made, STORAGE if what is kept of it is damaged. */
    enum error_code (*key_load)(struct backend *b, const struct vfs *v, struct secret *key);
    /* Makes it. authority: DER SubjectPublicKeyInfo of who approves platforms; empty if there is none. STORAGE; INVALID if authority does not fit. */
    enum error_code (*key_make)(struct backend *b, const struct vfs *v, struct slice authority);
    /* A new P-256 device key: `signer` (<= BACKEND_SIGNER_MAX octets, to be kept sealed) is what sign wants, spki its DER SubjectPublicKeyInfo. */
    enum error_code (*signer_make)(struct backend *b, struct writer *signer, struct writer *spki);
    /* ES256 over octets, r | s. */
    enum error_code (*sign)(struct backend *b, struct slice signer, struct slice octets, uint8_t raw[BACKEND_SIGNATURE]);
    /* A number that never goes back, also if the state does. NOT_SUPPORTED. Works once the key was loaded. */
    enum error_code (*counter_read)(struct backend *b, uint64_t *value);
    enum error_code (*counter_step)(struct backend *b);
    /* Which platform the master key was given out to. NOT_SUPPORTED. */
    enum error_code (*platform)(struct backend *b, struct backend_platform *out);
    /* The state of the platform, signed over challenge by the device key. NOT_SUPPORTED. */
    enum error_code (*quote)(struct backend *b, struct slice signer, const uint8_t challenge[BACKEND_CHALLENGE], struct backend_quote *out);
};

struct backend {
    const struct backend_table *table;
    void *own; /* from start to stop */
};

extern const struct backend_table backend_software;
extern const struct backend_table backend_tpm2; /* of agent-tred-tpm2 alone */

#endif
