/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of a MID package (doc mid-package, section 2): DER, by templates of libcrypto, then bounds. */
#ifndef TRED_MANIFEST_H
#define TRED_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "model/mid.h"

enum { MANIFEST_FILES = 64, MANIFEST_FILE_MAX = 8192, MANIFEST_ACL = 16 };

struct manifest { /* slices lie in the parsed structure */
    char id[65], issuer[65];
    enum mid_type type;
    uint32_t version;
    struct slice tre_id, pfc_thumbprint, token_hash, nonce;
    uint64_t not_before, not_after; /* Unix seconds */
    enum mid_algorithm algorithm;
    uint8_t min_backend; /* 0 software, 1 tpm2 */
    bool share_mide, session_check;
    struct slice k, op, amf, sqn;
    struct slice rand, autn, res;
    void *parsed; /* what owns them */
};

/* False unless der is one manifest in DER, with nothing behind it and every field in bounds; then m needs no free. */
bool manifest_parse(struct manifest *m, struct slice der);
/* Zeroes the secrets and frees. */
void manifest_free(struct manifest *m);

#endif
